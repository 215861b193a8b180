"""An IMAP client for timing single commands: it reads replies as fast as the socket gives them."""

from __future__ import annotations

import socket
import time


class Client:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=300)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray(1 << 20)
        self.count = 0
        self.socket.recv(4096)

    def command(self, line: str) -> bytes:
        """The whole reply. Raises RuntimeError unless it ends in OK."""
        self.count += 1
        tag = b"x%06d" % self.count
        self.socket.sendall(tag + b" " + line.encode() + b"\r\n")
        final, pieces, tail = b"\r\n" + tag + b" ", [], b"\r\n"
        view = memoryview(self.buffer)
        while True:
            size = self.socket.recv_into(self.buffer)
            if not size:
                raise RuntimeError(f"connection lost after {line}")
            pieces.append(bytes(view[:size]))
            tail = (tail + pieces[-1][-4096:])[-4096:]
            at = tail.rfind(final)
            if at >= 0 and tail.endswith(b"\r\n"):
                if not tail[at + len(final) :].startswith(b"OK"):
                    raise RuntimeError(f"{line}: {tail[at:].decode(errors='replace').strip()}")
                return b"".join(pieces)

    def timed(self, line: str) -> tuple[float, bytes]:
        """Milliseconds from the command to the end of its reply, and the reply."""
        begin = time.perf_counter()
        reply = self.command(line)
        return (time.perf_counter() - begin) * 1000, reply

    def login(self, user: str, password: str) -> Client:
        self.command(f'LOGIN "{user}" "{password}"')
        return self

    def close(self) -> None:
        self.socket.close()

"""A small scripted SMTP server on loopback: it takes mail, or goes wrong as the script says.

    with SmtpServer("127.0.0.2") as server:
        server.script.rcpt = "550 5.1.1 nobody here"
        ...
        server.wait(lambda: len(server.messages) == 1)

Each entry of the script is a reply (lines separated by \\n), an `Act`, or a function from the
command's argument to one of these. What came is in `server.messages` and `server.commands`.
Blocking sockets and one thread a connection: it can do wrong what no library would.
"""

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import TracebackType

from alphorn.servers.certificate import self_made

PATIENCE = 60.0


class Act(Enum):
    """What the server does instead of replying."""

    HANG = "say nothing more and keep the connection"
    DROP = "close the connection"
    RESET = "close the connection rudely (RST)"
    GARBAGE = "say something that is not SMTP"


Answer = str | Act
Entry = Answer | Callable[[str], Answer]


class Tls(Enum):
    NONE = "not offered"
    GOOD = "offered"
    BROKEN = "offered, but what follows is no TLS"
    SILENT = "offered, but nothing follows"
    REFUSED = "offered, but 454 to STARTTLS"


@dataclass
class Script:
    greeting: Entry = "220 scripted ESMTP"
    ehlo: Entry = ""  # "" lists the extensions
    helo: Entry = "250 scripted"
    mail: Entry = "250 2.1.0 sender ok"
    rcpt: Entry = "250 2.1.5 recipient ok"
    data: Entry = "354 go on"
    middle: Entry = ""  # not "": said after the first octets of the body
    final: Entry = "250 2.0.0 taken"
    rset: Entry = "250 2.0.0 reset"
    quit: Entry = "221 2.0.0 bye"
    extensions: tuple[str, ...] = (
        "PIPELINING",
        "SIZE 50000000",
        "8BITMIME",
        "SMTPUTF8",
        "DSN",
        "ENHANCEDSTATUSCODES",
    )
    tls: Tls = Tls.NONE
    slow: float = 0  # seconds between reads of the body


@dataclass
class Arrived:
    """A message that was taken, without dots doubled, and the envelope as it was said. `client` is
    the certificate that the sender showed, in DER form."""

    sender: str
    recipients: list[str]
    data: bytes
    tls: bool
    connection: int
    client: bytes = b""


@dataclass
class _Transaction:
    sender: str = ""
    recipients: list[str] = field(default_factory=list)


class SmtpServer:
    """`port` 0 takes a free one; servers at other addresses of 127.0.0.0/8 can share it."""

    def __init__(
        self,
        address: str = "127.0.0.1",
        port: int = 0,
        script: Script | None = None,
        certificate: Path | None = None,
        names: tuple[str, ...] = ("localhost",),
        context: ssl.SSLContext | None = None,
    ) -> None:
        """With `tls` in the script, `certificate` is a folder where one for `names` is made, unless
        a `context` is given."""
        self.script = script or Script()
        self.messages: list[Arrived] = []
        self.commands: list[str] = []
        self.connections = 0
        self.open = 0
        self.most_open = 0
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._sockets: set[socket.socket] = set()
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._listener = socket.create_server((address, port), family=family, backlog=200)
        self.address = address
        self.port: int = self._listener.getsockname()[1]
        self.context = context
        if certificate is not None:
            self.context = _context(certificate, names)
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> "SmtpServer":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopped.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._changed:
            for sock in self._sockets:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def wait(self, condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Return when the condition holds; it is looked at whenever something happens here."""
        with self._changed:
            if not self._changed.wait_for(condition, seconds):
                raise AssertionError(f"this did not happen; the server saw {self.commands}")

    def said(self, verb: str) -> list[str]:
        """The commands that begin with this verb."""
        return [command for command in self.commands if command.upper().startswith(verb)]

    # -- serving --

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.settimeout(PATIENCE)
            with self._changed:
                self.connections += 1
                self.open += 1
                self.most_open = max(self.open, self.most_open)
                number = self.connections
                self._sockets.add(sock)
                self._changed.notify_all()
            threading.Thread(target=self._serve, args=(sock, number), daemon=True).start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        session = _Session(self, sock, number)
        try:
            session.run()
        except (OSError, EOFError):
            pass
        finally:
            with self._changed:
                self._sockets.discard(sock)
                self.open -= 1
                session.sock.close()
                self._changed.notify_all()

    def _note(self, command: str) -> None:
        with self._changed:
            self.commands.append(command)
            self._changed.notify_all()

    def _arrived(self, message: Arrived) -> None:
        with self._changed:
            self.messages.append(message)
            self._changed.notify_all()


def servers_on_one_port(*addresses: str) -> list[SmtpServer]:
    """Servers at several loopback addresses that share a port, as mail servers do."""
    for _ in range(20):
        servers = [SmtpServer(addresses[0])]
        try:
            servers += [SmtpServer(address, servers[0].port) for address in addresses[1:]]
        except OSError:
            for server in servers:
                server._listener.close()
        else:
            return servers
    raise OSError("no port is free on all addresses")


class _Session:
    def __init__(self, server: SmtpServer, sock: socket.socket, number: int) -> None:
        self.server = server
        self.sock = sock
        self.number = number
        self.tls = False
        self.client = b""
        self.buffer = bytearray()
        self.transaction = _Transaction()

    def run(self) -> None:
        script = self.server.script
        if not self.answer(script.greeting, ""):
            return
        while (line := self.line()) is not None:
            self.server._note(line)
            verb, _, argument = line.partition(" ")
            if not self.command(verb.upper(), argument):
                return

    def command(self, verb: str, argument: str) -> bool:
        """Answer a command; False ends the connection."""
        script = self.server.script
        match verb:
            case "EHLO":
                return self.answer(script.ehlo or self.extensions(), argument)
            case "HELO":
                return self.answer(script.helo, argument)
            case "STARTTLS":
                return self.start_tls()
            case "MAIL":
                if self.answer(script.mail, argument):
                    self.transaction = _Transaction(argument)
                    return True
                return False
            case "RCPT":
                reply = _resolved(script.rcpt, argument)
                if isinstance(reply, str) and reply.startswith("2"):
                    self.transaction.recipients.append(argument)
                return self.answer(reply, argument)
            case "DATA":
                return self.data()
            case "RSET":
                self.transaction = _Transaction()
                return self.answer(script.rset, argument)
            case "QUIT":
                self.answer(script.quit, argument)
                return False
            case _:
                return self.answer("500 5.5.1 what?", argument)

    def data(self) -> bool:
        script = self.server.script
        reply = _resolved(script.data, "")
        if not self.answer(reply, ""):
            return False
        if not isinstance(reply, str) or not reply.startswith("354"):
            return True
        if script.middle:
            self.more()
            if not self.answer(script.middle, ""):
                return False
        data = self.body()
        final = _resolved(script.final, "")
        if isinstance(final, str) and final.startswith("2"):
            entry = self.transaction
            arrived = Arrived(
                entry.sender, entry.recipients, data, self.tls, self.number, self.client
            )
            self.transaction = _Transaction()
            self.server._arrived(arrived)
        return self.answer(final, "")

    def body(self) -> bytes:
        looked_at = 0
        if not self.buffer.startswith(b".\r\n"):
            while (end := self.buffer.find(b"\r\n.\r\n", looked_at)) < 0:
                looked_at = max(0, len(self.buffer) - 4)
                time.sleep(self.server.script.slow)
                self.more()
            end += 2
        else:
            end = 0
        data, self.buffer = bytes(self.buffer[:end]), self.buffer[end + 3 :]
        data = data.replace(b"\r\n..", b"\r\n.")
        return data[1:] if data.startswith(b"..") else data

    def start_tls(self) -> bool:
        tls = self.server.script.tls
        if tls is Tls.REFUSED:
            return self.answer("454 4.7.0 not today", "")
        self.answer("220 2.0.0 go on", "")
        if tls is Tls.SILENT:
            return self.answer(Act.HANG, "")
        if tls is Tls.BROKEN or self.server.context is None:
            self.sock.sendall(b"this is not TLS at all\r\n")
            return False
        secured = self.server.context.wrap_socket(self.sock, server_side=True)
        self.client = secured.getpeercert(binary_form=True) or b""
        self.sock = secured
        self.tls = True
        self.buffer = bytearray()
        return True

    def extensions(self) -> str:
        script = self.server.script
        words = list(script.extensions)
        if script.tls is not Tls.NONE and not self.tls:
            words.append("STARTTLS")
        lines = ["scripted", *words]
        return "".join(f"250-{line}\n" for line in lines[:-1]) + f"250 {lines[-1]}"

    def answer(self, entry: Entry, argument: str) -> bool:
        """False where the connection ends."""
        reply = _resolved(entry, argument)
        match reply:
            case Act.HANG:
                self.server._stopped.wait(PATIENCE)
                return False
            case Act.DROP:
                return False
            case Act.RESET:
                linger = struct.pack("ii", 1, 0)
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                return False
            case Act.GARBAGE:
                self.sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                return True
        lines = reply.split("\n")
        self.sock.sendall("".join(f"{line}\r\n" for line in lines).encode())
        return not lines[-1].startswith("421")

    def line(self) -> str | None:
        while b"\r\n" not in self.buffer:
            try:
                self.more()
            except EOFError:
                return None
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return bytes(line).decode()

    def more(self) -> None:
        data = self.sock.recv(1 << 16)
        if not data:
            raise EOFError
        self.buffer += data


def _resolved(entry: Entry, argument: str) -> Answer:
    return entry(argument) if callable(entry) else entry


def _context(folder: Path, names: tuple[str, ...]) -> ssl.SSLContext:
    certificate, key = self_made(names, time.time())
    (folder / "smtpd.pem").write_bytes(certificate)
    (folder / "smtpd.key").write_bytes(key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "smtpd.pem", folder / "smtpd.key")
    return context

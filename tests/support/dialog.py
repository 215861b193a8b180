"""Transcripts of SMTP that are played against a server, word for word.

    play(("127.0.0.1", 25), '''
        S 220 mx.example.test ESMTP
        C HELO mail.alps.zz
        S 250 mx.example.test
        ...
        C DATA
        S 354 *
        M letter
        S 250 2.0.0 Delivered (*)
        S closed
    ''', source="127.1.0.1", letter=b"From: ...")

`C` is a line of the client's, `S` one that the server must say (`*` stands for any text), `M` a
message by its name, with dots doubled and the end of DATA behind it. What is indented deeper goes
on with the line above, after one space.
"""

import re
import socket
from collections.abc import Iterator

SECONDS = 30
CLOSED = "closed"


class Dialog:
    """A connection from a chosen loopback address, spoken line by line."""

    def __init__(self, server: tuple[str, int], source: str = "") -> None:
        self.socket = socket.create_connection(
            server, timeout=SECONDS, source_address=(source, 0) if source else None
        )
        self._lines = self.socket.makefile("rb")

    def say(self, line: str) -> None:
        self.socket.sendall(line.encode() + b"\r\n")

    def send(self, message: bytes) -> None:
        """As the text of DATA, with its end."""
        self.socket.sendall(stuffed(message))

    def line(self) -> str:
        """Without its line end; "closed" where the server has closed the connection."""
        try:
            said = self._lines.readline()
        except ConnectionResetError:
            return CLOSED
        return said.decode("ascii").removesuffix("\r\n") if said else CLOSED

    def reply(self) -> str:
        """All lines of one reply, parted by newlines."""
        lines = [self.line()]
        while lines[-1][3:4] == "-":
            lines.append(self.line())
        return "\n".join(lines)

    def ask(self, line: str) -> str:
        self.say(line)
        return self.reply()

    def close(self) -> None:
        self._lines.close()
        self.socket.close()

    def __enter__(self) -> "Dialog":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def play(server: tuple[str, int], script: str, *, source: str = "", **messages: bytes) -> None:
    with Dialog(server, source) as dialog:
        done: list[str] = []
        for who, text in steps(script):
            if who == "C":
                dialog.say(text)
            elif who == "M":
                dialog.send(messages[text])
            else:
                said = dialog.line()
                story = "\n".join(done)
                assert matches(text, said), f"\n{story}\nexpected: {text}\nwas said: {said}"
            done.append(f"{who} {text}")


def steps(script: str) -> Iterator[tuple[str, str]]:
    lines: list[str] = []
    written = [line for line in script.splitlines() if line.strip()]
    margin = min(len(line) - len(line.lstrip()) for line in written)
    for line in written:
        if line[margin] == " ":
            lines[-1] += " " + line.strip()
        else:
            lines.append(line.strip())
    for line in lines:
        who, _, text = line.partition(" ")
        assert who in ("C", "S", "M"), line
        yield who, text


def matches(expected: str, said: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, expected.split("*"))), said) is not None


def stuffed(message: bytes) -> bytes:
    """What a client sends after 354 (RFC 5321 §4.5.2)."""
    text = message if message.endswith(b"\r\n") else message + b"\r\n"
    text = re.sub(rb"(?m)^\.", b"..", text)
    return text + b".\r\n"

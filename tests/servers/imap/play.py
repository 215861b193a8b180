"""Plays a transcript against real sessions over real sockets.

    # text          a remark
    C: a1 NOOP      a line that the client sends; C2: is a second client, and so on
    S: * 1 EXISTS   a line that it then gets; … stands for any octets

In a line of the client `{{name}}` stands for the message mail/name.eml as a non-synchronizing
literal. All that the server sends must stand in the transcript: after the last line each client
says LOGOUT and must get nothing but the answer to that. A client begins logged in, with its
greeting and login unseen, but where the transcript says `# as it connects`.
"""

import asyncio
import re
from pathlib import Path

from tests.servers.imap.house import ADDRESS, House
from tests.support.installation import PASSWORD

HERE = Path(__file__).parent
_MAIL = re.compile(r"\{\{([a-z]+)\}\}")


def mail(name: str) -> bytes:
    """A message of ours, with the line ends of mail."""
    return (HERE / "mail" / f"{name}.eml").read_bytes().replace(b"\n", b"\r\n")


class Client:
    """A connection as a stream of lines."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._tags = 0

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def line(self) -> bytes:
        """The next line without its end; b"" once the server has closed."""
        line = await asyncio.wait_for(self.reader.readline(), 10)
        assert line.endswith(b"\r\n") or not line, line
        return line[:-2]

    async def octets(self, count: int) -> bytes:
        return await asyncio.wait_for(self.reader.readexactly(count), 10)

    async def until(self, tag: bytes) -> list[bytes]:
        """All lines up to the one that ends this command."""
        lines = [await self.line()]
        while not lines[-1].startswith(tag + b" "):
            assert lines[-1] or not self.reader.at_eof(), f"closed before the answer: {lines}"
            lines.append(await self.line())
        return lines

    async def do(self, command: str | bytes, *, ok: bool = True) -> list[bytes]:
        """Run a command; the untagged lines of its answer, with the tagged one at the end."""
        self._tags += 1
        tag = b"t%d" % self._tags
        self.send(
            tag + b" " + (command.encode() if isinstance(command, str) else command) + b"\r\n"
        )
        lines = await self.until(tag)
        lines[-1] = lines[-1].removeprefix(tag + b" ")
        assert not ok or lines[-1].startswith(b"OK"), lines
        return lines

    async def append(self, name: str, mailbox: str = "INBOX", flags: str = "") -> bytes:
        raw = mail(name)
        middle = f" ({flags})" if flags else ""
        command = f"APPEND {mailbox}{middle} {{{len(raw)}+}}\r\n".encode() + raw
        return (await self.do(command))[-1]

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()


async def connect(port: int) -> Client:
    client = Client(*await asyncio.open_connection("127.0.0.1", port, limit=1 << 26))
    assert (await client.line()).startswith(b"* OK [CAPABILITY IMAP4rev1 ")
    return client


async def logged_in(port: int, address: str = ADDRESS) -> Client:
    client = await connect(port)
    await client.do(f'LOGIN {address} "{PASSWORD}"')
    return client


class Play:
    def __init__(self, port: int, login: bool) -> None:
        self._port = port
        self._login = login
        self._clients: dict[str, Client] = {}

    async def _client(self, who: str) -> Client:
        if who not in self._clients:
            opened = logged_in(self._port) if self._login else connect(self._port)
            self._clients[who] = await opened
        return self._clients[who]

    async def run(self, text: str) -> None:
        for number, line in enumerate(text.splitlines(), 1):
            kind, _, rest = line.partition(": ")
            if not line or line.startswith("#"):
                continue
            client = await self._client(kind[1:])
            if kind[0] == "C":
                client.send(_with_mail(rest) + b"\r\n")
            else:
                assert kind[0] == "S", f"line {number}: not a line of a transcript"
                got = (await client.line()).decode("utf-8", "replace")
                assert _like(rest, got), f"line {number}\n  awaited {rest}\n  came    {got}"
        for client in self._clients.values():
            client.send(b"zz LOGOUT\r\n")
            assert await client.line() == b"* BYE Until next time"
            assert await client.line() == b"zz OK LOGOUT done"
            assert await client.line() == b""
            await client.close()


def _with_mail(line: str) -> bytes:
    parts = _MAIL.split(line)
    for at in range(1, len(parts), 2):
        raw = mail(parts[at])
        parts[at] = f"{{{len(raw)}+}}\r\n{raw.decode()}"
    return "".join(parts).encode()


def _like(pattern: str, line: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("…"))), line) is not None


async def play(house: House, text: str) -> None:
    async with house.serving() as port:
        await Play(port, "# as it connects" not in text).run(text)

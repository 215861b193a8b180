"""A ManageSieve server with everything real behind it: store, directory, logins, sockets.

One account, anna@example.test, waits in it.
"""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from alphorn.directory.last_use import LastUses
from alphorn.operations.authenticate import Authenticator, Login
from alphorn.operations.throttle import LoginLimits, LoginThrottle
from alphorn.servers.host import Host
from alphorn.servers.managesieve.limits import SieveLimits
from alphorn.servers.managesieve.service import ManageSieveService
from alphorn.servers.tls import TlsFiles
from alphorn.store.api import Account
from alphorn.store.sqlite import SqliteStore
from alphorn.store.state import State
from tests.support.installation import ITERATIONS, PASSWORD, Installation
from tests.support.stage import on_loop, stage

ADDRESS = "anna@example.test"


class Client:
    """A connection as a stream of lines; greeted already."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, line: str | bytes) -> None:
        self.writer.write((line.encode() if isinstance(line, str) else line) + b"\r\n")

    async def line(self) -> str:
        """The next line without its end; "" once the server has closed."""
        line = await asyncio.wait_for(self.reader.readline(), 10)
        assert line.endswith(b"\r\n") or not line, line
        return line[:-2].decode()

    async def do(self, line: str | bytes) -> list[str]:
        """Say something; all lines up to the one that answers it."""
        self.send(line)
        return await self.answer()

    async def answer(self) -> list[str]:
        lines = [await self.line()]
        while lines[-1].split(" ")[0] not in ("OK", "NO", "BYE"):
            assert lines[-1] or not self.reader.at_eof(), f"closed before the answer: {lines}"
            lines.append(await self.line())
        return lines

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()


async def connect(port: int) -> Client:
    client = Client(*await asyncio.open_connection("127.0.0.1", port))
    greeting = await client.answer()
    assert greeting[0] == '"IMPLEMENTATION" "Alphorn"'
    assert greeting[-1] == 'OK "mx.test Alphorn at your service"'
    return client


async def logged_in(port: int) -> Client:
    client = await connect(port)
    assert await client.do(plain()) == ['OK "Logged in"']
    return client


def plain(password: str = PASSWORD) -> str:
    response = b64encode(f"\0{ADDRESS}\0{password}".encode()).decode()
    return f'AUTHENTICATE "PLAIN" "{response}"'


class House:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.installation = Installation(folder)
        self.installation.domain()
        self.account = self.installation.account(ADDRESS)
        self.limits = SieveLimits(failure_delay=0)
        self.logins: list[Login] = []
        self.store = SqliteStore(folder / "mail", changed=lambda account, mailbox: None)
        self.service: ManageSieveService
        self.host: Host
        self._ends: list[Callable[[], None]] = [self.store.close]

    def mail(self) -> Account:
        self.store.create(self.account.id)
        return self.store.account(self.account.id)

    def limit(self, **limits: object) -> None:
        self.limits = replace(self.limits, **limits)  # type: ignore[arg-type]

    @asynccontextmanager
    async def serving(self, files: TlsFiles | None = None) -> AsyncIterator[int]:
        """The port on which a worker serves."""
        made = self.installation
        view = made.new_view()
        state = State(self.folder / "state.sqlite")
        authenticator = Authenticator(
            view,
            made.keys,
            LoginThrottle(state, LoginLimits(exempt=lambda peer: False)),
            LastUses(made.database),
            ITERATIONS,
            report=self.logins.append,
        )
        self._ends += [authenticator.close, view.close, state.close]
        self.service = ManageSieveService(
            self.store,
            view,
            authenticator,
            self.limits,
            hostname="mx.test",
            tls=files is not None,
        )
        async with stage(self.service.session, files) as (self.host, port):
            yield port

    def serve(self, body: Callable[[int], Awaitable[None]], files: TlsFiles | None = None) -> None:
        """Run the body with the port of a server."""

        async def main() -> None:
            async with self.serving(files) as port:
                await body(port)

        on_loop("uvloop", main)

    def close(self) -> None:
        for end in reversed(self._ends):
            end()
        self.installation.close()

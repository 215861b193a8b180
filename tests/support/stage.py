"""A stage for one session: a real socket, the real adapter, one event loop."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import uvloop

from alphorn.servers.certificate import self_made
from alphorn.servers.connection import Session
from alphorn.servers.host import Host
from alphorn.servers.threads import ThreadPool
from alphorn.servers.tls import TlsFiles
from alphorn.servers.transport import Connection
from alphorn.servers.wheel import Wheel

T = TypeVar("T")
LOOPS = {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}
TICK = 0.02


def on_loop(name: str, main: Callable[[], Awaitable[T]], seconds: float = 60) -> T:
    """Run the coroutine on an event loop of this kind; a hang fails instead of hanging."""

    async def limited() -> T:
        async with asyncio.timeout(seconds):
            return await main()

    with asyncio.Runner(loop_factory=LOOPS[name]) as runner:
        return runner.run(limited())


class Timeless(asyncio.SelectorEventLoop):
    """Its clock stands still while anything is done, and jumps to the next timer where nothing is:
    waiting costs no time, and time that a slow machine takes is not waited for.

    For what uses neither sockets nor threads, and asks this clock for the time.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        selector: Any = self._selector  # type: ignore[attr-defined]
        select = selector.select

        def jump(timeout: float | None = None) -> Any:
            ready = select(0)
            if not ready:
                assert timeout is not None, "nothing can ever happen any more"
                self.now += timeout
            return ready

        selector.select = jump

    def time(self) -> float:
        return self.now


def certificate_files(folder: Path, *names: str) -> TlsFiles:
    """A self-made certificate for these names (else 127.0.0.1 and localhost)."""
    certificate, key = self_made(names or ("localhost", "127.0.0.1"), 1_700_000_000)
    files = TlsFiles(folder / "certificate.pem", folder / "key.pem")
    files.certificate.write_bytes(certificate)
    files.key.write_bytes(key)
    return files


def client_context(files: TlsFiles) -> ssl.SSLContext:
    """A client that trusts exactly this certificate."""
    return ssl.create_default_context(cafile=files.certificate)


@asynccontextmanager
async def stage(
    open_session: Callable[[], Session], files: TlsFiles | None = None, **options: Any
) -> AsyncIterator[tuple[Host, int]]:
    """Serve sessions on a free port of 127.0.0.1; gives the host and the port."""
    loop = asyncio.get_running_loop()
    wheel, pool = Wheel(loop, TICK), ThreadPool(loop, 2)
    context = files.load() if files else None
    host = Host(
        loop=loop,
        wheel=wheel,
        pool=pool,
        long_pool=pool,
        open_session=open_session,
        context=(lambda: context) if context else None,
        **options,
    )
    server = await loop.create_server(lambda: Connection(host), "127.0.0.1", 0)
    try:
        yield host, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for connection in host.connections:
            connection.abort()
        await server.wait_closed()
        wheel.stop()
        assert pool.stop(30)

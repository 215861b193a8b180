"""Clients that are turned away before anything is set up for them, over real sockets."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from alphorn.servers.acceptor import Acceptor
from alphorn.servers.admission import Admission, Gate
from alphorn.servers.connection import IO
from alphorn.servers.host import Host
from alphorn.servers.listeners import BY_NAME, Binding, Bound, Listener
from alphorn.servers.metrics import Metrics
from alphorn.servers.threads import ThreadPool
from alphorn.servers.wheel import Wheel
from tests.support.stage import LOOPS, on_loop

pytestmark = pytest.mark.parametrize("loop", sorted(LOOPS))
SMTP = BY_NAME["smtp"]


class Hello:
    def connected(self, io: IO) -> None:
        io.write(b"hello\r\n")
        io.close()

    def received(self, data: bytes) -> None: ...

    def secured(self) -> None: ...

    def timed_out(self) -> None: ...

    def closed(self) -> None: ...

    def shutdown(self) -> None: ...


def serve(
    name: str,
    folder: Path,
    turn_away: Callable[[Listener, str], bytes | None],
    talk: Callable[[int, Admission], Awaitable[None]],
) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        wheel, pool = Wheel(loop, 0.02), ThreadPool(loop, 1)
        admission = Admission(2, ("mx",))
        gate = Gate(admission, 0, False)
        with socket.create_server(("127.0.0.1", 0)) as listening:
            listening.setblocking(False)
            port = listening.getsockname()[1]
            bound = Bound(Binding(SMTP, "127.0.0.1", port), listening)
            host = Host(loop, wheel, pool, pool, Hello)
            acceptor = Acceptor(bound, host, gate, None, Metrics(folder, fresh=True), turn_away)
            gate.opens()
            acceptor.start()
            await talk(port, admission)
            await acceptor.stop()
            await host.connections.empty()
        wheel.stop()
        assert pool.stop(5)

    on_loop(name, main)


async def heard(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    said = await reader.read()
    writer.close()
    return said


def test_who_is_turned_away_hears_why_and_takes_no_place(loop: str, tmp_path: Path) -> None:
    asked: list[tuple[str, str]] = []
    words: list[bytes | None] = [b"554 5.7.1 banned\r\n", b"", None]

    def turn_away(listener: Listener, client: str) -> bytes | None:
        asked.append((listener.name, client))
        return words[len(asked) - 1]

    async def talk(port: int, admission: Admission) -> None:
        assert await heard(port) == b"554 5.7.1 banned\r\n"
        assert await heard(port) == b""
        assert admission.connections("mx") == 0
        assert await heard(port) == b"hello\r\n"

    serve(loop, tmp_path, turn_away, talk)
    assert asked == [("smtp", "127.0.0.1")] * 3

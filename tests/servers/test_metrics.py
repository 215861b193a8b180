"""The figures' HTTP port, over a real socket."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from alphorn.servers.metrics import RESERVED, Exposition
from tests.support.stage import on_loop, stage


def fetch(request: bytes, figures: object = b"alphorn_x 1.0\n") -> bytes:
    def render() -> bytes:
        if isinstance(figures, Exception):
            raise figures
        assert isinstance(figures, bytes)
        return figures

    async def main() -> bytes:
        async with stage(lambda: Exposition(render)) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for octet in request:
                writer.write(bytes([octet]))
                await writer.drain()
            answer = await reader.read()
            writer.close()
            return answer

    return on_loop("uvloop", main)


def test_figures() -> None:
    head, _, body = fetch(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Content-Length: 14\r\n" in head
    assert body == b"alphorn_x 1.0\n"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"404"),
        (b"POST /metrics HTTP/1.1\r\n\r\n", b"405"),
        (b"nonsense\r\n\r\n", b"405"),
        (b"GET /metrics HTTP/1.1\r\n" + b"x" * 9000, b"431"),
    ],
)
def test_anything_else(request_: bytes, status: bytes) -> None:
    assert fetch(request_).split(b" ")[1] == status


def test_figures_that_cannot_be_had(caplog: pytest.LogCaptureFixture) -> None:
    answer = fetch(b"GET /metrics HTTP/1.1\r\n\r\n", RuntimeError("no"))
    assert answer.split(b" ")[1] == b"500"
    assert "could not be collected" in caplog.text


_EACH_ONCE = """
import sys
from pathlib import Path
from alphorn.base.trace import TraceEvent, Verdict
from alphorn.servers.listeners import LISTENERS
from alphorn.servers.metrics import Metrics

metrics = Metrics(Path(sys.argv[1]), fresh=True)
metrics.become("worker1")
for listener in LISTENERS:
    metrics.opened(listener.name)
    metrics.refused(listener.name)
    metrics.handshake_failed(listener.name)
for engine in ("rspamd", "clamav"):
    for result in ("answered", "failed", "too-large"):
        metrics.engine(engine, result, 0.1)
for stage in ("receive", "connect", "login", "mail", "rcpt", "data", "deliver", "submit", "queue"):
    for verdict in Verdict:
        metrics.event(TraceEvent(0.0, "x", stage, verdict, "x"))
"""


def test_figures_have_their_room_on_the_disk_before_they_are_needed(tmp_path: Path) -> None:
    """In a process of its own, as the library keeps its choices in its module."""
    subprocess.run([sys.executable, "-c", _EACH_ONCE, str(tmp_path)], check=True, timeout=30)
    for name in ("supervisor", "worker1"):
        status = (tmp_path / f"counter_{name}.db").stat()
        assert status.st_size == RESERVED
        assert status.st_blocks * 512 >= RESERVED

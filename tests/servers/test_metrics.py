"""The figures' HTTP port, over a real socket."""

import asyncio

import pytest

from alphorn.servers.metrics import Exposition
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

"""ClamAV: the real clamd, with two signatures of our own."""

import asyncio
import base64
import io
import zipfile
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from alphorn.base.kinds import Endpoint
from alphorn.policy.engines import Virus, VirusVerdict
from alphorn.servers.engines.clamav import CHUNK, Clamd
from tests.support.engines import EICAR, MALWARE, STREAM_MAX, ClamDaemon
from tests.support.stage import LOOPS, on_loop

T = TypeVar("T")
pytestmark = pytest.mark.program("clamd")

CLEAN = VirusVerdict(Virus.CLEAN)
HEAD = b"Subject: x\r\nMIME-Version: 1.0\r\n"


def with_client(
    endpoint: Endpoint, work: Callable[[Clamd], Awaitable[T]], loop: str = "uvloop"
) -> T:
    return on_loop(loop, lambda: work(Clamd(endpoint, 15, 4)))


def scan(daemon: ClamDaemon, raw: bytes, loop: str = "uvloop") -> VirusVerdict:
    return with_client(daemon.socket, lambda client: client.scan(raw), loop)


def attached(content: bytes, name: str) -> bytes:
    return (
        HEAD
        + b'Content-Type: application/octet-stream; name="%b"\r\n' % name.encode()
        + b"Content-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(content).replace(b"\n", b"\r\n")
    )


@pytest.mark.parametrize("loop", sorted(LOOPS))
@pytest.mark.parametrize("unix", [False, True])
def test_verdicts(clamd: ClamDaemon, loop: str, unix: bool) -> None:
    endpoint = clamd.socket if unix else clamd.tcp
    infected = VirusVerdict(Virus.INFECTED, "Alphorn.Test.UNOFFICIAL")
    for raw, verdict in (
        (HEAD + b"\r\nhello\r\n", CLEAN),
        (HEAD + b"\r\n" + MALWARE + b"\r\n", infected),
        (b"", CLEAN),
    ):
        found = with_client(endpoint, lambda client, raw=raw: client.scan(raw), loop)  # type: ignore[misc]
        assert found == verdict


def test_what_is_attached_in_an_archive(clamd: ClamDaemon) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("letter.txt", b"x" * 1000)
        archive.writestr("test.com", EICAR)
    raw = attached(buffer.getvalue(), "papers.zip")
    assert EICAR not in raw
    assert scan(clamd, raw) == VirusVerdict(Virus.INFECTED, "Alphorn.Eicar.UNOFFICIAL")


@pytest.mark.parametrize("loop", sorted(LOOPS))
@pytest.mark.parametrize("more", [1, CHUNK, 20 << 20])
@pytest.mark.parametrize("unix", [False, True])
def test_what_is_too_large_for_it(clamd: ClamDaemon, loop: str, more: int, unix: bool) -> None:
    """It says so, and hangs up while it is still being sent to."""
    endpoint = clamd.socket if unix else clamd.tcp
    raw = HEAD + b"\r\n" + b"x" * (STREAM_MAX + more)
    found = with_client(endpoint, lambda client: client.scan(raw), loop)
    assert found.outcome is Virus.TOO_LARGE


def test_just_not_too_large(clamd: ClamDaemon) -> None:
    raw = HEAD + b"\r\n" + b"x" * 1000 + MALWARE
    raw += b"\n" * (STREAM_MAX - len(raw))
    assert scan(clamd, raw).outcome is Virus.INFECTED


def test_many_at_once(clamd: ClamDaemon) -> None:
    async def all_of_them(client: Clamd) -> list[VirusVerdict]:
        return await asyncio.gather(*(client.scan(HEAD + b"\r\nhello %d" % n) for n in range(40)))

    assert set(with_client(clamd.socket, all_of_them)) == {CLEAN}


def test_who_it_is(clamd: ClamDaemon) -> None:
    assert with_client(clamd.socket, lambda client: client.version()).startswith("ClamAV ")

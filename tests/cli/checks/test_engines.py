"""What `doctor` says of engines: real ones, wrong ones, and none."""

import asyncio
from datetime import UTC, datetime

import pytest

from alphorn.base.kinds import Endpoint
from alphorn.base.secret import Secret
from alphorn.cli.checks import engines
from alphorn.cli.checks.finding import Finding, Level
from alphorn.servers.engines.clamav import Clamd
from alphorn.servers.engines.rspamd import Rspamd
from tests.support.engines import (
    PASSWORD,
    ClamDaemon,
    RspamdDaemon,
    clamd,
    free_port,
    peer,
    rspamd,
)

NOW = datetime(2025, 1, 10, tzinfo=UTC).timestamp()


def look(
    scanner: Rspamd | None = None,
    controller: Rspamd | None = None,
    clam: Clamd | None = None,
) -> list[Finding]:
    return asyncio.run(engines.check(scanner, controller, clam, NOW))


def test_none() -> None:
    assert look() == []


@pytest.mark.program("rspamd")
def test_rspamd() -> None:
    with rspamd() as daemon:
        _look_at_rspamd(daemon)


def _look_at_rspamd(daemon: RspamdDaemon) -> None:
    right = Rspamd(daemon.controller, 10, 1, password=Secret(PASSWORD))
    worker, controller = look(Rspamd(daemon.worker, 10, 1), right)
    assert (worker.level, controller.level) == (Level.OK, Level.OK)
    assert "rspamd" in worker.text
    (wrong,) = look(None, Rspamd(daemon.controller, 10, 1, password=Secret("no")))
    assert wrong.level is Level.ERROR
    assert "engines.rspamd_password" in wrong.advice


@pytest.mark.program("clamd")
def test_clamav() -> None:
    with clamd() as daemon:
        _look_at_clamd(daemon)


def _look_at_clamd(daemon: ClamDaemon) -> None:
    (found,) = look(clam=Clamd(daemon.socket, 10, 1))
    assert found.level is Level.WARNING, "ours are the only signatures that it has"
    assert "freshclam" in found.advice


@pytest.mark.parametrize(
    ("version", "level", "word"),
    [
        (b"ClamAV 1.4.3/27510/Thu Jan  9 10:00:00 2025", Level.OK, "from 2025-01-09"),
        (b"ClamAV 1.4.3/27500/Mon Dec 30 10:00:00 2024", Level.WARNING, "10 days old"),
        (b"ClamAV 1.4.3/27500/Mon Jan 99 10:00:00 2024", Level.WARNING, "no signatures"),
        (b"ClamAV 1.4.3", Level.WARNING, "no signatures"),
    ],
)
def test_age_of_signatures(version: bytes, level: Level, word: str) -> None:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        command = await reader.readuntil(b"\0")
        writer.write((version if command == b"zVERSION\0" else b"stream: OK") + b"\0")
        await writer.drain()

    async def main() -> list[Finding]:
        async with peer(behave) as there:
            return await engines.check(None, None, Clamd(there.endpoint, 5, 1), NOW)

    (found,) = asyncio.run(main())
    assert found.level is level
    assert word in found.text


def test_one_that_finds_malware_everywhere() -> None:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\0")
        writer.write(b"stream: Everything FOUND\0")
        await writer.drain()

    async def main() -> list[Finding]:
        async with peer(behave) as there:
            return await engines.check(None, None, Clamd(there.endpoint, 5, 1), NOW)

    (found,) = asyncio.run(main())
    assert found.level is Level.ERROR
    assert "infected Everything." in found.text


def test_those_that_are_not_there() -> None:
    nowhere = Endpoint("127.0.0.1", free_port())
    found = look(Rspamd(nowhere, 5, 1), Rspamd(nowhere, 5, 1), Clamd(nowhere, 5, 1))
    assert [one.level for one in found] == [Level.ERROR] * 3
    for one, setting in zip(
        found, ("engines.rspamd.", "engines.rspamd_controller.", "engines.clamav."), strict=True
    ):
        assert one.advice.endswith(setting)
        assert str(nowhere) in one.text

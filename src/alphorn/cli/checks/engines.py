"""Do the engines that the settings name answer, and are they up to date?"""

import asyncio
import re
import time
from collections.abc import Awaitable
from datetime import UTC, datetime

from alphorn.cli.checks.finding import Finding, error, ok, warning
from alphorn.policy.engines import Virus
from alphorn.servers.engines.clamav import Clamd
from alphorn.servers.engines.failure import EngineFailure
from alphorn.servers.engines.rspamd import Rspamd

CHECK = "engines"
OLD_DAYS = 7
DAY = 86400
HARMLESS = b"Subject: alphorn doctor\r\n\r\nIs somebody there?\r\n"

_DATE = re.compile(r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9]?[0-9] [0-9:]{8} [0-9]{4}")


async def check(
    scanner: Rspamd | None, controller: Rspamd | None, clamd: Clamd | None, now: float
) -> list[Finding]:
    """One finding at least for each of those that there are, asked at the same time."""
    asked: list[Awaitable[list[Finding]]] = []
    if scanner is not None:
        asked.append(_guarded("engines.rspamd", _scanner(scanner)))
    if controller is not None:
        asked.append(_guarded("engines.rspamd_controller", _controller(controller)))
    if clamd is not None:
        asked.append(_guarded("engines.clamav", _clamd(clamd, now)))
    return [finding for found in await asyncio.gather(*asked) for finding in found]


async def _guarded(setting: str, work: Awaitable[list[Finding]]) -> list[Finding]:
    try:
        return await work
    except EngineFailure as failure:
        return [
            error(
                CHECK,
                failure.text,
                f"Start it, see that our user may reach it, or correct {setting}.",
            )
        ]


async def _scanner(client: Rspamd) -> list[Finding]:
    begin = time.monotonic()
    version = await client.version()
    return [ok(CHECK, f"{version} at {client.endpoint} answers in {_since(begin)}.")]


async def _controller(client: Rspamd) -> list[Finding]:
    if await client.authorized():
        return [ok(CHECK, f"Rspamd's controller at {client.endpoint} lets us teach it.")]
    return [
        error(
            CHECK,
            f"Rspamd's controller at {client.endpoint} does not take our password.",
            "Set engines.rspamd_password to what its enable_password was made from.",
        )
    ]


async def _clamd(client: Clamd, now: float) -> list[Finding]:
    version = await client.version()
    begin = time.monotonic()
    verdict = await client.scan(HARMLESS)
    took = _since(begin)
    if verdict.outcome is not Virus.CLEAN:
        return [
            error(
                CHECK,
                f"ClamAV at {client.endpoint} takes a harmless message for {verdict.outcome}"
                f" {verdict.name}".rstrip()
                + ".",
                "Look at its signatures and limits in clamd.conf.",
            )
        ]
    program, _, signatures = version.partition("/")
    made = _date(signatures)
    if made is None:
        return [
            warning(
                CHECK,
                f"{program} at {client.endpoint} has no signatures from its makers.",
                "Let freshclam fetch them.",
            )
        ]
    days = int((now - made.timestamp()) // DAY)
    if days > OLD_DAYS:
        return [
            warning(
                CHECK,
                f"The signatures of {program} at {client.endpoint} are {days} days old.",
                "See why freshclam does not fetch new ones.",
            )
        ]
    return [
        ok(
            CHECK,
            f"{program} at {client.endpoint} answers in {took}; its signatures are from "
            f"{made:%Y-%m-%d}.",
        )
    ]


def _date(signatures: str) -> datetime | None:
    """When the signatures were made: "27500/Mon Jan  6 10:00:00 2025"."""
    written = _DATE.search(signatures)
    if written is None:
        return None
    try:
        return datetime.strptime(written[0], "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    except ValueError:
        return None


def _since(begin: float) -> str:
    return f"{(time.monotonic() - begin) * 1000:.0f} ms"

"""From the settings to a decision, with the real engines; and what people say, told to Rspamd."""

import asyncio
from collections.abc import Mapping

import pytest

from alphorn.app.engines import engines, teller
from alphorn.base import settings as table
from alphorn.base.settings import Setting, Settings
from alphorn.directory.values import Protection
from alphorn.policy.decision import Act, Decision
from alphorn.policy.engines import Scoring
from alphorn.servers.engines.rspamd import EngineFacts, Learned
from alphorn.servers.engines.settings import controller
from alphorn.servers.engines.teacher import Teacher
from tests.support.engines import (
    MALWARE,
    PASSWORD,
    clamd,
    free_port,
    rspamd,
)

SPAM = b"Subject: x\r\n\r\nA lottery.\r\n"


def ask(given: Mapping[Setting[object], object], raw: bytes) -> tuple[Decision, ...]:
    async def main() -> tuple[Decision, ...]:
        made = engines(Settings.of(given))
        try:
            assert made.needs(Protection())
            return await made.check(raw, EngineFacts(recipients=("a@b.test",)))
        finally:
            made.close()

    return asyncio.run(main())


def test_none_by_default() -> None:
    async def main() -> None:
        made = engines(Settings.of())
        assert not made.needs(Protection())
        assert await made.check(SPAM, EngineFacts()) == ()

    asyncio.run(main())
    assert teller(Settings.of()) is None


@pytest.mark.program("rspamd")
@pytest.mark.program("clamd")
def test_both() -> None:
    with rspamd() as spam_filter, clamd() as scanner:
        given: dict[Setting[object], object] = {
            table.ENGINES_RSPAMD: str(spam_filter.worker),  # type: ignore[dict-item]
            table.ENGINES_CLAMAV: str(scanner.socket),  # type: ignore[dict-item]
            table.ENGINES_RSPAMD_SCORE: "replace",  # type: ignore[dict-item]
            table.ENGINES_RSPAMD_WEIGHT: 2,  # type: ignore[dict-item]
        }
        virus, spam = ask(given, SPAM)
        assert (virus.stage, virus.act) == ("clamav", Act.PASS)
        assert (spam.stage, spam.act) == ("rspamd", Act.PASS)
        assert [(reason.code, reason.score) for reason in spam.reasons] == [
            ("rspamd-lottery", 15.0)
        ]
        virus, spam = ask(given, SPAM + MALWARE)
        assert virus.act is Act.REFUSE
        assert virus.text == "The message carries malware (Alphorn.Test.UNOFFICIAL)"

    virus, spam = ask(given, SPAM)  # they are gone
    assert virus.act is Act.DEFER
    assert spam.passes


def test_how_scores_join_is_told() -> None:
    async def main(word: str) -> Scoring:
        given: dict[Setting[object], object] = {
            table.ENGINES_RSPAMD: "127.0.0.1:1",  # type: ignore[dict-item]
            table.ENGINES_RSPAMD_SCORE: word,  # type: ignore[dict-item]
        }
        return engines(Settings.of(given)).scoring

    assert asyncio.run(main("add")) is Scoring.ADD
    assert asyncio.run(main("replace")) is Scoring.REPLACE


@pytest.mark.program("rspamd")
def test_what_people_say_is_told() -> None:
    raw = b"Subject: told\r\nMessage-ID: <told@b.test>\r\n\r\n" + b"\r\n".join(
        b"some words%d to be learned%d by" % (n, n) for n in range(30)
    )
    with rspamd() as daemon:
        settings = Settings.of(
            {
                table.ENGINES_RSPAMD_CONTROLLER: str(daemon.controller),
                table.ENGINES_RSPAMD_PASSWORD: PASSWORD,
            }
        )
        tell = teller(settings)
        assert tell is not None
        tell(raw, True)
        teacher = Teacher(lambda: controller(settings), 10_000)
        again = (teacher.teach(raw, True) for _ in range(20))  # it takes note a moment later
        assert Learned.KNOWN in again
        assert teacher.teach(raw, False) is Learned.LEARNED
        assert teacher.teach(raw + b"x" * 10_000, True) is None


def test_who_does_not_listen_is_left_alone_for_a_while(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    settings = Settings.of({table.ENGINES_RSPAMD_CONTROLLER: f"127.0.0.1:{free_port()}"})
    teacher = Teacher(lambda: controller(settings), 10_000, ticks=lambda: now)
    for _ in range(5):
        assert teacher.teach(SPAM, True) is None
    assert len(caplog.records) == 1
    now = 61.0
    assert teacher.teach(SPAM, True) is None
    assert len(caplog.records) == 2

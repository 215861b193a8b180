"""What a message must pass on its way out, and what the watch is told of."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alphorn.app.outbound import hard
from alphorn.app.outgoing import checks, spam_check, watch_settings, watched
from alphorn.base.settings import Settings
from alphorn.base.trace import TraceEvent, Verdict
from alphorn.message.parse import parse
from alphorn.operations import protection
from alphorn.policy.behaviour import Limits
from alphorn.policy.decision import Act, Decision
from alphorn.queue.values import Reply
from alphorn.store.spam_model import SpamModel
from tests.support.mailhouse import ANNA, MailHouse

HEAD = (
    b"Date: Fri, 15 Jan 2027 08:00:00 +0000\r\nMessage-ID: <1@example.test>\r\n"
    b"From: Anna <anna@example.test>\r\nTo: Bert <bert@remote.test>\r\nSubject: Holidays\r\n"
)
LETTER = HEAD + b"\r\nDear Bert,\r\nsee you on Friday at the station.\r\nAnna\r\n"
PROGRAM = (
    HEAD + b"MIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=game.exe\r\n"
    b"Content-Disposition: attachment; filename=game.exe\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\nTVqQAAMAAAAEAAAA\r\n"
)
ODD = HEAD.replace(b"Subject", b"Subject: Other\r\nSubject") + b"\r\nHello\r\n"
GTUBE = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[MailHouse]:
    made = MailHouse(tmp_path)
    yield made
    made.close()


def ask(house: MailHouse, raw: bytes) -> list[Decision]:
    model = SpamModel(house.installation.folder / "spam.model")
    found = []
    for check in checks(Settings.of({}), house.view, model):
        found.append(check(raw, parse(raw), house.anna))
        if not found[-1].passes:
            break
    return found


def test_a_letter_passes_and_scores_little(house: MailHouse) -> None:
    found = ask(house, LETTER)
    assert [decision.stage for decision in found] == ["headers", "attachments", "spam"]
    assert all(decision.passes for decision in found)
    assert sum(reason.score for decision in found for reason in decision.reasons) < 3


@pytest.mark.parametrize(
    ("raw", "stage", "status", "basic", "text", "setting"),
    [
        (PROGRAM, "attachments", "5.7.0", 554, "The attachment game.exe", "attachments"),
        (ODD, "headers", "5.7.0", 554, "Message is rejected by headers rule filter", "headers"),
    ],
)
def test_what_is_refused_in_both_directions(
    house: MailHouse, raw: bytes, stage: str, status: str, basic: int, text: str, setting: str
) -> None:
    last = ask(house, raw)[-1]
    assert (last.stage, last.act, last.status, last.basic) == (stage, Act.REFUSE, status, basic)
    assert last.text.startswith(text)
    protection.set_protection(house.installation.control, ANNA, {setting: False})
    assert all(decision.passes for decision in ask(house, raw))


def test_spam_is_refused_with_what_speaks_for_it(tmp_path: Path, house: MailHouse) -> None:
    raw = HEAD.replace(b"Subject: Holidays", b"Subject: =?utf-8?q?YOU_WON_1000000_USD!!!?=") + (
        b"MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<html><body>"
        + GTUBE
        + b'<form action="http://192.0.2.1/x"><input type=password></form><script>x</script>'
        b'<a href="http://192.0.2.1/login">http://www.bank.example/</a></body></html>\r\n'
    )
    model = SpamModel(tmp_path / "spam.model")
    score = spam_check(model, 0)(raw, parse(raw), house.anna).facts["score"]
    assert isinstance(score, float)
    assert score > 1
    assert spam_check(model, 0)(raw, parse(raw), house.anna).passes
    assert spam_check(model, score + 0.1)(raw, parse(raw), house.anna).passes
    refused = spam_check(model, score)(raw, parse(raw), house.anna)
    assert (refused.act, refused.status, refused.basic) == (Act.REFUSE, "5.7.1", 554)
    assert refused.text.startswith("The message looks like spam and is not sent: ")
    assert refused.reasons[0].text in refused.text


@pytest.mark.parametrize(
    ("code", "status", "told"),
    [
        (550, "5.1.1", True),
        (550, "5.7.1", True),
        (554, "5.0.0", True),
        (552, "5.2.2", False),
        (550, "5.4.4", False),
        (451, "4.4.7", False),
        (250, "2.0.0", False),
    ],
)
def test_which_failures_say_something_of_the_sender(code: int, status: str, told: bool) -> None:
    assert hard(Reply(code, status, "said")) is told


def test_only_recipients_that_a_user_asked_for_in_vain_are_told() -> None:
    class Watch:
        def __init__(self) -> None:
            self.told: list[tuple[int, str]] = []

        def refused(self, account_id: int, address: str) -> None:
            self.told.append((account_id, address))

    watch, recorded = Watch(), list[TraceEvent]()
    record = watched(recorded.append, watch)  # type: ignore[arg-type]

    def event(stage: str, account_id: int | None, verdict: Verdict, status: str) -> None:
        record(
            TraceEvent(
                1.0, "T", stage, verdict, "said", recipient="x@example.test",
                account_id=account_id, facts={"status": status},
            )
        )  # fmt: skip

    event("rcpt", 7, Verdict.REFUSED, "5.1.1")
    event("rcpt", None, Verdict.REFUSED, "5.1.1")
    event("rcpt", 7, Verdict.REFUSED, "5.5.3")
    event("rcpt", 7, Verdict.DEFERRED, "5.1.1")
    event("mail", 7, Verdict.REFUSED, "5.1.1")
    assert watch.told == [(7, "x@example.test")]
    assert len(recorded) == 5


def test_the_settings_begin_as_the_limits_do() -> None:
    settings = watch_settings(Settings.of({}))
    assert settings.limits == Limits()
    assert settings.enabled

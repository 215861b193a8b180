"""A target that keeps refusing is paused, and whose redirect it is hears of it once."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from alphorn.app.outbound import _settled
from alphorn.message.envelope import Envelope, EnvelopeRecipient, Origin, OriginKind
from alphorn.operations import addresses, redirects
from alphorn.operations.notice_texts import TEXTS
from alphorn.operations.notices import Notices
from alphorn.operations.redirects import pause_target
from alphorn.operations.targets import DAYS, TIMES, Targets
from alphorn.queue.values import Claim, Outcome, QueuedMessage, QueuedRecipient, Reply, Result
from tests.support.mailhouse import ANNA, HOSTNAME, MailHouse

FAR = "Zoe@far.test"
DAY = 86400
GONE = Reply(550, "5.1.1", "No such user", "mx.far.test")
SPAM = Reply(550, "5.7.1", "This is spam", "mx.far.test")


class Out:
    """What `_settled` uses of `Outgoing`."""

    def __init__(self, house: MailHouse) -> None:
        notices = Notices(
            house.view, house.state, house._enqueue, hostname=HOSTNAME, clock=house.clock
        )
        control = house.installation.control
        self.targets = Targets(
            house.redirects,
            notices,
            partial(pause_target, control),
            clock=house.clock,
        )
        self.watch = None


@pytest.fixture
def house(tmp_path: Path) -> Iterator[MailHouse]:
    made = MailHouse(tmp_path)
    redirects.set_redirect(made.installation.control, ANNA, [FAR])
    yield made
    made.close()


def settle(house: MailHouse, *outcomes: tuple[Result, Reply, float]) -> None:
    """What the queue says of mail that was sent on, each at its time."""
    for result, reply, at in outcomes:
        house.clock.now = at
        out = Out(house)
        origin = Origin(OriginKind.REDIRECTED, "T", house.anna.id, "example.test")
        message = QueuedMessage(1, "Q", at, at, Envelope("", ()), origin, 1, False, False)
        recipient = QueuedRecipient(1, EnvelopeRecipient(FAR), 0, False, None)
        outcome = Outcome(recipient, result, reply)
        _settled(out, Claim(message, "far.test", (recipient,)), outcome)  # type: ignore[arg-type]
        out.targets.close()


def paused(house: MailHouse) -> tuple[str, ...]:
    return addresses.show_address(house.installation.control, ANNA).paused


def refusals(house: MailHouse, count: int, every: float, reply: Reply = GONE):  # type: ignore[no-untyped-def]
    start = house.clock.now
    return [(Result.FAILED, reply, start + n * every) for n in range(count)]


def test_after_days_of_refusals(house: MailHouse) -> None:
    steps = refusals(house, TIMES, DAY)
    settle(house, *steps[:-1])
    assert paused(house) == ()
    settle(house, steps[-1])
    assert paused(house) == (FAR,)
    (notice,) = house.queued_raw()
    assert b"550 5.1.1 No such user" in notice
    assert [one.address for one in house.queued()[0].recipients] == [ANNA]
    redirects.resume_redirect(house.installation.control, ANNA)
    settle(house, (Result.FAILED, GONE, house.clock.now + 1))
    assert paused(house) == ()


def test_many_in_one_day_are_not_enough(house: MailHouse) -> None:
    settle(house, *refusals(house, TIMES * 4, 60))
    assert DAYS > 1
    assert paused(house) == ()


def test_one_success_forgives(house: MailHouse) -> None:
    steps = refusals(house, TIMES, DAY)
    taken = Result.RELAYED, Reply(250, "2.0.0", "Ok"), steps[-1][2]
    settle(house, *steps[:-1], taken, steps[-1])
    assert paused(house) == ()


def test_what_is_refused_for_itself_does_not_count(house: MailHouse) -> None:
    settle(house, *refusals(house, TIMES * 2, DAY, SPAM))
    assert paused(house) == ()


def test_one_to_which_only_a_rule_leads(house: MailHouse) -> None:
    """Its owner is told by his rules, which know what they would have sent there."""
    control = house.installation.control
    redirects.set_redirect(control, ANNA, [])
    settle(house, *refusals(house, TIMES, DAY))
    assert list(house.view.paused("example.test")) == [FAR.lower()]
    assert house.view.paused("example.test")[FAR.lower()].reason == "550 5.1.1 No such user"
    assert house.queued() == []


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_the_notice_speaks_each_language(language: str) -> None:
    values = {"target": "T", "addresses": "A", "refusal": "R"}
    text = " ".join(part.format_map(values) for part in TEXTS[language].paused)
    assert "{" not in text
    assert all(word in text for word in "TAR")

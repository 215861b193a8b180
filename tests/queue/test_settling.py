"""What stays of a recipient after each outcome, and that nothing is lost or done twice."""

import pytest

from alphorn.message.envelope import Notify
from alphorn.queue.claims import claim, renew, resign
from alphorn.queue.intake import Lifetimes, prepare
from alphorn.queue.queue import Queue
from alphorn.queue.settling import Settled, ToReport, late, replace, settle, unreported
from alphorn.queue.values import Claim, Outcome, Reply, Result, State
from tests.queue.helpers import MESSAGE, NOW, envelope, origin

OK = Reply(250, "2.0.0", "ok", "mx")
NO = Reply(550, "5.1.1", "no", "mx")
WAIT = Reply(450, "4.2.0", "wait", "mx")


def claimed(
    queue: Queue, *recipients: str, sender: str = "anna@example.test", notify: str = ""
) -> Claim:
    words = [Notify(word) for word in notify.split()]
    queue.enqueue(MESSAGE, envelope(*recipients, sender=sender, notify=words), origin=origin())
    renew(queue.database, "r", 0)
    (entry,) = claim(queue.database, "r", NOW, 10)
    return entry


def settled(entry: Claim, result: Result, reply: Reply, told: bool = False) -> list[Settled]:
    at = NOW + 300 if result is Result.DEFERRED else None
    return [Settled(Outcome(recipient, result, reply, told), at) for recipient in entry.recipients]


@pytest.mark.parametrize(
    ("result", "notify", "told", "sender", "state"),
    [
        (Result.RELAYED, "", False, "a@b", None),
        (Result.RELAYED, "FAILURE DELAY", False, "a@b", None),
        (Result.RELAYED, "SUCCESS", False, "a@b", State.RELAYED),
        (Result.RELAYED, "SUCCESS", True, "a@b", None),
        (Result.RELAYED, "SUCCESS", False, "", None),
        (Result.DELIVERED, "SUCCESS", False, "a@b", State.DELIVERED),
        (Result.DELIVERED, "NEVER", False, "a@b", None),
        (Result.FAILED, "", False, "a@b", State.FAILED),
        (Result.FAILED, "FAILURE", False, "a@b", State.FAILED),
        (Result.FAILED, "NEVER", False, "a@b", None),
        (Result.FAILED, "SUCCESS", False, "a@b", None),
        (Result.FAILED, "", False, "", None),
    ],
)
def test_who_is_to_be_told(
    queue: Queue, result: Result, notify: str, told: bool, sender: str, state: State | None
) -> None:
    entry = claimed(queue, "b@x.test", sender=sender, notify=notify)
    reply = NO if result is Result.FAILED else OK
    settle(queue.database, "r", entry, settled(entry, result, reply, told), NOW)
    found = unreported(queue.database)
    assert [report.state for report in found] == ([state] if state is not None else [])
    if state is None:
        assert queue.health().messages == 0
        assert queue.content(entry.message.id) is None
    else:
        (recipient,) = found[0].recipients
        assert (recipient.last, recipient.attempted, recipient.attempts) == (reply, NOW, 1)


def test_a_deferred_recipient_waits(queue: Queue) -> None:
    entry = claimed(queue, "b@x.test")
    settle(queue.database, "r", entry, settled(entry, Result.DEFERRED, WAIT), NOW)
    assert not claim(queue.database, "r", NOW + 299, 10)
    (again,) = claim(queue.database, "r", NOW + 300, 10)
    assert again.recipients[0].attempts == 1
    assert again.recipients[0].last == WAIT


def test_a_message_stays_until_its_last_recipient_is_settled(queue: Queue) -> None:
    entry = claimed(queue, "b@x.test", "c@x.test")
    outcomes = settled(entry, Result.RELAYED, OK)
    settle(queue.database, "r", entry, outcomes[:1], NOW)
    assert queue.content(entry.message.id) == MESSAGE
    settle(queue.database, "r", entry, outcomes[1:], NOW)
    assert queue.content(entry.message.id) is None


def test_delivery_counts_even_after_the_claim_was_lost(queue: Queue) -> None:
    """A runner that was taken for dead had delivered it: it is not to be delivered again."""
    entry = claimed(queue, "b@x.test")
    resign(queue.database, "r")
    settle(queue.database, "r", entry, settled(entry, Result.RELAYED, OK), NOW)
    assert queue.health().messages == 0


@pytest.mark.parametrize(("result", "reply"), [(Result.FAILED, NO), (Result.DEFERRED, WAIT)])
def test_other_outcomes_do_not_count_after_the_claim_was_lost(
    queue: Queue, result: Result, reply: Reply
) -> None:
    entry = claimed(queue, "b@x.test")
    resign(queue.database, "r")
    renew(queue.database, "s", 0)
    assert claim(queue.database, "s", NOW, 10)
    settle(queue.database, "r", entry, settled(entry, result, reply), NOW)
    assert not unreported(queue.database)
    assert queue.health().claimed == 1


def failed(queue: Queue) -> ToReport:
    entry = claimed(queue, "b@x.test", "c@x.test")
    settle(queue.database, "r", entry, settled(entry, Result.FAILED, NO), NOW)
    (told,) = unreported(queue.database)
    return told


def test_a_report_takes_the_place_of_what_it_tells(queue: Queue) -> None:
    told = failed(queue)
    report = prepare(MESSAGE, envelope("anna@example.test", sender=""), origin(), NOW, Lifetimes())
    name = replace(queue.database, told, report)
    assert name is not None
    assert not unreported(queue.database)
    assert queue.health().messages == 1
    assert queue.show(name).message.envelope.sender == ""


def test_a_report_is_made_once(queue: Queue) -> None:
    """Two processes tell at the same moment: one of them is too late, and adds nothing."""
    told = failed(queue)
    report = prepare(MESSAGE, envelope("anna@example.test", sender=""), origin(), NOW, Lifetimes())
    assert replace(queue.database, told, report) is not None
    again = prepare(MESSAGE, envelope("anna@example.test", sender=""), origin(), NOW, Lifetimes())
    assert replace(queue.database, told, again) is None
    assert queue.health().messages == 1


def test_late_recipients_are_told_of_once(queue: Queue) -> None:
    entry = claimed(queue, "b@x.test")
    hours = Lifetimes().notice
    assert not late(queue.database, NOW + hours)  # not tried yet
    settle(queue.database, "r", entry, settled(entry, Result.DEFERRED, WAIT), NOW)
    assert not late(queue.database, NOW + hours - 1)
    (told,) = late(queue.database, NOW + hours)
    assert told.state is State.WAITING
    report = prepare(MESSAGE, envelope("anna@example.test", sender=""), origin(), NOW, Lifetimes())
    assert replace(queue.database, told, report) is not None
    assert not late(queue.database, NOW + hours)
    assert queue.health().waiting == 2  # it goes on waiting, beside the report

import time

import pytest

from alphorn.base.errors import NotFound
from alphorn.message.envelope import Origin, OriginKind
from alphorn.queue.claims import LEASE, claim, renew
from alphorn.queue.listing import Filter
from alphorn.queue.queue import Queue
from alphorn.queue.settling import Settled, settle
from alphorn.queue.values import Outcome, Reply, Result, State
from tests.queue.helpers import MESSAGE, NOW, Clock, envelope, origin

WAIT = Reply(450, "4.2.0", "wait", "mx")


@pytest.fixture
def names(queue: Queue) -> list[str]:
    return [
        queue.enqueue(MESSAGE, envelope("bert@x.test", "cora@y.test"), origin=origin()),
        queue.enqueue(
            MESSAGE, envelope("dora@xx.test", sender="Eva_1@other.test"), origin=origin()
        ),
        queue.enqueue(MESSAGE, envelope("100%@x.test", sender=""), origin=origin()),
    ]


def found(queue: Queue, which: Filter) -> list[str]:
    return [entry.message.name for entry in queue.list(which)]


def test_messages_are_listed_oldest_first(queue: Queue, names: list[str]) -> None:
    assert found(queue, Filter()) == names
    assert len(queue.list(Filter(), 2)) == 2


@pytest.mark.parametrize(
    ("address", "which"),
    [
        ("bert@x.test", [0]),
        ("BERT@X.test", [0]),
        ("x.test", [0, 2]),
        ("anna@example.test", [0]),
        ("other.test", [1]),
        ("eva_1@other.test", [1]),
        ("evax1@other.test", []),
        ("100%@x.test", [2]),
        ("1%@x.test", []),
        ("test", []),
    ],
)
def test_messages_are_found_by_address_or_domain(
    queue: Queue, names: list[str], address: str, which: list[int]
) -> None:
    assert found(queue, Filter(address=address)) == [names[number] for number in which]


def test_messages_are_found_by_account(queue: Queue, names: list[str]) -> None:
    assert found(queue, Filter(account_id=7)) == names
    assert found(queue, Filter(account_id=8)) == []


def test_a_message_is_shown_with_what_its_recipients_wait_for(
    queue: Queue, names: list[str]
) -> None:
    renew(queue.database, "r", 0)
    entry = claim(queue.database, "r", NOW, 1)[0]
    outcome = Outcome(entry.recipients[0], Result.DEFERRED, WAIT)
    settle(queue.database, "r", entry, [Settled(outcome, NOW + 300)], NOW)
    claim(queue.database, "r", NOW, 1)
    first, second = queue.show(names[0]).recipients
    assert (first.address, first.state, first.last) == ("bert@x.test", State.WAITING, WAIT)
    assert (first.attempts, first.attempted, first.next_attempt) == (1, NOW, NOW + 300)
    assert (first.claimed, second.claimed) == (False, True)


def test_what_is_not_there_is_not_found(queue: Queue) -> None:
    with pytest.raises(NotFound) as caught:
        queue.show("0000000000000")
    assert caught.value.code == "no-such-message"


def test_holding_and_releasing(queue: Queue, names: list[str]) -> None:
    assert queue.hold(Filter(name=names[0])) == 2
    assert queue.hold(Filter(name=names[0])) == 0
    assert found(queue, Filter(held=True)) == names[:1]
    assert found(queue, Filter(held=False)) == names[1:]
    assert queue.health().held == 2
    assert queue.release(Filter()) == 2
    assert found(queue, Filter(held=True)) == []


def test_who_is_asked_for_comes_first(queue: Queue, names: list[str], clock: Clock) -> None:
    assert queue.retry(Filter(name=names[2])) == 1
    renew(queue.database, "r", 0)
    (entry,) = claim(queue.database, "r", NOW, 1)
    assert entry.message.name == names[2]
    assert entry.recipients[0].urgent


def test_removed_messages_leave_nothing(queue: Queue, names: list[str]) -> None:
    assert queue.remove(Filter(address="x.test")) == 3
    assert found(queue, Filter()) == names[1:2]
    assert queue.remove(Filter()) == 1
    for table in ("message", "content", "recipient"):
        (count,) = queue.database.read(
            lambda c, table=table: c.execute(f"SELECT count(*) FROM {table}").fetchone()  # type: ignore[misc]
        )
        assert count == 0


def test_removed_numbers_are_not_given_again(queue: Queue, names: list[str]) -> None:
    """A late word about a removed recipient must not reach another one."""
    renew(queue.database, "r", 0)
    entries = claim(queue.database, "r", NOW, 10)
    queue.remove(Filter())
    queue.enqueue(MESSAGE, envelope("new@x.test"), origin=origin())
    for entry in entries:
        outcome = Outcome(entry.recipients[0], Result.RELAYED, Reply(250, "2.0.0", "ok"))
        settle(queue.database, "r", entry, [Settled(outcome)], NOW)
    assert queue.health().waiting == 1


def test_health(queue: Queue, names: list[str], clock: Clock) -> None:
    health = queue.health()
    assert (health.messages, health.waiting, health.overdue) == (3, 4, 0)
    assert health.octets == 3 * len(MESSAGE)
    assert health.oldest == NOW
    clock.now += 61
    assert queue.health().overdue == 4
    queue.remove(Filter())
    assert queue.health().oldest is None


def test_health_knows_who_works_on_the_queue(queue: Queue) -> None:
    now = time.monotonic()
    renew(queue.database, "alive", now)
    renew(queue.database, "dead", now - LEASE - 1)
    renew(queue.database, "from before", now + 10 * LEASE)
    assert queue.health().runners == 1


def test_holding_what_an_account_sent_lately(queue: Queue, clock: Clock) -> None:
    def put(kind: OriginKind, account_id: int) -> str:
        where = Origin(kind, "T", account_id, "example.test", "<m@x>")
        return queue.enqueue(MESSAGE, envelope("bert@x.test"), origin=where)

    old = put(OriginKind.SUBMITTED, 7)
    clock.now += 3600
    new = put(OriginKind.SUBMITTED, 7)
    put(OriginKind.REDIRECTED, 7)
    put(OriginKind.SUBMITTED, 8)
    which = Filter(account_id=7, since=clock.now - 3599, kind=OriginKind.SUBMITTED)
    assert found(queue, which) == [new]
    assert queue.hold(which) == 1
    assert found(queue, Filter(held=True)) == [new]
    assert found(queue, Filter(account_id=7, kind=OriginKind.SUBMITTED)) == [old, new]
    assert queue.release(Filter(account_id=7)) == 1

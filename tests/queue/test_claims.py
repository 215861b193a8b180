"""Claims by several runners, leases, and clocks that jump."""

import pytest

from alphorn.queue import claims
from alphorn.queue.claims import (
    LEASE,
    claim,
    give_back,
    mend_clock,
    next_due,
    renew,
    resign,
    take_over,
)
from alphorn.queue.queue import Queue
from alphorn.queue.schedule import LONGEST_PAUSE
from alphorn.queue.settling import Settled, settle
from alphorn.queue.values import MAX_RECIPIENTS_PER_TRANSACTION, Claim, Outcome, Reply, Result
from tests.queue.helpers import MESSAGE, NOW, Clock, envelope, origin

WAIT = Reply(450, "4.2.0", "wait", "mx")


def put(queue: Queue, *recipients: str) -> str:
    return queue.enqueue(MESSAGE, envelope(*recipients), origin=origin())


def start(queue: Queue, *runners: str, ticks: float = 0) -> None:
    for runner in runners:
        renew(queue.database, runner, ticks)


def addresses(found: list[Claim]) -> list[list[str]]:
    return [[recipient.envelope.address for recipient in entry.recipients] for entry in found]


def test_a_claim_has_the_recipients_of_one_message_at_one_destination(queue: Queue) -> None:
    put(queue, "a@x.test", "b@y.test", "c@X.test")
    put(queue, "d@x.test")
    start(queue, "r")
    found = claim(queue.database, "r", NOW, 10)
    assert sorted(addresses(found)) == [["a@x.test", "c@X.test"], ["b@y.test"], ["d@x.test"]]
    message = found[0].message
    assert message.envelope.sender == "anna@example.test"
    assert message.origin == origin()
    assert message.size == len(MESSAGE)
    assert queue.content(message.id) == MESSAGE


def test_what_is_claimed_is_nobody_elses(queue: Queue) -> None:
    put(queue, "a@x.test")
    start(queue, "r", "s")
    assert claim(queue.database, "r", NOW, 10)
    assert not claim(queue.database, "s", NOW, 10)
    assert not claim(queue.database, "r", NOW, 10)
    assert next_due(queue.database) is None


def test_nothing_is_claimed_before_it_is_due(queue: Queue) -> None:
    put(queue, "a@x.test")
    start(queue, "r")
    assert next_due(queue.database) == NOW
    assert not claim(queue.database, "r", NOW - 1, 10)


def test_the_longest_due_come_first_and_room_is_kept(queue: Queue, clock: Clock) -> None:
    for number in range(5):
        clock.now = NOW - number
        put(queue, f"a{number}@x{number}.test")
    start(queue, "r")
    assert addresses(claim(queue.database, "r", NOW, 2)) == [["a4@x4.test"], ["a3@x3.test"]]
    assert claim(queue.database, "r", NOW, 0) == []


def test_large_groups_are_cut(queue: Queue) -> None:
    count = 2 * MAX_RECIPIENTS_PER_TRANSACTION + 1
    put(queue, *(f"a{number}@x.test" for number in range(count)))
    start(queue, "r")
    found = claim(queue.database, "r", NOW, 10)
    assert [len(entry.recipients) for entry in found] == [
        MAX_RECIPIENTS_PER_TRANSACTION,
        MAX_RECIPIENTS_PER_TRANSACTION,
        1,
    ]


def test_a_crowded_destination_does_not_hide_others(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "ROWS_AT_ONCE", 5)
    for number in range(30):
        put(queue, f"a{number}@x.test")
    put(queue, "b@y.test")
    put(queue, "c@z.test")
    start(queue, "r")
    found = claim(
        queue.database, "r", NOW, 10, busy=["z.test"], active={"x.test": 1}, per_destination=3
    )
    assert sorted(addresses(found)) == [["a0@x.test"], ["a1@x.test"], ["b@y.test"]]


def test_held_recipients_are_left_alone(queue: Queue) -> None:
    put(queue, "a@x.test")
    queue.database.write(lambda c: c.execute("UPDATE recipient SET held = 1"))
    start(queue, "r")
    assert not claim(queue.database, "r", NOW, 10)
    assert next_due(queue.database) is None


def test_what_is_given_back_waits_for_its_time(queue: Queue) -> None:
    put(queue, "a@x.test")
    start(queue, "r", "s")
    (entry,) = claim(queue.database, "r", NOW, 10)
    ids = [recipient.id for recipient in entry.recipients]
    give_back(queue.database, "s", ids, NOW + 60)  # not its own: nothing happens
    assert not claim(queue.database, "s", NOW + 60, 10)
    give_back(queue.database, "r", ids, NOW + 60)
    assert not claim(queue.database, "s", NOW + 59, 10)
    assert claim(queue.database, "s", NOW + 60, 10)


def test_who_is_not_registered_claims_nothing(queue: Queue) -> None:
    put(queue, "a@x.test")
    assert not claim(queue.database, "r", NOW, 10)


def test_a_dead_runners_recipients_are_taken_over(queue: Queue) -> None:
    put(queue, "a@x.test")
    start(queue, "r", "s", ticks=100)
    assert claim(queue.database, "r", NOW, 10)
    renew(queue.database, "s", 100 + LEASE)
    assert take_over(queue.database, 100 + LEASE) == 0
    assert take_over(queue.database, 100 + LEASE + 1) == 1
    assert claim(queue.database, "s", NOW, 10)


def test_a_runner_that_gives_signs_of_life_keeps_its_own(queue: Queue) -> None:
    put(queue, "a@x.test")
    start(queue, "r", "s", ticks=100)
    assert claim(queue.database, "r", NOW, 10)
    for ticks in range(110, 1000, 10):
        assert renew(queue.database, "r", ticks)
        assert take_over(queue.database, ticks) == 0


def test_a_runner_learns_that_it_was_taken_for_dead(queue: Queue) -> None:
    start(queue, "r")
    take_over(queue.database, LEASE + 1)
    assert renew(queue.database, "r", LEASE + 2) is False
    assert renew(queue.database, "r", LEASE + 3) is True


def test_after_the_machine_started_anew_old_leases_mean_nothing(queue: Queue) -> None:
    """The monotonic clock began again; what was claimed before is free."""
    put(queue, "a@x.test")
    start(queue, "r", ticks=1_000_000)
    assert claim(queue.database, "r", NOW, 10)
    start(queue, "s", ticks=5)
    assert take_over(queue.database, 5) == 1


def test_a_jump_of_the_wall_clock_takes_nothing_from_a_living_runner(queue: Queue) -> None:
    put(queue, "a@x.test")
    start(queue, "r", "s", ticks=100)
    assert claim(queue.database, "r", NOW, 10)
    take_over(queue.database, 101)
    assert not claim(queue.database, "s", NOW + 10**9, 10)


def test_clocks_read_at_different_moments_kill_nobody(queue: Queue) -> None:
    start(queue, "r", ticks=100.5)
    put(queue, "a@x.test")
    assert claim(queue.database, "r", NOW, 10)
    assert take_over(queue.database, 100.0) == 0


def test_resigning_frees_everything(queue: Queue) -> None:
    put(queue, "a@x.test")
    start(queue, "r", "s")
    assert claim(queue.database, "r", NOW, 10)
    resign(queue.database, "r")
    assert not claim(queue.database, "r", NOW, 10)
    assert claim(queue.database, "s", NOW, 10)


def test_a_clock_set_back_does_not_make_mail_wait(queue: Queue, clock: Clock) -> None:
    put(queue, "a@x.test")
    start(queue, "r")
    (entry,) = claim(queue.database, "r", NOW, 10)
    outcome = Outcome(entry.recipients[0], Result.DEFERRED, WAIT)
    settle(queue.database, "r", entry, [Settled(outcome, NOW + LONGEST_PAUSE)], NOW)
    assert mend_clock(queue.database, NOW) == 0
    back = NOW - 86400
    assert mend_clock(queue.database, back) == 1
    assert claim(queue.database, "r", back, 10)

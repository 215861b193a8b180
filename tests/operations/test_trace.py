"""Who sees what of the trace."""

from collections.abc import Iterator

import pytest

from alphorn.base.errors import NotFound
from alphorn.base.trace import TraceEvent, Verdict
from alphorn.directory.values import Role
from alphorn.operations import domains, users
from alphorn.operations.control import Actor
from alphorn.operations.trace import EVERYTHING, Question, Sight, find_events, sight, story
from alphorn.store.trace import TraceLog
from tests.support.installation import NOW, Installation

SENDER = "s@remote.test"


@pytest.fixture
def acme(installation: Installation) -> Installation:
    installation.domain()
    installation.domain("other.test", "Other")
    for address in ("anna@example.test", "bert@example.test", "carl@other.test"):
        installation.account(address)
    for name, organization, role in (
        ("manager", "Acme", Role.MANAGER),
        ("viewer", "Acme", Role.VIEWER),
        ("other", "Other", Role.OWNER),
    ):
        users.add_user(installation.control, f"{name}@example.test")
        users.set_membership(installation.control, f"{name}@example.test", organization, role)
    users.add_user(installation.control, "nobody@example.test")
    users.add_user(installation.control, "root@example.test", operator=True)
    return installation


@pytest.fixture
def trace(acme: Installation) -> Iterator[TraceLog]:
    """One message to all three, a refused recipient in each domain, and one that Anna sent."""
    log = TraceLog(acme.folder / "trace.sqlite")
    message = TraceEvent(NOW + 1, "t1", "receive", Verdict.INFO, "A message has come in", SENDER)
    log.add(message)
    for n, recipient in enumerate(("anna@example.test", "bert@example.test", "carl@other.test")):
        account = acme.view.account_by_address(recipient)
        assert account is not None
        log.add(
            message._replace(
                time=NOW + 2 + n,
                stage="deliver",
                verdict=Verdict.FILED if n == 1 else Verdict.DELIVERED,
                recipient=recipient,
                message_id="one@remote.test",
                account_id=account.id,
                domain=account.address.rpartition("@")[2],
            )
        )
    for n, domain in enumerate(("example.test", "other.test")):
        log.add(
            TraceEvent(NOW + 5 + n, f"r{n}", "rcpt", Verdict.REFUSED, "There is no such mailbox",
                       SENDER, f"x@{domain}", domain=domain)
        )  # fmt: skip
    # What Anna tried, to somebody in the domain of others.
    log.add(
        TraceEvent(NOW + 7, "t2", "rcpt", Verdict.REFUSED, "Too many recipients",
                   "anna@example.test", "carl@other.test", account_id=1, domain="example.test")
    )  # fmt: skip
    yield log
    log.close()


def who(acme: Installation, name: str) -> Sight:
    if "@" in name:
        account = acme.view.account_by_address(name)
        assert account is not None
        return sight(acme.control.acting_as(Actor(account_id=account.id)))
    if name == "operator":
        return sight(acme.control)
    user = users.show_user(acme.control, f"{name}@example.test")
    return sight(acme.control.acting_as(Actor(user_id=user.id)))


def times(events: tuple[TraceEvent, ...]) -> list[int]:
    return [int(event.time - NOW) for event in events]


SEEN = {
    "operator": [1, 2, 3, 4, 5, 6, 7],
    "root": [1, 2, 3, 4, 5, 6, 7],
    "manager": [2, 3, 5, 7],
    "viewer": [2, 3, 5, 7],
    "other": [4, 6],
    "nobody": [],
    "anna@example.test": [2, 7],
    "bert@example.test": [3],
    "carl@other.test": [4],
}


@pytest.mark.parametrize("name", SEEN)
def test_who_sees_what(acme: Installation, trace: TraceLog, name: str) -> None:
    assert times(find_events(trace, who(acme, name), Question())) == SEEN[name]


def test_the_manager_sees_what_his_accounts_tried_elsewhere(
    acme: Installation, trace: TraceLog
) -> None:
    for question in (
        Question(address="anna@example.test"),
        Question(account_id=1),
        Question(transaction="t2"),
    ):
        assert times(find_events(trace, who(acme, "manager"), question))[-1] == 7
        assert 7 not in times(find_events(trace, who(acme, "other"), question))


@pytest.mark.parametrize("name", SEEN)
def test_each_question_is_within_what_may_be_seen(
    acme: Installation, trace: TraceLog, name: str
) -> None:
    """No question shows more than the same asked of all that may be seen."""
    may = who(acme, name)
    for question in (
        Question(transaction="t1"),
        Question(message_id="<one@remote.test>"),
        Question(address=SENDER),
        Question(address="Carl@Other.test"),
        Question(domain="EXAMPLE.test"),
        Question(domain="other.test"),
        Question(account_id=1),
        Question(account_id=3),
        Question(stage="rcpt"),
        Question(verdict=Verdict.FILED),
        Question(verdict=Verdict.REFUSED, stage="rcpt", domain="other.test"),
        Question(since=NOW + 3, until=NOW + 6),
    ):
        everything = find_events(trace, EVERYTHING, question)
        expected = [
            event for event in everything if may.sees(event.time, event.account_id, event.domain)
        ]
        assert list(find_events(trace, may, question)) == expected, question


def test_the_newest_of_what_may_be_seen(acme: Installation, trace: TraceLog) -> None:
    assert times(find_events(trace, who(acme, "manager"), Question(limit=2))) == [5, 7]
    assert times(find_events(trace, who(acme, "manager"), Question(SENDER))) == []


def test_a_story_has_what_holds_for_the_whole_message(acme: Installation, trace: TraceLog) -> None:
    for message in ("t1", "<one@remote.test>", "one@remote.test"):
        assert times(story(trace, EVERYTHING, message)) == [1, 2, 3, 4]
        assert times(story(trace, who(acme, "manager"), message)) == [1, 2, 3]
        assert times(story(trace, who(acme, "bert@example.test"), message)) == [1, 3]
        assert times(story(trace, who(acme, "other"), message)) == [1, 4]
        with pytest.raises(NotFound) as caught:
            story(trace, who(acme, "nobody"), message)
        assert caught.value.code == "no-such-message"
    for name, message in (("manager", "r1"), ("anna@example.test", "r0"), ("operator", "none")):
        with pytest.raises(NotFound):
            story(trace, who(acme, name), message)


def test_a_domain_that_changes_hands_keeps_its_past_to_itself(
    acme: Installation, trace: TraceLog
) -> None:
    acme.clock.now = NOW + 100
    trace.add(
        TraceEvent(NOW + 8, "t3", "rcpt", Verdict.REFUSED, "", SENDER, "y@third.test",
                   domain="third.test")
    )  # fmt: skip
    acme.domain("third.test", "Acme")
    trace.add(
        TraceEvent(NOW + 101, "t4", "rcpt", Verdict.REFUSED, "", SENDER, "y@third.test",
                   domain="third.test")
    )  # fmt: skip
    assert times(find_events(trace, who(acme, "manager"), Question())) == [2, 3, 5, 7, 101]
    domains.remove_domain(acme.control, "third.test")
    assert times(find_events(trace, who(acme, "manager"), Question())) == [2, 3, 5, 7]


def test_a_right_that_is_taken_away_is_gone(acme: Installation, trace: TraceLog) -> None:
    users.remove_membership(acme.control, "manager@example.test", "Acme")
    assert find_events(trace, who(acme, "manager"), Question()) == ()
    users.add_user(acme.control, "second@example.test", operator=True)
    users.enable_user(acme.control, "root@example.test", on=False)
    assert find_events(trace, who(acme, "root"), Question()) == ()


def test_an_account_is_not_shown_to_the_domain_it_wrote_to(
    acme: Installation, trace: TraceLog
) -> None:
    """Should an event of an account name the domain of others, they do not see it."""
    trace.add(
        TraceEvent(NOW + 8, "t5", "rcpt", Verdict.REFUSED, "", "anna@example.test",
                   "carl@other.test", account_id=1, domain="other.test")
    )  # fmt: skip
    for question in (Question(), Question(transaction="t5"), Question(domain="other.test")):
        assert 8 not in times(find_events(trace, who(acme, "other"), question))
    assert times(find_events(trace, who(acme, "manager"), Question(transaction="t5"))) == [8]

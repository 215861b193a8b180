"""Flags, keywords and mod-sequences (RFC 9051 §2.3.2, RFC 7162)."""

from collections.abc import Callable

import pytest

from alphorn.base.errors import Refused
from alphorn.base.flags import MAX_KEYWORD_LENGTH, MAX_KEYWORDS_PER_MESSAGE, Flag
from alphorn.base.numbers import NumberSet
from alphorn.store.api import Account, Column, FlagAction, Status
from tests.store.mail import EVERY, new, numbered, raw, uids


def words(*given: str) -> frozenset[str]:
    return frozenset(given)


def states(account: Account, mailbox_id: int) -> list[tuple[object, ...]]:
    return list(account.fetch(mailbox_id, EVERY, (Column.UID, Column.FLAGS, Column.KEYWORDS)))


def test_add_remove_and_replace(account: Account, inbox: int) -> None:
    account.append(inbox, [new(raw("a"), flags=Flag.SEEN, keywords=words("x")), new(raw("b"))])
    account.flag(inbox, EVERY, FlagAction.ADD, Flag.FLAGGED, words("y"))
    assert states(account, inbox) == [(1, 5, "x y"), (2, 4, "y")]
    account.flag(inbox, EVERY, FlagAction.REMOVE, Flag.SEEN, words("x", "never"))
    assert states(account, inbox) == [(1, 4, "y"), (2, 4, "y")]
    account.flag(inbox, uids(2), FlagAction.REPLACE, Flag.DRAFT, words("z"))
    assert states(account, inbox) == [(1, 4, "y"), (2, 16, "z")]
    account.flag(inbox, EVERY, FlagAction.REPLACE, 0)
    assert states(account, inbox) == [(1, 0, ""), (2, 0, "")]
    assert account.check() == []


def test_what_a_change_answers(account: Account, inbox: int) -> None:
    account.append(inbox, [new(raw("a"), flags=Flag.SEEN), new(raw("b")), new(raw("c"))])
    before = account.modseq(inbox)
    done = account.flag(inbox, uids(1, 2, 99), FlagAction.ADD, Flag.SEEN)
    assert done.before == before
    assert done.modseq == account.modseq(inbox) > before
    assert done.changed == uids(2)
    assert done.unchanged == NumberSet()
    assert [status.uid for status in done.statuses] == [1, 2]
    assert done.statuses[0].modseq < done.statuses[1].modseq == done.modseq
    assert done.statuses[1] == Status(2, Flag.SEEN, (), done.modseq)
    again = account.flag(inbox, uids(1, 2), FlagAction.ADD, Flag.SEEN)
    assert again.changed == NumberSet()
    assert again.before == again.modseq == account.modseq(inbox) == done.modseq
    assert [status.uid for status in again.statuses] == [1, 2]
    assert account.flag(inbox, uids(99), FlagAction.ADD, Flag.SEEN).statuses == ()


def test_changes_that_depend_on_the_mod_sequence(account: Account, inbox: int) -> None:
    """RFC 7162 §3.1.3: what was changed since is left alone."""
    account.append(inbox, numbered(5))
    known = account.modseq(inbox)
    account.flag(inbox, uids(2, 3), FlagAction.ADD, Flag.FLAGGED)
    done = account.flag(inbox, EVERY, FlagAction.ADD, Flag.SEEN, unchanged_since=known)
    assert done.unchanged == uids(2, 3)
    assert done.changed == uids(1, 4, 5)
    assert [status.uid for status in done.statuses] == [1, 4, 5]
    assert [row[1] for row in states(account, inbox)] == [1, 4, 4, 1, 1]
    done = account.flag(inbox, EVERY, FlagAction.ADD, Flag.SEEN, unchanged_since=0)
    assert done.changed == NumberSet()
    assert done.unchanged == uids(1, 2, 3, 4, 5)
    assert done.before == done.modseq


def test_only_what_is_asked_for_changes(account: Account, inbox: int) -> None:
    account.append(inbox, numbered(50))
    asked = NumberSet(((1, 2), (4, 4), (10, 20), (22, 30), (50, 60)))
    account.flag(inbox, asked, FlagAction.ADD, Flag.ANSWERED, words("k"))
    assert states(account, inbox) == [
        (uid, *((Flag.ANSWERED, "k") if uid in asked else (0, ""))) for uid in range(1, 51)
    ]
    # Every other one has it: each run of equal neighbours is one alone.
    account.flag(inbox, uids(*range(1, 51, 2)), FlagAction.ADD, Flag.SEEN)
    account.flag(inbox, EVERY, FlagAction.REMOVE, Flag.ANSWERED, words("K"))
    assert states(account, inbox) == [(uid, uid % 2, "") for uid in range(1, 51)]
    assert account.check() == []


def test_keywords_are_spelled_as_they_were_first(account: Account, inbox: int) -> None:
    archive = account.mailbox("Archive").id
    account.append(inbox, [new(raw("a"), keywords=words("Work"))])
    account.append(archive, [new(raw("b"), keywords=words("WORK", "$Forwarded"))])
    account.flag(inbox, EVERY, FlagAction.ADD, 0, words("wOrK", "$forwarded", "NEW"))
    assert states(account, inbox) == [(1, 0, "$Forwarded NEW Work")]
    assert account.snapshot(inbox).keywords == ("$Forwarded", "NEW", "Work")
    assert account.snapshot(archive).keywords == ("$Forwarded", "Work")
    assert account.flag(archive, EVERY, FlagAction.REMOVE, 0, words("work")).changed == uids(1)
    assert states(account, archive) == [(1, 0, "$Forwarded")]


def test_the_last_of_equal_keywords_is_not_new(account: Account, inbox: int) -> None:
    account.append(inbox, [new(keywords=words("a", "A"))])
    assert states(account, inbox)[0][2] in ("a", "A")


@pytest.mark.parametrize("word", ["", "a b", "ä", "a\n", "x" * (MAX_KEYWORD_LENGTH + 1)])
def test_words_that_cannot_be_keywords(account: Account, inbox: int, word: str) -> None:
    account.append(inbox, [new()])
    with pytest.raises(Refused):
        account.append(inbox, [new(keywords=words(word))])
    for action in (FlagAction.ADD, FlagAction.REPLACE):
        with pytest.raises(Refused):
            account.flag(inbox, EVERY, action, 0, words(word))
    assert account.flag(inbox, EVERY, FlagAction.REMOVE, 0, words(word)).changed == NumberSet()
    assert account.mailbox("INBOX").messages == 1


def test_flags_that_do_not_exist(account: Account, inbox: int) -> None:
    with pytest.raises(Refused):
        account.append(inbox, [new(flags=32)])
    with pytest.raises(Refused):
        account.flag(inbox, EVERY, FlagAction.ADD, 64)


def test_the_number_of_keywords_is_limited(
    account: Account, inbox: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = frozenset(f"k{n}" for n in range(MAX_KEYWORDS_PER_MESSAGE))
    account.append(inbox, [new(keywords=many)])
    with pytest.raises(Refused) as failure:
        account.flag(inbox, EVERY, FlagAction.ADD, Flag.SEEN, words("one-more"))
    assert failure.value.code == "limit"
    assert account.snapshot(inbox).keywords == tuple(sorted(many))
    monkeypatch.setattr("alphorn.store.keywords.MAX_KEYWORDS", len(many))
    with pytest.raises(Refused) as failure:
        account.append(inbox, [new(raw("other"), keywords=words("one-more"))])
    assert failure.value.code == "limit"
    assert account.mailbox("INBOX").messages == 1


# -- what changed since --


def test_changes_tell_everything_since(account: Account, inbox: int) -> None:
    account.append(inbox, numbered(10))
    start = account.modseq(inbox)
    assert account.changes(inbox, start).changed == ()
    account.append(inbox, numbered(2, start=50))
    assert [status.uid for status in account.changes(inbox, start).changed] == [11, 12]
    account.flag(inbox, uids(3), FlagAction.ADD, Flag.SEEN, words("k"))
    account.flag(inbox, uids(5, 11), FlagAction.ADD, Flag.DELETED)
    account.expunge(inbox)
    changes = account.changes(inbox, start)
    assert [(s.uid, s.flags, s.keywords) for s in changes.changed] == [(3, 1, ("k",)), (12, 0, ())]
    assert changes.expunged == uids(5, 11)
    assert changes.mailbox == account.mailbox("INBOX")
    assert all(
        start < status.modseq <= changes.mailbox.highest_modseq for status in changes.changed
    )
    assert account.changes(inbox, changes.mailbox.highest_modseq).expunged == NumberSet()


def test_a_session_that_follows_sees_each_change_once(account: Account, inbox: int) -> None:
    archive = account.mailbox("Archive").id
    account.append(archive, numbered(6, start=100))
    known: dict[int, tuple[int, tuple[str, ...]]] = {}
    at = account.modseq(inbox)
    steps: list[Callable[[], object]] = [
        lambda: account.append(inbox, numbered(3)),
        lambda: account.flag(inbox, uids(2), FlagAction.ADD, 1),
        lambda: account.append(inbox, numbered(3, start=10)),
        lambda: account.copy(archive, uids(1, 2), inbox),
        lambda: account.flag(inbox, uids(1, 6), FlagAction.REPLACE, 8),
        lambda: account.expunge(inbox),
        lambda: account.move(inbox, uids(3, 4), archive),
        lambda: account.move(archive, uids(5), inbox),
        lambda: account.append(inbox, numbered(1, start=90)),
    ]
    for step in steps:
        step()
        changes = account.changes(inbox, at)
        assert changes.mailbox.highest_modseq > at
        at = changes.mailbox.highest_modseq
        known.update({s.uid: (s.flags, s.keywords) for s in changes.changed})
        for uid in changes.expunged:
            known.pop(uid, None)
        assert sorted(known) == list(account.snapshot(inbox).uids)
        assert [known[uid][0] for uid in sorted(known)] == [r[1] for r in states(account, inbox)]


def test_old_tombstones_are_forgotten_and_answers_stay_right(
    account: Account, inbox: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 7162 §3.2.7: a server that no longer knows tells of every UID that is gone."""
    monkeypatch.setattr("alphorn.store.removing.MAX_EXPUNGED", 6)
    account.append(inbox, numbered(40))
    start = account.modseq(inbox)
    at = []
    for uid in range(1, 31, 2):
        account.flag(inbox, uids(uid), FlagAction.ADD, Flag.DELETED)
        at.append(account.modseq(inbox))
        account.expunge(inbox)
    gone = uids(*range(1, 31, 2))
    assert account.changes(inbox, start).expunged == gone
    for n, modseq in enumerate(at):
        told = account.changes(inbox, modseq).expunged
        since = uids(*range(2 * n + 1, 31, 2))
        assert told in (gone, since)
    assert account.changes(inbox, at[-1]).expunged == uids(29)


def test_each_change_is_above_every_one_before(account: Account, inbox: int) -> None:
    archive = account.mailbox("Archive").id
    account.append(inbox, numbered(4))
    steps: list[tuple[int, Callable[[], object]]] = [
        (inbox, lambda: account.flag(inbox, uids(1), FlagAction.ADD, 1)),
        (archive, lambda: account.copy(inbox, uids(1), archive)),
        (inbox, lambda: account.flag(inbox, uids(2), FlagAction.ADD, 8)),
        (inbox, lambda: account.expunge(inbox)),
        (archive, lambda: account.append(archive, [new(raw("x"))])),
        (inbox, lambda: account.move(archive, uids(1), inbox)),
    ]
    last = 0
    for mailbox, step in steps:
        step()
        modseq = account.modseq(mailbox)
        assert modseq > last
        last = modseq
    assert account.create("n").highest_modseq > last

"""Delivery into several mailboxes at once, and what is remembered with it."""

import pytest

from alphorn.base.errors import NotFound, OverQuota, Refused
from alphorn.base.flags import Flag
from alphorn.store import limits, remembering
from alphorn.store.api import (
    Account,
    Column,
    Copy,
    NewMessage,
    Remembered,
    SpecialUse,
    Store,
)
from tests.store.conftest import Clock, Heard
from tests.store.mail import EVERY, NOW, new, numbered, raw, uids

COLUMNS = (Column.UID, Column.FLAGS, Column.KEYWORDS, Column.EMAIL_ID, Column.RAW)
SEEN = Flag.SEEN.value


def with_flags(message: NewMessage, flags: int, *words: str) -> NewMessage:
    return NewMessage(message.raw, message.summary, message.internal_date, flags, frozenset(words))


def read(account: Account, name: str) -> list[tuple[object, ...]]:
    return list(account.fetch(account.mailbox(name).id, EVERY, COLUMNS))


def test_one_copy_is_an_append(account: Account, inbox: int, heard: Heard) -> None:
    first, second = numbered(2)
    account.append(inbox, [first])
    heard.take()
    (where,) = account.deliver([Copy(inbox, second)])
    assert (where.uid, where.modseq) == (2, account.modseq(inbox))
    assert [row[-1] for row in read(account, "INBOX")] == [first.raw, second.raw]
    assert heard.take() == [(1, inbox)]
    assert account.check() == []


def test_nothing_is_nothing(account: Account, heard: Heard) -> None:
    assert list(account.deliver([])) == []
    assert heard.take() == []


def test_several_mailboxes(account: Account, inbox: int, heard: Heard) -> None:
    message = new(raw("Hello", "x" * 200_000, number=1))
    archive, junk = account.mailbox("Archive"), account.mailbox("Junk")
    copies = [
        Copy("Archive", with_flags(message, SEEN, "red")),
        Copy(inbox, message),
        Copy(SpecialUse.JUNK, with_flags(message, Flag.DELETED.value)),
    ]
    placed = account.deliver(copies)
    assert sorted(heard.take()) == sorted([(1, archive.id), (1, inbox), (1, junk.id)])
    (email,) = {each.email_id for each in placed}
    assert read(account, "INBOX") == [(1, 0, "", email, message.raw)]
    assert read(account, "Archive") == [(1, SEEN, "red", email, message.raw)]
    assert read(account, "Junk") == [(1, Flag.DELETED, "", email, message.raw)]
    assert len({each.modseq for each in placed}) == 3
    for each, name in zip(placed, ("Archive", "INBOX", "Junk"), strict=True):
        mailbox = account.mailbox(name)
        assert (mailbox.highest_modseq, mailbox.uidvalidity) == (each.modseq, each.uidvalidity)
        assert (mailbox.messages, mailbox.octets) == (1, len(message.raw))
    assert account.mailbox("Archive").unseen == 0
    assert account.mailbox("Junk").deleted == 1
    assert account.usage().octets == 3 * len(message.raw)
    assert account.check() == []


def test_the_body_is_stored_once(account: Account, inbox: int) -> None:
    message = new(raw("Hello", number=1))
    places = [account.create(f"Box/{n}").id for n in range(5)]
    placed = account.deliver([Copy(place, message) for place in places])
    again = account.deliver([Copy(inbox, new(message.raw))])
    assert len({each.email_id for each in (*placed, *again)}) == 1
    assert len({each.thread_id for each in (*placed, *again)}) == 1


def test_different_messages_in_one_delivery(account: Account) -> None:
    one, two, three = numbered(3)
    placed = account.deliver(
        [Copy("INBOX", one), Copy("Archive", two), Copy("INBOX", three), Copy("Archive", one)]
    )
    assert [each.uid for each in placed] == [1, 1, 2, 2]
    assert placed[0].email_id == placed[3].email_id
    assert len({each.modseq for each in placed}) == 4
    assert [row[-1] for row in read(account, "INBOX")] == [one.raw, three.raw]
    assert [row[-1] for row in read(account, "Archive")] == [two.raw, one.raw]
    assert account.check() == []


def test_equal_copies_into_one_mailbox_are_one(account: Account) -> None:
    message, other = numbered(2)
    junk = account.mailbox("Junk")
    placed = account.deliver(
        [
            Copy("Junk", with_flags(message, SEEN)),
            Copy(SpecialUse.JUNK, message),
            Copy(junk.id, new(bytes(bytearray(message.raw)))),
            Copy("Junk", other),
        ],
        quota=len(message.raw) + len(other.raw),
    )
    assert placed[0] == placed[1] == placed[2] != placed[3]
    assert [row[:2] for row in read(account, "Junk")] == [(1, SEEN), (2, 0)]
    account.append("Junk", [message, message])  # whoever brings mail from elsewhere brings it all
    assert account.mailbox("Junk").messages == 4
    assert account.check() == []


def test_a_missing_mailbox_is_made_where_that_is_wished(account: Account, heard: Heard) -> None:
    message = new(raw(number=1))
    with pytest.raises(NotFound):
        account.deliver([Copy("INBOX", message), Copy("Lists/Python", message)])
    assert account.mailbox("INBOX").messages == 0
    heard.take()
    placed = account.deliver(
        [
            Copy("INBOX", message),
            Copy("Lists/Python", message, create=True),
            Copy("Lists", message, create=True),
            Copy("Lists/Python", new(), create=True),
        ]
    )
    assert [each.uid for each in placed] == [1, 1, 1, 2]
    made = account.mailbox("Lists/Python")
    assert (made.messages, made.subscribed) == (2, True)
    told = heard.take()
    assert told[0] == (1, 0)
    assert sorted(told[1:]) == sorted(
        (1, account.mailbox(name).id) for name in ("INBOX", "Lists", "Lists/Python")
    )
    account.deliver([Copy("Lists", new(), create=True)])
    assert heard.take() == [(1, account.mailbox("Lists").id)]
    assert account.check() == []


def test_a_mailbox_that_cannot_be_made(account: Account) -> None:
    for name in ("a//b", "", "\n"):
        with pytest.raises(Refused) as failure:
            account.deliver([Copy("Fine", new(), create=True), Copy(name, new(), create=True)])
        assert failure.value.code == "name"
    with pytest.raises(NotFound):
        account.mailbox("Fine")
    with pytest.raises(NotFound):
        account.deliver([Copy(999, new(), create=True)])


def test_a_mailbox_for_a_use_is_made(account: Account, heard: Heard) -> None:
    account.deliver([Copy(SpecialUse.SOCIAL, new()), Copy(SpecialUse.PROMOTIONS, new())])
    for use in (SpecialUse.SOCIAL, SpecialUse.PROMOTIONS):
        made = account.special(use)
        assert made is not None
        assert (made.name, made.messages) == (use.value, 1)
    assert heard.take()[0] == (1, 0)
    assert account.check() == []


def test_mod_sequences_grow_over_all_mailboxes(account: Account) -> None:
    before = max(mailbox.highest_modseq for mailbox in account.mailboxes())
    last = 0
    for n in range(3):
        message = new(raw(number=n))
        placed = account.deliver([Copy("INBOX", message), Copy(f"New {n}", message, create=True)])
        numbers = [each.modseq for each in placed]
        assert numbers == sorted(set(numbers))
        assert numbers[0] > max(before, last)
        last = numbers[-1]
    assert account.check() == []


def test_all_or_none_by_the_quota(account: Account) -> None:
    message = new(raw(number=1))
    size = len(message.raw)
    copies = [Copy("INBOX", message), Copy("Made", message, create=True)]
    with pytest.raises(OverQuota):
        account.deliver(copies, 2 * size - 1, [Remembered("key", NOW + 9)])
    assert account.usage().messages == 0
    assert not account.remembered("key", NOW)
    with pytest.raises(NotFound):
        account.mailbox("Made")
    account.deliver(copies, 2 * size, [Remembered("key", NOW + 9)])
    assert account.usage().messages == 2
    assert account.remembered("key", NOW)
    with pytest.raises(OverQuota):
        account.deliver([Copy("INBOX", message)], 3 * size - 1)


def test_flags_that_are_none(account: Account) -> None:
    message = new()
    for wrong in (with_flags(message, 1 << 20), with_flags(message, 0, "a b")):
        with pytest.raises(Refused):
            account.deliver([Copy("INBOX", message), Copy("Archive", wrong)])
    assert account.usage().messages == 0


def test_copies_have_lives_of_their_own(account: Account, inbox: int) -> None:
    message = new(raw(number=1))
    account.deliver([Copy("INBOX", with_flags(message, Flag.DELETED)), Copy("Archive", message)])
    assert account.expunge(inbox) == uids(1)
    assert [row[-1] for row in read(account, "Archive")] == [message.raw]
    assert account.check() == []


# -- what is remembered --


def test_keys_are_remembered_until_their_time(account: Account, heard: Heard) -> None:
    assert not account.remembered("a", NOW)
    assert list(account.deliver([], None, [Remembered("a", NOW + 10)])) == []
    assert heard.take() == []
    assert account.remembered("a", NOW + 9)
    assert not account.remembered("a", NOW + 10)
    assert not account.remembered("A", NOW)
    account.deliver([], None, [Remembered("a", NOW + 20), Remembered("b", NOW + 5)])
    assert account.remembered("a", NOW + 19)
    account.deliver([], None, [Remembered("a", NOW + 3)])
    assert not account.remembered("a", NOW + 4)
    assert account.check() == []


def test_what_is_past_is_removed_with_the_next(account: Account, clock: Clock) -> None:
    account.deliver([], None, [Remembered("old", NOW + 10), Remembered("new", NOW + 100)])
    clock.now = NOW + 50
    account.deliver([], None, [Remembered("other", NOW + 100)])
    assert account.forget("") == 2


def test_keys_are_forgotten_by_how_they_begin(account: Account) -> None:
    keys = ["vacation:1:anna", "vacation:1:bert", "vacation:2:anna", "v%", "grün:1", "Vacation:1:"]
    account.deliver([], None, [Remembered(key, NOW + 10) for key in keys])
    assert account.forget("vacation:1:") == 2
    assert [account.remembered(key, NOW) for key in keys] == [False, False, True, True, True, True]
    assert account.forget("grü") == 1
    assert account.forget("nothing") == 0
    assert account.forget("_") == 0
    assert account.forget("") == 3
    assert account.forget("") == 0


def test_what_is_remembered_is_told(account: Account) -> None:
    keys = [Remembered("a:1", NOW + 10), Remembered("a:2", NOW + 30), Remembered("b:1", NOW + 20)]
    account.deliver([], None, keys)
    assert account.recalled("a:", NOW, 10) == [keys[1], keys[0]]
    assert account.recalled("a:", NOW + 10, 10) == [keys[1]]
    assert account.recalled("", NOW, 2) == [keys[1], keys[2]]
    assert account.recalled("_", NOW, 10) == []


def test_long_keys(account: Account) -> None:
    long = ["x" * 5000 + "a", "x" * 5000 + "b", "x" * limits.MAX_PREFIX, "\ud800" * 300, ""]
    account.deliver([], None, [Remembered(key, NOW + 10) for key in long])
    assert all(account.remembered(key, NOW) for key in long)
    assert not account.remembered("x" * 5000, NOW)
    assert not account.remembered("x" * 5000 + "c", NOW)
    with pytest.raises(Refused):
        account.forget("x" * (limits.MAX_PREFIX + 1))
    assert account.forget("x" * limits.MAX_PREFIX) == 3


def test_of_too_many_keys_those_that_end_first_are_forgotten(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembering, "MAX_REMEMBERED", 80)
    account.deliver([], None, [Remembered(f"far {n}", NOW + 1000) for n in range(30)])
    for n in range(100):
        account.deliver([], None, [Remembered(f"near {n}", NOW + 10 + n)])
    assert all(account.remembered(f"far {n}", NOW) for n in range(30))
    assert account.remembered("near 99", NOW)
    assert not account.remembered("near 0", NOW)
    account.deliver([], None, [Remembered(f"many {n}", NOW + 2000) for n in range(500)])
    assert 60 <= account.forget("") <= 80


def test_what_is_remembered_outlives_the_handle(store: Store) -> None:
    store.create(2)
    store.account(1).deliver([], None, [Remembered("a", NOW + 10)])
    store.close_idle(-1)
    assert store.account(1).remembered("a", NOW)
    assert not store.account(2).remembered("a", NOW)

"""Mailboxes: their names, their list, their coming and going."""

import pytest

from alphorn.base.errors import Exists, NotFound, Refused
from alphorn.store import limits
from alphorn.store.api import Account, SpecialUse, Store
from tests.store.conftest import Clock, Heard
from tests.store.mail import EVERY, new, numbered


def names(account: Account) -> list[str]:
    return [mailbox.name for mailbox in account.mailboxes()]


def test_a_new_account_has_the_usual_mailboxes_subscribed(account: Account) -> None:
    assert names(account) == ["INBOX", "Archive", "Drafts", "Junk", "Sent", "Trash"]
    assert all(mailbox.subscribed for mailbox in account.mailboxes())
    assert account.subscriptions() == names(account)
    for use in (SpecialUse.ARCHIVE, SpecialUse.DRAFTS, SpecialUse.JUNK, SpecialUse.SENT):
        found = account.special(use)
        assert found is not None
        assert found.name == use.value
        assert found.special_use is use
    assert account.special(SpecialUse.SOCIAL) is None


def test_an_empty_mailbox(account: Account) -> None:
    mailbox = account.mailbox("INBOX")
    assert mailbox.messages == mailbox.unseen == mailbox.deleted == mailbox.octets == 0
    assert mailbox.uidnext == 1
    assert mailbox.highest_modseq >= 1
    assert 0 < mailbox.uidvalidity < 2**32
    assert mailbox == account.snapshot(mailbox.id).mailbox


def test_accounts_come_and_go(store: Store) -> None:
    assert store.exists(1)
    assert not store.exists(2)
    with pytest.raises(NotFound) as failure:
        store.account(2).mailboxes()
    assert failure.value.code == "no-such-account"
    store.create(2)
    store.create(300)
    store.account(2).append(store.account(2).mailbox("INBOX").id, [new()])
    store.create(2)  # changes nothing
    assert store.account(2).usage().messages == 1
    assert sorted(store.accounts()) == [1, 2, 300]
    store.remove(2)
    assert not store.exists(2)
    assert sorted(store.accounts()) == [1, 300]
    with pytest.raises(NotFound):
        store.account(2).mailboxes()
    with pytest.raises(NotFound):
        store.remove(2)
    store.create(2)
    assert store.account(2).usage().messages == 0


def test_an_account_handle_does_not_outlive_the_account(store: Store) -> None:
    account = store.account(1)
    inbox = account.mailbox("INBOX").id
    store.remove(1)
    with pytest.raises(NotFound):
        account.append(inbox, [new()])


def test_create_makes_missing_parents(account: Account) -> None:
    made = account.create("a/b/c", SpecialUse.SOCIAL)
    assert made.name == "a/b/c"
    assert made.special_use is SpecialUse.SOCIAL
    assert not made.subscribed
    assert [name for name in names(account) if name.startswith("a")] == ["a", "a/b", "a/b/c"]
    assert account.mailbox("a/b").special_use is None


def test_names_sort_by_level(account: Account) -> None:
    for name in ("b/c", "b c", "INBOX/x"):
        account.create(name)
    assert names(account) == [
        *("INBOX", "INBOX/x", "Archive", "Drafts", "Junk", "Sent", "Trash", "b", "b/c", "b c"),
    ]


def test_inbox_in_any_case_is_inbox(account: Account) -> None:
    assert account.mailbox("inBox").name == "INBOX"
    assert account.create("inbox/Lists").name == "INBOX/Lists"
    assert account.mailbox("Inbox/Lists").name == "INBOX/Lists"
    with pytest.raises(NotFound):
        account.mailbox("archive")
    with pytest.raises(Exists) as failure:
        account.create("iNBOX")
    assert failure.value.code == "mailbox-exists"


def test_names_are_compared_in_one_form(account: Account) -> None:
    account.create("Ma\u0308rz")
    assert account.mailbox("M\u00e4rz").name == "M\u00e4rz"
    with pytest.raises(Exists):
        account.create("M\u00e4rz")


@pytest.mark.parametrize(
    "name",
    [
        *("", "/", "a/", "/a", "a//b", "a\nb", "a\x00b", "a\x7f", "a\u2028b", "\ud800"),
        "x" * (limits.MAX_LEVEL_OCTETS + 1),
        "\u00e4" * (limits.MAX_LEVEL_OCTETS // 2 + 1),
        "/".join("a" * (limits.MAX_LEVELS + 1)),
    ],
)
def test_names_that_cannot_be(account: Account, name: str) -> None:
    before = names(account)
    for attempt in (
        lambda: account.create(name),
        lambda: account.rename("Archive", name),
        lambda: account.subscribe(name, True),
    ):
        with pytest.raises(Refused) as failure:
            attempt()
        assert failure.value.code == "name"
    with pytest.raises(NotFound):
        account.mailbox(name)
    assert names(account) == before


@pytest.mark.parametrize(
    "name",
    [
        *("a b", " ", "%", "*", "..", "Entwürfe", "下書き", "📬", "a\\b", "a.b", "'"),
        "x" * limits.MAX_LEVEL_OCTETS,
        "/".join("a" * limits.MAX_LEVELS),
    ],
)
def test_names_that_can_be(account: Account, name: str) -> None:
    assert account.create(name).name == name
    assert account.mailbox(name).name == name
    account.delete(name)
    with pytest.raises(NotFound):
        account.mailbox(name)


def test_the_number_of_mailboxes_is_limited(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alphorn.store.mailboxes.MAX_MAILBOXES", 8)
    account.create("seventh")
    for name in ("x/y", "x/y/z"):
        with pytest.raises(Refused) as failure:
            account.create(name)
        assert failure.value.code == "limit"
    assert "x" not in names(account)
    account.create("eighth")


def test_a_special_use_belongs_to_one_mailbox(account: Account) -> None:
    with pytest.raises(Refused) as failure:
        account.create("Papierkorb", SpecialUse.TRASH)
    assert failure.value.code == "special-use"
    account.delete("Trash")
    assert account.create("Papierkorb", SpecialUse.TRASH).special_use is SpecialUse.TRASH


def test_no_uidvalidity_is_given_twice(account: Account, clock: Clock) -> None:
    given = {mailbox.uidvalidity for mailbox in account.mailboxes()}
    for _ in range(5):
        made = account.create("again")
        assert made.uidvalidity not in given
        given.add(made.uidvalidity)
        account.delete("again")
    clock.now -= 1_000_000  # a clock that was set back
    assert account.create("again").uidvalidity > max(given)


def test_no_mailbox_id_is_given_twice(account: Account) -> None:
    first = account.create("again").id
    account.delete("again")
    assert account.create("again").id != first
    with pytest.raises(NotFound):
        account.snapshot(first)


def test_rename_takes_everything_below_along(account: Account) -> None:
    account.create("a/b/c")
    account.create("ab")
    account.create("a0")  # sorts right after "a/"
    account.append(account.mailbox("a/b").id, [new()])
    before = account.mailbox("a/b")
    account.rename("a", "x/y")
    assert names(account)[6:] == ["a0", "ab", "x", "x/y", "x/y/b", "x/y/b/c"]
    after = account.mailbox("x/y/b")
    assert (after.id, after.uidvalidity, after.messages) == (before.id, before.uidvalidity, 1)


def test_renames_that_cannot_be(account: Account) -> None:
    account.create("a/b")
    account.create("deep/" + "/".join("x" * (limits.MAX_LEVELS - 2)))
    for old, new_name, code in (
        ("a", "a/b/c", "name"),
        ("a", "Sent", "mailbox-exists"),
        ("a", "a", "mailbox-exists"),
        ("none", "some", "no-such-mailbox"),
        ("deep", "c/d/e", "name"),
    ):
        before = account.mailboxes()
        with pytest.raises(Refused) as failure:
            account.rename(old, new_name)
        assert failure.value.code == code
        assert account.mailboxes() == before


def test_renaming_inbox_moves_its_messages(account: Account, inbox: int) -> None:
    account.create("INBOX/below")
    account.append(inbox, numbered(3))
    account.rename("INBOX", "Old/2023")
    assert account.mailbox("INBOX").messages == 0
    assert account.mailbox("INBOX").id == inbox
    assert account.mailbox("Old/2023").messages == 3
    assert account.mailbox("INBOX/below").name == "INBOX/below"
    assert len(account.changes(inbox, 0).expunged) == 3
    assert account.check() == []


def test_delete(account: Account) -> None:
    made = account.create("a/b")
    account.append(made.id, numbered(3))
    with pytest.raises(Refused) as failure:
        account.delete("a")
    assert failure.value.code == "has-children"
    with pytest.raises(Refused) as failure:
        account.delete("inbox")
    assert failure.value.code == "name"
    account.delete("a/b")
    account.delete("a")
    with pytest.raises(NotFound):
        account.delete("a")
    assert account.usage().octets == account.usage().messages == 0
    assert account.check() == []
    for attempt in (
        lambda: account.snapshot(made.id),
        lambda: account.modseq(made.id),
        lambda: account.changes(made.id, 0),
        lambda: account.append(made.id, [new()]),
        lambda: account.expunge(made.id),
    ):
        with pytest.raises(NotFound) as missing:
            attempt()
        assert missing.value.code == "no-such-mailbox"


def test_modseqs_grow_beyond_deleted_mailboxes(account: Account, inbox: int) -> None:
    made = account.create("a")
    last = account.append(made.id, numbered(10))[-1]
    account.delete("a")
    assert account.append(inbox, [new()])[0].modseq > last.modseq


def test_subscriptions_need_no_mailbox(account: Account, heard: Heard) -> None:
    account.subscribe("Nowhere", True)
    account.subscribe("Nowhere", True)
    assert "Nowhere" in account.subscriptions()
    account.subscribe("inbox", False)
    assert not account.mailbox("INBOX").subscribed
    assert account.create("Nowhere").subscribed
    account.delete("Nowhere")
    assert "Nowhere" in account.subscriptions()
    account.subscribe("Nowhere", False)
    assert account.subscriptions() == ["Archive", "Drafts", "Junk", "Sent", "Trash"]


def test_the_number_of_subscriptions_is_limited(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alphorn.store.mailboxes.MAX_SUBSCRIPTIONS", 7)
    account.subscribe("one", True)
    with pytest.raises(Refused) as failure:
        account.subscribe("two", True)
    assert failure.value.code == "limit"


def test_changes_are_told(account: Account, inbox: int, heard: Heard) -> None:
    archive = account.mailbox("Archive").id
    assert heard.take() == []
    account.create("a")
    assert heard.take() == [(1, 0)]
    account.append(inbox, [new()])
    assert heard.take() == [(1, inbox)]
    account.copy(inbox, EVERY, archive)
    assert heard.take() == [(1, archive)]
    account.move(archive, EVERY, inbox)
    assert heard.take() == [(1, archive), (1, inbox)]
    account.rename("a", "b")
    account.subscribe("b", True)
    account.delete("b")
    assert set(heard.take()) >= {(1, 0)}
    account.expunge(inbox)
    account.copy(inbox, EVERY, inbox, quota=None)
    heard.take()
    with pytest.raises(Exists):
        account.create("INBOX")
    account.expunge(archive)
    account.move(archive, EVERY, inbox)
    assert heard.take() == []

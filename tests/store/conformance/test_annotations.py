"""Annotations of mailboxes and of the account: names, what becomes of them, limits."""

import pytest

from alphorn.base.annotation_names import IMAP_SCRIPT, MAX_CHARACTERS, fold
from alphorn.base.errors import NotFound, Refused
from alphorn.store import limits
from alphorn.store.api import Account

SCRIPT = b"main"


def test_an_account_without_annotations(account: Account) -> None:
    assert account.annotations(None) == {}
    assert account.annotations("INBOX") == {}
    assert account.annotated(IMAP_SCRIPT) == {}
    account.annotate("INBOX", {"/private/comment": None})
    account.annotate(None, {})
    assert account.annotations("INBOX") == {}


def test_annotations(account: Account) -> None:
    account.annotate("inbox", {"/Shared/IMAPSieve/Script": SCRIPT, "/private/comment": b"\0\xff"})
    account.annotate(None, {"/private/comment": b""})
    assert account.annotations("INBOX") == {"/private/comment": b"\0\xff", IMAP_SCRIPT: SCRIPT}
    assert account.annotations(None) == {"/private/comment": b""}
    account.annotate("INBOX", {"/PRIVATE/COMMENT": b"other", IMAP_SCRIPT: None})
    assert account.annotations("INBOX") == {"/private/comment": b"other"}
    assert account.check() == []


def test_one_annotation_everywhere(account: Account) -> None:
    work = account.create("Work")
    account.annotate("Work", {IMAP_SCRIPT: SCRIPT, "/private/comment": b"no"})
    account.annotate(None, {IMAP_SCRIPT: b"other"})
    assert account.annotated(IMAP_SCRIPT) == {0: b"other", work.id: SCRIPT}


def test_they_stay_with_their_mailbox_and_go_with_it(account: Account) -> None:
    account.create("Work/2023")
    account.annotate("Work/2023", {IMAP_SCRIPT: SCRIPT})
    account.rename("Work", "Old")
    assert account.annotations("Old/2023") == {IMAP_SCRIPT: SCRIPT}
    with pytest.raises(NotFound):
        account.annotations("Work/2023")
    account.delete("Old/2023")
    account.create("Old/2023")
    assert account.annotations("Old/2023") == {}
    assert account.annotated(IMAP_SCRIPT) == {}
    assert account.check() == []


def test_what_messages_of_inbox_leave_behind(account: Account) -> None:
    """Renaming INBOX moves its messages, and nothing else (RFC 9051 §6.3.6)."""
    account.annotate("INBOX", {IMAP_SCRIPT: SCRIPT})
    account.rename("INBOX", "Before")
    assert account.annotations("INBOX") == {IMAP_SCRIPT: SCRIPT}
    assert account.annotations("Before") == {}


@pytest.mark.parametrize(
    "name",
    [
        "", "/", "/private", "/shared/", "/other/comment", "shared/comment", "/shared//a",
        "/shared/a/", "/shared/a*", "/shared/a%", "/shared/ä", "/shared/a\0", "/shared/a\nb",
        "/shared/" + "a" * MAX_CHARACTERS,
    ],
)  # fmt: skip
def test_what_is_no_name(account: Account, name: str) -> None:
    assert fold(name) == ""
    with pytest.raises(Refused) as refused:
        account.annotate(None, {"/private/comment": b"x", name: b"x"})
    assert refused.value.code == "name"
    assert account.annotations(None) == {}


def test_where_there_is_no_mailbox(account: Account) -> None:
    with pytest.raises(NotFound):
        account.annotate("Nowhere", {IMAP_SCRIPT: SCRIPT})


def test_limits(account: Account) -> None:
    def refused(values: dict[str, bytes | None], mailbox: str | None = None) -> None:
        with pytest.raises(Refused) as error:
            account.annotate(mailbox, values)
        assert error.value.code == "limit"

    full: dict[str, bytes | None] = {
        f"/private/{number}": b"x" for number in range(limits.MAX_ANNOTATIONS)
    }
    account.annotate(None, full)
    refused({"/private/more": b"x"})
    account.annotate(None, {"/private/0": None, "/private/more": b"x"})
    assert len(account.annotations(None)) == limits.MAX_ANNOTATIONS
    refused({"/private/large": b"x" * (limits.MAX_ANNOTATION_OCTETS + 1)}, "INBOX")
    largest = b"x" * limits.MAX_ANNOTATION_OCTETS
    many = limits.MAX_ANNOTATIONS_OCTETS // len(largest)
    account.annotate("INBOX", {f"/private/{number}": largest for number in range(many - 1)})
    refused({"/private/last": largest}, "INBOX")
    assert "/private/last" not in account.annotations("INBOX")

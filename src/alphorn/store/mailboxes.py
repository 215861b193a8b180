"""Mailboxes: their list, their names, their coming and going."""

from collections.abc import Sequence
from typing import Any

from alphorn.base.errors import Exists, Refused
from alphorn.store import names
from alphorn.store.api import INBOX, SEPARATOR, Mailbox, SpecialUse
from alphorn.store.database import Columns, Kind, Row, Transaction
from alphorn.store.errors import no_such_mailbox
from alphorn.store.limits import MAX_MAILBOXES, MAX_SUBSCRIPTIONS, MAX_UID
from alphorn.store.removing import forget_contents
from alphorn.store.tally import highest_modseq

INITIAL: tuple[tuple[str, SpecialUse | None], ...] = (
    (INBOX, None),
    ("Drafts", SpecialUse.DRAFTS),
    ("Sent", SpecialUse.SENT),
    ("Junk", SpecialUse.JUNK),
    ("Trash", SpecialUse.TRASH),
    ("Archive", SpecialUse.ARCHIVE),
)
"""What a new account has, subscribed."""

_SELECT = """
    SELECT b.id, b.name, b.special, s.name IS NOT NULL, b.uidvalidity, b.uidnext, b.modseq,
           b.messages, b.unseen, b.deleted, b.octets
    FROM mailbox b LEFT JOIN subscription s ON s.name = b.name """
_SHOWN = "WHERE b.special IS NULL OR b.special <> ?"
_HIDDEN = (SpecialUse.QUARANTINE.value,)
_HIDDEN_NAME = f"{SEPARATOR}{SpecialUse.QUARANTINE.value}"
"""No name that anybody can say: its first level is empty."""
_CONTENT: Columns = (("content", Kind.INTEGER),)
_INSERT = (
    "INSERT INTO mailbox (id, name, special, uidvalidity, modseq, flagged, uidnext, forgotten,"
    " messages, unseen, deleted, octets, first_unseen)"
    " VALUES (?, ?, ?, ?, ?, ?, 1, 0, 0, 0, 0, 0, 0)"
)


def initial(account_id: int, now: int) -> list[tuple[str, tuple[object, ...]]]:
    """The statements that fill the empty tables of a new account."""
    count = len(INITIAL)
    validity = min(now, MAX_UID // 2)
    statements: list[tuple[str, tuple[object, ...]]] = [
        (
            "INSERT INTO account (id, modseq, mailboxes, uidvalidity, packed)"
            " VALUES (?, 1, ?, ?, 0)",
            (account_id, count, validity + count),
        )
    ]
    for number, (name, use) in enumerate(INITIAL, 1):
        statements.append((_INSERT, _new(number, name, use, validity + number, 1)))
        statements.append(("INSERT INTO subscription (name) VALUES (?)", (name,)))
    return statements


def every(tx: Transaction) -> list[Mailbox]:
    """All that are not hidden, INBOX first, each before those below it."""
    found = [_mailbox(row) for row in tx.execute(_SELECT + _SHOWN, _HIDDEN).fetchall()]
    return sorted(found, key=lambda mailbox: names.order(mailbox.name))


def by_id(tx: Transaction, mailbox_id: int) -> Mailbox:
    row = tx.execute(_SELECT + "WHERE b.id = ?", (mailbox_id,)).fetchone()
    if row is None:
        raise no_such_mailbox()
    return _mailbox(row)


def by_name(tx: Transaction, name: str) -> Mailbox:
    mailbox = _find(tx, name)
    if mailbox is None:
        raise no_such_mailbox()
    return mailbox


def by_use(tx: Transaction, use: SpecialUse) -> Mailbox | None:
    row = tx.execute(_SELECT + "WHERE b.special = ?", (use.value,)).fetchone()
    return None if row is None else _mailbox(row)


def modseq(tx: Transaction, mailbox_id: int) -> int:
    """The mailbox's highest mod-sequence."""
    row = tx.execute("SELECT modseq FROM mailbox WHERE id = ?", (mailbox_id,)).fetchone()
    if row is None:
        raise no_such_mailbox()
    return int(row[0])


def must_exist(tx: Transaction, mailbox_id: int) -> None:
    """Raise NotFound where there is no such mailbox."""
    modseq(tx, mailbox_id)


def usage(tx: Transaction) -> tuple[int, int]:
    """Octets and messages of the account, each copy counted."""
    octets, messages = tx.execute("SELECT SUM(octets), SUM(messages) FROM mailbox").fetchone()
    return octets or 0, messages or 0


def quarantine(tx: Transaction, now: int) -> Mailbox:
    """The hidden mailbox, made if need be."""
    found = by_use(tx, SpecialUse.QUARANTINE)
    return found or by_id(tx, add(tx, _HIDDEN_NAME, SpecialUse.QUARANTINE, now))


def create(tx: Transaction, name: str, use: SpecialUse | None, now: int) -> Mailbox:
    name = names.checked(name)
    if _find(tx, name) is not None:
        raise Exists(f"There is already a mailbox named {name}.", code="mailbox-exists")
    if use is SpecialUse.QUARANTINE:
        raise Refused("The quarantine is made by the service alone.", code="special-use")
    if use is not None and (other := by_use(tx, use)) is not None:
        raise Refused(
            f"The mailbox {other.name} is already used for {use.value}.", code="special-use"
        )
    for parent in names.parents(name):
        if _find(tx, parent) is None:
            add(tx, parent, None, now)
    return by_id(tx, add(tx, name, use, now))


def make_for(tx: Transaction, use: SpecialUse, now: int) -> int:
    """A mailbox for a use that no mailbox has: that of the use's name, if it has no other use yet,
    or a new one. Its id."""
    for name in (use.value, *(f"{use.value} {number}" for number in range(2, MAX_MAILBOXES))):
        other = _find(tx, name)
        if other is None:
            return add(tx, name, use, now, subscribed=True)
        if other.special_use is None:
            tx.execute("UPDATE mailbox SET special = ? WHERE id = ?", (use.value, other.id))
            return other.id
    raise no_such_mailbox()


def add(
    tx: Transaction, name: str, use: SpecialUse | None, now: int, *, subscribed: bool = False
) -> int:
    """A mailbox with a checked name that is free; its id. No UIDVALIDITY is given twice."""
    (count,) = tx.execute("SELECT COUNT(*) FROM mailbox").fetchone()
    if count >= MAX_MAILBOXES:
        raise Refused(f"There are already {MAX_MAILBOXES} mailboxes.", code="limit")
    number, validity = tx.execute("SELECT mailboxes + 1, uidvalidity + 1 FROM account").fetchone()
    validity = max(validity, min(now, MAX_UID // 2))
    tx.execute("UPDATE account SET mailboxes = ?, uidvalidity = ?", (number, validity))
    tx.execute(_INSERT, _new(number, name, use, validity, highest_modseq(tx) + 1))
    if subscribed:
        subscribe(tx, name, True)
    return int(number)


def rename(tx: Transaction, old: str, new: str, now: int) -> tuple[Mailbox, Mailbox | None]:
    """Rename with everything below. Of INBOX only the messages go: then the second value is the
    new mailbox that they are to be moved to, and the first is INBOX."""
    mailbox = by_name(tx, old)
    new = names.checked(new)
    if new.startswith(mailbox.name + SEPARATOR) and mailbox.name != INBOX:
        raise Refused("A mailbox cannot be put below itself.", code="name")
    if _find(tx, new) is not None:
        raise Exists(f"There is already a mailbox named {new}.", code="mailbox-exists")
    for parent in names.parents(new):
        if _find(tx, parent) is None:
            add(tx, parent, None, now)
    if mailbox.name == INBOX:
        return mailbox, by_id(tx, add(tx, new, None, now))
    for number, name in _subtree(tx, mailbox.name):
        # A name below may become too long or too deep.
        name = names.checked(new + name[len(mailbox.name) :])
        tx.execute("UPDATE mailbox SET name = ? WHERE id = ?", (name, number))
    return mailbox, None


def delete(tx: Transaction, name: str) -> Mailbox:
    """Delete with all its messages; the mailbox that was."""
    mailbox = by_name(tx, name)
    if mailbox.name == INBOX:
        raise Refused("INBOX cannot be deleted.", code="name")
    if len(_subtree(tx, mailbox.name)) > 1:
        raise Refused(f"There are mailboxes below {mailbox.name}.", code="has-children")
    here = (mailbox.id,)
    contents = tx.table(_CONTENT, "FROM message WHERE mailbox = ?", here)
    tx.execute("UPDATE account SET modseq = ?", (highest_modseq(tx),))
    tx.execute("DELETE FROM message WHERE mailbox = ?", here)
    tx.execute("DELETE FROM expunged WHERE mailbox = ?", here)
    tx.execute("DELETE FROM keyword WHERE mailbox = ?", here)
    tx.execute("DELETE FROM annotation WHERE mailbox = ?", here)
    tx.execute("DELETE FROM mailbox WHERE id = ?", here)
    forget_contents(tx, [content for (content,) in contents])
    return mailbox


def subscriptions(tx: Transaction) -> list[str]:
    found = tx.execute("SELECT name FROM subscription").fetchall()
    return sorted((name for (name,) in found), key=names.order)


def subscribe(tx: Transaction, name: str, on: bool) -> None:
    name = names.checked(name)
    if not on:
        tx.execute("DELETE FROM subscription WHERE name = ?", (name,))
        return
    (count,) = tx.execute("SELECT COUNT(*) FROM subscription").fetchone()
    if count >= MAX_SUBSCRIPTIONS:
        raise Refused(f"There are already {MAX_SUBSCRIPTIONS} subscriptions.", code="limit")
    tx.execute("INSERT INTO subscription (name) VALUES (?) ON CONFLICT DO NOTHING", (name,))


def _new(
    number: int, name: str, use: SpecialUse | None, validity: int, modseq: int
) -> tuple[object, ...]:
    return number, name, None if use is None else use.value, validity, modseq, modseq


def normal(name: str) -> str:
    """The name as it is stored; one that no mailbox has where it cannot be a name."""
    try:
        return names.checked(name)
    except Refused:
        return ""


def _find(tx: Transaction, name: str) -> Mailbox | None:
    row = tx.execute(_SELECT + "WHERE b.name = ?", (normal(name),)).fetchone()
    return None if row is None else _mailbox(row)


def _subtree(tx: Transaction, name: str) -> Sequence[tuple[int, str]]:
    """The mailbox and all below it."""
    below = name + SEPARATOR
    after = name + chr(ord(SEPARATOR) + 1)
    found: list[Any] = tx.execute(
        "SELECT id, name FROM mailbox WHERE name = ? OR (name >= ? AND name < ?)",
        (name, below, after),
    ).fetchall()
    return found


def _mailbox(row: Row) -> Mailbox:
    number, name, special, subscribed, *rest = row
    use = None if special is None else SpecialUse(special)
    return Mailbox(number, name, use, bool(subscribed), *rest)

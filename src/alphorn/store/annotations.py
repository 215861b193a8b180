"""Annotations of mailboxes, and of the account as a whole (RFC 5464), by their folded names.

They hang on the mailbox's id, so that a new name of the mailbox changes nothing. What stands for
the id of the account itself is 0.
"""

from collections.abc import Mapping

from alphorn.base import annotation_names
from alphorn.store import mailboxes
from alphorn.store.database import Transaction
from alphorn.store.errors import beyond
from alphorn.store.limits import (
    MAX_ANNOTATION_OCTETS,
    MAX_ANNOTATIONS,
    MAX_ANNOTATIONS_OCTETS,
)

ACCOUNT = 0


def of(tx: Transaction, mailbox: str | None) -> dict[str, bytes]:
    rows = tx.execute(
        "SELECT entry, value FROM annotation WHERE mailbox = ? ORDER BY entry",
        (_place(tx, mailbox),),
    ).fetchall()
    return dict(rows)


def everywhere(tx: Transaction, entry: str) -> dict[int, bytes]:
    """The values of one annotation, by the id of the mailbox."""
    rows = tx.execute(
        "SELECT mailbox, value FROM annotation WHERE entry = ?", (annotation_names.fold(entry),)
    ).fetchall()
    return dict(rows)


def annotate(tx: Transaction, mailbox: str | None, values: Mapping[str, bytes | None]) -> None:
    """All or none; None removes."""
    place = _place(tx, mailbox)
    for name, value in values.items():
        entry = annotation_names.check(name)
        if value is None:
            tx.execute("DELETE FROM annotation WHERE mailbox = ? AND entry = ?", (place, entry))
            continue
        if len(value) > MAX_ANNOTATION_OCTETS:
            raise beyond(f"An annotation has at most {MAX_ANNOTATION_OCTETS} octets.")
        tx.execute(
            "INSERT INTO annotation (mailbox, entry, value) VALUES (?, ?, ?)"
            " ON CONFLICT (mailbox, entry) DO UPDATE SET value = excluded.value",
            (place, entry, value),
        )
    (count,) = tx.execute("SELECT COUNT(*) FROM annotation WHERE mailbox = ?", (place,)).fetchone()
    if count > MAX_ANNOTATIONS:
        raise beyond(f"A mailbox has at most {MAX_ANNOTATIONS} annotations.")
    (octets,) = tx.execute(
        "SELECT COALESCE(SUM(LENGTH(entry) + LENGTH(value)), 0) FROM annotation"
    ).fetchone()
    if octets > MAX_ANNOTATIONS_OCTETS:
        raise beyond(f"All annotations together have at most {MAX_ANNOTATIONS_OCTETS} octets.")


def _place(tx: Transaction, mailbox: str | None) -> int:
    return ACCOUNT if mailbox is None else mailboxes.by_name(tx, mailbox).id

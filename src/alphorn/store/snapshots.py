"""A mailbox at one moment, and what has changed in it since another."""

from array import array
from collections.abc import Sequence

from alphorn.base.numbers import NumberSet
from alphorn.store import keywords, mailboxes
from alphorn.store.api import Changes, Snapshot, Status
from alphorn.store.database import Columns, Kind, Row, Transaction

STATUS: Columns = (
    ("uid", Kind.INTEGER),
    ("flags", Kind.INTEGER),
    ("keywords", Kind.TEXT),
    ("modseq", Kind.INTEGER),
)
_UID: Columns = (("uid", Kind.INTEGER),)
_RUN: Columns = (("low", Kind.INTEGER), ("high", Kind.INTEGER))


def snapshot(tx: Transaction, mailbox_id: int) -> Snapshot:
    mailbox = mailboxes.by_id(tx, mailbox_id)
    (first_unseen,) = tx.execute(
        "SELECT first_unseen FROM mailbox WHERE id = ?", (mailbox_id,)
    ).fetchone()
    return Snapshot(
        mailbox,
        _uids(tx, mailbox_id, mailbox.messages),
        first_unseen or None,
        keywords.of_mailbox(tx, mailbox_id),
    )


def _uids(tx: Transaction, mailbox_id: int, count: int) -> Sequence[int]:
    low, high = tx.execute(
        "SELECT (SELECT MIN(uid) FROM message WHERE mailbox = ?),"
        " (SELECT MAX(uid) FROM message WHERE mailbox = ?)",
        (mailbox_id, mailbox_id),
    ).fetchone()
    if low is None:
        return range(0)
    if high - low + 1 == count:
        return range(low, high + 1)
    rows = tx.table(_UID, "FROM message WHERE mailbox = ?", (mailbox_id,))
    return array("I", [uid for (uid,) in rows])


def changes(tx: Transaction, mailbox_id: int, after: int) -> Changes:
    mailbox = mailboxes.by_id(tx, mailbox_id)
    if after >= mailbox.highest_modseq:
        return Changes(mailbox, (), NumberSet())
    flagged, forgotten = tx.execute(
        "SELECT flagged, forgotten FROM mailbox WHERE id = ?", (mailbox_id,)
    ).fetchone()
    if after >= flagged:
        first = _first_new(tx, mailbox_id, after)
    else:
        first = 1
    rows = tx.table(
        STATUS,
        "FROM message WHERE mailbox = ? AND uid >= ? AND modseq > ?",
        (mailbox_id, first, after),
    )
    return Changes(mailbox, statuses(rows), _expunged(tx, mailbox_id, after, forgotten))


def statuses(rows: Sequence[Row]) -> tuple[Status, ...]:
    """Rows of STATUS as values; the few different sets of keywords are cut once each."""
    words = {text: tuple(text.split()) for text in {row[2] for row in rows}}
    return tuple([Status(uid, flags, words[text], modseq) for uid, flags, text, modseq in rows])


def _first_new(tx: Transaction, mailbox_id: int, after: int) -> int:
    """The UID from which on messages are newer than `after`, where nothing else has changed since:
    then mod-sequences grow with UIDs at the mailbox's end, and one look back finds it."""
    row = tx.execute(
        "SELECT uid FROM message WHERE mailbox = ? AND modseq <= ? ORDER BY uid DESC LIMIT 1",
        (mailbox_id, after),
    ).fetchone()
    return 1 if row is None else int(row[0]) + 1


def _expunged(tx: Transaction, mailbox_id: int, after: int, forgotten: int) -> NumberSet:
    if after < forgotten:
        return _missing(tx, mailbox_id)
    rows = tx.table(_RUN, "FROM expunged WHERE mailbox = ? AND modseq > ?", (mailbox_id, after))
    return NumberSet.from_ranges(rows)


def _missing(tx: Transaction, mailbox_id: int) -> NumberSet:
    """All UIDs that were given and are no more: right for any client, if long (RFC 7162 §3.2.7)."""
    (uidnext,) = tx.execute("SELECT uidnext FROM mailbox WHERE id = ?", (mailbox_id,)).fetchone()
    here = [uid for (uid,) in tx.table(_UID, "FROM message WHERE mailbox = ?", (mailbox_id,))]
    gaps = zip([0, *here], [*here, uidnext], strict=True)
    return NumberSet(tuple([(a + 1, b - 1) for a, b in gaps if a + 1 < b]))

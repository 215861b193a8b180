"""Copying and moving between mailboxes: rows only, never bodies."""

from collections.abc import Sequence
from dataclasses import dataclass

from alphorn.base.numbers import NumberSet
from alphorn.store import keywords, mailboxes, tally
from alphorn.store.appending import may_grow, may_number
from alphorn.store.database import Row, Transaction
from alphorn.store.errors import no_such_mailbox
from alphorn.store.removing import remove

_Place = tuple[int, int, int]
"""A mailbox, and a range of UIDs in it."""


@dataclass(frozen=True, slots=True)
class _Copied:
    """(old UID, new UID) pairs in order; the rows copied, and where they are."""

    pairs: list[tuple[int, int]]
    rows: list[Row]
    places: list[_Place]


def copy(
    tx: Transaction, source: int, uids: NumberSet, target: int, quota: int | None, now: int
) -> Sequence[tuple[int, int]]:
    """Copies keep flags, keywords and internal date (RFC 9051 §6.4.7)."""
    return _copy(tx, source, uids, target, quota, now).pairs


def move(
    tx: Transaction, source: int, uids: NumberSet, target: int, now: int
) -> Sequence[tuple[int, int]]:
    """Copies that leave nothing behind (RFC 6851)."""
    copied = _copy(tx, source, uids, target, None, now)
    for place in copied.places:
        tx.execute("DELETE FROM message WHERE mailbox = ? AND uid BETWEEN ? AND ?", place)
    remove(tx, source, copied.rows)
    return copied.pairs


def _copy(
    tx: Transaction, source: int, uids: NumberSet, target: int, quota: int | None, now: int
) -> _Copied:
    end = _uidnext(tx, source)
    start = uid = _uidnext(tx, target)
    modseq = tally.highest_modseq(tx) + 1
    copied = _Copied([], [], [])
    words: set[str] = set()
    for low, high in uids.ranges:
        # What is copied into the same mailbox is not to be copied again.
        place = (source, low, min(high, end - 1))
        rows = tx.table(
            tally.COUNTED, "FROM message WHERE mailbox = ? AND uid BETWEEN ? AND ?", place
        )
        if not rows:
            continue
        may_number(uid, len(rows))
        words.update(_words(tx, place))
        tx.execute(
            "INSERT INTO message (mailbox, uid, flags, keywords, modseq, content, size, received,"
            " saved) SELECT ?, ? + row_number() OVER (ORDER BY uid), flags, keywords, ?, content,"
            " size, received, ? FROM message WHERE mailbox = ? AND uid BETWEEN ? AND ?",
            (target, uid - 1, modseq, now, *place),
        )
        copied.pairs.extend(zip([row[0] for row in rows], range(uid, uid + len(rows)), strict=True))
        copied.rows.extend(rows)
        copied.places.append(place)
        uid += len(rows)
    if copied.rows:
        counted = tally.Tally()
        counted.add(copied.rows)
        may_grow(mailboxes.usage(tx)[0], counted.octets, quota)
        keywords.learned(tx, target, words)
        tally.came(tx, target, counted, uid, modseq)
        if counted.unseen:
            tally.find_first_unseen(tx, target, start)
    return copied


def _uidnext(tx: Transaction, mailbox_id: int) -> int:
    row = tx.execute("SELECT uidnext FROM mailbox WHERE id = ?", (mailbox_id,)).fetchone()
    if row is None:
        raise no_such_mailbox()
    return int(row[0])


def _words(tx: Transaction, place: _Place) -> set[str]:
    rows = tx.execute(
        "SELECT DISTINCT keywords FROM message WHERE mailbox = ? AND uid BETWEEN ? AND ?"
        " AND keywords <> ''",
        place,
    ).fetchall()
    return {word for (text,) in rows for word in text.split()}

"""Messages that go, and what stays behind: tombstones, counters, bodies with other copies."""

from collections.abc import Sequence

from alphorn.base.numbers import NumberSet
from alphorn.store import tally
from alphorn.store.database import Columns, Kind, Row, Transaction
from alphorn.store.errors import no_such_mailbox
from alphorn.store.limits import MAX_EXPUNGED

_ID: Columns = (("id", Kind.INTEGER),)
_DELETED = "FROM message WHERE mailbox = ? AND uid BETWEEN ? AND ? AND (flags & 8) <> 0"

_ORPHANS = (
    "FROM content WHERE id IN EACH"
    " AND NOT EXISTS (SELECT 1 FROM message WHERE message.content = content.id)"
)


def expunge(tx: Transaction, mailbox_id: int, uids: NumberSet | None) -> NumberSet:
    """Remove the messages with \\Deleted, of `uids` only where given; which they were."""
    found = tx.execute(
        "SELECT uidnext, deleted FROM mailbox WHERE id = ?", (mailbox_id,)
    ).fetchone()
    if found is None:
        raise no_such_mailbox()
    end, deleted = found
    if not deleted:
        return NumberSet()
    rows: list[Row] = []
    for low, high in ((1, end - 1),) if uids is None else uids.ranges:
        place = (mailbox_id, low, high)
        gone = tx.table(tally.COUNTED, _DELETED, place)
        if gone:
            tx.execute(f"DELETE {_DELETED}", place)
            rows += gone
    remove(tx, mailbox_id, rows)
    forget_contents(tx, [row[3] for row in rows])
    return NumberSet.of([row[0] for row in rows])


def remove(tx: Transaction, mailbox_id: int, rows: Sequence[Row]) -> None:
    """Account for messages (rows of COUNTED, by UID) that were just deleted."""
    if not rows:
        return
    modseq = tally.highest_modseq(tx) + 1
    counted = tally.Tally()
    counted.add(rows)
    tally.went(tx, mailbox_id, counted, modseq)
    if counted.unseen:
        tally.find_first_unseen(tx, mailbox_id, rows[0][0])
    _leave_tombstones(tx, mailbox_id, modseq, NumberSet.of([row[0] for row in rows]))


def forget_contents(tx: Transaction, contents: Sequence[int]) -> None:
    """Free those of these contents of which no copy is left in any mailbox."""
    if not contents:
        return
    orphans = [
        content
        for (content,) in tx.table(
            _ID,
            tx.listed(_ORPHANS),
            (tx.numbers(contents),),
        )
    ]
    if not orphans:
        return
    tx.execute(tx.listed("DELETE FROM body WHERE id IN EACH"), (tx.numbers(orphans),))
    tx.execute(tx.listed("DELETE FROM large WHERE id IN EACH"), (tx.numbers(orphans),))
    tx.execute(tx.listed("DELETE FROM content WHERE id IN EACH"), (tx.numbers(orphans),))
    tx.execute(
        tx.listed(
            "INSERT INTO dropped (content) SELECT value FROM EACH AS gone"
            " WHERE value <= (SELECT packed FROM account) ON CONFLICT DO NOTHING"
        ),
        (tx.numbers(orphans),),
    )


def _leave_tombstones(tx: Transaction, mailbox_id: int, modseq: int, uids: NumberSet) -> None:
    """Remember that these went at this mod-sequence (RFC 7162 §3.2.7)."""
    tx.executemany(
        "INSERT INTO expunged (mailbox, modseq, low, high) VALUES (?, ?, ?, ?)",
        [(mailbox_id, modseq, low, high) for low, high in uids.ranges],
    )
    (runs,) = tx.execute(
        "SELECT COUNT(*) FROM expunged WHERE mailbox = ?", (mailbox_id,)
    ).fetchone()
    if runs > MAX_EXPUNGED:
        _forget_oldest(tx, mailbox_id, runs - MAX_EXPUNGED // 2)


def _forget_oldest(tx: Transaction, mailbox_id: int, runs: int) -> None:
    """Forget at least so many runs, and whole mod-sequences, since one is known or it is not."""
    (until,) = tx.execute(
        "SELECT modseq FROM expunged WHERE mailbox = ? ORDER BY modseq, low LIMIT 1 OFFSET ?",
        (mailbox_id, runs - 1),
    ).fetchone()
    tx.execute("DELETE FROM expunged WHERE mailbox = ? AND modseq <= ?", (mailbox_id, until))
    tx.execute("UPDATE mailbox SET forgotten = ? WHERE id = ?", (until, mailbox_id))

"""A mailbox's counters, and what they become when messages come or go."""

from collections.abc import Iterable
from dataclasses import dataclass

from alphorn.base.flags import Flag
from alphorn.store.database import Columns, Kind, Row, Transaction

COUNTED: Columns = (
    ("uid", Kind.INTEGER),
    ("size", Kind.INTEGER),
    ("flags", Kind.INTEGER),
    ("content", Kind.INTEGER),
)


@dataclass(slots=True)
class Tally:
    messages: int = 0
    octets: int = 0
    unseen: int = 0
    deleted: int = 0

    def add(self, rows: Iterable[Row]) -> None:
        """Count rows of COUNTED."""
        flags = []
        for _, size, bits, _ in rows:
            self.octets += size
            flags.append(bits)
        self.messages += len(flags)
        self.unseen += sum([not bits & Flag.SEEN.value for bits in flags])
        self.deleted += sum([bits & Flag.DELETED.value != 0 for bits in flags])


def highest_modseq(tx: Transaction) -> int:
    """The highest mod-sequence ever given in the account."""
    in_use, gone = tx.execute(
        "SELECT (SELECT MAX(modseq) FROM mailbox), (SELECT modseq FROM account)"
    ).fetchone()
    return int(max(in_use or 0, gone))


def came(tx: Transaction, mailbox_id: int, tally: Tally, uidnext: int, modseq: int) -> None:
    """Count new messages at the mailbox's end."""
    tx.execute(
        "UPDATE mailbox SET uidnext = ?, modseq = ?, messages = messages + ?, unseen = unseen + ?,"
        " deleted = deleted + ?, octets = octets + ? WHERE id = ?",
        (
            uidnext,
            modseq,
            tally.messages,
            tally.unseen,
            tally.deleted,
            tally.octets,
            mailbox_id,
        ),
    )


def went(tx: Transaction, mailbox_id: int, tally: Tally, modseq: int) -> None:
    """Discount messages that are no more."""
    tx.execute(
        "UPDATE mailbox SET modseq = ?, messages = messages - ?, unseen = unseen - ?,"
        " deleted = deleted - ?, octets = octets - ? WHERE id = ?",
        (modseq, tally.messages, tally.unseen, tally.deleted, tally.octets, mailbox_id),
    )


def find_first_unseen(tx: Transaction, mailbox_id: int, changed_from: int) -> None:
    """Set `first_unseen` after a change to messages of which the first has the UID `changed_from`.

    All before the first unseen message are seen; so the search begins there, or at the change, and
    costs nothing for what was read long ago.
    """
    unseen, first = tx.execute(
        "SELECT unseen, first_unseen FROM mailbox WHERE id = ?", (mailbox_id,)
    ).fetchone()
    found = None
    if unseen:
        found = tx.execute(
            "SELECT uid FROM message WHERE mailbox = ? AND uid >= ? AND (flags & 1) = 0"
            " ORDER BY uid LIMIT 1",
            (mailbox_id, min(first or changed_from, changed_from)),
        ).fetchone()
    tx.execute(
        "UPDATE mailbox SET first_unseen = ? WHERE id = ?",
        (0 if found is None else found[0], mailbox_id),
    )

"""Where a message with a Message-ID is, by way of the threads: no search, no index of its own."""

from collections.abc import Sequence

from alphorn.store.database import Transaction
from alphorn.store.prepared import identifier_key
from alphorn.store.threads import Threads

MAX_LOOKED_AT = 500
"""Copies in a thread that are looked at, newest first."""


def locate(tx: Transaction, message_id: str) -> Sequence[tuple[int, int]]:
    """(mailbox id, UID) of each copy, in the newest messages of its thread."""
    thread = Threads(tx).of((identifier_key(message_id),))
    if thread is None:
        return ()
    rows = tx.execute(
        "SELECT m.mailbox, m.uid, c.envelope FROM content c JOIN message m ON m.content = c.id"
        " WHERE c.thread = ? ORDER BY c.id DESC LIMIT ?",
        (thread, MAX_LOOKED_AT),
    ).fetchall()
    # An envelope ends with the Message-ID (RFC 9051 §7.5.2); those of the rest of the thread, whose
    # threads it shares, end with theirs.
    end = f'<{message_id}>")'.encode("utf-8", "replace")
    return [(mailbox, uid) for mailbox, uid, envelope in rows if envelope.endswith(end)]

"""Conversations: messages that know each other by Message-ID (RFC 8474 §5.2).

A thread's id is that of its first content. Where a message belongs to several threads they become
one, under the lowest id.
"""

from collections.abc import Sequence

from alphorn.store.database import Transaction

THREAD = (
    "SELECT COALESCE(m.thread, k.thread) FROM thread_key k"
    " LEFT JOIN thread_merge m ON m.old = k.thread WHERE k.key = ?"
)
"""The thread that a key leads to, if any."""


class Threads:
    """The threads of an account, for messages that come in one transaction."""

    __slots__ = ("_known", "_tx")

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._known: dict[int, int | None] = {}

    def knows(self, key: int, thread: int | None) -> None:
        """It has been read already which thread this key leads to."""
        self._known[key] = thread

    def of(self, keys: Sequence[int]) -> int | None:
        """The thread of the message whose keys these are, if it may be here already."""
        return self._thread(keys[0])

    def join(self, keys: Sequence[int], content: int) -> int:
        """The thread that a new message with these keys is in from now on."""
        found = {key: self._thread(key) for key in keys}
        threads = sorted({thread for thread in found.values() if thread is not None})
        thread = threads[0] if threads else content
        for other in threads[1:]:
            self._merge(other, thread)
        for key, known in found.items():
            if known is None:
                self._tx.execute(
                    "INSERT INTO thread_key (key, thread) VALUES (?, ?)", (key, thread)
                )
        self._known.clear()
        return thread

    def _thread(self, key: int) -> int | None:
        if key not in self._known:
            row = self._tx.execute(
                THREAD,
                (key,),
            ).fetchone()
            self._known[key] = None if row is None else row[0]
        return self._known[key]

    def _merge(self, old: int, thread: int) -> None:
        execute = self._tx.execute
        execute("UPDATE content SET thread = ? WHERE thread = ?", (thread, old))
        execute("UPDATE thread_merge SET thread = ? WHERE thread = ?", (thread, old))
        execute("INSERT INTO thread_merge (old, thread) VALUES (?, ?)", (old, thread))

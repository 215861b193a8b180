"""The file of the trace: how events are written, made quick to find, and forgotten.

Rows are appended in the order of time and nothing else is written for them at first: an index over
millions of events costs a page of its own for each entry, which is ten times the row. Instead, when
SEGMENT_EVENTS have come together, they are sealed: their keys are sorted and appended to `lookup`
as one segment. A look-up goes through the segments, newest first, with one search in each, and
through the rows after the last one without an index: large segments make few searches and many
such rows, and a look-up costs least, some tens of milliseconds at ten million events, where both
cost alike. Segments are spans of numbers, hence of time, so that a search between two dates sees
only some, and forgetting takes away whole ones.

A row that comes late, into a span that is sealed already, gets its keys at once.

Everything here runs on a connection of the caller's; the functions make their own transactions.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain

from alphorn.base.trace import TraceEvent, Verdict
from alphorn.store import trace_rows as rows
from alphorn.store.side_file import Upgrade
from alphorn.store.trace_rows import Field, Row

VERSION = 2
SEGMENT_EVENTS = 131_072
SETTLED = 2.0
"""Seconds that a row is left alone before it is sealed: other processes write a bit later."""
INSERT_ROWS = (64, 8, 1)
"""Rows in one statement: between statements the interpreter's lock changes hands, which on a busy
server costs more than the row."""
PURGE_EVENTS = 2000
PURGE_KEYS = 20_000
TAKEN_OVER = 100_000
"""Events that are kept from a file of the first version."""

TABLES = (
    """CREATE TABLE event (
        id INTEGER NOT NULL PRIMARY KEY,
        kind INTEGER NOT NULL,
        transaction_id TEXT NOT NULL,
        sender TEXT NOT NULL,
        recipient TEXT NOT NULL,
        message_id TEXT NOT NULL,
        account_id INTEGER,
        domain TEXT NOT NULL,
        text TEXT NOT NULL,
        facts TEXT NOT NULL,
        transaction_key INTEGER NOT NULL,
        message_key INTEGER NOT NULL,
        sender_key INTEGER NOT NULL,
        recipient_key INTEGER NOT NULL,
        domain_key INTEGER NOT NULL
    )""",
    """CREATE TABLE kind (
        id INTEGER NOT NULL PRIMARY KEY,
        stage TEXT NOT NULL,
        verdict TEXT NOT NULL,
        UNIQUE (stage, verdict)
    )""",
    # Covers the numbers greater than `above`, up to `until`.
    """CREATE TABLE segment (
        id INTEGER NOT NULL PRIMARY KEY,
        above INTEGER NOT NULL,
        until INTEGER NOT NULL
    )""",
    """CREATE TABLE lookup (
        segment INTEGER NOT NULL,
        field INTEGER NOT NULL,
        key INTEGER NOT NULL,
        event INTEGER NOT NULL,
        PRIMARY KEY (segment, field, key, event)
    ) WITHOUT ROWID""",
)
_KEYS = (
    (Field.TRANSACTION, "transaction_key", "transaction_key <> 0"),
    (Field.MESSAGE, "message_key", "message_key <> 0"),
    (Field.ADDRESS, "sender_key", "sender_key <> 0"),
    (Field.ADDRESS, "recipient_key", "recipient_key NOT IN (0, sender_key)"),
    (Field.ACCOUNT, "account_id", "account_id IS NOT NULL"),
    (Field.DOMAIN, "domain_key", "domain_key <> 0"),
    (Field.KIND, "kind", "TRUE"),
)


class Writer:
    """Gives events their numbers and writes them. One for each connection; not thread-safe."""

    def __init__(self, connection: sqlite3.Connection, process: int) -> None:
        """`process` keeps the numbers of this process apart from those of others."""
        self._connection = connection
        self._lowest = process & 0x3FF
        self._same = self._last = -1
        self._kinds: dict[tuple[str, Verdict], int] = {}

    def write(self, events: Iterable[TraceEvent]) -> None:
        """All or none, durable as far as this file is. Raises sqlite3.Error."""
        used: set[int] = set()
        try:
            with _writing(self._connection):
                made = [
                    rows.row_of(event, self._number(event, used), self._kind(event))
                    for event in events
                ]
                _insert(self._connection, made)
                _find_late(self._connection, made)
        except BaseException:
            self._kinds.clear()  # they may be gone with the transaction
            raise

    def _number(self, event: TraceEvent, used: set[int]) -> int:
        """One that no other event in `used` has; those of one time in their order."""
        number = rows.number_at(event.time) | self._lowest
        if number == self._same:
            number = self._last + 1
        else:
            self._same = number
        while number in used:
            number += 1
        used.add(number)
        self._last = number
        return number

    def _kind(self, event: TraceEvent) -> int:
        found = self._kinds.get((event.stage, event.verdict))
        if found is None:
            pair = (event.stage, event.verdict.value)
            self._connection.execute(
                "INSERT OR IGNORE INTO kind (stage, verdict) VALUES (?, ?)", pair
            )
            ((found,),) = self._connection.execute(
                "SELECT id FROM kind WHERE stage = ? AND verdict = ?", pair
            )
            self._kinds[event.stage, event.verdict] = found
        return found


def _insert(connection: sqlite3.Connection, made: list[Row]) -> None:
    connection.execute("SAVEPOINT inserting")
    try:
        at = 0
        for size, statement in _INSERTS:
            while len(made) - at >= size:
                connection.execute(statement, tuple(chain.from_iterable(made[at : at + size])))
                at += size
    except sqlite3.IntegrityError:
        # Another process wrote in the same microsecond, with the same bits below.
        connection.execute("ROLLBACK TO inserting")
        for n, row in enumerate(made):
            made[n] = _insert_beside(connection, row)
    connection.execute("RELEASE inserting")


def _insert_beside(connection: sqlite3.Connection, row: Row) -> Row:
    while True:
        try:
            connection.execute(_INSERT_ONE, row)
        except sqlite3.IntegrityError:
            row = (int(str(row[0])) + 1, *row[1:])
        else:
            return row


_INSERTS = tuple((size, rows.insert(size)) for size in INSERT_ROWS)
_INSERT_ONE = rows.insert(1)
_GREATEST = (1 << 63) - 1


def _find_late(connection: sqlite3.Connection, made: Sequence[Row]) -> None:
    sealed = _sealed(connection)
    for number in (int(str(row[0])) for row in made):
        if number > sealed:
            continue
        ((segment, above),) = connection.execute(
            "SELECT id, above FROM segment WHERE until >= ? ORDER BY until LIMIT 1",
            (number,),
        )
        if above >= number:
            connection.execute("UPDATE segment SET above = ? WHERE id = ?", (number - 1, segment))
        _add_keys(connection, segment, "id = ?", (number,))


def _sealed(connection: sqlite3.Connection) -> int:
    """The greatest number in a segment, -1 for none."""
    return int(connection.execute("SELECT coalesce(max(until), -1) FROM segment").fetchone()[0])


def _add_keys(
    connection: sqlite3.Connection, segment: int, condition: str, values: Sequence[object]
) -> None:
    for field, column, present in _KEYS:
        connection.execute(
            "INSERT INTO lookup (segment, field, key, event)"  # noqa: S608 - names of ours
            f" SELECT ?, ?, {column}, id FROM event WHERE {condition} AND {present}"
            f" ORDER BY {column}, id",
            (segment, int(field), *values),
        )


def seal(connection: sqlite3.Connection) -> bool:
    """Make one more segment, where there are enough events for it that have settled; whether there
    were. Holds the file for half a second. Raises sqlite3.Error."""
    if _next_until(connection) is None:
        return False
    with _writing(connection):
        until = _next_until(connection)  # another process may have been quicker
        if until is None:
            return False
        above = _sealed(connection)
        segment = connection.execute(
            "INSERT INTO segment (above, until) VALUES (?, ?)", (above, until)
        ).lastrowid
        assert segment is not None
        _add_keys(connection, segment, "id > ? AND id <= ?", (above, until))
    return True


def _next_until(connection: sqlite3.Connection) -> int | None:
    """Up to where the next segment would go; None: not yet."""
    row = connection.execute(
        "SELECT id, (SELECT max(id) FROM event) FROM event WHERE id > ? ORDER BY id"
        " LIMIT 1 OFFSET ?",
        (_sealed(connection), SEGMENT_EVENTS - 1),
    ).fetchone()
    if row is None or rows.time_of(row[1]) - rows.time_of(row[0]) < SETTLED:
        return None
    return int(row[0])


@contextmanager
def _writing(connection: sqlite3.Connection) -> Iterator[None]:
    """A transaction that has the file to itself."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def purge_some(connection: sqlite3.Connection, before: float) -> tuple[int, bool]:
    """Forget some of the events before that time; how many, and whether that was all."""
    below = rows.number_at(before)
    cursor = connection.execute(
        "DELETE FROM event WHERE id IN (SELECT id FROM event WHERE id < ? ORDER BY id LIMIT ?)",
        (below, PURGE_EVENTS),
    )
    if cursor.rowcount == PURGE_EVENTS:
        return cursor.rowcount, False
    return cursor.rowcount, not _purge_keys(connection, below)


def _purge_keys(connection: sqlite3.Connection, below: int) -> bool:
    """Forget some keys of a segment whose events are all gone; whether there was one."""
    row = connection.execute(
        "SELECT id FROM segment WHERE until < ? ORDER BY until LIMIT 1", (below,)
    ).fetchone()
    if row is None:
        return False
    found = connection.execute("SELECT min(field) FROM lookup WHERE segment = ?", row).fetchone()
    if found[0] is None:
        connection.execute("DELETE FROM segment WHERE id = ?", row)
        return True
    last = connection.execute(
        "SELECT key FROM lookup WHERE segment = ? AND field = ? ORDER BY key LIMIT 1 OFFSET ?",
        (*row, *found, PURGE_KEYS),
    ).fetchone() or (_GREATEST,)
    connection.execute(
        "DELETE FROM lookup WHERE segment = ? AND field = ? AND key <= ?", (*row, *found, *last)
    )
    return True


def _take_over(connection: sqlite3.Connection) -> None:
    """From the first version, which had an index for everything: the newest events."""
    connection.execute("ALTER TABLE event RENAME TO old_event")
    for statement in TABLES:
        connection.execute(statement)
    connection.execute(
        "INSERT INTO kind (stage, verdict) SELECT DISTINCT stage, verdict FROM"
        " (SELECT stage, verdict FROM old_event ORDER BY time DESC LIMIT ?)",
        (TAKEN_OVER,),
    )
    old = connection.execute(
        "SELECT NULL, transaction_id, sender, recipient, message_id, account_id, domain, text,"
        " facts, stage, verdict, time FROM"
        " (SELECT * FROM old_event ORDER BY time DESC, id DESC LIMIT ?) ORDER BY time, id",
        (TAKEN_OVER,),
    )
    kinds = {
        (stage, verdict): found
        for found, stage, verdict in connection.execute("SELECT id, stage, verdict FROM kind")
    }
    least = -1
    for row in old:
        least = max(rows.number_at(row[11]), least + 1)
        event = rows.event_of((least, *row[1:11]))
        connection.execute(_INSERT_ONE, rows.row_of(event, least, kinds[row[9], row[10]]))
    connection.execute("DROP TABLE old_event")


UPGRADES: dict[int, Upgrade] = {1: _take_over}

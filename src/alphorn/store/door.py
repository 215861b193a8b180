"""What is known of clients that come to the door, shared by all processes: the file, and what the
greylist has seen.

Nothing in it is worth a delivery. It may be lost with the power, it is asked on the event loop, and
whoever asks waits `BUSY_SECONDS` at most. Where it cannot be had for a moment, the next
`PAUSE_SECONDS` it is not even tried: `Unavailable` comes at once, and the caller lets the mail
pass. Rows are counted with each change, so that the file never holds more than it was told to; it
is purged in portions, between which others come to their turn.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alphorn.base.door import Sighting
from alphorn.base.errors import Unavailable
from alphorn.store.side_file import connect, public, transaction

VERSION = 1
WHAT = "The file of what is known at the door"
BUSY_SECONDS = 0.02
PAUSE_SECONDS = 1.0
PORTION = 2000
CACHE_KIB = 8192
"""Numbers lie all over the file; a small one is held as a whole."""
MAX_OF_ORIGIN = 500
"""First tries of one origin that wait at a time; the oldest make room for further ones."""
TABLES = (
    """CREATE TABLE sighting (
        key INTEGER NOT NULL PRIMARY KEY,
        since REAL NOT NULL,
        used REAL NOT NULL,
        passes INTEGER NOT NULL
    )""",
    """CREATE TABLE tally (
        name TEXT NOT NULL PRIMARY KEY,
        good REAL NOT NULL,
        spam REAL NOT NULL,
        unknown REAL NOT NULL,
        refused REAL NOT NULL,
        at REAL NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE offence (
        network TEXT NOT NULL,
        offence TEXT NOT NULL,
        count INTEGER NOT NULL,
        since REAL NOT NULL,
        last REAL NOT NULL,
        level REAL NOT NULL,
        sample TEXT NOT NULL,
        PRIMARY KEY (network, offence)
    ) WITHOUT ROWID""",
    """CREATE TABLE ban (
        network TEXT NOT NULL PRIMARY KEY,
        since REAL NOT NULL,
        until REAL NOT NULL,
        offence TEXT NOT NULL,
        scope TEXT NOT NULL,
        times INTEGER NOT NULL,
        evidence TEXT NOT NULL,
        note TEXT NOT NULL,
        change INTEGER NOT NULL
    )""",
    "CREATE INDEX ban_change ON ban (change)",
    "CREATE TABLE room (name TEXT NOT NULL PRIMARY KEY, taken INTEGER NOT NULL) WITHOUT ROWID",
    "INSERT INTO room VALUES ('sighting', 0), ('tally', 0), ('offence', 0), ('ban', 0)",
)
_LOW_BITS = (1 << 32) - 1
_READ = "SELECT key, since, used, passes FROM sighting WHERE key IN"


class Door:
    """The file, opened at its first use; one thread writes to it at a time, one looks at it. Blocks
    in which it is used raise Unavailable in the place of SQLite's errors."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._connection: sqlite3.Connection | None = None
        self._looking: sqlite3.Connection | None = None
        self._pause_until = 0.0
        self._lock = threading.Lock()
        self._look_lock = threading.Lock()

    @contextmanager
    def using(self) -> Iterator[sqlite3.Connection]:
        """The connection; each statement is a transaction."""
        with self._lock, self._guarded():
            if self._connection is None:
                self._connection = self._open()
            yield self._connection

    @contextmanager
    def looking(self) -> Iterator[sqlite3.Connection]:
        """Another connection, for single reads: it waits for nobody who writes."""
        with self._look_lock, self._guarded():
            if self._looking is None:
                self._looking = self._open()
            yield self._looking

    def look(self, statement: str, values: Sequence[object]) -> list[Any]:
        """What one read on that other connection gives."""
        with self._look_lock:
            if self._pause_until and self._clock() < self._pause_until:
                raise _unusable()
            try:
                if self._looking is None:
                    self._looking = self._open()
                return self._looking.execute(statement, values).fetchall()
            except sqlite3.Error as error:
                self._pause()
                raise public(error, WHAT) from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One that writes; undone where the block raises."""
        with self.using() as connection, transaction(connection):
            yield connection

    def close(self) -> None:
        with self._lock, self._look_lock:
            for connection in (self._looking, self._connection):
                if connection is not None:
                    connection.close()
            self._looking = self._connection = None

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        if self._clock() < self._pause_until:
            raise _unusable()
        try:
            yield
        except sqlite3.Error as error:
            self._pause()
            raise public(error, WHAT) from error

    def _open(self) -> sqlite3.Connection:
        try:
            connection = connect(self._path, TABLES, VERSION, WHAT, BUSY_SECONDS)
        except Unavailable:
            self._pause()
            raise
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        return connection

    def _pause(self) -> None:
        """The file is left alone for a while."""
        self._pause_until = self._clock() + PAUSE_SECONDS


class Sightings:
    """What the greylist has seen, by number. Callable from any thread."""

    def __init__(self, door: Door, max_rows: int = 1_000_000) -> None:
        self._door = door
        self._max_rows = max_rows

    def read(self, keys: Sequence[int]) -> dict[int, Sighting]:
        """Those of the records that there are. Raises Unavailable."""
        rows = self._door.look(f"{_READ} ({','.join('?' * len(keys))})", keys)
        return {key: Sighting(since, used, passes) for key, since, used, passes in rows}

    def write(self, records: Iterable[tuple[int, Sighting]]) -> None:
        """Put the records under their numbers, in one transaction.

        Raises Unavailable, with the code "full" where there is no room; then nothing was changed.
        """
        with self._door.transaction() as connection:
            more = sum(_put(connection, key, seen) for key, seen in records)
            if more > 0 and not grow(connection, "sighting", more, self._max_rows):
                raise full()

    def count(self) -> int:
        """How many records there are. Raises Unavailable."""
        with self._door.using() as connection:
            return taken(connection, "sighting")

    def waiting(self, keys: tuple[int, int]) -> list[Sighting]:
        """First tries that wait, with numbers from the first up to the second of `keys`; oldest
        first, at most `MAX_OF_ORIGIN`. Raises Unavailable."""
        rows = self._door.look(
            "SELECT since, used, passes FROM sighting"
            " WHERE key >= ? AND key < ? AND passes = 0 ORDER BY since LIMIT ?",
            (*keys, MAX_OF_ORIGIN),
        )
        return [Sighting(*row) for row in rows]

    def purge(self, waiting_since: float, used_since: float) -> int:
        """Remove first tries from before `waiting_since`, and whatever else was not used since
        `used_since`; how many there were. Waits for the disk. Raises Unavailable."""
        removed = 0
        after: int | None = -1
        while after is not None:
            after, gone = self._purge_portion(after, waiting_since, used_since)
            removed += gone
        return removed

    def _purge_portion(
        self, after: int, waiting_since: float, used_since: float
    ) -> tuple[int | None, int]:
        """Where the next portion begins, None where this was the last; how many are gone."""
        with self._door.transaction() as connection:
            row = connection.execute(
                "SELECT key FROM sighting WHERE key > ? ORDER BY key LIMIT 1 OFFSET ?",
                (after, PORTION - 1),
            ).fetchone()
            gone = connection.execute(
                "DELETE FROM sighting WHERE key > ? AND key <= ? AND"
                " CASE passes WHEN 0 THEN since < ? ELSE used < ? END",
                (after, row[0] if row else (1 << 63) - 1, waiting_since, used_since),
            ).rowcount
            grow(connection, "sighting", -gone)
        return (row[0] if row else None), gone


def _put(connection: sqlite3.Connection, key: int, seen: Sighting) -> int:
    """How many rows there are more now."""
    values = (seen.since, seen.used, seen.passes, key)
    changed = connection.execute(
        "UPDATE sighting SET since = ?, used = ?, passes = ? WHERE key = ?", values
    ).rowcount
    if changed:
        return 0
    connection.execute(
        "INSERT INTO sighting (since, used, passes, key) VALUES (?, ?, ?, ?)", values
    )
    return 1 - _make_room(connection, key) if not seen.passes else 1


def _make_room(connection: sqlite3.Connection, key: int) -> int:
    """Where an origin has too many first tries, its oldest one goes; how many went."""
    origin = (key & ~_LOW_BITS, key | _LOW_BITS)
    many = connection.execute(
        "SELECT 1 FROM sighting WHERE key BETWEEN ? AND ? AND passes = 0 LIMIT 1 OFFSET ?",
        (*origin, MAX_OF_ORIGIN),
    ).fetchone()
    if many is None:
        return 0
    return connection.execute(
        "DELETE FROM sighting WHERE key = (SELECT key FROM sighting"
        " WHERE key BETWEEN ? AND ? AND passes = 0 ORDER BY since LIMIT 1)",
        origin,
    ).rowcount


def grow(connection: sqlite3.Connection, table: str, rows: int, limit: int | None = None) -> bool:
    """Within a transaction: count rows that a table has got (or lost); False where they are too
    many, and the transaction is to be undone."""
    if not rows:
        return True
    return bool(
        connection.execute(
            "UPDATE room SET taken = taken + ?1"
            " WHERE name = ?2 AND (?3 IS NULL OR taken + ?1 <= ?3)",
            (rows, table, limit),
        ).rowcount
    )


def taken(connection: sqlite3.Connection, table: str) -> int:
    row = connection.execute("SELECT taken FROM room WHERE name = ?", (table,)).fetchone()
    return int(row[0])


def _unusable() -> Unavailable:
    return Unavailable(f"{WHAT} cannot be used for the moment.", code="busy")


def full() -> Unavailable:
    return Unavailable(f"{WHAT} has as many entries as it may.", code="full")

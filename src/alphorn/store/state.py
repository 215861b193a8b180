"""Counters for limits, shared by all processes: how often something happened in the last hour.

They may be lost with the power, never by the death of a process. A window slides: what happened in
the window before counts for the share of it that the last `window_seconds` still cover, so that
nobody gets twice the limit around a full hour. What is refused is not counted: who waits as long
as he is told succeeds.
"""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from alphorn.store.side_file import SideFile

VERSION = 1
TABLES = (
    """CREATE TABLE counter (
        key TEXT NOT NULL PRIMARY KEY,
        began REAL NOT NULL,
        seconds INTEGER NOT NULL,
        current INTEGER NOT NULL,
        previous INTEGER NOT NULL
    ) WITHOUT ROWID""",
)
WHAT = "The file of counters"
MAX_KEY_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Hit:
    """`count` is how many there are in the window, this one included if it was allowed and counted.
    `retry_after` is in seconds, 0 where it is allowed."""

    allowed: bool
    count: int
    retry_after: float


@dataclass(slots=True)
class _Counter:
    began: float
    current: int
    previous: int


class State:
    """The file of counters. Opened at the first use; callable from any thread."""

    def __init__(self, path: Path) -> None:
        self._file = SideFile(path, TABLES, VERSION, WHAT)

    def hit(self, key: str, window_seconds: int, limit: int, amount: int = 1, *, now: float) -> Hit:
        """Count `amount`, if that keeps the count within `limit`; how it stands then.

        Raises Unavailable.
        """
        with self._file.transaction() as connection:
            counter = _read(connection, key, window_seconds, now)
            hit = _judge(counter, window_seconds, limit, amount, now)
            if hit.allowed:
                connection.execute(
                    "INSERT OR REPLACE INTO counter (key, began, seconds, current, previous)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (
                        key[:MAX_KEY_LENGTH],
                        counter.began,
                        window_seconds,
                        counter.current + amount,
                        counter.previous,
                    ),
                )
        return hit

    def peek(
        self, key: str, window_seconds: int, limit: int, amount: int = 1, *, now: float
    ) -> Hit:
        """Whether `hit` would be allowed, without counting. Raises Unavailable."""
        with self._file.using() as connection:
            counter = _read(connection, key, window_seconds, now)
        return _judge(counter, window_seconds, limit, amount, now, counting=False)

    def forget(self, key: str) -> None:
        """As if it had never happened."""
        self._file.change("DELETE FROM counter WHERE key = ?", (key[:MAX_KEY_LENGTH],))

    def purge(self, now: float) -> int:
        """Remove counters that no window reaches any more; how many there were."""
        return self._file.change("DELETE FROM counter WHERE began + 2 * seconds < ?", (now,))

    def close(self) -> None:
        self._file.close()


def _read(connection: sqlite3.Connection, key: str, window: int, now: float) -> _Counter:
    """The counter with its windows moved on to `now`."""
    row = connection.execute(
        "SELECT began, seconds, current, previous FROM counter WHERE key = ?",
        (key[:MAX_KEY_LENGTH],),
    ).fetchone()
    if row is None:
        return _Counter(now, 0, 0)
    began, seconds, current, previous = row
    passed = now - began
    if passed < -seconds or passed >= 2 * window:
        return _Counter(now, 0, 0)  # long ago, or written under a clock that was wrong
    if passed >= window:
        return _Counter(began + window, 0, current)
    return _Counter(began, current, previous)


def _judge(
    counter: _Counter, window: int, limit: int, amount: int, now: float, counting: bool = True
) -> Hit:
    passed = max(0.0, now - counter.began)
    weight = max(0.0, 1 - passed / window)
    count = counter.current + int(counter.previous * weight)
    if count + amount <= limit:
        return Hit(True, count + (amount if counting else 0), 0.0)
    room = limit - amount - counter.current
    if amount > limit:
        wait = float(window)
    elif room >= 0:
        # The window before slides out far enough; one more than fits is what int() cuts off.
        wait = window * (1 - (room + 1) / counter.previous) - passed
    else:
        left = limit - amount
        wait = window - passed + max(0.0, window * (1 - (left + 1) / counter.current))
    return Hit(False, count, max(wait, 0.001))

"""What has come from networks and in the name of domains (`base.door.Tally`), counted in the file
at the door.

Counts are gathered in memory and written together, so that a delivery does not pay for them; a
process that is killed loses those of `FLUSH_SECONDS`.
"""

import logging
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from dataclasses import astuple

from alphorn.base.door import Tally
from alphorn.base.errors import Unavailable
from alphorn.store.door import PORTION, Door, grow
from alphorn.store.side_file import transaction

FLUSH_SECONDS = 2.0
FLUSH_NAMES = 64
MAX_WAITING = 10_000
MAX_NAME = 300
LEAST = 0.1
"""What counts for less is forgotten."""

_READ = "SELECT name, good, spam, unknown, refused, at FROM tally WHERE name IN"
_NOTHING = Tally()
_log = logging.getLogger(__name__)


class History:
    """`half_life`: seconds until something counts half. Callable from any thread."""

    def __init__(self, door: Door, half_life: int, max_rows: int = 500_000) -> None:
        self._door = door
        self._half_life = half_life
        self._max_rows = max_rows
        self._lock = threading.Lock()
        self._waiting: dict[str, Tally] = {}
        self._flushed = 0.0
        self._fails = False  # and the log has been told

    def note(self, names: Sequence[str], what: Tally, now: float) -> None:
        """Count `what` for each name. Never fails; what cannot be written for long is dropped."""
        with self._lock:
            for name in map(_storable, names):
                if len(self._waiting) < MAX_WAITING:
                    before = self._waiting.get(name)
                    self._waiting[name] = what if before is None else before.plus(what)
            many = len(self._waiting) >= FLUSH_NAMES and not self._fails
            due = many or not 0 <= now - self._flushed < FLUSH_SECONDS
            if due:
                self._flushed = now
        if due:
            try:
                self.flush(now)
                self._fails = False
            except Unavailable as error:
                if not self._fails:
                    _log.warning("counts of what came in wait: %s", error.text)
                self._fails = True

    def of(self, names: Sequence[str], now: float) -> list[Tally]:
        """What is known of each, as it counts now; waits for nobody who writes; what is being
        written just then may be missing. Raises Unavailable."""
        names = [_storable(name) for name in names]
        rows = self._door.look(f"{_READ} ({','.join('?' * len(names))})", names)
        found = {name: Tally(*counts) for name, *counts in rows}
        tallies = []
        with self._lock:
            for name in names:
                tally = found.get(name, _NOTHING).faded(now, self._half_life)
                waiting = self._waiting.get(name)
                tallies.append(tally if waiting is None else tally.plus(waiting))
        return tallies

    def flush(self, now: float) -> None:
        """Write what waits. Raises Unavailable; then it waits on."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        try:
            self._write(waiting, now)
        except BaseException:
            with self._lock:
                for name, tally in waiting.items():
                    self._waiting[name] = self._waiting.get(name, _NOTHING).plus(tally)
            raise

    def purge(self, now: float) -> int:
        """Forget what counts for nothing any more; how many names. Raises Unavailable."""
        removed, after = 0, ""
        while True:
            with self._door.using() as connection:
                rows = connection.execute(
                    "SELECT name, good, spam, unknown, refused, at FROM tally"
                    " WHERE name > ? ORDER BY name LIMIT ?",
                    (after, PORTION),
                ).fetchall()
                gone = [
                    (name,)
                    for name, *counts in rows
                    if Tally(*counts).faded(now, self._half_life).weight < LEAST
                ]
                with transaction(connection):  # short, since others are waiting
                    connection.executemany("DELETE FROM tally WHERE name = ?", gone)
                    grow(connection, "tally", -len(gone))
            removed += len(gone)
            if len(rows) < PORTION:
                return removed
            after = rows[-1][0]

    def _write(self, waiting: Mapping[str, Tally], now: float) -> None:
        if not waiting:
            return
        with self._door.transaction() as connection:
            more = sum(self._add(connection, *one, now) for one in waiting.items())
            if not grow(connection, "tally", more, self._max_rows):
                # Whom we know already counts on; strangers wait for the next purge.
                connection.execute("ROLLBACK")
                connection.execute("BEGIN IMMEDIATE")
                for one in waiting.items():
                    self._add(connection, *one, now, only_known=True)

    def _add(
        self,
        connection: sqlite3.Connection,
        name: str,
        what: Tally,
        now: float,
        only_known: bool = False,
    ) -> int:
        """How many rows there are more now."""
        row = connection.execute(
            "SELECT good, spam, unknown, refused, at FROM tally WHERE name = ?", (name,)
        ).fetchone()
        if row is None and only_known:
            return 0
        before = Tally(*row) if row else Tally(at=now)
        after = before.faded(now, self._half_life).plus(what)
        connection.execute(
            "INSERT OR REPLACE INTO tally (name, good, spam, unknown, refused, at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (name, *astuple(after)),
        )
        return row is None


def network_name(network: str) -> str:
    """The name under which a network is counted (`base.network.network_of`)."""
    return "network " + network


def domain_name(domain: str) -> str:
    return "domain " + domain.lower()


def _storable(name: str) -> str:
    """Names from outside may be long and hold lone surrogates, which no database takes."""
    name = name[:MAX_NAME]
    return name if name.isascii() else name.encode(errors="replace").decode()

"""The trace log: what became of each message, kept for some weeks and found by whatever one knows.

Events are added in memory and written in batches by a thread, so that nobody waits for the disk to
tell what he did. What a process had not yet written when it was killed is lost (a fraction of a
second); mail never depends on it. If the file cannot be written, events wait, `MAX_WAITING` of
them; then the oldest are dropped, counted, and the log says so.

Every look-up goes through an index that ends in the time, so that it stays fast however long the
log is.
"""

import json
import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from alphorn.base.errors import Unavailable
from alphorn.base.trace import TraceEvent, Verdict
from alphorn.store.side_file import connect, public

FLUSH_SECONDS = 0.2
FLUSH_EVENTS = 500
MAX_WAITING = 50_000
MAX_TEXT = 1000
PURGE_EVENTS = 2000
VACUUM_PAGES = 1000
VERSION = 1
WHAT = "The trace"
TABLES = (
    """CREATE TABLE event (
        id INTEGER NOT NULL PRIMARY KEY,
        time REAL NOT NULL,
        transaction_id TEXT NOT NULL,
        stage TEXT NOT NULL,
        verdict TEXT NOT NULL,
        text TEXT NOT NULL,
        sender TEXT NOT NULL,
        recipient TEXT NOT NULL,
        message_id TEXT NOT NULL,
        account_id INTEGER,
        domain TEXT NOT NULL,
        facts TEXT NOT NULL
    )""",
    "CREATE INDEX event_time ON event (time)",
    "CREATE INDEX event_transaction ON event (transaction_id, time)",
    "CREATE INDEX event_message ON event (message_id, time) WHERE message_id <> ''",
    "CREATE INDEX event_sender ON event (sender, time) WHERE sender <> ''",
    "CREATE INDEX event_recipient ON event (recipient, time) WHERE recipient <> ''",
    "CREATE INDEX event_account ON event (account_id, time) WHERE account_id IS NOT NULL",
    "CREATE INDEX event_domain ON event (domain, time) WHERE domain <> ''",
    "CREATE INDEX event_verdict ON event (verdict, time)",
)
_RAREST = frozenset(("transaction_id", "message_id"))
_INDEXED_IF_GIVEN = frozenset(("message_id", "sender", "recipient", "domain"))
_COLUMNS = (
    "time, transaction_id, stage, verdict, text, sender, recipient, message_id, account_id,"
    " domain, facts"
)
_INSERT = f"INSERT INTO event ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608

_log = logging.getLogger(__name__)


class TraceLog:
    """The log of an installation. `add` never waits; everything is callable from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: deque[TraceEvent] = deque(maxlen=MAX_WAITING)
        self._dropped = 0
        self._lock = threading.Lock()  # of the connection
        self._connection: sqlite3.Connection | None = None
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, event: TraceEvent) -> None:
        if len(self._waiting) == MAX_WAITING:
            self._dropped += 1
        self._waiting.append(event)
        if self._thread is None:
            self._start()
        if len(self._waiting) >= FLUSH_EVENTS:
            self._wake.set()

    def flush(self) -> None:
        """Write what waits. Raises Unavailable; then it waits on."""
        with self._lock:
            while self._waiting:
                count = min(len(self._waiting), 10 * FLUSH_EVENTS)
                batch = [self._waiting.popleft() for _ in range(count)]
                try:
                    self._write(self._open(), batch)
                except (sqlite3.Error, Unavailable) as error:
                    room = MAX_WAITING - len(self._waiting)
                    self._dropped += max(0, len(batch) - room)
                    self._waiting.extendleft(reversed(batch[-room:] if room else []))
                    if isinstance(error, sqlite3.Error):
                        raise public(error, WHAT) from error
                    raise

    def find(
        self,
        *,
        transaction: str | None = None,
        message_id: str | None = None,
        address: str | None = None,
        account_id: int | None = None,
        domain: str | None = None,
        verdict: Verdict | None = None,
        since: float | None = None,
        until: float | None = None,
        limit: int = 200,
    ) -> list[TraceEvent]:
        """The newest `limit` events that fit everything given, oldest first. Raises Unavailable.

        `address` is compared with sender and recipient, without case. Message-IDs may come with
        or without angle brackets. `since <= time < until`.
        """
        self.flush()
        exactly: list[tuple[str, object]] = [
            (column, value)
            for column, value in (
                ("transaction_id", transaction),
                ("message_id", None if message_id is None else _plain_id(message_id)),
                ("account_id", account_id),
                ("domain", None if domain is None else domain.lower()),
                ("verdict", None if verdict is None else verdict.value),
            )
            if value is not None
        ]
        times = [
            (sql, at) for sql, at in (("time >= ?", since), ("time < ?", until)) if at is not None
        ]
        searches = [exactly]
        if address is not None:
            # Each side by its own index; what is both to and from the address comes once.
            at = sum(column in _RAREST for column, _ in exactly)
            searches = [
                [*exactly[:at], (side, address.lower()), *exactly[at:]]
                for side in ("sender", "recipient")
            ]
        found: dict[int, TraceEvent] = {}
        with self._lock:
            try:
                for search in searches:
                    found.update(_select(self._open(), search, times, limit))
            except sqlite3.Error as error:
                raise public(error, WHAT) from error
        newest = sorted(found.items(), key=lambda item: (item[1].time, item[0]))[-limit:]
        return [event for _, event in newest]

    def purge(self, before: float) -> int:
        """Remove events older than that, in small transactions; how many there were."""
        removed = 0
        while True:
            with self._lock:
                try:
                    cursor = self._open().execute(
                        "DELETE FROM event WHERE id IN"
                        " (SELECT id FROM event WHERE time < ? ORDER BY time LIMIT ?)",
                        (before, PURGE_EVENTS),
                    )
                    removed += cursor.rowcount
                    if cursor.rowcount < PURGE_EVENTS:
                        self._open().executescript(f"PRAGMA incremental_vacuum({VACUUM_PAGES})")
                        return removed
                except sqlite3.Error as error:
                    raise public(error, WHAT) from error

    def close(self) -> None:
        """Write what waits, and give back the file and the thread."""
        self._closing.set()
        self._wake.set()
        with self._starting:
            thread = self._thread
        if thread is not None:
            thread.join(timeout=5)
        try:
            self.flush()
        except Unavailable as error:
            _log.error("%d trace events are lost: %s", len(self._waiting), error.text)
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    # -- inside --

    def _start(self) -> None:
        with self._starting:
            if self._thread is None and not self._closing.is_set():
                self._thread = threading.Thread(target=self._run, name="trace", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        failing = False
        while not self._closing.is_set():
            self._wake.wait(FLUSH_SECONDS)
            self._wake.clear()
            try:
                self.flush()
            except Unavailable as error:
                if not failing:
                    _log.error("the trace cannot be written, events wait: %s", error.text)
                failing = True
                self._closing.wait(1)
            else:
                failing = False
                if self._dropped:
                    _log.error("%d trace events were dropped", self._dropped)
                    self._dropped = 0

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = connect(self._path, TABLES, VERSION, WHAT)
        return self._connection

    @staticmethod
    def _write(connection: sqlite3.Connection, batch: Sequence[TraceEvent]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.executemany(_INSERT, [_row(event) for event in batch])
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _row(event: TraceEvent) -> tuple[object, ...]:
    return (
        event.time,
        event.transaction,
        event.stage,
        event.verdict.value,
        _storable(event.text[:MAX_TEXT]),
        _storable(event.sender.lower()),
        _storable(event.recipient.lower()),
        _storable(_plain_id(event.message_id)[:MAX_TEXT]),
        event.account_id,
        event.domain.lower(),
        json.dumps(dict(event.facts), separators=(",", ":")) if event.facts else "",
    )


def _storable(text: str) -> str:
    """Text from outside may hold lone surrogates, which no database takes."""
    return text if text.isascii() else text.encode(errors="replace").decode()


def _plain_id(message_id: str) -> str:
    return message_id.strip().removeprefix("<").removesuffix(">")


def _select(
    connection: sqlite3.Connection,
    exactly: Sequence[tuple[str, object]],
    times: Sequence[tuple[str, float]],
    limit: int,
) -> dict[int, TraceEvent]:
    """The newest events. Conditions come with the one first that fits the fewest; `+` keeps SQLite,
    which cannot know that, from using the index of another."""
    conditions = [sql for sql, _ in times]
    for n, (column, _) in enumerate(exactly):
        conditions.append(f"{'+' if n else ''}{column} = ?")
    if exactly and exactly[0][0] in _INDEXED_IF_GIVEN:
        conditions.append(f"{exactly[0][0]} <> ''")
    rows = connection.execute(
        f"SELECT id, {_COLUMNS} FROM event WHERE {' AND '.join(conditions) or 'TRUE'}"  # noqa: S608
        " ORDER BY time DESC LIMIT ?",
        (*(at for _, at in times), *(value for _, value in exactly), limit),
    )
    return {row[0]: _event(row[1:]) for row in rows}


def _event(row: Sequence[object]) -> TraceEvent:
    time, transaction, stage, verdict, text, sender, recipient, message_id, account_id, *rest = row
    domain, facts = rest
    return TraceEvent(
        time=float(str(time)),
        transaction=str(transaction),
        stage=str(stage),
        verdict=Verdict(verdict),
        text=str(text),
        sender=str(sender),
        recipient=str(recipient),
        message_id=str(message_id),
        account_id=account_id if isinstance(account_id, int) else None,
        domain=str(domain),
        facts=json.loads(str(facts)) if facts else {},
    )

"""The trace log: what became of each message, kept for some weeks and found by whatever one knows.

Events are added in memory and written in batches by a thread, so that nobody waits for the disk to
tell what he did. What a process had not yet written when it was killed is lost (a fraction of a
second); mail never depends on it. If the file cannot be written, events wait, `MAX_WAITING` of
them; then the oldest are dropped, counted, and the log says so.

`store.trace_file` says how the file is made so that writing costs little and finding is quick.
"""

import logging
import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from alphorn.base.errors import Unavailable
from alphorn.base.trace import TraceEvent, Verdict
from alphorn.store import trace_file, trace_search
from alphorn.store.side_file import connect, public
from alphorn.store.trace_search import Sees

FLUSH_SECONDS = 0.2
FLUSH_EVENTS = 500
MAX_WAITING = 50_000
PURGE_SECONDS = 30.0
"""How long one purge goes on; the next one continues."""
VACUUM_PAGES = 1000
WHAT = "The trace"

_log = logging.getLogger(__name__)


class TraceLog:
    """The log of an installation. `add` never waits; everything is callable from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: deque[TraceEvent] = deque(maxlen=MAX_WAITING)
        self._dropped = 0
        self._lock = threading.Lock()  # of what writes
        self._connection: sqlite3.Connection | None = None
        self._writer: trace_file.Writer | None = None
        self._reading = threading.Lock()
        self._reader: sqlite3.Connection | None = None
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
                    self._open()
                    assert self._writer is not None
                    self._writer.write(batch)
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
        domains: Sequence[str] | None = None,
        stage: str | None = None,
        verdict: Verdict | None = None,
        since: float | None = None,
        until: float | None = None,
        limit: int = 200,
        sees: Sees | None = None,
    ) -> list[TraceEvent]:
        """The newest `limit` events that fit everything given, oldest first.

        `address` is compared with sender and recipient, without case. Message-IDs may come with
        or without angle brackets. `since <= time < until`, in microseconds. `domains`: of any of
        these. `sees` has the last word, about each that fits otherwise. Raises Unavailable, with
        the code "slow" where it takes too much work.
        """
        self.flush()
        conditions = []
        if transaction is not None:
            conditions.append(trace_search.by_transaction(transaction))
        if message_id is not None:
            conditions.append(trace_search.by_message_id(message_id))
        if address is not None:
            conditions.append(trace_search.by_address(address))
        if account_id is not None:
            conditions.append(trace_search.by_account(account_id))
        if domain is not None:
            conditions.append(trace_search.by_domains((domain,)))
        if domains is not None:
            conditions.append(trace_search.by_domains(domains))
        with self._reading:
            try:
                if self._reader is None:
                    self._reader = self._connect()
                if stage is not None or verdict is not None:
                    conditions.append(trace_search.by_kind(self._reader, stage, verdict))
                newest = trace_search.search(self._reader, conditions, since, until, limit, sees)
            except sqlite3.Error as error:
                raise public(error, WHAT) from error
        return newest[::-1]

    def tidy(self) -> None:
        """Make what has come lately quick to find; for one process to do every quarter of a minute.
        The file is free in between. Raises Unavailable."""
        more = True
        while more and not self._closing.is_set():
            with self._lock:
                try:
                    more = trace_file.seal(self._open())
                except sqlite3.Error as error:
                    raise public(error, WHAT) from error

    def purge(self, before: float) -> int:
        """Forget events older than that, in small transactions with pauses between them, for
        PURGE_SECONDS at most; how many there were. Raises Unavailable."""
        removed, done = 0, False
        end = time.monotonic() + PURGE_SECONDS
        while not done and time.monotonic() < end and not self._closing.is_set():
            began = time.monotonic()
            with self._lock:
                try:
                    count, done = trace_file.purge_some(self._open(), before)
                except sqlite3.Error as error:
                    raise public(error, WHAT) from error
            removed += count
            if not done:
                # Half of the time belongs to whoever else wants to write.
                self._closing.wait(time.monotonic() - began)
        with self._lock:
            try:
                self._open().executescript(f"PRAGMA incremental_vacuum({VACUUM_PAGES})")
            except sqlite3.Error as error:
                raise public(error, WHAT) from error
        return removed

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
        with self._lock, self._reading:
            for connection in (self._connection, self._reader):
                if connection is not None:
                    connection.close()
            self._connection = self._reader = self._writer = None

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
            self._connection = self._connect()
            self._writer = trace_file.Writer(self._connection, os.getpid())
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        return connect(
            self._path, trace_file.TABLES, trace_file.VERSION, WHAT, upgrades=trace_file.UPGRADES
        )

"""The queue's file: one SQLite database that several threads and processes use at the same time.

Writes of one process go one after another, and those that wait while another is being made durable
are made durable together (group commit): under load a hundred messages cost one wait for the disk.
Between processes SQLite's own lock decides.

Errors: `Unavailable` with code "busy" (locked for too long), "disk-full", "not-writable" or
"damaged", as the mail store's.
"""

import errno
import os
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from alphorn.base.errors import Unavailable
from alphorn.store.sqlite_errors import unavailable

T = TypeVar("T")
Connection = sqlite3.Connection
Work = Callable[[Connection], T]

SCHEMA_VERSION = 2
BUSY_SECONDS = 10.0
MAX_BATCH = 100
"""Writes made durable together, at most: nobody waits for more than these."""

MAX_READERS = 8
WAL_PAGES = 4000
WAL_OCTETS = 64 << 20
CACHE_KIB = 4096
TRIM_PAGES = 1000

WHAT = "The queue"


class _Job(Generic[T]):
    __slots__ = ("done", "error", "result", "work")

    def __init__(self, work: Work[T]) -> None:
        self.work = work
        self.result: T | None = None
        self.error: BaseException | None = None
        self.done = False


class _Lane:
    """A connection that writes, and what waits to be written through it."""

    __slots__ = ("connection", "pending")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.pending: deque[_Job[Any]] = deque()


class Database:
    """Open it once per process, after forking. Every method may be called from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writing = threading.Lock()
        self._readers: deque[Connection] = deque()
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            durable = self._open("FULL")
            _prepare(durable)
            self._durable = _Lane(durable)
            self._soft = _Lane(self._open("NORMAL"))
        except (sqlite3.Error, OSError) as error:
            raise _public(error) from error

    def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction that is durable on return; on an error nothing happened.

        `work` gets the connection, must be short, and does not commit.
        """
        return self._write(self._durable, work)

    def write_soft(self, work: Work[T]) -> T:
        """The same, without waiting for the disk: a power failure may undo it, as a whole and
        never without what was written softly after it. For claims, which mean nothing after one."""
        return self._write(self._soft, work)

    def read(self, work: Work[T]) -> T:
        """Run `work` on one consistent state of the queue."""
        connection = self._reader()
        try:
            connection.execute("BEGIN")
            try:
                return work(connection)
            finally:
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise _public(error) from error
        finally:
            if len(self._readers) < MAX_READERS:
                self._readers.append(connection)
            else:
                connection.close()

    def _reader(self) -> Connection:
        try:
            return self._readers.pop()
        except IndexError:
            pass
        try:
            return self._open("FULL")
        except sqlite3.Error as error:
            raise _public(error) from error

    def trim(self) -> int:
        """Give some unused pages of the file back to the disk; how many are left. Cheap: called
        now and then."""

        def work(connection: Connection) -> int:
            connection.execute(f"PRAGMA incremental_vacuum({TRIM_PAGES})").fetchall()
            (left,) = connection.execute("PRAGMA freelist_count").fetchone()
            return int(left)

        return self.write_soft(work)

    def close(self) -> None:
        with self._writing:
            self._durable.connection.close()
            self._soft.connection.close()
        while self._readers:
            self._readers.pop().close()

    def _open(self, synchronous: str) -> Connection:
        connection = sqlite3.connect(
            self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        # How pages are freed can be chosen only while the file is empty; later this would write to
        # it, each time, and fail on a full disk.
        if connection.execute("PRAGMA page_count").fetchone() == (0,):
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_OCTETS}")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        return connection

    def _write(self, lane: _Lane, work: Work[T]) -> T:
        job = _Job(work)
        lane.pending.append(job)
        # Whoever gets the lock writes for all that wait in the lane, so most find theirs done.
        with self._writing:
            while not job.done:
                count = min(len(lane.pending), MAX_BATCH)
                _commit(lane.connection, [lane.pending.popleft() for _ in range(count)])
        if job.error is not None:
            if isinstance(job.error, sqlite3.Error):
                raise _public(job.error) from job.error
            raise job.error
        return cast(T, job.result)


def _commit(connection: Connection, jobs: Sequence[_Job[Any]]) -> None:
    """One transaction for all jobs; a job that fails is undone alone. Never raises a job's error.

    Some errors (a full disk) make SQLite undo everything: then all of the jobs have failed.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
        for job in jobs:
            _run(connection, job)
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        for job in jobs:
            job.error = job.error or error
    finally:
        for job in jobs:
            job.done = True


def _run(connection: Connection, job: _Job[Any]) -> None:
    """Raises sqlite3.Error where the whole transaction is gone."""
    connection.execute("SAVEPOINT job")
    try:
        job.result = job.work(connection)
    except BaseException as error:
        job.error = error
        if not connection.in_transaction:
            if isinstance(error, sqlite3.Error):
                raise
            raise sqlite3.OperationalError("a write ended the transaction") from error
        connection.execute("ROLLBACK TO job")
    connection.execute("RELEASE job")


def _prepare(connection: Connection) -> None:
    """Make the tables where there are none. Raises Unavailable for a newer version's file."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise Unavailable(
                "The queue was written by a newer version of Alphorn.", code="newer-version"
            )
        if version == 1:
            connection.execute("ALTER TABLE message ADD COLUMN gateway TEXT NOT NULL DEFAULT ''")
        if version == 0:
            schema = resources.files("alphorn.queue").joinpath("schema.sql").read_text("utf-8")
            for statement in _statements(schema):
                connection.execute(statement)
        if version != SCHEMA_VERSION:
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _statements(script: str) -> list[str]:
    """The statements of a script; `executescript` would commit the transaction around it."""
    statements = []
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            statements.append(statement)
            statement = ""
    return statements


def _public(error: sqlite3.Error | OSError) -> Exception:
    """What callers are told: Unavailable, or the error itself where it is a mistake of ours."""
    if isinstance(error, sqlite3.Error):
        return unavailable(error, WHAT) or error
    if error.errno == errno.ENOSPC:
        return Unavailable(f"There is no space on the disk to write {WHAT}.", code="disk-full")
    return Unavailable(f"{WHAT} cannot be opened for writing.", code="not-writable")

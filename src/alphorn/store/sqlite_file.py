"""One account's SQLite file: its connections, its transactions, its write-ahead log.

A process has one writing connection to an open account, behind a lock, and as many reading ones as
threads read at the same time (one that is free is kept), so that a short read on the event loop
never waits for a commit. Other processes are kept apart by SQLite's own locks.

`synchronous=FULL` makes a commit durable when it returns. The log is moved into the file
(checkpoint) by whoever looks after the store in the background; when nobody does, by the writer
itself once the log has `LOG_PAGES`.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from alphorn.base.errors import AlphornError
from alphorn.store import schema
from alphorn.store.database import Transaction
from alphorn.store.errors import no_such_account
from alphorn.store.sqlite_errors import busy, damaged, unavailable
from alphorn.store.sqlite_rows import Connection

BUSY_SECONDS = 10.0
"""How long a writer waits for others before it gives up with Unavailable("busy")."""
PAGE_OCTETS = 4096
LOG_PAGES = 1000
LOG_OCTETS = 4 << 20
"""What is left of the log's file after a checkpoint; the rest is given back. Writing over what is
there is made durable in half the time that it takes to make the file longer."""
FREE_PAGES = 64
FREE_SHARE = 50
"""So many free pages, or one in so many, are left for messages to come."""
VACUUM_PAGES = 256
"""Pages that are given back in one transaction."""
STATEMENTS = 64
"""Prepared statements that a connection keeps: all that are used often."""
MINIMUM_VERSION = (3, 37, 0)
"""What Debian 12 and the Pythons of python.org bring; older ones lack things this room uses."""

_READER_SETTINGS = ("PRAGMA cache_size = -256", "PRAGMA temp_store = MEMORY")
_WRITER_SETTINGS = (
    "PRAGMA cache_size = -1024",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = FAST",
    f"PRAGMA wal_autocheckpoint = {LOG_PAGES}",
    f"PRAGMA journal_size_limit = {LOG_OCTETS}",
)


Fill = Sequence[tuple[str, tuple[object, ...]]]
"""Statements with their parameters."""

Identity = tuple[int, int]
"""Device and inode of a file, to notice that another process has removed it."""


def check_library() -> None:
    """Raise RuntimeError where the SQLite library that Python was built with will not do."""
    if sqlite3.sqlite_version_info < MINIMUM_VERSION:
        needed = ".".join(map(str, MINIMUM_VERSION))
        raise RuntimeError(
            f"Alphorn needs SQLite {needed} or later; this Python has {sqlite3.sqlite_version}."
        )
    probe = sqlite3.connect(":memory:")
    try:
        probe.execute("SELECT json_group_array(value) FROM json_each('[1]')").fetchone()
    except sqlite3.OperationalError as error:
        raise RuntimeError("Alphorn needs an SQLite that was built with JSON.") from error
    finally:
        probe.close()


class AccountFile:
    """The connections to one account's file, as `database.Database`."""

    __slots__ = (
        "_lock",
        "_packing",
        "_readers",
        "_writer",
        "_wrote",
        "account_id",
        "identity",
        "name",
        "path",
        "retired",
        "seen",
        "used",
    )

    def __init__(
        self,
        path: Path,
        account_id: int,
        identity: Identity,
        wrote: Callable[["AccountFile"], None],
    ) -> None:
        """`wrote` is called after each commit; it must not block or raise."""
        self.path = path
        self.account_id = account_id
        self.name = f"The mail of account {account_id}"
        self.identity = identity
        self.seen = 0.0
        self.used = 0.0
        """Monotonic time of the last look at the identity, and of the last transaction."""
        self.retired = False
        """No connection is kept any more once it is free."""
        self._packing = threading.Lock()
        self._wrote = wrote
        self._lock = threading.Lock()
        self._writer: Connection | None = None
        self._readers: list[Connection] = []

    # -- transactions --

    @contextmanager
    def glancing(self) -> Iterator[Transaction]:
        connection = self._reader()
        try:
            yield connection
        except sqlite3.Error as error:
            connection.close()
            raise self._failure(error) from error
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._free(connection)
            raise
        self._free(connection)

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        with self.glancing() as transaction:
            transaction.execute("BEGIN")
            yield transaction
            transaction.execute("COMMIT")

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        if not self._lock.acquire(timeout=BUSY_SECONDS):
            raise busy(self.name)
        try:
            self.used = time.monotonic()
            connection = self._writer
            if connection is None:
                connection = self._writer = self._open(writing=True)
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                self._undo(connection)
                raise
        except sqlite3.Error as error:
            raise self._failure(error) from error
        finally:
            if self.retired and self._writer is not None:
                self._writer.close()
                self._writer = None
            self._lock.release()
        self._wrote(self)

    def packing(self) -> AbstractContextManager[object]:
        return self._packing

    def _undo(self, connection: Connection) -> None:
        """Roll back; a connection that cannot even do that is given up."""
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:
            connection.close()
            self._writer = None

    def _failure(self, error: sqlite3.Error) -> Exception:
        return unavailable(error, self.name) or error

    # -- connections --

    def _reader(self) -> Connection:
        self.used = time.monotonic()
        try:
            return self._readers.pop()
        except IndexError:
            return self._open(writing=False)

    def _free(self, connection: Connection) -> None:
        if self.retired or self._readers:
            connection.close()
        else:
            self._readers.append(connection)

    def _open(self, *, writing: bool) -> Connection:
        try:
            connection = connect(self.path, writing=writing)
        except sqlite3.Error as error:
            if not self.path.exists():
                raise no_such_account(self.account_id) from error
            raise self._failure(error) from error
        try:
            _migrate(connection, self.name)
        except sqlite3.Error as error:
            connection.close()
            raise self._failure(error) from error
        except AlphornError:
            connection.close()
            raise
        return connection

    # -- upkeep --

    def damage(self) -> Sequence[str]:
        with self.glancing() as transaction:
            found = transaction.execute("PRAGMA integrity_check").fetchall()
        return [text for (text,) in found if text != "ok"]

    def tidy(self) -> None:
        """Give the file's free pages back where they are many."""
        with self.glancing() as transaction:
            (free,) = transaction.execute("PRAGMA freelist_count").fetchone()
            (pages,) = transaction.execute("PRAGMA page_count").fetchone()
        spare = max(FREE_PAGES, pages // FREE_SHARE)
        if free <= spare:
            return
        for start in range(0, free - spare // 2, VACUUM_PAGES):
            with self.writing() as transaction:
                for _ in range(min(VACUUM_PAGES, free - spare // 2 - start)):
                    # One page a call: sqlite3 lets a statement without columns take one step.
                    transaction.execute("PRAGMA incremental_vacuum(1)")

    def checkpoint(self, *, truncate: bool = False) -> None:
        """Move the log into the file, as far as readers and other processes allow at once.

        `truncate` also empties the log's file. Writers are not held up: they wait for nothing but
        another `truncate`.
        """
        mode = "TRUNCATE" if truncate else "PASSIVE"
        with self.glancing() as connection:
            connection.execute("PRAGMA busy_timeout = 0")
            connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
            connection.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")

    def close(self) -> None:
        """Close all connections, those in use as soon as they are free. May be used again."""
        self.retired = True
        while self._readers:
            try:
                self._readers.pop().close()
            except IndexError:  # another thread took it
                break
        if self._lock.acquire(blocking=False):
            try:
                if self._writer is not None:
                    self._writer.close()
                    self._writer = None
            finally:
                self._lock.release()


def connect(path: Path, *, writing: bool, create: bool = False) -> Connection:
    """A connection in autocommit mode, with everything set that a file does not remember."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={'rwc' if create else 'rw'}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=STATEMENTS,
        factory=Connection,
    )
    try:
        for setting in _WRITER_SETTINGS if writing else _READER_SETTINGS:
            connection.execute(setting)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def make(path: Path, fill: Fill) -> None:
    """A new file with the tables and these first rows, in write-ahead mode. Not yet durable."""
    try:
        _make(path, fill)
    except sqlite3.Error as error:
        raise unavailable(error, "A new account") or error from error


def _make(path: Path, fill: Fill) -> None:
    connection = connect(path, writing=True, create=True)
    try:
        connection.execute(f"PRAGMA page_size = {PAGE_OCTETS}")
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN")
        for statement in schema.TABLES:
            connection.execute(statement)
        for sql, parameters in fill:
            connection.execute(sql, parameters)
        connection.execute(f"PRAGMA user_version = {schema.VERSION}")
        connection.execute("COMMIT")
    finally:
        connection.close()


def _migrate(connection: Connection, name: str) -> None:
    """Lead the file on to the version this program knows."""
    version = _version(connection)
    if version == schema.VERSION:
        return
    if version > schema.VERSION or version < 1:
        raise damaged(f"{name} (version {version} of its tables, which this program does not know)")
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in range(_version(connection), schema.VERSION):
            for statement in schema.MIGRATIONS[step]:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {schema.VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _version(connection: Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])

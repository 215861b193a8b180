"""SQLite files beside the accounts' that may lose their last moments: written without waiting for
the disk, shared by all processes, whole again after a process is killed.

`SideFile` is one for a process; whoever needs more of its connection than that calls `connect`.
"""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from alphorn.base.errors import Unavailable
from alphorn.store.sqlite_errors import damaged, unavailable

BUSY_SECONDS = 5.0
NOTHING: Mapping[int, "Upgrade"] = MappingProxyType({})


Upgrade = Callable[[sqlite3.Connection], None]
"""Makes the tables of the present version out of those of an older one, in a transaction."""


class SideFile:
    """The file, opened at its first use; one thread has it at a time, the others wait.

    Parameters are those of `connect`. Methods raise Unavailable, and blocks in which the file is
    used raise it in the place of SQLite's errors.
    """

    __slots__ = (
        "_busy_seconds", "_connection", "_lock", "_path", "_tables", "_upgrades", "_version",
        "_what",
    )  # fmt: skip

    def __init__(
        self,
        path: Path,
        tables: Sequence[str],
        version: int,
        what: str,
        busy_seconds: float | None = None,
        upgrades: Mapping[int, Upgrade] = NOTHING,
    ) -> None:
        self._path = path
        self._tables = tables
        self._version = version
        self._what = what
        self._busy_seconds = busy_seconds
        self._upgrades = upgrades
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    @contextmanager
    def using(self) -> Iterator[sqlite3.Connection]:
        """The connection; each statement is a transaction."""
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = connect(
                        self._path,
                        self._tables,
                        self._version,
                        self._what,
                        self._busy_seconds,
                        self._upgrades,
                    )
                yield self._connection
            except sqlite3.Error as error:
                raise public(error, self._what) from error

    @contextmanager
    def transaction(self, *, write: bool = True) -> Iterator[sqlite3.Connection]:
        """One transaction; undone where the block raises."""
        with self.using() as connection, transaction(connection, write=write):
            yield connection

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        """What a statement gives."""
        with self.using() as connection:
            return connection.execute(statement, values).fetchall()

    def change(self, statement: str, values: Sequence[object] = ()) -> int:
        """Of how many rows."""
        with self.using() as connection:
            return connection.execute(statement, values).rowcount

    def close(self) -> None:
        """It may be used again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


@contextmanager
def transaction(connection: sqlite3.Connection, *, write: bool = True) -> Iterator[None]:
    """Undone where the block raises. A block may end it and begin another one."""
    connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def connect(
    path: Path,
    tables: Sequence[str],
    version: int,
    what: str,
    busy_seconds: float | None = None,
    upgrades: Mapping[int, Upgrade] = NOTHING,
) -> sqlite3.Connection:
    """Open the file, making it (mode 0600) with these tables where it is new.

    The connection is in autocommit mode and may be used by one thread at a time. `what` is how
    people call the file. `busy_seconds` is how long others may keep it locked, else
    `BUSY_SECONDS`. `upgrades` are by the version that they begin with. Raises Unavailable.
    """
    wait = BUSY_SECONDS if busy_seconds is None else busy_seconds
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        connection = sqlite3.connect(
            path, timeout=wait, isolation_level=None, check_same_thread=False
        )
    except (OSError, sqlite3.Error) as error:
        # Its place is in the cause: the text may be told to strangers.
        raise Unavailable(f"{what} cannot be opened.", code="not-writable") from error
    try:
        # Of use in an empty file only; later it would write, and fail on a full disk.
        if connection.execute("PRAGMA page_count").fetchone() == (0,):
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_size_limit = 4194304")
        _prepare(connection, tables, version, what, upgrades)
    except sqlite3.Error as error:
        connection.close()
        raise public(error, what) from error
    except Unavailable:
        connection.close()
        raise
    return connection


def public(error: sqlite3.Error, what: str) -> Exception:
    """What to raise instead of SQLite's error; itself where it is a fault of ours."""
    return unavailable(error, what) or error


def _prepare(
    connection: sqlite3.Connection,
    tables: Sequence[str],
    version: int,
    what: str,
    upgrades: Mapping[int, Upgrade],
) -> None:
    if _version(connection) == version:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = _version(connection)
        if found in upgrades:
            upgrades[found](connection)
        elif found == 0:
            for statement in tables:
                connection.execute(statement)
        elif found != version:
            raise damaged(f"{what} (version {found}, which this program does not know)")
        if found != version:
            connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])

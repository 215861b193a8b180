"""SQLite files beside the accounts' that may lose their last moments: written without waiting for
the disk, shared by all processes, whole again after a process is killed."""

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from alphorn.base.errors import Unavailable
from alphorn.store.sqlite_errors import damaged, unavailable

BUSY_SECONDS = 5.0


def connect(
    path: Path, tables: Sequence[str], version: int, what: str, busy_seconds: float | None = None
) -> sqlite3.Connection:
    """Open the file, making it (mode 0600) with these tables where it is new.

    The connection is in autocommit mode and may be used by one thread at a time. `what` is how
    people call the file. `busy_seconds` is how long others may keep it locked, else
    `BUSY_SECONDS`. Raises Unavailable.
    """
    wait = BUSY_SECONDS if busy_seconds is None else busy_seconds
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        connection = sqlite3.connect(
            path, timeout=wait, isolation_level=None, check_same_thread=False
        )
    except (OSError, sqlite3.Error) as error:
        raise Unavailable(f"{what} cannot be opened: {error}.", code="not-writable") from error
    try:
        # Of use in an empty file only; later it would write, and fail on a full disk.
        if connection.execute("PRAGMA page_count").fetchone() == (0,):
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_size_limit = 4194304")
        _prepare(connection, tables, version, what)
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
    connection: sqlite3.Connection, tables: Sequence[str], version: int, what: str
) -> None:
    if _version(connection) == version:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = _version(connection)
        if found not in (0, version):
            raise damaged(f"{what} (version {found}, which this program does not know)")
        if found == 0:
            for statement in tables:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])

"""What SQLite's errors mean to a caller: a passing condition with a code, or a fault of ours."""

import sqlite3

from alphorn.base.errors import Unavailable

_BUSY = frozenset((sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL))
_DAMAGED = frozenset((sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT))
# Writing failed though the file is in order: no space, over a quota, or over a file size limit.
_CANNOT_WRITE = frozenset(
    (
        sqlite3.SQLITE_IOERR_WRITE,
        sqlite3.SQLITE_IOERR_FSYNC,
        sqlite3.SQLITE_IOERR_DIR_FSYNC,
        sqlite3.SQLITE_IOERR_TRUNCATE,
        sqlite3.SQLITE_IOERR_SHMSIZE,
        sqlite3.SQLITE_IOERR_SHMMAP,
        sqlite3.SQLITE_IOERR_SHMOPEN,
    )
)


def busy(what: str) -> Unavailable:
    return Unavailable(f"{what} is in use by others for too long; try again later.", code="busy")


def damaged(what: str) -> Unavailable:
    return Unavailable(f"{what} is damaged and must be repaired or restored.", code="damaged")


def unavailable(error: sqlite3.Error, what: str) -> Unavailable | None:
    """The error to raise to callers, or None where `error` is no passing condition but a bug."""
    extended = getattr(error, "sqlite_errorcode", None)
    if extended is None:
        return None
    primary = extended & 0xFF
    if primary in _BUSY:
        return busy(what)
    if primary == sqlite3.SQLITE_FULL or extended in _CANNOT_WRITE:
        return Unavailable(f"There is no space on the disk to write {what}.", code="disk-full")
    if primary in _DAMAGED:
        return damaged(what)
    if primary == sqlite3.SQLITE_IOERR:
        return Unavailable(f"The disk failed while {what} was read or written.", code="damaged")
    if primary in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return Unavailable(f"{what} cannot be opened for writing.", code="not-writable")
    if primary == sqlite3.SQLITE_NOMEM:
        return Unavailable(f"There is not enough memory to open {what}.", code="busy")
    return None

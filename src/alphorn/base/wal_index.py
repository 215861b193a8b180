"""Whether anybody has committed to a SQLite database, for the price of comparing 48 octets.

In WAL mode readers and writers share the file "-shm"; its first 48 octets change with every commit
of whichever process, and are what SQLite itself compares ("WAL-mode File Format" §2.1). Looked at
through a mapping of our own they cost a tenth of a microsecond and no system call, where asking
SQLite costs some four and lets go of the interpreter, so that threads queue up behind each other.
A head that is being written while it is read differs from both; whoever sees that asks SQLite.

A process that closes any descriptor of a file gives up all its POSIX locks on it, and SQLite's
locks lie on this very file. So what is opened here stays open as long as the file has a name: the
last connection that is closed, of whichever process, takes that away.
"""

import mmap
import os
from pathlib import Path
from threading import Lock

HEAD = 48

_held: dict[tuple[int, int], tuple[int, mmap.mmap]] = {}
"""Descriptors and mappings, by device and inode."""
_lock = Lock()


def head_of(database: Path) -> mmap.mmap | None:
    """The mapped head of the database's WAL index; None where it has none that can be mapped. To be
    asked for by who has the database open, and has read from it."""
    path = f"{database}-shm"
    try:
        with _lock:
            found = os.stat(path)
            key = found.st_dev, found.st_ino
            if key not in _held:
                _let_go()
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                opened = os.fstat(descriptor)
                key = opened.st_dev, opened.st_ino
                _held[key] = descriptor, mmap.mmap(descriptor, HEAD, access=mmap.ACCESS_READ)
            return _held[key][1]
    except (OSError, ValueError):  # not in WAL mode, or too short
        return None


def _let_go() -> None:
    """Of files without a name, which nobody has locked. Who still compares a mapping keeps it."""
    for key, (descriptor, _) in list(_held.items()):
        if not os.fstat(descriptor).st_nlink:
            del _held[key]
            os.close(descriptor)

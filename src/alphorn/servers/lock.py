"""Only one service uses a data folder; who wants to talk to it finds its process number here.

The lock belongs to an open file and goes with the process, however that ends; the supervisor hands
it on when it replaces its program.
"""

import fcntl
import os
from pathlib import Path

from alphorn.base.errors import Refused

FILE_NAME = "alphorn.pid"
MAX_PID = 20


def take(folder: Path) -> int:
    """The handle of the lock. Raises Refused, and names the process which has it."""
    # The service may still be root, and the folder its lesser user's: no link leads elsewhere.
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        within = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            handle = os.open(FILE_NAME, flags, 0o600, dir_fd=within)
        finally:
            os.close(within)
    except OSError as error:
        raise Refused(
            f"{folder / FILE_NAME} cannot be used: {error.strerror}.", code="lock"
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        pid = _read(handle)
        os.close(handle)
        raise Refused(
            f"Alphorn runs already with this data (process {pid}).", code="running"
        ) from error
    os.ftruncate(handle, 0)
    os.pwrite(handle, b"%d\n" % os.getpid(), 0)
    return handle


def holder(folder: Path) -> int | None:
    """The process number of the service that uses this data, or None."""
    try:
        handle = os.open(folder / FILE_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(handle)
    finally:
        os.close(handle)
    return None


def _read(handle: int) -> int | None:
    text = os.pread(handle, MAX_PID, 0).strip()
    return int(text) if text.isdigit() else None

"""The file of the installation's model: what all accounts together have learned of spam.

The file is never changed, only replaced: a `spam.table` and behind it a trailer with what has gone
into it and a checksum. Readers map it and take up a new one when they see it; who writes holds a
lock beside it, copies, and renames. So a reader never sees half of anything, and a process that is
killed, or a power cut, leaves the old file or the new one.

A file that is not whole or not of this version is set aside under another name, with a word in the
log, and learning begins anew.
"""

import fcntl
import logging
import mmap
import os
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from alphorn.base.errors import Unavailable
from alphorn.spam import table
from alphorn.spam.classifier import Counts, Rates
from alphorn.spam.table import Table, TableError

LOOK_SECONDS = 2.0
"""How long a reader relies on the file that it has mapped."""
ASIDE = ".damaged"
LOCK = ".lock"
DRAFT = ".new"

_TRAILER = struct.Struct("<8s16sQI4x")
_MAGIC = b"AHMODEL1"
_NOBODY = bytes(16)

_log = logging.getLogger(__name__)


class Place(NamedTuple):
    """How far a file of lessons has gone into the model: which file, and its last lesson."""

    origin: bytes
    last: int


class _Nothing:
    """Counts before anything was learned."""

    def totals(self) -> tuple[int, int]:
        return 0, 0

    def lookup(self, keys: Sequence[int]) -> Sequence[tuple[int, int]]:
        return [(0, 0)] * len(keys)


class SpamModel:
    """Callable from any thread; any number of processes may use one file."""

    def __init__(self, path: Path, *, bits: int = table.DEFAULT_BITS) -> None:
        """`bits` sizes a new table. Touches nothing yet."""
        self._path = path
        self._bits = bits
        self._lock = threading.Lock()
        self._looked = 0.0
        self._seen: tuple[int, ...] = ()
        self._counts: Counts = _Nothing()

    def counts(self) -> Counts:
        """What is known now, or was a moment ago. Never raises; costs nothing between looks."""
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS and self._lock.acquire(blocking=False):
            try:
                self._look()
                self._looked = now
            finally:
                self._lock.release()
        return self._counts

    def refresh(self) -> None:
        """Look now."""
        with self._lock:
            self._look()
            self._looked = time.monotonic()

    def write(self, change: Callable[[Table, Place], Place | None]) -> bool:
        """Give `change` a copy of the table to learn into, and how far lessons have gone into it;
        what it returns is how far they have then. None: there was nothing to do.

        Whether the file is new. Waits for other writers. Raises Unavailable where the file cannot
        be written; it is as before then.
        """
        with self._alone():
            buffer, place = self._copy()
            made = Table(buffer)
            after = change(made, place)
            if after is None:
                return False
            self._replace(buffer, after)
        self.refresh()
        return True

    def place(self) -> Place:
        """How far lessons have gone into the file."""
        found = self._open()
        return Place(_NOBODY, 0) if found is None else _trailer(found)[0]

    # -- reading --

    def _look(self) -> None:
        try:
            status = os.stat(self._path)
        except OSError:
            self._seen, self._counts = (), _Nothing()
            return
        seen = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        if seen == self._seen:
            return
        mapped = self._open()
        if mapped is None:
            self._seen, self._counts = (), _Nothing()
        else:
            self._counts = Rates(Table(memoryview(mapped)[: -_TRAILER.size]))
            self._seen = seen

    def _open(self) -> mmap.mmap | None:
        """The file mapped, whole and of this version; any other is set aside."""
        try:
            handle = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            mapped = mmap.mmap(handle, 0, access=mmap.ACCESS_READ)
            _check(mapped)
        except (OSError, ValueError) as error:
            self._set_aside(handle, error)
            return None
        finally:
            os.close(handle)
        return mapped

    def _set_aside(self, handle: int, error: Exception) -> None:
        """Unless another process has already, and there is a new one in its place."""
        aside = self._path.with_name(self._path.name + ASIDE)
        with suppress(OSError):
            if os.path.samestat(os.fstat(handle), os.stat(self._path)):
                os.replace(self._path, aside)
                _log.error(
                    "the model of spam cannot be used (%s); it is set aside as %s, and learning"
                    " begins anew",
                    error,
                    aside,
                )

    # -- writing --

    @contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            handle = os.open(
                self._path.with_name(self._path.name + LOCK),
                os.O_RDWR | os.O_CREAT | os.O_CLOEXEC,
                0o600,
            )
        except OSError as error:
            raise self._unavailable(error) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _copy(self) -> tuple[bytearray, Place]:
        mapped = self._open()
        if mapped is None:
            buffer = bytearray(table.size(self._bits))
            Table.create(buffer, self._bits)
            return buffer, Place(_NOBODY, 0)
        place = _trailer(mapped)[0]
        buffer = bytearray(memoryview(mapped)[: -_TRAILER.size])
        return buffer, place

    def _replace(self, buffer: bytearray, place: Place) -> None:
        draft = self._path.with_name(self._path.name + DRAFT)  # ours alone under the lock
        trailer = _TRAILER.pack(_MAGIC, place.origin, place.last, zlib.crc32(buffer))
        try:
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(buffer)
                    file.write(trailer)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(draft, self._path)
            finally:
                draft.unlink(missing_ok=True)
            folder = os.open(self._path.parent, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: OSError) -> Unavailable:
        return Unavailable(
            f"The model of spam cannot be written: {error.strerror}.", code="not-writable"
        )


def _check(mapped: mmap.mmap) -> None:
    """Raises ValueError (a TableError is one) for what is not whole."""
    if len(mapped) <= _TRAILER.size:
        raise TableError("too short")
    _, checksum = _trailer(mapped)
    with memoryview(mapped) as view, view[: -_TRAILER.size] as octets:
        if zlib.crc32(octets) != checksum:
            raise TableError("its checksum is wrong")
    Table(memoryview(mapped)[: -_TRAILER.size])


def _trailer(mapped: mmap.mmap) -> tuple[Place, int]:
    magic, origin, last, checksum = _TRAILER.unpack_from(mapped, len(mapped) - _TRAILER.size)
    if magic != _MAGIC:
        raise TableError("not a model")
    return Place(origin, last), checksum

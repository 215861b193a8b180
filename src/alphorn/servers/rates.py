"""How often clients connect, over all workers: one number for each network, in a mapped file.

The number is the moment up to which a network has used up what it may do: each connection moves it
on by a share of the window, and when it lies a whole window ahead, the next connection has to wait.
That counts exactly, costs about a microsecond, and needs neither a lock (two workers that write
the same number at once lose one connection from the count) nor a purge. Networks are told apart by
a keyed hash; two that meet in one of `PLACES` share a limit, and nobody can choose to.

The file is worth nothing after the service ends; a command can look into it while it runs.
"""

import fcntl
import mmap
import os
from hashlib import blake2b
from pathlib import Path

from alphorn.base.errors import Unavailable
from alphorn.base.network import network_of

PLACES = 1 << 16
_MAGIC = b"alphorn rates 1\n"
_KEY_OCTETS = 16
_HEADER = len(_MAGIC) + _KEY_OCTETS
_OCTETS = _HEADER + PLACES * 8


class Rates:
    """`limit` connections from one network within `window` seconds. Times are seconds UTC."""

    def __init__(self, path: Path, limit: int, window: float) -> None:
        """Raises Unavailable where the file cannot be made."""
        self._window = window
        self._share = window / limit
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                self._memory = _mapped(handle)
            finally:
                # The mapping has a handle of its own, with which the lock would live on.
                fcntl.flock(handle, fcntl.LOCK_UN)
                os.close(handle)
        except OSError as error:
            raise Unavailable(f"{path} cannot be made: {error.strerror}.") from error
        self._key = self._memory[len(_MAGIC) : _HEADER]
        self._cells = memoryview(self._memory)[_HEADER:].cast("d")

    def take(self, address: str, now: float) -> float:
        """Count a connection; 0, or in how many seconds there is room for it (then it is not
        counted)."""
        place = self._place(address)
        used_up = self._used_up(place, now) + self._share
        wait = used_up - now - self._window
        if wait > 1e-6:  # what is added up in fractions does not end exactly
            return wait
        self._cells[place] = used_up
        return 0.0

    def count(self, address: str, now: float) -> int:
        """How many connections count now."""
        return round((self._used_up(self._place(address), now) - now) / self._share)

    def close(self) -> None:
        self._cells.release()
        self._memory.close()

    def _used_up(self, place: int, now: float) -> float:
        """What lies further ahead than can be was written under a clock that was wrong, or by
        another setting."""
        moment = self._cells[place]
        return moment if now < moment <= now + 2 * self._window else now

    def _place(self, address: str) -> int:
        network = network_of(address).encode("ascii", "replace")
        return int.from_bytes(blake2b(network, digest_size=4, key=self._key).digest()) % PLACES


def _mapped(handle: int) -> mmap.mmap:
    """The file, made anew where it is none of ours; its blocks are on the disk, for a mapped page
    for which there is none would kill the process."""
    if os.fstat(handle).st_size == _OCTETS and os.pread(handle, len(_MAGIC), 0) == _MAGIC:
        return mmap.mmap(handle, _OCTETS)
    os.ftruncate(handle, 0)
    os.posix_fallocate(handle, 0, _OCTETS)
    os.pwrite(handle, _MAGIC + os.urandom(_KEY_OCTETS), 0)
    return mmap.mmap(handle, _OCTETS)

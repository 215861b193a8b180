"""A stretch of octets that is read at any place without being copied.

What is asked for beyond the end is cut off there; `unpack` raises `Damaged` instead, as do readers
of formats for whatever is not as the format wants it.
"""

from struct import Struct
from typing import Any


class Damaged(Exception):
    """The octets are not what their format asks for; what follows cannot be read."""


class View:
    """`data[start:end]`; offsets count from `start`."""

    __slots__ = ("data", "end", "start")

    def __init__(self, data: bytes, start: int = 0, end: int | None = None) -> None:
        size = len(data)
        if end is None or end > size:
            end = size
        if start < 0:
            start = 0
        self.data = data
        self.start = start if start < end else end
        self.end = end

    def __len__(self) -> int:
        return self.end - self.start

    def read(self, at: int, size: int) -> bytes:
        """Up to `size` octets from `at` on; none where `at` or `size` is negative."""
        if at < 0 or size <= 0:
            return b""
        begin = self.start + at
        return self.data[begin : min(begin + size, self.end)]

    def whole(self) -> bytes:
        return self.data[self.start : self.end]

    def unpack(self, layout: Struct, at: int) -> tuple[Any, ...]:
        """The values of a structure at `at`. Raises `Damaged` where it is not all there."""
        begin = self.start + at
        if at < 0 or begin + layout.size > self.end:
            raise Damaged("cut short")
        return layout.unpack_from(self.data, begin)

    def find(self, what: bytes, at: int = 0, end: int | None = None) -> int:
        """Where `what` is next, -1 for nowhere."""
        stop = self.end if end is None else min(self.start + end, self.end)
        found = self.data.find(what, self.start + max(at, 0), stop)
        return found - self.start if found >= 0 else -1

    def rfind(self, what: bytes, at: int = 0, end: int | None = None) -> int:
        """Where `what` is last at or after `at`, -1 for nowhere."""
        stop = self.end if end is None else min(self.start + end, self.end)
        found = self.data.rfind(what, self.start + max(at, 0), stop)
        return found - self.start if found >= 0 else -1

    def starts(self, what: bytes, at: int = 0) -> bool:
        return at >= 0 and self.data.startswith(what, self.start + at, self.end)

    def part(self, at: int, size: int | None = None) -> "View":
        """A stretch of this one, cut off at its end."""
        stop = self.end
        begin = self.start + at if at > 0 else self.start
        if begin > stop:
            begin = stop
        if size is not None and begin + size < stop:
            stop = begin + size if size > 0 else begin
        return View(self.data, begin, stop)

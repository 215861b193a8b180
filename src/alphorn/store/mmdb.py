"""Reads one file of networks in the MaxMind DB format (version 2 of its specification).

Such a file is a binary tree over the bits of an address, then a section of values that the tree's
leaves point into, and last a map that describes both. Others make these files, and somebody may
write over one while it is read: every offset is held against where its section ends, a pointer to a
pointer is an error, and a value costs at most MAX_VALUES, MAX_DEPTH and MAX_OCTETS, however often
its parts point to each other. Nothing is mapped into memory, for who reads a mapped file that was
cut short is killed.
"""

from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address

MARKER = b"\xab\xcd\xefMaxMind.com"
MAX_TAIL = 128 << 10
"""The description stands so near to the end."""
SEPARATOR = 16
MAX_VALUES = 2000
MAX_DEPTH = 16
MAX_OCTETS = 64 << 10
MAX_VISITED = 4096
WIDTHS = (24, 28, 32)

Read = Callable[[int, int], bytes]
"""Octets of the file, by offset and number; fewer where it ends. May raise OSError."""
Value = str | int | bool | list["Value"] | dict[str, "Value"] | None
"""None stands for numbers with a sign or a fraction, and for octets: they are not read."""

_POINTER, _TEXT, _MAP, _ARRAY, _BOOLEAN = 1, 2, 7, 11, 14
_WHOLE = (5, 6, 9, 10)
_SKIPPED = (3, 4, 8, 15)


class MmdbError(ValueError):
    """The octets are not what the format asks for; says in a few words which."""


class Mmdb:
    """A file that is open. `description` is its own map of what it is."""

    def __init__(self, read: Read, size: int) -> None:
        """Raises MmdbError, OSError."""
        start = max(0, size - MAX_TAIL)
        found = read(start, MAX_TAIL).rfind(MARKER)
        if found < 0:
            raise MmdbError("it is not in MaxMind DB format, or was cut short")
        self._read = read
        self._values_end = start + found
        self.description = self._map(_Values(read, self._values_end + len(MARKER), size).get(0))
        self._nodes, self._width = self.number("node_count"), self.number("record_size")
        self._bits = {4: 32, 6: 128}.get(self.number("ip_version"), 0)
        if self.number("binary_format_major_version") != 2 or not self._bits:
            raise MmdbError("it is of a version that is not known")
        if self._width not in WIDTHS or not self._nodes:
            raise MmdbError("its tree is of a kind that is not known")
        self._values_begin = self._nodes * self._width // 4 + SEPARATOR
        if self._values_begin > self._values_end:
            raise MmdbError("its tree is longer than the file")

    def number(self, key: str) -> int:
        """What the description says of this; 0 where it says nothing."""
        value = self.description.get(key)
        return value if isinstance(value, int) else 0

    def get(self, address: IPv4Address | IPv6Address) -> Value:
        """What is known of an address, None for nothing. Raises MmdbError, OSError."""
        if address.max_prefixlen > self._bits:
            return None
        bits, node = int(address), 0  # IPv4 lies at ::/96
        for shift in range(self._bits - 1, -1, -1):
            if node >= self._nodes:
                break
            node = self._branches(node)[bits >> shift & 1]
        if node < self._nodes:
            raise MmdbError("its tree goes on below the last bit")
        return self._leaf(node)

    def some(self) -> Iterator[Value]:
        """What is known of the lowest networks, as far as MAX_VISITED nodes lead. Raises as
        `get`."""
        waiting = [0]
        for _ in range(MAX_VISITED):
            if not waiting:
                break
            node = waiting.pop()
            if node < self._nodes:
                waiting += reversed(self._branches(node))
            elif node > self._nodes:
                yield self._leaf(node)

    def _branches(self, node: int) -> tuple[int, int]:
        size = self._width // 4
        octets = self._read(node * size, size)
        if len(octets) != size:
            raise MmdbError("it was cut short")
        both, width = int.from_bytes(octets, "big"), self._width
        if width == 28:  # the four high bits of each share the octet in the middle
            return both >> 32 | (both >> 28 & 0xF) << 24, both & 0xFFFFFFF
        return both >> width, both & (1 << width) - 1

    def _leaf(self, node: int) -> Value:
        if node == self._nodes:
            return None
        values = _Values(self._read, self._values_begin, self._values_end)
        return values.get(node - self._nodes - SEPARATOR)

    @staticmethod
    def _map(value: Value) -> dict[str, Value]:
        if not isinstance(value, dict):
            raise MmdbError("its description is none")
        return value


class _Values:
    """A section of values, of which one is read; offsets are from its beginning."""

    def __init__(self, read: Read, begin: int, end: int) -> None:
        self._read = read
        self._begin = begin
        self._end = end
        self._values = MAX_VALUES
        self._octets = MAX_OCTETS

    def get(self, at: int) -> Value:
        return self._value(at, 0)[0]

    def _value(self, at: int, depth: int, *, pointed: bool = False) -> tuple[Value, int]:
        """The value, and where the next one begins."""
        self._values -= 1
        if self._values < 0 or depth > MAX_DEPTH:
            raise MmdbError("a value in it is too large")
        kind, size, at = self._head(at)
        if kind == _POINTER:
            if pointed:
                raise MmdbError("a pointer in it leads to a pointer")
            return self._value(size, depth + 1, pointed=True)[0], at
        if kind == _MAP:
            found: dict[str, Value] = {}
            for _ in range(size):
                key, at = self._value(at, depth + 1)
                if not isinstance(key, str):
                    raise MmdbError("a map in it has a key that is no text")
                found[key], at = self._value(at, depth + 1)
            return found, at
        if kind == _ARRAY:
            items: list[Value] = []
            for _ in range(size):
                item, at = self._value(at, depth + 1)
                items.append(item)
            return items, at
        if kind == _BOOLEAN:
            return bool(size), at
        if kind in _SKIPPED:
            return None, at + size
        octets = self._take(at, size)
        if kind == _TEXT:
            return octets.decode("utf-8", "replace"), at + size
        if kind in _WHOLE and size <= 16:
            return int.from_bytes(octets, "big"), at + size
        raise MmdbError("a value in it is of a kind that is not known")

    def _head(self, at: int) -> tuple[int, int, int]:
        """The kind of a value, its size (of a pointer: where it leads), and where it begins."""
        (first,) = self._take(at, 1)
        kind, size, at = first >> 5, first & 0x1F, at + 1
        if kind == _POINTER:
            more = (size >> 3) + 1
            high = 0 if more == 4 else (size & 7) << 8 * more
            low = int.from_bytes(self._take(at, more), "big")
            return kind, high + low + (0, 2048, 526_336, 0)[more - 1], at + more
        if kind == 0:
            kind, at = 7 + self._take(at, 1)[0], at + 1
        if size > 28:
            more = size - 28
            base = (29, 285, 65_821)[more - 1]
            size, at = base + int.from_bytes(self._take(at, more), "big"), at + more
        return kind, size, at

    def _take(self, at: int, count: int) -> bytes:
        begin = self._begin + at
        self._octets -= count
        if at < 0 or begin + count > self._end:
            raise MmdbError("an offset in it leads out of it")
        if self._octets < 0:
            raise MmdbError("a value in it is too large")
        octets = self._read(begin, count)
        if len(octets) != count:
            raise MmdbError("it was cut short")
        return octets

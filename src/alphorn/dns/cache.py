"""Answers kept as long as they may be, within a bound on memory; the least used go first."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

V = TypeVar("V")

ENTRY_OCTETS = 300
"""What an entry costs in memory beside its content, roughly."""


class Cache(Generic[V]):
    """Times are seconds of any clock that never goes back. Not safe between threads."""

    __slots__ = ("_entries", "_max_octets", "_octets")

    def __init__(self, max_octets: int) -> None:
        self._entries: OrderedDict[Hashable, tuple[float, int, V]] = OrderedDict()
        self._max_octets = max_octets
        self._octets = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Hashable, now: float) -> V | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        expires, _, value = entry
        if expires <= now:
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return value

    def put(self, key: Hashable, value: V, expires: float, octets: int) -> None:
        """`octets` is the size of the content. What is larger than a hundredth of the whole cache
        is not kept: nobody pushes all else out by a few huge answers."""
        if key in self._entries:
            self._drop(key)
        octets += ENTRY_OCTETS
        if octets > self._max_octets // 100:
            return
        self._entries[key] = (expires, octets, value)
        self._octets += octets
        while self._octets > self._max_octets:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: Hashable) -> None:
        self._octets -= self._entries.pop(key)[1]

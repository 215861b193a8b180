"""A bounded cache in front of a function, which remembers too what does not exist."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Cache(Generic[K, V]):
    """`get(key)` is `load(key)`, asked once. The least recently used entry goes first. Keys whose
    value is None have room of their own, so that a dictionary attack makes us forget only what an
    earlier one asked for. What `load` raises is not remembered. Not thread-safe."""

    __slots__ = ("_absent", "_found", "_load", "_max_absent", "_max_found")

    def __init__(self, load: Callable[[K], V | None], found: int, absent: int) -> None:
        self._load = load
        self._found: OrderedDict[K, V] = OrderedDict()
        self._absent: OrderedDict[K, None] = OrderedDict()
        self._max_found = found
        self._max_absent = absent

    def get(self, key: K) -> V | None:
        value = self._found.get(key)
        if value is not None:
            self._found.move_to_end(key)
            return value
        if key in self._absent:
            self._absent.move_to_end(key)
            return None
        value = self._load(key)
        if value is None:
            self._absent[key] = None
            if len(self._absent) > self._max_absent:
                self._absent.popitem(last=False)
        else:
            self._found[key] = value
            if len(self._found) > self._max_found:
                self._found.popitem(last=False)
        return value

    def clear(self) -> None:
        self._found.clear()
        self._absent.clear()

    def __len__(self) -> int:
        return len(self._found) + len(self._absent)

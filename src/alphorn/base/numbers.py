"""Sets of message numbers and UIDs: sorted, disjoint, inclusive ranges (RFC 9051 §9 sequence-set).

A set of a million UIDs in one run costs one pair. `*` is resolved by the caller before a set is
made, so that every room below the protocol sees plain numbers.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MAX_NUMBER = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class NumberSet:
    """`ranges` are (first, last) pairs, ascending, disjoint and not touching each other."""

    ranges: tuple[tuple[int, int], ...] = ()

    @staticmethod
    def of(numbers: Iterable[int]) -> "NumberSet":
        """The set of these numbers, in any order, repeated or not."""
        ordered = sorted(set(numbers))
        if not ordered:
            return NumberSet()
        first = last = ordered[0]
        if ordered[-1] - first + 1 == len(ordered):
            return NumberSet(((first, ordered[-1]),))
        ranges: list[tuple[int, int]] = []
        for number in ordered:
            if number > last + 1:
                ranges.append((first, last))
                first = number
            last = number
        ranges.append((first, last))
        return NumberSet(tuple(ranges))

    @staticmethod
    def from_ranges(pairs: Iterable[tuple[int, int]]) -> "NumberSet":
        """The union of these inclusive ranges; a pair may be given in either order."""
        merged: list[tuple[int, int]] = []
        for low, high in sorted((a, b) if a <= b else (b, a) for a, b in pairs):
            if merged and low <= merged[-1][1] + 1:
                if high > merged[-1][1]:
                    merged[-1] = (merged[-1][0], high)
            else:
                merged.append((low, high))
        return NumberSet(tuple(merged))

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self.ranges, (number, MAX_NUMBER + 1)) - 1
        return at >= 0 and self.ranges[at][0] <= number <= self.ranges[at][1]

    def __iter__(self) -> Iterator[int]:
        for low, high in self.ranges:
            yield from range(low, high + 1)

    def __len__(self) -> int:
        return sum(high - low + 1 for low, high in self.ranges)

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def __str__(self) -> str:
        """The sequence-set as IMAP writes it: `1:3,7`."""
        return ",".join(f"{a}:{b}" if a != b else f"{a}" for a, b in self.ranges)

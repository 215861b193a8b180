"""UIDs of a mailbox as one session was told them, in order: position n-1 holds message number n.

A sequence is a `range` where the UIDs have no gaps, so that it costs no memory, and else an array
of four octets each. It is immutable: sessions that know the same state of a mailbox share one.

Between two UIDs of a sequence the mailbox holds no message that is not in it, so a run of message
numbers stands for the run of UIDs from its first to its last, gaps included: no loop is needed to
translate `1:*`.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from alphorn.base.numbers import NumberSet

EMPTY: Sequence[int] = range(0)


def packed(uids: Sequence[int]) -> Sequence[int]:
    """The same UIDs (ascending) in the smallest form."""
    if not uids:
        return EMPTY
    first, last = uids[0], uids[-1]
    if last - first + 1 == len(uids):
        return range(first, last + 1)
    return uids if isinstance(uids, array) and uids.typecode == "I" else array("I", uids)


def number_of(uids: Sequence[int], uid: int) -> int:
    """The message number of `uid`, or 0 where it is not there."""
    if isinstance(uids, range):
        return uid - uids.start + 1 if uid in uids else 0
    at = bisect_left(uids, uid)
    return at + 1 if at < len(uids) and uids[at] == uid else 0


def of_numbers(uids: Sequence[int], numbers: NumberSet) -> NumberSet:
    """The UIDs that these message numbers stand for; numbers that do not exist are left out."""
    count = len(uids)
    if len(numbers.ranges) == 1:
        low, high = numbers.ranges[0]
        if low >= 1 and high <= count:
            return NumberSet(((uids[low - 1], uids[high - 1]),))
    return NumberSet.from_ranges(
        (uids[max(low, 1) - 1], uids[min(high, count) - 1])
        for low, high in numbers.ranges
        if low <= count and high >= 1
    )


def known(uids: Sequence[int], wanted: NumberSet) -> NumberSet:
    """The part of `wanted` that lies within the UIDs known, so that no newer message slips in."""
    if not uids:
        return NumberSet()
    last = uids[-1]
    if not wanted.ranges or wanted.ranges[-1][1] <= last:
        return wanted
    return NumberSet(tuple((low, min(high, last)) for low, high in wanted.ranges if low <= last))


def count_in(uids: Sequence[int], wanted: NumberSet) -> int:
    """How many of the UIDs are in the set."""
    if len(wanted.ranges) == 1:
        low, high = wanted.ranges[0]
        if low == high:
            return int(low in uids) if isinstance(uids, range) else int(number_of(uids, low) > 0)
    return sum(bisect_right(uids, high) - bisect_left(uids, low) for low, high in wanted.ranges)


def within(uids: Sequence[int], wanted: NumberSet) -> Iterable[int]:
    """The UIDs that are in the set, ascending."""
    for low, high in wanted.ranges:
        yield from uids[bisect_left(uids, low) : bisect_right(uids, high)]


def numbers_in(uids: Sequence[int], wanted: NumberSet) -> NumberSet:
    """The message numbers of those UIDs that are in the set."""
    return NumberSet.from_ranges(
        (first + 1, after)
        for low, high in wanted.ranges
        if (first := bisect_left(uids, low)) < (after := bisect_right(uids, high))
    )


def without(uids: Sequence[int], gone: NumberSet) -> Sequence[int]:
    """The sequence with these UIDs taken out."""
    holes = numbers_in(uids, gone)
    if not holes:
        return uids
    rest: array[int] = array("I")
    kept_from = 0
    for low, high in holes.ranges:
        rest.extend(uids[kept_from : low - 1])
        kept_from = high
    rest.extend(uids[kept_from:])
    return packed(rest)


def extended(uids: Sequence[int], new: Sequence[int]) -> Sequence[int]:
    """The sequence with newer UIDs (ascending) behind it."""
    if not new:
        return uids
    if not uids:
        return packed(new)
    if isinstance(uids, range) and new[0] == uids.stop and new[-1] - new[0] + 1 == len(new):
        return range(uids.start, new[-1] + 1)
    return array("I", uids) + array("I", new)


def numbers_of_rows(uids: Sequence[int], rows: Sequence[int]) -> Iterable[int]:
    """Message numbers of many UIDs (ascending, each known), without a search for each of them."""
    if not rows:
        return ()
    first = number_of(uids, rows[0])
    last = number_of(uids, rows[-1])
    if last - first + 1 == len(rows):
        return range(first, last + 1)
    if len(rows) * 20 < last - first:
        return [number_of(uids, uid) for uid in rows]
    numbers = dict(zip(uids[first - 1 : last], range(first, last + 1), strict=True))
    return map(numbers.__getitem__, rows)

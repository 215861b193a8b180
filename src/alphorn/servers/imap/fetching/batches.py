"""Cuts what a client asks for into portions that are read and sent one at a time.

So that a long reply costs the memory of one portion, other sessions get their turn in between, and
no read of the store stays open while a slow client takes its time.
"""

from collections.abc import Iterable, Iterator, Sequence

from alphorn.base.numbers import NumberSet
from alphorn.servers.imap import uids as uid_sequences


def by_count(known: Sequence[int], wanted: NumberSet, most: int) -> Iterable[NumberSet]:
    """`wanted` in portions with at most so many of the known UIDs each, in order."""
    if uid_sequences.count_in(known, wanted) <= most:
        return (wanted,)
    return _cut(known, wanted, most)


def _cut(known: Sequence[int], wanted: NumberSet, most: int) -> Iterator[NumberSet]:
    portion: list[tuple[int, int]] = []
    room = most
    for low, high in uid_sequences.numbers_in(known, wanted).ranges:
        while low <= high:
            last = min(high, low + room - 1)
            portion.append((known[low - 1], known[last - 1]))
            room -= last - low + 1
            low = last + 1
            if not room:
                yield NumberSet(tuple(portion))
                portion, room = [], most
    if portion:
        yield NumberSet(tuple(portion))


def by_weight(
    weights: Iterable[tuple[int, int]], most: int, most_octets: int
) -> Iterator[tuple[list[int], int]]:
    """(UID, octets) pairs in groups of at most so many and so heavy, with each group's weight. A
    message that is heavier than that is alone."""
    group: list[int] = []
    total = 0
    for uid, octets in weights:
        if group and (len(group) >= most or total + octets > most_octets):
            yield group, total
            group, total = [], 0
        group.append(uid)
        total += octets
    if group:
        yield group, total

"""Sequence sets as a client writes them: numbers, ranges, `*` and `$`, not yet resolved.

What `*` means is known only where the mailbox is; `resolve` turns the set into plain numbers there.
"""

from dataclasses import dataclass

from alphorn.base.numbers import NumberSet

STAR = 0
"""Stands for `*`, the highest number in use; no message has number 0."""


@dataclass(frozen=True, slots=True)
class SequenceSet:
    """RFC 9051 §9 sequence-set. `ranges` are (from, to) pairs as written, in any order, with `STAR`
    for `*`. `saved` is `$` (the result of the last SEARCH with SAVE), and then `ranges` is empty.
    """

    ranges: tuple[tuple[int, int], ...] = ()
    saved: bool = False

    def resolve(self, highest: int, saved: NumberSet | None = None) -> NumberSet:
        """The numbers meant, where `highest` is the highest one in use (0: the mailbox is empty).

        They need not exist: `4:9` stays `4:9` in a mailbox of five messages. Ranges with `*` are
        empty in an empty mailbox. `saved` is what `$` stands for; `$` without it is empty.
        """
        if self.saved:
            return saved if saved is not None else NumberSet()
        if len(self.ranges) == 1:
            low, high = self.ranges[0]
            if low and high:
                return NumberSet(((low, high) if low <= high else (high, low),))
        return NumberSet.from_ranges(
            (low or highest, high or highest)
            for low, high in self.ranges
            if highest or (low and high)
        )

    @property
    def has_star(self) -> bool:
        return any(low == STAR or high == STAR for low, high in self.ranges)

    def __str__(self) -> str:
        """As written on the wire."""
        if self.saved:
            return "$"
        return ",".join(
            f"{low or '*'}:{high or '*'}" if low != high else f"{low or '*'}"
            for low, high in self.ranges
        )

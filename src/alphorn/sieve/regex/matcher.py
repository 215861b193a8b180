"""The front of this package: `compile_expression(pattern).search(text)` and `.groups(text)`.

Whether a text matches never takes more than `work` steps of the automaton or MAX_PATHS of `re`,
some ten milliseconds each; beyond that `TooMuch` is raised. A match is the leftmost, and of these
the longest, as POSIX has it; groups within it are filled greedily from the left.
"""

import re
from functools import lru_cache

from alphorn.sieve.regex.automaton import Automaton, Budget, Positions, TooMuch
from alphorn.sieve.regex.expression import Tree, Wrong, begins_at_edge, parse, paths, translate

__all__ = ("Regex", "TooMuch", "Wrong", "compile_expression")

MAX_PATHS = 500_000
MAX_PATTERN = 4096


class Regex:
    """A compiled expression, with the states of its automata made so far."""

    def __init__(self, pattern: str, flags: int, most: int) -> None:
        if len(pattern) > MAX_PATTERN:
            raise Wrong(f"it is longer than {MAX_PATTERN} characters")
        self.tree, self.count = parse(pattern)
        self.positions = Positions(self.tree, most)
        self.flags = flags | re.DOTALL
        self.anchored = begins_at_edge(self.tree)
        try:
            self.quick = re.compile(translate(self.tree), self.flags)
        except (re.error, OverflowError, RecursionError) as error:  # pragma: no cover
            raise Wrong("it cannot be read") from error
        self.cheap = _cheap(self.tree, self.anchored)
        self.cheap_span = _cheap(self.tree, True)
        self._forward: Automaton | None = None
        self._spans: tuple[Automaton, Automaton] | None = None

    def search(self, text: str, work: int) -> bool:
        """Whether the text holds a match. Raises `TooMuch`."""
        if len(text) <= self.cheap:
            return self.quick.search(text) is not None
        if self._forward is None:
            self._forward = Automaton(self.positions, self.flags)
        return self._forward.search(text, Budget(work))

    def groups(self, text: str, work: int) -> tuple[str, ...] | None:
        """The match and its groups ("" for one that took no part), None where there is no match.
        Raises `TooMuch`."""
        if self._spans is None:
            self._spans = (
                Automaton(self.positions, self.flags, backward=True),
                Automaton(self.positions, self.flags, armed=False),
            )
        backward, forward = self._spans
        budget = Budget(work)
        begin = backward.leftmost(text, budget)
        if begin is None:
            return None
        end = forward.longest(text, begin, budget)
        low, high = max(begin - 1, 0), min(max(end - 1, 0), len(text))
        whole = text[low:high]
        if not self.count:
            return (whole,)
        if high - low <= self.cheap_span:
            match = self.quick.fullmatch(text, low, high)
            if match is not None:
                return (whole, *match.groups(""))
        return (whole, *self._groups(forward, text, begin, end, budget))

    def _groups(
        self, forward: Automaton, text: str, begin: int, end: int, budget: Budget
    ) -> list[str]:
        """Each group as the last run of characters that its part of the expression took."""
        path = forward.path(text, begin, end, budget) or []
        first = end - len(path)
        found = []
        for number in range(1, self.count + 1):
            mask = self.positions.groups.get(number, 0)
            high = len(path)
            while high and not mask >> path[high - 1] & 1:
                high -= 1
            low = high
            while low and mask >> path[low - 1] & 1:
                low -= 1
            found.append(text[max(first + low - 1, 0) : max(first + high - 1, 0)])
        return found


def _cheap(tree: Tree, anchored: bool) -> int:
    """Up to which length of a text `re` meets no more than MAX_PATHS ways, as a power of two; -1
    for no text at all."""
    found = -1
    for power in range(21):
        length = 1 << power
        if paths(tree, length) * (1 if anchored else length + 1) > MAX_PATHS:
            break
        found = length
    return found


@lru_cache(maxsize=512)
def compile_expression(pattern: str, flags: int, most: int) -> Regex:
    """Compiled once and kept; `flags` are those of `re`. Raises `Wrong`."""
    return Regex(pattern, flags, most)

"""The front of this package: `compile_expression(pattern).search(text)` and `.groups(text)`.

What a match may cost is a budget of steps; beyond it `TooMuch` is raised. A match is the
leftmost, and of these the longest, as POSIX has it; groups within it are filled greedily from the
left.
"""

import re
from functools import lru_cache

from alphorn.sieve.regex.automaton import Automaton, Budget, Positions, TooMuch
from alphorn.sieve.regex.expression import Tree, Wrong, begins_at_edge, parse, paths, translate

__all__ = ("Budget", "Regex", "TooMuch", "Wrong", "compile_expression")

MAX_PATHS = 50_000
"""Ways through an expression that `re` may take: a millisecond or so."""
PATHS = 20
"""Of them that count as a step."""
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
        self.cheap = _cheap(self.tree, self.anchored, MAX_PATHS)
        self.free = _cheap(self.tree, self.anchored, MAX_PATHS // 20)
        self.cheap_span = _cheap(self.tree, True, MAX_PATHS)
        self._forward: Automaton | None = None
        self._spans: tuple[Automaton, Automaton] | None = None

    @property
    def size(self) -> int:
        """The number of its characters, repetitions written out."""
        return len(self.positions.accepts)

    def search(self, text: str, budget: Budget) -> bool:
        """Whether the text holds a match. Raises `TooMuch`."""
        if len(text) <= self.cheap:
            if len(text) > self.free:
                budget.spend(MAX_PATHS // PATHS)
            return self.quick.search(text) is not None
        if self._forward is None:
            self._forward = Automaton(self.positions, self.flags)
        return self._forward.search(text, budget)

    def groups(self, text: str, budget: Budget) -> tuple[str, ...] | None:
        """The match and its groups ("" for one that took no part), None where there is no match.
        Raises `TooMuch`."""
        if self._spans is None:
            self._spans = (
                Automaton(self.positions, self.flags, backward=True),
                Automaton(self.positions, self.flags, armed=False),
            )
        backward, forward = self._spans
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


def _cheap(tree: Tree, anchored: bool, most: int) -> int:
    """Up to which length of a text `re` meets at most so many ways, as a power of two; -1
    for no text at all."""
    found = -1
    for power in range(21):
        length = 1 << power
        if paths(tree, length) * (1 if anchored else length + 1) > most:
            break
        found = length
    return found


@lru_cache(maxsize=512)
def compile_expression(pattern: str, flags: int, most: int) -> Regex:
    """Compiled once and kept; `flags` are those of `re`. Raises `Wrong`."""
    return Regex(pattern, flags, most)

"""LIST patterns: `*` matches anything, `%` anything within one level (RFC 9051 §6.3.9).

Each pattern runs as an automaton over the bits of one number, so that no pattern, however many
wildcards it has, costs more than its length for each character of a name.
"""

import re

from alphorn.store.api import INBOX, SEPARATOR

_RUN = re.compile(r"[*%]{2,}")


class Pattern:
    """A pattern with the reference put before it. INBOX matches in any case."""

    __slots__ = ("_deep", "_end", "_flat", "_literals", "_start", "_text")

    def __init__(self, reference: str, pattern: str) -> None:
        text = _RUN.sub(lambda run: "*" if "*" in run[0] else "%", reference + pattern)
        self._text = text
        self._deep = self._flat = 0
        self._literals: dict[str, int] = {}
        for at, char in enumerate(text):
            bit = 1 << at
            if char == "*":
                self._deep |= bit
            elif char == "%":
                self._flat |= bit
            else:
                self._literals[char] = self._literals.get(char, 0) | bit
        self._end = 1 << len(text)
        self._start = self._skip(1)

    def _skip(self, states: int) -> int:
        """A wildcard also matches nothing; two never stand together."""
        return states | ((states & (self._deep | self._flat)) << 1)

    def matches(self, name: str) -> bool:
        if self._text == "*":
            return True
        if name == INBOX and self._text.upper() != self._text:
            return Pattern("", self._text.upper()).matches(name)
        states = self._start
        for char in name:
            stay = self._deep if char == SEPARATOR else self._deep | self._flat
            moved = (states & self._literals.get(char, 0)) << 1
            states = self._skip(moved | (states & stay))
            if not states:
                return False
        return bool(states & self._end)

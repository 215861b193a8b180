"""An expression as a position automaton (Glushkov's), run as a deterministic one made on the way.

Each character of the expression is a bit; a state is a set of bits, an int. What a state does on a
character is worked out once and kept, so that a text costs one look-up a character. Working out is
counted against a budget: more raises `TooMuch`, so that time is bounded whatever the expression.

The begin and the end of a text are characters of their own, which only `^` and `$` take.
"""

import re
from functools import lru_cache

from alphorn.sieve.regex.expression import Characters, Choice, Edge, Group, Repeat, Row, Tree, Wrong

MAX_STATES = 1000

_BEGIN = "\0begin"
_END = "\0end"


class TooMuch(Exception):
    """The budget of steps is used up."""


class Positions:
    """The positions of an expression: what each accepts, and which can follow it.

    Raises `Wrong` for one of more than `most` positions.
    """

    def __init__(self, tree: Tree, most: int) -> None:
        self.most = most
        self.accepts: list[str | Edge] = []
        self.follow: list[int] = []
        self.groups: dict[int, int] = {}
        self.nullable, self.first, self.last = self._visit(tree)
        self._close_edges()

    def _close_edges(self) -> None:
        """`$$` takes the one end of a text as `$` does: what follows one follows the other."""
        for end in (False, True):
            same = [at for at, one in enumerate(self.accepts) if one == Edge(end)]
            mask = sum(1 << at for at in same)
            for _ in same:
                for at in same:
                    for other in bits(self.follow[at] & mask):
                        self.follow[at] |= self.follow[other]
                        self.last |= (self.last >> other & 1) << at

    def _visit(self, node: Tree) -> tuple[bool, int, int]:
        match node:
            case Characters(pattern):
                return self._position(pattern)
            case Edge():
                return self._position(node)
            case Group(number, inner):
                begin = len(self.accepts)
                found = self._visit(inner)
                mask = (1 << len(self.accepts)) - (1 << begin)
                self.groups[number] = self.groups.get(number, 0) | mask
                return found
            case Choice(nodes):
                nullable, first, last = False, 0, 0
                for one in nodes:
                    empty, begins, ends = self._visit(one)
                    nullable, first, last = nullable or empty, first | begins, last | ends
                return nullable, first, last
            case Row(nodes):
                found = (True, 0, 0)
                for one in nodes:
                    found = self._join(found, self._visit(one))
                return found
            case Repeat(inner, least, most):
                return self._repeat(inner, least, most)

    def _position(self, accepts: str | Edge) -> tuple[bool, int, int]:
        if len(self.accepts) >= self.most:
            raise Wrong(
                f"it is too large: more than {self.most} characters, repetitions written out"
            )
        bit = 1 << len(self.accepts)
        self.accepts.append(accepts)
        self.follow.append(0)
        return False, bit, bit

    def _join(
        self, left: tuple[bool, int, int], right: tuple[bool, int, int]
    ) -> tuple[bool, int, int]:
        self._connect(left[2], right[1])
        return (
            left[0] and right[0],
            left[1] | right[1] if left[0] else left[1],
            left[2] | right[2] if right[0] else right[2],
        )

    def _connect(self, ends: int, begins: int) -> None:
        for position in bits(ends):
            self.follow[position] |= begins

    def _repeat(self, inner: Tree, least: int, most: int | None) -> tuple[bool, int, int]:
        found = (True, 0, 0)
        for _ in range(least):
            found = self._join(found, self._visit(inner))
        if most is None:
            _, begins, ends = self._visit(inner)
            self._connect(ends, begins)
            return self._join(found, (True, begins, ends))
        rest = (True, 0, 0)
        for _ in range(most - least):  # a?, (aa?)?, (a(aa?)?)?
            nullable, begins, ends = self._visit(inner)
            self._connect(rest[2], begins)
            rest = (True, rest[1] | (begins if not rest[1] or nullable else 0), rest[2] | ends)
            if nullable:
                rest = (True, rest[1] | begins, rest[2])
        return self._join(found, rest)


def bits(mask: int) -> list[int]:
    """The numbers of the bits that are set, in order."""
    found: list[int] = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return found


@lru_cache(maxsize=1024)
def _set(pattern: str, flags: int) -> re.Pattern[str]:
    return re.compile(pattern, flags)


class _State:
    __slots__ = ("accepting", "mask", "next")

    def __init__(self, mask: int, accepting: bool) -> None:
        self.mask = mask
        self.accepting = accepting
        self.next: dict[str, _State] = {}


class Automaton:
    """One direction of an expression. `armed` ones may begin a match at each character."""

    def __init__(
        self,
        positions: Positions,
        flags: int,
        *,
        backward: bool = False,
        armed: bool = True,
    ) -> None:
        self.flags = flags
        self.nullable = positions.nullable
        self.armed = armed
        if backward:
            self.first, self.last = positions.last, positions.first
            self.follow = [0] * len(positions.follow)
            for position, after in enumerate(positions.follow):
                for other in bits(after):
                    self.follow[other] |= 1 << position
        else:
            self.first, self.last = positions.first, positions.last
            self.follow = positions.follow
        masks: dict[str | Edge, int] = {}
        for position, accepts in enumerate(positions.accepts):
            masks[accepts] = masks.get(accepts, 0) | 1 << position
        self._sets = tuple(masks.items())
        self._of_character: dict[str, int] = {}
        self._forget()

    def _forget(self) -> None:
        self._states: dict[int, _State] = {}
        self.start = self._state(0)

    def _state(self, mask: int) -> _State:
        state = self._states.get(mask)
        if state is None:
            state = self._states[mask] = _State(mask, bool(mask & self.last))
        return state

    def accepting(self, character: str) -> int:
        """The positions that take a character."""
        found = self._of_character.get(character)
        if found is None:
            found = 0
            for accepts, mask in self._sets:
                if isinstance(accepts, Edge):
                    fits = character == (_END if accepts.end else _BEGIN)
                else:
                    fits = len(character) == 1 and bool(_set(accepts, self.flags).match(character))
                if fits:
                    found |= mask
            if len(self._of_character) < MAX_STATES:
                self._of_character[character] = found
        return found

    def after(self, mask: int) -> int:
        """The positions that can follow one of these."""
        found = 0
        follow = self.follow
        while mask:
            low = mask & -mask
            found |= follow[low.bit_length() - 1]
            mask ^= low
        return found

    def step(self, state: _State, character: str, budget: "Budget", begin: bool) -> _State:
        """The next state; with `begin` a match may begin here."""
        if len(self._states) > MAX_STATES:
            self._forget()
        known = character in self._of_character
        budget.spend(state.mask.bit_count() + (2 if known else 2 + 2 * len(self._sets)))
        mask = self.after(state.mask) | (self.first if begin else 0)
        return self._state(mask & self.accepting(character))

    def search(self, text: str, budget: "Budget") -> bool:
        """Whether the text holds a match."""
        if self.nullable:
            return True
        state = self.start
        for characters in ((_BEGIN,), text, (_END,)):
            for character in characters:
                following = state.next.get(character)
                if following is None:
                    following = self.step(state, character, budget, True)
                    state.next[character] = following
                state = following
                if state.accepting:
                    return True
        return False

    def leftmost(self, text: str, budget: "Budget") -> int | None:
        """For an automaton that runs backward: where the first match begins, in characters, the
        begin being one of them."""
        found = None if not self.nullable else 0
        if found is not None:
            return found
        state = self.start
        at = len(text) + 2
        for characters in ((_END,), reversed(text), (_BEGIN,)):
            for character in characters:
                at -= 1
                following = state.next.get(character)
                if following is None:
                    following = self.step(state, character, budget, True)
                    state.next[character] = following
                state = following
                if state.accepting:
                    found = at
        return found

    def longest(self, text: str, begin: int, budget: "Budget") -> int:
        """For one that is not armed: behind the last character of the longest match from `begin`.

        Both 0 and 1 are before the first character of the text, so that 0 tries both.
        """
        best = begin
        state = self.start
        end = len(text) + 1
        for at in range(begin, end + 1):
            character = _BEGIN if at == 0 else _END if at == end else text[at - 1]
            if at <= max(begin, 1):
                state = self.step(state, character, budget, True)
            else:
                following = state.next.get(character)
                if following is None:
                    following = self.step(state, character, budget, False)
                    state.next[character] = following
                state = following
            if state.accepting:
                best = at + 1
            elif not state.mask and at >= 1:
                break
        return best

    def path(self, text: str, begin: int, end: int, budget: "Budget") -> list[int] | None:
        """For one that is not armed: the position that takes each character of the match; of
        several the first in the expression. The begin and end of the text count."""
        sets: list[int] = []
        mask = 0
        for at in range(begin, end):
            character = _BEGIN if at == 0 else _END if at == len(text) + 1 else text[at - 1]
            budget.spend(2 + mask.bit_count())
            started = self.first if at <= max(begin, 1) else 0
            mask = (self.after(mask) | started) & self.accepting(character)
            sets.append(mask)
        chosen: list[int] = []
        wanted = self.last
        for mask in reversed(sets):
            fitting = mask & wanted
            if not fitting:  # the match begins behind the begin of the text
                break
            position = (fitting & -fitting).bit_length() - 1
            chosen.append(position)
            wanted = 0
            budget.spend(len(self.follow) // 8 + 1)
            for other, after in enumerate(self.follow):
                if after >> position & 1:
                    wanted |= 1 << other
        return chosen[::-1]


class Budget:
    """Steps that are left."""

    __slots__ = ("left",)

    def __init__(self, steps: int) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise TooMuch

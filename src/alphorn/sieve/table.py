"""The rows of which the language is made: what an extension adds.

A tagged argument is a row of its own and names the commands, tests or groups that it can stand
with; a group ("match", "address-part", "index", …) is a word that commands and tests name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alphorn.sieve.call import Call
    from alphorn.sieve.comparators import Comparator
    from alphorn.sieve.matching import MatchType
    from alphorn.sieve.parts import AddressPart
    from alphorn.sieve.run import Run

Signal = str | None
"""What a command tells those around it: None to go on, or one of these."""
STOP = "stop"
RETURN = "return"
BREAK = "break:"
"""With the name of the loop behind it, or nothing for the innermost."""

Step = Callable[["Run"], Signal]
Check = Callable[["Run"], bool]


class Kind(Enum):
    TEXT = "a string"
    TEXTS = "a string list"
    NUMBER = "a number"


class Tests(Enum):
    NONE = 0
    ONE = 1
    MANY = 2


@dataclass(frozen=True, slots=True)
class Positional:
    """`what` names it in errors ("header names")."""

    what: str
    kind: Kind = Kind.TEXT


@dataclass(frozen=True, slots=True)
class Tag:
    """A tagged argument. Of one `choice` at most one can stand; `needs` names another that must.

    `plays` is what a match type or an address part is made by.
    """

    name: str
    on: tuple[str, ...]
    kind: Kind | None = None
    choice: str = ""
    needs: str = ""
    plays: "MatchType | AddressPart | None" = None


@dataclass(frozen=True, slots=True)
class Command:
    """`optional` is the number of positional arguments at the beginning that may be missing, and
    `optional_last` at the end. With `loop`, `break` can stand in the block."""

    name: str
    compile: Callable[["Call"], Step]
    positional: tuple[Positional, ...] = ()
    groups: tuple[str, ...] = ()
    optional: int = 0
    optional_last: int = 0
    tests: Tests = Tests.NONE
    block: bool = False
    loop: bool = False

    @property
    def noun(self) -> str:
        return f"{self.name} command"


@dataclass(frozen=True, slots=True)
class Test:
    name: str
    compile: Callable[["Call"], Check]
    positional: tuple[Positional, ...] = ()
    groups: tuple[str, ...] = ()
    optional: int = 0
    optional_last: int = 0
    tests: Tests = Tests.NONE

    @property
    def noun(self) -> str:
        return f"{self.name} test"


@dataclass(frozen=True, slots=True)
class Extension:
    """One row. `capability` is what scripts require, "" for what needs no requiring; `implies`
    names other capabilities that come with it; `silent` ones are not told to clients."""

    capability: str
    source: str
    commands: tuple[Command, ...] = ()
    tests: tuple[Test, ...] = ()
    tags: tuple[Tag, ...] = ()
    comparators: tuple["Comparator", ...] = ()
    implies: tuple[str, ...] = ()
    by_ihave: bool = True
    silent: bool = False

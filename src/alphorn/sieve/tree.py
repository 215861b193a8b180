"""A script as a tree (RFC 5228 §8.2): what was written, before anything of it has a meaning."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Word:
    """A string and where it stands."""

    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Tag:
    """`name` is as written, without its colon."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Number:
    value: int
    at: int


@dataclass(frozen=True, slots=True)
class Strings:
    """A string, or a list of strings where `listed`."""

    words: tuple[Word, ...]
    at: int
    listed: bool = False


Argument = Tag | Number | Strings


@dataclass(slots=True)
class Node:
    """A command or a test. `block` is None where there is none; `broken` ones hold a mistake that
    was told already."""

    name: str
    at: int
    arguments: list[Argument] = field(default_factory=list)
    tests: list["Node"] = field(default_factory=list)
    listed: bool = False
    """Whether the tests stand in parentheses."""
    block: list["Node"] | None = None
    broken: bool = False

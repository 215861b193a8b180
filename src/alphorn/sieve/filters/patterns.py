"""Wildcards of `:matches` (RFC 5228 §2.7.1): values that begin or end so, and back again."""

import re
from collections.abc import Sequence

from alphorn.sieve.filters.model import How

_SPECIAL = re.compile(r"([\\*?])")
_PIECE = re.compile(r"\\(.)|([*?])|([^\\*?]+|\\)", re.DOTALL)


def beginning(value: str) -> str:
    """The pattern of what begins with `value`."""
    return _SPECIAL.sub(r"\\\1", value) + "*"


def ending(value: str) -> str:
    return "*" + _SPECIAL.sub(r"\\\1", value)


def told(patterns: Sequence[str]) -> tuple[How, tuple[str, ...]]:
    """What patterns say most plainly: that a value begins with one of some texts, that it ends with
    one, or that it matches."""
    pieces = [[match.groups() for match in _PIECE.finditer(pattern)] for pattern in patterns]
    if all(one and one[-1][1] == "*" and _literal(one[:-1]) for one in pieces):
        return How.STARTS, tuple(_text(one[:-1]) for one in pieces)
    if all(one and one[0][1] == "*" and _literal(one[1:]) for one in pieces):
        return How.ENDS, tuple(_text(one[1:]) for one in pieces)
    return How.MATCHES, tuple(patterns)


_Pieces = list[tuple[str | None, ...]]


def _literal(pieces: _Pieces) -> bool:
    return bool(pieces) and not any(wildcard for _, wildcard, _ in pieces)


def _text(pieces: _Pieces) -> str:
    return "".join(escaped or text or "" for escaped, _, text in pieces)

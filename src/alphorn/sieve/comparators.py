"""How strings are compared (RFC 4790): folded to a form in which equal is equal, and ordered."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from alphorn.message import collate

_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_DIGITS = re.compile(r"[0-9]+")

Order = tuple[int, int] | bytes


def fold_ascii(text: str) -> str:
    """Letters of ASCII in lower case, all else as it is (RFC 4790 §9.2)."""
    return text.lower() if text.isascii() else text.translate(_LOWER)


def _as_it_is(text: str) -> str:
    return text


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _number(text: str) -> tuple[int, int]:
    """What begins with no digit is more than every number (RFC 4790 §9.1)."""
    match = _DIGITS.match(text)
    if match is None:
        return 1, 0
    digits = match[0].lstrip("0")
    # Compared by their length first, so that a million digits cost no arithmetic.
    return (0, int(digits or "0")) if len(digits) <= 40 else (0, 10**40 + len(digits))


@dataclass(frozen=True, slots=True)
class Comparator:
    """`fold` maps equal strings to equal ones; `order` gives what `<` compares. `flags` are those
    of `re` for patterns. Where not `substrings`, only :is, :value and :count can be asked."""

    name: str
    fold: Callable[[str], str]
    order: Callable[[str], Order]
    flags: int = 0
    substrings: bool = True

    @property
    def capability(self) -> str:
        return f"comparator-{self.name}"


OCTET = Comparator("i;octet", _as_it_is, _octets, re.ASCII)
ASCII_CASEMAP = Comparator(
    "i;ascii-casemap",
    fold_ascii,
    lambda text: _octets(text.upper() if text.isascii() else fold_ascii(text)),
    re.ASCII | re.IGNORECASE,
)
UNICODE_CASEMAP = Comparator(
    "i;unicode-casemap", collate.fold, lambda text: _octets(collate.fold(text)), re.IGNORECASE
)
ASCII_NUMERIC = Comparator(
    "i;ascii-numeric", lambda text: repr(_number(text)), _number, substrings=False
)

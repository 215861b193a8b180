"""What of attachments is taken and what not: the operator's choice, as a value."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from alphorn.base.extensions import FORBIDDEN


class Macros(StrEnum):
    """Which office files with macros are refused."""

    NONE = "none"
    AUTOMATIC = "automatic"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class AttachmentRules:
    """`extensions` are lower case and without the dot. Of `encrypted` archives the names that they
    tell are always judged.

    `depth` files may lie within each other, `files` in all be looked at, and `work` is what may be
    spent: octets that inflating gives (see `budget`). A message has as much again as it is long.
    """

    extensions: frozenset[str] = frozenset(FORBIDDEN)
    macros: Macros = Macros.AUTOMATIC
    encrypted: bool = False
    depth: int = 6
    files: int = 1000
    work: int = 5 << 20


DEFAULT = AttachmentRules()


def extensions(
    forbidden: Iterable[str] | None = None, added: Iterable[str] = (), allowed: Iterable[str] = ()
) -> frozenset[str]:
    """The set for `AttachmentRules`: a list (None: ours), what is added, and what is taken out.

    Extensions may be written with a dot and in capitals.
    """
    base = FORBIDDEN if forbidden is None else forbidden
    return (_plain(base) | _plain(added)) - _plain(allowed)


def _plain(written: Iterable[str]) -> frozenset[str]:
    return frozenset(each.strip().lower().lstrip(".") for each in written) - {""}

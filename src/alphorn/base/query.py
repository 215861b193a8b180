"""What to look for in a mailbox, as a tree: IMAP SEARCH, the webmail and rules speak it alike.

The store evaluates it with the semantics of RFC 9051 §6.4.4: strings match as substrings, without
case, in decoded text; dates are days without a time zone. Depth and size are limited by whoever
builds the tree (`MAX_DEPTH`, `MAX_KEYS`).
"""

from dataclasses import dataclass
from datetime import date
from enum import Enum

from alphorn.base.numbers import NumberSet

MAX_DEPTH = 50
MAX_KEYS = 1000


class DateField(Enum):
    INTERNAL = "internal"
    SENT = "sent"
    SAVED = "saved"


@dataclass(frozen=True, slots=True)
class All:
    """Every message."""


@dataclass(frozen=True, slots=True)
class Uids:
    """UID in the set; sequence numbers are turned into UIDs before the tree is built."""

    uids: NumberSet


@dataclass(frozen=True, slots=True)
class Flagged:
    """All bits of `flag` (base.flags.Flag) are set."""

    flag: int


@dataclass(frozen=True, slots=True)
class Keyword:
    """The keyword is set; compared without case."""

    word: str


@dataclass(frozen=True, slots=True)
class Header:
    """The field exists and its decoded value contains `text` (empty: it exists)."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Body:
    """The decoded text of the body (not the header) contains `text`."""

    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """The decoded header or body contains `text`."""

    text: str


@dataclass(frozen=True, slots=True)
class Larger:
    octets: int


@dataclass(frozen=True, slots=True)
class Smaller:
    octets: int


@dataclass(frozen=True, slots=True)
class DateRange:
    """`since <= day < before`; None leaves that end open."""

    field: DateField
    since: date | None
    before: date | None


@dataclass(frozen=True, slots=True)
class Younger:
    """INTERNALDATE within the last `seconds` (RFC 5032 WITHIN); wrap in Not for OLDER."""

    seconds: int


@dataclass(frozen=True, slots=True)
class ModSeq:
    """Mod-sequence of at least this (RFC 7162 §3.1.5)."""

    at_least: int


@dataclass(frozen=True, slots=True)
class MessageIdentity:
    """EMAILID or THREADID (RFC 8474 §5.3): the object identifier as the store writes it."""

    kind: str
    identifier: str


@dataclass(frozen=True, slots=True)
class Not:
    query: "Query"


@dataclass(frozen=True, slots=True)
class And:
    queries: tuple["Query", ...]


@dataclass(frozen=True, slots=True)
class Or:
    queries: tuple["Query", ...]


Query = (
    All | Uids | Flagged | Keyword | Header | Body | Text | Larger | Smaller
    | DateRange | Younger | ModSeq | MessageIdentity | Not | And | Or
)  # fmt: skip

"""Values as IMAP writes them (RFC 9051 §4): strings, names, numbers, flags, dates, sections.

Everything is bytes ready to be joined. What is asked for again and again is remembered in bounded
caches: flag combinations, mailbox names, the day of a date.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from time import gmtime

from alphorn.base.flags import ALL_FLAGS, Flag
from alphorn.base.numbers import NumberSet
from alphorn.wire.imap import utf7
from alphorn.wire.imap.items import BinarySize, BodySection
from alphorn.wire.imap.sets import SequenceSet

MAX_QUOTED = 1_000
"""Longer strings are sent as literals, for clients with a short line buffer."""

_ATOM = re.compile(rb"[!#$&'+-\[^-z|}~]+")
_QUOTABLE = re.compile(rb"[\x01-\x09\x0b\x0c\x0e-\x7f]*")
_QUOTABLE_UTF8 = re.compile(rb"[^\x00\r\n]*")
_TO_ESCAPE = re.compile(rb'(["\\])')
_NIL = re.compile(rb"NIL", re.IGNORECASE)


# -- strings --


def string(value: str | bytes, utf8: bool = False) -> bytes:
    """quoted where that is allowed and short, else a literal. `utf8`: the client takes UTF-8 in
    quoted strings (RFC 9051 §4.3, RFC 6855 §3); otherwise what is not ASCII becomes a literal."""
    octets = value.encode("utf-8", "replace") if isinstance(value, str) else value
    quotable = _QUOTABLE_UTF8 if utf8 else _QUOTABLE
    if len(octets) > MAX_QUOTED or not quotable.fullmatch(octets):
        return literal(octets)
    if b'"' in octets or b"\\" in octets:
        octets = _TO_ESCAPE.sub(rb"\\\1", octets)
    return b'"%b"' % octets


def nstring(value: str | bytes | None, utf8: bool = False) -> bytes:
    return b"NIL" if value is None else string(value, utf8)


def astring(value: str | bytes, utf8: bool = False) -> bytes:
    """An atom where that is possible, else as `string`."""
    octets = value.encode("utf-8", "replace") if isinstance(value, str) else value
    if _ATOM.fullmatch(octets) and not _NIL.fullmatch(octets):
        return octets
    return string(octets, utf8)


def literal(octets: bytes) -> bytes:
    return b"{%d}\r\n%b" % (len(octets), octets)


@lru_cache(maxsize=4096)
def mailbox(name: str, utf8: bool = False) -> bytes:
    """A mailbox name: UTF-8 for clients that enabled it, else modified UTF-7."""
    return astring(name if utf8 else utf7.encode(name), utf8)


# -- numbers --


def number_set(numbers: NumberSet | SequenceSet) -> bytes:
    """`1:3,7`. An empty set has no form on the wire: do not send it."""
    return str(numbers).encode("ascii")


def compressed(numbers: Sequence[int]) -> bytes:
    """Ascending numbers as a sequence set: `1:3,7`."""
    first, last = numbers[0], numbers[-1]
    if last - first + 1 == len(numbers):
        return _run(first, last)
    runs = []
    last = first
    for number in numbers[1:]:
        if number != last + 1:
            runs.append(_run(first, last))
            first = number
        last = number
    runs.append(_run(first, last))
    return b",".join(runs)


def _run(first: int, last: int) -> bytes:
    return b"%d:%d" % (first, last) if first != last else b"%d" % first


# -- flags --

FLAG_NAMES: tuple[tuple[Flag, bytes], ...] = (
    (Flag.ANSWERED, b"\\Answered"),
    (Flag.FLAGGED, b"\\Flagged"),
    (Flag.DELETED, b"\\Deleted"),
    (Flag.SEEN, b"\\Seen"),
    (Flag.DRAFT, b"\\Draft"),
)


class _FlagWords(dict[tuple[int, str], bytes]):
    """(bits, keywords separated by one space) to the words between the parentheses; a look-up in
    C for all but the first of each kind. Forgets everything when it has grown large."""

    LIMIT = 4096

    def __missing__(self, key: tuple[int, str]) -> bytes:
        bits, keywords = key
        words = [name for flag, name in FLAG_NAMES if bits & flag]
        if keywords:
            words.append(keywords.encode("ascii", "replace"))
        if len(self) >= self.LIMIT:
            self.clear()
        self[key] = made = b" ".join(words)
        return made


FLAG_WORDS = _FlagWords()
"""`FLAG_WORDS[bits, keywords]` is `\\Seen $Forwarded` as bytes; for use inside comprehensions."""

for _bits in range(ALL_FLAGS + 1):
    FLAG_WORDS[_bits, ""]


def flag_list(bits: int, keywords: str = "") -> bytes:
    """`(\\Seen $Forwarded)`."""
    return b"(%b)" % FLAG_WORDS[bits, keywords]


# -- dates --

_MONTHS = (
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
)  # fmt: skip
_DAY = 86_400


@lru_cache(maxsize=4096)
def _day(number: int) -> bytes:
    """`"17-Jul-1996 ` of a day since 1970, with the opening quote."""
    at = gmtime(number * _DAY)
    return b'"%2d-%b-%04d ' % (at.tm_mday, _MONTHS[at.tm_mon - 1], at.tm_year)


_MINUTES = tuple(b"%02d:%02d:" % divmod(n, 60) for n in range(1440))
_SECONDS = tuple(b'%02d +0000"' % n for n in range(60))


def date_time(seconds: int) -> bytes:
    """`"17-Jul-1996 02:44:25 +0000"`, quotes included (RFC 9051 §9 date-time)."""
    day, second = divmod(seconds, _DAY)
    return _day(day) + _MINUTES[second // 60] + _SECONDS[second % 60]


# -- sections --


def section(item: BodySection | BinarySize) -> bytes:
    """The item's name in a FETCH reply: `BODY[1.HEADER.FIELDS (To Cc)]<0>`."""
    parts = b".".join(b"%d" % n for n in item.parts)
    if isinstance(item, BinarySize):
        return b"BINARY.SIZE[%b]" % parts
    if item.obsolete is not None:
        return item.obsolete.value.encode("ascii")
    words = [part for part in (parts, item.kind.value.encode("ascii")) if part]
    spec = b".".join(words)
    if item.fields:
        spec += b" (%b)" % b" ".join(astring(field) for field in item.fields)
    origin = b"<%d>" % item.partial[0] if item.partial is not None else b""
    return b"%b[%b]%b" % (b"BINARY" if item.binary else b"BODY", spec, origin)

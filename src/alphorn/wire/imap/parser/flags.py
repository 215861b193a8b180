"""Flags and dates, which STORE, APPEND and SEARCH share.

flag-list  = "(" [flag *(SP flag)] ")"
flag       = "\\Answered" / "\\Flagged" / "\\Deleted" / "\\Seen" / "\\Draft" / keyword
date-time  = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE
date       = date-text / DQUOTE date-text DQUOTE
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone

from alphorn.base.flags import MAX_KEYWORD_LENGTH, MAX_KEYWORDS_PER_MESSAGE, Flag
from alphorn.wire.imap.parser.errors import Declined
from alphorn.wire.imap.parser.reader import Reader

SYSTEM_FLAGS = {
    "\\SEEN": Flag.SEEN,
    "\\ANSWERED": Flag.ANSWERED,
    "\\FLAGGED": Flag.FLAGGED,
    "\\DELETED": Flag.DELETED,
    "\\DRAFT": Flag.DRAFT,
}
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")

_NO_KEYWORDS: frozenset[str] = frozenset()
_DATE_TIME = re.compile(
    rb'"([ 0-9][0-9])-([A-Za-z]{3})-([0-9]{4}) '
    rb'([0-9]{2}):([0-9]{2}):([0-9]{2}) ([+-])([0-9]{2})([0-9]{2})"'
)
_DATE = re.compile(rb'("?)([0-9]{1,2})-([A-Za-z]{3})-([0-9]{4})\1')


def flag_list(reader: Reader) -> tuple[int, frozenset[str]]:
    """System flags as bits, and keywords; a keyword given in two spellings counts once."""
    reader.expect(b"(")
    if reader.take(b")"):
        return 0, _NO_KEYWORDS
    flags = _flags(reader)
    reader.expect(b")")
    return flags


def store_flags(reader: Reader) -> tuple[int, frozenset[str]]:
    """A list, or at least one flag without parentheses (RFC 9051 §9 store-att-flags)."""
    return flag_list(reader) if reader.next_is(b"(") else _flags(reader)


def _flags(reader: Reader) -> tuple[int, frozenset[str]]:
    bits = 0
    words: dict[str, str] = {}
    while True:
        start = reader.at
        if reader.take(b"\\"):
            bit = SYSTEM_FLAGS.get("\\" + reader.word())
            if bit is None:
                reader.fail("Not a flag that can be set", start)
            bits |= bit
        else:
            word = keyword(reader)
            words.setdefault(word.lower(), word)
        if not reader.take(b" "):
            break
    if len(words) > MAX_KEYWORDS_PER_MESSAGE:
        raise Declined("Too many keywords", b"LIMIT")
    return bits, frozenset(words.values()) if words else _NO_KEYWORDS


def keyword(reader: Reader) -> str:
    """One keyword as written."""
    word = reader.atom()
    if len(word) > MAX_KEYWORD_LENGTH:
        raise Declined("Keyword too long", b"LIMIT")
    return word


def date_time(reader: Reader) -> int:
    """Seconds UTC of a date-time (RFC 9051 §9)."""
    match = _DATE_TIME.match(reader.text, reader.at)
    if match is None:
        reader.fail("Expected a date and time")
    day, month, year, hour, minute, second, sign, zone_hours, zone_minutes = match.groups()
    offset = timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
    try:
        moment = datetime(
            int(year), _month(month), int(day), int(hour), int(minute), min(int(second), 59),
            tzinfo=timezone(-offset if sign == b"-" else offset),
        )  # fmt: skip
        seconds = int(moment.astimezone(UTC).timestamp())
    except (ValueError, OverflowError):
        reader.fail("No such date and time")
    reader.at = match.end()
    return seconds


def search_date(reader: Reader) -> date:
    """A day (RFC 9051 §9 date), quoted or not."""
    match = _DATE.match(reader.text, reader.at)
    if match is None:
        reader.fail("Expected a date such as 1-Feb-2020")
    try:
        day = date(int(match[4]), _month(match[3]), int(match[2]))
    except ValueError:
        reader.fail("No such date")
    reader.at = match.end()
    return day


def _month(name: bytes) -> int:
    return MONTHS.index(name.decode("ascii").upper()) + 1

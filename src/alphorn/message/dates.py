"""Dates in header fields (RFC 5322 §3.3 and §4.3), read leniently and written strictly.

Read are also: two- and three-digit years, obsolete and missing zones, comments, missing seconds,
dashes between day, month and year, a month before its day, and a year after the time (asctime).
"""

import re
from datetime import date
from functools import lru_cache
from time import gmtime
from typing import NamedTuple

from alphorn.message.comments import strip_comments

MAX_DATE = 200

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTH = {name.lower(): number for number, name in enumerate(_MONTHS, 1)}
_EPOCH = date(1970, 1, 1).toordinal()

# RFC 5322 §4.3; other letters and names say nothing certain and count as UTC (-0000).
_ZONES = {"EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360}
_ZONES |= {"PST": -480, "PDT": -420, "CET": 60, "MET": 60, "CEST": 120, "MEST": 120, "BST": 60}
_ZONES |= {"EET": 120, "EEST": 180, "MSK": 180, "JST": 540, "KST": 540, "IST": 330}

# As nearly all programs write it: what the readers below find in it is the same.
_PLAIN = re.compile(
    r"(?:[A-Z][a-z][a-z], )?(\d\d?) ([A-Z][a-z][a-z]) (\d\d\d\d) (\d\d):(\d\d):(\d\d)"
    r" ([+-])(\d\d\d\d)",
    re.ASCII,
)
_NO_ZONE = (None, None, None, None)

# Matched against text in which each run of white space is one space.
_TIME = r"(\d{1,2}) ?[:.] ?(\d{1,2})(?: ?[:.] ?(\d{1,2})(?:[.,]\d{1,9})?)? ?([AaPp][Mm]\b)?"
_ZONE = (
    r" ?(?:([+-]) ?(\d{1,4})(?!\d)|(?:UTC|GMT)?([+-])(\d{1,2}):(\d\d)|([A-Za-z]{1,5})(?![A-Za-z]))?"
)
_USUAL = re.compile(
    rf"(?:[^ \d,]{{1,12}} ?,?)? ?(\d{{1,2}})[ -]?([A-Za-z]{{3}})[a-z]{{0,6}}[ ,.-]{{0,3}}"
    rf"(\d{{2,4}}),? {_TIME}{_ZONE}",
    re.ASCII,
)
_ASCTIME = re.compile(
    rf"(?:[A-Za-z]{{3,9}} ?,? )?([A-Za-z]{{3}})[a-z]{{0,6}} (\d{{1,2}}) ?,? ?"
    rf"(?:(\d{{4}}),? )?{_TIME}(?: ?(\d{{4}})(?!\d))?{_ZONE}(?: ?(\d{{4}}))?",
    re.ASCII,
)


class Date(NamedTuple):
    """`seconds` since 1970 UTC; `offset` is the zone's minutes east, None where unknown (-0000)."""

    seconds: int
    offset: int | None


def parse(text: str) -> Date | None:
    """The moment that a Date field names, or None where it names none.

    Of a longer value only the first MAX_DATE characters count.
    """
    plain = _PLAIN.fullmatch(text)
    if plain is not None:
        day, name, year, hour, minute, second, sign, digits = plain.groups()
        return _date(year, name, day, [hour, minute, second, None, sign, digits, *_NO_ZONE])
    if "(" in text:
        text = strip_comments(text)
    text = " ".join(text[:MAX_DATE].split())
    match = _USUAL.match(text)
    if match is not None:
        day, month, year, *rest = match.groups()
        return _date(year, month, day, rest)
    match = _ASCTIME.match(text)
    if match is None:
        return None
    month, day, first, hour, minute, second, half, middle, *zone, last = match.groups()
    return _date(first or middle or last, month, day, [hour, minute, second, half, *zone])


def _date(year: str | None, month: str, day: str, rest: list[str | None]) -> Date | None:
    hour, minute, second, half, sign, digits, sign2, hours, minutes, zone = rest
    number = _MONTH.get(month.lower())
    if number is None or year is None or hour is None or minute is None:
        return None
    y, h, m, s = int(year), int(hour), int(minute), int(second or 0)
    if len(year) < 4:
        y += 2000 if len(year) == 2 and y < 50 else 1900
    if half is not None:
        h = h % 12 + (12 if half in ("PM", "pm", "Pm", "pM") else 0)
    if h > 23 or m > 59 or s > 60:
        return None
    try:
        days = date(y, number, int(day)).toordinal() - _EPOCH
    except ValueError:
        return None
    offset: int | None
    if digits is not None:
        offset = _offset(sign, digits)
    elif hours is not None:
        offset = _offset(sign2, f"{hours}{minutes}")
    elif zone is None:
        offset = None
    else:
        offset = _ZONES.get(zone.upper(), 0 if zone.upper() in ("GMT", "UT", "UTC", "Z") else None)
    return Date(days * 86400 + h * 3600 + m * 60 + s - 60 * (offset or 0), offset)


def _offset(sign: str | None, digits: str) -> int | None:
    number = int(digits)
    minutes = number * 60 if len(digits) <= 2 else number // 100 * 60 + number % 100
    if sign == "-":
        return -minutes if minutes else None
    return minutes


def format(seconds: float, offset: int | None = 0) -> str:
    """`Thu, 13 Feb 2025 12:00:00 +0100`; an `offset` of None is written -0000 (RFC 5322 §3.3)."""
    return _format(int(seconds), offset)


@lru_cache(maxsize=16)
def _format(seconds: int, offset: int | None) -> str:
    at = gmtime(seconds + 60 * (offset or 0))
    minutes = abs(offset or 0)
    sign = "-" if offset is None or offset < 0 else "+"
    return (
        f"{_DAYS[at.tm_wday]}, {at.tm_mday} {_MONTHS[at.tm_mon - 1]} {at.tm_year:04d}"
        f" {at.tm_hour:02d}:{at.tm_min:02d}:{at.tm_sec:02d}"
        f" {sign}{minutes // 60:02d}{minutes % 60:02d}"
    )

"""date and currentdate, and index (RFC 5260)."""

import re
from collections.abc import Callable
from datetime import date as Day
from datetime import datetime, timedelta, timezone

from alphorn.message import dates
from alphorn.sieve.call import Call
from alphorn.sieve.fields import chosen_entities, chosen_index
from alphorn.sieve.matching import make_matcher
from alphorn.sieve.run import Run
from alphorn.sieve.table import Check, Extension, Kind, Positional, Tag, Test

_ZONE = re.compile(r"([+-])(\d\d)([0-5]\d)")
_MJD = Day(1858, 11, 17).toordinal()


def _zone(moment: datetime) -> str:
    offset = moment.utcoffset() or timedelta()
    minutes = int(offset.total_seconds()) // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}{abs(minutes) % 60:02d}"


PARTS: dict[str, Callable[[datetime], str]] = {
    "year": lambda at: f"{at.year:04d}",
    "month": lambda at: f"{at.month:02d}",
    "day": lambda at: f"{at.day:02d}",
    "date": lambda at: f"{at:%Y-%m-%d}",
    "julian": lambda at: str(at.toordinal() - _MJD),
    "hour": lambda at: f"{at.hour:02d}",
    "minute": lambda at: f"{at.minute:02d}",
    "second": lambda at: f"{at.second:02d}",
    "time": lambda at: f"{at:%H:%M:%S}",
    "iso8601": lambda at: f"{at:%Y-%m-%dT%H:%M:%S}{_zone(at)[:3]}:{_zone(at)[3:]}",
    "std11": lambda at: dates.format(
        at.timestamp(), int((at.utcoffset() or timedelta()).total_seconds()) // 60
    ),
    "zone": _zone,
    "weekday": lambda at: str(at.isoweekday() % 7),
}
"""RFC 5260 §4.2."""


def _moment(seconds: float, minutes: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(seconds), timezone(timedelta(minutes=minutes)))
    except (ValueError, OverflowError, OSError):
        return None


def _part(call: Call, index: int) -> Callable[[Run], Callable[[datetime], str] | None]:
    text = call.text(index)
    if text.constant is not None:
        fixed = PARTS.get(text.constant.lower())
        if fixed is None:
            known = ", ".join(PARTS)
            call.problem(f"a date has no part “{text.constant[:20]}”; there are {known}", text.at)
        return lambda run: fixed
    return lambda run: PARTS.get(text.get(run).lower())


def _chosen_zone(call: Call) -> Callable[[Run], int]:
    """The minutes of :zone, or else the owner's."""
    zone = call.tag_text("zone")
    if zone is None:
        return lambda run: run.environment.zone
    if zone.constant is not None and _minutes(zone.constant) is None:
        call.problem("':zone' takes a time zone like “+0100”", zone.at)

    def minutes(run: Run) -> int:
        found = _minutes(zone.get(run))
        return run.environment.zone if found is None else found

    return minutes


def _minutes(text: str) -> int | None:
    match = _ZONE.fullmatch(text)
    if match is None or int(match[2]) > 23:
        return None
    minutes = int(match[2]) * 60 + int(match[3])
    return -minutes if match[1] == "-" else minutes


def date(call: Call) -> Check:
    """RFC 5260 §4: the first field of the name, or the one of :index."""
    name = call.text(0)
    part = _part(call, 1)
    match = make_matcher(call, call.texts(2))
    zone = _chosen_zone(call)
    original = call.given("originalzone")
    index = chosen_index(call)
    entities = chosen_entities(call)

    def check(run: Run) -> bool:
        field = name.get(run).lower()
        if entities is None:
            values = run.values(field)
        else:
            values = [v for one in entities(run) for v in run.mail.part_values(one, field)]
        values = values[:1] if index is None else index(values)
        make = part(run)
        if not values or make is None:
            return match(run, ())
        # The date of a trace field stands behind its last semicolon (RFC 5321 §4.4).
        found = dates.parse(values[0].rpartition(";")[2])
        if found is None:
            return match(run, ())
        minutes = (found.offset or 0) if original else zone(run)
        moment = _moment(found.seconds, minutes)
        return match(run, () if moment is None else (make(moment),))

    return check


def currentdate(call: Call) -> Check:
    """RFC 5260 §5."""
    part = _part(call, 0)
    match = make_matcher(call, call.texts(1))
    zone = _chosen_zone(call)

    def check(run: Run) -> bool:
        make = part(run)
        moment = _moment(run.environment.now, zone(run))
        return match(run, () if make is None or moment is None else (make(moment),))

    return check


_KEYS = Positional("key list", Kind.TEXTS)
DATE = Extension(
    "date",
    "RFC 5260 §4",
    tests=(
        Test(
            "date",
            date,
            (Positional("header name"), Positional("date part"), _KEYS),
            ("match", "index", "zone", "mime"),
        ),
        Test("currentdate", currentdate, (Positional("date part"), _KEYS), ("match", "zone")),
    ),
    tags=(
        Tag("zone", ("zone",), Kind.TEXT, choice="zone"),
        Tag("originalzone", ("date",), choice="zone"),
    ),
)
INDEX = Extension(
    "index",
    "RFC 5260 §6",
    tags=(Tag("index", ("index",), Kind.NUMBER), Tag("last", ("index",), needs="index")),
)

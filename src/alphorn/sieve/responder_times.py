"""When an auto-reply runs: from a start to an end, and within these in windows of the week.

Everything is in the time zone of the responder, whose name is IANA's. Start and end are given as a
day or as a minute, and both are inclusive; they become instants once and for all, so that daylight
saving, which is known for each date, is in them. Windows repeat each week and are told by the clock
on the wall. A script cannot name a zone, only how far one is from UTC (RFC 5260 §4.1.3): the tests
of windows are therefore written without `:zone`, which means the owner's, and whoever runs the
script gives its environment the `offset` of the moment. So a script that was compiled in winter is
right in summer; see docs/adr/0084-times-of-responders.md.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from alphorn.base.fields import FieldError, Fields, line

DAY_MINUTES = 24 * 60
FIRST_YEAR, LAST_YEAR = 2000, 2199
MAX_WINDOWS = 20
MAX_ZONE = 64
NO_ZONE = "UTC"
"""It needs no table of zones, which small machines may lack."""
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
"""By their numbers in Sieve (RFC 5260 §4.2)."""

Moment = date | datetime
"""A whole day, or a minute of the wall clock (without a zone)."""

_ZONE = re.compile(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+){0,3}")
_TIME = re.compile(r"([01]\d|2[0-4]):([0-5]\d)", re.ASCII)
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ]([01]\d|2[0-3]):([0-5]\d))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Weekly:
    """A window that repeats: from `begins` to before `ends`, in minutes of the day, on these
    weekdays (0 is Sunday; ascending, () for all). Where it does not end later than it begins it
    goes on until the next day, and the weekday is that on which it began."""

    weekdays: tuple[int, ...] = ()
    begins: int = 0
    ends: int = DAY_MINUTES

    @property
    def over_midnight(self) -> bool:
        return self.ends <= self.begins


# -- read and written ------------------------------------------------------------------------------


def check_zone(name: str, field: str) -> str:
    """Raises FieldError where this machine knows no zone of this name."""
    known = len(name) <= MAX_ZONE and _ZONE.fullmatch(name) is not None
    if not known or (zone(name) is None and name != NO_ZONE):
        raise FieldError(field, f"there is no time zone {name[:MAX_ZONE]!r} such as Europe/Zurich")
    return name


def read_moment(text: str, field: str) -> Moment | None:
    """ "2030-12-24", "2030-12-24T18:00", "" for none. Raises FieldError."""
    if not text:
        return None
    match = _MOMENT.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        day = date.fromisoformat(match[1])
    except ValueError:
        raise FieldError(
            field, "is to be a day such as 2030-12-24, or a minute such as 2030-12-24T18:00"
        ) from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise FieldError(field, f"is to lie between {FIRST_YEAR} and {LAST_YEAR}")
    if match[2] is None:
        return day
    return datetime(day.year, day.month, day.day, int(match[2]), int(match[3]))  # noqa: DTZ001


def write_moment(moment: Moment | None) -> str:
    """What `read_moment` reads."""
    if moment is None:
        return ""
    if isinstance(moment, datetime):
        return moment.strftime("%Y-%m-%dT%H:%M")
    return moment.isoformat()


def checked_window(value: object, name: str) -> Weekly:
    """`{"weekdays": ["mon", "tue"], "from": "18:00", "to": "08:00"}`. Raises FieldError."""
    fields = Fields(value, name)
    days = fields.list_of("weekdays", len(WEEKDAYS), _weekday)
    begins = read_time(fields.line("from", 5, "00:00"), f"{name}.from")
    ends = read_time(fields.line("to", 5, "24:00"), f"{name}.to")
    fields.done()
    if begins == DAY_MINUTES:
        raise FieldError(f"{name}.from", "is to be before 24:00")
    if begins == ends:
        raise FieldError(f"{name}.to", "is the same as its beginning; 00:00 to 24:00 is all day")
    return Weekly(tuple(sorted(set(days))), begins, ends)


def window_as_json(window: Weekly) -> dict[str, object]:
    """What `checked_window` reads."""
    return {
        "weekdays": [WEEKDAYS[day] for day in window.weekdays],
        "from": write_time(window.begins),
        "to": write_time(window.ends),
    }


def read_time(text: str, field: str) -> int:
    """ "08:30" in minutes, up to "24:00". Raises FieldError."""
    match = _TIME.fullmatch(text)
    minutes = int(match[1]) * 60 + int(match[2]) if match is not None else DAY_MINUTES + 1
    if minutes > DAY_MINUTES:
        raise FieldError(field, "is to be a time from 00:00 to 24:00")
    return minutes


def write_time(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _weekday(value: object, name: str) -> int:
    text = line(value, name, 20).lower()
    if text not in WEEKDAYS:
        raise FieldError(name, f"is to be one of {', '.join(WEEKDAYS)}")
    return WEEKDAYS.index(text)


# -- instants --------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo | None:
    """None where this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError):  # what is not found is a KeyError of ZoneInfo's own
        return None
    except KeyError:
        return None


def offset(name: str, now: float) -> int:
    """How far the zone is from UTC at this moment, in minutes east; 0 where it is not known."""
    found = zone(name)
    if found is None:
        return 0
    moved = datetime.fromtimestamp(int(now), found).utcoffset() or timedelta()
    return int(moved.total_seconds()) // 60


def first_second(start: Moment, name: str) -> int:
    """The instant at which it begins, in seconds UTC. A time that the clocks skip is the one an
    hour later; of one that they show twice it is the first."""
    return _instant(start, name, fold=0)


def after_last_second(end: Moment, name: str) -> int:
    """The first instant that lies behind the whole day or the whole minute."""
    if isinstance(end, datetime):
        return _instant(end, name, fold=1) + 60
    return _instant(end + timedelta(days=1), name, fold=0)


def _instant(moment: Moment, name: str, *, fold: int) -> int:
    hour, minute = (moment.hour, moment.minute) if isinstance(moment, datetime) else (0, 0)
    at = datetime(
        moment.year, moment.month, moment.day, hour, minute, tzinfo=zone(name) or UTC, fold=fold
    )
    return int(at.timestamp())


def within(window: Weekly, weekday: int, minute: int) -> bool:
    """Whether a minute of a weekday lies in the window."""
    today = not window.weekdays or weekday in window.weekdays
    yesterday = not window.weekdays or (weekday - 1) % 7 in window.weekdays
    if not window.over_midnight:
        return today and window.begins <= minute < window.ends
    return (today and minute >= window.begins) or (yesterday and minute < window.ends)


# -- as Sieve --------------------------------------------------------------------------------------


def tests(
    start: Moment | None, end: Moment | None, name: str, windows: tuple[Weekly, ...]
) -> list[str]:
    """Tests of date and relational that must all hold."""
    found: list[str] = []
    if start is not None:
        found.append(_since("ge", first_second(start, name)))
    if end is not None:
        found.append(_since("lt", after_last_second(end, name)))
    if windows:
        each = [one for window in windows for one in _window_tests(window)]
        # A window without a test is all of the week.
        if "true" not in each:
            found.append(each[0] if len(each) == 1 else _joined("anyof", each))
    return found


def _since(relation: str, instant: int) -> str:
    written = datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
    return f'currentdate :zone "+0000" :value "{relation}" "iso8601" "{written}"'


def _window_tests(window: Weekly) -> list[str]:
    if not window.over_midnight:
        return [_all(window.weekdays, _clock(window.begins, window.ends))]
    next_days = tuple(sorted((day + 1) % 7 for day in window.weekdays))
    evening = _all(window.weekdays, _clock(window.begins, DAY_MINUTES))
    if window.ends == 0:
        return [evening]
    return [evening, _all(next_days, _clock(0, window.ends))]


def _clock(begins: int, ends: int) -> list[str]:
    found = []
    if begins > 0:
        found.append(f'currentdate :value "ge" "time" "{write_time(begins)}:00"')
    if ends < DAY_MINUTES:
        found.append(f'currentdate :value "lt" "time" "{write_time(ends)}:00"')
    return found


def _all(weekdays: tuple[int, ...], clock: list[str]) -> str:
    days = ", ".join(f'"{day}"' for day in weekdays)
    each = [f'currentdate :is "weekday" [{days}]', *clock] if weekdays else clock
    if not each:
        return "true"
    return each[0] if len(each) == 1 else _joined("allof", each)


def _joined(name: str, each: list[str]) -> str:
    return f"{name} ({', '.join(each)})"

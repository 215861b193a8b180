from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.message import dates

NOON = 1739444400  # Thu, 13 Feb 2025 11:00:00 UTC


@pytest.mark.parametrize(
    ("text", "seconds", "offset"),
    [
        ("Thu, 13 Feb 2025 12:00:00 +0100", NOON, 60),
        ("13 Feb 2025 11:00 +0000", NOON, 0),
        ("Thu, 13 Feb 2025 11:00:00 -0000", NOON, None),
        ("Thu,13 Feb 2025 11:00:00 GMT", NOON, 0),
        ("Thu, 13 Feb 2025 06:00:00 EST", NOON, -300),
        ("Thu, 13 Feb 2025 06:00:00 EST5EDT", NOON, -300),
        ("Thu, 13 Feb 2025 03:00:00 -0800 (PST)", NOON, -480),
        ("Thu (day), 13 Feb (month (nested)) 2025 11:00:00 (time) Z", NOON, 0),
        ("Thu, 13 Feb 2025 11:00:00 A", NOON, None),
        ("Thu, 13 Feb 2025 11:00:00", NOON, None),
        ("Thu, 13 Feb 25 11:00:00 UT", NOON, 0),
        ("Thu, 13 Feb 125 11:00:00 UT", NOON, 0),
        ("Thu, 13 Feb 99 11:00:00 GMT", 918903600, 0),
        ("Thu, 13 February 2025 11:00:00 UTC", NOON, 0),
        ("Do, 13 Feb 2025 12.00.00 +0100", NOON, 60),
        ("mié, 13 Feb 2025 11:00:00 +0000", NOON, 0),
        ("13-Feb-2025 11:00:00 GMT", NOON, 0),
        ("Thu Feb 13 11:00:00 2025", NOON, None),
        ("Thu Feb 13 12:00:00 CET 2025", NOON, 60),
        ("Thu Feb 13 12:00:00 2025 +0100", NOON, 60),
        ("Thursday, February 13, 2025 11:00 AM", NOON, None),
        ("Thu, 13 Feb 2025 12:00 AM GMT", NOON - 11 * 3600, 0),
        ("Thu, 13 Feb 2025 12:00 pm GMT", NOON + 3600, 0),
        ("Thu, 13 Feb 2025 12:00:00 GMT+01:00", NOON, 60),
        ("Thu, 13 Feb 2025 12:00:00 +1", NOON, 60),
        ("Thu, 13 Feb 2025 10:59:60 +0000", NOON, 0),
        ("Thu,\r\n 13\r\n  Feb\r\n 2025\r\n 11:00\r\n +0000", NOON, 0),
    ],
)
def test_parse(text: str, seconds: int, offset: int | None) -> None:
    assert dates.parse(text) == (seconds, offset)


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "Thu, 31 Feb 2025 11:00:00 +0000", "Thu, 13 Foo 2025 11:00:00 +0000"),
        *("Thu, 13 Feb 2025", "Thu, 13 Feb 2025 25:00:00 +0000", "Thu, 13 Feb 0000 11:00 GMT"),
        *("Thu, 0 Feb 2025 11:00:00 +0000", "Thu, 13 Feb 2025 11:60:00 +0000", "١٣ Feb 2025 11:00"),
        *(" " * 100_000, "(" * 100_000, "1" * 100_000),
    ],
)
def test_what_is_no_date(text: str) -> None:
    assert dates.parse(text) is None


moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30))


@given(moments, st.integers(-14 * 60, 14 * 60) | st.none())
def test_format_is_read_back(moment: datetime, offset: int | None) -> None:
    seconds = int(moment.replace(microsecond=0, tzinfo=UTC).timestamp())
    text = dates.format(seconds, offset)
    assert dates.parse(text) == (seconds, offset)
    if moment.year > 1000:
        assert parsedate_to_datetime(dates.format(seconds)).timestamp() == seconds

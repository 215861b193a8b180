"""Responders: read and written, as Sieve, and running when their times say so."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphorn.base.fields import FieldError
from alphorn.message.signature import MAX_HTML as MAX_SIGNATURE_HTML
from alphorn.message.signature import MAX_TEXT as MAX_SIGNATURE_TEXT
from alphorn.message.signature import Signature
from alphorn.sieve.actions import Vacation
from alphorn.sieve.compiler import compile_script
from alphorn.sieve.environment import Plain
from alphorn.sieve.interpreter import run
from alphorn.sieve.responder import (
    MAX_EXCLUDED,
    MAX_HTML,
    MAX_TEXT,
    Responder,
    answer_key,
    as_json,
    checked,
    is_over,
    is_running,
    write,
)
from alphorn.sieve.responder_times import (
    DAY_MINUTES,
    Weekly,
    after_last_second,
    first_second,
    offset,
)

ZURICH, NEW_YORK = "Europe/Zurich", "America/New_York"
MESSAGE = b"From: Bert <bert@b.test>\r\nTo: anna@example.test\r\nSubject: Hi\r\n\r\ntext\r\n"


def at(text: str, zone: str = ZURICH, fold: int = 0) -> float:
    """An instant from what the clock on the wall shows."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


def answers(
    responder: Responder,
    now: float = 1_800_000_000.0,
    sender: str = "bert@b.test",
    author: str = "bert@b.test",
    signature: Signature | None = None,
) -> Vacation | None:
    """What the responder's script does, run as delivery runs it."""
    script = compile_script(write(responder, signature))
    world = Plain(now=now, zone=offset(responder.zone, now), sender=sender)
    result = run(script, MESSAGE.replace(b"bert@b.test", author.encode()), world)
    assert result.error is None, result.error
    found = [one for one in result.actions if isinstance(one, Vacation)]
    return found[0] if found else None


def of(**given: Any) -> Responder:
    return Responder("a1", "Away", "I am away.\n", **given)


# -- what is written -------------------------------------------------------------------------------


def test_a_plain_one() -> None:
    found = answers(of())
    assert found == Vacation("I am away.\r\n", answer_key("a1"), 7 * 86400)
    assert answer_key("a1") != answer_key("a2")


def test_all_that_can_be_said() -> None:
    found = answers(of(subject='"Away" \\ now', sender="info@c.test"))
    assert found is not None
    assert (found.subject, found.sender) == ('"Away" \\ now', "info@c.test")


@pytest.mark.parametrize("text", [".\n", "..\n.\n", "a\n.b\n\n.", '"; discard; "\n', "${x} \\\n"])
def test_no_text_ends_its_string(text: str) -> None:
    found = answers(Responder("a1", "x", text))
    assert found is not None
    wanted = text if text.endswith("\n") else f"{text}\n"
    assert found.text == wanted.replace("\n", "\r\n")


def test_text_and_html_with_a_signature() -> None:
    from email import message_from_string, policy

    attached = Signature("s", "Work", "Anna\nAcme & Co")
    found = answers(of(html="<p>Grüße</p>"), signature=attached)
    assert found is not None
    assert found.mime
    entity = message_from_string(found.text, policy=policy.default)
    text, html = entity.iter_parts()
    assert text.get_content().splitlines() == ["I am away.", "", "-- ", "Anna", "Acme & Co"]
    assert "<p>Grüße</p>" in html.get_content()
    assert "Anna<br>\r\nAcme &amp; Co" in html.get_content()
    plain = answers(of(), signature=attached)
    assert plain is not None
    assert plain.text == "I am away.\r\n\r\n-- \r\nAnna\r\nAcme & Co\r\n"


@pytest.mark.parametrize(
    ("sender", "author", "answered"),
    [
        ("bert@b.test", "bert@b.test", False),
        ("x@c.test", "BERT@B.test", False),
        ("other@b.test", "other@b.test", True),
        ("any@whole.test", "any@whole.test", False),
        ("any@sub.whole.test", "any@sub.whole.test", True),
        ("any@deep.sub.test", "any@deep.sub.test", False),
        ("any@sub.test", "any@sub.test", True),
        ("any@xn--bcher-kva.test", "x@c.test", False),
        ("x@c.test", "any@bücher.test", False),
    ],
)
def test_who_is_excluded(sender: str, author: str, answered: bool) -> None:
    responder = of(excluded=("bert@b.test", "whole.test", ".sub.test", "xn--bcher-kva.test"))
    assert (answers(responder, sender=sender, author=author) is not None) is answered


def test_the_largest_one_compiles() -> None:
    domain = ".".join(["x" * 60] * 4) + ".te"
    responder = checked(
        as_json(
            Responder(
                "a" * 40,
                "n" * 100,
                "ä" * (MAX_TEXT // 2),
                html="€" * (MAX_HTML // 3),
                subject='"' * 200,
                windows=tuple(Weekly((0, 2, 4), 1, 2 + n) for n in range(20)),
                excluded=tuple(f"{n:03d}@{domain}" for n in range(MAX_EXCLUDED)),
                start=date(2025, 1, 1),
                end=date(2030, 1, 1),
            )
        )
    )
    signature = Signature(
        "s", "n", "ä" * (MAX_SIGNATURE_TEXT // 2), "€" * (MAX_SIGNATURE_HTML // 3)
    )
    assert answers(responder, at("2026-05-03T00:01", "UTC"), signature=signature) is not None


# -- times -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "zone", "first", "last"),
    [
        (date(2030, 7, 1), date(2030, 7, 3), ZURICH, "2030-07-01T00:00:00", "2030-07-03T23:59:59"),
        # The day on which clocks go forward has 23 hours, the one on which they go back has 25.
        (date(2030, 3, 31), date(2030, 3, 31), ZURICH, "2030-03-31T00:00", "2030-03-31T23:59:59"),
        (date(2030, 10, 27), date(2030, 10, 27), ZURICH, "2030-10-27T00:00", "2030-10-27T23:59:59"),
        (date(2030, 3, 10), date(2030, 3, 10), NEW_YORK, "2030-03-10T00:00", "2030-03-10T23:59:59"),
        # Not all clocks change by an hour, or at night.
        (date(2030, 4, 7), date(2030, 4, 7), "Australia/Lord_Howe", "2030-04-07T00:00",
         "2030-04-07T23:59:59"),
        (datetime(2030, 7, 1, 8), datetime(2030, 7, 1, 8), ZURICH, "2030-07-01T08:00",
         "2030-07-01T08:00:59"),
        # A time that does not exist is the one an hour later.
        (datetime(2030, 3, 31, 2, 30), date(2030, 4, 1), ZURICH, "2030-03-31T03:30",
         "2030-04-01T23:59:59"),
    ],
)  # fmt: skip
def test_both_ends_are_within(start: Any, end: Any, zone: str, first: str, last: str) -> None:
    responder = of(start=start, end=end, zone=zone)
    begins, ends = at(first, zone), at(last, zone)
    for now, expected in (
        (begins - 1, False),
        (begins, True),
        (ends, True),
        (ends + 1, False),
        ((begins + ends) // 2, True),
    ):
        assert (answers(responder, now) is not None) is expected, (now - begins, ends - now)
        assert is_running(responder, now) is expected
    assert is_over(responder, ends + 1)
    assert not is_over(responder, ends)


def test_the_hour_that_comes_twice() -> None:
    """A start in it is the first one, an end the second one."""
    twice = datetime(2030, 10, 27, 2, 30)
    begins, ends = first_second(twice, ZURICH), after_last_second(twice, ZURICH)
    assert begins == at("2030-10-27T02:30", fold=0)
    assert ends == at("2030-10-27T02:30", fold=1) + 60
    assert ends - begins == 3660


def test_days_have_the_length_that_they_have() -> None:
    for day, hours in ((date(2030, 3, 31), 23), (date(2030, 10, 27), 25), (date(2030, 5, 1), 24)):
        assert after_last_second(day, ZURICH) - first_second(day, ZURICH) == hours * 3600


@pytest.mark.parametrize(
    ("window", "inside", "outside"),
    [
        # 2030-07-01 is a Monday.
        (
            Weekly((1, 2), 8 * 60, 17 * 60),
            ("2030-07-01T08:00", "2030-07-02T16:59:59", "2030-07-08T12:00"),
            ("2030-07-01T07:59:59", "2030-07-01T17:00", "2030-07-03T12:00", "2030-06-30T12:00"),
        ),
        # Over midnight: the night of Friday goes on until Saturday's morning, and no further.
        (
            Weekly((5,), 18 * 60, 8 * 60),
            ("2030-07-05T18:00", "2030-07-05T23:59:59", "2030-07-06T00:00", "2030-07-06T07:59:59"),
            ("2030-07-05T17:59", "2030-07-05T07:00", "2030-07-06T08:00", "2030-07-06T18:00"),
        ),
        # The night of Saturday ends on Sunday, which is the day with the least number.
        (
            Weekly((6,), 22 * 60, 60),
            ("2030-07-06T22:00", "2030-07-07T00:59"),
            ("2030-07-06T00:30", "2030-07-07T01:00", "2030-07-07T22:30"),
        ),
        (Weekly((), 18 * 60, 8 * 60), ("2030-07-03T03:00",), ("2030-07-03T12:00",)),
        (Weekly((3,), 18 * 60, 0), ("2030-07-03T23:59",), ("2030-07-04T00:00",)),
        (Weekly((0, 6)), ("2030-07-06T00:00", "2030-07-07T23:59:59"), ("2030-07-08T00:00",)),
        (Weekly(()), ("2030-07-06T00:00",), ()),
        # The same hours by the wall in winter, and on the day that the clocks change.
        (
            Weekly((), 8 * 60, 9 * 60),
            ("2030-01-15T08:00", "2030-03-31T08:30", "2030-10-27T08:59"),
            ("2030-01-15T09:00", "2030-03-31T07:59", "2030-10-27T09:00"),
        ),
    ],
)
def test_windows(window: Weekly, inside: tuple[str, ...], outside: tuple[str, ...]) -> None:
    responder = of(zone=ZURICH, windows=(window,))
    for moments, expected in ((inside, True), (outside, False)):
        for moment in moments:
            assert (answers(responder, at(moment)) is not None) is expected, moment
            assert is_running(responder, at(moment)) is expected, moment


def test_one_script_is_right_in_winter_and_in_summer() -> None:
    responder = of(zone=ZURICH, windows=(Weekly((), 8 * 60, 9 * 60),))
    assert answers(responder, datetime(2030, 1, 15, 7, 30, tzinfo=UTC).timestamp())
    assert answers(responder, datetime(2030, 7, 15, 6, 30, tzinfo=UTC).timestamp())
    assert not answers(responder, datetime(2030, 7, 15, 7, 30, tzinfo=UTC).timestamp())


# -- properties ------------------------------------------------------------------------------------

texts = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"), include_characters="\n\t"),
    min_size=1,
    max_size=80,
).filter(str.strip)
names = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=30)
days = st.dates(date(2000, 1, 1), date(2199, 12, 31))
minutes = st.datetimes(datetime(2000, 1, 1), datetime(2199, 12, 31)).map(
    lambda found: found.replace(second=0, microsecond=0)
)
moments = st.none() | days | minutes
zones = st.sampled_from(("UTC", ZURICH, NEW_YORK, "Asia/Kathmandu", "Australia/Lord_Howe"))
windows = st.builds(
    Weekly,
    st.sets(st.integers(0, 6), max_size=6).map(lambda found: tuple(sorted(found))),
    st.integers(0, DAY_MINUTES - 1),
    st.integers(0, DAY_MINUTES),
).filter(lambda window: window.begins != window.ends)
patterns = st.sampled_from(("a@b.test", "b.test", ".b.test", "xn--bcher-kva.test"))
responders = st.builds(
    Responder,
    id=st.from_regex(r"[a-z0-9]{1,16}", fullmatch=True),
    name=names,
    text=texts,
    html=texts | st.just(""),
    signature=st.sampled_from(("", "s1")),
    subject=names | st.just(""),
    start=moments,
    end=moments,
    zone=zones,
    windows=st.lists(windows, max_size=3).map(tuple),
    sender=st.sampled_from(("", "info@c.test")),
    excluded=st.lists(patterns, unique=True, max_size=3).map(tuple),
).filter(
    lambda one: (
        one.start is None
        or one.end is None
        or first_second(one.start, one.zone) < after_last_second(one.end, one.zone)
    )
)


@settings(max_examples=60)
@given(responders)
def test_what_is_written_is_read_again(responder: Responder) -> None:
    assert checked(as_json(responder)) == responder
    compile_script(write(responder))


@settings(max_examples=100)
@given(responders, days, st.integers(0, 86399), st.integers(-3, 3))
def test_the_script_runs_when_the_model_says_so(
    responder: Responder, day: date, second: int, near: int
) -> None:
    now = (datetime.combine(day, datetime.min.time(), UTC) + timedelta(seconds=second)).timestamp()
    moments = [now]
    if responder.start is not None:
        moments.append(first_second(responder.start, responder.zone) + near)
    if responder.end is not None:
        moments.append(after_last_second(responder.end, responder.zone) + near)
    for moment in moments:
        found = answers(responder, moment, sender="x@other.test", author="x@other.test")
        assert (found is not None) is is_running(responder, moment)


@given(st.recursive(st.none() | st.integers() | st.text(max_size=5), st.lists, max_leaves=3))
def test_anything_at_all_is_taken_as_it_is_or_refused_by_its_name(noise: object) -> None:
    base = as_json(of(start=date(2030, 1, 1)))
    for field in ("name", "start", "windows", "excluded", "zone", "html"):
        try:
            taken = checked(base | {field: noise})
        except FieldError as error:
            refused = error.field
        else:
            assert checked(as_json(taken)) == taken
            continue
        assert refused.startswith(f"responder.{field}")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "responder.name"),
        ({"name": None}, "responder.name"),
        ({"name": "x" * 101}, "responder.name"),
        ({"name": "a\nb"}, "responder.name"),
        ({"text": "\n"}, "responder.text"),
        ({"text": "\x00"}, "responder.text"),
        ({"text": "ä" * MAX_TEXT}, "responder.text"),
        ({"html": "x" * (MAX_HTML + 1)}, "responder.html"),
        ({"subject": "a\r\nBcc: x"}, "responder.subject"),
        ({"start": "2030-02-30"}, "responder.start"),
        ({"start": "tomorrow"}, "responder.start"),
        ({"start": "1999-12-31"}, "responder.start"),
        ({"end": "2030-01-01T24:00"}, "responder.end"),
        ({"start": "2030-01-02", "end": "2030-01-01"}, "responder.end"),
        ({"zone": "Mars/Olympus"}, "responder.zone"),
        ({"zone": "../etc/passwd"}, "responder.zone"),
        ({"zone": ""}, "responder.zone"),
        ({"windows": [{}] * 21}, "responder.windows"),
        ({"windows": "always"}, "responder.windows"),
        ({"windows": [{}, {"weekdays": ["mon", "noday"]}]}, "responder.windows[1].weekdays[1]"),
        ({"windows": [{"from": "25:00"}]}, "responder.windows[0].from"),
        ({"windows": [{"from": "24:00"}]}, "responder.windows[0].from"),
        ({"windows": [{"to": "8"}]}, "responder.windows[0].to"),
        ({"windows": [{"from": "08:00", "to": "08:00"}]}, "responder.windows[0].to"),
        ({"sender": "nobody"}, "responder.sender"),
        ({"excluded": ["a b"]}, "responder.excluded[0]"),
        ({"excluded": ["b.test"] * 101}, "responder.excluded"),
        ({"id": "../x"}, "responder.id"),
        ({"colour": "red"}, "responder.colour"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, object], field: str) -> None:
    with pytest.raises(FieldError) as caught:
        checked(as_json(of()) | change)
    assert caught.value.field == field
    assert caught.value.text.startswith(field)

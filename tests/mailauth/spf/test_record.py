"""Reading records: the grammar, and any octets at all."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.mailauth.spf.advice import MAX_SENTENCES, problems
from alphorn.mailauth.spf.record import (
    MAX_KEPT,
    MAX_PROBLEMS,
    MAX_RECORD,
    Mechanism,
    Record,
    _kept,
    parse,
    select,
)
from alphorn.mailauth.spf.result import Spf
from tests.support.cost import cost


def only(term: str) -> Mechanism:
    record = parse(b"v=spf1 " + term.encode())
    assert record.problems == ()
    return record.mechanisms[0]


def test_networks_are_compared_after_a_shift() -> None:
    assert only("ip4:192.0.2.77/24") == Mechanism(
        "ip4", Spf.PASS, "ip4:192.0.2.77/24", None, 0xC00002, shift4=8
    )
    assert only("-ip6:2001:db8::/32").network == 0x20010DB8
    assert only("~ip6:::/0").shift6 == 128
    assert (only("a/24//64").shift4, only("a/24//64").shift6) == (8, 64)
    assert (only("mx//0").shift4, only("mx//0").shift6) == (0, 128)
    assert only("a:x.test").target is not None
    assert only("a").target is None


def test_all_that_is_wrong_is_found() -> None:
    record = parse(b"v=spf1 one a:two ip4:3 redirect=x.test redirect=y.test fine=%{d} -all")
    assert [problem.split('"')[1] for problem in record.problems] == [
        "one",
        "a:two",
        "ip4:3",
        "redirect=y.test",
    ]
    assert record.ignored == ("fine=%{d}",)
    assert [each.name for each in record.mechanisms] == ["all"]


def test_what_is_wrong_is_bounded() -> None:
    assert len(parse(b"v=spf1" + b" bad" * 900).problems) == MAX_PROBLEMS
    assert "longer" in parse(b"v=spf1 " + b"a " * MAX_RECORD).problems[0]
    [problem] = parse(b"v=spf1 " + b"x" * 4000).problems
    assert len(problem) < 200


@pytest.mark.parametrize(
    ("record", "is_one"),
    [
        (b"v=spf1", True),
        (b"V=SpF1 -all", True),
        (b"v=spf1\t-all", False),
        (b"v=spf10", False),
        (b"v=spf", False),
        (b" v=spf1", False),
        (b"", False),
    ],
)
def test_which_records_are_ours(record: bytes, is_one: bool) -> None:
    assert bool(select([record])) is is_one


def test_records_are_kept_within_bounds() -> None:
    for number in range(MAX_KEPT + 50):
        parse(b"v=spf1 ip4:192.0.2.1 -all n%d=1" % number)
    assert _kept.cache_info().currsize <= MAX_KEPT
    before = _kept.cache_info().misses
    parse(b"v=spf1 " + b"a " * 2000)
    assert _kept.cache_info().misses == before


TERMS = [
    "all",
    "-all",
    "a",
    "mx/24",
    "a//64",
    "include:",
    "x.test",
    "ip4:",
    "192.0.2.1",
    "/",
    ":",
    "=",
]
TERMS += [
    "ip6:",
    "2001:db8::1",
    "redirect=",
    "exp=",
    "%{d}",
    "%{",
    "ptr:",
    "exists:",
    " ",
    "?",
    "\xff",
]
octets = st.one_of(
    st.binary(),
    st.lists(st.sampled_from(TERMS)).map(lambda terms: "".join(terms).encode("latin-1")),
)


@given(octets)
def test_parsing_never_raises(rest: bytes) -> None:
    record = parse(b"v=spf1 " + rest)
    assert isinstance(record, Record)
    assert len(record.problems) <= MAX_PROBLEMS
    assert all(problem.isascii() and problem.isprintable() for problem in record.problems)
    if not record.problems:
        # RFC 7208 §4.6: only then has it a meaning, and every term has been understood.
        terms = [term for term in rest.split(b" ") if term]
        understood = len(record.mechanisms) + len(record.ignored)
        understood += (record.redirect is not None) + (record.explanation is not None)
        assert understood == len(terms)


@given(octets)
def test_advice_never_raises(rest: bytes) -> None:
    for text in ("v=spf1 " + rest.decode("latin-1"), rest.decode("utf-8", "surrogateescape")):
        assert len(problems(text)) <= MAX_SENTENCES


@pytest.mark.parametrize(
    "piece",
    [
        b"/1",
        b"//",
        b":",
        b"a:",
        b"ip6:::",
        b"%{d",
        b"%%",
        b"a/1",
        b"-",
        b"x=",
        b"ip4:1.",
        b"%{d}",
        b"9",
    ],
)
def test_hostile_records_take_little_time(piece: bytes) -> None:
    long = piece * (MAX_RECORD // len(piece) - 8)
    for record in (b"v=spf1 a" + long, b"v=spf1 ip6:" + long + b"!", b"v=spf1 a:" + long + b"/"):
        assert cost(partial(parse, record), 0.05) < 0.05

"""Filters of every shape, for property tests: few letters, so that values and messages meet."""

from typing import Any

from hypothesis import strategies as st

from alphorn.sieve.filters.check import checked_condition
from alphorn.sieve.filters.errors import FilterError
from alphorn.sieve.filters.model import (
    FIELDS,
    FLAGGED,
    WEEKDAYS,
    Action,
    Condition,
    CopyTo,
    Delete,
    Field,
    Filter,
    Flag,
    How,
    Kind,
    MarkRead,
    Match,
    Move,
    Redirect,
    Reject,
    Stop,
)

AWKWARD = (
    '"',
    "\\",
    "*",
    "?",
    "${a}",
    "${hex:40}",
    "\n",
    "*/",
    "/*",
    "# x",
    "}",
    ";",
    "<",
    ">",
    ",",
)
ANY_TEXT = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.lists(st.sampled_from((*AWKWARD, "a", "é", "\u2028", "text:\n.\n", " or ")), max_size=5).map(
        "".join
    ),
)
NAMES = ANY_TEXT.filter(lambda name: bool(name.strip()))
VALUES = ANY_TEXT.map(
    lambda text: "".join(c for c in text if c in "\n\t" or not (c < " " or "\x7f" <= c <= "\x9f"))
)
EXPRESSIONS = st.sampled_from(("a+b", "^a", "b$", "[ab]{2}", "\\*", "a|é", '"'))
HEADERS = st.sampled_from(("Subject", "From", "To", "List-Id", "X-Kind", "x-kind", "Cc"))
DAYS = st.dates().map(lambda day: day.isoformat()).filter(lambda day: day >= "1000")
TIMES = st.times().map(lambda time: f"{time:%H:%M}")
MAILBOXES = st.sampled_from(("Work", "Ärger/*", "INBOX", "inbox", 'A "b"', "Trash", "${x}\\"))
ADDRESSES = st.sampled_from(("bert@example.org", "a+b@x.test", "jörg@example.org", "{${a}@x.test"))
KEYWORDS = st.sampled_from((FLAGGED, "\\flagged", "$Later", "a}b", "work"))


def values(kind: Kind, how: How, texts: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """As many as `how` takes."""
    if how is How.EXISTS:
        return st.just(())
    one = {
        Kind.OCTETS: st.integers(0, 2**31 - 1).map(str),
        Kind.PERCENT: st.integers(1, 100).map(str),
        Kind.WEEKDAY: st.sampled_from(WEEKDAYS),
        Kind.TIME: TIMES,
        Kind.DAY: DAYS,
    }.get(kind, EXPRESSIONS if how is How.REGEX else texts)
    if how is How.BETWEEN:
        return st.lists(one, min_size=2, max_size=2, unique=True).map(tuple)
    most = 1 if how in (How.OVER, How.UNDER, How.BEFORE, How.AFTER) else 3
    return st.lists(one, min_size=1, max_size=most).map(tuple)


@st.composite
def conditions(draw: st.DrawFn, texts: st.SearchStrategy[str] = VALUES) -> Condition:
    field = draw(st.sampled_from(Field))
    row = FIELDS[field]
    how = draw(st.sampled_from(row.hows))
    header = draw(HEADERS) if field is Field.HEADER else ""
    return Condition(field, how, draw(values(row.kind, how, texts)), header, draw(st.booleans()))


def fine(one: Condition) -> bool:
    try:
        checked_condition(one)
    except FilterError:
        return False
    return True


FLAGGING: st.SearchStrategy[Action] = st.one_of(
    KEYWORDS.map(Flag), st.just(Flag("\\Seen")), st.just(MarkRead())
)
COPYING: st.SearchStrategy[Action] = st.builds(CopyTo, MAILBOXES, st.booleans())
SENDING: st.SearchStrategy[Action] = st.builds(Redirect, ADDRESSES, st.booleans())
ENDING: st.SearchStrategy[Action] = st.one_of(
    st.builds(Move, MAILBOXES, st.booleans()), st.builds(Delete, st.booleans())
)


ALL_KINDS: tuple[st.SearchStrategy[list[Action]], ...] = (
    st.lists(FLAGGING, min_size=1, max_size=2),
    st.lists(COPYING, min_size=1, max_size=2),
    st.lists(SENDING, min_size=1, max_size=2),
    st.lists(ENDING, min_size=1, max_size=1),
    st.just([Stop()]),
)
REJECTING = VALUES.filter(lambda text: bool(text.strip())).map(Reject)


@st.composite
def actions(draw: st.DrawFn) -> tuple[Action, ...]:
    kinds = draw(st.integers(0, 2 ** len(ALL_KINDS) - 1))
    if not kinds:
        return (draw(REJECTING),)
    found: list[Action] = []
    for index, kind in enumerate(ALL_KINDS):
        if kinds >> index & 1:
            found += draw(kind)
    return tuple(found[::-1] if draw(st.booleans()) else found)


@st.composite
def filters(draw: st.DrawFn, each: st.SearchStrategy[Condition]) -> Filter:
    match = draw(st.sampled_from(Match))
    chosen = draw(st.lists(each.filter(fine), min_size=1, max_size=2))
    return Filter(
        draw(NAMES),
        match,
        () if match is Match.EVERY else tuple(chosen),
        draw(actions()),
        draw(st.booleans()) or draw(st.booleans()),
    )


def lists(texts: st.SearchStrategy[str] = VALUES) -> st.SearchStrategy[list[Filter]]:
    return st.lists(filters(conditions(texts)), max_size=3)

"""LIST patterns against a plain backtracking matcher, and against its worst case."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.servers.imap.patterns import Pattern
from tests.support.cost import cost


def slowly(pattern: str, name: str) -> bool:
    """RFC 9051 §6.3.9, word for word."""
    if not pattern:
        return not name
    head, rest = pattern[0], pattern[1:]
    if head == "*":
        return any(slowly(rest, name[at:]) for at in range(len(name) + 1))
    if head == "%":
        level = name.split("/", 1)[0]
        return any(slowly(rest, name[at:]) for at in range(len(level) + 1))
    return name[:1] == head and slowly(rest, name[1:])


@given(st.text("ab/*%", max_size=8), st.text("ab/", max_size=8))
def test_like_the_definition(pattern: str, name: str) -> None:
    assert Pattern("", pattern).matches(name) == slowly(pattern, name)


@pytest.mark.parametrize(
    ("reference", "pattern", "name", "matches"),
    [
        ("", "*", "a/b/c", True),
        ("", "%", "a", True),
        ("", "%", "a/b", False),
        ("", "%/%", "a/b", True),
        ("a/", "%", "a/b", True),
        ("a/", "%", "b", False),
        ("", "inbox", "INBOX", True),
        ("", "InB%", "INBOX", True),
        ("", "inbox", "inbox/x", False),
        ("", "work", "Work", False),
        ("", "", "a", False),
        ("", "Entwürfe", "Entwürfe", True),
    ],
)
def test_examples(reference: str, pattern: str, name: str, matches: bool) -> None:
    assert Pattern(reference, pattern).matches(name) is matches


def test_many_wildcards_cost_no_more_than_few() -> None:
    name = "a" * 1000
    pattern = Pattern("", "*a%" * 300 + "b")
    assert not pattern.matches(name)
    assert cost(lambda: pattern.matches(name), 1) < 1

"""RFC 6376 §3.4, by its own examples, by properties, and by the plain definition."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphorn.mailauth.dkim.canonical import (
    relaxed_body,
    relaxed_field,
    simple_body,
    simple_field,
    split,
    split_fields,
)
from tests.support.cost import cost

EXAMPLE = b"A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\nD \t E\r\n\r\n\r\n"
"""RFC 6376 §3.4.5."""


def test_the_example_relaxed() -> None:
    header, body = split(EXAMPLE)
    assert [relaxed_field(field) for field in split_fields(header)] == [b"a:X", b"b:Y Z"]
    assert relaxed_body(body) == b" C\r\nD E\r\n"


def test_the_example_simple() -> None:
    header, body = split(EXAMPLE)
    assert [simple_field(field) for field in split_fields(header)] == [b"A: X", b"B : Y\t\r\n\tZ  "]
    assert simple_body(body) == b" C \r\nD \t E\r\n"


@pytest.mark.parametrize(
    ("body", "relaxed", "simple"),
    [
        (b"", b"", b"\r\n"),
        (b"\r\n", b"", b"\r\n"),
        (b"\r\n\r\n\r\n", b"", b"\r\n"),
        (b" \t\r\n \r\n", b"", b" \t\r\n \r\n"),
        (b"a", b"a\r\n", b"a\r\n"),
        (b"a ", b"a\r\n", b"a \r\n"),
        (b"a\r\n \r\n\t\r\n", b"a\r\n", b"a\r\n \r\n\t\r\n"),
        (b"a\r\n\n\r\n", b"a\r\n\n\r\n", b"a\r\n\n\r\n"),
        (b"a\r\n\r\r\n\r\n", b"a\r\n\r\r\n", b"a\r\n\r\r\n"),
        (b"\ta\x0bb\x0c \r\n", b" a\x0bb\x0c\r\n", b"\ta\x0bb\x0c \r\n"),
    ],
)
def test_bodies(body: bytes, relaxed: bytes, simple: bytes) -> None:
    assert relaxed_body(body) == relaxed
    assert simple_body(body) == simple


@pytest.mark.parametrize(
    ("raw", "header", "body"),
    [
        (b"A: b\r\n\r\nc", b"A: b", b"c"),
        (b"\r\nc", b"", b"c"),
        (b"A: b\r\n", b"A: b\r\n", b""),
        (b"A: b", b"A: b", b""),
        (b"", b"", b""),
    ],
)
def test_splitting(raw: bytes, header: bytes, body: bytes) -> None:
    assert split(raw) == (header, body)


def by_definition(body: bytes) -> bytes:
    """RFC 6376 §3.4.4, word for word and slow."""
    if body and not body.endswith(b"\r\n"):
        body += b"\r\n"
    lines = [re.sub(rb"[ \t]+", b" ", line) for line in body.split(b"\r\n")[:-1]]
    lines = [line.removesuffix(b" ") for line in lines]
    while lines and lines[-1] == b"":
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)


pieces = st.sampled_from([b" ", b"\t", b"\r\n", b"\r", b"\n", b"a", b"b c", b" " * 70, b"\xff"])


@settings(deadline=None, max_examples=300)
@given(st.lists(pieces, max_size=30).map(b"".join))
def test_any_body_is_as_defined(body: bytes) -> None:
    relaxed = relaxed_body(body)
    assert relaxed == by_definition(body)
    assert relaxed_body(relaxed) == relaxed


@pytest.mark.parametrize(
    "body",
    [
        b" " * 2_000_000,
        b"\r\n" * 1_000_000,
        b"x" + b"\n\r" * 1_000_000 + b"\n",
        b"\t x" * 600_000,
        (b" " * 70 + b"x") * 30_000,
    ],
    ids=["spaces", "empty lines", "bare ends", "tabs", "runs"],
)
def test_time_is_linear(body: bytes) -> None:
    assert cost(lambda: relaxed_body(body), 1) < 1

"""Which domain a message claims to be from (RFC 9989 §5.3.1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.mailauth.dmarc.author import MAX_FROM, author, domain, of_fields

ONE = {
    "anna@example.org": "example.org",
    "Anna <anna@Example.ORG>": "example.org",
    '"anna@bank.example" <x@evil.example>': "evil.example",
    "Doe, John <john@example.org>": "example.org",
    "a@example.org, B <b@EXAMPLE.org>": "example.org",
    "a@example.org.": "example.org",
    "Team: a@example.org, b@example.org;": "example.org",
    "<@relay.example:a@example.org>": "example.org",
    "x@bücher.example": "xn--bcher-kva.example",
    "x@odd_host.example.org": "odd_host.example.org",
    "x@[192.0.2.1], y@example.org": "example.org",
    "root@localhost": "localhost",
    "x@=?utf-8?q?example=2Eorg?=": "example.org",
}
NONE = (
    "", "Anna", "anna@", "<>", "x@[192.0.2.1]", "x@a..b", "undisclosed:;", "x@" + "a" * 64,
    "x@a.b:", "x@=?",
)  # fmt: skip


@pytest.mark.parametrize("value", ONE)
def test_one_domain(value: str) -> None:
    found = author(f"Subject: x\r\nfrom: {value}\r\n\r\nFrom: other@example.net\r\n".encode())
    assert (found.domain, found.problem) == (ONE[value], "")


@pytest.mark.parametrize("value", NONE)
def test_no_domain(value: str) -> None:
    found = of_fields([value])
    assert found.domain == ""
    assert "no domain" in found.problem


def test_not_exactly_one_field_or_domain() -> None:
    assert "no From" in author(b"To: a@example.org\r\n\r\n").problem
    twice = author(b"From: a@example.org\r\nX: y\r\nFROM : b@example.org\r\n\r\n")
    assert (twice.domain, twice.problem) == ("example.org", "")
    two = author(b"From: a@example.org\r\nFROM : b@example.net\r\n\r\n")
    assert (two.domain, two.domains) == ("", ("example.org", "example.net"))
    several = of_fields(["a@example.org, b@example.net"])
    assert several.domain == ""
    assert several.domains == ("example.org", "example.net")
    assert "different domains" in several.problem


def test_a_field_that_is_too_long_is_not_read() -> None:
    longest = b"a@b.example" + b"," * (MAX_FROM - len("a@b.example"))
    assert author(b"From: " + longest + b"\r\n\r\n").domain == "b.example"
    assert "too long" in author(b"From: " + longest + b",\r\n\r\n").problem


def test_octets_that_are_no_text() -> None:
    """They are read as mail programs show them."""
    assert author(b"From: <a@b\xfccher.example>\r\n\r\n").domain == "xn--bcher-kva.example"
    assert author(b"From: <a@b\x81cher.example>\r\n\r\n").domain == ""
    assert author(b"From: \xff\xfe <a@example.org>\r\n\r\n").domain == "example.org"


@given(st.text())
def test_a_domain_can_be_asked_for_or_is_none(text: str) -> None:
    name = domain(text)
    assert name == "" or (name.isascii() and len(name) <= 253 and name == name.lower())
    assert domain(name) == name
    of_fields([text])

"""What is read from a DKIM-Signature field, and what is wrong with it (RFC 6376 §3.5, §6.1.1)."""

import base64

import pytest

from alphorn.mailauth.dkim.signature import (
    MAX_FIELD,
    MAX_HEADER,
    MAX_LINES,
    MAX_NAMES,
    MAX_SIGNATURES,
    Signature,
    parse,
)

HASH = base64.b64encode(bytes(range(32))).decode()
TAGS = {
    "v": "1",
    "a": "rsa-sha256",
    "c": "relaxed/simple",
    "d": "Example.Test",
    "s": "S1.sub",
    "h": " From : to:\r\n Subject",
    "bh": HASH,
    "b": "c2lnbmF0\r\n\t dXJl",
}


def field(**changes: str | None) -> bytes:
    tags = TAGS | changes
    text = "; ".join(f"{name}={value}" for name, value in tags.items() if value is not None)
    return f"DKIM-Signature: {text}\r\n".encode()


def one(octets: bytes) -> Signature:
    (signature,) = parse(octets + b"From: a\r\n\r\nbody")
    return signature


def code(**changes: str | None) -> str:
    fault = one(field(**changes)).fault
    return fault.problem.code if fault is not None else ""


def test_all_fields() -> None:
    signature = one(
        field(l="12", t="1", x="2", i="a.b@sub.example.test", q="dns/txt", z="From:a|b")
    )
    assert signature.fault is None
    assert signature.domain == "example.test"
    assert signature.selector == "s1.sub"
    assert signature.key_name == "s1.sub._domainkey.example.test"
    assert signature.identity == "a.b@sub.example.test"
    assert (signature.relaxed_header, signature.relaxed_body) == (True, False)
    assert signature.names == ("from", "to", "subject")
    assert signature.body_hash == bytes(range(32))
    assert signature.value == b"signature"
    assert signature.start == "c2lnbmF0"
    assert (signature.length, signature.made, signature.expires) == (12, 1, 2)


def test_defaults() -> None:
    signature = one(field(c=None))
    assert (signature.relaxed_header, signature.relaxed_body) == (False, False)
    assert one(field(c="relaxed")).relaxed_body is False
    assert signature.identity == "@example.test"
    assert (signature.length, signature.made, signature.expires) == (None, None, None)


def test_internationalized_names() -> None:
    """RFC 8616 §4."""
    signature = one(field(d="Käse.test", s="fünf", i="grüezi@Bücher.käse.test"))
    assert signature.fault is None
    assert signature.key_name == "xn--fnf-hoa._domainkey.xn--kse-qla.test"
    assert signature.identity == "grüezi@xn--bcher-kva.xn--kse-qla.test"


@pytest.mark.parametrize("name", ["v", "a", "b", "bh", "d", "h", "s"])
def test_required_tags(name: str) -> None:
    fault = one(field(**{name: None})).fault
    assert fault is not None
    assert (fault.problem.code, fault.detail) == ("incomplete", name)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"v": "2"}, "unknown-version"),
        ({"v": "01"}, "unknown-version"),
        ({"a": "rsa-sha1"}, "sha1"),
        ({"a": "RSA-SHA256"}, "unknown-kind"),
        ({"a": "dsa-sha256"}, "unknown-kind"),
        ({"a": ""}, "unknown-kind"),
        ({"c": "nowsp"}, "unknown-kind"),
        ({"c": "simple/"}, "unknown-kind"),
        ({"c": "simple/simple/simple"}, "unknown-kind"),
        ({"q": "http"}, "unknown-kind"),
        ({"q": "http:dns/txt"}, ""),
        ({"d": "test"}, "malformed"),
        ({"d": "a..test"}, "malformed"),
        ({"d": "a b.test"}, "malformed"),
        ({"d": "x" * 64 + ".test"}, "malformed"),
        ({"d": "a." * 150 + "test"}, "malformed"),
        ({"d": ""}, "malformed"),
        ({"s": ""}, "malformed"),
        ({"s": "a/b"}, "malformed"),
        ({"s": "a." * 110 + "a", "d": "b." * 30 + "test"}, "malformed"),
        ({"h": "To:Subject"}, "from-unsigned"),
        ({"h": ""}, "from-unsigned"),
        ({"h": "from"}, ""),
        ({"h": "From:" * (MAX_NAMES + 1)}, "oversized"),
        ({"i": "a@b@example.test"}, ""),
        ({"i": "@example.test"}, ""),
        ({"i": "@sub.example.test"}, ""),
        ({"i": "@badexample.test"}, "foreign-identity"),
        ({"i": "@test"}, "malformed"),
        ({"i": "a@other.test"}, "foreign-identity"),
        ({"i": "example.test"}, "malformed"),
        ({"i": "a" * 500 + "@example.test"}, "malformed"),
        ({"t": "x"}, "malformed"),
        ({"t": ""}, "malformed"),
        ({"x": "-1"}, "malformed"),
        ({"x": "9" * 13}, "malformed"),
        ({"t": "5", "x": "5"}, "contradictory-times"),
        ({"t": "5", "x": "6"}, ""),
        ({"l": "1" * 77}, "malformed"),
        ({"l": "1" * 76}, ""),
        ({"l": "0x1"}, "malformed"),
        ({"bh": "aGk="}, "malformed"),
        ({"bh": "***"}, "malformed"),
        ({"b": ""}, "malformed"),
        ({"b": "***"}, "malformed"),
        ({"unknown": "x"}, ""),
        ({"1": "x"}, "malformed"),
        ({"z": "x" * MAX_FIELD}, "oversized"),
    ],
)
def test_faults(changes: dict[str, str | None], expected: str) -> None:
    assert code(**changes) == expected


def test_a_tag_that_stands_twice() -> None:
    fault = one(field().replace(b"; s=", b"; d=other.test; s=")).fault
    assert fault is not None
    assert fault.problem.code == "malformed"
    assert "d= stands in it twice" in fault.sentence("", "")


def test_what_can_be_read_is_named_in_spite_of_a_fault() -> None:
    signature = one(field(v="2"))
    assert (signature.domain, signature.selector) == ("example.test", "s1.sub")
    assert signature.algorithm == "rsa-sha256"


def test_the_first_signatures_from_the_top() -> None:
    fields = b"".join(field(s=f"s{number}") for number in range(MAX_SIGNATURES + 3))
    signatures = parse(b"X: y\r\n" + fields + b"From: a\r\n\r\n")
    assert [each.selector for each in signatures] == [f"s{at}" for at in range(MAX_SIGNATURES)]


@pytest.mark.parametrize(
    "filling", [b"X: " + b"y" * MAX_HEADER + b"\r\n", b"X: y\r\n" * (MAX_LINES + 1)]
)
def test_signatures_under_too_large_a_header_are_not_checked(filling: bytes) -> None:
    (signature,) = parse(field() + filling + b"\r\nbody")
    assert signature.fault is not None
    assert signature.fault.problem.code == "oversized"
    assert signature.domain == "example.test"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        b"From: a\r\n\r\nDKIM-Signature: v=1",
        b"X-DKIM-Signature: v=1\r\n\r\n",
        b"DomainKey-Signature: a=rsa-sha1\r\n\r\n",
        b"X: \r\n DKIM-Signature: v=1\r\n\r\n",
        b"\r\nDKIM-Signature: v=1\r\n\r\n",
    ],
)
def test_messages_without_a_signature(raw: bytes) -> None:
    assert parse(raw) == ()


def test_field_names_are_compared_without_case_and_space() -> None:
    assert one(field().replace(b"DKIM-Signature:", b"dkim-SIGNATURE \t:")).fault is None

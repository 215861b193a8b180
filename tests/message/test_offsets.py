"""Sections as IMAP counts them (the example of RFC 9051 §6.4.5.1 among others)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.message import offsets
from alphorn.message.parse import Entity, Kind, parse

# HEADER, TEXT, 1 TEXT/PLAIN, 2 APPLICATION/OCTET-STREAM, 3 MESSAGE/RFC822 with 3.1 and 3.2,
# 4 MULTIPART/MIXED with 4.1 IMAGE/GIF and 4.2 MESSAGE/RFC822 with 4.2.1 and 4.2.2 (.1 and .2).
EXAMPLE = b"""Content-Type: multipart/mixed; boundary=m

--m
Content-Type: text/plain

[1]
--m
Content-Type: application/octet-stream

[2]
--m
Content-Type: message/rfc822

Subject: 3
Content-Type: multipart/mixed; boundary=3

--3

[3.1]
--3
Content-Type: application/octet-stream

[3.2]
--3--
--m
Content-Type: multipart/mixed; boundary=4

--4
Content-Type: image/gif

[4.1]
--4
Content-Type: message/rfc822

Subject: 4.2
Content-Type: multipart/mixed; boundary=42

--42

[4.2.1]
--42
Content-Type: multipart/alternative; boundary=422

--422

[4.2.2.1]
--422
Content-Type: text/richtext

[4.2.2.2]
--422--
--42--
--4--
--m--
""".replace(b"\n", b"\r\n")
PARTS = offsets.pack(parse(EXAMPLE))


def section(name: str) -> bytes | None:
    found = offsets.find(PARTS, name)
    return None if found is None else EXAMPLE[found[0] : found[1]]


@pytest.mark.parametrize("name", ["1", "2", "3.1", "3.2", "4.1", "4.2.1", "4.2.2.1", "4.2.2.2"])
def test_leaves(name: str) -> None:
    assert section(name) == f"[{name}]".encode()


def test_whole_headers_and_texts() -> None:
    assert section("") == EXAMPLE
    assert section("HEADER") == b"Content-Type: multipart/mixed; boundary=m\r\n\r\n"
    assert (section("header") or b"") + (section("Text") or b"") == EXAMPLE
    assert section("1.MIME") == b"Content-Type: text/plain\r\n\r\n"
    assert section("3.MIME") == b"Content-Type: message/rfc822\r\n\r\n"
    header = b"Subject: 3\r\nContent-Type: multipart/mixed; boundary=3\r\n\r\n"
    assert section("3.HEADER") == header
    assert section("3") == header + (section("3.TEXT") or b"")
    assert section("4.2.HEADER") == (
        b"Subject: 4.2\r\nContent-Type: multipart/mixed; boundary=42\r\n\r\n"
    )
    assert (section("4.2.2") or b"").startswith(b"--422\r\n")
    assert (section("4") or b"").endswith(b"--4--")


@pytest.mark.parametrize(
    "name", ["5", "1.1", "3.3", "1.HEADER", "1.TEXT", "4.HEADER", "4.2.2.3", "3.1.1", "999999999"]
)
def test_parts_that_do_not_exist(name: str) -> None:
    assert section(name) is None


@pytest.mark.parametrize(
    "name", ["0", "01", "1..2", ".1", "1.", "MIME", "x", "1.x", "TEXT.1", "²", "1" * 10, "-1"]
)
def test_what_is_no_section(name: str) -> None:
    with pytest.raises(ValueError, match=r"section|MIME"):
        offsets.find(PARTS, name)


def test_a_simple_message_is_its_own_part_one() -> None:
    raw = b"Subject: x\r\n\r\nbody"
    parts = offsets.pack(parse(raw))
    assert offsets.find(parts, "1") == offsets.find(parts, "TEXT") == (14, 18)
    assert offsets.find(parts, "1.MIME") == offsets.find(parts, "HEADER") == (0, 14)
    assert offsets.find(parts, "2") is None
    assert offsets.find(parts, "1.1") is None


def test_a_message_that_is_a_message() -> None:
    raw = b"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ntext"
    parts = offsets.pack(parse(raw))
    for name, expected in (
        ("1", b"Subject: inner\r\n\r\ntext"),
        ("1.HEADER", b"Subject: inner\r\n\r\n"),
        ("1.TEXT", b"text"),
        ("1.1", b"text"),
    ):
        found = offsets.find(parts, name)
        assert found is not None
        assert raw[found[0] : found[1]] == expected


def test_packed_size() -> None:
    """One octet, and fifteen an entity."""
    assert len(offsets.pack(parse(b"Subject: x\r\n\r\nbody"))) == 16


trees = st.recursive(
    st.just("leaf"),
    lambda child: st.lists(child, min_size=1, max_size=4) | child.map(lambda inner: ("m", inner)),
    max_leaves=12,
)


def build(tree: object, path: str) -> bytes:
    """A message of this shape, in which the body of each leaf is its path."""
    if isinstance(tree, tuple):
        return b"Content-Type: message/rfc822\r\n\r\n" + build(tree[1], f"{path}.m")
    if isinstance(tree, list):
        boundary = b"b" + path.encode().replace(b".", b"_")
        inner = b"".join(
            b"--" + boundary + b"\r\n" + build(child, f"{path}.{n}") + b"\r\n"
            for n, child in enumerate(tree, 1)
        )
        head = b"Content-Type: multipart/mixed; boundary=" + boundary + b"\r\n\r\n"
        return head + inner + b"--" + boundary + b"--"
    return b"X-Path: y\r\n\r\n" + path.encode()


@given(trees)
def test_packed_sections_agree_with_the_tree(tree: object) -> None:
    raw = build(tree, "t")
    root = parse(raw)
    parts = offsets.pack(root)
    assert_container(root, "", parts)


def assert_container(entity: Entity, prefix: str, parts: bytes) -> None:
    """`entity` is a message; its parts are numbered after `prefix`."""
    if entity.kind is not Kind.MULTIPART:
        assert_part(entity, f"{prefix}1", parts)
        return
    for number, child in enumerate(entity.children, 1):
        assert_part(child, f"{prefix}{number}", parts)
    assert offsets.find(parts, f"{prefix}{len(entity.children) + 1}") is None


def assert_part(entity: Entity, name: str, parts: bytes) -> None:
    assert offsets.find(parts, name) == (entity.body, entity.end)
    assert offsets.find(parts, f"{name}.MIME") == (entity.start, entity.body)
    if entity.kind is Kind.MULTIPART:
        assert_container(entity, f"{name}.", parts)
    elif entity.kind is Kind.MESSAGE:
        (child,) = entity.children
        assert offsets.find(parts, f"{name}.HEADER") == (child.start, child.body)
        assert offsets.find(parts, f"{name}.TEXT") == (child.body, child.end)
        assert_container(child, f"{name}.", parts)
    else:
        assert offsets.find(parts, f"{name}.1") is None

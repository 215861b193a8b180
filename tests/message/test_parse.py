"""Where parts begin and end, and the bounds of the parser."""

import pytest

from alphorn.message.parse import (
    MAX_DELIMITERS,
    MAX_DEPTH,
    MAX_HEADER,
    MAX_PARTS,
    Entity,
    Kind,
    parse,
)
from tests.message.invariants import check_tree

HEAD = b"Content-Type: multipart/mixed; boundary=%s\r\n\r\n"


def bodies(raw: bytes) -> list[bytes]:
    """The bodies of the leaves, in order."""
    found: list[bytes] = []

    def visit(entity: Entity) -> None:
        if entity.kind is Kind.LEAF:
            found.append(raw[entity.body : entity.end])
        for child in entity.children:
            visit(child)

    visit(parse(raw))
    return found


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n", [b"one", b"two"]),
        (b"preamble\r\n--b\r\n\r\none\r\n--b--\r\nepilogue", [b"one"]),
        (b"--b\n\none\n--b\r\n\r\ntwo\n--b--\n", [b"one", b"two"]),
        (b"--b\r\n\r\nno end", [b"no end"]),
        (b"--b\r\n\r\none\r\n\r\n--b--", [b"one\r\n"]),
        (b"--b \t\r\n\r\none\r\n--b-- \r\n", [b"one"]),
        (b"--b\r\n\r\n--bb\r\n --b\r\nx--b\r\n--b--", [b"--bb\r\n --b\r\nx--b"]),
        (b"--b\r\n--b\r\n\r\n--b--", [b"", b""]),
        (b"--b\r\n\r\none\r\n--b--x\r\n--b--", [b"one\r\n--b--x"]),
        (b"--b\r\n\r\none\r\n--b--\r\n--b\r\n\r\nafter the end\r\n", [b"one"]),
        (b"--b", [b""]),
        (b"--b\r\nText: with a header\r\n--b--", [b""]),
        (b"--b\r\nno header\r\n\r\nhere\r\n--b--", [b"no header\r\n\r\nhere"]),
    ],
)
def test_delimiters(body: bytes, expected: list[bytes]) -> None:
    assert bodies(HEAD % b"b" + body) == expected


def test_no_delimiter_at_all_is_text() -> None:
    root = parse(HEAD % b"b" + b"only text\r\n--c\r\n")
    assert root.kind is Kind.LEAF
    assert root.media.name == "text/plain"


@pytest.mark.parametrize("boundary", [b"", b'""', b'" "'])
def test_no_boundary_is_text(boundary: bytes) -> None:
    assert parse(HEAD % boundary + b"--\r\n\r\nx\r\n----\r\n").media.name == "text/plain"


@pytest.mark.parametrize(
    "boundary", [b"x" * 300, b"a b", b"=_[]()?/:,'", b"\xc3\xbc", b"\xff", b"--", b"a\\\\b"]
)
def test_strange_boundaries(boundary: bytes) -> None:
    line = boundary.replace(b"\\\\", b"\\")
    raw = HEAD % (b'"' + boundary + b'"') + b"--%s\r\n\r\none\r\n--%s--\r\n" % (line, line)
    assert bodies(raw) == [b"one"]


def test_an_outer_boundary_ends_inner_parts() -> None:
    inner = HEAD % b"i" + b"--i\r\n\r\ninner"
    raw = HEAD % b"o" + b"--o\r\n" + inner + b"\r\n--o\r\n\r\nouter\r\n--o--"
    assert bodies(raw) == [b"inner", b"outer"]


def test_header_and_part_offsets() -> None:
    raw = HEAD % b"b" + b"--b\r\nContent-ID: <x>\r\n\r\ntext\r\n--b--\r\n"
    (part,) = parse(raw).children
    assert raw[part.start : part.body] == b"Content-ID: <x>\r\n\r\n"
    assert raw[part.body : part.end] == b"text"
    assert part.fields == {"content-id": "<x>"}


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"A: 1\r\nB: 2\r\n\r\nbody", b"body"),
        (b"A: 1\nB: 2\n\nbody", b"body"),
        (b"A: 1\r\n\nbody", b"body"),
        (b"A: 1\n\r\nbody", b"body"),
        (b"\r\nbody", b"body"),
        (b"\nbody", b"body"),
        (b"A: 1\r\n \r\nfolded: on\r\n\r\nbody", b"body"),
        (b"A: 1", b""),
        (b"", b""),
    ],
)
def test_where_the_header_ends(head: bytes, body: bytes) -> None:
    assert bodies(head) == [body]


def test_fields_are_unfolded_and_the_first_counts() -> None:
    raw = (
        b"Subject: one\r\n  two\r\n\tthree \r\nSUBJECT : four\r\nTo: a@b\r\nto: c@d\r\nX: y\r\n\r\n"
    )
    assert parse(raw).fields == {"subject": "one  two\tthree", "to": "a@b, c@d"}


def test_an_encoded_message_is_a_leaf() -> None:
    raw = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nQTogYg==\r\n"
    assert parse(raw).kind is Kind.LEAF
    assert parse(raw.replace(b"base64", b"8bit")).kind is Kind.MESSAGE


def test_parts_in_a_digest_are_messages() -> None:
    raw = (
        b"Content-Type: multipart/digest; boundary=b\r\n\r\n"
        b"--b\r\n\r\nSubject: one\r\n\r\ntext\r\n--b--"
    )
    (part,) = parse(raw).children
    assert part.kind is Kind.MESSAGE
    assert part.children[0].fields == {"subject": "one"}


def depth_of(entity: Entity) -> int:
    return 1 + max((depth_of(child) for child in entity.children), default=0)


def test_depth_is_bounded() -> None:
    for raw in (
        b"Content-Type: message/rfc822\r\n\r\n" * 3 * MAX_DEPTH,
        b"".join(HEAD % b"b%d" % n + b"--b%d\r\n" % n for n in range(3 * MAX_DEPTH)),
    ):
        root = parse(raw)
        check_tree(root, 0)
        assert depth_of(root) <= MAX_DEPTH + 1
        if b"multipart" not in raw:
            assert depth_of(root) == MAX_DEPTH + 1


def test_what_lies_beyond_the_part_limit_stays_in_the_last_part() -> None:
    raw = HEAD % b"b" + b"--b\r\n\r\nx\r\n" * 3 * MAX_PARTS + b"--b--"
    root = parse(raw)
    assert len(root.children) == MAX_PARTS - 1
    assert root.children[-1].end == len(raw)
    assert raw[root.children[-1].body : root.children[-1].end].count(b"--b\r\n") > MAX_PARTS


def test_parts_are_counted_over_all_levels() -> None:
    inner = HEAD % b"i" + b"--i\r\n\r\nx\r\n" * 100 + b"--i--\r\n"
    raw = HEAD % b"o" + (b"--o\r\n" + inner) * 50 + b"--o--"
    assert check_tree(parse(raw), 0) <= MAX_PARTS + MAX_DEPTH


def test_lines_that_look_like_delimiters_are_bounded() -> None:
    raw = HEAD % b"b" + b"--b\r\n\r\n" + b"--bx\r\n" * 2 * MAX_DELIMITERS + b"--b\r\n\r\nlast\r\n"
    (part,) = parse(raw).children
    assert part.end == len(raw)


def test_what_is_read_of_a_header_is_bounded() -> None:
    raw = b"Subject: seen\r\nX: " + b"x" * MAX_HEADER + b"\r\nFrom: unseen@example.org\r\n\r\nbody"
    root = parse(raw)
    assert root.fields == {"subject": "seen"}
    assert raw[root.body :] == b"body"


def test_a_tree_says_whether_it_is_whole() -> None:
    deep = b"".join(HEAD % b"b%d" % n + b"--b%d\r\n" % n for n in range(MAX_DEPTH + 1))
    for raw, whole in (
        (HEAD % b"b" + b"--b\r\n\r\nx\r\n" * 100 + b"--b--", True),
        (HEAD % b"b" + b"--b\r\n\r\nx\r\n" * (MAX_PARTS + 1) + b"--b--", False),
        (HEAD % b"b" + b"--b\r\n\r\n" + b"--bx\r\n" * (MAX_DELIMITERS + 1) + b"--b--", False),
        (HEAD % (b"b" * 999) + b"--" + b"b" * 999 + b"\r\n", True),
        (HEAD % (b"b" * 1001) + b"--" + b"b" * 1001 + b"\r\n", False),
        (deep, False),
        (b"Content-Type: message/rfc822\r\n\r\n" * (MAX_DEPTH + 1), False),
    ):
        assert parse(raw).whole is whole

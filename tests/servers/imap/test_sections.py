"""What FETCH cuts out of a message, by the part tree that the store keeps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.message import offsets
from alphorn.message.parse import parse
from alphorn.servers.imap.failures import No
from alphorn.servers.imap.fetching import sections
from alphorn.wire.imap.items import BinarySize, BodySection, SectionKind

MESSAGE = b"""From: Anna <anna@example.test>\r
To: ben@example.test\r
Subject: two parts\r
 and a fold\r
Content-Type: multipart/mixed; boundary=b\r
\r
before\r
--b\r
Content-Type: text/plain; charset=utf-8\r
Content-Transfer-Encoding: quoted-printable\r
\r
gr=C3=BC=\r
n\r
--b\r
Content-Type: message/rfc822\r
\r
From: inner@example.test\r
Subject: inside\r
\r
inner body\r
--b\r
Content-Type: application/octet-stream\r
Content-Transfer-Encoding: base64\r
\r
AAEC\r
--b\r
Content-Type: application/octet-stream\r
Content-Transfer-Encoding: x-unknown\r
\r
zzz\r
--b--\r
after\r
"""
PARTS = offsets.pack(parse(MESSAGE))
HEADER = MESSAGE[: MESSAGE.index(b"before")]
KIND = SectionKind


def cut(item: BodySection) -> bytes | None:
    data = sections.extractor(item, header_only=False)(MESSAGE, PARTS)
    return None if data is None else bytes(data)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (BodySection(), MESSAGE),
        (BodySection(kind=KIND.HEADER), HEADER),
        (BodySection(kind=KIND.TEXT), MESSAGE[len(HEADER) :]),
        (BodySection((1,)), b"gr=C3=BC=\r\nn"),
        (
            BodySection((1,), KIND.MIME),
            b"Content-Type: text/plain; charset=utf-8\r\n"
            b"Content-Transfer-Encoding: quoted-printable\r\n\r\n",
        ),
        (BodySection((2,)), b"From: inner@example.test\r\nSubject: inside\r\n\r\ninner body"),
        (
            BodySection((2,), KIND.HEADER),
            b"From: inner@example.test\r\nSubject: inside\r\n\r\n",
        ),
        (BodySection((2,), KIND.TEXT), b"inner body"),
        (BodySection((2,), KIND.FIELDS, ("SUBJECT",)), b"Subject: inside\r\n\r\n"),
        (BodySection((2, 1)), b"inner body"),
        (BodySection((9,)), None),
        (BodySection((1,), KIND.HEADER), None),
        (BodySection(partial=(0, 4)), b"From"),
        (BodySection(partial=(6, 4)), b"Anna"),
        (BodySection(partial=(10_000, 5)), b""),
        (BodySection((9,), partial=(0, 5)), None),
        (BodySection((1,), binary=True), "grün".encode()),
        (BodySection((3,), binary=True), b"\x00\x01\x02"),
        (BodySection((3,), binary=True, partial=(1, 1)), b"\x01"),
        (
            BodySection((2,), binary=True),
            b"From: inner@example.test\r\nSubject: inside\r\n\r\ninner body",
        ),
        (BodySection(binary=True), MESSAGE),
        (BodySection((9,), binary=True), None),
    ],
)
def test_sections(item: BodySection, expected: bytes | None) -> None:
    assert cut(item) == expected


@pytest.mark.parametrize(
    ("names", "kept", "left"),
    [
        (("to",), b"To: ben@example.test\r\n\r\n", None),
        (
            ("SUBJECT", "from"),
            b"From: Anna <anna@example.test>\r\nSubject: two parts\r\n and a fold\r\n\r\n",
            b"To: ben@example.test\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n",
        ),
        (("Nothing",), b"\r\n", HEADER),
        (("S", "Sub"), b"\r\n", HEADER),
    ],
)
def test_header_fields(names: tuple[str, ...], kept: bytes, left: bytes | None) -> None:
    assert cut(BodySection(kind=KIND.FIELDS, fields=names)) == kept
    header_only = sections.extractor(BodySection(kind=KIND.FIELDS, fields=names), header_only=True)
    assert header_only(HEADER, b"") == kept
    if left is not None:
        assert cut(BodySection(kind=KIND.FIELDS_NOT, fields=names)) == left


@given(st.lists(st.sampled_from(["a: 1", "b: 2", "b:", "c:  3\r\n 4", "no field", " x"])))
def test_fields_and_the_others_are_the_whole_header(lines: list[str]) -> None:
    header = "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"
    some = sections.only_fields(("B", "c"))(header)
    others = sections.without_fields(("B", "c"))(header)
    assert sorted(header.split(b"\r\n")) == sorted(
        some[: -len(b"\r\n")].split(b"\r\n") + others.split(b"\r\n")[:-1]
    )


def test_a_header_that_ends_without_a_line_end() -> None:
    assert sections.only_fields(("a",))(b"a: 1") == b"a: 1\r\n\r\n"


def test_sizes_of_binary() -> None:
    assert sections.binary_size(BinarySize((3,)))(MESSAGE, PARTS) == 3
    assert sections.binary_size(BinarySize((9,)))(MESSAGE, PARTS) == 0


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(No) as caught:
        cut(BodySection((4,), binary=True))
    assert caught.value.code == b"UNKNOWN-CTE"


def test_part_one_of_a_message_without_parts() -> None:
    raw = b"Content-Transfer-Encoding: base64\r\n\r\nYWI=\r\n"
    parts = offsets.pack(parse(raw))
    get = sections.extractor(BodySection((1,), binary=True), header_only=False)
    assert get(raw, parts) == b"ab"

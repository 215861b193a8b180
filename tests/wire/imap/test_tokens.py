"""Values as written, against fixed expectations and read back by the parser."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.base.flags import Flag
from alphorn.base.numbers import NumberSet
from alphorn.wire.imap import tokens
from alphorn.wire.imap.framing import Frame, Framer, Limits
from alphorn.wire.imap.items import BinarySize, BodySection, Obsolete, SectionKind
from alphorn.wire.imap.parser.flags import date_time
from alphorn.wire.imap.parser.reader import Reader


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", b'""'),
        ("plain", b'"plain"'),
        ('say "hi" \\', b'"say \\"hi\\" \\\\"'),
        ("tab\t", b'"tab\t"'),
        ("two\r\nlines", b"{10}\r\ntwo\r\nlines"),
        ("Zürich", "{7}\r\nZürich".encode()),
        (b"\xff", b"{1}\r\n\xff"),
        ("x" * 1001, b"{1001}\r\n" + b"x" * 1001),
        ("\udcff", b'"?"'),
    ],
)
def test_string(value: str | bytes, expected: bytes) -> None:
    assert tokens.string(value) == expected


def test_string_for_clients_that_take_utf8() -> None:
    assert tokens.string("Zürich", utf8=True) == '"Zürich"'.encode()
    assert tokens.string("a\nb", utf8=True) == b"{3}\r\na\nb"


def test_nstring_and_astring() -> None:
    assert tokens.nstring(None) == b"NIL"
    assert tokens.nstring("") == b'""'
    assert tokens.astring("INBOX") == b"INBOX"
    assert tokens.astring("nil") == b'"nil"'
    assert tokens.astring("a b") == b'"a b"'
    assert tokens.astring("a]") == b'"a]"'


@pytest.mark.parametrize(
    ("name", "ascii_form", "utf8_form"),
    [
        ("INBOX", b"INBOX", b"INBOX"),
        ("Sent Mail", b'"Sent Mail"', b'"Sent Mail"'),
        ("Entwürfe", b"Entw&APw-rfe", '"Entwürfe"'.encode()),
        ("R&D", b"R&-D", b"R&D"),
        ("50%", b'"50%"', b'"50%"'),
        ("", b'""', b'""'),
    ],
)
def test_mailbox(name: str, ascii_form: bytes, utf8_form: bytes) -> None:
    assert tokens.mailbox(name) == ascii_form
    assert tokens.mailbox(name, utf8=True) == utf8_form


def test_numbers() -> None:
    assert tokens.compressed([5]) == b"5"
    assert tokens.compressed(range(1, 20_001)) == b"1:20000"
    assert tokens.compressed([1, 2, 3, 7, 9, 10]) == b"1:3,7,9:10"
    assert tokens.number_set(NumberSet.of([9, 1, 2])) == b"1:2,9"


@given(st.lists(st.integers(1, 60), min_size=1, unique=True).map(sorted))
def test_compressed_is_the_set(numbers: list[int]) -> None:
    assert tokens.compressed(numbers) == str(NumberSet.of(numbers)).encode()


def test_flags() -> None:
    assert tokens.flag_list(0) == b"()"
    assert tokens.flag_list(31) == b"(\\Answered \\Flagged \\Deleted \\Seen \\Draft)"
    assert tokens.flag_list(Flag.SEEN, "$Forwarded Work") == b"(\\Seen $Forwarded Work)"
    assert tokens.flag_list(0, "Work") == b"(Work)"


def test_the_memory_of_flags_is_bounded() -> None:
    for n in range(2 * len(tokens.FLAG_WORDS) + 10_000):
        assert tokens.flag_list(1, f"k{n}") == b"(\\Seen k%d)" % n
    assert len(tokens.FLAG_WORDS) <= tokens.FLAG_WORDS.LIMIT


def test_date_time() -> None:
    assert tokens.date_time(0) == b'" 1-Jan-1970 00:00:00 +0000"'
    assert tokens.date_time(837_571_465) == b'"17-Jul-1996 02:44:25 +0000"'
    assert tokens.date_time(-1) == b'"31-Dec-1969 23:59:59 +0000"'


@given(st.integers(-2_000_000_000, 250_000_000_000))
def test_dates_are_read_back(seconds: int) -> None:
    written = tokens.date_time(seconds)
    reader = Reader(Frame(written))
    assert date_time(reader) == seconds
    reader.end()
    at = datetime.fromtimestamp(seconds, UTC)
    assert written == f'"{at.day:2}-{at:%b}-{at.year:04} {at:%H:%M:%S} +0000"'.encode()


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (BodySection(), b"BODY[]"),
        (BodySection((1, 2), partial=(5, 9), peek=True), b"BODY[1.2]<5>"),
        (BodySection((), SectionKind.HEADER), b"BODY[HEADER]"),
        (BodySection((3,), SectionKind.MIME), b"BODY[3.MIME]"),
        (
            BodySection((3,), SectionKind.FIELDS, ("To", "X Y", "[")),
            b'BODY[3.HEADER.FIELDS (To "X Y" [)]',
        ),
        (BodySection((), SectionKind.FIELDS_NOT, ("To",)), b"BODY[HEADER.FIELDS.NOT (To)]"),
        (BodySection((1,), partial=(0, 3), binary=True), b"BINARY[1]<0>"),
        (BinarySize((1, 1)), b"BINARY.SIZE[1.1]"),
        (BodySection(kind=SectionKind.TEXT, obsolete=Obsolete.TEXT), b"RFC822.TEXT"),
    ],
)
def test_section(item: BodySection | BinarySize, expected: bytes) -> None:
    assert tokens.section(item) == expected


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), st.booleans())
def test_strings_are_read_back(text: str, utf8: bool) -> None:
    framer = Framer(Limits())
    framer.authenticated = True
    framer.receive(tokens.string(text, utf8).replace(b"}\r\n", b"+}\r\n", 1) + b"\r\n")
    frame = framer.next()
    if not isinstance(frame, Frame):  # the text itself holds what looks like a literal's end
        assert b"}" in text.encode()
        return
    reader = Reader(frame)
    assert reader.string() == text.encode()
    reader.end()


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=50))
def test_mailboxes_are_read_back(name: str) -> None:
    for utf8 in (False, True):
        reader = Reader(Frame(tokens.mailbox(name, utf8)), utf8=utf8)
        assert reader.mailbox() == ("INBOX" if name.upper() == "INBOX" else name)

"""Tables as spreadsheet programs write them: their octets, and whatever else may come."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.base import sheet
from alphorn.base.errors import Refused

WANTED = (("anna", "anna@other.test", "1"), ("jörg", "", ""), ("bert", "b@other.test"))
ROWS = (("Adresse", "Weiterleitung", "Löschen"), *WANTED)
SAVED = Path(__file__).parent.parent / "fixtures" / "spreadsheets"


def lines(separator: str, end: str, *, quoted: bool = False) -> str:
    cell = '"{}"'.format if quoted else str
    return "".join(separator.join(map(cell, row)) + end for row in ROWS)


FILES = {
    "Excel, English: CSV (comma delimited)": lines(",", "\r\n").encode("cp1252"),
    "Excel, English: CSV UTF-8": lines(",", "\r\n").encode("utf-8-sig"),
    "Excel, German: CSV (Trennzeichen-getrennt)": lines(";", "\r\n").encode("cp1252"),
    "Excel, German: CSV UTF-8": lines(";", "\r\n").encode("utf-8-sig"),
    "Excel, French: CSV with sep=": ("sep=;\r\n" + lines(";", "\r\n")).encode("cp1252"),
    "Excel: Unicode text": b"\xff\xfe" + lines("\t", "\r\n").encode("utf-16-le"),
    "Excel: text (tab delimited)": lines("\t", "\r\n").encode("cp1252"),
    "Excel for Mac: CSV (Windows)": lines(";", "\r\n").encode("cp1252"),
    "Excel for Mac, old: line ends of CR": lines(";", "\r").encode("cp1252"),
    "LibreOffice, as it proposes": lines(",", "\n").encode(),
    "LibreOffice, all quoted": lines(",", "\n", quoted=True).encode(),
    "LibreOffice, semicolon, Latin-1": lines(";", "\n").encode("latin-1"),
    "LibreOffice, UTF-16, tab": lines("\t", "\n").encode("utf-16"),
    "LibreOffice, big-endian": b"\xfe\xff" + lines("\t", "\n").encode("utf-16-be"),
    "Numbers, Swiss": lines(";", "\n").encode(),
    "Numbers, English": lines(",", "\n").encode(),
    "Google Sheets: comma-separated": lines(",", "\r\n").encode().removesuffix(b"\r\n"),
    "Google Sheets: tab-separated": lines("\t", "\r\n").encode().removesuffix(b"\r\n"),
    "with an empty line at the end and spaces": (lines(" , ", " \r\n") + ",,\r\n\r\n").encode(),
}


@pytest.mark.parametrize("octets", FILES.values(), ids=FILES)
def test_what_spreadsheet_programs_write(octets: bytes) -> None:
    found = sheet.read(octets)
    assert found.header.cells == ROWS[0]
    assert [row.cells for row in found.rows] == [
        ("anna", "anna@other.test", "1"),
        ("jörg",),
        ("bert", "b@other.test"),
    ]


@pytest.mark.parametrize("path", sorted(SAVED.glob("*.csv")), ids=lambda path: path.stem)
def test_what_spreadsheet_programs_wrote(path: Path) -> None:
    """Files that they saved; see the README beside them."""
    found = sheet.read(path.read_bytes())
    assert found.header == sheet.Row(1, ROWS[0])
    assert found.rows == (
        sheet.Row(2, ("anna", "anna@other.test", "1")),
        sheet.Row(3, ("jörg",)),
        sheet.Row(4, ("bert", "b@other.test\nc@other.test")),
        sheet.Row(5, ('à la carte; menu, "du jour"', "d@other.test", "1")),
    )


def test_there_are_such_files() -> None:
    assert {path.name.partition("-")[0] for path in SAVED.glob("*.csv")} == {
        "gnumeric",
        "libreoffice",
    }


def test_rows_are_counted_as_the_program_counts_them() -> None:
    found = sheet.read(b'a,b\r\n\r\n"x\r\ny",1\r\nz,2\r\n')
    assert [(row.line, row.cells) for row in found.rows] == [(3, ("x\r\ny", "1")), (4, ("z", "2"))]
    assert sheet.read(b"sep=;\r\na;b\r\nx;1\r\n").rows[0].line == 3


def test_separators_in_quotes_do_not_count() -> None:
    found = sheet.read(b'"name, first";"b, c"\r\n"x;y";z\r\n')
    assert found.header.cells == ("name, first", "b, c")
    assert found.rows[0].cells == ("x;y", "z")


def test_a_header_of_one_column_over_rows_of_more() -> None:
    assert sheet.read(b"address\r\nanna;x@y.test;1\r\n").rows[0].cells == (
        "anna", "x@y.test", "1",
    )  # fmt: skip


@pytest.mark.parametrize(
    "octets",
    [
        b"", b"\r\n\r\n", b"\xef\xbb\xbf", b"PK\x03\x04\0\0\0\0", b"\xff\xfeA", b"\xff\xfe\0\xd8",
        b"a\n" * (sheet.MAX_ROWS + 2), b"x" * (sheet.MAX_OCTETS + 1),
        b'a,b\n"' + b"y" * (sheet.MAX_CELL + 1), b"," * sheet.MAX_COLUMNS + b"x",
    ],
    ids=["empty", "lines", "mark", "zip", "odd", "surrogate", "rows", "octets", "cell", "columns"],
)  # fmt: skip
def test_no_table(octets: bytes) -> None:
    with pytest.raises(Refused) as caught:
        sheet.read(octets)
    assert caught.value.code == "sheet"


cells = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12).map(str.strip)


@given(
    st.lists(st.lists(cells, min_size=2, max_size=5), min_size=1, max_size=8),
    st.sampled_from(sheet.SEPARATORS),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_is_written_is_read(
    rows: list[list[str]], separator: str, end: str, encoding: str
) -> None:
    header = ["first", "second", "third", "fourth", "fifth"]
    written = io.StringIO()
    writer = csv.writer(written, delimiter=separator, lineterminator=end)
    writer.writerows([header, *rows])
    found = sheet.read(written.getvalue().encode(encoding))
    assert list(found.header.cells) == header
    expected = []
    for row in rows:
        while row and not row[-1]:
            row = row[:-1]
        if row:
            expected.append(tuple(row))
    assert [row.cells for row in found.rows] == expected


@given(st.one_of(st.binary(), st.text('",;\t\r\nab').map(str.encode)))
def test_whatever_comes(octets: bytes) -> None:
    """A table or a refusal, nothing else."""
    try:
        found = sheet.read(octets)
    except Refused as error:
        if error.code != "sheet":
            raise
        return
    assert found.header.cells
    for row in found.rows:
        assert row.cells[-1]
        assert len(row.cells) <= sheet.MAX_COLUMNS

"""Tables as spreadsheet programs save them (CSV, RFC 4180 and everything near it), from octets.

    encoding    UTF-8 and UTF-16 with a byte order mark; else UTF-8 where it is that; else Windows
                1252, of which Latin-1 is a part but for control characters
    separator   comma, semicolon or tab: the one that the first line says (`sep=;`, as Excel
                understands it), else the one of which the header has most outside of quotes, or
                all rows where the header has none
    line ends   CRLF, LF, CR, mixed, and within quotes

Pure and bounded. What is no table at all is refused; a table with odd rows is not.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from alphorn.base.errors import Refused

MAX_OCTETS = 4 << 20
MAX_ROWS = 10_000
MAX_COLUMNS = 50
MAX_CELL = 10_000
SEPARATORS = ",;\t"

_SAYS = re.compile(r'"?sep=([,;\t])"?[ \t;,]*(?:\r\n|\r|\n|\Z)', re.IGNORECASE)
_QUOTED = re.compile(r'"(?:[^"]|"")*"?')
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """`line` is where it stands, as the program that made the file counts its rows (1 is the first
    line); `cells` are without spaces around them, and without empty ones at the end."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """`rows` are without empty ones."""

    header: Row
    rows: tuple[Row, ...]


def read(octets: bytes) -> Sheet:
    """Raises Refused("sheet") where it is empty, too large or not text."""
    if len(octets) > MAX_OCTETS:
        raise _refused(f"The file has more than {MAX_OCTETS >> 20} MiB.")
    text = _text(octets)
    separator, skipped = _separator(text)
    rows = list(_rows(text[skipped:], separator, 1 if skipped else 0))
    if not rows:
        raise _refused("There is nothing in the file.")
    return Sheet(rows[0], tuple(rows[1:]))


def _text(octets: bytes) -> str:
    for mark, encoding in _BOMS:
        if octets.startswith(mark):
            try:
                return octets[len(mark) :].decode(encoding)
            except UnicodeDecodeError:
                raise _refused("The file says that it is Unicode, and is not.") from None
    if b"\0" in octets:
        raise _refused("The file is not text; save it as CSV.")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("cp1252", "replace")


def _separator(text: str) -> tuple[str, int]:
    """And how many characters say so."""
    if said := _SAYS.match(text):
        return said[1], said.end()
    plain = _QUOTED.sub("", text[: MAX_COLUMNS * MAX_CELL]).lstrip("\r\n")
    header = re.split(r"[\r\n]", plain, maxsplit=1)[0]
    if not any(map(header.count, SEPARATORS)):  # of one column, where rows may have more
        header = plain
    return max(SEPARATORS, key=header.count), 0


def _rows(text: str, separator: str, before: int) -> Iterator[Row]:
    number = before
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    found = 0
    try:
        for cells in reader:
            number += 1
            stripped = [cell.strip() for cell in cells]
            while stripped and not stripped[-1]:
                stripped.pop()
            if not stripped:
                continue
            if len(stripped) > MAX_COLUMNS or max(map(len, stripped)) > MAX_CELL:
                raise _refused(f"Row {number} is too long; is a quote not closed?")
            found += 1
            if found > MAX_ROWS + 1:
                raise _refused(f"The file has more than {MAX_ROWS} rows.")
            yield Row(number, tuple(stripped))
    except csv.Error as error:
        raise _refused(f"The file cannot be read after row {number}: {error}.") from error


def _refused(text: str) -> Refused:
    return Refused(text, code="sheet")

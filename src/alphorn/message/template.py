"""Text with fields in braces, and what it becomes for one person. Pure.

    Kind regards
    {name}
    Tel. {phone}

`{name}` stands for a value; `{{` and `}}` for the braces themselves. That is the whole language:
no conditions, no loops, nothing that could be slow or fail once a template was read. A line that
has fields and all of them empty vanishes, so that nobody sends "Tel. " with nothing behind it.

In HTML (`message.safe_html` says which) values are escaped for where they stand: in text, in the
value of an attribute, or in an address, where `{phone}` loses its spaces. A line that may vanish
has to close what it opens.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from html import escape
from urllib.parse import quote

from alphorn.base.errors import Refused
from alphorn.message import safe_html

FIELDS: Mapping[str, str] = {
    "name": "the person's name",
    "function": "what the person does, such as Accounting",
    "phone": "the telephone number",
    "address": "the postal address, which may have several lines",
    "email": "the account's own address",
    "organization": "the name of the organization",
    "domain": "the domain of the account's address",
}
"""What a template may say of a person."""
PHONE = "phone"

_FIELD = re.compile(r"\{\{|\}\}|\{([^{}\n]{0,60})\}|[{}]")
_BREAK = re.compile(r"\r\n|[\r\n]")


class TemplateError(Refused):
    """The text cannot be a template; the message says where and why."""

    code = "template"


class Place(Enum):
    """Where a field stands, which is how its value is written."""

    TEXT = "text"
    SUBJECT = "subject"
    HTML = "html"
    ATTRIBUTE = "attribute"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    place: Place


Line = tuple[str | Field, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """One that was read. `lines` are without their ends."""

    lines: tuple[Line, ...]

    @property
    def fields(self) -> frozenset[str]:
        """The names of those that it has."""
        return frozenset(
            piece.name for line in self.lines for piece in line if isinstance(piece, Field)
        )

    def fill(self, values: Mapping[str, str]) -> str:
        """With these values; a field that has none is empty. Lines end with LF."""
        return "\n".join(
            "".join(piece if isinstance(piece, str) else _value(piece, values) for piece in line)
            for line in self.lines
            if not _vanishes(line, values)
        )


def read_text(text: str) -> Template:
    """Plain text. Raises TemplateError."""
    return _read(text, Place.TEXT)


def read_subject(text: str) -> Template:
    """One line, in which the lines of a value stand beside each other. Raises TemplateError."""
    if _BREAK.search(text):
        raise TemplateError("A subject is one line.")
    return _read(text, Place.SUBJECT)


def read_html(text: str) -> Template:
    """A piece of HTML as `safe_html.check` allows it. Raises TemplateError."""
    try:
        safe_html.check(text)
        template = _read(text, Place.HTML)
        for number, (line, written) in enumerate(
            zip(template.lines, _BREAK.split(text), strict=True), 1
        ):
            if any(isinstance(piece, Field) for piece in line):
                _check_alone(written, number)
    except safe_html.HtmlError as error:
        raise TemplateError(error.text) from error
    return template


def _check_alone(line: str, number: int) -> None:
    try:
        safe_html.check(line)
    except safe_html.HtmlError as error:
        raise TemplateError(
            f"Line {number} has a field and vanishes where that is empty, so it has to be whole "
            f"in itself: {error.reason}."
        ) from error


def _read(text: str, place: Place) -> Template:
    lines = enumerate(_BREAK.split(text), 1)
    return Template(tuple(tuple(_pieces(line, number, place)) for number, line in lines))


def _pieces(line: str, number: int, place: Place) -> Iterator[str | Field]:
    """Literal text, and fields. Tags are looked for in HTML only."""
    tags = safe_html.tags(line) if place is Place.HTML else ()
    at = 0
    for found in _FIELD.finditer(line):
        if found.start() > at:
            yield line[at : found.start()]
        at = found.end()
        if found[0] in ("{{", "}}"):
            yield found[0][0]
            continue
        name = found[1]
        column = found.start() + 1
        if name is None:
            raise TemplateError(
                f"Line {number}, column {column}: a single {found[0]} begins or ends no field; "
                f"write {found[0] * 2} for the sign itself."
            )
        if name not in FIELDS:
            raise TemplateError(
                f"Line {number}, column {column}: there is no field {{{name}}}; there are "
                f"{', '.join(f'{{{known}}}' for known in FIELDS)}."
            )
        yield Field(name, _place_of(found.start(), tags, place))
    if at < len(line):
        yield line[at:]


def _place_of(at: int, tags: Sequence[safe_html.Tag], place: Place) -> Place:
    for tag in tags:
        if tag.begin <= at < tag.end:
            inside = any(begin <= at < end for begin, end in tag.addresses)
            return Place.ADDRESS if inside else Place.ATTRIBUTE
    return place


def _vanishes(line: Line, values: Mapping[str, str]) -> bool:
    fields = [piece.name for piece in line if isinstance(piece, Field)]
    return bool(fields) and not any(values.get(name) for name in fields)


def _value(field: Field, values: Mapping[str, str]) -> str:
    value = values.get(field.name, "")
    match field.place:
        case Place.TEXT:
            return value
        case Place.SUBJECT:
            return ", ".join(value.splitlines())
        case Place.HTML:
            return "<br>".join(map(escape, value.splitlines()))
        case Place.ATTRIBUTE:
            return escape(" ".join(value.splitlines()))
        case Place.ADDRESS:
            return quote("".join(value.split()) if field.name == PHONE else value, safe="@+")

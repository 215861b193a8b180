"""How to answer one list of FETCH items, worked out once and run over any number of messages.

A plan names the columns to read of each message and turns whole columns of values into whole
columns of wire forms; the lines are then made by one `%` format over their rows. No Python code
runs for a single message but where a body section is cut out.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from alphorn.base.numbers import NumberSet
from alphorn.servers.imap import identifiers
from alphorn.servers.imap.failures import No
from alphorn.servers.imap.fetching import sections
from alphorn.servers.imap.fetching.sections import Octets
from alphorn.store.api import Account, Column
from alphorn.wire.imap import render, tokens
from alphorn.wire.imap.items import BinarySize, BodySection, FetchItem, Item
from alphorn.wire.imap.structure import without_extensions
from alphorn.wire.imap.tokens import FLAG_WORDS

Row = tuple[Any, ...]
"""Values of the columns asked for, of the types that `store.api.Column` says."""
Values = Iterable[Any]

MAX_SECTIONS = 100
"""Body sections in one FETCH."""
MAX_FIELD_NAMES = 500
"""Header field names in one FETCH, over all its sections."""
SMALL_ROWS = 2000
"""Messages that are read at a time where each costs a line."""
LARGE_ROWS = 250
"""The same where each costs an envelope or a structure."""


@dataclass(frozen=True, slots=True)
class Simple:
    """An item whose value the store has. `convert` takes its columns and gives a column of what the
    item's format (`render.ITEM_FORMATS`) takes; None: the store's values are that already."""

    columns: tuple[Column, ...]
    convert: Callable[..., Values] | None = None
    rows: int = SMALL_ROWS


def _words(bits: Values, keywords: Values) -> Values:
    return map(FLAG_WORDS.__getitem__, zip(bits, keywords, strict=True))


def _dates(seconds: Values) -> Values:
    return map(tokens.date_time, seconds)


def _saved(seconds: Values) -> Values:
    return [b"NIL" if at is None else tokens.date_time(at) for at in seconds]


SIMPLE: dict[Item, Simple] = {
    Item.UID: Simple((Column.UID,)),
    Item.FLAGS: Simple((Column.FLAGS, Column.KEYWORDS), _words),
    Item.INTERNAL_DATE: Simple((Column.INTERNAL_DATE,), _dates),
    Item.SIZE: Simple((Column.SIZE,)),
    Item.ENVELOPE: Simple((Column.ENVELOPE,), rows=LARGE_ROWS),
    Item.BODY: Simple(
        (Column.STRUCTURE,), lambda column: map(without_extensions, column), LARGE_ROWS
    ),
    Item.BODY_STRUCTURE: Simple((Column.STRUCTURE,), rows=LARGE_ROWS),
    Item.MODSEQ: Simple((Column.MODSEQ,)),
    Item.EMAIL_ID: Simple(
        (Column.EMAIL_ID,), lambda column: map(identifiers.EMAIL.__mod__, column)
    ),
    Item.THREAD_ID: Simple(
        (Column.THREAD_ID,), lambda column: map(identifiers.THREAD.__mod__, column)
    ),
    Item.SAVE_DATE: Simple((Column.SAVE_DATE,), _saved),
    Item.PREVIEW: Simple((Column.PREVIEW,), lambda column: map(tokens.string, column), LARGE_ROWS),
}


@dataclass(frozen=True, slots=True)
class Cut:
    """A section to be cut out of the message."""

    item: BodySection
    label: bytes
    extract: sections.Extract

    def column(self, messages: Values, trees: Values) -> Values:
        label, extract = self.label, self.extract
        cut = [extract(message, tree) for message, tree in zip(messages, trees, strict=True)]
        if self.item.binary:
            value = render.section_value
            return [value(label, None if data is None else bytes(data), True) for data in cut]
        form = label.replace(b"%", b"%%") + b" {%d}\r\n%b"
        nothing = label + b" NIL"
        return [nothing if data is None else form % (len(data), data) for data in cut]


@dataclass(frozen=True, slots=True)
class Field:
    """One item of the line: its `%` format, which columns of the row it takes, and the conversion.
    `cut` is set for a section, of which a large one is not put into a line (see `Plan.pieces`)."""

    form: bytes
    at: tuple[int, ...]
    convert: Callable[..., Values] | None
    cut: Cut | None = None

    def values(self, columns: Sequence[Sequence[Any]]) -> Values:
        taken = [columns[i] for i in self.at]
        return taken[0] if self.convert is None else self.convert(*taken)


@dataclass(frozen=True, slots=True)
class Plan:
    """`columns` are what to read, UID first. `rows`: of how many messages at a time. `weight` is
    the column with the octets that reading one message costs, None where that is little.
    `sets_seen`: RFC 9051 §6.4.5, the body is read without PEEK. `partial`: only a range of the
    message is asked for, so that others will probably follow. `cuts`: how many sections."""

    columns: tuple[Column, ...]
    fields: tuple[Field, ...]
    template: bytes
    rows: int
    weight: Column | None
    sets_seen: bool
    partial: bool
    cuts: int

    def lines(self, numbers: Iterable[int], rows: Sequence[Row]) -> bytes:
        """The FETCH responses for these rows, whose message numbers are given."""
        columns = tuple(zip(*rows, strict=True))
        values = [field.values(columns) for field in self.fields]
        return b"".join(map(self.template.__mod__, zip(numbers, *values, strict=True)))

    def pieces(self, number: int, row: Row) -> Iterator[Octets]:
        """The same for one large message in pieces, of which each is made when it is asked for.
        Raises before the first piece, if at all."""
        cuts = [(field.cut, field.at) for field in self.fields if field.cut is not None]
        for cut, (source, tree) in cuts:
            sections.check(cut.item, row[source], row[tree])
        return self._pieces(number, row)

    def _pieces(self, number: int, row: Row) -> Iterator[Octets]:
        lead = b"* %d FETCH (" % number
        for field in self.fields:
            cut = field.cut
            data = cut.extract(row[field.at[0]], row[field.at[1]]) if cut is not None else None
            if cut is not None and data is not None:
                kind = b"~" if cut.item.binary and b"\0" in bytes(data) else b""
                yield lead + b"%b %b{%d}\r\n" % (cut.label, kind, len(data))
                yield data
            else:
                (value,) = field.values([(entry,) for entry in row])
                yield lead + field.form % value
            lead = b" "
        yield b")\r\n"


def read(
    mail: Account, mailbox_id: int, uids: NumberSet, columns: Sequence[Column], since: int = 0
) -> list[Row]:
    """The rows of a portion, all at once, so that no cursor stays open."""
    return list(mail.fetch(mailbox_id, uids, columns, since))


@lru_cache(maxsize=256)
def plan(items: tuple[FetchItem, ...]) -> Plan:
    """The plan for these items, each of which stands once. Raises No where they are too many."""
    _check_limits(items)
    columns: dict[Column, int] = {Column.UID: 0}
    fields: list[Field] = []
    rows = SMALL_ROWS
    weight: Column | None = None
    sets_seen = partial = False
    header_only = all(
        sections.needs_header_only(item) for item in items if not isinstance(item, Item)
    )
    for item in items:
        if isinstance(item, Item):
            simple = SIMPLE[item]
            at = tuple(columns.setdefault(column, len(columns)) for column in simple.columns)
            fields.append(Field(render.ITEM_FORMATS[item], at, simple.convert))
            rows = min(rows, simple.rows)
            continue
        source = Column.HEADER if header_only else Column.RAW
        weight = Column.HEADER_SIZE if header_only else Column.SIZE
        needed = (source, source) if header_only else (source, Column.PARTS)
        at = tuple(columns.setdefault(column, len(columns)) for column in needed)
        fields.append(_section(item, at, header_only=header_only))
        sets_seen |= isinstance(item, BodySection) and not item.peek
        partial |= isinstance(item, BodySection) and item.partial is not None
    template = b"* %%d FETCH (%b)\r\n" % b" ".join(field.form for field in fields)
    cuts = sum(not isinstance(item, Item) for item in items)
    return Plan(tuple(columns), tuple(fields), template, rows, weight, sets_seen, partial, cuts)


def _check_limits(items: tuple[FetchItem, ...]) -> None:
    cuts = [item for item in items if not isinstance(item, Item)]
    names = sum(len(item.fields) for item in cuts if isinstance(item, BodySection))
    if len(cuts) > MAX_SECTIONS or names > MAX_FIELD_NAMES:
        raise No("That are too many sections or header fields for one FETCH", b"LIMIT")


def _section(item: BodySection | BinarySize, at: tuple[int, ...], *, header_only: bool) -> Field:
    label = tokens.section(item)
    if isinstance(item, BinarySize):
        size = sections.binary_size(item)
        return Field(label + b" %d", at, lambda *columns: map(size, *columns))
    cut = Cut(item, label, sections.extractor(item, header_only=header_only))
    return Field(b"%b", at, cut.column, cut)

"""Reading messages: rows of columns in portions, bodies one at a time.

A portion's statements have ended before its rows are handed out, so that a slow reader holds
nothing open. What goes between two portions is left out.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

from alphorn.base.numbers import NumberSet
from alphorn.store.api import Column
from alphorn.store.bodies import Bodies, Part
from alphorn.store.database import Columns, Database, Kind, Row, Transaction
from alphorn.store.details import Detail, read_detail

LIGHT_ROWS = 20_000
"""Rows read at a time where all columns are small."""
HEAVY_ROWS = 1_000
"""The same with columns of which each may have some hundred octets."""
BODY_ROWS = 200
"""The same where a header or a body is read for each row."""
_FEW = 16
"""Up to so many UIDs are read row by row, which is quicker then."""

Maker = Callable[[Row], Any]

_PLAIN: dict[Column, tuple[str, Kind]] = {
    Column.UID: ("m.uid", Kind.INTEGER),
    Column.FLAGS: ("m.flags", Kind.INTEGER),
    Column.KEYWORDS: ("m.keywords", Kind.TEXT),
    Column.MODSEQ: ("m.modseq", Kind.INTEGER),
    Column.INTERNAL_DATE: ("m.received", Kind.INTEGER),
    Column.SIZE: ("m.size", Kind.INTEGER),
    Column.SAVE_DATE: ("m.saved", Kind.INTEGER),
    Column.EMAIL_ID: ("m.content", Kind.INTEGER),
    Column.THREAD_ID: ("c.thread", Kind.INTEGER),
    Column.ENVELOPE: ("c.envelope", Kind.BLOB),
    Column.HEADER_SIZE: ("c.header_size", Kind.INTEGER),
    Column.SENT: ("c.sent", Kind.INTEGER),
    Column.SUBJECT: ("c.subject", Kind.TEXT),
}
_FLAG: dict[Column, tuple[str, Kind]] = {Column.HAS_ATTACHMENT: ("c.attachment", Kind.INTEGER)}
_DETAIL: dict[Column, Detail] = {
    Column.STRUCTURE: Detail.STRUCTURE,
    Column.PARTS: Detail.PARTS,
    Column.PREVIEW: Detail.PREVIEW,
}
_HEAVY = frozenset(("c.envelope", "c.subject"))


@dataclass(frozen=True, slots=True)
class _Plan:
    """How columns are read: the statement's own columns, UID first; `few`, the statement that reads
    row by row; the parts that are kept apart;
    and for each column asked for what makes it of a row of both. `makers` is None where rows are
    what was asked for already; `content` is the place of the content in a row."""

    columns: Columns
    source: str
    few: str
    rows: int
    makers: tuple[Maker, ...] | None
    parts: tuple[Part | None, ...]
    content: int


def fetch(
    database: Database, mailbox_id: int, uids: NumberSet, wanted: Sequence[Column], since: int
) -> Iterator[Row]:
    """One row a message, in UID order, with the columns wanted."""
    plan = _plan(tuple(wanted))
    portions = _portions(database, plan, mailbox_id, uids, since)
    rows: Iterator[Row] = chain.from_iterable(portions)
    if plan.parts:
        rows = _with_parts(database, plan, portions)
    return rows if plan.makers is None else _made(plan.makers, rows)


def _portions(
    database: Database, plan: _Plan, mailbox_id: int, uids: NumberSet, since: int
) -> Iterator[list[Row]]:
    ranges = list(reversed(uids.ranges))
    while ranges:
        rows: list[Row] = []
        with database.glancing() as tx:
            while ranges and len(rows) < plan.rows:
                low, high = ranges.pop()
                if high - low < _FEW:
                    rows += tx.execute(plan.few, (mailbox_id, low, high, since)).fetchall()
                    continue
                last = _last_of_portion(tx, mailbox_id, low, high, plan.rows)
                rows += tx.table(plan.columns, plan.source, (mailbox_id, low, last, since))
                if last < high:
                    ranges.append((last + 1, high))
        yield rows


def _last_of_portion(tx: Transaction, mailbox_id: int, low: int, high: int, rows: int) -> int:
    """Where to stop within low..high so that at most so many messages are read."""
    if high - low < rows:
        return high
    (highest,) = tx.execute(
        "SELECT MAX(uid) FROM message WHERE mailbox = ?", (mailbox_id,)
    ).fetchone()
    if (highest or 0) - low < rows:
        return high
    row = tx.execute(
        "SELECT uid FROM message WHERE mailbox = ? AND uid BETWEEN ? AND ?"
        " ORDER BY uid LIMIT 1 OFFSET ?",
        (mailbox_id, low, high, rows - 1),
    ).fetchone()
    return high if row is None else int(row[0])


def _made(makers: tuple[Maker, ...], rows: Iterator[Row]) -> Iterator[Row]:
    for row in rows:
        yield tuple([make(row) for make in makers])


def _with_parts(database: Database, plan: _Plan, portions: Iterator[list[Row]]) -> Iterator[Row]:
    """The makers find what is kept apart behind the statement's columns, in the plan's order."""
    bodies = Bodies(database)
    for rows in portions:
        contents = [row[plan.content] for row in rows]
        columns = [
            map(bodies.raw, contents) if part is None else bodies.parts(part, contents)
            for part in plan.parts
        ]
        for row, *found in zip(rows, *columns, strict=True):
            if None not in found:
                yield (*row, *found)


@lru_cache(maxsize=256)
def _plan(wanted: tuple[Column, ...]) -> _Plan:
    columns: list[tuple[str, Kind]] = [_PLAIN[Column.UID]]

    def place(column: tuple[str, Kind]) -> int:
        if column not in columns:
            columns.append(column)
        return columns.index(column)

    parts = _parts(wanted)
    content = place(_PLAIN[Column.EMAIL_ID]) if parts else 0
    header_size = place(_PLAIN[Column.HEADER_SIZE]) if None in parts else 0
    makers: list[Maker] = []
    for column in wanted:
        if column in _DETAIL:
            makers.append(_detail(parts.index(Part.DETAILS) - len(parts), _DETAIL[column]))
        elif column in _FLAG:
            makers.append(_truth(place(_FLAG[column])))
        elif column is Column.HEADER and None in parts:
            makers.append(_header_of_raw(header_size))
        elif column in (Column.HEADER, Column.RAW):
            makers.append(_last)
        else:
            makers.append(_value(place(_PLAIN[column])))
    as_asked = not parts and [_PLAIN.get(column) for column in wanted] == columns
    names = [name for name, _ in columns]
    joined = any(name.startswith("c.") for name in names)
    portion = LIGHT_ROWS
    if None in parts or Part.HEADER in parts:
        portion = BODY_ROWS
    elif parts or not _HEAVY.isdisjoint(names):
        portion = HEAVY_ROWS
    source = (
        "FROM message m"
        + (" JOIN content c ON c.id = m.content" if joined else "")
        + " WHERE m.mailbox = ? AND m.uid BETWEEN ? AND ? AND m.modseq > ?"
    )
    return _Plan(
        tuple(columns),
        source,
        f"SELECT {', '.join(names)} {source} ORDER BY m.uid",
        portion,
        None if as_asked else tuple(makers),
        parts,
        content,
    )


def _parts(wanted: tuple[Column, ...]) -> tuple[Part | None, ...]:
    """What has to be read from where bodies are; None is the whole message, which comes last."""
    parts: list[Part | None] = []
    if any(column in _DETAIL for column in wanted):
        parts.append(Part.DETAILS)
    if Column.RAW in wanted:
        parts.append(None)
    elif Column.HEADER in wanted:
        parts.append(Part.HEADER)
    return tuple(parts)


def _value(at: int) -> Maker:
    return lambda row: row[at]


def _truth(at: int) -> Maker:
    return lambda row: bool(row[at])


def _detail(at: int, detail: Detail) -> Maker:
    return lambda row: read_detail(row[at], detail)


def _header_of_raw(header_size: int) -> Maker:
    return lambda row: row[-1][: row[header_size]]


def _last(row: Row) -> Any:
    return row[-1]

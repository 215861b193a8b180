"""From young messages to packs, and packs made anew when messages in them have gone.

The slow work, decoding and compressing, is done outside of the transaction, which then checks that
the world is still the same. Of several processes that do it at once one wins.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from alphorn.base.errors import Unavailable
from alphorn.store import codec, packs
from alphorn.store.bodies import Bodies, pieces
from alphorn.store.database import Columns, Database, Kind, Transaction
from alphorn.store.fulltext import texts_of
from alphorn.store.packs import PACK_MESSAGES, PACK_OCTETS, Item, Pack
from alphorn.store.signatures import signature

MANY_GONE = 1000
"""After so many messages have gone, Message-IDs that nothing knows any more are forgotten too."""

_ID: Columns = (("id", Kind.INTEGER),)
_GONE: Columns = (("content", Kind.INTEGER),)


def index(database: Database, limit: int) -> int:
    """Pack young messages, as long as they fill packs, until at least `limit` are; how many."""
    done = 0
    while done < limit:
        with database.packing():
            packed = _pack_next(database)
        if packed is None:
            break
        done += packed
    return done


def sweep(database: Database) -> int:
    """Cut messages that have gone out of their packs; how many these were."""
    done = 0
    while True:
        with database.packing():
            swept = _sweep_next(database)
        if swept is None:
            break
        done += swept
    if done >= MANY_GONE:
        with database.writing() as tx:
            _forget_threads(tx)
    return done


# -- young messages --


@dataclass(slots=True)
class _Young:
    """Young messages in order, still compressed, until they fill a pack."""

    found: list[tuple[int, bytes]] = field(default_factory=list)
    octets: int = 0

    def add(self, content: int, data: bytes) -> None:
        _, header, rest = pieces(data)
        self.found.append((content, data))
        self.octets += codec.size(header) + codec.size(rest) if rest else PACK_OCTETS

    @property
    def full(self) -> bool:
        return self.octets >= PACK_OCTETS or len(self.found) >= PACK_MESSAGES


def _pack_next(database: Database) -> int | None:
    """Make a pack of the oldest young messages; how many they were, None if they do not fill it."""
    with database.reading() as tx:
        (packed,) = tx.execute("SELECT packed FROM account").fetchone()
        young = _read_young(tx, packed)
    if not young.full:
        return None
    last = young.found[-1][0]
    items = [item for found in young.found if (item := _item(database, *found)) is not None]
    columns = _columns(items)
    with database.writing() as tx:
        if tx.execute("SELECT packed FROM account").fetchone() != (packed,):
            return 0
        tx.execute("UPDATE account SET packed = ?", (last,))
        if items:
            _insert(tx, last, columns)
            taken = [item.content for item in items]
            tx.execute(tx.listed("DELETE FROM body WHERE id IN EACH"), (tx.numbers(taken),))
            _drop_missing(tx, taken)
    return len(young.found)


def _read_young(tx: Transaction, packed: int) -> _Young:
    young = _Young()
    content = packed
    while not young.full:
        row = tx.execute(
            "SELECT id, data FROM body WHERE id > ? ORDER BY id LIMIT 1", (content,)
        ).fetchone()
        if row is None:
            break
        young.add(*row)
        content = row[0]
    return young


def _item(database: Database, content: int, data: bytes) -> Item | None:
    """None for a damaged message, which stays where it is."""
    try:
        details, header, rest = [codec.unpack(piece) if piece else None for piece in pieces(data)]
        whole = header + rest if header is not None and rest is not None else None
        if whole is None:
            whole = Bodies(database).raw(content)
    except Unavailable:
        return None
    if details is None or header is None or whole is None:
        return None
    fields, text = texts_of(whole)
    return Item(content, details, header, rest, fields, text)


def _drop_missing(tx: Transaction, contents: Sequence[int]) -> None:
    """Note those that went while they were being packed."""
    rows = tx.table(_ID, tx.listed("FROM content WHERE id IN EACH"), (tx.numbers(contents),))
    here = {content for (content,) in rows}
    tx.executemany(
        "INSERT INTO dropped (content) VALUES (?)",
        [(content,) for content in contents if content not in here],
    )


# -- packs --

_Row = tuple[bytes, bytes, bytes, bytes, bytes]
"""The columns `entries`, `signature`, `details`, `headers` and `bodies`."""


def _columns(items: Sequence[Item]) -> _Row:
    entries, details, headers, bodies = packs.build(items)
    texts = [piece for item in items for piece in (item.fields, item.text)]
    return entries, signature(texts), details, headers, bodies


def _insert(tx: Transaction, number: int, columns: _Row) -> None:
    tx.execute(
        "INSERT INTO pack (id, entries, signature, details, headers, bodies)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (number, *columns),
    )


def _sweep_next(database: Database) -> int | None:
    """Make the first pack anew that holds what has gone, together with the next one where both
    have become small; how many messages had gone, None where no pack has any such."""
    with database.reading() as tx:
        rows = tx.execute(
            "SELECT id, entries, details, headers, bodies FROM pack"
            " WHERE id >= (SELECT MIN(content) FROM dropped) ORDER BY id LIMIT 2"
        ).fetchall()
        if not rows:
            return None
        gone = {
            content
            for (content,) in tx.table(_GONE, "FROM dropped WHERE content <= ?", (rows[-1][0],))
        }
    left = [_left(row, gone) for row in rows]
    taken = rows if sum(map(_weight, left)) <= PACK_OCTETS else rows[:1]
    items = [item for kept in left[: len(taken)] for item in kept]
    last = taken[-1][0]
    columns = _columns(items)
    with database.writing() as tx:
        if not all(_is_as_it_was(tx, number, entries) for number, entries, *_ in taken):
            return 0
        for number, *_ in taken:
            tx.execute("DELETE FROM pack WHERE id = ?", (number,))
        if items:
            _insert(tx, last, columns)
        cut = [content for content in gone if content <= last]
        tx.execute(tx.listed("DELETE FROM dropped WHERE content IN EACH"), (tx.numbers(cut),))
    return len(cut)


def _is_as_it_was(tx: Transaction, number: int, entries: bytes) -> bool:
    row = tx.execute("SELECT entries FROM pack WHERE id = ?", (number,)).fetchone()
    return row is not None and row[0] == entries


def _left(row: tuple[int, bytes, bytes, bytes, bytes], gone: set[int]) -> list[Item]:
    _, *columns = row
    return [item for item in Pack(*columns).items() if item.content not in gone]


def _weight(items: Sequence[Item]) -> int:
    return sum(
        PACK_OCTETS if item.rest is None else len(item.header) + len(item.rest) for item in items
    )


def _forget_threads(tx: Transaction) -> None:
    tx.execute(
        "DELETE FROM thread_key WHERE NOT EXISTS (SELECT 1 FROM content WHERE content.thread ="
        " COALESCE((SELECT m.thread FROM thread_merge m WHERE m.old = thread_key.thread),"
        " thread_key.thread))"
    )
    tx.execute(
        "DELETE FROM thread_merge WHERE NOT EXISTS"
        " (SELECT 1 FROM content WHERE content.thread = thread_merge.thread)"
    )

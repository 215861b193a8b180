"""Details, headers and whole messages, from wherever they are kept.

A row of `body` is three compressed pieces, of which the lengths of the first two stand before them:
the details, the header, and what follows the header; the last is missing where it is large and
stands in `large`.
"""

import struct
from collections.abc import Callable, Sequence
from enum import Enum

from alphorn.store import codec
from alphorn.store.codec import LARGE_OCTETS, Octets
from alphorn.store.database import Columns, Database, Kind, Transaction
from alphorn.store.packs import Pack

_BODY: Columns = (("id", Kind.INTEGER), ("data", Kind.BLOB))
_LENGTHS = struct.Struct("<II")


def pack_body(details: bytes, header: bytes, rest: bytes) -> tuple[bytes, bytes | None]:
    """The data of a row of `body`, and of one of `large` or None."""
    first, second = codec.pack_young(details), codec.pack_young(header)
    lengths = _LENGTHS.pack(len(first), len(second))
    if len(rest) >= LARGE_OCTETS:
        return b"".join((lengths, first, second)), codec.pack(rest)
    return b"".join((lengths, first, second, codec.pack_young(rest))), None


def pieces(data: bytes) -> tuple[Octets, Octets, Octets]:
    """Details, header and rest, still compressed; the rest is empty where it is large."""
    view = memoryview(data)
    first, second = _LENGTHS.unpack_from(data)
    header = _LENGTHS.size + first
    rest = header + second
    return view[_LENGTHS.size : header], view[header:rest], view[rest:]


class Part(Enum):
    """What of a message is read; which piece of `body`, and which column of `pack`, it is."""

    DETAILS = 0
    HEADER = 1


_OF_PACK: dict[Part, tuple[str, Callable[[Pack, int], bytes]]] = {
    Part.DETAILS: (
        "SELECT entries, details, NULL, NULL FROM pack WHERE id >= ? ORDER BY id LIMIT 1",
        Pack.details,
    ),
    Part.HEADER: (
        "SELECT entries, NULL, headers, NULL FROM pack WHERE id >= ? ORDER BY id LIMIT 1",
        Pack.header,
    ),
}
_WHOLE = "SELECT entries, NULL, headers, bodies FROM pack WHERE id >= ? ORDER BY id LIMIT 1"


class Bodies:
    """Reads messages by content, for one thread. Neighbours share a pack, and the last one of each
    kind stays at hand; so asking in ascending order is cheap."""

    __slots__ = ("_database", "_packs")

    def __init__(self, database: Database) -> None:
        self._database = database
        self._packs: dict[str, Pack] = {}

    def parts(self, part: Part, contents: Sequence[int]) -> list[bytes | None]:
        """Details or headers (to and with the empty line); None for what has gone."""
        statement, read = _OF_PACK[part]
        found: list[bytes | None] = []
        with self._database.reading() as tx:
            (packed,) = tx.execute("SELECT packed FROM account").fetchone()
            young = self._young(tx, [content for content in contents if content > packed])
            for content in contents:
                if content > packed:
                    data = young.get(content)
                    found.append(None if data is None else codec.unpack(pieces(data)[part.value]))
                elif (pack := self._pack(tx, statement, content)) is not None:
                    found.append(read(pack, pack.places[content]))
                else:  # gone, or damaged and therefore not packed
                    data = self._young(tx, [content]).get(content)
                    found.append(None if data is None else codec.unpack(pieces(data)[part.value]))
        return found

    def raw(self, content: int) -> bytes | None:
        """The whole message; None where it has gone."""
        with self._database.reading() as tx:
            row = tx.execute("SELECT data FROM body WHERE id = ?", (content,)).fetchone()
            if row is not None:
                _, first, second = pieces(row[0])
                header = codec.unpack(first)
                rest = codec.unpack(second) if second else None
            else:
                pack = self._pack(tx, _WHOLE, content)
                if pack is None:
                    return None
                at = pack.places[content]
                header, rest = pack.header(at), pack.rest(at)
            if rest is None:
                row = tx.execute("SELECT data FROM large WHERE id = ?", (content,)).fetchone()
                if row is None:
                    return None
                rest = codec.unpack(row[0])
        return header + rest

    @staticmethod
    def _young(tx: Transaction, contents: Sequence[int]) -> dict[int, bytes]:
        if not contents:
            return {}
        source = tx.listed("FROM body WHERE id IN EACH")
        return dict(tx.table(_BODY, source, (tx.numbers(contents),)))

    def _pack(self, tx: Transaction, statement: str, content: int) -> Pack | None:
        pack = self._packs.get(statement)
        if pack is None or content not in pack.places:
            row = tx.execute(statement, (content,)).fetchone()
            if row is None:
                return None
            pack = self._packs[statement] = Pack(*row)
        return pack if content in pack.places else None

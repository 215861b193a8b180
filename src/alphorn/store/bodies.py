"""Headers and whole messages, from wherever they are kept.

A row of `body` is the length of the first piece (four octets), the header compressed, and what
follows the header compressed.
"""

import struct
from collections.abc import Sequence

from alphorn.store import codec
from alphorn.store.database import Columns, Database, Kind, Transaction
from alphorn.store.packs import Pack

_BODY: Columns = (("id", Kind.INTEGER), ("data", Kind.BLOB))
_PACK = "SELECT entries, headers, bodies FROM pack WHERE id >= ? ORDER BY id LIMIT 1"
_PACK_HEADERS = "SELECT entries, headers, NULL FROM pack WHERE id >= ? ORDER BY id LIMIT 1"
_LENGTH = struct.Struct("<I")


def pack_body(header: bytes, rest: bytes) -> bytes:
    """The form of a row of `body`."""
    first = codec.pack_young(header)
    return b"".join((_LENGTH.pack(len(first)), first, codec.pack_young(rest)))


def pieces(data: bytes) -> tuple[memoryview, memoryview]:
    """The header and what follows it, still compressed."""
    view = memoryview(data)
    end = _LENGTH.size + _LENGTH.unpack_from(data)[0]
    return view[_LENGTH.size : end], view[end:]


class Bodies:
    """Reads messages by content, for one thread. Neighbours share a pack, which stays at hand; so
    asking in ascending order is cheap."""

    __slots__ = ("_database", "_pack")

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pack: Pack | None = None

    def headers(self, contents: Sequence[int]) -> list[bytes | None]:
        """The headers, to and with the empty line; None for what has gone."""
        with self._database.reading() as tx:
            (packed,) = tx.execute("SELECT packed FROM account").fetchone()
            young = [content for content in contents if content > packed]
            rows: dict[int, bytes] = dict(
                tx.table(_BODY, tx.listed("FROM body WHERE id IN EACH"), (tx.numbers(young),))
                if young
                else ()
            )
            found: list[bytes | None] = []
            for content in contents:
                if content <= packed:
                    pack = self._pack_of(tx, content, whole=False)
                    found.append(None if pack is None else pack.header(pack.places[content]))
                else:
                    data = rows.get(content)
                    found.append(None if data is None else codec.unpack(pieces(data)[0]))
        return found

    def raw(self, content: int) -> bytes | None:
        """The whole message; None where it has gone."""
        with self._database.reading() as tx:
            row = tx.execute("SELECT data FROM body WHERE id = ?", (content,)).fetchone()
            if row is None:
                pack = self._pack_of(tx, content, whole=True)
        if row is not None:
            header, rest = pieces(row[0])
            return codec.unpack(header) + codec.unpack(rest)
        if pack is None:
            return None
        at = pack.places[content]
        rest_of_it = pack.rest(at)
        return None if rest_of_it is None else pack.header(at) + rest_of_it

    def _pack_of(self, tx: Transaction, content: int, *, whole: bool) -> Pack | None:
        pack = self._pack
        if pack is None or content not in pack.places or (whole and not pack.has_bodies):
            row = tx.execute(_PACK if whole else _PACK_HEADERS, (content,)).fetchone()
            pack = self._pack = None if row is None else Pack(*row)
        return pack if pack is not None and content in pack.places else None

"""Finding text in messages: exact substrings of folded text, in the header's fields or the body.

Packed messages are found by signature and then looked for in the texts of their packs; the few
young ones are read and decoded. The text of a message is two pieces: the fields, each on a line
of its own after a line end, and the body on one line; both end with a NUL.

What is damaged is found nowhere, and keeps nobody from finding the rest; `check` tells of it.
"""

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from alphorn.base.errors import Unavailable
from alphorn.message import header, words
from alphorn.message.text import searchable
from alphorn.store import folding
from alphorn.store.bodies import Bodies, Part
from alphorn.store.database import Columns, Database, Kind
from alphorn.store.limits import MAX_NEEDLE, MAX_SEARCH_TEXT
from alphorn.store.packs import Pack
from alphorn.store.signatures import Filter

_SIGNATURE: Columns = (("id", Kind.INTEGER), ("signature", Kind.BLOB))
_PACKS = {
    (headers, bodies): f"SELECT entries, NULL, {headers}, {bodies} FROM pack"  # noqa: S608
    " WHERE id >= ? ORDER BY id LIMIT 1"
    for headers in ("headers", "NULL")
    for bodies in ("bodies", "NULL")
}
_END = b"\x00"
_HEADERS_AT_A_TIME = 200

Texts = tuple[bytes, bytes]
"""The fields, and the body."""


class Where(Enum):
    ANYWHERE = "anywhere"
    BODY = "body"
    FIELD = "field"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A text to find. `field` is the name of a header field, for Where.FIELD."""

    text: str
    where: Where
    field: str = ""


def texts_of(raw: bytes) -> Texts:
    """The folded text of a message."""
    found = searchable(raw, limit=MAX_SEARCH_TEXT)
    return (
        b"\n" + folding.fold_lines(found.header) + _END,
        folding.fold(found.body) + _END,
    )


class FullText:
    """Finds texts in the messages of an account; serves one search, in one thread."""

    __slots__ = ("_bodies", "_database", "_young")

    def __init__(self, database: Database) -> None:
        self._database = database
        self._bodies = Bodies(database)
        self._young: dict[int, Texts | None] = {}

    def find(self, wanted: Wanted, scope: Collection[int]) -> set[int]:
        """Which of these contents have the text."""
        if len(wanted.text) > MAX_NEEDLE or not scope:
            return set()
        if wanted.where is Where.FIELD and not _is_in_text(wanted.field.lower()):
            return self._in_headers(wanted, scope)
        look = _Look(wanted)
        with self._database.reading() as tx:
            (packed,) = tx.execute("SELECT packed FROM account").fetchone()
            packs = tx.table(_SIGNATURE, "FROM pack")
        found = {content for content in scope if content > packed and self._has(content, look)}
        admitted = [number for number, signature in packs if look.filter.admits(signature)]
        if len(scope) < len(packs):
            ids = [number for number, _ in packs]
            holding = {ids[at] for c in scope if (at := bisect_left(ids, c)) < len(ids)}
            admitted = [number for number in admitted if number in holding]
        for number in admitted:
            found.update(self._in_pack(number, look, scope))
        return found

    def _in_pack(self, number: int, look: "_Look", scope: Collection[int]) -> Iterator[int]:
        with self._database.glancing() as tx:
            row = tx.execute(look.pack, (number,)).fetchone()
        if row is None:
            return
        pack = Pack(*row)
        try:
            places = look.hits(pack)
        except Unavailable:
            return
        for place in places:
            content = pack.entries[place].content
            if content in scope:
                yield content

    def _has(self, content: int, look: "_Look") -> bool:
        if content not in self._young:
            try:
                raw = self._bodies.raw(content)
            except Unavailable:
                raw = None
            self._young[content] = None if raw is None else texts_of(raw)
        texts = self._young[content]
        return texts is not None and look.has(*texts)

    def _in_headers(self, wanted: Wanted, scope: Collection[int]) -> set[int]:
        """For fields that the searchable text leaves out."""
        needle = folding.fold_needle(wanted.text)
        contents = sorted(scope)
        found = set()
        for start in range(0, len(contents), _HEADERS_AT_A_TIME):
            portion = contents[start : start + _HEADERS_AT_A_TIME]
            for content, raw in self._headers(portion):
                values = () if raw is None else header.get_all(raw, wanted.field)
                if any(needle in folding.fold(words.decode(value)) for value in values):
                    found.add(content)
        return found

    def _headers(self, contents: Sequence[int]) -> Iterator[tuple[int, bytes | None]]:
        try:
            headers = self._bodies.parts(Part.HEADER, contents)
        except Unavailable:
            if len(contents) > 1:
                for content in contents:
                    yield from self._headers([content])
            return
        yield from zip(contents, headers, strict=True)


class _Look:
    """One way to look at texts."""

    __slots__ = ("_line", "_needle", "filter", "in_body", "in_fields")

    def __init__(self, wanted: Wanted) -> None:
        self._needle = folding.fold_needle(wanted.text)
        self._line: re.Pattern[bytes] | None = None
        self.filter = Filter(self._needle)
        self.in_fields = wanted.where is not Where.BODY
        self.in_body = wanted.where is not Where.FIELD
        if wanted.where is Where.FIELD:
            name = re.escape(folding.fold(wanted.field))
            self._line = re.compile(rb"\n%b ?:[^\n]*?%b" % (name, re.escape(self._needle)))

    @property
    def pack(self) -> str:
        """The statement that reads of a pack what is needed. Packs may have become one with the
        next since their numbers were read."""
        columns = "headers" if self.in_fields else "NULL", "bodies" if self.in_body else "NULL"
        return _PACKS[columns]

    def has(self, fields: bytes, text: bytes) -> bool:
        if self._line is not None:
            return self._line.search(fields) is not None
        return (self.in_body and self._needle in text) or (
            self.in_fields and self._needle in fields
        )

    def hits(self, pack: Pack) -> set[int]:
        """Which messages of the pack have it, by their places in it."""
        found: set[int] = set()
        if self.in_fields:
            lengths = [entry.fields for entry in pack.entries]
            found.update(self._hits(*pack.fields, lengths))
        if self.in_body:
            lengths = [entry.text for entry in pack.entries]
            found.update(self._hits(*pack.texts, lengths))
        return found

    def _hits(self, texts: bytes, start: int, lengths: Sequence[int]) -> Iterator[int]:
        """Most of the work is a few `find` over the texts, end to end as they are."""
        at = texts.find(self._needle, start)
        for place, length in enumerate(lengths):
            if at < 0:
                return
            end = start + length
            if at < end:
                if self._line is None or self._line.search(texts, start, end):
                    yield place
                at = texts.find(self._needle, end)
            start = end


@lru_cache(maxsize=256)
def _is_in_text(field: str) -> bool:
    """Whether the searchable text has fields of this name."""
    return searchable(f"{field}: x\r\n\r\n".encode("utf-8", "replace")).header != ""

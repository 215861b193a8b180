"""A pack: messages that came one after the other, compressed together, with their searchable text.

Compressed one by one, small messages take half as much again, and their pieces leave gaps between
the pages of a database. So when enough young ones are there, they become one row of `pack`. Its
columns are end to end what the messages have of each kind, compressed as one:

* `entries`: not compressed: what is in the pack, an array of `Entry`;
* `signature`: which groups of three octets occur in the texts (see `signatures`);
* `details`: see `details`;
* `headers`: the headers, then the texts of their fields, which say the same;
* `bodies`: what follows the headers, then its texts. Of a large message only the text is here.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from alphorn.store import codec

PACK_OCTETS = 64 * 1024
"""A pack is full when its messages, uncompressed, have so many octets ..."""
PACK_MESSAGES = 100
"""... or when it has so many messages."""

_LARGE = 0xFFFF_FFFF
_ENTRY = struct.Struct("<QIIIII")


class Entry(NamedTuple):
    """A message in a pack: its content, and the lengths in octets of its details, its header, the
    rest (None for a large one's, which is not here), and of the texts of both."""

    content: int
    details: int
    header: int
    rest: int | None
    fields: int
    text: int


@dataclass(frozen=True, slots=True)
class Item:
    """A message as it goes into a pack, or comes out of one to go into another."""

    content: int
    details: bytes
    header: bytes
    rest: bytes | None
    fields: bytes
    text: bytes


class Pack:
    """A row of `pack`, uncompressed as far as it is asked for. Columns not read are None."""

    def __init__(
        self,
        entries: bytes,
        details: bytes | None,
        headers: bytes | None,
        bodies: bytes | None,
    ) -> None:
        self.entries = [
            Entry(content, details, header, None if rest == _LARGE else rest, fields, text)
            for content, details, header, rest, fields, text in _ENTRY.iter_unpack(entries)
        ]
        self._details = details
        self._headers = headers
        self._bodies = bodies

    @cached_property
    def places(self) -> dict[int, int]:
        """Where in `entries` each content is."""
        return {entry.content: at for at, entry in enumerate(self.entries)}

    def details(self, at: int) -> bytes:
        start = self._details_starts[at]
        return self._all_details[start : start + self.entries[at].details]

    def header(self, at: int) -> bytes:
        start = self._header_starts[at]
        return self._all_headers[start : start + self.entries[at].header]

    def rest(self, at: int) -> bytes | None:
        """None for a large message."""
        length = self.entries[at].rest
        if length is None:
            return None
        start = self._rest_starts[at]
        return self._all_bodies[start : start + length]

    @property
    def fields(self) -> tuple[bytes, int]:
        """Octets, and where in them the texts of the fields begin, end to end."""
        return self._all_headers, self._header_starts[-1]

    @property
    def texts(self) -> tuple[bytes, int]:
        """Octets, and where in them the texts of the bodies begin, end to end."""
        return self._all_bodies, self._rest_starts[-1]

    def items(self) -> Iterator[Item]:
        """Everything, to be packed anew."""
        all_fields, field = self.fields
        all_texts, text = self.texts
        for at, entry in enumerate(self.entries):
            yield Item(
                entry.content,
                self.details(at),
                self.header(at),
                self.rest(at),
                all_fields[field : field + entry.fields],
                all_texts[text : text + entry.text],
            )
            field += entry.fields
            text += entry.text

    @cached_property
    def _all_details(self) -> bytes:
        return _unpacked(self._details)

    @cached_property
    def _all_headers(self) -> bytes:
        return _unpacked(self._headers)

    @cached_property
    def _all_bodies(self) -> bytes:
        return _unpacked(self._bodies)

    @cached_property
    def _details_starts(self) -> list[int]:
        return list(accumulate([entry.details for entry in self.entries], initial=0))

    @cached_property
    def _header_starts(self) -> list[int]:
        return list(accumulate([entry.header for entry in self.entries], initial=0))

    @cached_property
    def _rest_starts(self) -> list[int]:
        return list(accumulate([entry.rest or 0 for entry in self.entries], initial=0))


def _unpacked(column: bytes | None) -> bytes:
    if column is None:
        raise ValueError("this column of the pack was not read")
    return codec.unpack(column)


def build(items: Sequence[Item]) -> tuple[bytes, bytes, bytes, bytes]:
    """The columns `entries`, `details`, `headers` and `bodies`."""
    entries = [
        _ENTRY.pack(
            item.content,
            len(item.details),
            len(item.header),
            _LARGE if item.rest is None else len(item.rest),
            len(item.fields),
            len(item.text),
        )
        for item in items
    ]
    headers = [*(item.header for item in items), *(item.fields for item in items)]
    bodies = [*(item.rest or b"" for item in items), *(item.text for item in items)]
    return (
        b"".join(entries),
        codec.pack_thoroughly(b"".join([item.details for item in items])),
        codec.pack_thoroughly(b"".join(headers)),
        codec.pack_thoroughly(b"".join(bodies)),
    )

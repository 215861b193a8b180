"""A table of counts of fixed size in any writable buffer: the model of the whole installation.

Behind a head of HEAD octets stand buckets of SLOTS cells of 64 bits: token (32, never 0, which is a
free cell's), messages of spam that had it (16), of wanted mail (16). A token lives in one bucket;
where that is full, the token with the least counts makes room, so that the table ages by itself and
never grows. When a total reaches LIMIT, all counts and totals are halved in one pass of C code.

Readers need no lock: a cell is written at once, and one that is read in between is at worst one
count old. Writers must not run at the same time; who owns the buffer sees to that.
"""

import struct
from collections.abc import Sequence
from operator import itemgetter

from alphorn.spam.tokens import VERSION as TOKENS_VERSION

HEAD = 64
SLOTS = 8
LIMIT = 60_000
DEFAULT_BITS = 18  # 2^18 buckets of 8 cells of 8 octets: 16 MiB

_MAGIC = b"AHTOKENS"
_FORMAT = 1
_HEADER = struct.Struct("<8sHHHHQQ")
_TOTALS = struct.Struct("<QQ")
_TOTALS_AT = 16
_MOST = 0xFFFF
_PAIR = 0xFFFF_FFFF
_CHUNK = 1 << 16


class TableError(ValueError):
    """The buffer holds no table that this version can read."""


class Table:
    """Counts over `buffer`, which must be writable to learn. Implements `classifier.Counts`."""

    __slots__ = ("_cells", "_mask", "_view")

    def __init__(self, buffer: bytearray | memoryview) -> None:
        """Over a buffer that `create` once prepared; raises TableError for any other."""
        view = memoryview(buffer).cast("B")
        if len(view) < HEAD:
            raise TableError("too short")
        magic, form, tokens, bits, slots, _, _ = _HEADER.unpack_from(view)
        if magic != _MAGIC or form != _FORMAT or tokens != TOKENS_VERSION or slots != SLOTS:
            raise TableError("not a table of this version")
        if bits > 26 or len(view) != size(bits):
            raise TableError("not as long as it says")
        self._view = view
        self._mask: int = (1 << bits) - 1
        self._cells: memoryview[int] = view[HEAD:].cast("Q")

    @classmethod
    def create(cls, buffer: bytearray | memoryview, bits: int = DEFAULT_BITS) -> "Table":
        """An empty table in `buffer`, which has `size(bits)` octets of zero."""
        view = memoryview(buffer).cast("B")
        if len(view) != size(bits):
            raise TableError("not as long as it should be")
        _HEADER.pack_into(view, 0, _MAGIC, _FORMAT, TOKENS_VERSION, bits, SLOTS, 0, 0)
        return cls(view)

    def totals(self) -> tuple[int, int]:
        """How many messages of spam and of wanted mail were learned."""
        spam, ham = _TOTALS.unpack_from(self._view, _TOTALS_AT)
        return spam, ham

    def lookup(self, keys: Sequence[int]) -> list[tuple[int, int]]:
        """For each token, in how many learned messages of spam and of wanted mail it was."""
        return list(map(counts_of, self.pairs(keys)))

    def pairs(self, keys: Sequence[int]) -> list[int]:
        """The same, each as one number (`pair_of`)."""
        if not keys:
            return []
        mask = self._mask
        places = [((key & mask) << 3) | (key >> 29) for key in keys]
        found = itemgetter(*places)(self._cells) if len(places) > 1 else (self._cells[places[0]],)
        further = self._further
        return [
            cell & _PAIR if cell >> 32 == key else (further(key) if cell else 0)
            for key, cell in zip(keys, found, strict=True)
        ]

    def learn(self, keys: Sequence[int], spam: bool, times: int = 1) -> None:
        """Count a message with these (different) tokens; `times` -1 takes it back.

        What was forgotten meanwhile cannot be taken back: counts never fall below zero.
        """
        totals = list(self.totals())
        side = 0 if spam else 1
        totals[side] = max(0, totals[side] + times)
        cells = self._cells
        shift = 16 if spam else 0
        for key in keys:
            place = self._place(key, times > 0)
            if place < 0:
                continue
            cell = cells[place]
            count = min(_MOST, max(0, ((cell >> shift) & _MOST) + times))
            cells[place] = (cell & ~(_MOST << shift)) | (count << shift)
        _TOTALS.pack_into(self._view, _TOTALS_AT, *totals)
        if max(totals) >= LIMIT:
            self._halve()

    def filled(self) -> float:
        """Which share of the cells is taken, from a sample of them."""
        sample = self._cells[: min(len(self._cells), 1 << 16)].tolist()
        return 1 - sample.count(0) / len(sample)

    def _further(self, key: int) -> int:
        base: int = (key & self._mask) << 3
        first = key >> 29
        cells = self._cells
        for n in range(1, SLOTS):
            cell = cells[base | ((first + n) & 7)]
            if cell >> 32 == key:
                return cell & _PAIR
            if not cell:
                break
        return 0

    def _place(self, key: int, make: bool) -> int:
        """The cell of `key`; with `make` one is made for it, else -1 where there is none."""
        base: int = (key & self._mask) << 3
        first = key >> 29
        cells = self._cells
        place = 0
        least, victim = 1 << 20, -1
        for n in range(SLOTS):
            place = base | ((first + n) & 7)
            cell = cells[place]
            if cell >> 32 == key and cell:
                return place
            if not cell:
                victim = place
                break
            weight = ((cell >> 16) & _MOST) + (cell & _MOST)
            if weight < least:
                least, victim = weight, place
        if not make:
            return -1
        cells[victim] = key << 32
        return victim

    def _halve(self) -> None:
        view = self._view
        for at in range(HEAD, len(view), _CHUNK):
            chunk = view[at : at + _CHUNK]
            count = len(chunk) // 8
            keys = int.from_bytes(b"\x00\x00\x00\x00\xff\xff\xff\xff" * count, "little")
            counts = int.from_bytes(b"\xff\x7f\xff\x7f\x00\x00\x00\x00" * count, "little")
            number = int.from_bytes(chunk, "little")
            number = (number & keys) | ((number >> 1) & counts)
            chunk[:] = number.to_bytes(len(chunk), "little")
        spam, ham = self.totals()
        _TOTALS.pack_into(view, _TOTALS_AT, spam // 2, ham // 2)


def pair_of(spam: int, ham: int) -> int:
    """Two counts as one number."""
    return (min(spam, _MOST) << 16) | min(ham, _MOST)


def counts_of(pair: int) -> tuple[int, int]:
    """The other way round."""
    return pair >> 16, pair & _MOST


def size(bits: int = DEFAULT_BITS) -> int:
    """How many octets a table of 2^bits buckets takes."""
    return HEAD + (SLOTS << bits) * 8

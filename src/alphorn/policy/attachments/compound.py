"""Compound files (MS-CFB): the streams in a file of Office, Outlook or Windows Installer.

Only the directory and the chains of sectors that are asked for are read. A chain that runs in a
circle ends where the file would.
"""

import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct

from alphorn.policy.attachments.budget import Budget
from alphorn.policy.attachments.view import Damaged, View

MAX_ENTRIES = 2048
MAX_STREAM = 4 << 20

_HEADER = Struct("<8s16s5H6x9L")
_ENTRY = Struct("<64sHBBLLL16sL16xLQ")
_LAST = 0xFFFFFFFA
_NONE = 0xFFFFFFFF
STORAGE, STREAM, ROOT = 1, 2, 5


@dataclass(frozen=True, slots=True)
class Entry:
    """A storage or a stream; `parent` is the number of the storage it is in, -1 at the top."""

    name: str
    kind: int
    class_id: bytes
    first: int
    size: int
    parent: int


class Compound:
    """One file. Raises `Damaged` where it has no directory that could be read."""

    def __init__(self, file: View, budget: Budget) -> None:
        values = file.unpack(_HEADER, 0)
        shift, mini_shift = values[5], values[6]
        if shift not in (9, 12) or mini_shift != 6:
            raise Damaged("CFB")
        self._file = file
        self._budget = budget
        self._sector: int = 1 << shift
        directory, cutoff, mini_fat = values[9], values[11], values[12]
        self._cutoff = cutoff
        self._fat = self._table(self._fat_sectors(values[14], values[15]))
        self.entries = self._entries(directory)
        root = self.entries[0]
        self._mini_fat = self._words(self._chain(mini_fat, MAX_STREAM))
        self._mini = self._chain(root.first, MAX_STREAM) if root.size else b""

    @property
    def root(self) -> Entry:
        return self.entries[0]

    def children(self, parent: int) -> Iterator[tuple[int, Entry]]:
        return ((n, entry) for n, entry in enumerate(self.entries) if entry.parent == parent)

    def read(self, entry: Entry, limit: int = MAX_STREAM) -> bytes:
        """The octets of a stream, up to `limit`."""
        size = min(entry.size, limit)
        if entry.size >= self._cutoff:
            return self._chain(entry.first, size)[:size]
        pieces = []
        sector = entry.first
        for _ in range((size + 63) // 64):
            if sector >= len(self._mini_fat):
                break
            pieces.append(self._mini[sector * 64 : sector * 64 + 64])
            sector = self._mini_fat[sector]
        self._budget.charge(size)
        return b"".join(pieces)[:size]

    def _at(self, sector: int) -> int:
        return self._sector * (sector + 1)

    def _words(self, data: bytes) -> "array[int]":
        words = array("I", data[: len(data) // 4 * 4])
        if sys.byteorder == "big":
            words.byteswap()
        return words

    def _fat_sectors(self, difat: int, count: int) -> list[int]:
        """The sectors in which the table of chains is: 109 in the header, more in a chain."""
        words = self._words(self._file.read(76, 436))
        sectors = [word for word in words if word < _LAST]
        seen = 0
        most = len(self._file) // self._sector + 1
        while difat < _LAST and seen < min(count, most):
            words = self._words(self._file.read(self._at(difat), self._sector))
            if not words:
                break
            sectors += [word for word in words[:-1] if word < _LAST]
            difat = words[-1]
            seen += 1
        return sectors[:most]

    def _table(self, sectors: list[int]) -> "array[int]":
        self._budget.charge(len(sectors) * self._sector)
        return self._words(
            b"".join([self._file.read(self._at(sector), self._sector) for sector in sectors])
        )

    def _chain(self, first: int, limit: int) -> bytes:
        """The octets of a chain of sectors; runs of neighbours are read in one piece."""
        fat = self._fat
        size = self._sector
        most = min(limit, len(self._file)) // size + 1
        pieces = []
        sector = first
        left = most
        while sector < len(fat) and left > 0:
            begin = sector
            while True:
                following = fat[sector]
                left -= 1
                if following != sector + 1 or left <= 0 or following >= len(fat):
                    break
                sector = following
            pieces.append(self._file.read(self._at(begin), (sector - begin + 1) * size))
            sector = following
        self._budget.charge((most - left) * 64)
        return b"".join(pieces)

    def _entries(self, directory: int) -> list[Entry]:
        data = self._chain(directory, MAX_ENTRIES * _ENTRY.size)
        raw = [
            values
            for _, values in zip(range(MAX_ENTRIES), _ENTRY.iter_unpack(_whole(data)), strict=False)
        ]
        if not raw:
            raise Damaged("CFB")
        self._budget.charge(256 * len(raw))
        parents = _parents(raw)
        entries = []
        for number, values in enumerate(raw):
            name, length, kind, _, _, _, _, class_id, _, first, size = values
            text = name[: max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
            if self._sector == 512:
                size &= 0xFFFFFFFF
            entries.append(Entry(text, kind, class_id, first, size, parents.get(number, -2)))
        return entries


def _whole(data: bytes) -> bytes:
    return data[: len(data) // _ENTRY.size * _ENTRY.size]


def _parents(raw: list[tuple[int, ...]]) -> dict[int, int]:
    """Which entry is in which storage: siblings are trees of their own (MS-CFB §2.6.4)."""
    parents = {0: -1}
    waiting = [(raw[0][6], 0)]
    while waiting:
        number, parent = waiting.pop()
        if number >= len(raw) or number in parents:
            continue
        parents[number] = parent
        left, right, child = raw[number][4:7]
        waiting += [(left, parent), (right, parent), (child, number)]
    return parents

"""UDF images of discs (ECMA-167, OSTA UDF 1.02 to 2.01), in one partition without translation.

Windows shows this tree where an image has it beside ISO 9660. Images of later revisions, with a
metadata partition, are told to be unreadable.
"""

from collections.abc import Iterator
from struct import Struct

from alphorn.policy.attachments.budget import Budget
from alphorn.policy.attachments.items import Item, Member, stored
from alphorn.policy.attachments.view import Damaged, View

SECTOR = 2048
MAX_DESCRIPTORS = 64
MAX_DIRECTORIES = 2000
MAX_DIRECTORY = 1 << 20

_ANCHOR = 256 * SECTOR
_EXTENT = Struct("<LL")
_TAG = Struct("<H")
_LONG = Struct("<L")
_HUGE = Struct("<Q")
_FILE_IDENTIFIER = Struct("<16xHBBLLH6xH")
_PARTITION, _VOLUME, _TERMINATOR = 5, 6, 8
_FILE_SET, _IDENTIFIER, _ENTRY, _EXTENDED_ENTRY = 256, 257, 261, 266
_DIRECTORY_TYPE = 4
_IS_DIRECTORY, _IS_PARENT = 2, 8
_EXTENT_SIZE = (1 << 30) - 1


def members(image: View, budget: Budget) -> Iterator[Item]:
    """The files of its tree."""
    if image.unpack(_TAG, _ANCHOR)[0] != 2:
        raise Damaged("UDF")
    size, place = image.unpack(_EXTENT, _ANCHOR + 16)
    start = root = -1
    for number in range(min(size // SECTOR, MAX_DESCRIPTORS)):
        at = (place + number) * SECTOR
        tag = image.unpack(_TAG, at)[0]
        if tag == _PARTITION:
            start = image.unpack(_LONG, at + 188)[0]
        elif tag == _VOLUME:
            root = image.unpack(_LONG, at + 252)[0]
        elif tag == _TERMINATOR:
            break
    if start < 0 or root < 0:
        raise Damaged("UDF")
    yield from _Volume(image.part(start * SECTOR), budget).files(root)


class _Volume:
    """A partition, in blocks from its beginning."""

    def __init__(self, partition: View, budget: Budget) -> None:
        self.partition = partition
        self.budget = budget

    def files(self, file_set: int) -> Iterator[Item]:
        at = file_set * SECTOR
        if self.partition.unpack(_TAG, at)[0] != _FILE_SET:
            raise Damaged("UDF")
        root = self.partition.unpack(_LONG, at + 404)[0]
        seen = {root}
        waiting = [(root, "")]
        while waiting:
            block, path = waiting.pop()
            for name, flags, entry in self._identifiers(self._content(block, MAX_DIRECTORY)):
                if not flags & _IS_DIRECTORY:
                    yield Member((path + name,), stored(self._content(entry, None)))
                elif entry not in seen:
                    if len(seen) >= MAX_DIRECTORIES:
                        raise Damaged("UDF")
                    seen.add(entry)
                    waiting.append((entry, f"{path}{name}/"))

    def _identifiers(self, directory: View) -> Iterator[tuple[str, int, int]]:
        at = 0
        while at + _FILE_IDENTIFIER.size <= len(directory):
            if directory.unpack(_TAG, at)[0] != _IDENTIFIER:
                return
            self.budget.file()
            _, flags, names, _, block, _, use = directory.unpack(_FILE_IDENTIFIER, at)
            begin = at + _FILE_IDENTIFIER.size + use
            if not flags & _IS_PARENT:
                yield _name(directory.read(begin, names)), flags, block
            at = (begin + names + 3) // 4 * 4

    def _content(self, block: int, limit: int | None) -> View:
        """The octets of a file or directory: one piece as it stands, several joined to a limit."""
        view = self.partition
        at = block * SECTOR
        tag = view.unpack(_TAG, at)[0]
        if tag not in (_ENTRY, _EXTENDED_ENTRY):
            raise Damaged("UDF")
        sizes = at + (168 if tag == _ENTRY else 208)
        size = view.unpack(_HUGE, at + 56)[0]
        attributes, descriptors = view.unpack(_EXTENT, sizes)
        begin = sizes + 8 + attributes
        way = view.unpack(_TAG, at + 34)[0] & 7
        if way == 3:
            return view.part(begin, min(size, SECTOR))
        step = {0: 8, 1: 16}.get(way)
        if step is None:
            raise Damaged("UDF")
        pieces = []
        for number in range(min(descriptors // step, 64)):
            length, place = view.unpack(_EXTENT, begin + number * step)
            if length & _EXTENT_SIZE:
                pieces.append(view.part(place * SECTOR, length & _EXTENT_SIZE))
        if not pieces:
            return View(b"")
        if len(pieces) == 1 or limit is None:
            return pieces[0].part(0, size)
        self.budget.charge(limit)
        return View(b"".join(piece.read(0, limit) for piece in pieces)[:limit])


def _name(octets: bytes) -> str:
    """An OSTA compressed name: its first octet says how wide its characters are."""
    if octets[:1] in (b"\x10", b"\xff"):
        return octets[1:].decode("utf-16-be", "replace")
    return octets[1:].decode("latin-1")

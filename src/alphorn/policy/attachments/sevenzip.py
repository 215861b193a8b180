"""7z archives by their header, which is itself compressed as a rule (7-Zip's 7zFormat.txt).

Files are read where the methods of their folder are ones that Python's lzma, bz2 and zlib know;
where not, their names alone count. A folder is a chain of coders with one stream each: those with
several (BCJ2) are not expanded.
"""

import lzma
from collections.abc import Iterator
from dataclasses import dataclass, field
from struct import Struct
from typing import Any

from alphorn.policy.attachments import expand
from alphorn.policy.attachments.budget import Budget, Exhausted
from alphorn.policy.attachments.expand import Method
from alphorn.policy.attachments.items import Fault, Finding, Item, Member, Opener, one_of_each
from alphorn.policy.attachments.lzma_filter import lzma_filter
from alphorn.policy.attachments.view import Damaged, View

MAX_HEADER = 4 << 20
MAX_HEADERS = 4
MAX_FOLDERS = 4096
MAX_CODERS = 8

_START = Struct("<6s2BLQQL")
_END, _HEADER, _PROPERTIES, _MORE_STREAMS, _MAIN_STREAMS, _FILES = 0, 1, 2, 3, 4, 5
_PACK, _UNPACK, _SUBSTREAMS, _SIZE, _CRC, _FOLDER = 6, 7, 8, 9, 10, 11
_UNPACK_SIZE, _UNPACK_COUNT, _EMPTY, _NAMES, _ENCODED = 12, 13, 14, 17, 23

_AES = b"\x06\xf1\x07\x01"
_BRANCHES = {
    b"\x03\x03\x01\x03": lzma.FILTER_X86,
    b"\x04": lzma.FILTER_X86,
    b"\x03\x03\x02\x05": lzma.FILTER_POWERPC,
    b"\x03\x03\x04\x01": lzma.FILTER_IA64,
    b"\x03\x03\x05\x01": lzma.FILTER_ARM,
    b"\x03\x03\x07\x01": lzma.FILTER_ARMTHUMB,
    b"\x03\x03\x08\x05": lzma.FILTER_SPARC,
}
_OTHERS: dict[bytes, Method] = {
    b"\x04\x01\x08": expand.DEFLATE,
    b"\x04\x02\x02": expand.BZIP2,
    b"\x04\xf7\x11\x01": expand.ZSTANDARD,
}


@dataclass(slots=True)
class _Folder:
    """`method` is None for what cannot be expanded; `sizes` are those of its files."""

    method: Method | None = None
    encrypted: bool = False
    streams: int = 1
    outputs: int = 1
    size: int = 0
    at: int = 0
    packed: int = 0
    digest: bool = False
    sizes: list[int] = field(default_factory=list)


class _Reader:
    """The header's octets, read from front to back."""

    __slots__ = ("at", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def octet(self) -> int:
        if self.at >= len(self.data):
            raise Damaged("7z")
        self.at += 1
        return self.data[self.at - 1]

    def octets(self, size: int) -> bytes:
        if size < 0 or self.at + size > len(self.data):
            raise Damaged("7z")
        self.at += size
        return self.data[self.at - size : self.at]

    def number(self) -> int:
        first = self.octet()
        mask = 0x80
        value = 0
        for count in range(8):
            if not first & mask:
                return value | (first & (mask - 1)) << (8 * count)
            value |= self.octet() << (8 * count)
            mask >>= 1
        return value

    def count(self) -> int:
        """A number of things of which each takes at least a bit."""
        number = self.number()
        if number > 8 * len(self.data):
            raise Damaged("7z")
        return number

    def bits(self, count: int) -> list[bool]:
        data = self.octets((count + 7) // 8)
        return [bool(data[n >> 3] & 0x80 >> (n & 7)) for n in range(count)]

    def skip_digests(self, count: int) -> list[bool]:
        known = [True] * count if self.octet() else self.bits(count)
        self.octets(4 * sum(known))
        return known


def members(archive: View, budget: Budget) -> Iterator[Item]:
    """Its files in the order of its header."""
    _, _, _, _, offset, size, _ = archive.unpack(_START, 0)
    if size > MAX_HEADER:
        raise Damaged("7z")
    data = archive.read(_START.size + offset, size)
    for _ in range(MAX_HEADERS):
        reader = _Reader(data)
        mark = reader.octet()
        if mark == _HEADER:
            yield from _files(reader, archive, budget)
            return
        if mark != _ENCODED:
            raise Damaged("7z")
        folder = _streams(reader, budget)[0]
        if folder.encrypted:
            yield Finding(Fault.ENCRYPTED)
            return
        if folder.method is None or folder.size > MAX_HEADER:
            raise Damaged("7z")
        source = archive.part(folder.at, folder.packed)
        data = expand.expand(folder.method, source, budget, folder.size)
    raise Damaged("7z")


def _files(reader: _Reader, archive: View, budget: Budget) -> Iterator[Item]:
    folders: list[_Folder] = []
    mark = reader.octet()
    while mark in (_PROPERTIES, _MORE_STREAMS, _MAIN_STREAMS):
        if mark == _PROPERTIES:
            while reader.number() != _END:
                reader.octets(reader.number())
        else:
            found = _streams(reader, budget)
            if mark == _MAIN_STREAMS:
                folders = found
        mark = reader.octet()
    if mark != _FILES:
        return
    count = reader.count()
    names: list[str] = []
    empty = [False] * count
    while (kind := reader.number()) != _END:
        value = _Reader(reader.octets(reader.number()))
        if kind == _NAMES and value.octet() == 0:
            text = value.data[1:].decode("utf-16-le", "replace")
            names = text.split("\0")[:count]
        elif kind == _EMPTY:
            empty = value.bits(count)
    yield from _matched(names, empty, folders, archive, budget)


def _matched(
    names: list[str], empty: list[bool], folders: list[_Folder], archive: View, budget: Budget
) -> Iterator[Item]:
    places = ((folder, n) for folder in folders for n in range(len(folder.sizes)))
    expanded: dict[int, bytes] = {}
    for name, is_empty in zip(names, empty, strict=False):
        try:
            budget.file()
        except Exhausted:
            yield one_of_each(names)
            raise
        place = None if is_empty else next(places, None)
        if place is None:
            yield Member((name,))
            continue
        folder, number = place
        opener = None
        if folder.method is not None and not folder.encrypted:
            opener = _opener(folder, number, archive, budget, expanded)
        yield Member((name,), opener, folder.encrypted)


def _opener(
    folder: _Folder, number: int, archive: View, budget: Budget, expanded: dict[int, bytes]
) -> Opener:
    """A file of a folder: all before it has to be expanded too, which is done once."""
    begin = sum(folder.sizes[:number]) if number < 1000 else -1
    size = folder.sizes[number]

    def open_(limit: int | None) -> View:
        if begin < 0 or folder.method is None:
            return View(b"")
        end = begin + (size if limit is None else min(limit, size))
        data = expanded.get(folder.at, b"")
        if len(data) < end:
            source = archive.part(folder.at, folder.packed)
            data = expand.expand(folder.method, source, budget, max(end, 2 * len(data)))
            expanded[folder.at] = data
        return View(data, begin, end)

    return open_


def _streams(reader: _Reader, budget: Budget) -> list[_Folder]:
    """Folders with where their packed octets are, and the sizes of their files."""
    position = 0
    packed: list[int] = []
    folders: list[_Folder] = []
    while (mark := reader.octet()) != _END:
        if mark == _PACK:
            position = reader.number()
            packed = _packed(reader)
        elif mark == _UNPACK:
            folders = _folders(reader, budget)
        elif mark == _SUBSTREAMS:
            _substreams(reader, folders)
        else:
            raise Damaged("7z")
    at = _START.size + position
    for folder in folders:
        folder.at = at
        sizes, packed = packed[: folder.streams], packed[folder.streams :]
        folder.packed = sum(sizes)
        at += folder.packed
    if not folders:
        raise Damaged("7z")
    return folders


def _packed(reader: _Reader) -> list[int]:
    count = reader.count()
    sizes: list[int] = []
    while (mark := reader.octet()) != _END:
        if mark == _SIZE:
            sizes = [reader.number() for _ in range(count)]
        elif mark == _CRC:
            reader.skip_digests(count)
        else:
            raise Damaged("7z")
    return sizes


def _folders(reader: _Reader, budget: Budget) -> list[_Folder]:
    if reader.octet() != _FOLDER:
        raise Damaged("7z")
    count = reader.count()
    if count > MAX_FOLDERS or reader.octet() != 0:
        raise Damaged("7z")
    folders = []
    for _ in range(count):
        budget.file()
        folders.append(_folder(reader))
    if reader.octet() != _UNPACK_SIZE:
        raise Damaged("7z")
    for folder in folders:
        sizes = [reader.number() for _ in range(folder.outputs)]
        folder.size = sizes[-1] if folder.method is None else max(sizes)
        folder.sizes = [folder.size]
    while (mark := reader.octet()) != _END:
        if mark != _CRC:
            raise Damaged("7z")
        for folder, known in zip(folders, reader.skip_digests(count), strict=True):
            folder.digest = known
    return folders


def _folder(reader: _Reader) -> _Folder:
    folder = _Folder()
    inputs = outputs = 0
    coders: list[tuple[bytes, bytes]] = []
    count = reader.number()
    if not 1 <= count <= MAX_CODERS:
        raise Damaged("7z")
    for _ in range(count):
        flags = reader.octet()
        name = reader.octets(flags & 15)
        ins = outs = 1
        if flags & 0x10:
            ins, outs = reader.number(), reader.number()
        inputs += ins
        outputs += outs
        coders.append((name, reader.octets(reader.number()) if flags & 0x20 else b""))
    if max(inputs, outputs) > 4 * MAX_CODERS or outputs < 1 or inputs < outputs - 1:
        raise Damaged("7z")
    for _ in range(2 * (outputs - 1)):
        reader.number()
    folder.outputs = outputs
    folder.streams = inputs - (outputs - 1)
    if folder.streams > 1:
        for _ in range(folder.streams):
            reader.number()
    folder.encrypted = any(name == _AES for name, _ in coders)
    if inputs == outputs == count:
        folder.method = _method(coders)
    return folder


def _method(coders: list[tuple[bytes, bytes]]) -> Method | None:
    """The chain as one method: coders stand in the order in which they are undone last to first."""
    filters: list[Any] = []
    single: Method | None = None
    for name, properties in coders:
        if name == b"\x00":
            single = expand.STORED
        elif name == b"\x03\x01\x01" and len(properties) == 5:
            filters.append(lzma_filter(properties))
        elif name == b"\x21" and len(properties) == 1:
            filters.append({"id": lzma.FILTER_LZMA2, "dict_size": expand.MAX_DICTIONARY})
        elif name == b"\x03" and len(properties) == 1:
            filters.append({"id": lzma.FILTER_DELTA, "dist": properties[0] + 1})
        elif name in _BRANCHES:
            filters.append({"id": _BRANCHES[name]})
        elif name in _OTHERS:
            single = _OTHERS[name]
        else:
            return None
    if single is not None:
        return single if not filters else None
    # liblzma wants the branch filters first and the one that compresses last.
    filters.sort(key=lambda one: one["id"] in (lzma.FILTER_LZMA1, lzma.FILTER_LZMA2))
    return expand.Lzma(lzma.FORMAT_RAW, filters)


def _substreams(reader: _Reader, folders: list[_Folder]) -> None:
    counts = [1] * len(folders)
    mark = reader.octet()
    if mark == _UNPACK_COUNT:
        counts = [reader.count() for _ in folders]
        if sum(counts) > 8 * len(reader.data):
            raise Damaged("7z")
        mark = reader.octet()
    for folder, count in zip(folders, counts, strict=True):
        folder.sizes = []
        if count:
            if mark == _SIZE:
                folder.sizes = [reader.number() for _ in range(count - 1)]
            folder.sizes.append(max(0, folder.size - sum(folder.sizes)))
    if mark == _SIZE:
        mark = reader.octet()
    # Digests of files follow; a folder of one file that told its own before is left out.
    missing = sum(
        count
        for folder, count in zip(folders, counts, strict=True)
        if count != 1 or not folder.digest
    )
    while mark != _END:
        if mark != _CRC:
            raise Damaged("7z")
        reader.skip_digests(missing)
        mark = reader.octet()

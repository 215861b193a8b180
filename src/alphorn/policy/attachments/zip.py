"""ZIP archives by their directories (PKWARE APPNOTE 6.3.10), and by local headers beside them.

Programs disagree on which of an archive's directories counts: the last, the first of two archives
in one file, or the local headers alone. All of them are read here. Python's zipfile reads one,
raises on what others open, and knows nothing of bounds.
"""

import lzma
from collections.abc import Iterator
from struct import Struct

from alphorn.message import charsets
from alphorn.policy.attachments import expand
from alphorn.policy.attachments.budget import Budget, Exhausted
from alphorn.policy.attachments.expand import Method
from alphorn.policy.attachments.items import (
    Fault,
    Finding,
    Item,
    Member,
    Opener,
    compressed,
    one_of_each,
    stored,
)
from alphorn.policy.attachments.lzma_filter import lzma_filter
from alphorn.policy.attachments.view import Damaged, View

MAX_COMMENT = 65_535
MAX_DIRECTORIES = 4
BOMB_TOTAL = 1 << 30
BOMB_RATIO = 100

_END = Struct("<4s4H2LH")
_END64 = Struct("<4sQ2H2L4Q")
_LOCATOR64 = Struct("<4sLQL")
_CENTRAL = Struct("<4s6H3L5H2L")
_SIZES = Struct("<28x3H12x")
_LOCAL = Struct("<4s5H3L2H")
_EXTRA = Struct("<HH")
_U64 = Struct("<Q")

_END_MARK, _CENTRAL_MARK, _LOCAL_MARK = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04"
_ALL, _ALL16 = 0xFFFFFFFF, 0xFFFF
_UTF8, _ENCRYPTED = 0x800, 1
_UNICODE_PATH = 0x7075
_MOST_DESCRIPTOR = 24
_LZMA_METHOD = 14

_METHODS: dict[int, Method] = {
    8: expand.DEFLATE,
    12: expand.BZIP2,
    93: expand.ZSTANDARD,
    95: expand.XZ,
}


def members(archive: View, budget: Budget) -> Iterator[Item]:
    """Every file that any program would find in it."""
    claimed = 0
    stop = len(archive)
    for _ in range(MAX_DIRECTORIES):
        end = archive.rfind(_END_MARK, max(0, stop - MAX_COMMENT - _END.size), stop)
        if end < 0:
            break
        try:
            directory = _Directory(archive, end)
            yield from directory.members(budget)
        except Damaged:
            if stop == len(archive):
                break
            return
        claimed += directory.expanded
        stop = directory.begin
    else:
        yield Finding(Fault.BOMB)
    if claimed > BOMB_TOTAL and claimed > BOMB_RATIO * len(archive):
        yield Finding(Fault.BOMB)
    # What stands before the first directory's files has none of its own, or the only one is wrong.
    yield from _without_directory(archive.part(0, stop), budget)


class _Directory:
    """One central directory.

    `begin` is where its archive begins and `expanded` what its files claim to be, once `members`
    has gone through.
    """

    def __init__(self, archive: View, end: int) -> None:
        self.archive = archive
        self.expanded = 0
        _, _, _, _, entries, size, offset, _ = archive.unpack(_END, end)
        at = end
        if _ALL in (size, offset) or entries == _ALL16:
            at, size, offset = self._end64(end, size, offset)
        begin = at - size
        if size == 0:
            begin = at
        elif not archive.starts(_CENTRAL_MARK, begin):
            begin = offset
            if not archive.starts(_CENTRAL_MARK, begin):
                raise Damaged("no directory")
        self._directory = archive.part(begin, at - begin)
        self._shift = max(0, begin - offset)
        self._directory_at = begin
        self.begin = begin

    def _end64(self, end: int, size: int, offset: int) -> tuple[int, int, int]:
        locator = end - _LOCATOR64.size
        if locator < 0 or not self.archive.starts(b"PK\x06\x07", locator):
            return end, size, offset
        _, _, at, _ = self.archive.unpack(_LOCATOR64, locator)
        near = self.archive.rfind(b"PK\x06\x06", max(0, locator - 4096), locator)
        if not self.archive.starts(b"PK\x06\x06", at):
            at = near
        if at < 0:
            raise Damaged("no ZIP64 directory")
        values = self.archive.unpack(_END64, at)
        return at, values[8], values[9]

    def members(self, budget: Budget) -> Iterator[Item]:
        spans: list[tuple[int, int]] = []
        last = (-1, -1)
        directory = self._directory
        at = 0
        while directory.starts(_CENTRAL_MARK, at):
            try:
                budget.file()
            except Exhausted:
                yield one_of_each(self._names(at))
                raise
            entry = directory.unpack(_CENTRAL, at)
            _, _, _, flags, method, _, _, _, packed, size, names, extras, comments, *_, place = (
                entry
            )
            begin = at + _CENTRAL.size
            name = directory.read(begin, names)
            extra = directory.read(begin + names, extras)
            at = begin + names + extras + comments
            packed, size, place = _large(extra, packed, size, place)
            self.expanded += size
            known = [_text(name, flags), *_unicode_names(extra)]
            local = place + self._shift
            if not self.archive.starts(_LOCAL_MARK, local):
                local = place
            if self.archive.starts(_LOCAL_MARK, local):
                member, data = _local(self.archive, local, packed, known, method, flags, budget)
                if last[0] <= local < last[1]:
                    yield Finding(Fault.BOMB)
                    return
                last = (local, data + packed)
                spans.append(last)
                yield member
            else:
                yield Member(tuple(dict.fromkeys(known)), None, bool(flags & _ENCRYPTED))
        yield from self._between(spans, budget)

    def _names(self, at: int) -> Iterator[str]:
        """A name for each extension from here on, and nothing else of the entries."""
        data, end = self._directory.data, self._directory.end
        at += self._directory.start
        seen: set[bytes] = set()
        unpack, size = _SIZES.unpack_from, _CENTRAL.size
        while at + size <= end and data.startswith(_CENTRAL_MARK, at):
            names, extras, comments = unpack(data, at)
            at += size
            name = data[at : at + names]
            at += names + extras + comments
            extension = name[name.rfind(b".") + 1 :]
            if extension not in seen:
                seen.add(extension)
                yield name.decode("cp437")

    def _between(self, spans: list[tuple[int, int]], budget: Budget) -> Iterator[Item]:
        """Files that overlap, and files that only local headers know."""
        spans.sort()
        before = -1
        for begin, end in spans:
            if before >= 0 and begin < before:
                yield Finding(Fault.BOMB)
                return
            if before >= 0 and begin - before > _MOST_DESCRIPTOR:
                gap = self.archive.part(before, begin - before)
                yield from _without_directory(gap, budget)
            before = end
        if spans:
            self.begin = spans[0][0]
        if before >= 0 and self._directory_at - before > _MOST_DESCRIPTOR:
            gap = self.archive.part(before, self._directory_at - before)
            yield from _without_directory(gap, budget)


def _without_directory(archive: View, budget: Budget) -> Iterator[Item]:
    """Files by their local headers."""
    at = archive.find(_LOCAL_MARK)
    while at >= 0:
        budget.file()
        try:
            values = archive.unpack(_LOCAL, at)
        except Damaged:
            return
        packed = values[7]
        member, data = _local(archive, at, packed, [], values[3], values[2], budget)
        yield member
        if packed in (0, _ALL) or data + packed > len(archive):
            packed = 0
        at = archive.find(_LOCAL_MARK, data + packed)


def _local(
    archive: View,
    at: int,
    packed: int,
    known: list[str],
    method: int,
    flags: int,
    budget: Budget,
) -> tuple[Member, int]:
    """The file whose local header stands at `at`, and where its data begin."""
    _, _, local_flags, local_method, _, _, _, local_packed, _, names, extras = archive.unpack(
        _LOCAL, at
    )
    name = archive.read(at + _LOCAL.size, names)
    extra = archive.read(at + _LOCAL.size + names, extras)
    data = at + _LOCAL.size + names + extras
    all_names = dict.fromkeys((*known, _text(name, local_flags), *_unicode_names(extra)))
    encrypted = bool((flags | local_flags) & _ENCRYPTED)
    opener = None
    if not encrypted:
        # Where two headers disagree, the one that is not the easy one may be what programs heed.
        way = method or local_method
        opener = _opener(archive, data, max(packed, local_packed % _ALL), way, budget)
    return Member(tuple(all_names), opener, encrypted), data


def _opener(archive: View, data: int, packed: int, method: int, budget: Budget) -> Opener | None:
    if method == 0:
        return stored(archive.part(data, packed))
    source = archive.part(data, packed or None)
    if method == _LZMA_METHOD:
        way, start = _lzma(source)
        return compressed(way, source.part(start), budget)
    known = _METHODS.get(method)
    return None if known is None else compressed(known, source, budget)


def _lzma(source: View) -> tuple[Method, int]:
    """The method of an LZMA file in a ZIP archive, and how long the header before its data is."""
    header = source.read(0, 9)
    if len(header) < 9 or header[2] != 5 or header[4] >= 9 * 5 * 5:
        raise Damaged("LZMA")
    return expand.Lzma(lzma.FORMAT_RAW, [lzma_filter(header[4:9])]), 9


def _large(extra: bytes, packed: int, size: int, place: int) -> tuple[int, int, int]:
    """The three values as the ZIP64 field has them where they do not fit (APPNOTE §4.5.3)."""
    if _ALL not in (packed, size, place):
        return packed, size, place
    field = _field(extra, 1)
    values = [_U64.unpack_from(field, at)[0] for at in range(0, len(field) - 7, 8)]
    if size == _ALL and values:
        size = values.pop(0)
    if packed == _ALL and values:
        packed = values.pop(0)
    if place == _ALL and values:
        place = values.pop(0)
    return packed, size, place


def _unicode_names(extra: bytes) -> list[str]:
    """A name in UTF-8 beside the one in an old charset (APPNOTE §4.6.9)."""
    field = _field(extra, _UNICODE_PATH) if b"\x75\x70" in extra else b""
    return [field[5:].decode("utf-8", "replace")] if len(field) > 5 else []


def _field(extra: bytes, wanted: int) -> bytes:
    at = 0
    while at + 4 <= len(extra):
        kind, size = _EXTRA.unpack_from(extra, at)
        if kind == wanted:
            return extra[at + 4 : at + 4 + size]
        at += 4 + size
    return b""


def _text(name: bytes, flags: int) -> str:
    """Names are in UTF-8 or, without its flag, in some old charset; programs guess, so do we."""
    if name.isascii():
        return name.decode("ascii")
    return charsets.decode_unlabelled(name) if flags & _UTF8 else _guess(name)


def _guess(name: bytes) -> str:
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        return name.decode("cp437")

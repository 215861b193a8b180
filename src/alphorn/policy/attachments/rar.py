"""RAR archives by their block headers, of versions 1.5 to 4 and of version 5.

What is compressed stays closed: its method is nobody's to write again. What is stored is looked
into. An archive whose headers are encrypted tells nothing.
"""

from collections.abc import Iterator
from struct import Struct

from alphorn.policy.attachments.budget import Budget
from alphorn.policy.attachments.items import Fault, Finding, Item, Member, stored
from alphorn.policy.attachments.view import Damaged, View

MAX_HEADER = 64 * 1024
MAX_NAME = 2048

_MARK5 = b"Rar!\x1a\x07\x01\x00"
_MARK_SIZE4 = 7
_BLOCK4 = Struct("<HBHH")
_FILE4 = Struct("<LLBLLBBHL")
_LONG = Struct("<L")

_MAIN4, _FILE4_TYPE, _END4 = 0x73, 0x74, 0x7B
_HAS_DATA4, _LARGE4, _UNICODE4 = 0x8000, 0x100, 0x200
_ENCRYPTED4, _HEADERS_ENCRYPTED4, _STORED4 = 0x04, 0x80, 0x30

_FILE5, _ENCRYPTION5, _END5 = 2, 4, 5
_HAS_EXTRA5, _HAS_DATA5 = 1, 2


def members(archive: View, budget: Budget) -> Iterator[Item]:
    """Its files in order."""
    return _version5(archive, budget) if archive.starts(_MARK5) else _version4(archive, budget)


def _version4(archive: View, budget: Budget) -> Iterator[Item]:
    at = _MARK_SIZE4
    while at + _BLOCK4.size <= len(archive):
        budget.file()
        _, kind, flags, size = archive.unpack(_BLOCK4, at)
        if size < _BLOCK4.size:
            raise Damaged("RAR")
        body = at + _BLOCK4.size
        data = at + size
        packed = 0
        if flags & _HAS_DATA4 or kind == _FILE4_TYPE:
            packed = archive.unpack(_LONG, body)[0]
        if kind == _END4:
            return
        if kind == _MAIN4 and flags & _HEADERS_ENCRYPTED4:
            yield Finding(Fault.ENCRYPTED)
            return
        if kind == _FILE4_TYPE:
            _, _, _, _, _, _, method, names, _ = archive.unpack(_FILE4, body)
            name_at = body + _FILE4.size
            if flags & _LARGE4:
                packed |= archive.unpack(_LONG, name_at)[0] << 32
                name_at += 8
            name = archive.read(name_at, min(names, MAX_NAME))
            encrypted = bool(flags & _ENCRYPTED4)
            content = archive.part(data, packed)
            opener = stored(content) if method == _STORED4 and not encrypted else None
            yield Member(_names4(name, bool(flags & _UNICODE4)), opener, encrypted)
        at = data + packed


def _names4(name: bytes, unicode: bool) -> tuple[str, ...]:
    """The name in the system's charset and, where there is one, that in Unicode."""
    plain, zero, packed = name.partition(b"\0")
    if not unicode:
        return (_decode(name),)
    if not zero:
        return (_decode(plain),)
    return (_decode(plain), _unpack_name(plain, packed))


def _decode(name: bytes) -> str:
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        return name.decode("cp1252", "replace")


def _unpack_name(plain: bytes, packed: bytes) -> str:
    """A name as versions before 5 pack UTF-16: two bits tell how each is written."""
    found: list[int] = []
    high = packed[0] << 8 if packed else 0
    at = 1
    bits = count = 0
    while at < len(packed) and len(found) < MAX_NAME:
        if count == 0:
            bits, count = packed[at], 8
            at += 1
            if at >= len(packed):
                break
        way = bits >> 6 & 3
        bits <<= 2
        count -= 2
        first = packed[at]
        at += 1
        if way == 0:
            found.append(first)
        elif way == 1:
            found.append(high | first)
        elif way == 2:
            found.append(first | (packed[at] << 8 if at < len(packed) else 0))
            at += 1
        else:
            correction = packed[at] if first & 0x80 and at < len(packed) else 0
            at += bool(first & 0x80)
            for _ in range((first & 0x7F) + 2):
                base = plain[len(found)] if len(found) < len(plain) else 0
                found.append(high | (base + correction & 0xFF) if first & 0x80 else base)
    return "".join(map(chr, found))


def _version5(archive: View, budget: Budget) -> Iterator[Item]:
    at = len(_MARK5)
    while at + 7 <= len(archive):
        budget.file()
        head = _Numbers(archive, at + 4)
        size = head.number()
        if not 1 <= size <= 2 * MAX_HEADER:
            raise Damaged("RAR")
        after = head.at + size
        kind, flags = head.number(), head.number()
        extra = head.number() if flags & _HAS_EXTRA5 else 0
        packed = head.number() if flags & _HAS_DATA5 else 0
        if kind == _ENCRYPTION5:
            yield Finding(Fault.ENCRYPTED)
            return
        if kind == _END5:
            return
        if kind == _FILE5:
            yield _file5(archive, head, after, extra, packed)
        at = after + packed


def _file5(archive: View, head: "_Numbers", after: int, extra: int, packed: int) -> Member:
    flags = head.number()
    head.number()
    head.number()
    head.at += 4 * bool(flags & 2) + 4 * bool(flags & 4)
    method = head.number() >> 7 & 7
    head.number()
    size = head.number()
    name = archive.read(head.at, min(size, MAX_NAME))
    encrypted = _is_encrypted5(archive, after - extra, after)
    opener = None
    if method == 0 and not encrypted:
        opener = stored(archive.part(after, packed))
    return Member((_decode(name),), opener, encrypted)


def _is_encrypted5(archive: View, begin: int, end: int) -> bool:
    """Whether a record of encryption is among those at the end of a header."""
    records = _Numbers(archive, begin)
    while records.at < end:
        size = records.number()
        after = records.at + size
        if size == 0:
            raise Damaged("RAR")
        if records.number() == 1:
            return True
        records.at = after
    return False


class _Numbers:
    """Numbers of seven bits an octet, least first."""

    __slots__ = ("archive", "at")

    def __init__(self, archive: View, at: int) -> None:
        self.archive = archive
        self.at = at

    def number(self) -> int:
        value = 0
        for shift, octet in enumerate(self.archive.read(self.at, 10)):
            value |= (octet & 0x7F) << (7 * shift)
            if octet < 0x80:
                self.at += shift + 1
                return value
        raise Damaged("RAR")

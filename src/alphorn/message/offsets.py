"""The part tree of a message in a few octets, and where an IMAP section lies in the message.

Packed form: one octet of version, then a record for each entity, parents before children: its
kind, how many records its subtree has (itself included), and where it starts, its body starts, and
it ends. A look-up reads only the records on the way, so that BODY[2.1] needs neither the message
nor its parse tree (RFC 9051 §6.4.5.1).
"""

from struct import Struct

from alphorn.message.parse import Entity, Kind

_VERSION = b"\x01"
_RECORD = Struct("<BHIII")
_LEAF, _MULTIPART, _MESSAGE = Kind.LEAF.value, Kind.MULTIPART.value, Kind.MESSAGE.value
_SPECIFIERS = frozenset(("HEADER", "TEXT", "MIME"))

Range = tuple[int, int]


def pack(root: Entity) -> bytes:
    """The packed tree of a parsed message."""
    records: list[bytes] = []
    _pack(root, records)
    return _VERSION + b"".join(records)


def moved(parts: bytes, octets: int) -> bytes:
    """The packed tree of the same message with so many octets more at the beginning of its
    header."""
    root, *others = _RECORD.iter_unpack(parts[1:])
    kind, size, start, body, end = root
    records = [_RECORD.pack(kind, size, start, body + octets, end + octets)]
    records += [
        _RECORD.pack(kind, size, start + octets, body + octets, end + octets)
        for kind, size, start, body, end in others
    ]
    return _VERSION + b"".join(records)


def _pack(entity: Entity, records: list[bytes]) -> int:
    at = len(records)
    records.append(b"")
    size = 1
    for child in entity.children:
        size += _pack(child, records)
    records[at] = _RECORD.pack(entity.kind.value, size, entity.start, entity.body, entity.end)
    return size


def find(parts: bytes, section: str) -> Range | None:
    """Where the octets of a section begin and end, or None where there is no such part.

    A section is "", "HEADER", "TEXT", a part ("1.2"), or a part with ".MIME", ".HEADER" or ".TEXT",
    in any case; of HEADER.FIELDS the caller takes HEADER and filters. Raises ValueError for what is
    not a section. HEADER, TEXT and MIME include no more than their own octets: the empty line
    belongs to the header.
    """
    numbers, specifier = _split(section)
    if not numbers:
        _, _, start, body, end = _RECORD.unpack_from(parts, 1)
        if specifier == "HEADER":
            return start, body
        return (body, end) if specifier == "TEXT" else (start, end)
    at = _part(parts, numbers)
    if at < 0:
        return None
    kind, _, start, body, end = _RECORD.unpack_from(parts, at)
    if not specifier:
        return body, end
    if specifier == "MIME":
        return start, body
    if kind != _MESSAGE:
        return None
    _, _, start, body, end = _RECORD.unpack_from(parts, at + _RECORD.size)
    return (start, body) if specifier == "HEADER" else (body, end)


def _split(section: str) -> tuple[list[int], str]:
    if not section:
        return [], ""
    words = section.upper().split(".")
    specifier = words.pop() if words[-1] in _SPECIFIERS else ""
    if not words and specifier == "MIME":
        raise ValueError("MIME needs a part number")
    numbers: list[int] = []
    for word in words:
        if not (word.isascii() and word.isdigit()) or len(word) > 9 or word[0] == "0":
            raise ValueError("not a section")
        numbers.append(int(word))
    return numbers, specifier


def _part(parts: bytes, numbers: list[int]) -> int:
    """The offset of the part's record, -1 where there is none."""
    at = 1
    container = True  # whether `at` is a message, whose parts are counted, or already a part
    for number in numbers:
        kind, _, _, _, _ = _RECORD.unpack_from(parts, at)
        if not container and kind == _MESSAGE:
            at += _RECORD.size
            kind = parts[at]
            container = True
        if kind == _MULTIPART:
            at = _child(parts, at, number)
            if at < 0:
                return -1
        elif not container or number != 1:
            return -1
        container = False
    return at


def _child(parts: bytes, at: int, number: int) -> int:
    end = at + _RECORD.size * _RECORD.unpack_from(parts, at)[1]
    at += _RECORD.size
    for _ in range(number - 1):
        if at >= end:
            return -1
        at += _RECORD.size * int(_RECORD.unpack_from(parts, at)[1])
    return at if at < end else -1

"""BODY[…] and BINARY[…]: which octets of a message a client asks for (RFC 9051 §6.4.5).

The part tree that the store keeps says where a part lies, so that a section is a slice. Only
HEADER.FIELDS looks into a header, with one compiled expression for each list of names.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from alphorn.message import offsets, transfer
from alphorn.message.content import IDENTITY_ENCODINGS, transfer_encoding
from alphorn.message.parse import read_fields
from alphorn.servers.imap.failures import No
from alphorn.wire.imap.items import BinarySize, BodySection, SectionKind

DECODED = IDENTITY_ENCODINGS | {"base64", "quoted-printable"}
"""The transfer encodings that BINARY can undo."""

Octets = bytes | memoryview
Extract = Callable[[bytes, bytes], Octets | None]
"""From the message (or its header alone, see `needs_header_only`) and its packed part tree to the
octets asked for; None where there is no such part."""

_HEADERS = (SectionKind.HEADER, SectionKind.FIELDS, SectionKind.FIELDS_NOT)


def needs_header_only(item: BodySection | BinarySize) -> bool:
    """Whether the message's own header is enough to answer."""
    return isinstance(item, BodySection) and not item.parts and item.kind in _HEADERS


def extractor(item: BodySection, *, header_only: bool) -> Extract:
    """How to get what `item` names, its partial range applied. `header_only`: it is cut from the
    message's header instead of the message."""
    if item.binary:
        whole = _binary(item.parts)
    elif header_only:
        whole = _of_header(item)
    else:
        whole = _of_message(item)
    if item.partial is None:
        return whole
    first, count = item.partial

    def part_of(message: bytes, parts: bytes) -> Octets | None:
        data = whole(message, parts)
        return None if data is None else data[first : first + count]

    return part_of


def binary_size(item: BinarySize) -> Callable[[bytes, bytes], int]:
    """How many octets BINARY[…] has; 0 where there is no such part."""
    whole = _binary(item.parts)

    def size(message: bytes, parts: bytes) -> int:
        return len(whole(message, parts) or b"")

    return size


def _of_header(item: BodySection) -> Extract:
    chosen = _chooser(item)
    return lambda header, parts: chosen(header)


def _of_message(item: BodySection) -> Extract:
    if not item.parts and item.kind is SectionKind.ALL:
        return lambda message, parts: memoryview(message)
    name = ".".join(map(str, item.parts))
    word = "HEADER" if item.kind in _HEADERS else item.kind.value
    section = f"{name}.{word}" if name and word else name or word
    chosen = _chooser(item)

    def extract(message: bytes, parts: bytes) -> Octets | None:
        found = offsets.find(parts, section)
        if found is None:
            return None
        data = memoryview(message)[found[0] : found[1]]
        return chosen(bytes(data)) if item.fields else data

    return extract


def _binary(parts_path: tuple[int, ...]) -> Extract:
    """RFC 9051 §6.4.5.2: without a part number it is the message as it is."""
    section = ".".join(map(str, parts_path))
    if not section:
        return lambda message, parts: memoryview(message)

    def extract(message: bytes, parts: bytes) -> Octets | None:
        body = offsets.find(parts, section)
        encoding = _encoding(message, parts, section)
        if body is None or encoding is None:
            return None
        data = memoryview(message)[body[0] : body[1]]
        if encoding in IDENTITY_ENCODINGS:
            return data
        return transfer.decode(bytes(data), encoding)

    return extract


def _encoding(message: bytes, parts: bytes, section: str) -> str | None:
    """The transfer encoding of a part, None where there is no such part. Raises No where it cannot
    be undone."""
    header = offsets.find(parts, f"{section}.MIME")
    if header is None:
        return None
    fields = read_fields(message, *header)
    encoding = transfer_encoding(fields.get("content-transfer-encoding", ""))
    if encoding not in DECODED:
        raise No("A part has a transfer encoding that cannot be undone", b"UNKNOWN-CTE")
    return encoding


def check(item: BodySection, message: bytes, parts: bytes) -> None:
    """Raises what cutting `item` out of this message would raise."""
    if item.binary and item.parts:
        _encoding(message, parts, ".".join(map(str, item.parts)))


def _chooser(item: BodySection) -> Callable[[bytes], bytes]:
    """From a header to the fields of it that are asked for."""
    if item.kind is SectionKind.FIELDS:
        return only_fields(item.fields)
    if item.kind is SectionKind.FIELDS_NOT:
        return without_fields(item.fields)
    return lambda header: header


def only_fields(names: tuple[str, ...]) -> Callable[[bytes], bytes]:
    """To these fields in the order of the header, and an empty line (RFC 9051 §6.4.5.1)."""
    find, join = _fields(names).findall, b"".join

    def choose(header: bytes) -> bytes:
        found = join(find(b"\n" + header))
        return b"%b\r\n\r\n" % found[1:].removesuffix(b"\r") if found else b"\r\n"

    return choose


def without_fields(names: tuple[str, ...]) -> Callable[[bytes], bytes]:
    """To the header without these fields."""
    replace = _fields(names).sub

    def choose(header: bytes) -> bytes:
        return replace(b"", b"\n" + header)[1:]

    return choose


@lru_cache(maxsize=256)
def _fields(names: tuple[str, ...]) -> re.Pattern[bytes]:
    """Matches one whole field, from the line end before it to the last octet before the next.

    A literal first octet lets the search skip from line to line.
    """
    words = b"|".join(re.escape(name.encode("utf-8", "replace")) for name in names)
    return re.compile(rb"\n(?:%b)[ \t]*:[^\n]*+(?:\n[ \t][^\n]*+)*+" % words, re.IGNORECASE)

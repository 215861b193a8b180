"""Macros of Office in Visual Basic (MS-OVBA): whether there are any that run by themselves.

What counts is the source as the project's streams hold it, decompressed. Where it was removed and
only the compiled form is left ("stomping"), the names that the project declares are looked at.
"""

import re
from collections.abc import Iterator
from struct import Struct

from alphorn.policy.attachments.budget import Budget
from alphorn.policy.attachments.compound import STORAGE, STREAM, Compound, Entry
from alphorn.policy.attachments.items import Fault, Finding, Item

MAX_MODULES = 64
MAX_SOURCE = 64 * 1024
MAX_DIR = 64 * 1024
MAX_COMPRESSED = 256 * 1024
TOKEN_WORK = 64
"""What an octet that Python decompresses is charged at."""

# Procedures that Office calls when a document is opened, closed or shown, and nobody asked. What is
# called only once a person types, prints or moves the mouse is not among them.
_AUTOMATIC = (
    rb"Auto_?(?:Open|Close|Exec|Exit|New|Activate|Deactivate)"
    rb"|Document_?(?:Open|Close|New|BeforeClose)|Document_ContentControlOnEnter|NewDocument"
    rb"|Workbook_(?:Open|Activate|Deactivate|BeforeClose|WindowActivate)"
    rb"|App_(?:DocumentOpen|WorkbookOpen)|SlideShowBegin|OnSlideShowPageChange"
    rb"|(?!UserForm)[A-Za-z][A-Za-z0-9_]*_(?:Layout|Painted|Painting|OnConnecting|OnConnected"
    rb"|DownloadBegin|DownloadComplete|BeforeNavigate2|NavigateComplete2|DocumentComplete"
    rb"|StatusTextChange|SetInfo)"
)
_PROCEDURE = re.compile(
    rb"^[ \t]*(?:(?:Public|Private|Friend|Static)[ \t]+)*(?:Sub|Function)[ \t]+("
    + _AUTOMATIC
    + rb")[ \t]*(?:\(|\r|\n)",
    re.IGNORECASE | re.MULTILINE,
)
_DECLARED = re.compile(
    rb"(?<![A-Za-z0-9_])(Auto_?(?:Open|Close|Exec)|Document_(?:Open|Close)|Workbook_(?:Open|Close"
    rb"|BeforeClose|Activate))(?![A-Za-z0-9_])",
    re.IGNORECASE,
)
_ANY_CODE = re.compile(rb"\b(?:Sub|Function|Property)\b", re.IGNORECASE)
_ATTRIBUT = re.compile(rb"\x01..\x00Attribut", re.DOTALL)

_RECORD = Struct("<HL")
_STREAM_NAME, _STREAM_NAME_UNICODE, _OFFSET, _VERSION = 0x1A, 0x32, 0x31, 0x09
_U16 = Struct("<H")


def findings(compound: Compound, budget: Budget) -> Iterator[Item]:
    """At most one finding for each project in the file."""
    for number, storage in enumerate(compound.entries):
        if storage.kind == STORAGE and storage.name.upper() == "VBA":
            streams = {
                entry.name.upper(): entry
                for _, entry in compound.children(number)
                if entry.kind == STREAM
            }
            yield from _project(compound, streams, budget)


def _project(compound: Compound, streams: dict[str, Entry], budget: Budget) -> Iterator[Item]:
    directory = streams.pop("DIR", None)
    compiled = streams.pop("_VBA_PROJECT", None)
    if directory is None and compiled is None:
        return
    packed = b"" if directory is None else compound.read(directory, MAX_DIR)
    offsets = _offsets(decompress(packed, budget, MAX_DIR))
    modules = {name: entry for name, entry in streams.items() if not name.startswith("__SRP_")}
    code = False
    for name, entry in list(modules.items())[:MAX_MODULES]:
        data = compound.read(entry, MAX_COMPRESSED)
        source = _source(data, offsets.get(name), budget)
        found = _PROCEDURE.search(source)
        if found:
            yield Finding(Fault.AUTOMATIC_MACRO, found[1].decode("ascii"))
            return
        code = code or _ANY_CODE.search(source) is not None
    if not code and compiled is not None and len(modules) > 0:
        found = _DECLARED.search(compound.read(compiled, MAX_COMPRESSED))
        if found:
            yield Finding(Fault.AUTOMATIC_MACRO, found[1].decode("ascii"))
        return
    if code:
        yield Finding(Fault.SCRIPT_MACRO, "Visual Basic")


def _source(data: bytes, offset: int | None, budget: Budget) -> bytes:
    """The source of a module; where the directory does not lead to it, it is searched."""
    if offset is None or data[offset : offset + 1] != b"\x01":
        found = _ATTRIBUT.search(data)
        if found is None:
            return b""
        offset = found.start()
    return decompress(data[offset:], budget, MAX_SOURCE)


def _offsets(directory: bytes) -> dict[str, int]:
    """Where the source begins in the stream of each module (§2.3.4.2.3.2)."""
    offsets: dict[str, int] = {}
    name = ""
    at = 0
    while at + _RECORD.size <= len(directory):
        kind, size = _RECORD.unpack_from(directory, at)
        value = directory[at + 6 : at + 6 + size]
        at += 6 + size
        if kind == _VERSION:
            at += 2  # its size is told two short
        elif kind == _STREAM_NAME:
            name = value.decode("cp1252", "replace").upper()
        elif kind == _STREAM_NAME_UNICODE:
            name = value.decode("utf-16-le", "replace").upper() or name
        elif kind == _OFFSET and size == 4:
            offsets[name] = int.from_bytes(value, "little")
    return offsets


def decompress(packed: bytes, budget: Budget, limit: int) -> bytes:
    """A compressed container (§2.4.1), up to `limit` octets; what is damaged ends it."""
    if packed[:1] != b"\x01":
        return b""
    given = bytearray()
    at = 1
    while at + 2 <= len(packed) and len(given) < limit:
        header = _U16.unpack_from(packed, at)[0]
        end = min(at + (header & 0xFFF) + 3, len(packed))
        if header >> 12 & 7 != 3:
            break
        if header & 0x8000:
            before = len(given)
            _chunk(packed, at + 2, end, given)
            budget.charge((end - at) * TOKEN_WORK + len(given) - before)
        else:
            given += packed[at + 2 : at + 2 + 4096]
            budget.charge(4096)
        at = end
    return bytes(given[:limit])


def _chunk(packed: bytes, at: int, end: int, given: bytearray) -> None:
    """One chunk: groups of eight tokens, each a literal or a copy of what came before in it."""
    start = len(given)
    most = start + 4096
    while at < end and len(given) < most:
        flags = packed[at]
        at += 1
        if not flags:
            given += packed[at : min(at + 8, end)]
            at += 8
            continue
        for bit in range(8):
            if at >= end:
                return
            if not flags >> bit & 1:
                given.append(packed[at])
                at += 1
                continue
            if at + 2 > end:
                return
            token = packed[at] | packed[at + 1] << 8
            at += 2
            width = max((len(given) - start - 1).bit_length(), 4)
            size = (token & 0xFFFF >> width) + 3
            distance = (token >> 16 - width) + 1
            if distance > len(given) - start:
                return
            if distance >= size:
                begin = len(given) - distance
                given += given[begin : begin + size]
            else:
                piece = bytes(given[-distance:])
                given += (piece * (size // distance + 1))[:size]

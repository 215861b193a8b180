"""FETCH and UID FETCH (RFC 9051 §6.4.5, RFC 7162 §3.1.4.1 and §3.2.6).

    fetch        = "FETCH" SP sequence-set SP ("ALL" / "FULL" / "FAST" / fetch-att /
                   "(" fetch-att *(SP fetch-att) ")") [SP "(" fetch-modifier *(SP ...) ")"]
    fetch-att    = simple name / "PREVIEW" [SP "(" "LAZY" ")"] /
                   ("BODY" / "BODY.PEEK") section [partial] /
                   ("BINARY" / "BINARY.PEEK") section-binary [partial] /
                   "BINARY.SIZE" section-binary
    section      = "[" [section-msgtext / section-part ["." (section-msgtext / "MIME")]] "]"
    section-msgtext = "HEADER" / "HEADER.FIELDS" [".NOT"] SP header-list / "TEXT"
    partial      = "<" number64 "." nz-number64 ">"

A mail program asks for the same few item lists all day; what was parsed is remembered.
"""

import re
from functools import lru_cache

from alphorn.wire.imap.commands import Fetch
from alphorn.wire.imap.framing import Frame
from alphorn.wire.imap.items import BinarySize, BodySection, FetchItem, Item, Obsolete, SectionKind
from alphorn.wire.imap.parser.errors import Malformed
from alphorn.wire.imap.parser.reader import MAX_NUMBER, MAX_NUMBER64, Reader
from alphorn.wire.imap.parser.row import Row
from alphorn.wire.imap.states import State

MAX_PART_DEPTH = 100
MAX_REMEMBERED = 512
"""Item lists longer than this are parsed each time."""

_Arguments = tuple[tuple[FetchItem, ...], int | None, bool]

_SIMPLE: dict[bytes, FetchItem] = {
    **{item.value.encode("ascii"): item for item in Item},
    b"RFC822": BodySection(obsolete=Obsolete.MESSAGE),
    b"RFC822.HEADER": BodySection(kind=SectionKind.HEADER, peek=True, obsolete=Obsolete.HEADER),
    b"RFC822.TEXT": BodySection(kind=SectionKind.TEXT, obsolete=Obsolete.TEXT),
}
_FAST = (Item.FLAGS, Item.INTERNAL_DATE, Item.SIZE)
_MACROS: dict[bytes, tuple[FetchItem, ...]] = {
    b"FAST": _FAST,
    b"ALL": (*_FAST, Item.ENVELOPE),
    b"FULL": (*_FAST, Item.ENVELOPE, Item.BODY),
}
_KINDS = {kind.value.encode("ascii"): kind for kind in SectionKind}
_FIELD_KINDS = (SectionKind.FIELDS, SectionKind.FIELDS_NOT)

_NAME = re.compile(rb"[A-Za-z0-9.]+")
_SECTION = re.compile(
    rb"\[((?:[0-9]+(?:\.[0-9]+)*)?)((?:(?:(?<=\[)|(?<=\d)\.)[A-Za-z][A-Za-z.]*)?)"
)
_PARTIAL = re.compile(rb"<([0-9]{1,19})\.([0-9]{1,19})>")


def _fetch(reader: Reader) -> Fetch:
    return _read(reader, uid=False)


def _uid_fetch(reader: Reader) -> Fetch:
    return _read(reader, uid=True)


def _read(reader: Reader, uid: bool) -> Fetch:
    reader.space()
    numbers = reader.sequence_set()
    reader.space()
    rest = reader.text[reader.at :]
    if len(rest) <= MAX_REMEMBERED and b"\r" not in rest:
        try:
            items, changed_since, vanished = _remembered(rest, uid)
        except Malformed as error:
            raise Malformed(error.text, error.position + reader.at) from None
        reader.at += len(rest)
    else:
        items, changed_since, vanished = _arguments(reader, uid)
    return Fetch(numbers, items, uid, changed_since, vanished)


@lru_cache(maxsize=512)
def _remembered(text: bytes, uid: bool) -> _Arguments:
    reader = Reader(Frame(text))
    arguments = _arguments(reader, uid)
    reader.end()
    return arguments


def _arguments(reader: Reader, uid: bool) -> _Arguments:
    """What follows the sequence set, to the end."""
    items = _items(reader)
    changed_since = None
    vanished = False
    if reader.take(b" "):
        start = reader.at
        changed_since, vanished = _modifiers(reader)
        if vanished and not (uid and changed_since is not None):
            reader.fail("VANISHED goes with UID FETCH and CHANGEDSINCE only", start)
    if uid and Item.UID not in items:
        items = (Item.UID, *items)
    if changed_since is not None and Item.MODSEQ not in items:
        items = (*items, Item.MODSEQ)
    return items, changed_since, vanished


def _modifiers(reader: Reader) -> tuple[int | None, bool]:
    reader.expect(b"(")
    changed_since = None
    vanished = False
    while True:
        start = reader.at
        match reader.word():
            case "CHANGEDSINCE" if changed_since is None:
                reader.space()
                changed_since = reader.number(MAX_NUMBER64)
            case "VANISHED":
                vanished = True
            case _:
                reader.fail("Unknown modifier", start)
        if not reader.take(b" "):
            break
    reader.expect(b")")
    return changed_since, vanished


def _items(reader: Reader) -> tuple[FetchItem, ...]:
    if not reader.take(b"("):
        match = _NAME.match(reader.text, reader.at)
        macro = _MACROS.get(match[0].upper()) if match is not None else None
        if match is not None and macro is not None:
            reader.at = match.end()
            return macro
        return (_item(reader),)
    items = {_item(reader): None}
    while reader.take(b" "):
        items[_item(reader)] = None
    reader.expect(b")")
    return tuple(items)


def _item(reader: Reader) -> FetchItem:
    start = reader.at
    match = _NAME.match(reader.text, reader.at)
    if match is None:
        reader.fail("Expected what to fetch")
    name = match[0].upper()
    reader.at = match.end()
    if reader.next_is(b"["):
        return _with_section(reader, name, start)
    item = _SIMPLE.get(name)
    if item is None:
        reader.fail("Unknown item to fetch", start)
    if item is Item.PREVIEW and reader.take(b" ("):
        if reader.word() != "LAZY":
            reader.fail("Unknown modifier of PREVIEW")
        reader.expect(b")")
    return item


def _with_section(reader: Reader, name: bytes, start: int) -> FetchItem:
    peek = name.endswith(b".PEEK")
    base = name.removesuffix(b".PEEK")
    if base == b"BODY":
        parts, kind, fields = _section(reader)
        return BodySection(parts, kind, fields, _partial(reader), peek)
    if base == b"BINARY":
        parts = _section_binary(reader)
        return BodySection(parts, partial=_partial(reader), peek=peek, binary=True)
    if name != b"BINARY.SIZE":
        reader.fail("Unknown item to fetch", start)
    return BinarySize(_section_binary(reader))


def _section(reader: Reader) -> tuple[tuple[int, ...], SectionKind, tuple[str, ...]]:
    start = reader.at
    match = _SECTION.match(reader.text, reader.at)
    if match is None:
        reader.fail("Bad section")
    reader.at = match.end()
    parts = _parts(reader, match[1], start)
    kind = _KINDS.get(match[2].removeprefix(b".").upper())
    if kind is None or (kind is SectionKind.MIME and not parts):
        reader.fail("Unknown section", start)
    fields: tuple[str, ...] = ()
    if kind in _FIELD_KINDS:
        reader.space()
        fields = _header_list(reader)
    reader.expect(b"]")
    return parts, kind, fields


def _section_binary(reader: Reader) -> tuple[int, ...]:
    start = reader.at
    parts, kind, _ = _section(reader)
    if kind is not SectionKind.ALL:
        reader.fail("BINARY takes part numbers only", start)
    return parts


def _parts(reader: Reader, text: bytes, start: int) -> tuple[int, ...]:
    if not text:
        return ()
    digits = text.split(b".")
    if len(digits) > MAX_PART_DEPTH:
        reader.fail("Too many part numbers", start)
    parts = tuple(int(n) if len(n) < 11 else 0 for n in digits)
    if not all(0 < n <= MAX_NUMBER for n in parts):
        reader.fail("Part number out of range", start)
    return parts


def _header_list(reader: Reader) -> tuple[str, ...]:
    reader.expect(b"(")
    fields = [_field_name(reader)]
    while reader.take(b" "):
        fields.append(_field_name(reader))
    reader.expect(b")")
    return tuple(fields)


def _field_name(reader: Reader) -> str:
    return reader.text_of(reader.astring(), "Header field name")


def _partial(reader: Reader) -> tuple[int, int] | None:
    if not reader.next_is(b"<"):
        return None
    match = _PARTIAL.match(reader.text, reader.at)
    if match is None or int(match[2]) == 0 or max(map(int, match.groups())) > MAX_NUMBER64:
        reader.fail("Bad partial range")
    reader.at = match.end()
    return int(match[1]), int(match[2])


ROWS = (
    Row("FETCH", "RFC 9051 §6.4.5", State.SELECTED, _fetch),
    Row("UID FETCH", "RFC 9051 §6.4.9", State.SELECTED, _uid_fetch),
)

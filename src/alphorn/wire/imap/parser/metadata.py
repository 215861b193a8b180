"""GETMETADATA and SETMETADATA (RFC 5464).

getmetadata = "GETMETADATA" [SP options] SP mailbox [SP options] SP entries
entries     = entry / "(" entry *(SP entry) ")"
options     = "(" option *(SP option) ")"
option      = "MAXSIZE" SP number / "DEPTH" SP ("0" / "1" / "infinity")
setmetadata = "SETMETADATA" SP mailbox SP "(" entry SP value *(SP entry SP value) ")"
value       = nstring / literal8

The options stand before the mailbox in the grammar and behind it in the examples (§5, §4.2);
both are taken, once.
"""

from dataclasses import dataclass

from alphorn.base import annotation_names
from alphorn.wire.imap.commands import Depth, GetMetadata, SetMetadata
from alphorn.wire.imap.parser.reader import Reader
from alphorn.wire.imap.parser.row import Row
from alphorn.wire.imap.states import LOGGED_IN

MAX_ENTRIES = 100

_ROOTS = frozenset(("/private", "/shared"))
_DEPTHS = {depth.value: depth for depth in Depth}


@dataclass(slots=True)
class _Options:
    max_size: int | None = None
    depth: Depth | None = None


def _get(reader: Reader) -> GetMetadata:
    reader.space()
    options = None
    if reader.next_is(b"("):
        options = _options(reader)
        reader.space()
    mailbox = reader.mailbox()
    reader.space()
    if options is None and _options_follow(reader):
        options = _options(reader)
        reader.space()
    found = options or _Options()
    return GetMetadata(mailbox, _entries(reader), found.depth or Depth.ZERO, found.max_size)


def _options_follow(reader: Reader) -> bool:
    """Names of entries begin with a slash, or are quoted or literals."""
    return reader.next_is(b"(") and reader.text[reader.at + 1 : reader.at + 2] not in b'/"{'


def _options(reader: Reader) -> _Options:
    options = _Options()
    reader.expect(b"(")
    while True:
        start = reader.at
        match reader.word():
            case "MAXSIZE" if options.max_size is None:
                reader.space()
                options.max_size = reader.number()
            case "DEPTH" if options.depth is None:
                reader.space()
                options.depth = _DEPTHS.get(reader.word())
                if options.depth is None:
                    reader.fail("Expected 0, 1 or infinity", start)
            case _:
                reader.fail("Unknown option", start)
        if not reader.take(b" "):
            break
    reader.expect(b")")
    return options


def _entries(reader: Reader) -> tuple[str, ...]:
    if not reader.take(b"("):
        return (_entry(reader, _ROOTS),)
    entries = {_entry(reader, _ROOTS): None}
    while reader.take(b" "):
        if len(entries) >= MAX_ENTRIES:
            reader.fail("Too many entries")
        entries[_entry(reader, _ROOTS)] = None
    reader.expect(b")")
    return tuple(entries)


def _entry(reader: Reader, more: frozenset[str] = frozenset()) -> str:
    start = reader.at
    name = reader.astring().decode("latin-1")
    entry = name.lower() if name.lower() in more else annotation_names.fold(name)
    if not entry:
        reader.fail("Not the name of an entry", start)
    return entry


def _set(reader: Reader) -> SetMetadata:
    reader.space()
    mailbox = reader.mailbox()
    reader.space()
    reader.expect(b"(")
    values: dict[str, bytes | None] = {}
    while True:
        if len(values) >= MAX_ENTRIES:
            reader.fail("Too many entries")
        start = reader.at
        entry = _entry(reader)
        if entry in values:
            reader.fail("Entry given twice", start)
        reader.space()
        values[entry] = _value(reader)
        if not reader.take(b" "):
            break
    reader.expect(b")")
    return SetMetadata(mailbox, tuple(values.items()))


def _value(reader: Reader) -> bytes | None:
    return reader.literal()[0] if reader.next_is(b"~{") else reader.nstring()


ROWS = (
    Row("GETMETADATA", "RFC 5464 §4.2", LOGGED_IN, _get),
    Row("SETMETADATA", "RFC 5464 §4.3", LOGGED_IN, _set),
)

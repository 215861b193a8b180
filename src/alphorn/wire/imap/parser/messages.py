"""CLOSE, UNSELECT, CHECK, EXPUNGE, STORE, COPY, MOVE and their UID forms.

store    = "STORE" SP sequence-set [SP "(" "UNCHANGEDSINCE" SP number64 ")"] SP
           ["+" / "-"] "FLAGS" [".SILENT"] SP (flag-list / flag *(SP flag))
copy     = ("COPY" / "MOVE") SP sequence-set SP mailbox
"""

import re
from collections.abc import Callable

from alphorn.wire.imap import commands
from alphorn.wire.imap.parser.flags import store_flags
from alphorn.wire.imap.parser.reader import MAX_NUMBER64, Reader
from alphorn.wire.imap.parser.row import Row, constant
from alphorn.wire.imap.states import State

_SELECTED = State.SELECTED

_FLAGS = re.compile(rb"([+-]?)FLAGS(\.SILENT)? ", re.IGNORECASE)
_ACTIONS = {
    b"": commands.StoreAction.REPLACE,
    b"+": commands.StoreAction.ADD,
    b"-": commands.StoreAction.REMOVE,
}


def _uid_expunge(reader: Reader) -> commands.Expunge:
    """RFC 9051 §6.4.9, RFC 4315 §2.1."""
    reader.space()
    return commands.Expunge(reader.sequence_set())


def _store(reader: Reader) -> commands.Store:
    return _read_store(reader, uid=False)


def _uid_store(reader: Reader) -> commands.Store:
    return _read_store(reader, uid=True)


def _read_store(reader: Reader, uid: bool) -> commands.Store:
    reader.space()
    numbers = reader.sequence_set()
    reader.space()
    unchanged_since = None
    if reader.take(b"("):
        start = reader.at
        if reader.word() != "UNCHANGEDSINCE":
            reader.fail("Unknown modifier", start)
        reader.space()
        unchanged_since = reader.number(MAX_NUMBER64)
        reader.expect(b") ")
    match = _FLAGS.match(reader.text, reader.at)
    if match is None:
        reader.fail("Expected FLAGS, +FLAGS or -FLAGS")
    reader.at = match.end()
    bits, keywords = store_flags(reader)
    return commands.Store(
        numbers, _ACTIONS[match[1]], bits, keywords, match[2] is not None, uid, unchanged_since
    )


def _to_mailbox(
    make: type[commands.Copy] | type[commands.Move], uid: bool
) -> Callable[[Reader], commands.Command]:
    def parse(reader: Reader) -> commands.Command:
        reader.space()
        numbers = reader.sequence_set()
        reader.space()
        return make(numbers, reader.mailbox(), uid)

    return parse


ROWS = (
    Row("CLOSE", "RFC 9051 §6.4.1", _SELECTED, constant(commands.Close())),
    Row("UNSELECT", "RFC 9051 §6.4.2", _SELECTED, constant(commands.Unselect())),
    Row("CHECK", "RFC 3501 §6.4.1", _SELECTED, constant(commands.Check())),
    Row("EXPUNGE", "RFC 9051 §6.4.3", _SELECTED, constant(commands.Expunge())),
    Row("UID EXPUNGE", "RFC 9051 §6.4.9", _SELECTED, _uid_expunge),
    Row("STORE", "RFC 9051 §6.4.6", _SELECTED, _store),
    Row("UID STORE", "RFC 9051 §6.4.9", _SELECTED, _uid_store),
    Row("COPY", "RFC 9051 §6.4.7", _SELECTED, _to_mailbox(commands.Copy, uid=False)),
    Row("UID COPY", "RFC 9051 §6.4.9", _SELECTED, _to_mailbox(commands.Copy, uid=True)),
    Row("MOVE", "RFC 9051 §6.4.8", _SELECTED, _to_mailbox(commands.Move, uid=False)),
    Row("UID MOVE", "RFC 9051 §6.4.9", _SELECTED, _to_mailbox(commands.Move, uid=True)),
)

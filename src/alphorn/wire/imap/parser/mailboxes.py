"""Commands about mailboxes.

select   = ("SELECT" / "EXAMINE") SP mailbox [SP "(" select-param *(SP select-param) ")"]
qresync  = "QRESYNC" SP "(" uidvalidity SP mod-sequence [SP known-uids]
           [SP "(" known-sequence-set SP known-uid-set ")"] ")"
create   = "CREATE" SP mailbox [SP "(" "USE" SP "(" [use-attr *(SP use-attr)] ")" ")"]
list     = "LIST" [SP "(" [select-opt *(SP select-opt)] ")"] SP mailbox SP
           (list-mailbox / "(" list-mailbox *(SP list-mailbox) ")")
           [SP "RETURN" SP "(" [return-opt *(SP return-opt)] ")"]
status   = "STATUS" SP mailbox SP "(" status-att *(SP status-att) ")"
"""

from collections.abc import Callable

from alphorn.wire.imap import commands
from alphorn.wire.imap.items import StatusItem
from alphorn.wire.imap.parser.reader import MAX_NUMBER64, Reader
from alphorn.wire.imap.parser.row import Row, constant
from alphorn.wire.imap.sets import SequenceSet
from alphorn.wire.imap.states import LOGGED_IN

MAX_PATTERNS = 100

_LIST_SELECT = {option.value: option for option in commands.ListSelect}
_LIST_RETURN = {option.value: option for option in commands.ListReturn}
_STATUS = {item.value: item for item in StatusItem}


def _mailbox(reader: Reader) -> str:
    reader.space()
    return reader.mailbox()


def _on_mailbox(make: Callable[[str], commands.Command]) -> Callable[[Reader], commands.Command]:
    """For commands whose only argument is a mailbox."""
    return lambda reader: make(_mailbox(reader))


# -- SELECT, EXAMINE (RFC 9051 §6.3.2, RFC 7162 §3.1.8, §3.2.5) --


def _select(reader: Reader) -> commands.Select:
    return _open(reader, examine=False)


def _examine(reader: Reader) -> commands.Select:
    return _open(reader, examine=True)


def _open(reader: Reader, examine: bool) -> commands.Select:
    mailbox = _mailbox(reader)
    condstore = False
    qresync = None
    if reader.take(b" "):
        reader.expect(b"(")
        while True:
            start = reader.at
            match reader.word():
                case "CONDSTORE":
                    condstore = True
                case "QRESYNC" if qresync is None:
                    reader.space()
                    qresync = _qresync(reader)
                case _:
                    reader.fail("Unknown parameter", start)
            if not reader.take(b" "):
                break
        reader.expect(b")")
    return commands.Select(mailbox, examine, condstore, qresync)


def _qresync(reader: Reader) -> commands.Qresync:
    reader.expect(b"(")
    uidvalidity = reader.nonzero()
    reader.space()
    modseq = reader.nonzero(MAX_NUMBER64)
    known = None
    matches = None
    if reader.next_is(b" ") and not reader.next_is(b" ("):
        reader.space()
        known = _known_set(reader)
    if reader.take(b" "):
        reader.expect(b"(")
        numbers = _known_set(reader)
        reader.space()
        matches = (numbers, _known_set(reader))
        reader.expect(b")")
    reader.expect(b")")
    return commands.Qresync(uidvalidity, modseq, known, matches)


def _known_set(reader: Reader) -> SequenceSet:
    start = reader.at
    known = reader.sequence_set()
    if known.saved or known.has_star:
        reader.fail("Expected numbers without * or $", start)
    return known


# -- CREATE (RFC 9051 §6.3.4, RFC 6154 §3), RENAME --


def _create(reader: Reader) -> commands.Create:
    mailbox = _mailbox(reader)
    uses: list[str] = []
    if reader.take(b" "):
        reader.expect(b"(")
        if reader.word() != "USE":
            reader.fail("Unknown parameter")
        reader.expect(b" (")
        while not reader.take(b")"):
            if uses:
                reader.space()
            reader.expect(b"\\")
            uses.append(reader.atom())
        reader.expect(b")")
    return commands.Create(mailbox, tuple(uses))


def _rename(reader: Reader) -> commands.Rename:
    return commands.Rename(_mailbox(reader), _mailbox(reader))


# -- LIST (RFC 9051 §6.3.9, RFC 5258, RFC 5819, RFC 6154), LSUB (RFC 3501 §6.3.9) --


def _list(reader: Reader) -> commands.List:
    reader.space()
    extended = False
    select: frozenset[commands.ListSelect] = frozenset()
    if reader.next_is(b"("):
        extended = True
        select = _select_options(reader)
        reader.space()
    reference = reader.mailbox()
    reader.space()
    if reader.take(b"("):
        extended = True
        patterns = _patterns(reader)
    else:
        patterns = (reader.list_mailbox(),)
    returns: frozenset[commands.ListReturn] = frozenset()
    status: tuple[StatusItem, ...] = ()
    if reader.take(b" "):
        extended = True
        if reader.word() != "RETURN":
            reader.fail("Expected RETURN")
        reader.space()
        returns, status = _return_options(reader)
    return commands.List(reference, patterns, select, returns, status, extended)


def _select_options(reader: Reader) -> frozenset[commands.ListSelect]:
    start = reader.at
    reader.expect(b"(")
    options: set[commands.ListSelect] = set()
    while not reader.take(b")"):
        if options:
            reader.space()
        option = _LIST_SELECT.get(reader.word())
        if option is None:
            reader.fail("Unknown selection option")
        options.add(option)
    recursive = commands.ListSelect.RECURSIVE_MATCH
    if recursive in options and options <= {recursive, commands.ListSelect.REMOTE}:
        reader.fail("RECURSIVEMATCH needs another selection option", start)
    return frozenset(options)


def _patterns(reader: Reader) -> tuple[str, ...]:
    patterns = [reader.list_mailbox()]
    while reader.take(b" "):
        if len(patterns) >= MAX_PATTERNS:
            reader.fail("Too many patterns")
        patterns.append(reader.list_mailbox())
    reader.expect(b")")
    return tuple(patterns)


def _return_options(
    reader: Reader,
) -> tuple[frozenset[commands.ListReturn], tuple[StatusItem, ...]]:
    reader.expect(b"(")
    options: set[commands.ListReturn] = set()
    status: tuple[StatusItem, ...] = ()
    while not reader.take(b")"):
        if options:
            reader.space()
        option = _LIST_RETURN.get(reader.word())
        if option is None:
            reader.fail("Unknown return option")
        if option is commands.ListReturn.STATUS:
            reader.space()
            status = _status_items(reader)
        options.add(option)
    return frozenset(options), status


def _lsub(reader: Reader) -> commands.Lsub:
    reference = _mailbox(reader)
    reader.space()
    return commands.Lsub(reference, reader.list_mailbox())


# -- STATUS (RFC 9051 §6.3.11) --


def _status(reader: Reader) -> commands.Status:
    mailbox = _mailbox(reader)
    reader.space()
    return commands.Status(mailbox, _status_items(reader))


def _status_items(reader: Reader) -> tuple[StatusItem, ...]:
    reader.expect(b"(")
    items: dict[StatusItem, None] = {}
    while True:
        item = _STATUS.get(reader.word())
        if item is None:
            reader.fail("Unknown status item")
        items[item] = None
        if not reader.take(b" "):
            break
    reader.expect(b")")
    return tuple(items)


ROWS = (
    Row("SELECT", "RFC 9051 §6.3.2", LOGGED_IN, _select),
    Row("EXAMINE", "RFC 9051 §6.3.3", LOGGED_IN, _examine),
    Row("CREATE", "RFC 9051 §6.3.4", LOGGED_IN, _create),
    Row("DELETE", "RFC 9051 §6.3.5", LOGGED_IN, _on_mailbox(commands.Delete)),
    Row("RENAME", "RFC 9051 §6.3.6", LOGGED_IN, _rename),
    Row("SUBSCRIBE", "RFC 9051 §6.3.7", LOGGED_IN, _on_mailbox(commands.Subscribe)),
    Row("UNSUBSCRIBE", "RFC 9051 §6.3.8", LOGGED_IN, _on_mailbox(commands.Unsubscribe)),
    Row("LIST", "RFC 9051 §6.3.9", LOGGED_IN, _list),
    Row("LSUB", "RFC 3501 §6.3.9", LOGGED_IN, _lsub),
    Row("NAMESPACE", "RFC 9051 §6.3.10", LOGGED_IN, constant(commands.Namespace())),
    Row("STATUS", "RFC 9051 §6.3.11", LOGGED_IN, _status),
)

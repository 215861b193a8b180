"""SEARCH and UID SEARCH (RFC 9051 §6.4.4), with RFC 5032, RFC 7162, RFC 8474 and RFC 8514 keys.

    search       = "SEARCH" [SP "RETURN" SP "(" [option *(SP option)] ")"]
                   [SP "CHARSET" SP charset] 1*(SP search-key)
    search-key   = sequence-set / "(" search-key *(SP search-key) ")" /
                   "NOT" SP search-key / "OR" SP search-key SP search-key / name [SP arguments]

Text is taken as UTF-8, of which US-ASCII is a part; no other charset is known. A key is one row in
a table: its name and what reads its arguments.
"""

from collections.abc import Callable
from datetime import date, timedelta

from alphorn.base import query
from alphorn.base.flags import Flag
from alphorn.wire.imap import codes, keys
from alphorn.wire.imap.commands import Search, SearchReturn
from alphorn.wire.imap.keys import SearchKey
from alphorn.wire.imap.parser.errors import Declined
from alphorn.wire.imap.parser.flags import keyword, search_date
from alphorn.wire.imap.parser.reader import MAX_NUMBER64, Reader
from alphorn.wire.imap.parser.row import Row
from alphorn.wire.imap.states import State

CHARSETS = ("UTF-8", "US-ASCII")
_RETURNS = {option.value: option for option in SearchReturn}
_MAX_OBJECT_ID = 255


class Keys:
    """Reads search keys, counting them and their depth. Also for SORT and THREAD (RFC 5256)."""

    __slots__ = ("_count", "_depth", "_reader")

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._count = 0
        self._depth = 0

    def all(self) -> SearchKey:
        """One key or several, which must all match, to a `)` or the end."""
        found = [self.one()]
        while self._reader.take(b" "):
            found.append(self.one())
        return found[0] if len(found) == 1 else keys.AllOf(tuple(found))

    def one(self) -> SearchKey:
        reader = self._reader
        self._count += 1
        self._depth += 1
        if self._count > query.MAX_KEYS:
            raise Declined("Too many search keys", b"LIMIT")
        if self._depth > query.MAX_DEPTH:
            raise Declined("Search keys nested too deep", b"LIMIT")
        key = self._read(reader)
        self._depth -= 1
        return key

    def _read(self, reader: Reader) -> SearchKey:
        start = reader.at
        first = reader.text[start : start + 1]
        if first.isdigit() or first in (b"*", b"$"):
            return keys.Numbers(reader.sequence_set(), uid=False)
        if reader.take(b"("):
            inner = self.all()
            reader.expect(b")")
            return inner
        name = reader.word()
        fixed = _FIXED.get(name)
        if fixed is not None:
            return fixed
        match name:
            case "NOT":
                reader.space()
                return keys.NotKey(self.one())
            case "OR":
                reader.space()
                left = self.one()
                reader.space()
                return keys.AnyOf((left, self.one()))
        parse = _WITH_ARGUMENTS.get(name)
        if parse is None:
            reader.fail("Unknown search key", start)
        reader.space()
        return parse(reader)


# -- keys without arguments --


def _flag(flag: Flag) -> SearchKey:
    return keys.Matches(query.Flagged(flag))


_FIXED: dict[str, SearchKey] = {
    "ALL": keys.Matches(query.All()),
    "ANSWERED": _flag(Flag.ANSWERED),
    "DELETED": _flag(Flag.DELETED),
    "DRAFT": _flag(Flag.DRAFT),
    "FLAGGED": _flag(Flag.FLAGGED),
    "SEEN": _flag(Flag.SEEN),
    "UNANSWERED": keys.NotKey(_flag(Flag.ANSWERED)),
    "UNDELETED": keys.NotKey(_flag(Flag.DELETED)),
    "UNDRAFT": keys.NotKey(_flag(Flag.DRAFT)),
    "UNFLAGGED": keys.NotKey(_flag(Flag.FLAGGED)),
    "UNSEEN": keys.NotKey(_flag(Flag.SEEN)),
    "RECENT": keys.Recent(),
    "NEW": keys.NEW,
    "OLD": keys.OLD,
    "SAVEDATESUPPORTED": keys.Matches(query.All()),
}


# -- keys with arguments --

_Parse = Callable[[Reader], SearchKey]


def _text(reader: Reader) -> str:
    return reader.text_of(reader.astring(), "Search text")


def _in_text(make: Callable[[str], query.Query]) -> _Parse:
    return lambda reader: keys.Matches(make(_text(reader)))


def _in_field(name: str) -> _Parse:
    return lambda reader: keys.Matches(query.Header(name, _text(reader)))


def _in_any_field(reader: Reader) -> SearchKey:
    name = _text(reader)
    reader.space()
    return keys.Matches(query.Header(name, _text(reader)))


def _octets(make: Callable[[int], query.Query]) -> _Parse:
    return lambda reader: keys.Matches(make(reader.number(MAX_NUMBER64)))


def _keyword(reader: Reader) -> SearchKey:
    return keys.Matches(query.Keyword(keyword(reader)))


def _not(parse: _Parse) -> _Parse:
    return lambda reader: keys.NotKey(parse(reader))


def _uid(reader: Reader) -> SearchKey:
    return keys.Numbers(reader.sequence_set(), uid=True)


def _younger(reader: Reader) -> SearchKey:
    return keys.Matches(query.Younger(reader.nonzero()))


def _modseq(reader: Reader) -> SearchKey:
    """RFC 7162 §3.1.5. We keep one mod-sequence for a message, not for each flag of it, and the
    entry name may then be ignored."""
    if reader.next_is(b'"'):
        reader.string()
        reader.space()
        if reader.word() not in ("ALL", "PRIV", "SHARED"):
            reader.fail("Expected all, priv or shared")
        reader.space()
    return keys.Matches(query.ModSeq(reader.number(MAX_NUMBER64)))


def _identity(kind: str) -> _Parse:
    def parse(reader: Reader) -> SearchKey:
        start = reader.at
        identifier = reader.astring()
        if not 0 < len(identifier) <= _MAX_OBJECT_ID or not identifier.isascii():
            reader.fail("Bad object identifier", start)
        return keys.Matches(query.MessageIdentity(kind, identifier.decode("ascii")))

    return parse


def _day_after(day: date) -> date | None:
    return day + timedelta(days=1) if day < date.max else None


def _since(field: query.DateField) -> _Parse:
    return lambda reader: keys.Matches(query.DateRange(field, search_date(reader), None))


def _before(field: query.DateField) -> _Parse:
    return lambda reader: keys.Matches(query.DateRange(field, None, search_date(reader)))


def _on(field: query.DateField) -> _Parse:
    def parse(reader: Reader) -> SearchKey:
        day = search_date(reader)
        return keys.Matches(query.DateRange(field, day, _day_after(day)))

    return parse


_WITH_ARGUMENTS: dict[str, _Parse] = {
    "BCC": _in_field("Bcc"),
    "CC": _in_field("Cc"),
    "FROM": _in_field("From"),
    "SUBJECT": _in_field("Subject"),
    "TO": _in_field("To"),
    "HEADER": _in_any_field,
    "BODY": _in_text(query.Body),
    "TEXT": _in_text(query.Text),
    "KEYWORD": _keyword,
    "UNKEYWORD": _not(_keyword),
    "LARGER": _octets(query.Larger),
    "SMALLER": _octets(query.Smaller),
    "SINCE": _since(query.DateField.INTERNAL),
    "BEFORE": _before(query.DateField.INTERNAL),
    "ON": _on(query.DateField.INTERNAL),
    "SENTSINCE": _since(query.DateField.SENT),
    "SENTBEFORE": _before(query.DateField.SENT),
    "SENTON": _on(query.DateField.SENT),
    "SAVEDSINCE": _since(query.DateField.SAVED),
    "SAVEDBEFORE": _before(query.DateField.SAVED),
    "SAVEDON": _on(query.DateField.SAVED),
    "YOUNGER": _younger,
    "OLDER": _not(_younger),
    "UID": _uid,
    "MODSEQ": _modseq,
    "EMAILID": _identity("EMAILID"),
    "THREADID": _identity("THREADID"),
}


# -- the command --


def _search(reader: Reader) -> Search:
    return _read(reader, uid=False)


def _uid_search(reader: Reader) -> Search:
    return _read(reader, uid=True)


def _read(reader: Reader, uid: bool) -> Search:
    reader.space()
    returns = _return_options(reader)
    charset(reader)
    return Search(Keys(reader).all(), uid, returns)


def _return_options(reader: Reader) -> frozenset[SearchReturn] | None:
    start = reader.at
    if reader.text[start : start + 8].upper() != b"RETURN (":
        return None
    reader.at += 8
    options: set[SearchReturn] = set()
    while not reader.take(b")"):
        if options:
            reader.space()
        option = _RETURNS.get(reader.word())
        if option is None:
            reader.fail("Unknown return option")
        options.add(option)
    reader.space()
    return frozenset(options or {SearchReturn.ALL})


def charset(reader: Reader) -> None:
    """Take `CHARSET name` where it comes next; only `CHARSETS` are known."""
    start = reader.at
    if reader.text[start : start + 8].upper() != b"CHARSET ":
        return
    reader.at += 8
    name = reader.astring().decode("ascii", "replace").upper()
    if name not in CHARSETS:
        raise Declined("This charset is not known here", codes.badcharset(CHARSETS))
    reader.space()


ROWS = (
    Row("SEARCH", "RFC 9051 §6.4.4", State.SELECTED, _search),
    Row("UID SEARCH", "RFC 9051 §6.4.9", State.SELECTED, _uid_search),
)

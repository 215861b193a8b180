"""The client's side of the grammar: writes commands as bytes, in every form the grammar allows.

Which form a string takes is drawn, so that one command is tried as atoms, quoted and literals.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

from alphorn.base import query
from alphorn.base.flags import Flag
from alphorn.wire.imap import commands as c
from alphorn.wire.imap import keys, utf7
from alphorn.wire.imap.items import BinarySize, FetchItem, Item
from alphorn.wire.imap.tokens import FLAG_WORDS

ATOM = frozenset(
    b"!#$&'+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[^_`abcdefghijklmnopqrstuvwxyz|}~"
)

Choose = Callable[[int], int]
"""choose(n): one of 0 … n-1."""

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


class Writer:
    def __init__(self, choose: Choose, utf8: bool = False) -> None:
        self.choose = choose
        self.utf8 = utf8

    def write(self, tag: bytes, command: c.Command) -> bytes:
        name, arguments = self._command(command)
        if self.choose(2):
            name = name.lower()
        return b" ".join([tag, name, *arguments]) + b"\r\n"

    # -- tokens --

    def string(self, octets: bytes, atoms: bytes | None = None) -> bytes:
        forms = [self.literal(octets)]
        if not set(octets) & {0, 10, 13}:
            escaped = octets.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
            forms.append(b'"' + escaped + b'"')
        if atoms is not None and octets and set(octets) <= ATOM | set(atoms):
            forms.append(octets)
        return forms[self.choose(len(forms))]

    def literal(self, octets: bytes, binary: bool = False) -> bytes:
        prefix = b"~" if binary else b""
        return prefix + b"{%d+}\r\n" % len(octets) + octets

    def astring(self, text: str) -> bytes:
        return self.string(text.encode(), b"]")

    def mailbox(self, name: str, atoms: bytes = b"]") -> bytes:
        if name == "INBOX" and self.choose(2):
            name = "inBox"
        return self.string((name if self.utf8 else utf7.encode(name)).encode(), atoms)

    def flags(self, bits: int, words: frozenset[str]) -> bytes:
        return b"(%b)" % FLAG_WORDS[bits, " ".join(sorted(words))]

    def date(self, day: object) -> bytes:
        text = f"{day.day}-{MONTHS[day.month - 1]}-{day.year:04d}".encode()  # type: ignore[attr-defined]
        return b'"' + text + b'"' if self.choose(2) else text

    def date_time(self, seconds: int) -> bytes:
        zone = timezone(timedelta(minutes=(self.choose(5) - 2) * 90))
        at = datetime.fromtimestamp(seconds, UTC).astimezone(zone)
        day = f"{at.day:2d}-{MONTHS[at.month - 1]}-{at.year:04d}"
        return f'"{day} {at:%H:%M:%S %z}"'.encode()

    # -- commands --

    def _command(self, command: c.Command) -> tuple[bytes, list[bytes]]:
        match command:
            case c.Id(parameters):
                return b"ID", [self._id(parameters)]
            case c.Authenticate(mechanism, initial):
                return b"AUTHENTICATE", [mechanism.encode(), *self._initial(initial)]
            case c.Login(user, password):
                return b"LOGIN", [self.astring(user), self.astring(password.reveal())]
            case c.Enable(names):
                return b"ENABLE", [name.encode() for name in names]
            case c.Select(mailbox, examine, condstore, qresync):
                name = b"EXAMINE" if examine else b"SELECT"
                return name, [self.mailbox(mailbox), *self._parameters(condstore, qresync)]
            case c.Create(mailbox, uses):
                words = " ".join(f"\\{use}" for use in uses).encode()
                return b"CREATE", [
                    self.mailbox(mailbox),
                    *([b"(USE (%b))" % words] if uses else []),
                ]
            case c.Rename(old, new):
                return b"RENAME", [self.mailbox(old), self.mailbox(new)]
            case c.Delete(mailbox) | c.Subscribe(mailbox) | c.Unsubscribe(mailbox):
                return type(command).__name__.upper().encode(), [self.mailbox(mailbox)]
            case c.List():
                return b"LIST", self._list(command)
            case c.Lsub(reference, pattern):
                return b"LSUB", [self.mailbox(reference), self.mailbox(pattern, b"]%*")]
            case c.Status(mailbox, items):
                return b"STATUS", [self.mailbox(mailbox), self._values(items)]
            case c.Append(mailbox, messages):
                return b"APPEND", [self.mailbox(mailbox), *self._messages(messages)]
            case c.GetMetadata():
                return b"GETMETADATA", self._get_metadata(command)
            case c.SetMetadata(mailbox, values):
                pairs = [self._entry(entry) + b" " + self._value(value) for entry, value in values]
                return b"SETMETADATA", [self.mailbox(mailbox), b"(%b)" % b" ".join(pairs)]
            case c.Expunge(uids):
                return (b"EXPUNGE", []) if uids is None else (b"UID EXPUNGE", [_text(uids)])
            case c.Search(key, uid, returns):
                arguments = [] if returns is None else [b"RETURN", self._values(returns)]
                if self.choose(2):
                    arguments += [b"CHARSET", self.string(b"utf-8", b"")]
                return _uid(uid) + b"SEARCH", [*arguments, *self._top_key(key)]
            case c.Fetch():
                return _uid(command.uid) + b"FETCH", self._fetch(command)
            case c.Store():
                return _uid(command.uid) + b"STORE", self._store(command)
            case c.Copy(numbers, mailbox, uid):
                return _uid(uid) + b"COPY", [_text(numbers), self.mailbox(mailbox)]
            case c.Move(numbers, mailbox, uid):
                return _uid(uid) + b"MOVE", [_text(numbers), self.mailbox(mailbox)]
            case _:
                return type(command).__name__.upper().encode(), []

    def _entry(self, entry: str) -> bytes:
        return self.string((entry.upper() if self.choose(2) else entry).encode(), b"")

    def _value(self, value: bytes | None) -> bytes:
        if value is None:
            return b"NIL"
        return self.literal(value, True) if b"\0" in value or self.choose(2) else self.string(value)

    def _get_metadata(self, command: c.GetMetadata) -> list[bytes]:
        options = []
        if command.max_size is not None:
            options.append(b"MAXSIZE %d" % command.max_size)
        if command.depth is not c.Depth.ZERO or self.choose(2):
            options.append(b"DEPTH " + command.depth.value.lower().encode())
        words = [self.mailbox(command.mailbox)]
        if options:
            words.insert(self.choose(2), b"(%b)" % b" ".join(options))
        entries = [self._entry(entry) for entry in command.entries]
        bare = len(entries) == 1 and self.choose(2)
        return [*words, entries[0] if bare else b"(%b)" % b" ".join(entries)]

    def _id(self, parameters: tuple[tuple[str, str | None], ...]) -> bytes:
        if not parameters:
            return b"NIL" if self.choose(2) else b"()"
        words = []
        for name, value in parameters:
            words.append(self.string(name.encode()))
            words.append(b"NIL" if value is None else self.string(value.encode()))
        return b"(%b)" % b" ".join(words)

    def _initial(self, initial: bytes | None) -> list[bytes]:
        from base64 import b64encode

        if initial is None:
            return []
        return [b64encode(initial) or b"="]

    def _parameters(self, condstore: bool, qresync: c.Qresync | None) -> list[bytes]:
        words = [b"CONDSTORE"] if condstore else []
        if qresync is not None:
            inner = [b"%d %d" % (qresync.uidvalidity, qresync.modseq)]
            if qresync.known_uids is not None:
                inner.append(_text(qresync.known_uids))
            if qresync.matches is not None:
                inner.append(b"(%b %b)" % (_text(qresync.matches[0]), _text(qresync.matches[1])))
            words.append(b"QRESYNC (%b)" % b" ".join(inner))
        return [b"(%b)" % b" ".join(words)] if words else []

    def _values(self, items: object) -> bytes:
        return b"(%b)" % " ".join(item.value for item in items).encode()  # type: ignore[attr-defined]

    def _list(self, command: c.List) -> list[bytes]:
        words = []
        if command.select or (command.extended and not command.returns):
            words.append(self._values(command.select))
        words.append(self.mailbox(command.reference))
        patterns = [self.mailbox(pattern, b"]%*") for pattern in command.patterns]
        words.append(b"(%b)" % b" ".join(patterns) if len(patterns) > 1 else patterns[0])
        if command.returns:
            options = [
                f"STATUS {self._values(command.status).decode()}"
                if option is c.ListReturn.STATUS
                else option.value
                for option in command.returns
            ]
            words += [b"RETURN", f"({' '.join(options)})".encode()]
        return words

    def _messages(self, messages: tuple[c.AppendMessage, ...]) -> list[bytes]:
        words = []
        for message in messages:
            if message.flags or message.keywords or self.choose(2):
                words.append(self.flags(message.flags, message.keywords))
            if message.date is not None:
                words.append(self.date_time(message.date))
            data = self.literal(message.data, message.binary)
            words.append(b"UTF8 (%b)" % data if message.utf8 else data)
        return words

    def _store(self, command: c.Store) -> list[bytes]:
        words = [_text(command.numbers)]
        if command.unchanged_since is not None:
            words.append(b"(UNCHANGEDSINCE %d)" % command.unchanged_since)
        sign = command.action.value.replace("=", "")
        words.append(f"{sign}FLAGS{'.SILENT' if command.silent else ''}".encode())
        flags = self.flags(command.flags, command.keywords)
        bare = (command.flags or command.keywords) and self.choose(2)
        return [*words, flags[1:-1] if bare else flags]

    # -- FETCH --

    def _fetch(self, command: c.Fetch) -> list[bytes]:
        items = [self._item(item) for item in command.items]
        words = [_text(command.numbers)]
        words.append(items[0] if len(items) == 1 and self.choose(2) else b"(%b)" % b" ".join(items))
        if command.changed_since is not None:
            vanished = b" VANISHED" if command.vanished else b""
            words.append(b"(CHANGEDSINCE %d%b)" % (command.changed_since, vanished))
        return words

    def _item(self, item: FetchItem) -> bytes:
        if isinstance(item, Item):
            return item.value.encode()
        parts = ".".join(map(str, item.parts)).encode()
        if isinstance(item, BinarySize):
            return b"BINARY.SIZE[%b]" % parts
        if item.obsolete is not None:
            return item.obsolete.value.encode()
        name = (b"BINARY" if item.binary else b"BODY") + (b".PEEK" if item.peek else b"")
        kind = item.kind.value.encode()
        spec = parts + (b"." if parts and kind else b"") + kind
        if item.fields:
            spec += b" (%b)" % b" ".join(self.astring(field) for field in item.fields)
        partial = b"<%d.%d>" % item.partial if item.partial else b""
        return b"%b[%b]%b" % (name, spec, partial)

    # -- SEARCH --

    def _top_key(self, key: keys.SearchKey) -> list[bytes]:
        if isinstance(key, keys.AllOf) and self.choose(2):
            return [self._key(inner) for inner in key.keys]
        return [self._key(key)]

    def _key(self, key: keys.SearchKey) -> bytes:
        match key:
            case keys.Numbers(numbers, uid):
                return (b"UID " if uid else b"") + _text(numbers)
            case keys.Recent():
                return b"RECENT"
            case keys.NotKey(inner):
                return b"NOT " + self._key(inner)
            case keys.AllOf(inners):
                return b"(%b)" % b" ".join(self._key(inner) for inner in inners)
            case keys.AnyOf((left, right)):
                return b"OR %b %b" % (self._key(left), self._key(right))
            case keys.Matches(leaf):
                return self._leaf(leaf)
        raise AssertionError(key)

    def _leaf(self, leaf: query.Query) -> bytes:
        match leaf:
            case query.All():
                return b"ALL"
            case query.Flagged(flag):
                return str(Flag(flag).name).encode()
            case query.Keyword(word):
                return b"KEYWORD " + word.encode()
            case query.Header(name, text) if name in ("From", "To", "Cc", "Bcc", "Subject"):
                return b"%b %b" % (name.upper().encode(), self.astring(text))
            case query.Header(name, text):
                return b"HEADER %b %b" % (self.astring(name), self.astring(text))
            case query.Body(text):
                return b"BODY " + self.astring(text)
            case query.Text(text):
                return b"TEXT " + self.astring(text)
            case query.Larger(octets):
                return b"LARGER %d" % octets
            case query.Smaller(octets):
                return b"SMALLER %d" % octets
            case query.Younger(seconds):
                return b"YOUNGER %d" % seconds
            case query.ModSeq(least) if self.choose(2):
                return b'MODSEQ "/flags/\\\\draft" all %d' % least
            case query.ModSeq(least):
                return b"MODSEQ %d" % least
            case query.MessageIdentity(kind, identifier):
                return b"%b %b" % (kind.encode(), identifier.encode())
            case query.DateRange(field, since, before):
                prefix = {"internal": b"", "sent": b"SENT", "saved": b"SAVED"}[field.value]
                if since is None:
                    return b"%bBEFORE %b" % (prefix, self.date(before))
                verb = b"SINCE" if before is None else b"ON"
                return b"%b%b %b" % (prefix, verb, self.date(since))
        raise AssertionError(leaf)


def _uid(uid: bool) -> bytes:
    return b"UID " if uid else b""


def _text(numbers: object) -> bytes:
    return str(numbers).encode()

"""The grammar's corners: what is taken, what is refused and where."""

import pytest

from alphorn.base import query
from alphorn.base.flags import MAX_KEYWORD_LENGTH, MAX_KEYWORDS_PER_MESSAGE, Flag
from alphorn.wire.imap import commands as c
from alphorn.wire.imap import keys
from alphorn.wire.imap.core import CommandReceived, Rejected
from alphorn.wire.imap.items import BinarySize, BodySection, Item, Obsolete, SectionKind
from alphorn.wire.imap.parser.connection import MAX_ID_FIELDS
from alphorn.wire.imap.parser.mailboxes import MAX_PATTERNS
from alphorn.wire.imap.parser.metadata import MAX_ENTRIES
from alphorn.wire.imap.parser.reader import MAX_NAME
from alphorn.wire.imap.parser.table import TABLE
from alphorn.wire.imap.sets import SequenceSet
from alphorn.wire.imap.states import State
from tests.wire.imap.driver import logged_in, only


def parsed(line: bytes, utf8: bool = False) -> c.Command:
    core = logged_in()
    core.utf8 = utf8
    event = only(core, b"a " + line + b"\r\n")
    assert isinstance(event, CommandReceived), event
    return event.command


def refused(line: bytes) -> str:
    event = only(logged_in(), b"a " + line + b"\r\n")
    assert isinstance(event, Rejected), event
    assert event.tag == b"a"
    code = f"[{event.code.decode()}] " if event.code else ""
    return f"{event.status.decode()} {code}{event.text}"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"FETCH 1 ALL", (Item.FLAGS, Item.INTERNAL_DATE, Item.SIZE, Item.ENVELOPE)),
        (b"fetch 1 fast", (Item.FLAGS, Item.INTERNAL_DATE, Item.SIZE)),
        (
            b"FETCH 1 FULL",
            (Item.FLAGS, Item.INTERNAL_DATE, Item.SIZE, Item.ENVELOPE, Item.BODY),
        ),
        (b"FETCH 1 (flags Flags FLAGS)", (Item.FLAGS,)),
        (b"UID FETCH 1 FLAGS", (Item.UID, Item.FLAGS)),
        (b"UID FETCH 1 (FLAGS UID)", (Item.FLAGS, Item.UID)),
        (b"FETCH 1 PREVIEW", (Item.PREVIEW,)),
        (b"FETCH 1 (PREVIEW (LAZY) UID)", (Item.PREVIEW, Item.UID)),
        (b"FETCH 1 RFC822", (BodySection(obsolete=Obsolete.MESSAGE),)),
        (
            b"FETCH 1 RFC822.HEADER",
            (BodySection(kind=SectionKind.HEADER, peek=True, obsolete=Obsolete.HEADER),),
        ),
        (b"FETCH 1 BODY[]", (BodySection(),)),
        (b"FETCH 1 body.peek[text]<5.10>", (BodySection((), SectionKind.TEXT, (), (5, 10), True),)),
        (b"FETCH 1 BODY[1.2.MIME]", (BodySection((1, 2), SectionKind.MIME),)),
        (
            b'FETCH 1 BODY[3.HEADER.FIELDS.NOT (To "X Y" {2+}\r\ncc)]',
            (BodySection((3,), SectionKind.FIELDS_NOT, ("To", "X Y", "cc")),),
        ),
        (
            b"FETCH 1 BINARY.PEEK[2]<0.9>",
            (BodySection((2,), partial=(0, 9), peek=True, binary=True),),
        ),
        (b"FETCH 1 BINARY.SIZE[]", (BinarySize(),)),
    ],
)
def test_fetch_items(line: bytes, expected: tuple[object, ...]) -> None:
    command = parsed(line)
    assert isinstance(command, c.Fetch)
    assert command.items == expected


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"FETCH 1 ()", "BAD Expected what to fetch at octet 12"),
        (b"FETCH 1 (ALL)", "BAD Unknown item to fetch at octet 12"),
        (b"FETCH 1 (FLAGS", "BAD Expected ')' at octet 17"),
        (b"FETCH 1 BODY[MIME]", "BAD Unknown section at octet 15"),
        (b"FETCH 1 BODY[0]", "BAD Part number out of range at octet 15"),
        (b"FETCH 1 BODY[1.]", "BAD Expected ']' at octet 17"),
        (b"FETCH 1 BODY[.TEXT]", "BAD Expected ']' at octet 16"),
        (b"FETCH 1 BODY[1TEXT]", "BAD Expected ']' at octet 17"),
        (b"FETCH 1 BODY[HEADER.FIELDS ()]", "BAD Expected a string or an atom at octet 31"),
        (b"FETCH 1 BODY[]<0.0>", "BAD Bad partial range at octet 17"),
        (b"FETCH 1 BODY[]<0>", "BAD Bad partial range at octet 17"),
        (b"FETCH 1 BODY.PEEK", "BAD Unknown item to fetch at octet 11"),
        (b"FETCH 1 BINARY[TEXT]", "BAD BINARY takes part numbers only at octet 17"),
        (b"FETCH 1 BINARY.SIZE.PEEK[1]", "BAD Unknown item to fetch at octet 11"),
        (
            b"FETCH 1 FLAGS (VANISHED)",
            "BAD VANISHED goes with UID FETCH and CHANGEDSINCE only at octet 17",
        ),
        (b"FETCH 1 FLAGS (CHANGEDSINCE)", "BAD Expected a space at octet 30"),
        (b"FETCH 1:2:3 FLAGS", "BAD Bad message numbers at octet 9"),
        (b"FETCH 1, FLAGS", "BAD Bad message numbers at octet 9"),
        (b"FETCH 4294967296 FLAGS", "BAD Message number out of range at octet 9"),
        (b"FETCH 1", "BAD Expected a space at octet 10"),
        (b"FETCH $,1 FLAGS", "BAD Expected a space at octet 10"),
    ],
)
def test_fetch_refused(line: bytes, reason: str) -> None:
    assert refused(line) == reason


def test_too_deep_a_part_path_is_refused() -> None:
    deep = b"1" + b".1" * 100
    assert refused(b"FETCH 1 BODY[%b]" % deep) == "BAD Too many part numbers at octet 15"


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        (b"1", ((1, 1),)),
        (b"*", ((0, 0),)),
        (b"5:*", ((5, 0),)),
        (b"*:5", ((0, 5),)),
        (b"9:7,1,4294967295", ((9, 7), (1, 1), (4294967295, 4294967295))),
        (b"01:007", ((1, 7),)),
    ],
)
def test_sequence_sets(text: bytes, ranges: tuple[tuple[int, int], ...]) -> None:
    assert parsed(b"UID EXPUNGE " + text) == c.Expunge(SequenceSet(ranges))


@pytest.mark.parametrize(
    ("line", "key"),
    [
        (b"SEARCH ALL", keys.Matches(query.All())),
        (b"SEARCH UNSEEN", keys.NotKey(keys.Matches(query.Flagged(Flag.SEEN)))),
        (b"SEARCH NEW", keys.NEW),
        (b"SEARCH 1:3", keys.Numbers(SequenceSet(((1, 3),)), uid=False)),
        (b"SEARCH $", keys.Numbers(SequenceSet(saved=True), uid=False)),
        (b"SEARCH UID *", keys.Numbers(SequenceSet(((0, 0),)), uid=True)),
        (b"SEARCH CHARSET us-ascii FROM x", keys.Matches(query.Header("From", "x"))),
        (b'SEARCH CHARSET "UTF-8" TEXT {2+}\r\n\xc3\xa4', keys.Matches(query.Text("ä"))),
        (b"SEARCH HEADER Message-Id <a@b>", keys.Matches(query.Header("Message-Id", "<a@b>"))),
        (b'SEARCH HEADER X-Y ""', keys.Matches(query.Header("X-Y", ""))),
        (b"SEARCH OLDER 9", keys.NotKey(keys.Matches(query.Younger(9)))),
        (b"SEARCH (((ALL)))", keys.Matches(query.All())),
    ],
)
def test_search_keys(line: bytes, key: keys.SearchKey) -> None:
    command = parsed(line)
    assert isinstance(command, c.Search)
    assert command.key == key


def test_search_return_options() -> None:
    assert parsed(b"SEARCH RETURN () ALL") == c.Search(
        keys.Matches(query.All()), returns=frozenset({c.SearchReturn.ALL})
    )
    assert parsed(b"uid search return (save count) all") == c.Search(
        keys.Matches(query.All()),
        uid=True,
        returns=frozenset({c.SearchReturn.SAVE, c.SearchReturn.COUNT}),
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"SEARCH", "BAD Expected a space at octet 9"),
        (b"SEARCH FROB", "BAD Unknown search key at octet 10"),
        (b"SEARCH NOT", "BAD Expected a space at octet 13"),
        (b"SEARCH OR SEEN", "BAD Expected a space at octet 17"),
        (b"SEARCH ()", "BAD Expected a word at octet 11"),
        (b"SEARCH (ALL", "BAD Expected ')' at octet 14"),
        (b"SEARCH ON 31-Feb-2020", "BAD No such date at octet 13"),
        (b"SEARCH ON 1-Fob-2020", "BAD No such date at octet 13"),
        (b"SEARCH YOUNGER 0", "BAD Number must not be 0 at octet 18"),
        (b"SEARCH RETURN (FROB) ALL", "BAD Unknown return option at octet 22"),
        (b'SEARCH TEXT "\xff"', "BAD Search text is not UTF-8 at octet 18"),
        (
            b"SEARCH CHARSET UTF-7 ALL",
            "NO [BADCHARSET (UTF-8 US-ASCII)] This charset is not known here",
        ),
        (b"SEARCH " + b"NOT " * 50 + b"ALL", "NO [LIMIT] Search keys nested too deep"),
        (b"SEARCH " + b"(" * 60 + b"ALL" + b")" * 60, "NO [LIMIT] Search keys nested too deep"),
        (b"SEARCH" + b" ALL" * 1001, "NO [LIMIT] Too many search keys"),
    ],
)
def test_search_refused(line: bytes, reason: str) -> None:
    assert refused(line) == reason


def test_the_deepest_search_allowed() -> None:
    parsed(b"SEARCH " + b"NOT " * 49 + b"ALL")
    parsed(b"SEARCH" + b" ALL" * 1000)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (b"inbox", "INBOX"),
        (b'"InBoX"', "INBOX"),
        (b"{5+}\r\nINBOX", "INBOX"),
        (b"INBOX/a", "INBOX/a"),
        (b"&AOQ-", "ä"),
        (b"a&-b", "a&b"),
        (b'"a\\"b\\\\c"', 'a"b\\c'),
        (b"a]b", "a]b"),
        ("{2+}\r\nä".encode(), "ä"),
        ('"ä"'.encode(), "ä"),
    ],
)
def test_mailbox_names(written: bytes, name: str) -> None:
    assert parsed(b"DELETE " + written) == c.Delete(name)


def test_mailbox_names_in_utf8_mode() -> None:
    assert parsed(b"DELETE a&b", utf8=True) == c.Delete("a&b")
    assert parsed(b"DELETE &AOQ-", utf8=True) == c.Delete("&AOQ-")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"DELETE a&b", "BAD Mailbox name is not modified UTF-7 at octet 10"),
        (b"DELETE &AGE-", "BAD Mailbox name is not modified UTF-7 at octet 10"),
        (b"DELETE &AAo-", "BAD Control character in a mailbox name at octet 10"),
        (b'DELETE "\xff"', "BAD Mailbox name is not modified UTF-7 at octet 10"),
        (b"DELETE a*b", "BAD Unexpected text after the command at octet 11"),
        (b"DELETE", "BAD Expected a space at octet 9"),
        (b"DELETE {1+}\r\n\0", "BAD NUL in a string at octet 16"),
        (b'DELETE "a', "BAD Expected a string or an atom at octet 10"),
        (b'DELETE "a\\x"', "BAD Expected a string or an atom at octet 10"),
        (b"DELETE a\rb", "BAD Unexpected text after the command at octet 11"),
        (b"DELETE " + b"x" * (MAX_NAME + 1), "NO [LIMIT] Mailbox name too long"),
        (b"CREATE x (USE (Drafts))", "BAD Expected '\\\\' at octet 18"),
        (b"CREATE x (FROB ())", "BAD Unknown parameter at octet 17"),
        (b"SELECT x ()", "BAD Expected a word at octet 13"),
        (b"SELECT x (QRESYNC (0 1))", "BAD Number must not be 0 at octet 22"),
        (b"SELECT x (QRESYNC (1 1 1:*))", "BAD Expected numbers without * or $ at octet 26"),
        (
            b'LIST (RECURSIVEMATCH) "" *',
            "BAD RECURSIVEMATCH needs another selection option at octet 8",
        ),
        (b'LIST "" * RETURN (FROB)', "BAD Unknown return option at octet 25"),
        (b'LIST "" * CHILDREN', "BAD Expected RETURN at octet 21"),
        (
            b'LIST "" (' + b" ".join([b"a"] * (MAX_PATTERNS + 1)) + b")",
            "BAD Too many patterns at octet 212",
        ),
        (b"STATUS x ()", "BAD Expected a word at octet 13"),
        (b"STATUS x (FROB)", "BAD Unknown status item at octet 17"),
    ],
)
def test_mailbox_commands_refused(line: bytes, reason: str) -> None:
    assert refused(line) == reason


def test_list_options() -> None:
    line = b'LIST (SUBSCRIBED RECURSIVEMATCH) "" (a/% "b c") RETURN (STATUS (UIDNEXT) CHILDREN)'
    command = parsed(line)
    assert isinstance(command, c.List)
    assert command.extended
    assert command.patterns == ("a/%", "b c")
    assert parsed(b'LIST "" ""') == c.List("", ("",))
    assert parsed(b'LIST () "" *') == c.List("", ("*",), extended=True)


def test_store_forms() -> None:
    assert parsed(b"STORE 1 flags ()") == c.Store(SequenceSet(((1, 1),)), c.StoreAction.REPLACE)
    assert parsed(b"STORE 1 -flags.silent \\seen $Junk") == c.Store(
        SequenceSet(((1, 1),)), c.StoreAction.REMOVE, Flag.SEEN, frozenset({"$Junk"}), silent=True
    )
    spellings = parsed(b"STORE 1 +FLAGS (work Work WORK)")
    assert isinstance(spellings, c.Store)
    assert spellings.keywords == {"work"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"STORE 1 +FLAGS (\\Recent)", "BAD Not a flag that can be set at octet 19"),
        (b"STORE 1 +FLAGS \\Frob", "BAD Not a flag that can be set at octet 18"),
        (b"STORE 1 +FLAGS", "BAD Expected FLAGS, +FLAGS or -FLAGS at octet 11"),
        (b"STORE 1 FLAGS (a b", "BAD Expected ')' at octet 21"),
        (b"STORE 1 (FROB 1) FLAGS ()", "BAD Unknown modifier at octet 12"),
        (b"STORE 1 (UNCHANGEDSINCE -1) FLAGS ()", "BAD Expected a number at octet 27"),
        (b"STORE 1 FLAGS (%b)" % (b"x" * (MAX_KEYWORD_LENGTH + 1)), "NO [LIMIT] Keyword too long"),
        (
            b"STORE 1 FLAGS (%b)"
            % b" ".join(b"k%d" % n for n in range(MAX_KEYWORDS_PER_MESSAGE + 1)),
            "NO [LIMIT] Too many keywords",
        ),
    ],
)
def test_store_refused(line: bytes, reason: str) -> None:
    assert refused(line) == reason


def test_append_forms() -> None:
    message = c.AppendMessage(b"hi", Flag.SEEN, frozenset({"$Sent"}), date=837_571_465)
    line = b'APPEND x (\\Seen $Sent) "17-Jul-1996 02:44:25 +0000" {2+}\r\nhi'
    assert parsed(line) == c.Append("x", (message,))
    assert parsed(b'APPEND x " 7-Jul-1996 02:44:25 -0700" {2+}\r\nhi') == c.Append(
        "x", (c.AppendMessage(b"hi", date=836_732_665),)
    )
    assert parsed(b"APPEND x ~{3+}\r\na\0b {1+}\r\nc") == c.Append(
        "x", (c.AppendMessage(b"a\0b", binary=True), c.AppendMessage(b"c"))
    )
    assert parsed(b"APPEND x UTF8 (~{1+}\r\nc)") == c.Append(
        "x", (c.AppendMessage(b"c", binary=True, utf8=True),)
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"GETMETADATA x", "BAD Expected a space at octet 16"),
        (b"GETMETADATA x ()", "BAD Expected a word at octet 18"),
        (b"GETMETADATA x /other/a", "BAD Not the name of an entry at octet 17"),
        (b"GETMETADATA x (/shared/a*)", "BAD Expected ')' at octet 27"),
        (b'GETMETADATA x "/shared/a%"', "BAD Not the name of an entry at octet 17"),
        (b"GETMETADATA (DEPTH 2) x /shared", "BAD Expected 0, 1 or infinity at octet 16"),
        (b"GETMETADATA (DEPTH 1 DEPTH 1) x /shared", "BAD Unknown option at octet 24"),
        (b"GETMETADATA (DEPTH 1) x (DEPTH 1) /shared", "BAD Not the name of an entry at octet 28"),
        (b"SETMETADATA x /shared/a NIL", "BAD Expected '(' at octet 17"),
        (b"SETMETADATA x (/shared NIL)", "BAD Not the name of an entry at octet 18"),
        (b"SETMETADATA x (/shared/a b)", "BAD Expected a string or NIL at octet 29"),
        (b"SETMETADATA x (/shared/a NIL /Shared/A NIL)", "BAD Entry given twice at octet 32"),
    ],
)
def test_bad_annotations(line: bytes, reason: str) -> None:
    assert refused(line) == reason


def test_too_many_annotations() -> None:
    names = [b"/private/%d" % number for number in range(MAX_ENTRIES + 1)]
    assert "Too many entries" in refused(b"GETMETADATA x (%b)" % b" ".join(names))
    values = b" ".join(name + b" NIL" for name in names)
    assert "Too many entries" in refused(b"SETMETADATA x (%b)" % values)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"APPEND x", "BAD Expected a space at octet 11"),
        (b"APPEND x hi", "BAD Expected a literal at octet 12"),
        (b'APPEND x "hi"', "BAD Expected a date and time at octet 12"),
        (
            b'APPEND x "31-Feb-2020 00:00:00 +0000" {1+}\r\nx',
            "BAD No such date and time at octet 12",
        ),
        (
            b'APPEND x "01-Feb-2020 00:00:00 +9900" {1+}\r\nx',
            "BAD No such date and time at octet 12",
        ),
        (
            b'APPEND x "01-Jan-0001 00:00:00 +0200" {1+}\r\nx',
            "BAD No such date and time at octet 12",
        ),
        (b"APPEND x UTF8 ({1+}\r\nx)", "BAD UTF8 takes a literal8 at octet 24"),
        (b"APPEND x {1+}\r\nx {0+}\r\n", "NO Empty message: nothing was appended"),
        (b"APPEND x {1+}\r\nx junk", "BAD Expected a literal at octet 19"),
        (b"APPEND x CATENATE (TEXT {1+}\r\nx)", "BAD Expected a literal at octet 12"),
    ],
)
def test_append_refused(line: bytes, reason: str) -> None:
    assert refused(line) == reason


def test_id() -> None:
    assert parsed(b'ID ("Name" "Mail" "version" NIL)') == c.Id(
        (("name", "Mail"), ("version", None))
    )
    assert parsed(b"ID NIL") == c.Id()
    fields = b" ".join(b'"f%d" NIL' % n for n in range(MAX_ID_FIELDS + 1))
    assert refused(b"ID (%b)" % fields).startswith("BAD Too many fields")
    assert refused(b'ID ("%b" NIL)' % (b"x" * 31)).startswith("BAD Field too long")
    assert refused(b'ID ("x" "%b")' % (b"x" * 1025)).startswith("BAD Field too long")
    assert refused(b'ID ("x" NIL "X" NIL)').startswith("BAD Field given twice")


def test_passwords_do_not_print() -> None:
    from alphorn.wire.imap.core import ImapCore
    from alphorn.wire.imap.framing import Frame, Limits

    for line in (b"a LOGIN anna hunter2\r\n", b"a AUTHENTICATE PLAIN aHVudGVyMg==\r\n"):
        event = only(ImapCore(Limits(), secure=True), line)
        assert isinstance(event, CommandReceived)
        assert "hunter2" not in repr(event)
    assert "hunter2" not in repr(Frame(b"a LOGIN x {7}\r\n", (b"hunter2",)))


def test_the_table_is_whole() -> None:
    """Each name once; each command type has a way to be written; each row names its source."""
    names = [row.name for row in TABLE]
    assert len(names) == len(set(names))
    assert all(name == name.upper() for name in names)
    assert all(row.source.startswith("RFC ") for row in TABLE)
    assert all(row.states & ~State.LOGOUT for row in TABLE)
    assert {row.name for row in TABLE if row.secure} == {"LOGIN", "AUTHENTICATE"}

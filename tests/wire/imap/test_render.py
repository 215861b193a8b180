"""Responses byte for byte."""

import pytest

from alphorn.base.numbers import NumberSet
from alphorn.wire.imap import codes, render, tokens
from alphorn.wire.imap.commands import SearchReturn
from alphorn.wire.imap.items import Item, StatusItem

ALL = frozenset({SearchReturn.ALL})


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (render.tagged(b"a", b"OK", "NOOP completed"), b"a OK NOOP completed"),
        (
            render.tagged(b"a", b"NO", "No such mailbox", b"TRYCREATE"),
            b"a NO [TRYCREATE] No such mailbox",
        ),
        (
            render.ok("Flags", codes.permanentflags(b"\\Seen \\*")),
            b"* OK [PERMANENTFLAGS (\\Seen \\*)] Flags",
        ),
        (render.bye("Too much"), b"* BYE Too much"),
        (render.challenge(b"\0\xff"), b"+ AP8="),
        (render.challenge(b""), b"+ "),
        (render.capability(b"IMAP4rev1"), b"* CAPABILITY IMAP4rev1"),
        (render.enabled(["CONDSTORE", "UTF8=ACCEPT"]), b"* ENABLED CONDSTORE UTF8=ACCEPT"),
        (render.enabled([]), b"* ENABLED"),
        (render.identity({"name": "Alphorn"}), b'* ID ("name" "Alphorn")'),
        (render.identity({}), b"* ID NIL"),
        (render.namespace("/"), b'* NAMESPACE (("" "/")) NIL NIL'),
        (render.mailbox_line([], "/", "INBOX"), b'* LIST () "/" INBOX'),
        (
            render.mailbox_line(["HasNoChildren", "Sent"], "/", "Ausgänge", utf8=False),
            b'* LIST (\\HasNoChildren \\Sent) "/" Ausg&AOQ-nge',
        ),
        (
            render.mailbox_line(
                ["NonExistent"], None, "a b", child_info=["SUBSCRIBED"], old_name="c d"
            ),
            b'* LIST (\\NonExistent) NIL "a b" ("CHILDINFO" ("SUBSCRIBED") "OLDNAME" ("c d"))',
        ),
        (render.mailbox_line([], "/", "x", response=b"LSUB"), b'* LSUB () "/" x'),
        (
            render.status(
                "a b",
                {
                    StatusItem.MESSAGES: 3,
                    StatusItem.MAILBOX_ID: "M1",
                    StatusItem.APPEND_LIMIT: None,
                },
            ),
            b'* STATUS "a b" (MESSAGES 3 MAILBOXID (M1) APPENDLIMIT NIL)',
        ),
        (
            render.metadata("a b", {"/private/a": b'"x"', "/shared/b": None, "/shared/c": b"\0"}),
            b'* METADATA "a b" (/private/a "\\"x\\"" /shared/b NIL /shared/c ~{1}\r\n\0)',
        ),
        (
            render.metadata("", {"/shared/b": b"\xc3\xa4"}),
            b'* METADATA "" (/shared/b {2}\r\n\xc3\xa4)',
        ),
        (render.search([]), b"* SEARCH"),
        (render.search([2, 84]), b"* SEARCH 2 84"),
        (render.search([2], modseq=917), b"* SEARCH 2 (MODSEQ 917)"),
        (render.search([], modseq=917), b"* SEARCH"),
        (render.esearch(b"a", False, ALL, [1, 2, 5]), b'* ESEARCH (TAG "a") ALL 1:2,5'),
        (render.esearch(b"a", True, ALL, []), b'* ESEARCH (TAG "a") UID'),
        (
            render.esearch(b"a", True, frozenset(SearchReturn), [3, 9], modseq=7),
            b'* ESEARCH (TAG "a") UID MIN 3 MAX 9 ALL 3,9 COUNT 2 MODSEQ 7',
        ),
        (
            render.esearch(b"a\\b", False, frozenset({SearchReturn.COUNT, SearchReturn.MIN}), []),
            b'* ESEARCH (TAG "a\\\\b") COUNT 0',
        ),
        (render.flags(b"\\Seen Work"), b"* FLAGS (\\Seen Work)"),
        (render.exists(23), b"* 23 EXISTS"),
        (render.recent(0), b"* 0 RECENT"),
        (render.expunge(7), b"* 7 EXPUNGE"),
        (render.vanished(NumberSet.of([4, 5, 9]), earlier=True), b"* VANISHED (EARLIER) 4:5,9"),
        (render.vanished(NumberSet.of([4]), earlier=False), b"* VANISHED 4"),
        (render.fetch(3, [b"UID 9", b"FLAGS ()"]), b"* 3 FETCH (UID 9 FLAGS ())"),
        (
            render.fetch(3, [render.section_value(b"BODY[1]<0>", b"a\r\nb")]),
            b"* 3 FETCH (BODY[1]<0> {4}\r\na\r\nb)",
        ),
        (
            render.fetch(3, [render.section_value(b"BINARY[1]", b"\0", binary=True)]),
            b"* 3 FETCH (BINARY[1] ~{1}\r\n\0)",
        ),
        (render.fetch(3, [render.section_value(b"BODY[9]", None)]), b"* 3 FETCH (BODY[9] NIL)"),
    ],
)
def test_line(line: bytes, expected: bytes) -> None:
    assert line == expected + b"\r\n"


def test_replies_without_content_are_not_sent() -> None:
    assert render.esearch(b"a", False, frozenset({SearchReturn.SAVE}), [1]) == b""
    assert render.vanished(NumberSet(), earlier=False) == b""


def test_text_cannot_split_a_reply_or_pose_as_a_code() -> None:
    line = render.tagged(b"a", b"NO", "x\r\n* BYE gone\0 é")
    assert line == b"a NO x?* BYE gone? ?\r\n"
    assert render.tagged(b"a", b"NO", "[READ-ONLY] ha") == b"a NO (READ-ONLY] ha\r\n"


def test_flags_lines() -> None:
    rows = [(1, 10, 0, ""), (2, 11, 1, "$Junk Work")]
    assert render.flags_lines(rows) == (
        b"* 1 FETCH (UID 10 FLAGS ())\r\n* 2 FETCH (UID 11 FLAGS (\\Seen $Junk Work))\r\n"
    )
    assert render.flags_modseq_lines([(1, 10, 4, "", 99)]) == (
        b"* 1 FETCH (UID 10 FLAGS (\\Flagged) MODSEQ (99))\r\n"
    )
    assert render.flags_lines([]) == b""


def test_a_format_for_any_simple_items() -> None:
    line = render.fetch_format([Item.UID, Item.FLAGS, Item.INTERNAL_DATE, Item.SIZE, Item.MODSEQ])
    assert line % (7, 70, tokens.FLAG_WORDS[1, ""], tokens.date_time(0), 5, 6) == (
        b"* 7 FETCH (UID 70 FLAGS (\\Seen) "
        b'INTERNALDATE " 1-Jan-1970 00:00:00 +0000" RFC822.SIZE 5 MODSEQ (6))\r\n'
    )
    assert set(render.ITEM_FORMATS) == set(Item)
    for item, form in render.ITEM_FORMATS.items():
        assert form.startswith(item.value.encode() + b" ")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (codes.appenduid(7, [3, 4, 5]), b"APPENDUID 7 3:5"),
        (codes.badcharset(["UTF-8"]), b"BADCHARSET (UTF-8)"),
        (codes.capability(b"IMAP4rev1"), b"CAPABILITY IMAP4rev1"),
        (codes.copyuid(7, [(1, 21), (3, 22), (4, 23)]), b"COPYUID 7 1,3:4 21:23"),
        (codes.highestmodseq(9), b"HIGHESTMODSEQ 9"),
        (codes.mailboxid("M1"), b"MAILBOXID (M1)"),
        (codes.modified(tokens.compressed([7, 9])), b"MODIFIED 7,9"),
        (codes.uidnext(5), b"UIDNEXT 5"),
        (codes.uidvalidity(5), b"UIDVALIDITY 5"),
        (codes.unseen(5), b"UNSEEN 5"),
    ],
)
def test_codes(code: bytes, expected: bytes) -> None:
    assert code == expected
    assert code.split()[0] in codes.NAMES


def test_the_table_of_codes() -> None:
    assert len(codes.NAMES) == len(codes.TABLE)
    for row in codes.TABLE:
        function = row.name.decode().lower()
        assert hasattr(codes, function) == row.arguments, row.name

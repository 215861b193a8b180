"""Responses as lines of bytes (RFC 9051 §7). Nothing here knows a connection: join and write.

Long replies are made of few large pieces: one comprehension and one join for thousands of messages.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from alphorn.base.numbers import NumberSet
from alphorn.wire.imap.commands import SearchReturn
from alphorn.wire.imap.items import Item, StatusItem
from alphorn.wire.imap.tokens import (
    FLAG_WORDS,
    astring,
    compressed,
    literal,
    mailbox,
    nstring,
    number_set,
    string,
)
from alphorn.wire.sasl import base64

CONTINUE = b"+ OK\r\n"
IDLING = b"+ idling\r\n"

_UNSAFE = re.compile(r"[^ -~]+")


def _text(text: str, code: bytes) -> bytes:
    """resp-text: printable ASCII whatever went in, so that no reply can be split; and text alone
    never looks like a code."""
    clean = _UNSAFE.sub("?", text).encode("ascii")
    if code:
        return b"[%b] %b" % (code, clean)
    return b"(" + clean[1:] if clean.startswith(b"[") else clean


# -- status responses (RFC 9051 §7.1) --


def condition(status: bytes, text: str, code: bytes = b"") -> bytes:
    """`OK [READ-WRITE] SELECT completed`: what stands after a tag; `status` is b"OK", b"NO",
    b"BAD", b"BYE" or b"PREAUTH"."""
    return b"%b %b" % (status, _text(text, code))


def tagged(tag: bytes, status: bytes, text: str, code: bytes = b"") -> bytes:
    """A whole line; b"*" for the tag makes it untagged."""
    return b"%b %b %b\r\n" % (tag, status, _text(text, code))


def ok(text: str, code: bytes = b"") -> bytes:
    """An untagged OK."""
    return tagged(b"*", b"OK", text, code)


def bye(text: str, code: bytes = b"") -> bytes:
    return tagged(b"*", b"BYE", text, code)


def challenge(data: bytes) -> bytes:
    """A SASL challenge (RFC 9051 §6.2.2)."""
    return b"+ %b\r\n" % base64.encode(data)


# -- about the server and its mailboxes (RFC 9051 §7.2, §7.3) --


def capability(names: bytes) -> bytes:
    return b"* CAPABILITY %b\r\n" % names


def enabled(names: Iterable[str]) -> bytes:
    return b"* ENABLED%b\r\n" % b"".join(b" " + name.encode("ascii") for name in names)


def identity(fields: Mapping[str, str]) -> bytes:
    """RFC 2971 §3.2."""
    if not fields:
        return b"* ID NIL\r\n"
    pairs = b" ".join(b"%b %b" % (string(k), string(v)) for k, v in fields.items())
    return b"* ID (%b)\r\n" % pairs


def namespace(separator: str) -> bytes:
    """One personal namespace without a prefix (RFC 9051 §7.3.3)."""
    return b'* NAMESPACE (("" %b)) NIL NIL\r\n' % string(separator)


def mailbox_line(
    attributes: Iterable[str],
    separator: str | None,
    name: str,
    utf8: bool = False,
    *,
    child_info: Iterable[str] = (),
    old_name: str | None = None,
    response: bytes = b"LIST",
) -> bytes:
    """`* LIST (\\HasNoChildren) "/" name`, or LSUB. `attributes` come without the backslash;
    `child_info` and `old_name` are extended items (RFC 9051 §7.3.1)."""
    items = []
    if child_info:
        options = b" ".join(string(option) for option in child_info)
        items.append(b'"CHILDINFO" (%b)' % options)
    if old_name is not None:
        items.append(b'"OLDNAME" (%b)' % mailbox(old_name, utf8))
    return b"* %b (%b) %b %b%b\r\n" % (
        response,
        " ".join(f"\\{attribute}" for attribute in attributes).encode("ascii"),
        nstring(separator),
        mailbox(name, utf8),
        b" (%b)" % b" ".join(items) if items else b"",
    )


def status(name: str, values: Mapping[StatusItem, int | str | None], utf8: bool = False) -> bytes:
    """RFC 9051 §7.3.4. A str is an object identifier (RFC 8474 §4.3); None is NIL."""
    items = b" ".join(
        b"%b %b" % (item.value.encode("ascii"), _status_value(value))
        for item, value in values.items()
    )
    return b"* STATUS %b (%b)\r\n" % (mailbox(name, utf8), items)


def _status_value(value: int | str | None) -> bytes:
    if isinstance(value, str):
        return b"(%b)" % value.encode("ascii")
    return b"NIL" if value is None else b"%d" % value


def metadata(name: str, values: Mapping[str, bytes | None], utf8: bool = False) -> bytes:
    """RFC 5464 §4.4.1; at least one value, None for an entry that does not exist. "" is the
    server."""
    items = b" ".join(
        b"%b %b" % (astring(entry), _metadata_value(value)) for entry, value in values.items()
    )
    return b"* METADATA %b (%b)\r\n" % (mailbox(name, utf8), items)


def _metadata_value(value: bytes | None) -> bytes:
    """What holds NUL is a literal8 (§5)."""
    return b"~" + literal(value) if value is not None and b"\0" in value else nstring(value)


def search(found: Sequence[int], modseq: int | None = None) -> bytes:
    """RFC 3501 §7.2.5. `modseq`: the highest found, where MODSEQ was a key (RFC 7162 §3.1.5)."""
    numbers = b"".join([b" %d" % number for number in found])
    highest = b" (MODSEQ %d)" % modseq if modseq is not None and found else b""
    return b"* SEARCH%b%b\r\n" % (numbers, highest)


def esearch(
    tag: bytes,
    uid: bool,
    returns: frozenset[SearchReturn],
    found: Sequence[int],
    modseq: int | None = None,
) -> bytes:
    """RFC 9051 §7.3.4; `found` is ascending. Where only SAVE was asked for, no reply: b""."""
    if returns == {SearchReturn.SAVE}:
        return b""
    line = [b"* ESEARCH (TAG %b)" % string(tag)]
    if uid:
        line.append(b"UID")
    if found:
        if SearchReturn.MIN in returns:
            line.append(b"MIN %d" % found[0])
        if SearchReturn.MAX in returns:
            line.append(b"MAX %d" % found[-1])
        if SearchReturn.ALL in returns:
            line.append(b"ALL " + compressed(found))
    if SearchReturn.COUNT in returns:
        line.append(b"COUNT %d" % len(found))
    if modseq is not None and found:
        line.append(b"MODSEQ %d" % modseq)
    return b" ".join(line) + b"\r\n"


# -- about the selected mailbox (RFC 9051 §7.3.5, §7.4, §7.5) --


def flags(words: bytes) -> bytes:
    """`words` as in `tokens.FLAG_WORDS`."""
    return b"* FLAGS (%b)\r\n" % words


def exists(count: int) -> bytes:
    return b"* %d EXISTS\r\n" % count


def recent(count: int) -> bytes:
    """RFC 3501 §7.3.2."""
    return b"* %d RECENT\r\n" % count


def expunge(number: int) -> bytes:
    return b"* %d EXPUNGE\r\n" % number


def vanished(uids: NumberSet, earlier: bool) -> bytes:
    """RFC 7162 §3.2.10; b"" for none."""
    if not uids:
        return b""
    return b"* VANISHED %b%b\r\n" % (b"(EARLIER) " if earlier else b"", number_set(uids))


# -- FETCH (RFC 9051 §7.5.2) --

ITEM_FORMATS: Mapping[Item, bytes] = {
    Item.UID: b"UID %d",
    Item.FLAGS: b"FLAGS (%b)",
    Item.INTERNAL_DATE: b"INTERNALDATE %b",
    Item.SIZE: b"RFC822.SIZE %d",
    Item.ENVELOPE: b"ENVELOPE %b",
    Item.BODY: b"BODY %b",
    Item.BODY_STRUCTURE: b"BODYSTRUCTURE %b",
    Item.MODSEQ: b"MODSEQ (%d)",
    Item.EMAIL_ID: b"EMAILID (%b)",
    Item.THREAD_ID: b"THREADID (%b)",
    Item.SAVE_DATE: b"SAVEDATE %b",
    Item.PREVIEW: b"PREVIEW %b",
}
"""A %-format for each simple item. What goes in: UID, RFC822.SIZE and MODSEQ an int; FLAGS
`tokens.FLAG_WORDS[bits, keywords]`; dates `tokens.date_time`; PREVIEW `tokens.string`; the rest
bytes as they are stored."""


def fetch_format(items: Iterable[Item]) -> bytes:
    """A %-format for whole lines: the sequence number first, then the items' values in order."""
    return b"* %%d FETCH (%b)\r\n" % b" ".join(ITEM_FORMATS[item] for item in items)


def fetch(number: int, items: Iterable[bytes]) -> bytes:
    """One line of items made elsewhere: `b"UID 5"`, `section + b" " + literal`."""
    return b"* %d FETCH (%b)\r\n" % (number, b" ".join(items))


def section_value(label: bytes, data: bytes | None, binary: bool = False) -> bytes:
    """`BODY[1] {5}` and the octets; None is NIL. `binary` data may hold NUL, and is then a literal8
    (RFC 9051 §4.3.1). `label` is `tokens.section`'s."""
    if data is None:
        return label + b" NIL"
    if binary and b"\0" in data:
        return b"%b ~%b" % (label, literal(data))
    return b"%b %b" % (label, literal(data))


def flags_lines(rows: Iterable[tuple[int, int, int, str]]) -> bytes:
    """The reply to `FETCH 1:* (UID FLAGS)`: rows of (number, uid, bits, keywords)."""
    words = FLAG_WORDS
    return b"".join(
        [
            b"* %d FETCH (UID %d FLAGS (%b))\r\n" % (number, uid, words[bits, keywords])
            for number, uid, bits, keywords in rows
        ]
    )


def flags_modseq_lines(rows: Iterable[tuple[int, int, int, str, int]]) -> bytes:
    """As `flags_lines`, with each message's mod-sequence at the end (RFC 7162 §3.1.4.2)."""
    words = FLAG_WORDS
    return b"".join(
        [
            b"* %d FETCH (UID %d FLAGS (%b) MODSEQ (%d))\r\n"
            % (number, uid, words[bits, keywords], modseq)
            for number, uid, bits, keywords, modseq in rows
        ]
    )

"""The structure of a message: where headers, bodies and parts begin and end (RFC 5322, RFC 2046).

`parse` takes any octets and never raises. Lines and parts are found by `bytes.find` and `re` alone,
so that time is linear in size and nothing per line of a body happens in Python. Both CRLF and bare
LF end a line. An outer boundary ends everything within it (RFC 2046 §5.1.2), as does the end of
the message where a closing boundary is missing. A body part whose first line is neither empty nor a
field has no header, so that text after a forgotten empty line is not lost.

Bounds: MAX_DEPTH levels, MAX_PARTS entities (and one a level), MAX_DELIMITERS candidate delimiter
lines, and MAX_SCANS times the message's size (plus SMALL octets) looked at over all levels. What
lies beyond a bound stays in the last part as its data, and the tree says so (`Entity.whole`). Of a
longer header only the first MAX_HEADER octets are read.
"""

import re
from enum import Enum

from alphorn.message.content import (
    IDENTITY_ENCODINGS,
    MESSAGE_RFC822,
    OCTET_STREAM,
    TEXT_PLAIN,
    MediaType,
    media_type,
    transfer_encoding,
)
from alphorn.message.header import header_end, unfold

MAX_DEPTH = 100
MAX_PARTS = 1000
MAX_DELIMITERS = 10_000
MAX_SCANS = 8
SMALL = 16 * 1024 * 1024
MAX_HEADER = 256 * 1024
MAX_BOUNDARY = 1000

_FIELD = re.compile(
    r"\n(from|to|cc|bcc|sender|reply-to|subject|date|in-reply-to|references|message-id"
    r"|content-[a-z-]+)[ \t]*+:[ \t]*+([^\n]*+(?:\n[ \t][^\n]*+)*+)",
    re.IGNORECASE | re.ASCII,
)
_JOINED = frozenset(("to", "cc", "bcc"))
_DELIMITER_END = re.compile(rb"(--)?[ \t]*+(?:\r?\n|\Z)")

_PART_BEGIN = re.compile(rb"\r?\n|[!-9;-~]+[ \t]*+:|\Z")

Fields = dict[str, str]


class Kind(Enum):
    LEAF = 0
    MULTIPART = 1
    MESSAGE = 2


class Entity:
    """A message or a body part. All offsets count octets of the raw message.

    The header is `raw[start:body]`, with the empty line after it; the body is `raw[body:end]`,
    without the line end that belongs to the next delimiter. `children` are the parts of a
    multipart, or the one embedded message of a message/rfc822; they lie between `body` and `end`.

    `fields` holds the fields that say what the entity is (see `read_fields`). `media` is what it
    is in effect: a multipart in which no delimiter stands is text/plain, one beyond a bound
    application/octet-stream. An encoded message/rfc822, or one beyond a bound, is a LEAF.

    `whole` is false at the root of a tree in which something lies beyond a bound.
    """

    __slots__ = ("body", "children", "end", "fields", "kind", "media", "start", "whole")

    def __init__(
        self,
        start: int,
        body: int,
        end: int,
        fields: Fields,
        media: MediaType,
        kind: Kind,
        children: tuple["Entity", ...],
    ) -> None:
        self.start = start
        self.body = body
        self.end = end
        self.fields = fields
        self.media = media
        self.kind = kind
        self.children = children
        self.whole = True

    @property
    def encoding(self) -> str:
        """The Content-Transfer-Encoding in lower case, "7bit" where there is none."""
        value = self.fields.get("content-transfer-encoding")
        return "7bit" if value is None else transfer_encoding(value) or "7bit"


def parse(raw: bytes) -> Entity:
    """The entity tree of a message; never raises, linear in `len(raw)`."""
    parser = _Parser(raw)
    root = parser.entity(0, len(raw), 0, TEXT_PLAIN)
    root.whole = parser.whole
    return root


def read_fields(raw: bytes, start: int, end: int) -> Fields:
    """The originator, destination, identification and content fields of a header, unfolded.

    Names are in lower case, values stripped; octets that are not UTF-8 become lone surrogates
    (`surrogateescape`). Of a repeated field the first counts, but repeated To, Cc and Bcc are one
    list (RFC 5322 §4.5.3).
    """
    if end - start > MAX_HEADER:
        end = start + MAX_HEADER
    if start:
        text = raw[start - 1 : end].decode("utf-8", "surrogateescape")
    else:
        text = "\n" + raw[:end].decode("utf-8", "surrogateescape")
    fields: Fields = {}
    for name, value in _FIELD.findall(text):
        name = name.lower()
        value = unfold(value)
        if name not in fields:
            fields[name] = value
        elif name in _JOINED:
            fields[name] += ", " + value
    return fields


class _Parser:
    """One run over one message, with what is left of each bound."""

    __slots__ = ("delimiters", "octets", "parts", "raw", "whole")

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.parts = MAX_PARTS
        self.delimiters = MAX_DELIMITERS
        self.octets = MAX_SCANS * len(raw) + SMALL
        self.whole = True

    def entity(
        self, start: int, end: int, depth: int, default: MediaType, *, part: bool = False
    ) -> Entity:
        raw = self.raw
        self.parts -= 1
        if part and not _PART_BEGIN.match(raw, start, end):
            body = start
        else:
            body = header_end(raw, start, end)
        fields = read_fields(raw, start, body)
        value = fields.get("content-type")
        media = default if value is None else media_type(value)
        kind = Kind.LEAF
        children: tuple[Entity, ...] = ()
        if media.type == "multipart":
            boundary = media.get("boundary")
            if boundary is not None:
                boundary = boundary.rstrip(" \t")
                self.whole = self.whole and len(boundary) <= MAX_BOUNDARY
                boundary = boundary[:MAX_BOUNDARY]
            if not boundary:
                media = TEXT_PLAIN
            elif not self._may_descend(body, end, depth):
                media = OCTET_STREAM
            else:
                inner = MESSAGE_RFC822 if media.subtype == "digest" else TEXT_PLAIN
                children = self._multipart(boundary, body, end, depth, inner)
                if children:
                    kind = Kind.MULTIPART
                else:
                    media = TEXT_PLAIN
        elif (
            media.type == "message"
            and media.subtype in ("rfc822", "global")
            and self._plain(fields)
            and self._may_descend(body, end, depth)
        ):
            kind = Kind.MESSAGE
            children = (self.entity(body, end, depth + 1, TEXT_PLAIN),)
        return Entity(start, body, end, fields, media, kind, children)

    @staticmethod
    def _plain(fields: Fields) -> bool:
        value = fields.get("content-transfer-encoding")
        return value is None or transfer_encoding(value) in IDENTITY_ENCODINGS

    def _may_descend(self, body: int, end: int, depth: int) -> bool:
        if depth >= MAX_DEPTH or self.parts <= 0 or self.octets < end - body:
            self.whole = False
            return False
        self.octets -= end - body
        return True

    def _multipart(
        self, boundary: str, begin: int, end: int, depth: int, default: MediaType
    ) -> tuple[Entity, ...]:
        raw = self.raw
        find = raw.find
        delimiter = b"\n--" + boundary.encode("utf-8", "surrogateescape")
        length = len(delimiter)
        children: list[Entity] = []
        part = -1  # where the open part begins, -1 before the first delimiter
        at = begin - 1  # a delimiter may stand on the body's first line
        while self.delimiters > 0 and (at := find(delimiter, at, end)) >= 0:
            self.delimiters -= 1
            match = _DELIMITER_END.match(raw, at + length, end)
            if match is None:
                at += length
                continue
            if part >= 0:
                stop = at - 1 if raw[at - 1] == 13 else at
                children.append(self.entity(part, max(part, stop), depth + 1, default, part=True))
                part = -1
            if match[1] is not None:
                break
            part = match.end()
            if self.parts <= 1:
                self.whole = False
                break
            at = max(part - 1, at + length)  # its line end may begin the next delimiter
        if self.delimiters <= 0:
            self.whole = False
        if part >= 0:
            children.append(self.entity(part, end, depth + 1, default, part=True))
        return tuple(children)

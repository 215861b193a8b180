"""The text of a message for full-text search: what a person could have read in it.

All decoding is done by C code. Never raises; linear, and bounded by the limit asked for.
"""

import re
from typing import NamedTuple

from alphorn.message import charsets, html_text, parts, words
from alphorn.message.parse import MAX_HEADER, Entity, Kind, parse

MAX_TEXT = 1024 * 1024

# Fields made of keys and signatures: nobody searches them, and each would fill an index with noise.
_NOISE = re.compile(
    r"\n(?:dkim-signature|domainkey-signature|arc-[a-z-]+|x-google-dkim-signature|x-gm-message-state"
    r"|x-google-smtp-source|x-received|autocrypt|openpgp|face|x-face|x-microsoft-[a-z-]+"
    r"|x-ms-exchange-[a-z-]+|x-forefront-[a-z-]+|authentication-results)"
    r"[ \t]*+:[^\n]*+(?:\n[ \t][^\n]*+)*+",
    re.IGNORECASE | re.ASCII,
)
_FOLD = re.compile(r"\r?\n(?=[ \t])")


class SearchText(NamedTuple):
    """`header` has one field a line ("Subject: …"), `body` all parts, each on its own lines."""

    header: str
    body: str


def searchable(raw: bytes, root: Entity | None = None, limit: int = MAX_TEXT) -> SearchText:
    """The decoded header, and up to `limit` characters of decoded text from the body.

    The body has plain and HTML text, file names of attachments, and the headers and bodies of
    attached messages. Header fields that hold only keys and signatures are left out.
    """
    if root is None:
        root = parse(raw)
    body = _Body(raw, limit)
    body.visit(root)
    return SearchText(_header(raw, root), "\n".join(body.found).replace("\0", " "))


def _header(raw: bytes, entity: Entity) -> str:
    text = "\n" + charsets.decode_unlabelled(
        raw[entity.start : min(entity.body, entity.start + MAX_HEADER)]
    )
    text = _FOLD.sub("", _NOISE.sub("", text))
    if "=?" in text:
        text = words.decode_words(text)
    return text.replace("\r", "").replace("\0", " ").strip("\n")


class _Body:
    """The texts found so far, and how many characters there is still room for."""

    def __init__(self, raw: bytes, limit: int) -> None:
        self.raw = raw
        self.room = limit
        self.found: list[str] = []

    def add(self, text: str) -> None:
        if text and self.room > 0:
            text = text[: self.room]
            self.room -= len(text)
            self.found.append(text)

    def visit(self, entity: Entity) -> None:
        if self.room <= 0:
            return
        self.add(parts.file_name(entity))
        if entity.kind is Kind.LEAF:
            media = entity.media
            if media.type == "text" or (media.type == "message" and media.subtype != "rfc822"):
                self.add(self._text(entity))
            return
        for child in entity.children:
            if entity.kind is Kind.MESSAGE:
                self.add(_header(self.raw, child))
            self.visit(child)

    def _text(self, entity: Entity) -> str:
        # Quoted-printable takes up to three octets for one, markup a few times its text.
        text = parts.text(self.raw, entity, 4 * self.room)
        if entity.media.subtype == "html":
            return " ".join(html_text.to_text(text).split())
        return text.replace("\r\n", "\n").strip()

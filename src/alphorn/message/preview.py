"""The first words of a message, for lists (RFC 8970 §3.1), from text/plain or else from HTML.

Only the beginning of a part is decoded. Quoted lines are left out, white space becomes single
spaces, and the invisible characters that newsletters pad with are dropped.
"""

import re

from alphorn.message import html_text, parts
from alphorn.message.parse import Entity

MAX_PREVIEW = 200

_PLAIN_WINDOW = 4 * 1024
_HTML_WINDOW = 64 * 1024
_HTML_FIRST = 4 * 1024

_QUOTED_LINE = re.compile(r"^[ \t]*>[^\n]*", re.MULTILINE)
# Controls, soft hyphen, zero-width and directional characters, and what could not be decoded.
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f\xad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    r"\ufeff\ufffd]+"
)


def preview(raw: bytes, plain: Entity | None, html: Entity | None) -> str:
    """At most MAX_PREVIEW characters from the first of the two parts that has any text."""
    if plain is not None:
        text = parts.text(raw, plain, _PLAIN_WINDOW)
        if ">" in text:
            text = _QUOTED_LINE.sub("", text) or text
        text = _shorten(text)
        if text:
            return text
    if html is None:
        return ""
    text = parts.text(raw, html, _HTML_WINDOW)
    begin = html_text.body_begin(text)
    found = _shorten(html_text.to_text(text[begin : begin + _HTML_FIRST]))
    if len(found) < MAX_PREVIEW and len(text) - begin > _HTML_FIRST:
        found = _shorten(html_text.to_text(text[begin:]))
    return found


def _shorten(text: str) -> str:
    short = _words(text[: 2 * MAX_PREVIEW])
    if len(short) < MAX_PREVIEW and len(text) > 2 * MAX_PREVIEW:
        short = _words(text)
    return short[:MAX_PREVIEW].rstrip()


def _words(text: str) -> str:
    """The first words with single spaces between them, without invisible characters."""
    joined = " ".join(text.split(None, MAX_PREVIEW)[:MAX_PREVIEW])
    if joined.isascii() and joined.isprintable():
        return joined
    return " ".join(_INVISIBLE.sub("", text).split(None, MAX_PREVIEW)[:MAX_PREVIEW])

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
_INVISIBLE = dict.fromkeys(
    [
        *(*range(9), *range(14, 32), 0x7F, 0xAD, 0x34F, 0x61C, 0x180E, 0xFEFF, 0xFFFD),
        *(*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070)),
    ]
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
    if not text.isascii():
        text = text.translate(_INVISIBLE)
    words = text.split(None, MAX_PREVIEW)
    return " ".join(words[:MAX_PREVIEW])[:MAX_PREVIEW].rstrip()

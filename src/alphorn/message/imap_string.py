"""Strings as IMAP responses carry them (RFC 9051 §4.3): quoted where possible, else literals.

Two forms: `ascii_string` for IMAP4rev1 clients (octets above 127 become encoded words), and
`utf8_string` for those that enabled UTF8=ACCEPT or IMAP4rev2 (RFC 6855 §3). Neither ever contains
CR, LF or NUL; a result is text whose UTF-8 encoding is what is sent.
"""

from collections.abc import Callable

from alphorn.message import charsets, words

MAX_QUOTED = 1000

String = Callable[[str], str]

_BAD = dict.fromkeys((*range(9), *range(10, 32), 127), " ")


def ascii_string(text: str) -> str:
    """`text`, which may hold lone surrogates for octets that are not UTF-8, in 7 bits."""
    if not (text.isascii() and text.isprintable()):
        if not text.isascii():
            text = words.encode(charsets.repair(text))
        text = text.translate(_BAD)
    if len(text) > MAX_QUOTED:
        return f"{{{len(text)}}}\r\n{text}"
    if '"' in text or "\\" in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def utf8_string(text: str) -> str:
    """`text` in UTF-8."""
    text = charsets.repair(text).translate(_BAD)
    if len(text) > MAX_QUOTED:
        return f"{{{len(text.encode())}}}\r\n{text}"
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

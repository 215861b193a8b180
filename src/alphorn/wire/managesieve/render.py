"""Answers as lines of bytes (RFC 5804 §1.2). Nothing here knows a connection: join and write."""

import re
from collections.abc import Iterable

from alphorn.wire.managesieve.strings import literal, string
from alphorn.wire.sasl import base64

_LINE_END = re.compile(r"\r\n?|\n")
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f]")


def _condition(status: bytes, text: str, code: bytes) -> bytes:
    parts = [status]
    if code:
        parts.append(b"(%b)" % code)
    if text:
        parts.append(string(_LINE_END.sub("\r\n", _UNSEEN.sub("?", text))))
    return b" ".join(parts) + b"\r\n"


def ok(text: str = "", code: bytes = b"") -> bytes:
    """`text` is for people and may have several lines."""
    return _condition(b"OK", text, code)


def no(text: str, code: bytes = b"") -> bytes:
    return _condition(b"NO", text, code)


def bye(text: str, code: bytes = b"") -> bytes:
    return _condition(b"BYE", text, code)


def challenge(data: bytes) -> bytes:
    """A SASL challenge (RFC 5804 §2.1)."""
    return string(base64.encode(data)) + b"\r\n"


def scripts(names: Iterable[tuple[str, bool]]) -> bytes:
    """The lines of LISTSCRIPTS (RFC 5804 §2.7): each name, and whether it is active."""
    return b"".join(
        string(name) + (b" ACTIVE\r\n" if active else b"\r\n") for name, active in names
    )


def script(source: str) -> bytes:
    """The text that GETSCRIPT asks for (RFC 5804 §2.9)."""
    return literal(source.encode()) + b"\r\n"


def capabilities(lines: Iterable[tuple[str, str | None]]) -> bytes:
    """The lines of CAPABILITY (RFC 5804 §1.7): names, and values where they have one."""
    return b"".join(
        string(name) + (b"\r\n" if value is None else b" " + string(value) + b"\r\n")
        for name, value in lines
    )

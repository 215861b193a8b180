"""Strings as a server writes them (RFC 5804 §4): quoted where that is possible, else literals."""

import re

MAX_QUOTED = 1000
"""Octets between quotes; the grammar allows 1,024, escapes counted or not."""
_TO_ESCAPE = re.compile(rb'(["\\])')
_UNQUOTABLE = re.compile(rb"[\0\r\n]")


def string(value: str | bytes) -> bytes:
    octets = value.encode("utf-8", "replace") if isinstance(value, str) else value
    if len(octets) <= MAX_QUOTED and not _UNQUOTABLE.search(octets):
        quoted = _TO_ESCAPE.sub(rb"\\\1", octets)
        if len(quoted) <= MAX_QUOTED:
            return b'"%b"' % quoted
    return literal(octets)


def literal(octets: bytes) -> bytes:
    """What a server sends has no `+`."""
    return b"{%d}\r\n%b" % (len(octets), octets)

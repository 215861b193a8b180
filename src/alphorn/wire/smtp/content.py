"""Which octets a message may have, whichever way it came (see docs/adr/0010-line-ends.md).

A message leaves here with CRLF line ends only and without NUL. Only CRLF "." CRLF ends DATA. A
line with a lone dot that other line ends surround is how one message is smuggled inside another
past a server that reads line ends more loosely than the one before it; it is refused. Other bare
LFs become CRLF, which is what their writer meant; a CR that ends no line becomes a space. Both
keep every octet that matters and cannot move the end of the data, which was found before.

A first line that begins with white space is the beginning of a body without a header: were it left
on top, it would become part of whichever field the server writes before it.

On a message in order, which nearly all are, this costs four counts at the speed of memory.
"""

import re

from alphorn.message import line_ends
from alphorn.wire.smtp.replies import Refusal, Reply

_LONE_DOT = re.compile(rb"(?:\A|[\r\n])\.[\r\n]")

SMUGGLED = Reply(
    "5.6.0",
    "The message has a line with a lone dot between line ends other than CR LF; "
    "that can hide a second message and is not accepted",
)
NUL = Reply("5.6.0", "The message has a NUL octet, which mail cannot carry (RFC 5322 section 4)")


def from_data(raw: bytes, text_line: int) -> bytes:
    """The message that DATA carried, without the dots that the client put before dots
    (RFC 5321 §4.5.2). Raises Refusal as `from_chunks`, and for a lone dot that other line ends than
    CRLF surround."""
    tidy = line_ends.tidy(raw)
    if not tidy and _LONE_DOT.search(raw):
        raise Refusal(SMUGGLED)
    if raw.startswith(b"."):
        raw = raw[1:]
    return _checked(raw.replace(b"\r\n.", b"\r\n"), tidy, text_line)


def from_chunks(raw: bytes, text_line: int) -> bytes:
    """The message that BDAT carried. Raises Refusal for a NUL and for a line of more than
    `text_line` octets."""
    return _checked(raw, line_ends.tidy(raw), text_line)


def _checked(raw: bytes, tidy: bool, text_line: int) -> bytes:
    raw = line_ends.ended(raw if tidy else line_ends.mended(raw))
    if b"\0" in raw:
        raise Refusal(NUL)
    if _has_longer_line(raw, text_line):
        raise Refusal(Reply("5.6.0", f"The message has a line of more than {text_line} octets"))
    return b"\r\n" + raw if raw.startswith((b" ", b"\t")) else raw


def _has_longer_line(raw: bytes, limit: int) -> bool:
    """Jumps from line end to line end, `limit` octets at a time."""
    start, size = 0, len(raw)
    while size - start > limit + 2:
        end = raw.rfind(b"\n", start, start + limit + 2)
        if end < 0:
            return True
        start = end + 1
    return False

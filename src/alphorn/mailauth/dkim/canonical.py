"""The octets that are hashed: canonicalization of header fields and bodies (RFC 6376 §3.4).

Messages have CRLF line ends; a bare CR or LF is an ordinary octet here. Everything is done by a
handful of passes in C over the whole text, never line by line: 25 MB take some 50 ms, and no
input takes more than a small multiple of that.
"""

import re

_FIELD_END = re.compile(rb"\r\n(?![ \t])")
_RUN = re.compile(rb" {2,}")
_EMPTY_LINES_REVERSED = re.compile(rb"(?:\n\r)*")

_HALVINGS = 6
"""How often runs of spaces are halved before the (slower) pattern takes the very long ones."""


def split(raw: bytes) -> tuple[bytes, bytes]:
    """The header, without the empty line that ends it, and the body."""
    if raw.startswith(b"\r\n"):
        return b"", raw[2:]
    header, _, body = raw.partition(b"\r\n\r\n")
    return header, body


def header_of(raw: bytes) -> bytes:
    """What `split` gives first, without a copy of the body."""
    if raw.startswith(b"\r\n"):
        return b""
    end = raw.find(b"\r\n\r\n")
    return raw if end < 0 else raw[:end]


def split_fields(header: bytes) -> list[bytes]:
    """The header fields in order, each as it stands (folded), without its last CRLF."""
    return _FIELD_END.split(header.removesuffix(b"\r\n"))


def relaxed_field(field: bytes) -> bytes:
    """RFC 6376 §3.4.2, without the CRLF at the end."""
    name, _, value = field.partition(b":")
    value = _squeeze(value.replace(b"\r\n", b"")).strip(b" ")
    return name.rstrip(b" \t").lower() + b":" + value


def simple_field(field: bytes) -> bytes:
    """RFC 6376 §3.4.1: nothing changes."""
    return field


def relaxed_body(body: bytes) -> bytes:
    """RFC 6376 §3.4.4."""
    if not body.endswith(b"\r\n") and body:
        body += b"\r\n"
    body = _squeeze(body).replace(b" \r\n", b"\r\n")
    body = _without_empty_lines_at_end(body)
    return b"" if body == b"\r\n" else body


def simple_body(body: bytes) -> bytes:
    """RFC 6376 §3.4.3: an empty body is one CRLF."""
    if not body.endswith(b"\r\n"):
        body += b"\r\n"
    return _without_empty_lines_at_end(body)


def _squeeze(text: bytes) -> bytes:
    """Each run of spaces and tabs becomes one space."""
    text = text.replace(b"\t", b" ")
    for _ in range(_HALVINGS):
        if b"  " not in text:
            return text
        text = text.replace(b"  ", b" ")
    return _RUN.sub(b" ", text)


def _without_empty_lines_at_end(body: bytes) -> bytes:
    """`body` ends with CRLF; it keeps the last one that is not preceded by an empty line."""
    if not body.endswith(b"\r\n\r\n"):
        return body
    ends = body[len(body.rstrip(b"\r\n")) :]
    if ends == b"\r\n" * (len(ends) // 2):
        return body[: len(body) - len(ends)] + b"\r\n"
    match = _EMPTY_LINES_REVERSED.match(ends[::-1])
    assert match is not None  # the pattern matches the empty string
    return body[: len(body) - match.end()] + b"\r\n"

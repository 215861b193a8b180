"""Header fields read and changed in the raw message, without writing the rest anew (RFC 5322 §2.2).

Everything here works on octets at C speed and never raises on any message. A field runs from its
name to the end of its last continuation line; lines that are no field (an mbox `From ` line, junk)
belong to none and stay where they are. Both CRLF and bare LF end a line.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from alphorn.message import charsets

_FOLD = re.compile(r"\r?\n(?=[ \t])")
_ANY = re.compile(rb"\n([!-9;-~]++)[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*+)")
_NEVER = re.compile(rb"(?!)")


class Field(NamedTuple):
    """A field of a header: `raw[start:end]`, line end included.

    `name` is as written; `value` is what stands after the colon, folding included, without the last
    line end.
    """

    name: bytes
    value: bytes
    start: int
    end: int

    @property
    def text(self) -> str:
        """The value unfolded and stripped; octets that are not UTF-8 are read as windows-1252."""
        return unfold(charsets.decode_unlabelled(self.value))


def header_end(raw: bytes, start: int = 0, end: int | None = None) -> int:
    """Where the body begins: after the empty line, or at `end` where there is none.

    `start` is 0 or stands at the beginning of a line.
    """
    if end is None:
        end = len(raw)
    if start == 0:
        if raw.startswith((b"\r\n", b"\n"), 0, end):
            return 2 if raw[0] == 13 else 1
    else:
        start -= 1
    crlf = raw.find(b"\n\r\n", start, end)
    bare = raw.find(b"\n\n", start, end if crlf < 0 else crlf)
    if bare >= 0:
        return bare + 2
    return crlf + 3 if crlf >= 0 else end


def unfold(value: str) -> str:
    """A field's value on one line (RFC 5322 §2.2.3), stripped."""
    if "\n" in value:
        value = _FOLD.sub("", value)
    return value.strip(" \t\r\n")


def iterate(raw: bytes) -> Iterator[Field]:
    """The fields of a message's header, in order."""
    head = _head(raw)
    size = len(head) - 1
    for match in _ANY.finditer(head):
        # The line end counted is the one before the field; shifted by one, it is the one after.
        end = min(match.end(), size)
        yield Field(match[1], match[2].removesuffix(b"\r"), match.start(), end)


def get(raw: bytes, name: str) -> str | None:
    """The first field of this name in any case, unfolded and stripped, not decoded further."""
    match = _named((name,)).search(_head(raw))
    return None if match is None else _text(match[1])


def get_all(raw: bytes, name: str, most: int | None = None) -> list[str]:
    """All fields of this name, or the first `most`, in order, as `get` gives them."""
    found = islice(_named((name,)).finditer(_head(raw)), most)
    return [_text(match[1]) for match in found]


def count(raw: bytes, name: str) -> int:
    """How many fields of this name there are."""
    return len(_named((name,)).findall(_head(raw)))


def remove(raw: bytes, names: Iterable[str]) -> bytes:
    """The message without any field of these names; all other octets as they were."""
    body = header_end(raw)
    head, found = _whole(tuple(names)).subn(b"", _head(raw))
    return head[1:] + raw[body:] if found else raw


def prepend(raw: bytes, *fields: bytes) -> bytes:
    """The message with whole fields (each with its CRLF) before all others."""
    return b"".join((*fields, raw))


def append(raw: bytes, *fields: bytes) -> bytes:
    """The message with whole fields after all others.

    A message without an empty line gets one, so that the fields stand in its header.
    """
    body = header_end(raw)
    head = raw[:body]
    if head.endswith(b"\n\r\n") or head == b"\r\n":
        at = body - 2
    elif head.endswith(b"\n\n") or head == b"\n":
        at = body - 1
    else:
        end_of_line = b"" if not head or head.endswith(b"\n") else b"\r\n"
        return b"".join((head, end_of_line, *fields, b"\r\n"))
    return b"".join((raw[:at], *fields, raw[at:]))


def _head(raw: bytes) -> bytes:
    """The header after a line end, so that each field follows one : fast to find."""
    return b"\n" + raw[: header_end(raw)]


def _text(value: bytes) -> str:
    return unfold(charsets.decode_unlabelled(value))


def _either(names: tuple[str, ...]) -> bytes:
    return b"|".join([re.escape(name.encode("utf-8", "replace")) for name in names])


@lru_cache(maxsize=256)
def _named(names: tuple[str, ...]) -> re.Pattern[bytes]:
    """Finds fields of these names with the line end before them; `findall` gives the values."""
    pattern = rb"\n(?:" + _either(names) + rb")[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*+)"
    return re.compile(pattern, re.IGNORECASE)


@lru_cache(maxsize=256)
def _whole(names: tuple[str, ...]) -> re.Pattern[bytes]:
    """The same, but `findall` gives whole fields, without the line end after them."""
    if not names:
        return _NEVER
    pattern = rb"\n(?:" + _either(names) + rb")[ \t]*+:[^\n]*+(?:\n[ \t][^\n]*+)*+"
    return re.compile(pattern, re.IGNORECASE)

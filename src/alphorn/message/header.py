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
_NAME = re.compile(rb"\n([!-9;-~]++)[ \t]*+:")
_NEVER = re.compile(rb"(?!)")
_EMPTY_LINE = re.compile(rb"\n(?:\r\n|\n(?!\r\n))")


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
    found = _EMPTY_LINE.search(raw, start, end)
    return end if found is None else found.end()


def unfold(value: str) -> str:
    """A field's value on one line (RFC 5322 §2.2.3), stripped."""
    if "\n" in value:
        value = _FOLD.sub("", value)
    return value.strip(" \t\r\n")


def iterate(raw: bytes) -> Iterator[Field]:
    """The fields of a message's header, in order."""
    head = b"\n" + raw[: header_end(raw)]
    size = len(head) - 1
    for match in _ANY.finditer(head):
        # The line end counted is the one before the field; shifted by one, it is the one after.
        end = min(match.end(), size)
        yield Field(match[1], match[2].removesuffix(b"\r"), match.start(), end)


class Head:
    """The header of a message that is asked about several fields.

    `names` are those of its fields in order, in lower case. What is not among them is not looked
    for.
    """

    __slots__ = ("_octets", "names")

    def __init__(self, raw: bytes, body: int | None = None) -> None:
        """`body` is where the body of `raw` begins, where that is known."""
        # After a line end, so that each field follows one.
        self._octets = b"\n" + raw[: header_end(raw) if body is None else body]
        self.names: list[bytes] = _NAME.findall(self._octets.lower())

    def get(self, name: str) -> str | None:
        """The first field of this name in any case, unfolded and stripped, not decoded further."""
        found = next(self._values(name), None)
        return None if found is None else _text(found)

    def get_all(self, name: str, most: int | None = None) -> list[str]:
        """All fields of this name, or the first `most`, in order, as `get` gives them."""
        return [_text(value) for value in islice(self._values(name), most)]

    def count(self, name: str) -> int:
        """How many fields of this name there are."""
        return len(list(self._values(name)))

    def _values(self, name: str) -> Iterator[bytes]:
        folded, field = _named(name)
        if folded is None or folded in self.names:
            for match in field.finditer(self._octets):
                yield match[1]


def get(raw: bytes, name: str) -> str | None:
    """The first field of this name in any case, unfolded and stripped, not decoded further."""
    return Head(raw).get(name)


def get_all(raw: bytes, name: str, most: int | None = None) -> list[str]:
    """All fields of this name, or the first `most`, in order, as `get` gives them."""
    return Head(raw).get_all(name, most)


def count(raw: bytes, name: str) -> int:
    """How many fields of this name there are."""
    return Head(raw).count(name)


def remove(raw: bytes, names: Iterable[str]) -> bytes:
    """The message without any field of these names; all other octets as they were."""
    body = header_end(raw)
    head, found = _whole(tuple(names)).subn(b"", b"\n" + raw[:body])
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


def _text(value: bytes) -> str:
    return unfold(charsets.decode_unlabelled(value))


def _octets(name: str) -> bytes:
    return name.encode("utf-8", "replace")


@lru_cache(maxsize=256)
def _named(name: str) -> tuple[bytes | None, re.Pattern[bytes]]:
    """The name as `Head.names` has it, None where no field can have it; and what finds what begins
    like fields of this name, with the line end before them, their values as a group."""
    octets = _octets(name)
    pattern = rb"\n" + re.escape(octets) + rb"[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*+)"
    folded = octets.lower() if _NAME.fullmatch(b"\n" + octets + b":") else None
    return folded, re.compile(pattern, re.IGNORECASE)


@lru_cache(maxsize=256)
def _whole(names: tuple[str, ...]) -> re.Pattern[bytes]:
    """Finds whole fields of these names with the line end before them, without the one after."""
    if not names:
        return _NEVER
    either = b"|".join([re.escape(_octets(name)) for name in names])
    pattern = rb"\n(?:" + either + rb")[ \t]*+:[^\n]*+(?:\n[ \t][^\n]*+)*+"
    return re.compile(pattern, re.IGNORECASE)

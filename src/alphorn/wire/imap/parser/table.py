"""The table of commands, and the parser that uses it.

    command  = tag SP name [arguments]            (the frame holds no CRLF at its end)
    tag      = 1*<ASTRING-CHAR except "+">

A new family of commands is a file beside this one with its `ROWS`, named in `TABLE`.
"""

import re
from typing import Final

from alphorn.wire.imap.commands import Command
from alphorn.wire.imap.framing import Frame
from alphorn.wire.imap.parser import (
    append,
    connection,
    fetch,
    mailboxes,
    messages,
    metadata,
    search,
)
from alphorn.wire.imap.parser.reader import Reader
from alphorn.wire.imap.parser.row import Row

TABLE: Final[tuple[Row, ...]] = (
    *connection.ROWS,
    *mailboxes.ROWS,
    *append.ROWS,
    *messages.ROWS,
    *search.ROWS,
    *fetch.ROWS,
    *metadata.ROWS,
)

_BY_NAME = {row.name.encode("ascii"): row for row in TABLE}
_HEAD = re.compile(rb"([!#$&',-\[\]^-z|}~]{1,256}) ((?:[Uu][Ii][Dd] )?[A-Za-z]{1,32})(?= |\Z)")


def head(frame: Frame) -> tuple[bytes, bytes, int]:
    """Tag, name in upper case and where the arguments begin. The tag is b"*" where none can be
    read, and the name b"" where there is none."""
    match = _HEAD.match(frame.text)
    if match is None:
        tag, space, _ = frame.text.partition(b" ")
        return (tag if space and TAG.fullmatch(tag) else b"*"), b"", 0
    name = match[2]
    return match[1], name if name in _BY_NAME else name.upper(), match.end()


TAG = re.compile(rb"[!#$&',-\[\]^-z|}~]{1,256}")


def find(name: bytes) -> Row | None:
    """The row of a command, by its name in upper case."""
    return _BY_NAME.get(name)


def arguments(row: Row, frame: Frame, at: int, utf8: bool = False) -> Command:
    """The command. Raises Malformed or Declined (see `parser.errors`)."""
    reader = Reader(frame, at, utf8)
    command = row.parse(reader)
    if reader.at < len(reader.text):
        reader.end()
    return command

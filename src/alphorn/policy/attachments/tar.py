"""tar archives (POSIX ustar and pax, GNU, Unix V7), by their headers.

Python's tarfile makes an object of each header and reads what pax and sparse headers claim; here a
header costs one look at 512 octets.
"""

import re
from collections.abc import Iterator

from alphorn.policy.attachments.budget import Budget
from alphorn.policy.attachments.items import Item, Member, stored
from alphorn.policy.attachments.view import Damaged, View

BLOCK = 512
MAX_LONG_NAME = 4096

_LONG_NAME, _PAX, _PAX_GLOBAL = b"L", b"x", b"g"
_NOT_FILES = b"123456KVgD"
_PAX_PATH = re.compile(rb"(?:^|\n)\d+ path=([^\n]*)")


def members(archive: View, budget: Budget) -> Iterator[Item]:
    """Its files; ends at what is no header."""
    at = 0
    long_name = b""
    empty = 0
    while len(header := archive.read(at, BLOCK)) == BLOCK:
        if not any(header[:8]) and not any(header):
            empty += 1
            if empty == 2:
                return
            at += BLOCK
            continue
        empty = 0
        budget.file()
        size = _number(header[124:136])
        kind = header[156:157]
        data = at + BLOCK
        at = data + (size + BLOCK - 1) // BLOCK * BLOCK
        if kind == _LONG_NAME:
            long_name = archive.read(data, min(size, MAX_LONG_NAME)).rstrip(b"\0")
        elif kind == _PAX:
            found = _PAX_PATH.search(archive.read(data, min(size, MAX_LONG_NAME)))
            long_name = found[1] if found else b""
        else:
            if kind not in _NOT_FILES:
                name = header[:100].partition(b"\0")[0]
                if header[257:262] == b"ustar" and header[345]:
                    name = header[345:500].partition(b"\0")[0] + b"/" + name
                # Which of two names counts is for the program to say: both do here.
                names = [long_name, name] if long_name else [name]
                decoded = [name.decode("utf-8", "replace") for name in names]
                yield Member(tuple(dict.fromkeys(decoded)), stored(archive.part(data, size)))
            long_name = b""


def _number(field: bytes) -> int:
    """Octal digits, or binary where the first bit is set (GNU)."""
    if field[0] & 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    if not digits:
        return 0
    if digits.strip(b"01234567"):
        raise Damaged("not a number")
    return int(digits, 8)

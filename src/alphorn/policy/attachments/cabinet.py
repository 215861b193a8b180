"""Cabinets (MS-CAB) and ARJ archives by their directories; the files stay closed."""

from collections.abc import Iterator
from struct import Struct

from alphorn.message import charsets
from alphorn.policy.attachments.budget import Budget
from alphorn.policy.attachments.items import Item, Member
from alphorn.policy.attachments.view import Damaged, View

MAX_NAME = 1024

_CABINET = Struct("<4sLLLLL2B5H")
_FILE = Struct("<LLHHHH")
_NAME_IS_UTF8 = 0x80

_ARJ = Struct("<HH")
_ARJ_HEADER = Struct("<7BxLLL")
_ARJ_GARBLED = 1


def members(cabinet: View, budget: Budget) -> Iterator[Item]:
    """The files of a cabinet."""
    values = cabinet.unpack(_CABINET, 0)
    at, files = values[4], values[9]
    for _ in range(files):
        budget.file()
        attributes = cabinet.unpack(_FILE, at)[5]
        name = cabinet.read(at + _FILE.size, MAX_NAME)
        end = name.find(b"\0")
        if end < 0:
            raise Damaged("CAB")
        at += _FILE.size + end + 1
        name = name[:end]
        utf8 = attributes & _NAME_IS_UTF8
        yield Member((name.decode("utf-8", "replace") if utf8 else _old(name),))


def arj_members(archive: View, budget: Budget) -> Iterator[Item]:
    """The files of an ARJ archive; its first header is its own."""
    at = 0
    first = True
    while archive.starts(b"\x60\xea", at):
        budget.file()
        _, size = archive.unpack(_ARJ, at)
        if size == 0:
            return
        start = at + _ARJ.size
        values = archive.unpack(_ARJ_HEADER, start)
        name = archive.read(start + values[0], MAX_NAME).partition(b"\0")[0]
        at = start + size + 4
        while (extra := archive.unpack(_EXTRA, at)[0]) != 0:
            at += 2 + extra + 4
        at += 2
        if not first:
            yield Member((_old(name),), None, bool(values[4] & _ARJ_GARBLED))
            at += values[8]
        first = False


_EXTRA = Struct("<H")


def _old(name: bytes) -> str:
    return charsets.decode(name, "cp437")

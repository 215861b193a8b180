"""Images of discs: ISO 9660 with Joliet and Rock Ridge names, and UDF (see `udf`).

A system that opens an image shows one of its trees; all of them are read. Files lie in one piece,
so they are looked into where they stand.
"""

from collections.abc import Iterator
from struct import Struct

from alphorn.message import charsets
from alphorn.policy.attachments import udf
from alphorn.policy.attachments.budget import Budget
from alphorn.policy.attachments.items import Item, Member, stored
from alphorn.policy.attachments.view import Damaged, View

SECTOR = 2048
MAX_DESCRIPTORS = 32
MAX_DIRECTORIES = 2000

_FIRST = 16 * SECTOR
_RECORD = Struct("<BBL4xL4x7xBBBHxxB")
_DIRECTORY = 2
_JOLIET = (b"%/@", b"%/C", b"%/E")
_PRIMARY, _SUPPLEMENTARY, _TERMINATOR = 1, 2, 255


def members(image: View, budget: Budget) -> Iterator[Item]:
    """The files of all trees."""
    found = False
    bridged = False
    for number in range(MAX_DESCRIPTORS):
        at = _FIRST + number * SECTOR
        mark = image.read(at + 1, 5)
        if mark in (b"NSR02", b"NSR03"):
            bridged = True
        elif mark == b"CD001":
            kind = image.read(at, 1)[0]
            if kind in (_PRIMARY, _SUPPLEMENTARY):
                joliet = image.read(at + 88, 3) in _JOLIET
                yield from _tree(image, at + 156, joliet, budget)
                found = True
        elif mark not in (b"BEA01", b"TEA01", b"BOOT2"):
            break
    if bridged:
        yield from udf.members(image, budget)
    elif not found:
        raise Damaged("ISO 9660")


def _tree(image: View, root: int, joliet: bool, budget: Budget) -> Iterator[Item]:
    _, _, place, size, *_ = image.unpack(_RECORD, root)
    seen = {place}
    waiting = [(place, size, "")]
    while waiting:
        place, size, path = waiting.pop()
        directory = image.part(place * SECTOR, size)
        for name, names, flags, start, length in _records(directory, joliet, budget):
            if not flags & _DIRECTORY:
                content = stored(image.part(start * SECTOR, length))
                yield Member(tuple(path + each for each in names), content)
            elif start not in seen:
                if len(seen) >= MAX_DIRECTORIES:
                    raise Damaged("ISO 9660")
                seen.add(start)
                waiting.append((start, length, f"{path}{name}/"))


def _records(
    directory: View, joliet: bool, budget: Budget
) -> Iterator[tuple[str, tuple[str, ...], int, int, int]]:
    at = 0
    while at + _RECORD.size < len(directory):
        size, _, place, length, flags, _, _, _, name_size = directory.unpack(_RECORD, at)
        if size == 0:  # the rest of a sector is empty
            budget.charge(4 * SECTOR)
            at = (at // SECTOR + 1) * SECTOR
            continue
        budget.file()
        name = directory.read(at + _RECORD.size, name_size)
        if name not in (b"\0", b"\x01"):
            text = name.decode("utf-16-be", "replace") if joliet else charsets.decode(name, "cp437")
            base, _, version = text.rpartition(";")
            text = base if base and version.isdigit() else text
            after = at + _RECORD.size + name_size + (name_size + 1) % 2
            rock = _rock_ridge(directory.read(after, at + size - after))
            yield text, (text, rock) if rock else (text,), flags, place, length
        at += size


def _rock_ridge(area: bytes) -> str:
    """The name for Unix systems (IEEE P1282 §4.1.4)."""
    name = b""
    at = 0
    while at + 5 <= len(area):
        size = area[at + 2]
        if size < 4:
            break
        if area[at : at + 2] == b"NM":
            name += area[at + 5 : at + size]
        at += size
    return name.decode("utf-8", "replace")

"""Compound files of Office, Outlook and Windows Installer: what in them runs, and what they carry.

Packages are installers by the class of their root. Macros are found by what the streams hold;
objects that carry a file, and the attachments of an Outlook message, are files like any other.
"""

import re
from collections.abc import Iterator
from struct import Struct

from alphorn.message import charsets
from alphorn.policy.attachments import vba
from alphorn.policy.attachments.budget import Budget
from alphorn.policy.attachments.compound import STORAGE, STREAM, Compound, Entry
from alphorn.policy.attachments.items import Fault, Finding, Item, Member, Opener, stored
from alphorn.policy.attachments.view import Damaged, View

MAX_NATIVE = 4 << 20
MAX_BOOK = 256 * 1024
MAX_RECORDS = 4000
MAX_OBJECTS = 200
MAX_EQUATION = 16 * 1024

# Packages, patches, transforms of Windows Installer.
_INSTALLERS = frozenset(
    bytes.fromhex(f"{code}100C0000000000C000000000000046") for code in ("84", "86", "82")
)
_EQUATION = bytes.fromhex("02CE020000000000C000000000000046")
_URL_MONIKER = bytes.fromhex("E0C9EA79F9BACE118C8200AA004BA90B")

# A font of an equation whose name is longer than the editor has room for (40 octets). Elsewhere
# equations are full of zeros, as each of their characters has one.
_LONG_FONT = re.compile(rb"\x08[\x00-\xff]{2}[^\x00]{48}", re.DOTALL)

_RECORD = Struct("<HH")
_SHEET, _NAME, _END, _FILE_PASS = 0x85, 0x18, 0x0A, 0x2F
_MACRO_SHEET = 1
_LONG = Struct("<L")


def members(file: View, budget: Budget) -> Iterator[Item]:
    """What it carries and what is wrong with it."""
    compound = Compound(file, budget)
    if compound.root.class_id in _INSTALLERS:
        yield Finding(Fault.PROGRAM)
        return
    yield from vba.findings(compound, budget)
    objects = 0
    for number, entry in enumerate(compound.entries):
        if entry.kind == STORAGE and entry.name.startswith("__attach_version1.0"):
            yield from _outlook_attachment(compound, number)
        if entry.kind != STREAM:
            continue
        name = entry.name.lower().lstrip("\x01\x03")
        if name in ("workbook", "book"):
            yield from _macro_sheets(compound.read(entry, MAX_BOOK), budget)
        elif name == "encryptedpackage":
            yield Finding(Fault.ENCRYPTED)
        elif name in ("ole10native", "package", "contents") and objects < MAX_OBJECTS:
            objects += 1
            budget.file()
            if name == "ole10native":
                yield from native(compound.read(entry, MAX_NATIVE), sized=True)
            else:
                yield Member(("",), _opener(compound, entry))
        elif name == "equation native" and _LONG_FONT.search(compound.read(entry, MAX_EQUATION)):
            yield Finding(Fault.EXPLOIT, "Equation Editor")


def _opener(compound: Compound, entry: Entry) -> Opener:
    return lambda limit: View(compound.read(entry, MAX_NATIVE if limit is None else limit))


def native(data: bytes, *, sized: bool) -> Iterator[Item]:
    """The file in an Ole10Native stream: two names, a folder, and its octets."""
    at = 6 if sized else 2
    label, at = _zero_ended(data, at)
    name, at = _zero_ended(data, at)
    at += 4
    if len(data) < at + 4:
        raise Damaged("Ole10Native")
    at += 4 + _LONG.unpack_from(data, at)[0]
    size = _LONG.unpack_from(data, at)[0] if len(data) >= at + 4 else 0
    names = tuple(dict.fromkeys((label, name)))
    yield Member(names, stored(View(data, at + 4, at + 4 + size)))


def _zero_ended(data: bytes, at: int) -> tuple[str, int]:
    end = data.find(b"\0", at)
    if end < 0:
        raise Damaged("Ole10Native")
    return charsets.decode_unlabelled(data[at:end]), end + 1


def _outlook_attachment(compound: Compound, storage: int) -> Iterator[Item]:
    """A file in an Outlook message (MS-OXMSG §2.2.2): its properties are streams."""
    names = []
    content = None
    for _, entry in compound.children(storage):
        tag = entry.name[-8:].upper()
        if tag in ("3707001F", "3704001F", "3001001F"):
            names.append(compound.read(entry, 1024).decode("utf-16-le", "replace"))
        elif tag in ("3707001E", "3704001E", "3001001E"):
            names.append(charsets.decode_unlabelled(compound.read(entry, 1024)))
        elif tag == "37010102":
            content = entry
    if names or content:
        opener = None if content is None else _opener(compound, content)
        yield Member(tuple(dict.fromkeys(names)) or ("",), opener)


def _macro_sheets(book: bytes, budget: Budget) -> Iterator[Item]:
    """Sheets of Excel 4 macros in a workbook of records (MS-XLS §2.4.28, §2.4.150)."""
    at = 0
    sheet = False
    automatic = False
    for _ in range(MAX_RECORDS):
        if at + 4 > len(book):
            break
        kind, size = _RECORD.unpack_from(book, at)
        value = book[at + 4 : at + 4 + size]
        at += 4 + size
        if kind == _END:
            break
        if kind == _FILE_PASS:
            yield Finding(Fault.ENCRYPTED)
            break
        if kind == _SHEET and len(value) > 5 and value[5] == _MACRO_SHEET:
            sheet = True
        elif kind == _NAME and len(value) > 15:
            built_in = value[0] & 0x20
            name = value[15:] if built_in else value[14:]
            automatic = automatic or (
                name[:1] in (b"\x01", b"\x02") if built_in else is_automatic_name(name)
            )
    budget.charge(MAX_BOOK // 4)
    if sheet:
        fault = Fault.AUTOMATIC_MACRO if automatic else Fault.SCRIPT_MACRO
        yield Finding(fault, "Auto_Open" if automatic else "Excel 4.0")


_AUTOMATIC_NAME = re.compile(
    rb"a\0?u\0?t\0?o\0?_\0?(?:o\0?p\0?e\0?n|c\0?l\0?o\0?s\0?e)", re.IGNORECASE
)


def is_automatic_name(name: bytes) -> bool:
    """Whether Auto_Open or Auto_Close stands in it, in octets or in UTF-16."""
    return _AUTOMATIC_NAME.search(name) is not None


def embedded(data: bytes, budget: Budget, *, at_once: bool = False) -> Iterator[Item]:
    """What an object in RTF is: a stored object of OLE 1 (MS-OLEDS §2.2.5), or what looks so.

    `at_once` says that the document asks for it to be loaded when it is opened.
    """
    at = data.find(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    if at < 0 and (b"equation.3" in data[:512].lower() or _EQUATION in data):
        # Word writes equations as compound files; the bare form is what exploits are made of.
        yield Finding(Fault.EXPLOIT, "Equation Editor")
    if _URL_MONIKER in data:
        yield Finding(Fault.EXPLOIT, "object from elsewhere") if at_once else Finding(Fault.REMOTE)
    if at >= 0:
        yield Member(("",), stored(View(data, at)))
    package = data[:256].find(b"Package\0")
    if package >= 0:
        # Topic and item, each with its length, then the length of the native data.
        at = package + 8
        for _ in range(2):
            at += 4 + int.from_bytes(data[at : at + 4], "little")
        yield from native(data[at + 4 :], sized=False)
    budget.charge(len(data))

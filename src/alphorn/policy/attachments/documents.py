"""Office files that are no compound files: OOXML packages, OneNote, and single files of XML.

A package is a ZIP archive; its parts are looked at as any archive's files are, so that a project of
macros is found by what it is under any name. What is added here is what only a package has.
"""

import re
from binascii import Error, a2b_base64
from collections.abc import Iterator
from struct import Struct

from alphorn.policy.attachments import expand
from alphorn.policy.attachments.budget import Budget
from alphorn.policy.attachments.items import Fault, Finding, Item, Member, compressed, stored
from alphorn.policy.attachments.office import is_automatic_name
from alphorn.policy.attachments.view import Damaged, View

MAX_EMBEDDED = 100
MAX_PART = 256 * 1024
MAX_TEXT = 4 << 20

_RELATIONSHIP = re.compile(rb"<(?:\w+:)?Relationship\b([^>]*)>", re.IGNORECASE)
_TARGET = re.compile(rb"\bTarget\s*=\s*[\"']\s*([^\"']*)", re.IGNORECASE)
_ELSEWHERE = re.compile(
    rb"(?:https?|ftp|mhtml|x-usc|ms-\w+):|\\\\|//|file:[/\\]{2,}[^/\\]", re.IGNORECASE
)
_LOADED = re.compile(
    rb"/(?:attachedTemplate|oleObject|frame|subDocument|externalLinkPath)[\"']", re.IGNORECASE
)
_LOCAL_FILE = re.compile(rb"file:/{3}(?![/\\])", re.IGNORECASE)

_ONENOTE_FILE = bytes.fromhex("E716E3BD65261145A4C48D4D0B7A9EAC")
_SIZE = Struct("<Q")
_FILE_NAME = re.compile(
    rb"((?:[^\x00-\x1f]\x00|[^\x00][\x01-\xff]){1,200}\x2e\x00(?:[A-Za-z0-9]\x00){1,10})\x00\x00"
)

_ACTIVE_MIME = re.compile(rb"QWN0aXZlTWltZ[A-Za-z0-9+/=\s]*")


def part_findings(name: str, part: View) -> Iterator[Item]:
    """What is wrong with a part of a package by its name: relationships and lists of sheets."""
    name = name.replace("\\", "/").lower()
    if name.endswith(".rels"):
        for match in _RELATIONSHIP.finditer(part.read(0, MAX_PART)):
            fields = match[1]
            if b"xternal" not in fields or not _LOADED.search(fields):
                continue
            target = _TARGET.search(fields)
            if target is None or _LOCAL_FILE.match(target[1]) or not _ELSEWHERE.match(target[1]):
                continue
            object_ = b"/oleobject" in fields.lower()
            exploited = target[1].lower().startswith((b"mhtml:", b"x-usc:")) or target[1].endswith(
                b"!"
            )
            if object_ and exploited:
                yield Finding(Fault.EXPLOIT, "object from elsewhere")
            elif b"externallinkpath" not in fields.lower():
                yield Finding(Fault.REMOTE)
    elif name.endswith(("xl/workbook.xml", "xl/workbook.bin")):
        data = part.read(0, MAX_PART)
        if b"macrosheet" in data.lower():
            yield Finding(Fault.SCRIPT_MACRO, "Excel 4.0")


def is_special(name: str) -> bool:
    """Whether `part_findings` has anything to say of a part of this name."""
    lower = name.lower()
    return lower.endswith((".rels", "workbook.xml", "workbook.bin"))


def macro_sheet(name: str) -> bool:
    """Whether a part of this name is a sheet of Excel 4 macros."""
    return "/macrosheets/" in name.replace("\\", "/").lower()


def automatic(workbook: View) -> bool:
    """Whether a workbook names something that runs when it is opened."""
    return is_automatic_name(workbook.read(0, MAX_PART))


def onenote_members(notebook: View, budget: Budget) -> Iterator[Item]:
    """The files in a section of OneNote (MS-ONESTORE §2.6.13), and the names of any in it."""
    at = notebook.find(_ONENOTE_FILE)
    count = 0
    while at >= 0 and count < MAX_EMBEDDED:
        budget.file()
        count += 1
        size = notebook.unpack(_SIZE, at + 16)[0]
        yield Member(("",), stored(notebook.part(at + 36, size)))
        at = notebook.find(_ONENOTE_FILE, at + 36)
    if count:
        text = notebook.read(0, MAX_TEXT)
        budget.charge(4 * len(text))
        names = {match[1].decode("utf-16-le", "replace") for match in _FILE_NAME.finditer(text)}
        for name in sorted(names)[:MAX_EMBEDDED]:
            budget.file()
            yield Member((name,))


def active_mime_members(file: View, budget: Budget) -> Iterator[Item]:
    """The compound file in an ActiveMime container, as Word puts it into MHTML and XML."""
    at = file.find(b"x\x9c")
    if not 0 < at < 256:
        at = next((n for n in range(256) if file.starts(b"x", n) and _zlib(file, n)), -1)
    if at < 0:
        raise Damaged("ActiveMime")
    yield Member(("",), compressed(expand.ZLIB, file.part(at), budget))


def _zlib(file: View, at: int) -> bool:
    return int.from_bytes(file.read(at, 2), "big") % 31 == 0


def xml_members(file: View, budget: Budget) -> Iterator[Item]:
    """Macros in a document that is one file of XML (Word 2003, or a package written flat)."""
    text = file.read(0, MAX_TEXT)
    budget.charge(len(text))
    for number, match in enumerate(_ACTIVE_MIME.finditer(text)):
        if number >= MAX_EMBEDDED:
            break
        budget.file()
        try:
            data = a2b_base64(match[0])
        except Error:
            continue
        yield Member(("",), stored(View(data)))
    for match in _FLAT_PART.finditer(text):
        budget.file()
        try:
            data = a2b_base64(match[1])
        except Error:
            continue
        yield Member(("",), stored(View(data)))


_FLAT_PART = re.compile(rb"<pkg:binaryData>\s*([A-Za-z0-9+/=\s]+)")

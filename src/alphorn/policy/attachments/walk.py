"""The walk through everything that a message carries, as deep as the bounds allow.

A file is judged by its names, then by what it is, then by what is in it. The first thing that is
refused ends the walk; whatever else is worth telling is noted.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from alphorn.message import tnef as tnef_format
from alphorn.message import transfer
from alphorn.message.parse import Entity, parse
from alphorn.message.parse import Kind as Structure
from alphorn.policy.attachments import (
    cabinet,
    documents,
    iso,
    mime,
    names,
    office,
    rar,
    rtf,
    sevenzip,
    streams,
    tar,
    zip,
)
from alphorn.policy.attachments.budget import Budget, Exhausted
from alphorn.policy.attachments.items import Fault, Finding, Item, Member, Opener, Reader, stored
from alphorn.policy.attachments.kinds import (
    DISC_HEAD,
    HEAD,
    Kind,
    identify,
    may_be_disc,
    wants_whole,
)
from alphorn.policy.attachments.rules import AttachmentRules, Macros
from alphorn.policy.attachments.view import Damaged, View

Path = tuple[str, ...]

MAX_NOTES = 20

_READERS: dict[Kind, Reader] = {
    Kind.TAR: tar.members,
    Kind.SEVENZIP: sevenzip.members,
    Kind.RAR: rar.members,
    Kind.ISO: iso.members,
    Kind.CABINET: cabinet.members,
    Kind.ARJ: cabinet.arj_members,
    Kind.COMPOUND: office.members,
    Kind.RTF: rtf.members,
    Kind.ONENOTE: documents.onenote_members,
    Kind.ACTIVE_MIME: documents.active_mime_members,
    Kind.OFFICE_XML: documents.xml_members,
}
_STREAMS = frozenset((Kind.GZIP, Kind.BZIP2, Kind.XZ, Kind.LZMA, Kind.ZSTANDARD))
_RUN = {
    Kind.PROGRAM: "program",
    Kind.SHORTCUT: "shortcut",
    Kind.HELP: "help file",
    Kind.SCRIPT: "script",
    Kind.DISK: "disk image",
}
_SIGNED_MAIL = re.compile(rb"(?:content-[a-z-]{4,30}|mime-version|from|subject):", re.IGNORECASE)
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<")
_ENCODED = frozenset(("base64", "quoted-printable"))
_BODY_TYPES = frozenset(("text/plain", "text/html", "text/enriched", "text/calendar"))


@dataclass(frozen=True, slots=True)
class Note:
    """A finding and the file it is about: the names of the files around it, outermost first."""

    path: Path
    finding: Finding


class Walk:
    """One message. `refusal` is what ends it, `notes` what else there is to say."""

    def __init__(self, rules: AttachmentRules, size: int) -> None:
        self.rules = rules
        self.budget = Budget(rules.work + size, rules.files)
        self.notes: list[Note] = []
        self.refused: set[Fault] = {
            Fault.EXTENSION,
            Fault.PROGRAM,
            Fault.EXPLOIT,
            Fault.BOMB,
            Fault.PARTIAL,
        }
        if rules.macros is not Macros.NONE:
            self.refused.add(Fault.AUTOMATIC_MACRO)
        if rules.macros is Macros.ALL:
            self.refused.add(Fault.SCRIPT_MACRO)
        if rules.encrypted:
            self.refused.add(Fault.ENCRYPTED)

    def message(self, raw: bytes, root: Entity) -> Note | None:
        """What is refused in a message, None where nothing is."""
        return self._parsed(raw, root, (), 0)

    def _parsed(self, raw: bytes, root: Entity, path: Path, depth: int) -> Note | None:
        """What is found in it, then whether there is more of it than was looked at."""
        refusal = self._entity(raw, root, path, depth)
        if refusal is None and not root.whole:
            return self._judge(path or ("message",), Finding(Fault.BOMB))
        return refusal

    # -- body parts ------------------------------------------------------------------------------

    def _entity(self, raw: bytes, entity: Entity, path: Path, depth: int) -> Note | None:
        called = mime.names(raw, entity)
        if entity.kind is Structure.MULTIPART:
            for child in entity.children:
                if refusal := self._entity(raw, child, path, depth):
                    return refusal
            return None
        if entity.kind is Structure.MESSAGE:
            # It is shown as a message whatever its name: a subject may well end in ".com".
            if refusal := self._names(called, path, exempt="com"):
                return refusal
            return self._entity(raw, entity.children[0], (*path, _label(called, "message")), depth)
        media = entity.media.name
        if media == "text/plain" and (inner := mime.encoded_multipart(raw, entity)):
            return self._mail(View(inner), path, depth)
        if media == "message/partial":
            return self._judge((*path, _label(called, "message")), Finding(Fault.PARTIAL))
        if not called and media in _BODY_TYPES:
            return self._text(raw, entity, path)
        if not called and media in mime.BY_TYPE:
            called = (f"unnamed.{mime.BY_TYPE[media]}",)
        return self._leaf(raw, entity, called, path, depth)

    def _leaf(
        self, raw: bytes, entity: Entity, called: Path, path: Path, depth: int
    ) -> Note | None:
        exempt = ""
        encoding = mime.encoding(raw, entity)

        def open_(limit: int | None) -> View:
            if encoding not in _ENCODED:
                return View(raw, entity.body, entity.end)
            if limit is not None:
                cut = entity.body + limit * 3 // 2
                if cut < entity.end:
                    head = transfer.decode(raw[entity.body : cut], encoding)
                    if len(head) >= limit // 2:  # else there is a lot in it that is no data
                        return View(head)
            return View(transfer.decode(raw[entity.body : entity.end], encoding))

        if entity.media.name == "text/html" and _MARKUP.match(open_(HEAD).read(0, HEAD)):
            exempt = "com"  # a page that was saved may be called after its host
        if entity.media.type == "message" and encoding in _ENCODED:
            return self._names(called, path, "com") or self._mail(
                open_(None), (*path, _label(called, "message")), depth
            )
        if refusal := self._file(called or ("",), open_, path, depth, exempt):
            return refusal
        if entity.media.type == "text" or encoding in ("x-uuencode", "uuencode", "x-uue"):
            return self._text(raw, entity, path)
        return None

    def _text(self, raw: bytes, entity: Entity, path: Path) -> Note | None:
        """Files that stand uuencoded in a text."""
        for name, line in mime.uuencoded(raw, entity):
            if refusal := self._names((name,), path):
                return refusal
            if line[:3] in (b"M35", b"TVq", b"TVp", b"TVo"):  # "MZ" in both encodings
                return self._judge((*path, name), Finding(Fault.PROGRAM, _RUN[Kind.PROGRAM]))
        return None

    def _mail(self, view: View, path: Path, depth: int) -> Note | None:
        if depth >= self.rules.depth:
            return self._judge(path, Finding(Fault.BOMB))
        raw = view.whole()
        self._charge(len(raw), path)
        return self._parsed(raw, parse(raw), path, depth + 1)

    def _charge(self, work: int, path: Path) -> None:
        try:
            self.budget.charge(work)
        except Exhausted:
            self._note(path, Finding(Fault.UNSEEN))

    # -- files -----------------------------------------------------------------------------------

    def _names(self, called: Path, path: Path, exempt: str = "") -> Note | None:
        for name in called:
            found = names.acting(name)
            if names.CLASS in found:
                return self._judge((*path, name), Finding(Fault.EXTENSION, ".{…}"))
            for extension in found & self.rules.extensions:
                if extension != exempt:
                    return self._judge((*path, name), Finding(Fault.EXTENSION, f".{extension}"))
            if names.overridden(name):
                self._note((*path, name), Finding(Fault.OVERRIDE))
        return None

    def _file(
        self, called: Path, opener: Opener | None, path: Path, depth: int, exempt: str = ""
    ) -> Note | None:
        if refusal := self._names(called, path, exempt):
            return refusal
        return None if opener is None else self._open(called, opener, path, depth)

    def _open(self, called: Path, opener: Opener, path: Path, depth: int) -> Note | None:
        here = (*path, _label(called, "unnamed"))
        try:
            return self._content(called, opener, here, depth)
        except Exhausted as stop:
            return self._judge(here, Finding(Fault.BOMB if stop.bomb else Fault.UNSEEN))
        except Damaged:
            self._note(here, Finding(Fault.UNSEEN))
            return None

    def _content(self, called: Path, opener: Opener, here: Path, depth: int) -> Note | None:
        goes_by = frozenset().union(*map(names.acting, called))
        view = opener(HEAD)
        if may_be_disc(view.read(0, HEAD), goes_by):
            view = opener(DISC_HEAD)
            if view.read(0, DISC_HEAD).count(0) == DISC_HEAD:  # neither disc nor anything else
                view = self._whole(opener, here)
        whole = None
        if wants_whole(goes_by):
            whole = view = self._whole(opener, here)
        kind = identify(view, goes_by)
        if kind is Kind.OTHER:
            if goes_by & {"iso", "udf"}:
                return self._judge(here, Finding(Fault.PROGRAM, "disk image"))
            return None
        if kind in _RUN:
            return self._judge(here, Finding(Fault.PROGRAM, _RUN[kind]))
        if kind is Kind.FOREIGN_PROGRAM:
            return self._judge(here, Finding(Fault.FOREIGN))
        if kind is Kind.SEALED:
            return self._judge(here, Finding(Fault.SEALED))
        if depth >= self.rules.depth:
            return self._judge(here, Finding(Fault.BOMB))
        if whole is None:
            whole = self._whole(opener, here)
        if kind is Kind.MAIL:
            return self._mail(whole, here, depth)
        if kind is Kind.SIGNED:
            # The message that is signed lies within, as it is (RFC 8551 §3.5.2).
            found = _SIGNED_MAIL.search(whole.data, whole.start, whole.end)
            return (
                self._mail(whole.part(found.start() - whole.start), here, depth) if found else None
            )
        if kind is Kind.ZIP:
            return self._zip(whole, here, depth)
        if kind is Kind.TNEF:
            return self._items(_tnef(whole), here, depth + 1)
        if kind in _STREAMS:
            return self._items(streams.members(kind, called, whole, self.budget), here, depth + 1)
        items = _READERS[kind](whole, self.budget)
        return self._items(items, here, depth + 1, sealed=kind is Kind.ISO)

    def _whole(self, opener: Opener, here: Path) -> View:
        """All of a file, or as much as the budget gives, which is noted."""
        try:
            return opener(None)
        except Exhausted as stop:
            if stop.bomb or not stop.partial:
                raise
            self._note(here, Finding(Fault.UNSEEN))
            return View(stop.partial)

    def _items(
        self, items: Iterator[Item], here: Path, depth: int, sealed: bool = False
    ) -> Note | None:
        """All names first, then what is in the files, so that no file hides another's name."""
        encrypted = False
        inside: list[tuple[Path, Opener]] = []
        try:
            for item in items:
                if isinstance(item, Finding):
                    refusal = self._judge(here, item)
                else:
                    encrypted = encrypted or item.encrypted
                    refusal = self._names(item.names, here)
                    if item.open is not None:
                        inside.append((item.names, item.open))
                if refusal:
                    return refusal
        except Exhausted as stop:
            if refusal := self._judge(here, Finding(Fault.BOMB if stop.bomb else Fault.UNSEEN)):
                return refusal
        except Damaged:
            if sealed:
                return self._judge(here, Finding(Fault.PROGRAM, _RUN[Kind.DISK]))
            self._note(here, Finding(Fault.UNSEEN))
        for called, opener in inside:
            if refusal := self._open(called, opener, here, depth):
                return refusal
        return self._judge(here, Finding(Fault.ENCRYPTED)) if encrypted else None

    def _zip(self, archive: View, here: Path, depth: int) -> Note | None:
        return self._items(_package(zip.members(archive, self.budget)), here, depth + 1)

    # -- what is found ---------------------------------------------------------------------------

    def _judge(self, path: Path, finding: Finding) -> Note | None:
        """The note that refuses the message, or None where it is only remembered."""
        if finding.fault in self.refused:
            return Note(path, finding)
        self._note(path, finding)
        return None

    def _note(self, path: Path, finding: Finding) -> None:
        if len(self.notes) < MAX_NOTES:
            self.notes.append(Note(path, finding))


def _package(items: Iterator[Item]) -> Iterator[Item]:
    """The files of a ZIP archive, and what is to be said of it where it is an office package."""
    sheet = automatic = False
    for item in items:
        yield item
        if isinstance(item, Finding) or item.open is None:
            continue
        name = item.names[0]
        sheet = sheet or documents.macro_sheet(name)
        if name == "AppxManifest.xml":
            yield Finding(Fault.PROGRAM, "installer")
        if documents.is_special(name):
            part = item.open(documents.MAX_PART)
            yield from documents.part_findings(name, part)
            automatic = automatic or documents.automatic(part)
    if sheet:
        fault = Fault.AUTOMATIC_MACRO if automatic else Fault.SCRIPT_MACRO
        yield Finding(fault, "Auto_Open" if automatic else "Excel 4.0")


def _tnef(view: View) -> Iterator[Item]:
    """The attachments in a winmail.dat; a message within it is one, and a TNEF stream itself."""
    for attachment in tnef_format.read(view.whole(), bodies=False).attachments:
        yield Member(attachment.names or ("",), stored(View(attachment.octets)))


def _label(called: Path, otherwise: str) -> str:
    return next((name for name in called if name), otherwise)

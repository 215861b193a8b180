"""What Outlook packs into winmail.dat: attachments, bodies, embedded messages (MS-OXTNEF).

`read` takes any octets and never raises; what is cut short counts as far as it goes. Checksums are
not looked at, as no reader heeds them. Bounds: MAX_ATTRIBUTES attributes, MAX_ATTACHMENTS
attachments, and MAX_DEPTH messages within messages, over the whole; octets are at most those that
came in, but for compressed RTF, which is bounded by `compressed_rtf`.
"""

from dataclasses import dataclass
from struct import Struct

from alphorn.message import charsets, compressed_rtf, mapi
from alphorn.message.mapi import Property

SIGNATURE = b"\x78\x9f\x3e\x22"
MAX_ATTRIBUTES = 10_000
MAX_ATTACHMENTS = 1000
MAX_DEPTH = 10
MAX_NAME = 1024

_START = 6
_ATTRIBUTE = Struct("<BLL")
_CHECKSUM = 2

_OF_ATTACHMENT = 2
_SUBJECT, _BODY, _MESSAGE_CLASS, _CODE_PAGE, _PROPERTIES = 0x8004, 0x800C, 0x8008, 0x9007, 0x9003
_RENDERING, _TITLE, _DATA, _ATTACHMENT = 0x9002, 0x8010, 0x800F, 0x9005

_P_CLASS, _P_SUBJECT, _P_BODY, _P_RTF, _P_HTML = 0x001A, 0x0037, 0x1000, 0x1009, 0x1013
_P_INTERNET_CODE_PAGE = 0x3FDE
_P_DISPLAY_NAME, _P_DATA, _P_NAME = 0x3001, 0x3701, 0x3704
_P_METHOD, _P_LONG_NAME, _P_MIME_TYPE, _P_CONTENT_ID = 0x3705, 0x3707, 0x370E, 0x3712
_EMBEDDED_MESSAGE = 5
_OBJECT = 0x0D
_CLASS_ID = 16
_MESSAGE_ID = bytes.fromhex("0703020000000000C000000000000046")


@dataclass(frozen=True, slots=True)
class TnefAttachment:
    """`name` is the longest that is told, `names` are all; "" and () where there is none.

    `message` is the embedded message, whose stream `octets` then is.
    """

    name: str
    octets: bytes
    mime_type: str = ""
    content_id: str = ""
    names: tuple[str, ...] = ()
    message: "Tnef | None" = None


@dataclass(frozen=True, slots=True)
class Tnef:
    """A message; texts are "" and octets b"" where it has none.

    `body_html` is as it stands, `charset` what its octets and `body_text` are labelled with;
    `body_rtf` is decompressed.
    """

    attachments: tuple[TnefAttachment, ...] = ()
    subject: str = ""
    body_text: str = ""
    body_html: bytes = b""
    body_rtf: bytes = b""
    message_class: str = ""
    charset: str = ""
    recognized: bool = True


NOTHING = Tnef(recognized=False)


def read(data: bytes, *, bodies: bool = True) -> Tnef:
    """The message in a TNEF stream; `recognized` is False for what is none.

    Without `bodies` they stay empty: decompressing them is what takes long.
    """
    return _Reader(bodies).message(data, 0)


class _Draft:
    """An attachment while its attributes come in."""

    __slots__ = ("octets", "properties", "title")

    def __init__(self) -> None:
        self.title = ""
        self.octets = b""
        self.properties: dict[int, Property] = {}


class _Reader:
    """One run, with what is left of each bound."""

    def __init__(self, bodies: bool) -> None:
        self.bodies = bodies
        self.attributes = MAX_ATTRIBUTES
        self.attachments = MAX_ATTACHMENTS

    def message(self, data: bytes, depth: int) -> Tnef:
        if not data.startswith(SIGNATURE):
            return NOTHING
        texts: dict[int, bytes] = {}
        properties: dict[int, Property] = {}
        drafts: list[_Draft] = []
        code_page = 0
        at = _START
        while at + _ATTRIBUTE.size <= len(data) and self.attributes > 0:
            self.attributes -= 1
            level, tag, size = _ATTRIBUTE.unpack_from(data, at)
            at += _ATTRIBUTE.size
            value = data[at : at + size]
            at += size + _CHECKSUM
            name = tag & 0xFFFF
            if level == _OF_ATTACHMENT:
                self._attach(drafts, name, value, code_page)
            elif name == _CODE_PAGE:
                code_page = int.from_bytes(value[:4], "little")
            elif name == _PROPERTIES:
                properties = properties or mapi.read(value)
            elif name in (_SUBJECT, _BODY, _MESSAGE_CLASS):
                texts.setdefault(name, value)
            elif level != 1:
                break
        charset = _charset(code_page)
        return Tnef(
            attachments=tuple([self._finished(draft, charset, depth) for draft in drafts]),
            subject=_text(properties, _P_SUBJECT, texts.get(_SUBJECT, b""), charset),
            message_class=_text(properties, _P_CLASS, texts.get(_MESSAGE_CLASS, b""), charset),
            charset=_charset(_number(properties, _P_INTERNET_CODE_PAGE) or code_page),
            body_text=_text(properties, _P_BODY, texts.get(_BODY, b""), charset),
            body_html=_octets(properties, _P_HTML) if self.bodies else b"",
            body_rtf=(
                compressed_rtf.decompress(_octets(properties, _P_RTF)) if self.bodies else b""
            ),
        )

    def _attach(self, drafts: list[_Draft], name: int, value: bytes, code_page: int) -> None:
        """One attribute of an attachment: the first, its rendering, begins a new one."""
        if name == _RENDERING or not drafts:
            if self.attachments <= 0:
                return
            self.attachments -= 1
            drafts.append(_Draft())
        draft = drafts[-1]
        if name == _TITLE:
            text = charsets.decode(value[:MAX_NAME], _charset(code_page))
            draft.title = draft.title or text.partition("\0")[0]
        elif name == _DATA:
            draft.octets = draft.octets or value
        elif name == _ATTACHMENT:
            draft.properties = draft.properties or mapi.read(value)

    def _finished(self, draft: _Draft, charset: str, depth: int) -> TnefAttachment:
        properties = draft.properties
        octets = draft.octets
        message = None
        stored = properties.get(_P_DATA)
        if stored is not None and stored.kind == _OBJECT:
            octets = stored.octets[_CLASS_ID:]
            embedded = (
                stored.octets.startswith(_MESSAGE_ID)
                or _number(properties, _P_METHOD) == _EMBEDDED_MESSAGE
            )
            if embedded and depth < MAX_DEPTH and octets.startswith(SIGNATURE):
                message = self.message(octets, depth + 1)
        elif stored is not None and not octets:
            octets = stored.octets
        told = [
            properties[tag].text(charset)[:MAX_NAME]
            for tag in (_P_LONG_NAME, _P_NAME, _P_DISPLAY_NAME)
            if tag in properties
        ]
        names = tuple(dict.fromkeys(name for name in (*told, draft.title) if name))
        # What a person sees may be the display name; what is saved is one of the others.
        real = [
            properties[tag].text(charset)[:MAX_NAME]
            for tag in (_P_LONG_NAME, _P_NAME)
            if tag in properties
        ]
        name = next((name for name in (*real, draft.title, *told) if name), "")
        return TnefAttachment(
            name=name,
            octets=octets,
            mime_type=_text(properties, _P_MIME_TYPE, b"", charset)[:MAX_NAME],
            content_id=_text(properties, _P_CONTENT_ID, b"", charset)[:MAX_NAME].strip("<>"),
            names=names,
            message=message,
        )


def _text(properties: dict[int, Property], tag: int, otherwise: bytes, charset: str) -> str:
    """A property as text, or the attribute that tells the same."""
    found = properties.get(tag)
    if found is not None:
        return found.text(charset)
    return charsets.decode(otherwise, charset).partition("\0")[0] if otherwise else ""


def _octets(properties: dict[int, Property], tag: int) -> bytes:
    found = properties.get(tag)
    return b"" if found is None else found.octets


def _number(properties: dict[int, Property], tag: int) -> int:
    found = properties.get(tag)
    return 0 if found is None else found.number


def _charset(code_page: int) -> str:
    """The name of a Windows code page, "" for none; UTF-8 and ASCII have numbers too."""
    if code_page in (0, 20127):
        return ""
    return {65001: "utf-8", 28591: "iso-8859-1", 50220: "iso-2022-jp", 51932: "euc-jp"}.get(
        code_page, f"cp{code_page}"
    )

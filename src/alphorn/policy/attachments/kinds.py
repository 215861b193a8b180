"""What a file is by its first octets, whatever its name and its type say."""

from enum import Enum, auto

from alphorn.policy.attachments.view import View

HEAD = 4096
"""As many octets as are looked at; only an image of a disc begins further on."""

ISO_MARK = 32_769
DISC_HEAD = ISO_MARK + 5
_ISO_MARKS = (b"CD001", b"BEA01", b"NSR02", b"NSR03")


class Kind(Enum):
    """OTHER is everything that is neither run nor looked into: pictures, PDF, texts."""

    OTHER = auto()
    # What is run or opened like a program.
    PROGRAM = auto()
    SHORTCUT = auto()
    HELP = auto()
    SCRIPT = auto()
    DISK = auto()
    # Programs for systems that do not run them when somebody opens an attachment.
    FOREIGN_PROGRAM = auto()
    # What holds other files.
    ZIP = auto()
    TAR = auto()
    GZIP = auto()
    BZIP2 = auto()
    XZ = auto()
    LZMA = auto()
    ZSTANDARD = auto()
    SEVENZIP = auto()
    RAR = auto()
    ISO = auto()
    CABINET = auto()
    ARJ = auto()
    MAIL = auto()
    TNEF = auto()
    COMPOUND = auto()
    RTF = auto()
    ONENOTE = auto()
    ACTIVE_MIME = auto()
    OFFICE_XML = auto()
    SIGNED = auto()
    # What holds others and cannot be looked into.
    SEALED = auto()


_MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"PK\x03\x04", Kind.ZIP),
    (b"PK\x05\x06", Kind.ZIP),
    (b"PK\x07\x08PK\x03\x04", Kind.ZIP),
    (b"PK00PK\x03\x04", Kind.ZIP),
    (b"Rar!\x1a\x07", Kind.RAR),
    (b"7z\xbc\xaf\x27\x1c", Kind.SEVENZIP),
    (b"\x1f\x8b", Kind.GZIP),
    (b"BZh", Kind.BZIP2),
    (b"\xfd7zXZ\x00", Kind.XZ),
    (b"\x28\xb5\x2f\xfd", Kind.ZSTANDARD),
    (b"MSCF\x00\x00\x00\x00", Kind.CABINET),
    (b"\x60\xea", Kind.ARJ),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind.COMPOUND),
    (b"{\\rt", Kind.RTF),
    (b"\x78\x9f\x3e\x22", Kind.TNEF),
    (b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3", Kind.ONENOTE),
    (b"ActiveMime", Kind.ACTIVE_MIME),
    (b"L\x00\x00\x00\x01\x14\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00F", Kind.SHORTCUT),
    (b"ITSF", Kind.HELP),
    (b"ITOLITLS", Kind.HELP),
    (b"#@~^", Kind.SCRIPT),
    (b"conectix", Kind.DISK),
    (b"vhdxfile", Kind.DISK),
    (b"MSWIM\x00\x00\x00", Kind.DISK),
    (b"\x7fELF", Kind.FOREIGN_PROGRAM),
    (b"\xcf\xfa\xed\xfe", Kind.FOREIGN_PROGRAM),
    (b"\xce\xfa\xed\xfe", Kind.FOREIGN_PROGRAM),
    (b"\x1f\x9d", Kind.SEALED),
    (b"\x1f\xa0", Kind.SEALED),
    (b"EGGA", Kind.SEALED),
    (b"ALZ\x01", Kind.SEALED),
    (b"7kSt", Kind.SEALED),
)
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_BY_BEGINNING: dict[bytes, list[tuple[bytes, Kind]]] = {}
for _mark, _kind in _MAGIC:
    _BY_BEGINNING.setdefault(_mark[:2], []).append((_mark, _kind))

_MAIL_NAMES = frozenset(("eml", "mht", "mhtml", "mim", "b64"))
_WORD_NAMES = frozenset(("doc", "dot", "xls", "ppt", "xlt", "wbk", "rtf"))
_ARCHIVE_NAMES = frozenset(("zip", "zipx", "xlsx", "docx", "pptx"))
_MAIL_STARTS = (b"mime-version:", b"from:", b"received:", b"return-path:", b"date:", b"subject:")
_DISC_NAMES = frozenset(("iso", "udf", "cdr", "img"))


def identify(file: View, names: frozenset[str] | set[str] = frozenset()) -> Kind:
    """What `file` is; `names` are the extensions that it goes by, lower case.

    Names count only where octets leave a choice: a zip may begin anywhere in a file, a mail has no
    mark of its own.
    """
    head = file.read(0, 512)
    for mark, kind in _BY_BEGINNING.get(head[:2], ()):
        if head.startswith(mark):
            return kind
    start = head[:2]
    if start in (b"MZ", b"ZM"):
        # A text may begin with these two letters; a program has zeros in its first fields.
        return Kind.PROGRAM if b"\0" in head[2:64] else Kind.OTHER
    if head[257:262] == b"ustar" or (head[:1] not in (b"", b"\0") and _old_tar(head)):
        return Kind.TAR
    if head[:1] == b"\x30" and _SIGNED_DATA in head[:40]:
        return Kind.SIGNED
    if head[7:14] == b"**ACE**" or (head[2:5] == b"-lh" and head[6:7] == b"-"):
        return Kind.SEALED
    if len(file) > ISO_MARK and file.read(ISO_MARK, 5) in _ISO_MARKS:
        return Kind.ISO
    if head.startswith(b"]\0\0") and (head[5:13] == b"\xff" * 8 or head[9:13] == b"\0" * 4):
        return Kind.LZMA  # its properties as they always are, and a size that may be
    if names & _ARCHIVE_NAMES and file.rfind(b"PK\x05\x06") >= 0:
        return Kind.ZIP
    return _text_kind(head, names)


def may_be_disc(head: bytes, names: frozenset[str] | set[str]) -> bool:
    """Whether more than HEAD octets are needed to tell what this is."""
    return bool(names & _DISC_NAMES) or (len(head) >= HEAD and not any(head[:64]))


def wants_whole(names: frozenset[str] | set[str]) -> bool:
    """Whether the end of the file may tell what it is."""
    return bool(names & _ARCHIVE_NAMES)


def _text_kind(head: bytes, names: frozenset[str] | set[str]) -> Kind:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith(b"{\\rt"):
        return Kind.RTF
    lower = text.lower()
    if names & _MAIL_NAMES or (names & _WORD_NAMES and lower.startswith(b"mime-version:")):
        return Kind.MAIL
    if lower.startswith(_MAIL_STARTS) and b"\ncontent-type:" in lower:
        return Kind.MAIL
    if lower.startswith(b"<?xml") and (b"mso-application" in lower or b"office/word/" in lower):
        return Kind.OFFICE_XML
    return Kind.OTHER


def _old_tar(head: bytes) -> bool:
    """Whether the checksum of a tar header without a mark is right (as of Unix V7)."""
    field = head[148:156].strip(b" \0")
    if len(head) < 512 or not field or field.strip(b"01234567"):
        return False
    return int(field, 8) == sum(head[:148]) + 256 + sum(head[156:512])

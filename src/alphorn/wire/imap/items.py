"""What FETCH and STATUS can ask for (RFC 9051 §6.4.5, §6.3.11), as values.

Macros (ALL, FAST, FULL) are expanded by the parser; the obsolete RFC822 items are body sections
that remember their old name.
"""

from dataclasses import dataclass
from enum import Enum


class Item(Enum):
    """Items without parameters; the value is the name on the wire, in the request and the reply."""

    UID = "UID"
    FLAGS = "FLAGS"
    INTERNAL_DATE = "INTERNALDATE"
    SIZE = "RFC822.SIZE"
    ENVELOPE = "ENVELOPE"
    BODY = "BODY"
    """The structure without extension data."""
    BODY_STRUCTURE = "BODYSTRUCTURE"
    MODSEQ = "MODSEQ"
    """RFC 7162 §3.1.4."""
    EMAIL_ID = "EMAILID"
    """RFC 8474 §5.1, as THREADID."""
    THREAD_ID = "THREADID"
    SAVE_DATE = "SAVEDATE"
    """RFC 8514 §4.2."""
    PREVIEW = "PREVIEW"
    """RFC 8970 §3.1; its LAZY modifier allows to leave it out, which we never need to."""


class SectionKind(Enum):
    """Which portion of the part; the value is the section-text on the wire."""

    ALL = ""
    HEADER = "HEADER"
    FIELDS = "HEADER.FIELDS"
    FIELDS_NOT = "HEADER.FIELDS.NOT"
    TEXT = "TEXT"
    MIME = "MIME"


class Obsolete(Enum):
    """RFC 3501 §6.4.5 names of BODY[], BODY.PEEK[HEADER] and BODY[TEXT], for the reply too."""

    MESSAGE = "RFC822"
    HEADER = "RFC822.HEADER"
    TEXT = "RFC822.TEXT"


@dataclass(frozen=True, slots=True)
class BodySection:
    """`BODY[2.1.HEADER.FIELDS (To Cc)]<0.100>` and its `BODY.PEEK`, or the same with `BINARY`.

    `parts` is the part number path, () for the message itself; `fields` are as the client wrote
    them, in order. `partial` is (first octet, maximum count). `peek`: \\Seen is not set.
    `binary` asks for the content-transfer-encoding to be undone (RFC 9051 §6.4.5.2); `kind` is
    then ALL.
    """

    parts: tuple[int, ...] = ()
    kind: SectionKind = SectionKind.ALL
    fields: tuple[str, ...] = ()
    partial: tuple[int, int] | None = None
    peek: bool = False
    binary: bool = False
    obsolete: Obsolete | None = None


@dataclass(frozen=True, slots=True)
class BinarySize:
    """`BINARY.SIZE[2.1]`: how many octets BINARY[2.1] would be."""

    parts: tuple[int, ...] = ()


FetchItem = Item | BodySection | BinarySize


class StatusItem(Enum):
    """RFC 9051 §6.3.11; the value is the name on the wire."""

    MESSAGES = "MESSAGES"
    RECENT = "RECENT"
    """RFC 3501 only."""
    UIDNEXT = "UIDNEXT"
    UIDVALIDITY = "UIDVALIDITY"
    UNSEEN = "UNSEEN"
    DELETED = "DELETED"
    SIZE = "SIZE"
    HIGHEST_MODSEQ = "HIGHESTMODSEQ"
    """RFC 7162 §3.1.7."""
    MAILBOX_ID = "MAILBOXID"
    """RFC 8474 §4.3."""
    APPEND_LIMIT = "APPENDLIMIT"
    """RFC 7889 §3."""
    DELETED_STORAGE = "DELETED-STORAGE"
    """RFC 9208 §4.1.4 (octets)."""

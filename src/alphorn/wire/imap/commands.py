"""The commands of IMAP4rev2 and IMAP4rev1 as values: what the parser makes and handlers take.

Mailbox names are Unicode (modified UTF-7 or UTF-8 undone) with INBOX spelled so in any case;
patterns and references of LIST likewise. Flags are `base.flags.Flag` bits and keywords words.
Nothing is resolved: message numbers are `SequenceSet`s.
"""

from dataclasses import dataclass, field
from enum import Enum

from alphorn.base.secret import Secret
from alphorn.wire.imap.items import FetchItem, StatusItem
from alphorn.wire.imap.keys import SearchKey
from alphorn.wire.imap.sets import SequenceSet

# -- any state (RFC 9051 §6.1) --


@dataclass(frozen=True, slots=True)
class Capability:
    pass


@dataclass(frozen=True, slots=True)
class Noop:
    pass


@dataclass(frozen=True, slots=True)
class Logout:
    pass


@dataclass(frozen=True, slots=True)
class Id:
    """RFC 2971 §3.1: field names (in lower case) with values; () for NIL."""

    parameters: tuple[tuple[str, str | None], ...] = ()


# -- not authenticated (RFC 9051 §6.2) --


@dataclass(frozen=True, slots=True)
class StartTls:
    pass


@dataclass(frozen=True, slots=True)
class Authenticate:
    """`mechanism` in upper case. `initial`: the initial response, decoded; b"" for `=`, or None."""

    mechanism: str
    initial: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Login:
    user: str
    password: Secret


# -- authenticated: mailboxes (RFC 9051 §6.3) --


@dataclass(frozen=True, slots=True)
class Enable:
    """Names in upper case, in order; unknown ones included."""

    capabilities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Namespace:
    pass


@dataclass(frozen=True, slots=True)
class Qresync:
    """RFC 7162 §3.2.5: what the client remembers of the mailbox.

    `known_uids` None: all of them. `matches` pairs sequence numbers with the UIDs they had.
    """

    uidvalidity: int
    modseq: int
    known_uids: SequenceSet | None = None
    matches: tuple[SequenceSet, SequenceSet] | None = None


@dataclass(frozen=True, slots=True)
class Select:
    mailbox: str
    examine: bool = False
    condstore: bool = False
    qresync: Qresync | None = None


@dataclass(frozen=True, slots=True)
class Create:
    """`special_use` are attributes without the backslash, as written (RFC 6154 §3)."""

    mailbox: str
    special_use: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Delete:
    mailbox: str


@dataclass(frozen=True, slots=True)
class Rename:
    mailbox: str
    new_name: str


@dataclass(frozen=True, slots=True)
class Subscribe:
    mailbox: str


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    mailbox: str


class ListSelect(Enum):
    """RFC 9051 §6.3.9.1; RECURSIVEMATCH comes only together with SUBSCRIBED."""

    SUBSCRIBED = "SUBSCRIBED"
    REMOTE = "REMOTE"
    RECURSIVE_MATCH = "RECURSIVEMATCH"
    SPECIAL_USE = "SPECIAL-USE"


class ListReturn(Enum):
    """RFC 9051 §6.3.9.2. What STATUS asks for is in `List.status`."""

    SUBSCRIBED = "SUBSCRIBED"
    CHILDREN = "CHILDREN"
    SPECIAL_USE = "SPECIAL-USE"
    STATUS = "STATUS"


@dataclass(frozen=True, slots=True)
class List:
    """`extended`: the client used LIST-EXTENDED syntax (options or several patterns), so that
    the special meaning of an empty pattern does not apply (RFC 5258 §3)."""

    reference: str
    patterns: tuple[str, ...]
    select: frozenset[ListSelect] = frozenset()
    returns: frozenset[ListReturn] = frozenset()
    status: tuple[StatusItem, ...] = ()
    extended: bool = False


@dataclass(frozen=True, slots=True)
class Lsub:
    """RFC 3501 §6.3.9."""

    reference: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Status:
    mailbox: str
    items: tuple[StatusItem, ...]


@dataclass(frozen=True, slots=True)
class AppendMessage:
    """`date` is seconds UTC, or None for now. `binary`: it came as literal8, and may hold NULs
    (RFC 3516 §4.4). `utf8`: it came in UTF8 (…) (RFC 6855 §4)."""

    data: bytes = field(repr=False)
    flags: int = 0
    keywords: frozenset[str] = frozenset()
    date: int | None = None
    binary: bool = False
    utf8: bool = False


@dataclass(frozen=True, slots=True)
class Append:
    """At least one message; several with MULTIAPPEND (RFC 3502)."""

    mailbox: str
    messages: tuple[AppendMessage, ...]


class Depth(Enum):
    """RFC 5464 §4.2.2: how far below an entry others are asked for too."""

    ZERO = "0"
    ONE = "1"
    INFINITY = "INFINITY"


@dataclass(frozen=True, slots=True)
class GetMetadata:
    """Annotations of a mailbox, or of the server where its name is "". `entries` are folded as in
    `base.annotation_names`, or the roots `/private` and `/shared`. `max_size`: octets of a value,
    None for any."""

    mailbox: str
    entries: tuple[str, ...]
    depth: Depth = Depth.ZERO
    max_size: int | None = None


@dataclass(frozen=True, slots=True)
class SetMetadata:
    """Entries, each once and folded, with their values; None removes."""

    mailbox: str
    values: tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True)
class Idle:
    pass


# -- selected: messages (RFC 9051 §6.4) --


@dataclass(frozen=True, slots=True)
class Close:
    pass


@dataclass(frozen=True, slots=True)
class Unselect:
    pass


@dataclass(frozen=True, slots=True)
class Check:
    """RFC 3501 §6.4.1."""


@dataclass(frozen=True, slots=True)
class Expunge:
    """`uids` None: every message with \\Deleted; else only those of the set (UID EXPUNGE)."""

    uids: SequenceSet | None = None


class SearchReturn(Enum):
    """RFC 9051 §6.4.4: what the reply to SEARCH is to hold."""

    MIN = "MIN"
    MAX = "MAX"
    ALL = "ALL"
    COUNT = "COUNT"
    SAVE = "SAVE"


@dataclass(frozen=True, slots=True)
class Search:
    """`returns` None: the client gave no RETURN, and IMAP4rev1 wants the untagged SEARCH reply.
    `RETURN ()` is {ALL}. Text in `key` is decoded already."""

    key: SearchKey
    uid: bool = False
    returns: frozenset[SearchReturn] | None = None


@dataclass(frozen=True, slots=True)
class Fetch:
    """`items` holds each once, in order; UID is among them for UID FETCH, and MODSEQ with
    `changed_since`. `vanished` (RFC 7162 §3.2.6) comes only with both."""

    numbers: SequenceSet
    items: tuple[FetchItem, ...]
    uid: bool = False
    changed_since: int | None = None
    vanished: bool = False


class StoreAction(Enum):
    ADD = "+"
    REMOVE = "-"
    REPLACE = "="


@dataclass(frozen=True, slots=True)
class Store:
    numbers: SequenceSet
    action: StoreAction
    flags: int = 0
    keywords: frozenset[str] = frozenset()
    silent: bool = False
    uid: bool = False
    unchanged_since: int | None = None


@dataclass(frozen=True, slots=True)
class Copy:
    numbers: SequenceSet
    mailbox: str
    uid: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    numbers: SequenceSet
    mailbox: str
    uid: bool = False


Command = (
    Capability | Noop | Logout | Id | StartTls | Authenticate | Login | Enable | Namespace
    | Select | Create | Delete | Rename | Subscribe | Unsubscribe | List | Lsub | Status | Append
    | GetMetadata | SetMetadata | Idle | Close | Unselect | Check | Expunge | Search | Fetch | Store
    | Copy | Move
)  # fmt: skip

"""The interface of the mail store; engines (SQLite, later PostgreSQL) implement it.

Invariants that the conformance suite proves on each engine:

* Every call that changes something is one transaction: on return it is durable, on an error
  nothing happened. Calls may come from any thread and any process at the same time.
* UIDs of a mailbox only grow; a UID is never given twice under one UIDVALIDITY.
* Each change gives the changed messages a mod-sequence higher than every one before it in the
  account; expunged UIDs leave a tombstone with theirs (RFC 7162).
* The same body is stored once in an account, however many copies of it there are.

This room knows nothing of protocols: mailbox names are Unicode with `/` between levels, "INBOX"
is spelled so, flags are `base.flags.Flag` bits and keywords plain words.

Errors: `NotFound` (codes "no-such-mailbox", "no-such-account", "no-such-script"), `Exists`
("mailbox-exists", "script-exists"), `OverQuota` ("quota"), `Refused` ("limit", "name", "text",
"has-children", "special-use", "flag", "script-active"), `Unavailable` ("busy" when locked for too
long, "disk-full", "damaged", "not-writable"): see `base.errors`. The limits have names in `limits`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum, StrEnum
from typing import NamedTuple, Protocol

from alphorn.base.numbers import NumberSet
from alphorn.base.query import Query
from alphorn.message.summary import Summary

INBOX = "INBOX"
SEPARATOR = "/"


class SpecialUse(Enum):
    """RFC 6154 §2, RFC 8457 (Important). PROMOTIONS, SOCIAL and QUARANTINE are ours.

    The mailbox for QUARANTINE is hidden: only `Account.quarantine` finds it, neither lists nor
    names do. What was reported as phishing waits there, out of its owner's way.
    """

    ARCHIVE = "Archive"
    DRAFTS = "Drafts"
    JUNK = "Junk"
    SENT = "Sent"
    TRASH = "Trash"
    IMPORTANT = "Important"
    PROMOTIONS = "Promotions"
    SOCIAL = "Social"
    QUARANTINE = "Quarantine"


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox as it stood at one moment. Counters cost nothing to read."""

    id: int
    name: str
    special_use: SpecialUse | None
    subscribed: bool
    uidvalidity: int
    uidnext: int
    highest_modseq: int
    messages: int
    unseen: int
    deleted: int
    octets: int


Place = int | str | SpecialUse
"""Which mailbox: its id, its name, or what it is used for."""


class Status(NamedTuple):
    """A message's changeable state. `keywords` is sorted; system flags are bits of `flags`.

    A tuple, because one STORE can make a hundred thousand of them.
    """

    uid: int
    flags: int
    keywords: tuple[str, ...]
    modseq: int


class Column(IntEnum):
    """What `fetch` can return of each message, cheap to dear. Types and units behind each name."""

    UID = 0  # int
    FLAGS = 1  # int, bits of base.flags.Flag
    KEYWORDS = 2  # str, words separated by one space, "" for none
    MODSEQ = 3  # int
    INTERNAL_DATE = 4  # int, seconds UTC
    SIZE = 5  # int, octets (RFC822.SIZE)
    SAVE_DATE = 6  # int, seconds UTC, when it came into this mailbox (RFC 8514)
    EMAIL_ID = 7  # int, the same for copies of one message in the account
    THREAD_ID = 8  # int
    ENVELOPE = 9  # bytes, IMAP syntax
    STRUCTURE = 10  # bytes, IMAP syntax
    PARTS = 11  # bytes, see alphorn.message.offsets
    HEADER_SIZE = 12  # int, octets to and with the empty line
    PREVIEW = 13  # str
    HEADER = 14  # bytes, to and with the empty line
    RAW = 15  # bytes, the whole message
    HAS_ATTACHMENT = 16  # bool
    SENT = 17  # int or None, seconds UTC (the Date field)
    SUBJECT = 18  # str, decoded


class SortKey(Enum):
    """RFC 5256 §3 and RFC 5957."""

    ARRIVAL = "arrival"
    CC = "cc"
    DATE = "date"
    FROM = "from"
    SIZE = "size"
    SUBJECT = "subject"
    TO = "to"
    DISPLAY_FROM = "displayfrom"
    DISPLAY_TO = "displayto"


class NewMessage(NamedTuple):
    """A message to append. `raw` has CRLF line ends; `internal_date` is seconds UTC."""

    raw: bytes
    summary: Summary
    internal_date: int
    flags: int = 0
    keywords: frozenset[str] = frozenset()


class Appended(NamedTuple):
    uid: int
    uidvalidity: int
    modseq: int
    email_id: int
    thread_id: int


@dataclass(frozen=True, slots=True)
class Copy:
    """A message and where it goes. `create`: a mailbox of this name is made, and subscribed, where
    there is none. The copies of one message share its `raw` and `summary` and may differ in flags.
    """

    place: Place
    message: NewMessage
    create: bool = False


@dataclass(frozen=True, slots=True)
class Remembered:
    """A key to remember until `expires` (seconds UTC); one that is known gets the new end."""

    key: str
    expires: int


@dataclass(frozen=True, slots=True)
class StoredScript:
    """A script that its owner wrote; `changed` is seconds UTC. At most one is active."""

    name: str
    source: str
    active: bool
    changed: int


class Document(StrEnum):
    """Names of documents in use. A name is no more than a word; the store knows none of them but
    the two that are rules: FILTERS and RESPONDERS."""

    FILTERS = "filters"
    """Sieve: the filters that were made by clicking."""
    RESPONDERS = "responders"
    """JSON."""
    SIGNATURES = "signatures"
    """JSON."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What happens to new mail by its owner's will, as it stood at one moment; "" for none.

    `version` is 0 where there is nothing of all that. Else it is a number that stood for nothing
    else before: whoever has made something of these rules may keep it as long as the account
    says the same number. Scripts that are not active may be included by others, so that they
    change it too.
    """

    version: int
    filters: str
    script: str
    script_name: str
    responders: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A mailbox and the UIDs in it at one moment, ascending; what SELECT needs.

    `uids` is a `range` where the UIDs have no gaps, so that it costs no memory.
    `first_unseen` is the UID of the first message without \\Seen, or None.
    """

    mailbox: Mailbox
    uids: Sequence[int]
    first_unseen: int | None
    keywords: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened in a mailbox after a mod-sequence; `changed` includes new messages, by UID."""

    mailbox: Mailbox
    changed: tuple[Status, ...]
    expunged: NumberSet


class FlagAction(Enum):
    ADD = "+"
    REMOVE = "-"
    REPLACE = "="


@dataclass(frozen=True, slots=True)
class FlagsChanged:
    """`statuses` are all messages asked for that exist (after the change), `unchanged` those whose
    mod-sequence was above `unchanged_since` and which were therefore left alone (RFC 7162 §3.1.3).
    `changed` are the UIDs that really changed. `before` and `modseq` are the mailbox's highest
    mod-sequence before and after (equal where nothing changed), so that a session which knew
    `before` need not ask for changes to know the mailbox as it is now."""

    statuses: tuple[Status, ...]
    unchanged: NumberSet
    changed: NumberSet
    before: int
    modseq: int


@dataclass(frozen=True, slots=True)
class Usage:
    octets: int
    messages: int


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a message teaches. `message` is what it is known by, `tokens` are its features, both
    as 64-bit integers, of either sign. `spam` None: as if it had never been learned.

    What a person said (`by_person`) is never overruled by what was only concluded.
    """

    message: int
    tokens: Sequence[int]
    spam: bool | None
    by_person: bool = True


class Judgement(NamedTuple):
    """What a message was learned as."""

    spam: bool
    by_person: bool


class Taught(NamedTuple):
    """What a lesson changed: what the message counted as before and counts as now, None for not at
    all. Where both are equal nothing happened."""

    before: bool | None
    after: bool | None


class Learned(NamedTuple):
    """Messages learned as spam and as ham, tokens known of them, and names in all books."""

    spam: int
    ham: int
    tokens: int
    names: int


class Counts(Protocol):
    """What a classifier asks: in how many messages of each kind tokens occurred."""

    def totals(self) -> tuple[int, int]:
        """Messages learned as (spam, ham)."""

    def lookup(self, keys: Sequence[int]) -> Sequence[tuple[int, int]]:
        """(spam, ham) of each token, in the order of `keys`."""


class Book(Enum):
    """Kinds of names that an account remembers; names are compared as they are written."""

    CORRESPONDENT = "correspondent"
    """Addresses that the account has written to."""
    CATEGORY = "category"
    """Senders and lists whose category was corrected; the value says what to."""
    BLOCKED = "blocked"
    """Addresses whose mail was reported; it is not wanted any more."""


class Entry(NamedTuple):
    """A name in a book; `last` (seconds UTC) is when it was last noted, `times` how often."""

    name: str
    value: str
    last: int
    times: int


class Account(Protocol):
    """One account's mail. Obtained from `Store.account`; cheap to obtain again, so never kept."""

    # -- mailboxes --
    def mailboxes(self) -> Sequence[Mailbox]:
        """All, sorted by name with INBOX first."""

    def subscriptions(self) -> Sequence[str]:
        """Subscribed names, of mailboxes that need not exist (RFC 9051 §6.3.7)."""

    def mailbox(self, name: str) -> Mailbox:
        """Raises NotFound. "inbox" in any case is INBOX."""

    def special(self, use: SpecialUse) -> Mailbox | None:
        """The mailbox with this special use."""

    def create(self, name: str, special_use: SpecialUse | None = None) -> Mailbox:
        """Missing parents are made. Raises Exists, Refused("name"), Refused("limit")."""

    def rename(self, old: str, new: str) -> None:
        """With everything below it; renaming INBOX moves its messages (RFC 9051 §6.3.6)."""

    def delete(self, name: str) -> None:
        """Refused("has-children") where it has inferiors; Refused("name") for INBOX."""

    def subscribe(self, name: str, on: bool) -> None: ...

    def annotations(self, mailbox: str | None) -> Mapping[str, bytes]:
        """Those of a mailbox, or with None of the account as a whole (RFC 5464), by their names as
        `base.annotation_names` spells them; sorted. Raises NotFound."""

    def annotated(self, entry: str) -> Mapping[int, bytes]:
        """All values of one annotation, by the mailbox's id, 0 for the account. A few microseconds
        where there are no annotations."""

    def annotate(self, mailbox: str | None, values: Mapping[str, bytes | None]) -> None:
        """All or none: set, or with None remove. They stay with a mailbox that gets another name,
        and go with it. Raises NotFound, Refused ("name", "limit")."""

    # -- reading --
    def snapshot(self, mailbox_id: int) -> Snapshot: ...

    def modseq(self, mailbox_id: int) -> int:
        """The mailbox's highest mod-sequence now, as other processes left it. A few microseconds,
        so that a session may ask before each command. Raises NotFound."""

    def changes(self, mailbox_id: int, after_modseq: int) -> Changes: ...

    def fetch(
        self,
        mailbox_id: int,
        uids: NumberSet,
        columns: Sequence[Column],
        changed_since: int = 0,
    ) -> Iterator[tuple[object, ...]]:
        """One tuple a message in UID order, with the columns in the order asked for.

        Messages that have gone are left out. `changed_since` leaves out those whose modseq is not
        above it. With HEADER or RAW rows are produced lazily, so that a large fetch costs the
        memory of one message at a time; the iterator must be exhausted or closed.
        """

    def search(self, mailbox_id: int, query: Query, now: int) -> Sequence[int]:
        """UIDs, ascending. What the full-text index still lacks is indexed first, where needed."""

    def sort(
        self, mailbox_id: int, uids: Sequence[int], keys: Sequence[tuple[SortKey, bool]]
    ) -> Sequence[int]:
        """The UIDs in the order of the keys; True reverses one (RFC 5256)."""

    def usage(self) -> Usage: ...

    # -- writing --
    def append(
        self,
        place: Place,
        messages: Sequence[NewMessage],
        quota: int | None = None,
        *,
        unruled: bool = False,
    ) -> Sequence[Appended]:
        """All or none. `quota` in octets; raises OverQuota when usage would pass it, NotFound where
        there is no such mailbox. The mailbox for a use is made where there is none. With `unruled`
        raises `errors.Ruled` where the owner has rules."""

    def deliver(
        self,
        copies: Sequence[Copy],
        quota: int | None = None,
        remember: Sequence[Remembered] = (),
    ) -> Sequence[Appended]:
        """All or none: messages into several mailboxes, and what is to be remembered, in one
        transaction; where each copy is, in order. Errors are those of `append`, and those of
        `create` where a mailbox is to be made.

        Equal copies into one mailbox, however it is called, are one (RFC 5228 §2.10.3): with the
        flags of the first, and counted once.
        """

    def flag(
        self,
        mailbox_id: int,
        uids: NumberSet,
        action: FlagAction,
        flags: int,
        keywords: frozenset[str] = frozenset(),
        unchanged_since: int | None = None,
    ) -> FlagsChanged: ...

    def copy(
        self, mailbox_id: int, uids: NumberSet, target_id: int, quota: int | None = None
    ) -> Sequence[tuple[int, int]]:
        """(UID in the source, UID in the target) of each copied message, in order."""

    def move(self, mailbox_id: int, uids: NumberSet, target_id: int) -> Sequence[tuple[int, int]]:
        """As copy, and gone from the source in the same transaction (RFC 6851)."""

    def expunge(self, mailbox_id: int, uids: NumberSet | None = None) -> NumberSet:
        """Remove the messages with \\Deleted (of `uids` only, where given); which they were."""

    # -- what the account has learned --
    def quarantine(self) -> Mailbox:
        """The hidden mailbox, made where there is none yet."""

    def locate(self, message_id: str) -> Sequence[tuple[int, int]]:
        """Where messages with this Message-ID (without angle brackets) are: (mailbox id, UID)."""

    def learned(self) -> Learned:
        """How much there is: one short read, so that whoever has learned nothing pays no more."""

    def counts(self, learned: Learned | None = None) -> Counts:
        """The account's own model as it is now; its totals are those of `learned` where that was
        read already. A look-up in an empty one reads nothing."""

    def learn(self, lessons: Sequence[Lesson]) -> Sequence[Taught]:
        """Learn, learn otherwise, or unlearn; what each changed. A message counts once."""

    def judgements(self, messages: Sequence[int]) -> Mapping[int, Judgement]:
        """What these messages were learned as, without those that were not."""

    def unlearn_all(self) -> None:
        """Forget the model and all judgements; the books stay."""

    def note(self, book: Book, names: Sequence[str], value: str = "") -> None:
        """Write names into a book, or count them once more; the value is the newest.
        The oldest of too many are forgotten."""

    def noted(self, book: Book, names: Sequence[str]) -> Mapping[str, Entry]:
        """Those of the names that are in the book."""

    def entries(self, book: Book, limit: int) -> Sequence[Entry]:
        """The newest first."""

    def strike(self, book: Book, names: Sequence[str]) -> int:
        """Take names out of a book; how many there were."""

    def knows(self, address: str) -> bool:
        """Whether the account has written to this address, in whichever case."""

    # -- what the owner decides --
    def rules_version(self) -> int:
        """What `rules` would give as its version, in less time."""

    def rules(self) -> Rules: ...

    def scripts(self) -> Sequence[StoredScript]:
        """All, sorted by name."""

    def put_script(self, name: str, source: str) -> None:
        """A new one, or another text for the one of this name, which stays as active as it was.
        Raises Refused("limit") where there are too many or they are too large, Refused("name")
        for what is no name (RFC 5804 §1.6), Refused("text") for a text with NUL."""

    def rename_script(self, old: str, new: str) -> None:
        """Raises NotFound("no-such-script"), Exists("script-exists"), Refused("name")."""

    def remove_script(self, name: str) -> None:
        """Raises NotFound("no-such-script"), Refused("script-active") for the active one."""

    def activate_script(self, name: str) -> None:
        """Make this the active script, "" for none. Raises NotFound("no-such-script")."""

    def document(self, name: str) -> str:
        """The text of this name, "" where there is none."""

    def put_document(self, name: str, text: str) -> None:
        """Replace the text; "" removes it. Raises Refused ("limit", "name", "text")."""

    def remembered(self, key: str, now: int) -> bool:
        """Whether this key is remembered, and its time has not come (`now` in seconds UTC)."""

    def recalled(self, prefix: str, now: int, limit: int) -> Sequence[Remembered]:
        """The keys that begin so and are remembered, those that stay longest first; of one longer
        than `limits.MAX_PREFIX` characters the end is another one."""

    def forget(self, prefix: str) -> int:
        """Forget all keys that begin so, "" for all; how many there were. Raises Refused("limit")
        for more than `limits.MAX_PREFIX` characters."""

    def index(self, limit: int) -> int:
        """In the background: make about `limit` messages ready for full-text search and compress
        them together; how many were. The newest that are too few to be worth it are left, and a
        search reads them as they are."""

    def check(self) -> Sequence[str]:
        """What is damaged, in plain words; empty when all is well."""


class Store(Protocol):
    """All accounts of an installation. Safe to use from every thread; made once per process."""

    def create(self, account_id: int) -> None:
        """Make an account with INBOX, Drafts, Sent, Junk, Trash and Archive, unless it exists."""

    def account(self, account_id: int) -> Account:
        """Opened on first use and closed when idle. Raises NotFound("no-such-account")."""

    def remove(self, account_id: int) -> None: ...

    def exists(self, account_id: int) -> bool: ...

    def accounts(self) -> Iterator[int]: ...

    def close_idle(self, seconds: float) -> int:
        """Close accounts unused for that long; how many were. Called now and then."""

    def close(self) -> None: ...


Changed = Callable[[int, int], None]
"""Called after each commit with (account id, mailbox id; 0 for the list of mailboxes). A hint for
other sessions and workers; the store itself is the truth. Must not block or raise."""

"""What a script wants done, as values (RFC 5228 §4 and the extensions that add actions).

`message` of an action is the message as it was when the action was met, or None where nothing had
changed it; changed messages share the octets of their bodies. Flags are in IMAP's form, each once;
`flags` is None where the script said nothing of flags, so that the mailbox's own rule holds.
`line` is where the action stands, None for an implicit keep; actions are compared without it.
"""

from dataclasses import dataclass, field

from alphorn.sieve.errors import Problem


@dataclass(frozen=True, slots=True)
class Message:
    """A changed message: its header with the empty line, and its body."""

    head: bytes
    body: bytes

    @property
    def raw(self) -> bytes:
        return self.head + self.body


@dataclass(frozen=True, slots=True)
class Line:
    """A line (from 1) of a script, by the name under which it was run or included."""

    script: str
    number: int


@dataclass(frozen=True, slots=True)
class Keep:
    """Into the inbox. `implicit` where the script did not say so itself (RFC 5228 §2.10.2)."""

    flags: tuple[str, ...] | None = None
    implicit: bool = False
    message: Message | None = None
    line: Line | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class FileInto:
    """Into a mailbox; made where it is missing and `create` (RFC 5490 §3.2).

    With a `special_use` a mailbox of that use is meant, the named one where there is none
    (RFC 8579 §4).
    """

    mailbox: str
    flags: tuple[str, ...] | None = None
    create: bool = False
    special_use: str = ""
    message: Message | None = None
    line: Line | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Redirect:
    """To another address, or to all of an external list (RFC 6134 §2.5)."""

    address: str
    external_list: str = ""
    message: Message | None = None
    line: Line | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Discard:
    """Silently nothing; only what other actions ask for (RFC 5228 §4.4)."""

    line: Line | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Reject:
    """Refused with `text` (RFC 5429). `at_smtp_only` is ereject: never by a message of our own
    where the refusal can be said in SMTP."""

    text: str
    at_smtp_only: bool = False
    line: Line | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Copy:
    """Where a copy of a generated message goes (RFC 8580)."""

    mailbox: str
    flags: tuple[str, ...] | None = None
    create: bool = False
    special_use: str = ""


@dataclass(frozen=True, slots=True)
class Vacation:
    """An answer, to be judged by the caller: whether at all, and whether again (RFC 5230 §4.6).

    `key` tells answers apart for "once a period"; `period` is in seconds. `text` is the body, or
    with `mime` a whole MIME entity with its header. `subject` and `sender` are "" where the script
    has none. `addresses` are further addresses of the account.
    """

    text: str
    key: str
    period: int
    subject: str = ""
    sender: str = ""
    addresses: tuple[str, ...] = ()
    mime: bool = False
    copy: Copy | None = None
    line: Line | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Notify:
    """A notification (RFC 5435). `importance` is 1 (high), 2 or 3; `sender` and `message` may
    be ""."""

    method: str
    message: str = ""
    sender: str = ""
    importance: int = 2
    options: tuple[tuple[str, str], ...] = ()
    copy: Copy | None = None
    line: Line | None = field(default=None, compare=False)


Action = Keep | FileInto | Redirect | Discard | Reject | Vacation | Notify


@dataclass(frozen=True, slots=True)
class Added:
    """A header field that was added."""

    name: str
    value: str
    last: bool = False


@dataclass(frozen=True, slots=True)
class Deleted:
    """`count` header fields that were deleted."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Tracked:
    """An identifier to remember once the actions are done (RFC 7352): seen for `period` seconds
    from now; with `last`, from when it was last seen, so that it is renewed each time."""

    key: str
    period: int
    last: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a run.

    `actions` is in the order of the scripts; an implicit keep is the last. After an `error` nothing
    of the script that `failed` (its name) is among them, and a keep is, unless an earlier script
    keeps the message. `message` is what the message has become, None where it was not changed.
    `warnings` are for the owner.
    """

    actions: tuple[Action, ...]
    message: Message | None = None
    edits: tuple[Added | Deleted, ...] = ()
    tracked: tuple[Tracked, ...] = ()
    error: Problem | None = None
    failed: str = ""
    warnings: tuple[Problem, ...] = field(default=())

    @property
    def implicit_keep(self) -> bool:
        """Whether the message is kept although the script does not say so."""
        return any(isinstance(action, Keep) and action.implicit for action in self.actions)

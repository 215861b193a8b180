"""What the queue speaks of: messages, recipients, replies and what became of an attempt."""

from dataclasses import dataclass
from enum import Enum, IntEnum

from alphorn.message.envelope import Envelope, EnvelopeRecipient, Origin

MAX_REPLY = 500
"""Characters of a server's reply that are kept."""

MAX_RECIPIENTS_PER_TRANSACTION = 100
"""RFC 5321 §4.5.3.1.8: every server takes so many."""


class State(IntEnum):
    """Of a recipient. Those that are done with and need no report are not in the queue."""

    WAITING = 0
    FAILED = 1  # given up, and the sender is still to be told
    RELAYED = 2  # another server has it, and the sender asked to be told
    DELIVERED = 3  # in a mailbox of ours, and the sender asked to be told


class Result(Enum):
    """What became of one attempt for one recipient."""

    DELIVERED = "delivered"  # in a mailbox of ours
    RELAYED = "relayed"  # another server has it
    DEFERRED = "deferred"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server said, or what we say in its place.

    `code` is the three-digit code, `enhanced` a status such as "5.1.1" (RFC 3463), always given,
    `host` who said it ("" for ourselves). `text` is printable and of bounded length.
    """

    code: int
    enhanced: str
    text: str
    host: str = ""

    @property
    def temporary(self) -> bool:
        return 400 <= self.code < 500

    @property
    def positive(self) -> bool:
        return 200 <= self.code < 300


def ours(code: int, enhanced: str, text: str) -> Reply:
    """A reply of our own making."""
    return Reply(code, enhanced, printable(text))


def printable(text: str) -> str:
    """A reply's text without line ends and other control characters, cut to `MAX_REPLY`."""
    text = text[: 2 * MAX_REPLY]
    if not text.isprintable():
        text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text.strip()[:MAX_REPLY]


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """`envelope` is without recipients. `size` is in octets of the message itself."""

    id: int
    name: str
    created: float
    expires: float
    envelope: Envelope
    origin: Origin
    size: int
    eight_bit: bool
    utf8_header: bool


@dataclass(frozen=True, slots=True)
class QueuedRecipient:
    """`attempts` are those before; `last` is what the last of them came to, `attempted` when."""

    id: int
    envelope: EnvelopeRecipient
    attempts: int
    urgent: bool
    last: Reply | None
    attempted: float | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """Recipients of one message at one destination, that one runner is to try now."""

    message: QueuedMessage
    destination: str
    recipients: tuple[QueuedRecipient, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt came to for one recipient.

    `told` says that the server which took the message reports success itself (RFC 3461 §5.2.2).
    """

    recipient: QueuedRecipient
    result: Result
    reply: Reply
    told: bool = False

"""What an account's rules want done with one message, as values: nothing of it is done yet."""

from dataclasses import dataclass

from alphorn.base.trace import Verdict
from alphorn.directory.values import AccountInfo, Route
from alphorn.message.envelope import EnvelopeRecipient
from alphorn.operations.placement import Placement
from alphorn.operations.sending_on import Onwards
from alphorn.sieve.actions import Notify, Vacation
from alphorn.store.api import Place, Remembered, SpecialUse


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message for one account, as its rules see it. `raw` has all fields on top that its copy
    will have; `sender` is the envelope's, `now` in seconds UTC.

    `late`: it was accepted before, so that a refusal becomes a report to its sender. `rest`: what
    rules send because of it has been sent, and only its copies are still to be stored.
    `transaction` is that in which it came in here, whoever had it since.
    """

    account: AccountInfo
    route: Route
    recipient: EnvelopeRecipient
    sender: str
    raw: bytes
    placement: Placement
    now: float
    late: bool = False
    rest: bool = False
    transaction: str = ""


@dataclass(frozen=True, slots=True)
class Filing:
    """A copy for a mailbox. `raw` is what the message was changed to, None where it was not. A
    mailbox of this name is made where `create`, and gets this special `use`. `text` and `verdict`
    are for the trace."""

    place: Place
    text: str
    verdict: Verdict = Verdict.FILED
    raw: bytes | None = None
    flags: int = 0
    keywords: frozenset[str] = frozenset()
    create: bool = False
    use: SpecialUse | None = None


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in an account's rules. `kind` is "filter" (by its `name`), "filters" (a line in their
    text), "script" (a line of the one of this `name`), or "responder"; `line` 0 is the whole."""

    kind: str
    name: str = ""
    line: int = 0

    def __str__(self) -> str:
        line = f"line {self.line} of " if self.line else ""
        match self.kind:
            case "filter":
                return f"your filter “{self.name}”"
            case "script":
                return f"{line}your script “{self.name}”"
            case "filters":
                return f"{line}your filters"
            case _:
                return "your responder"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What the owner is to know about his rules, once for as long as they stay as they are: `kind`
    is "error" (a script failed), "mailbox" (one that does not exist), "paused" (a target of a
    redirect that kept refusing) or "limit" (more was to be sent on than may be), `text` what was
    wrong there. `key` is what is remembered of his having been told."""

    kind: str
    where: Spot
    text: str
    key: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """`text` is for SMTP: printable ASCII, one line."""

    text: str
    by: str


@dataclass(frozen=True, slots=True)
class Plan:
    """All of it: where to keep the message, where to send it on, what else to send, each with the
    rule that wants it ("by your filter “X”"), and what to remember.

    With a `refusal` there is nothing to keep or send on. `discarded` is "" or which rule says that
    nothing is to be kept. `notes` are sentences for the trace, about what is not done too;
    `troubles` are for the owner. `spam`: it is taken for that, or only filed with it or
    in the trash, and nobody is to be answered.
    """

    filings: tuple[Filing, ...] = ()
    onwards: tuple[Onwards, ...] = ()
    refusal: Refusal | None = None
    discarded: str = ""
    answers: tuple[tuple[Vacation, str], ...] = ()
    notifications: tuple[tuple[Notify, str], ...] = ()
    remember: tuple[Remembered, ...] = ()
    notes: tuple[str, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    spam: bool = False

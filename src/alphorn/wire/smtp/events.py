"""What the machine tells the server. Those marked "answer" stop it until they are answered."""

from dataclasses import dataclass, field

from alphorn.message.envelope import Envelope, EnvelopeRecipient
from alphorn.wire.sasl.steps import CheckPassword, Failure, FindScram, Success
from alphorn.wire.smtp.parameters import MailParameters
from alphorn.wire.smtp.paths import Path
from alphorn.wire.smtp.replies import Reply


@dataclass(frozen=True, slots=True)
class Mail:
    """Answer with `Machine.reply`. Everything known of an earlier transaction is void."""

    sender: Path
    parameters: MailParameters


@dataclass(frozen=True, slots=True)
class Rcpt:
    """Answer with `Machine.reply`; a positive one makes it one of the envelope's recipients."""

    path: Path
    recipient: EnvelopeRecipient


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message, in order (`content`). Answer with `Machine.reply`."""

    envelope: Envelope
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Login:
    """A step of a login that the server takes: for CheckPassword and Success answer with
    `Machine.logged_in` or a refusal by `Machine.reply`, for FindScram with `Machine.found` or a
    refusal. A Failure needs no answer: it is there to be counted."""

    mechanism: str
    step: CheckPassword | FindScram | Success | Failure


@dataclass(frozen=True, slots=True)
class StartTls:
    """Shake hands once the output is written; then call `Machine.secured`."""


@dataclass(frozen=True, slots=True)
class Declined:
    """The machine itself refused something that works towards a message. No answer.

    `verb` is the command, `argument` its text as far as it can be shown."""

    verb: str
    argument: str
    reply: Reply


@dataclass(frozen=True, slots=True)
class Close:
    """Write the output, then close the connection. Nothing follows."""


Event = Mail | Rcpt | Message | Login | StartTls | Declined | Close

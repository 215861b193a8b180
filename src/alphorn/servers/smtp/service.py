"""What all sessions of an SMTP listener share, and the two roles there are."""

from asyncio import Future
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from alphorn.base import settings as table
from alphorn.base.settings import Settings
from alphorn.base.trace import TraceEvent
from alphorn.directory.view import DirectoryView
from alphorn.operations.authenticate import Authenticator
from alphorn.operations.deliver import Delivery
from alphorn.operations.submit import Submission
from alphorn.servers.engines.engines import Engines
from alphorn.servers.gateways import Gateways
from alphorn.servers.smtp import accept, data, rcpt
from alphorn.servers.smtp.gate import Gate
from alphorn.servers.smtp.memory import Memory
from alphorn.servers.smtp.room import Room
from alphorn.servers.smtp.visit import Visit
from alphorn.wire.sasl.mechanisms import MECHANISMS
from alphorn.wire.smtp.events import Mail, Message, Rcpt
from alphorn.wire.smtp.limits import Limits
from alphorn.wire.smtp.profile import Profile
from alphorn.wire.smtp.replies import Reply


@dataclass(frozen=True, slots=True)
class Role:
    """Called on the event loop: `mail` and `rcpt` give the reply, or what is to be awaited for it;
    `message` begins what ends with one. Each raises AlphornError."""

    name: str
    mail: Callable[[Visit, Mail], Reply]
    rcpt: Callable[[Visit, Rcpt], Reply | Coroutine[Any, Any, Reply]]
    message: Callable[[Visit, Message], "Future[Reply]"]


MX = Role("mx", accept.from_server, rcpt.ours, data.deliver)
SUBMISSION = Role("submission", accept.from_user, rcpt.anybody, data.submit)


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. `silence`: without a word from the client (RFC 5321 §4.5.3.2.7: 300 at least), and
    for one command to arrive; `message`: for one message to arrive as a whole."""

    silence: float = 300
    message: float = 3600


@dataclass(frozen=True, slots=True)
class SmtpService:
    """One per role and worker. `trace` must not block and is called from threads too. `gate` is
    what guards the MX port, None on the others; `gateways` are those who deliver there to
    confidential addresses; `engines` are asked about every message."""

    role: Role
    profile: Profile
    timing: Timing
    memory: Memory
    room: Room
    view: DirectoryView
    delivery: Delivery
    submission: Submission
    authenticator: Authenticator
    trace: Callable[[TraceEvent], None]
    clock: Callable[[], float]
    gate: Gate | None = None
    engines: Engines = field(default_factory=Engines)
    gateways: Gateways | None = None


def mx_profile(settings: Settings, tls: bool, help_url: str = "") -> Profile:
    """The MX port; `tls`: there is a certificate. `help_url` as in `Profile`."""
    return Profile(settings[table.HOSTNAME], _limits(settings), starttls=tls, help_url=help_url)


def submission_profile(settings: Settings, help_url: str = "") -> Profile:
    """The submission ports: with implicit TLS all that STARTTLS gives is there from the start."""
    return Profile(
        settings[table.HOSTNAME],
        _limits(settings),
        starttls=True,
        mechanisms=tuple(mechanism.name for mechanism in MECHANISMS),
        tls_first=True,
        login_first=True,
        help_url=help_url,
    )


def timing(settings: Settings) -> Timing:
    return Timing(settings[table.SMTP_TIMEOUT], settings[table.SMTP_MESSAGE_TIMEOUT])


def _limits(settings: Settings) -> Limits:
    return Limits(
        message=settings[table.SMTP_MAX_MESSAGE_OCTETS],
        recipients=settings[table.SMTP_RECIPIENTS],
        messages=settings[table.SMTP_MESSAGES],
        errors=settings[table.SMTP_ERRORS],
        refusals=settings[table.SMTP_REFUSALS],
    )

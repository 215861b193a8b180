"""The commands: in which states each may come, how long its line may be, what HELP says.

    state      what has happened         EHLO HELO   MAIL   RCPT   DATA   BDAT   STARTTLS AUTH
    GREETED    nothing yet               -> READY    503    503    503    503    503      503
    READY      EHLO or HELO              -> READY    -> MAIL 503   503    503    -> TLS   -> READY
    MAIL       MAIL accepted             -> READY    503    -> RCPT 554   554    503      503
    RCPT       a recipient accepted      -> READY    503    -> RCPT -> READY ->  503      503
    CHUNKS     a BDAT accepted           -> READY    503    503    503    ->     503      503
    FAILED     a BDAT refused            -> READY    503    503    503    503    503      503

NOOP, RSET (-> READY), HELP, VRFY, EXPN and QUIT may come at any time. The octets of a BDAT are read
whether it is accepted or not. A command that fails leaves the state as it was.
"""

from dataclasses import dataclass
from enum import Enum, auto

from alphorn.wire.smtp.limits import AUTH_LINE, COMMAND_LINE
from alphorn.wire.smtp.parameters import MAIL_PARAMETERS, RCPT_PARAMETERS


class State(Enum):
    GREETED = auto()
    READY = auto()
    MAIL = auto()
    RCPT = auto()
    CHUNKS = auto()
    FAILED = auto()


ANY = tuple(State)


class Argument(Enum):
    """Whether something follows the verb."""

    NONE = 0
    OPTIONAL = 1
    REQUIRED = 2


@dataclass(frozen=True, slots=True)
class Command:
    """`in_clear`: it may come before STARTTLS where TLS is required (RFC 3207 §4).
    `line`: octets with CRLF. `mail`: it works towards a message; of others a client gets so many.
    `waits`: nothing may be sent behind it before its reply, because that says what may be sent.
    """

    verb: bytes
    states: tuple[State, ...]
    argument: Argument
    syntax: str
    source: str
    in_clear: bool = False
    line: int = COMMAND_LINE
    mail: bool = False
    waits: bool = False


_MAIL_LINE = COMMAND_LINE + sum(row.octets for row in MAIL_PARAMETERS)
_RCPT_LINE = COMMAND_LINE + sum(row.octets for row in RCPT_PARAMETERS)

TABLE = (
    Command(b"EHLO", ANY, Argument.REQUIRED, "EHLO host", "RFC 5321 §4.1.1.1", True, waits=True),
    Command(b"HELO", ANY, Argument.REQUIRED, "HELO host", "RFC 5321 §4.1.1.1", True, waits=True),
    Command(
        b"MAIL",
        (State.READY,),
        Argument.REQUIRED,
        "MAIL FROM:<address> [SIZE=n] [BODY=7BIT|8BITMIME] [SMTPUTF8] [RET=FULL|HDRS] [ENVID=id]",
        "RFC 5321 §4.1.1.2",
        line=_MAIL_LINE,
        mail=True,
    ),
    Command(
        b"RCPT",
        (State.MAIL, State.RCPT),
        Argument.REQUIRED,
        "RCPT TO:<address> [NOTIFY=NEVER|SUCCESS,FAILURE,DELAY] [ORCPT=type;address]",
        "RFC 5321 §4.1.1.3",
        line=_RCPT_LINE,
        mail=True,
    ),
    Command(
        b"DATA",
        (State.MAIL, State.RCPT),
        Argument.NONE,
        "DATA",
        "RFC 5321 §4.1.1.4",
        mail=True,
        waits=True,
    ),
    Command(
        b"BDAT",
        (State.MAIL, State.RCPT, State.CHUNKS),
        Argument.REQUIRED,
        "BDAT octets [LAST]",
        "RFC 3030 §2",
        mail=True,
    ),
    Command(b"RSET", ANY, Argument.NONE, "RSET", "RFC 5321 §4.1.1.5"),
    Command(b"NOOP", ANY, Argument.OPTIONAL, "NOOP", "RFC 5321 §4.1.1.9", True),
    Command(b"HELP", ANY, Argument.OPTIONAL, "HELP [command]", "RFC 5321 §4.1.1.8"),
    Command(b"VRFY", ANY, Argument.REQUIRED, "VRFY address", "RFC 5321 §4.1.1.6"),
    Command(b"EXPN", ANY, Argument.REQUIRED, "EXPN list", "RFC 5321 §4.1.1.7"),
    Command(b"STARTTLS", (State.READY,), Argument.NONE, "STARTTLS", "RFC 3207 §4", True),
    Command(
        b"AUTH",
        (State.READY,),
        Argument.REQUIRED,
        "AUTH mechanism [initial response]",
        "RFC 4954 §4",
        line=AUTH_LINE,
        waits=True,
    ),
    Command(b"QUIT", ANY, Argument.NONE, "QUIT", "RFC 5321 §4.1.1.10", True),
)
BY_VERB = {command.verb: command for command in TABLE}

FOREIGN = frozenset((b"GET", b"POST", b"PUT", b"HEAD", b"OPTIONS", b"CONNECT", b"DELETE"))
"""HTTP: a browser that was tricked into talking to us must not get as far as a message."""

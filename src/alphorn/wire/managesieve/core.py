"""The state of one ManageSieve connection, without I/O: bytes in, events out (RFC 5804).

    receive(data)      what came from the client; only kept
    next_event()       the next thing to act on, or None until more comes

Events are made one at a time, because what the next bytes mean depends on what became of the
command before: the server calls `next_event` again when it has answered.

    after the event             the core                         until the server calls
    Command(Authenticate)       takes strings as SASL responses  authenticated() or refused(),
                                                                 unless Rejected comes first
    Command(StartTls)           gives nothing                    secured() or refused()
    Command(Unauthenticate)     gives nothing                    unauthenticated() or refused()
    Command(Logout), Fatal      gives nothing more

A command that the grammar, the state or a limit does not allow never reaches the server: the
event is `Rejected` with what to say.
"""

from dataclasses import dataclass, field
from enum import Enum, auto

from alphorn.wire.managesieve import codes, grammar
from alphorn.wire.managesieve.commands import Command
from alphorn.wire.managesieve.framing import Frame, Framer, Refusal
from alphorn.wire.managesieve.grammar import Malformed, Row, State
from alphorn.wire.managesieve.limits import Limits


@dataclass(frozen=True, slots=True)
class CommandReceived:
    """`name` is the command's name in upper case."""

    name: str
    command: Command


@dataclass(frozen=True, slots=True)
class Rejected:
    """Write `render.no(text, code)`."""

    text: str
    code: bytes = b""


@dataclass(frozen=True, slots=True)
class SaslResponse:
    """What the client answers to a challenge, decoded; None when it cancels with "*"."""

    data: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Fatal:
    """Say BYE with this text and close; no event comes after it."""

    text: str


Event = CommandReceived | Rejected | SaslResponse | Fatal


class _Mode(Enum):
    COMMANDS = auto()
    SASL = auto()
    WAITING = auto()
    OVER = auto()


_MODES = {
    "AUTHENTICATE": _Mode.SASL,
    "STARTTLS": _Mode.WAITING,
    "UNAUTHENTICATE": _Mode.WAITING,
    "LOGOUT": _Mode.OVER,
}


class ManageSieveCore:
    """One connection. `secure`: it is encrypted (or trusted as if it were), so that passwords may
    travel in it; `starttls`: TLS can still be begun."""

    __slots__ = ("_errors", "_framer", "_limits", "_mode", "secure", "starttls", "state")

    def __init__(self, limits: Limits, secure: bool, starttls: bool) -> None:
        self.state = State.NOT_AUTHENTICATED
        self.secure = secure
        self.starttls = starttls
        self._limits = limits
        self._framer = Framer(limits)
        self._mode = _Mode.COMMANDS
        self._errors = 0

    # -- what the server tells --

    def receive(self, data: bytes) -> None:
        self._framer.receive(data)

    def authenticated(self) -> None:
        """AUTHENTICATE succeeded."""
        self._become(State.AUTHENTICATED)

    def unauthenticated(self) -> None:
        """UNAUTHENTICATE is done: all is as before the login."""
        self._become(State.NOT_AUTHENTICATED)

    def _become(self, state: State) -> None:
        self.state = state
        self._framer.authenticated = state is State.AUTHENTICATED
        self._mode = _Mode.COMMANDS
        self._errors = 0

    def secured(self) -> None:
        """TLS is up after STARTTLS. What the client sent in plaintext after it is forgotten."""
        self._framer.discard()
        self.secure = True
        self.starttls = False
        self._mode = _Mode.COMMANDS

    def refused(self) -> None:
        """AUTHENTICATE, STARTTLS or UNAUTHENTICATE was answered with NO."""
        self._mode = _Mode.COMMANDS

    # -- what the client says --

    def next_event(self) -> Event | None:
        """The next event, or None: more bytes, or an answer of the server, are needed first."""
        if self._mode is _Mode.WAITING or self._mode is _Mode.OVER:
            return None
        frame = self._framer.next()
        if frame is None:
            return None
        if isinstance(frame, Refusal):
            return self._too_much(frame)
        return self._response(frame) if self._mode is _Mode.SASL else self._command(frame)

    def _command(self, frame: Frame) -> Event:
        row, reader = grammar.find(frame)
        if row is None:
            return self._bad("There is no such command")
        if not row.states & self.state:
            early = self.state is State.NOT_AUTHENTICATED
            return self._bad("Log in first" if early else "Not possible after login")
        try:
            command = row.parse(reader)
            reader.end()
        except Malformed as error:
            return self._bad(error.text)
        return self._refusal(row) or self._received(row, command)

    def _refusal(self, row: Row) -> Event | None:
        """Why this connection does not allow a command that is right."""
        if row.secure and not self.secure:
            return Rejected("Passwords need TLS: STARTTLS first", codes.ENCRYPT_NEEDED)
        if row.name == "STARTTLS" and not self.starttls:
            return self._bad("TLS cannot be begun now")
        return None

    def _received(self, row: Row, command: Command) -> Event:
        if self.state is State.AUTHENTICATED:
            self._errors = 0
        self._mode = _MODES.get(row.name, _Mode.COMMANDS)
        return CommandReceived(row.name, command)

    def _response(self, frame: Frame) -> Event:
        try:
            return SaslResponse(grammar.response(frame))
        except Malformed as error:
            self._mode = _Mode.COMMANDS
            return self._bad(error.text)

    # -- errors --

    def _too_much(self, refusal: Refusal) -> Event:
        if refusal.fatal:
            return self._give_up(refusal.text)
        self._mode = _Mode.COMMANDS
        if refusal.too_big and self.state is State.AUTHENTICATED:
            return Rejected(refusal.text, codes.QUOTA_MAXSIZE)
        return self._bad(refusal.text)

    def _bad(self, text: str) -> Rejected | Fatal:
        self._errors += 1
        early = self.state is State.NOT_AUTHENTICATED
        if self._errors > (self._limits.early_errors if early else self._limits.errors):
            return self._give_up("Too many bad commands")
        return Rejected(text)

    def _give_up(self, text: str) -> Fatal:
        self._mode = _Mode.OVER
        self._framer.discard()
        return Fatal(text)

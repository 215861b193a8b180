"""The state of one IMAP connection, without I/O: bytes in, events out (RFC 9051 §3).

    receive(data)      what came from the client; only kept
    next_event()       the next thing to act on, or None until more comes

Events are made one at a time, because what the next bytes mean depends on what became of the
command before: the server calls `next_event` again when it has answered.

    after the event             the core                         until the server calls
    Command(Authenticate)       takes lines as SASL responses    authenticated() or refused(),
                                                                 unless Rejected comes first
    Command(StartTls)           gives nothing                    secured() or refused()
    Command(Idle)               waits for DONE                   (IdleDone ends it), or refused()
    Command(Logout), Fatal      gives nothing more

    not authenticated --authenticated()--> authenticated --selected()--> selected
                                           authenticated <--deselected()-- selected

A command that the grammar, the state or a limit does not allow never reaches the server: the
event is `Rejected` with the reply ready.
"""

from dataclasses import dataclass, field
from enum import Enum, auto

from alphorn.wire.imap import commands
from alphorn.wire.imap.framing import CONTINUE, Frame, Framer, Limits, Refusal
from alphorn.wire.imap.parser import table
from alphorn.wire.imap.parser.errors import Declined, Malformed
from alphorn.wire.imap.parser.row import Row
from alphorn.wire.imap.states import State
from alphorn.wire.sasl import base64


@dataclass(frozen=True, slots=True)
class CommandReceived:
    """`name` is the command's name in upper case ("UID FETCH")."""

    tag: bytes
    name: str
    command: commands.Command


@dataclass(frozen=True, slots=True)
class NeedContinuation:
    """The client waits for `+` before it sends a literal: write `render.CONTINUE`."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Write `render.tagged(tag, status, text, code)`. `tag` is b"*" where none could be read;
    `status` is b"BAD" or b"NO"."""

    tag: bytes
    status: bytes
    text: str
    code: bytes = b""


@dataclass(frozen=True, slots=True)
class SaslResponse:
    """What the client answers to a challenge, decoded; None when it cancels with `*`."""

    data: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class IdleDone:
    """`tag` of the IDLE that ends."""

    tag: bytes


@dataclass(frozen=True, slots=True)
class Fatal:
    """Say BYE with this text and close; no event comes after it."""

    text: str


Event = CommandReceived | NeedContinuation | Rejected | SaslResponse | IdleDone | Fatal

_NEED_CONTINUATION = NeedContinuation()


class _Mode(Enum):
    COMMANDS = auto()
    SASL = auto()
    TLS = auto()
    IDLE = auto()
    OVER = auto()


class ImapCore:
    """One connection. `secure`: it is encrypted (or trusted as if it were), so that passwords may
    travel in it; `starttls`: TLS can still be begun, None where that follows from `secure`. `utf8`:
    set it when the client enabled UTF8=ACCEPT or IMAP4rev2; mailbox names are UTF-8 from then on.
    """

    __slots__ = (
        "_errors", "_framer", "_limits", "_mode", "_tag", "secure", "starttls", "state", "utf8",
    )  # fmt: skip

    def __init__(self, limits: Limits, secure: bool, starttls: bool | None = None) -> None:
        self.state = State.NOT_AUTHENTICATED
        self.secure = secure
        self.starttls = not secure if starttls is None else starttls
        self.utf8 = False
        self._limits = limits
        self._framer = Framer(limits)
        self._mode = _Mode.COMMANDS
        self._tag = b""
        self._errors = 0

    # -- what the server tells --

    def receive(self, data: bytes) -> None:
        self._framer.receive(data)

    def authenticated(self) -> None:
        """LOGIN or AUTHENTICATE succeeded."""
        self.state = State.AUTHENTICATED
        self._framer.authenticated = True
        self._mode = _Mode.COMMANDS
        self._errors = 0

    def secured(self) -> None:
        """TLS is up after STARTTLS. What the client sent in plaintext after it is forgotten."""
        self._framer.discard()
        self.secure = True
        self.starttls = False
        self._mode = _Mode.COMMANDS

    def refused(self) -> None:
        """AUTHENTICATE, STARTTLS or IDLE was answered with NO or BAD."""
        self._mode = _Mode.COMMANDS

    def selected(self) -> None:
        """A mailbox is open."""
        self.state = State.SELECTED

    def deselected(self) -> None:
        """No mailbox is open any more (also when SELECT failed)."""
        self.state = State.AUTHENTICATED

    @property
    def idling(self) -> bool:
        """Between IDLE and DONE: untagged replies may be sent at any time."""
        return self._mode is _Mode.IDLE

    # -- what the client says --

    def next_event(self) -> Event | None:
        """The next event, or None: more bytes, or an answer of the server, are needed first."""
        mode = self._mode
        if mode is _Mode.COMMANDS:
            return self._next_command()
        if mode is _Mode.IDLE or mode is _Mode.SASL:
            line = self._framer.next_line()
            if line is None:
                return None
            if isinstance(line, Refusal):
                return self._give_up(line.text)
            return self._idle_line(line) if mode is _Mode.IDLE else self._sasl_line(line)
        return None

    def _next_command(self) -> Event | None:
        frame = self._framer.next()
        if frame is None:
            return None
        if frame is CONTINUE:
            return _NEED_CONTINUATION
        if isinstance(frame, Refusal):
            if frame.fatal:
                return self._give_up(frame.text)
            if frame.too_big:
                return Rejected(frame.tag, b"NO", frame.text, b"TOOBIG")
            return self._bad(frame.tag, frame.text)
        return self._parse(frame)

    def _parse(self, frame: Frame) -> Event:
        tag, name, at = table.head(frame)
        row = table.find(name)
        if row is None:
            return self._bad(tag, "Unknown command" if name else "Expected a tag and a command")
        if not row.states & self.state:
            return self._bad(tag, self._why_not(row))
        if row.secure and not self.secure:
            return Rejected(tag, b"NO", "Passwords need TLS: STARTTLS first", b"PRIVACYREQUIRED")
        try:
            command = table.arguments(row, frame, at, self.utf8)
        except Malformed as error:
            return self._bad(tag, f"{error.text} at octet {error.position + 1}")
        except Declined as error:
            return Rejected(tag, b"NO", error.text, error.code)
        if self.state is not State.NOT_AUTHENTICATED:
            self._errors = 0
        if row.name in _MODES:
            if row.name == "STARTTLS" and not self.starttls:
                return self._bad(tag, "TLS is on already" if self.secure else "TLS is not offered")
            self._mode = _MODES[row.name]
            self._tag = tag
        return CommandReceived(tag, row.name, command)

    def _why_not(self, row: Row) -> str:
        if self.state is State.NOT_AUTHENTICATED:
            return "Log in first"
        if row.states == State.SELECTED:
            return "Select a mailbox first"
        return "Not possible after login"

    def _idle_line(self, line: bytes) -> Event:
        self._mode = _Mode.COMMANDS
        if line.upper() == b"DONE":
            return IdleDone(self._tag)
        return self._bad(self._tag, "Expected DONE")

    def _sasl_line(self, line: bytes) -> Event:
        if line == b"*":
            return SaslResponse(None)
        try:
            return SaslResponse(base64.decode(line))
        except ValueError:
            self._mode = _Mode.COMMANDS
            return self._bad(self._tag, "Not base64")

    # -- errors --

    def _bad(self, tag: bytes, text: str) -> Rejected | Fatal:
        self._errors += 1
        early = self.state is State.NOT_AUTHENTICATED
        if self._errors > (self._limits.early_errors if early else self._limits.errors):
            return self._give_up("Too many bad commands")
        return Rejected(tag, b"BAD", text)

    def _give_up(self, text: str) -> Fatal:
        self.state = State.LOGOUT
        self._mode = _Mode.OVER
        self._framer.discard()
        return Fatal(text)


_MODES = {
    "AUTHENTICATE": _Mode.SASL,
    "STARTTLS": _Mode.TLS,
    "IDLE": _Mode.IDLE,
    "LOGOUT": _Mode.OVER,
}

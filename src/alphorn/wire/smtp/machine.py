"""The state machine of one SMTP connection, server's side (RFC 5321).

    machine.receive(data)              bytes from the client
    while event := machine.next(): …   what happened; None: more bytes, or an answer, are needed
    machine.reply(Reply(…))            the answer to Mail, Rcpt, Message or Login
    machine.output()                   bytes for the client, all replies so far in one piece

The states and what leads from one to the next are the table at the top of `commands`. While an
event waits for its answer nothing further is read, so that pipelined commands keep their order
and each sees what the ones before it led to (RFC 2920); their replies leave together.

Invariants: only CRLF ends a command, only CRLF "." CRLF ends DATA, and the octets of a BDAT are
never read as commands; where their number cannot be known the connection ends. What came in clear
behind STARTTLS is dropped. Memory held is at most one message, its recipients and one line.
Whatever the client sends, no method raises.
"""

import re
from collections.abc import Callable, Sequence
from enum import Enum

from alphorn.wire.sasl import base64, mechanisms
from alphorn.wire.sasl.steps import Challenge, Exchange, Failure, FailureKind, ScramKeys
from alphorn.wire.smtp import login
from alphorn.wire.smtp.arguments import read_bdat, read_helo, read_mail, read_rcpt
from alphorn.wire.smtp.collect import Collected, Counted, Dotted, dropped
from alphorn.wire.smtp.commands import BY_VERB, FOREIGN, TABLE, Argument, Command, State
from alphorn.wire.smtp.events import Close, Declined, Event, Login, Mail, Message, Rcpt, StartTls
from alphorn.wire.smtp.lines import BadLine, Fault, Lines
from alphorn.wire.smtp.profile import Profile, ehlo_reply
from alphorn.wire.smtp.replies import Refusal, Reply
from alphorn.wire.smtp.tally import Tally
from alphorn.wire.smtp.transaction import Transaction

OK = Reply("2.0.0", "OK")
GOODBYE = Reply("2.0.0", "Goodbye", 221)
NOT_VERIFIED = Reply("2.0.0", "Addresses are not confirmed here; send the message to try it", 252)
TLS_NOW = Reply("2.0.0", "Ready to start TLS", 220)
TLS_FIRST = Reply("5.7.0", "Start TLS first (STARTTLS)")
LOGIN_FIRST = Reply("5.7.0", "Log in first (AUTH)")
LOGGED_IN = Reply("2.7.0", "Logged in")
NO_RECIPIENT = Reply("5.5.1", "No recipient has been accepted", 554)

_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_MISPLACED = {
    b"MAIL": "A message is under way; RSET ends it",
    b"RCPT": "Say MAIL first",
    b"DATA": "Say MAIL and RCPT first",
    b"BDAT": "Say MAIL and RCPT first",
    b"AUTH": "Not within a message; RSET ends it",
    b"STARTTLS": "Not within a message; RSET ends it",
}


class Mode(Enum):
    """What the next octets are."""

    COMMANDS = 0
    MESSAGE = 1
    LOGIN = 2
    NOTHING = 3


class Machine:
    """One connection. `secure`: TLS is there from the start; `nonce` feeds SCRAM."""

    __slots__ = (
        "_asked",
        "_ending",
        "_event",
        "_exchange",
        "_extended",
        "_lines",
        "_mechanism",
        "_mode",
        "_nonce",
        "_out",
        "_profile",
        "_source",
        "_state",
        "_tally",
        "_transaction",
        "ahead",
        "helo",
        "identity",
        "secure",
        "synchronous",
    )

    def __init__(
        self,
        profile: Profile,
        secure: bool = False,
        nonce: Callable[[], bytes] = mechanisms.random_nonce,
    ) -> None:
        self._profile = profile
        self._nonce = nonce
        self._lines = Lines()
        self._out: list[bytes] = []
        self._mode = Mode.COMMANDS
        self._state = State.GREETED
        self._event: Event | None = None  # what `next` gives next
        self._asked: Event | None = None  # what waits for its answer
        self._ending = False
        self._transaction: Transaction | None = None
        self._source: Dotted | Counted | None = None
        self._exchange: Exchange | None = None
        self._mechanism = ""
        self._extended = False
        self._tally = Tally()
        self.helo = ""
        self.identity = ""
        self.secure = secure
        self.ahead = ""  # the first command after which the client did not wait for the reply
        self.synchronous = False  # whether such a client is sent away

    # -- for the server ----------------------------------------------------------------------------

    def greet(self) -> None:
        """The first thing to say (RFC 5321 §3.1); `close` with a 421 or 554 to say no instead."""
        self._out.append(b"220 %b ESMTP\r\n" % self._profile.hostname.encode("ascii"))

    def receive(self, data: bytes) -> None:
        """Take bytes from the client."""
        if self._mode is not Mode.NOTHING and not isinstance(self._asked, StartTls):
            self._lines.receive(data)

    def next(self) -> Event | None:
        """What happened next; None where more bytes, or the answer to an event, are needed."""
        while True:
            if self._event is not None:
                event, self._event = self._event, None
                return event
            if self._asked is not None:
                return None
            if self._ending:
                return self._end()
            if not self._advance():
                return None

    def reply(self, reply: Reply) -> None:
        """Answer the event that waits."""
        asked, self._asked = self._asked, None
        match asked:
            case Mail():
                if reply.positive:
                    self._transaction = Transaction(asked)
                    self._state = State.MAIL
            case Rcpt():
                if not reply.positive:
                    self._tally.refusals += not reply.passing
                    self._tally.commands += reply.passing
                elif self._transaction is not None:
                    self._transaction.recipients.append(asked.recipient)
                    self._state = State.RCPT
            case Message():
                self._end_transaction()
                if reply.positive:
                    self._tally.messages += 1
                    self._tally.commands = 0
            case Login():
                self._exchange = None
                self._tally.logins += not reply.passing
            case _:
                raise ValueError("nothing waits for a reply")
        self._say(reply)

    def found(self, salt: bytes, iterations: int, keys: Sequence[ScramKeys]) -> None:
        """Answer the Login event with FindScram."""
        if self._exchange is None or not isinstance(self._asked, Login):
            raise ValueError("no login waits for keys")
        self._asked = None
        self._exchange.found(salt, iterations, keys)
        self._login_step(self._exchange)

    def logged_in(self, identity: str) -> None:
        """Answer the Login event with CheckPassword or Success: it is them."""
        if not isinstance(self._asked, Login):
            raise ValueError("nobody waits to be logged in")
        self._asked = self._exchange = None
        self.identity = identity
        self._say(LOGGED_IN)

    def secured(self) -> None:
        """Answer the StartTls event: the handshake is done. All is forgotten (RFC 3207 §4.2)."""
        if not isinstance(self._asked, StartTls):
            raise ValueError("no handshake is awaited")
        self._asked = None
        self._state = State.GREETED
        self.helo = ""
        self.secure = True

    def abandon(self, reply: Reply) -> None:
        """Let go of the message that is coming in; at its end the client gets `reply`."""
        collected = self._collected()
        if collected is not None:
            collected.refuse(reply)

    def close(self, reply: Reply) -> None:
        """Say `reply` and end, whatever was going on; `next` then gives Close."""
        self._asked = self._event = None
        self._say(reply)
        self._ending = True

    def output(self) -> bytes:
        """What is to be written, and is not given again."""
        if not self._out:
            return b""
        out = self._out[0] if len(self._out) == 1 else b"".join(self._out)
        self._out.clear()
        return out

    @property
    def waiting(self) -> bool:
        """Whether an event waits for its answer; reading can pause meanwhile."""
        return self._asked is not None

    @property
    def unread(self) -> bool:
        """Whether octets came that were not looked at yet."""
        return self._lines.more

    @property
    def collecting(self) -> bool:
        """Whether octets of a message are coming in."""
        return self._mode is Mode.MESSAGE

    @property
    def buffered(self) -> int:
        """Octets held of the message that is coming in."""
        collected = self._collected()
        return collected.octets if collected is not None else 0

    @property
    def protocol(self) -> str:
        """How the message came, for its Received field (RFC 3848, RFC 6531 §4.3)."""
        if not self._extended:
            return "SMTP"
        utf8 = self._transaction is not None and self._transaction.smtputf8
        name = "UTF8SMTP" if utf8 else "ESMTP"
        return name + ("S" if self.secure else "") + ("A" if self.identity else "")

    # -- moving on ---------------------------------------------------------------------------------

    def _advance(self) -> bool:
        """One step; whether it got anywhere."""
        if self._mode is Mode.MESSAGE:
            return self._take_octets()
        if self._mode is Mode.NOTHING:
            return False
        line = self._lines.next()
        if line is None:
            return False
        if self._mode is Mode.LOGIN:
            self._login_line(line)
        elif not self._over_limit():
            self._command(line)
        return True

    def _end(self) -> Event | None:
        if self._mode is Mode.NOTHING:
            return None
        self._mode = Mode.NOTHING
        self._lines.clear()
        self._transaction = self._source = self._exchange = None
        return Close()

    def _command(self, line: bytes | BadLine) -> None:
        if isinstance(line, BadLine):
            self._bad_line(line)
            return
        verb, _, argument = line.partition(b" ")
        verb = verb.upper()
        command = BY_VERB.get(verb)
        if command is None:
            self._unknown(verb)
            return
        if self._lines.more and self._sent_ahead(command):
            return
        if not command.mail:
            self._tally.commands += 1
        argument = argument.strip(b" ")
        refused = self._misfit(command, len(line) + 2, argument)
        try:
            if verb == b"BDAT":
                self._bdat(argument, refused)
            elif refused is not None:
                raise Refusal(refused)
            else:
                _HANDLERS[verb](self, command, argument)
        except Refusal as refusal:
            self._refuse(command, argument, refusal.reply)

    def _misfit(self, command: Command, length: int, argument: bytes) -> Reply | None:
        """Why the command cannot be carried out here and now."""
        if self._profile.tls_first and not self.secure and not command.in_clear:
            return TLS_FIRST
        if length > command.line:
            return Reply("5.5.2", f"The line is longer than {command.line} octets")
        if _CONTROL.search(argument):
            return Reply("5.5.2", "The line has a control character")
        if (command.argument is Argument.NONE and argument) or (
            command.argument is Argument.REQUIRED and not argument
        ):
            return Reply("5.5.4", f"Write: {command.syntax}")
        if self._state not in command.states:
            if self._state is State.GREETED:
                return Reply("5.5.1", "Say EHLO first")
            if self._state is State.FAILED and command.mail:
                return Reply("5.5.1", "The message was refused; RSET ends it")
            return Reply("5.5.1", _MISPLACED[command.verb])
        return None

    def _sent_ahead(self, command: Command) -> bool:
        """More has come behind this command. Whether that ends the connection: after some commands
        a client waits for the reply, and after each where we did not offer PIPELINING (RFC 2920
        §3.1). What is behind DATA is no message then: it would be read as one that we took."""
        if not command.waits and (self._extended or command.verb == b"QUIT"):
            return False
        verb = command.verb.decode("ascii")
        self.ahead = self.ahead or verb
        if not self.synchronous:
            return False
        text = f"You sent more without waiting for the reply to {verb}"
        reply = Reply("5.5.1", text, 554, "manners")
        self._error(reply)
        self._event = Declined(verb, "", reply)
        self._ending = True
        return True

    def _over_limit(self) -> bool:
        """Whether this client has had enough; it is then told, and the connection ends."""
        excess = self._tally.excess(self._profile.limits)
        if excess:
            self._say(Reply("4.7.0", f"Too many {excess} in one connection", 421))
        return bool(excess)

    def _bad_line(self, line: BadLine) -> None:
        if line.start.upper().startswith(b"BDAT"):
            # Where its octets end is unknown now, and they must not be read as commands.
            self._error(Reply("5.5.2", "That is no command line"))
            self._ending = True
        elif line.fault is Fault.BARE_LF:
            self._error(Reply("5.5.2", "A line ends with CR LF, not with LF alone"))
        else:
            self._error(Reply("5.5.2", "The line is too long"))

    def _unknown(self, verb: bytes) -> None:
        if verb in FOREIGN:
            self._say(Reply("4.7.0", "This is SMTP", 421))
        else:
            self._error(Reply("5.5.1", "The command is not known; HELP lists those that are", 500))

    # -- saying ------------------------------------------------------------------------------------

    def _say(self, reply: Reply) -> None:
        code = reply.code
        if code >= 400:
            reply = reply.helped(self._profile.help_url)
            self._ending = self._ending or code == 421
        self._out.append(reply.encode())

    def _error(self, reply: Reply) -> None:
        self._tally.errors += 1
        self._say(reply)

    def _refuse(self, command: Command, argument: bytes, reply: Reply) -> None:
        """Say no to a command; where it works towards a message the server is told too."""
        self._error(reply)
        if command.mail or command.verb == b"MAIL":
            shown = argument[:512].decode("ascii", "replace")
            self._event = Declined(command.verb.decode("ascii"), shown, reply)

    def _ask(self, event: Event) -> None:
        self._event = self._asked = event

    # -- commands ----------------------------------------------------------------------------------

    def _ehlo(self, command: Command, argument: bytes) -> None:
        self.helo = read_helo(argument)
        self._extended = command.verb == b"EHLO"
        self._end_transaction()
        if self._extended:
            self._out.append(ehlo_reply(self._profile, self.secure, bool(self.identity)))
        else:
            self._out.append(b"250 %b\r\n" % self._profile.hostname.encode("ascii"))

    def _mail(self, command: Command, argument: bytes) -> None:
        limits = self._profile.limits
        if self._profile.login_first and not self.identity:
            raise Refusal(LOGIN_FIRST)
        if self._tally.messages >= limits.messages:
            text = f"At most {limits.messages} messages in one connection; connect again"
            self._say(Reply("4.7.0", text, 421))
            return
        self._ask(read_mail(argument, limits.message))

    def _rcpt(self, command: Command, argument: bytes) -> None:
        transaction = self._transaction
        assert transaction is not None  # the table says so
        rcpt = read_rcpt(argument, transaction.smtputf8, self._profile.hostname)
        limit = self._profile.limits.recipients
        if len(transaction.recipients) < limit:
            self._ask(rcpt)
            return
        # No error: the client sends the message to the rest again (RFC 5321 §4.5.3.1.10).
        reply = Reply("4.5.3", f"At most {limit} recipients in one message")
        self._say(reply)
        if not transaction.full:  # told once: a client may ask for any number of them
            transaction.full = True
            self._event = Declined("RCPT", rcpt.path.address, reply)

    def _data(self, command: Command, argument: bytes) -> None:
        transaction = self._transaction
        if self._state is State.MAIL or transaction is None:
            raise Refusal(NO_RECIPIENT)
        self._source = Dotted(self._profile.limits.message)
        transaction.collected = self._source.collected
        self._mode = Mode.MESSAGE
        self._out.append(b"354 End the message with a line that has only a dot\r\n")

    def _bdat(self, argument: bytes, refused: Reply | None) -> None:
        """The octets that follow are read in any case."""
        try:
            octets, last = read_bdat(argument)
        except Refusal:
            # Where they end is unknown, and they must not be read as commands.
            self._ending = True
            raise
        transaction = self._transaction
        if refused is None and (self._state is State.MAIL or transaction is None):
            refused = NO_RECIPIENT
        if refused is not None or transaction is None:
            collected = dropped(refused or NO_RECIPIENT)
        else:
            collected = transaction.collected or Collected(self._profile.limits.message)
            transaction.collected = collected
        self._source = Counted(octets, last, collected)
        self._mode = Mode.MESSAGE

    def _rset(self, command: Command, argument: bytes) -> None:
        self._end_transaction()
        self._say(OK)

    def _noop(self, command: Command, argument: bytes) -> None:
        self._say(OK)

    def _help(self, command: Command, argument: bytes) -> None:
        row = BY_VERB.get(argument.upper())
        verbs = " ".join(row.verb.decode("ascii") for row in TABLE)
        self._say(Reply("2.0.0", f"Write: {row.syntax}" if row else f"Commands: {verbs}", 214))

    def _verify(self, command: Command, argument: bytes) -> None:
        self._say(NOT_VERIFIED)

    def _quit(self, command: Command, argument: bytes) -> None:
        self._say(GOODBYE)
        self._ending = True

    def _starttls(self, command: Command, argument: bytes) -> None:
        if self.secure:
            raise Refusal(Reply("5.5.1", "TLS is there already"))
        if not self._profile.starttls:
            raise Refusal(Reply("5.5.1", "TLS is not offered here", 502))
        self._lines.clear()
        self._say(TLS_NOW)
        self._ask(StartTls())

    def _end_transaction(self) -> None:
        self._transaction = self._source = None
        self._state = State.READY if self.helo else State.GREETED

    # -- the message -------------------------------------------------------------------------------

    def _collected(self) -> Collected | None:
        return self._transaction.collected if self._transaction is not None else None

    def _take_octets(self) -> bool:
        lines, source = self._lines, self._source
        assert source is not None
        end = source.feed(lines.data, lines.at)
        if end < 0:
            lines.clear()
            return False
        lines.at = end
        self._mode = Mode.COMMANDS
        if isinstance(source, Dotted):
            self._message("DATA", source)
        else:
            self._chunk(source)
        return True

    def _chunk(self, chunk: Counted) -> None:
        """A chunk of BDAT has been read."""
        collected = chunk.collected
        if chunk.last and collected is self._collected():
            self._message("BDAT", chunk)
        elif collected.refused is None:
            self._state = State.CHUNKS
            self._say(Reply("2.0.0", f"{collected.octets} octets so far"))
        else:
            self._refuse(BY_VERB[b"BDAT"], b"", collected.refused)
            if self._state in (State.RCPT, State.CHUNKS):
                self._state = State.FAILED

    def _message(self, verb: str, source: Dotted | Counted) -> None:
        """A message is here as a whole, or was dropped."""
        transaction = self._transaction
        assert transaction is not None
        try:
            raw = source.message(self._profile.limits)
        except Refusal as refusal:
            self._end_transaction()
            self._say(refusal.reply)
            self._event = Declined(verb, "", refusal.reply)
        else:
            self._ask(Message(transaction.envelope(), raw))

    # -- logging in --------------------------------------------------------------------------------

    def _auth(self, command: Command, argument: bytes) -> None:
        if not self._profile.mechanisms or not self.secure:
            raise Refusal(Reply("5.5.1", "Logging in is not offered here", 502))
        if self.identity:
            raise Refusal(Reply("5.5.1", "You are logged in already"))
        offered = self._profile.mechanisms
        self._mechanism, self._exchange = login.begin(argument, offered, self._nonce)
        self._login_step(self._exchange)

    def _login_line(self, line: bytes | BadLine) -> None:
        exchange = self._exchange
        assert exchange is not None
        self._mode = Mode.COMMANDS
        try:
            exchange.respond(login.response(line))
        except Refusal as refusal:
            self._exchange = None
            self._error(refusal.reply)
        else:
            self._login_step(exchange)

    def _login_step(self, exchange: Exchange) -> None:
        """Carry out what the exchange wants next."""
        match exchange.step:
            case Challenge(data):
                self._mode = Mode.LOGIN
                self._out.append(b"334 %b\r\n" % base64.encode(data))
            case Failure(kind) as failure:
                self._exchange = None
                self._event = Login(self._mechanism, failure)
                if kind is FailureKind.MALFORMED:
                    self._tally.errors += 1
                else:
                    self._tally.logins += 1
                self._say(login.failed(failure))
            case step:
                self._ask(Login(self._mechanism, step))


_HANDLERS: dict[bytes, Callable[[Machine, Command, bytes], None]] = {
    b"EHLO": Machine._ehlo,
    b"HELO": Machine._ehlo,
    b"MAIL": Machine._mail,
    b"RCPT": Machine._rcpt,
    b"DATA": Machine._data,
    b"RSET": Machine._rset,
    b"NOOP": Machine._noop,
    b"HELP": Machine._help,
    b"VRFY": Machine._verify,
    b"EXPN": Machine._verify,
    b"STARTTLS": Machine._starttls,
    b"AUTH": Machine._auth,
    b"QUIT": Machine._quit,
}
"""BDAT has none: its octets are read before anything else is decided."""

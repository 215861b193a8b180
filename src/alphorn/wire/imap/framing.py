"""Frame first, parse second: cuts a stream of bytes into commands, without understanding them.

A command is a line, or lines joined by literals (RFC 9051 §4.3, RFC 7888, RFC 3516):

    command = line *( "{" number ["+"] "}" CRLF  number octets  line ) CRLF

Only CRLF ends a line; a bare CR or LF stays in it and the grammar refuses it. Where a line ends in
a literal's size those octets belong to the command whatever it is, so that the content of a
literal is never read as commands. What is too large is consumed and dropped without being kept, and
refused when the command is over; where the end of a command cannot be known any more (a size that
is no number, more to drop than `Limits.discard`) the connection is given up.

    next() gives    Frame          a whole command
                    CONTINUE       the client waits for `+` before it sends a literal
                    Refusal        a command that broke a limit; `fatal`: say BYE and close
                    None           need more bytes

Memory held is at most the sum of the limits plus what was received in one piece.
"""

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Final


@dataclass(frozen=True, slots=True)
class Limits:
    """All in octets but for `literals` and the errors. A command is held in memory while it comes
    in, so these bound what one connection costs.

    `line`: the text of one command, literals not counted. `early_literal`: all literals of a
    command before login. `literal`: all literals of other commands. `append`: one message.
    `append_total`: all messages of one APPEND. `discard`: what is read and dropped of one
    command that was too large. `response`: a line of AUTHENTICATE or IDLE.
    `early_errors`: bad commands before login; `errors`: bad commands one after the other later.
    """

    line: int = 65_536
    early_literal: int = 4_096
    literal: int = 65_536
    append: int = 50_000_000
    append_total: int = 100_000_000
    literals: int = 1_000
    discard: int = 250_000_000
    response: int = 16_384
    early_errors: int = 10
    errors: int = 50


@dataclass(frozen=True, slots=True)
class Frame:
    """One command. In `text` each literal is left out after its `{n}` CRLF; `literals` has them in
    order. CRLF stands nowhere else in `text`."""

    text: bytes = field(repr=False)
    literals: tuple[bytes, ...] = field(default=(), repr=False)


class Continue(Enum):
    """A synchronizing literal may come; the client waits for a `+` line."""

    CONTINUE = "+"


CONTINUE: Final = Continue.CONTINUE


@dataclass(frozen=True, slots=True)
class Refusal:
    """A command that broke a limit. `tag` is b"*" where none could be read. `too_big`: a message
    of APPEND was above the limit, which has a response code of its own."""

    tag: bytes
    text: str
    fatal: bool = False
    too_big: bool = False


_SIZE = re.compile(rb"~?\{([0-9]{1,19})(\+?)\}\Z")
_SIZE_LIKE = re.compile(rb"\{[^{}\"]*\}\Z")
_SIZE_WINDOW = 64
"""How much of a dropped line's end is kept to find a literal's size in it."""
_TAG = re.compile(rb"([!#$&',-\[\]^-z|}~]{1,256}) ")
_APPEND = re.compile(rb"[^ ]{1,256} APPEND ", re.IGNORECASE)


class Framer:
    """One direction of one connection. After a fatal refusal it gives nothing more."""

    __slots__ = (
        "_at", "_body", "_buffer", "_dead", "_dropped", "_limits", "_literals", "_missing",
        "_refused", "_scanned", "_size", "_text", "authenticated",
    )  # fmt: skip

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.authenticated = False
        self._buffer = b""
        self._at = 0
        self._scanned = 0
        self._dead = False
        self._body: bytearray | None = None
        self._start()

    def _start(self) -> None:
        """Be ready for a new command."""
        self._text: bytes = b""
        self._literals: tuple[bytes, ...] = ()
        self._missing = -1
        self._size = 0
        self._refused: Refusal | None = None
        self._dropped = 0

    # -- bytes in --

    def receive(self, data: bytes) -> None:
        """Take bytes from the client. Nothing is looked at until `next` is called."""
        if self._dead:
            return
        if self._at < len(self._buffer):
            self._buffer = self._buffer[self._at :] + data
            self._scanned = max(self._scanned - self._at, 0)
        else:
            self._buffer = data
            self._scanned = 0
        self._at = 0

    def discard(self) -> None:
        """Forget what was received and not yet given out (RFC 9051 §6.2.1: after STARTTLS)."""
        self._let_go()
        self._body = None
        self._start()

    def _let_go(self) -> None:
        """Hold no bytes that were given out, while an idle connection waits for more."""
        self._buffer = b""
        self._at = self._scanned = 0

    # -- commands out --

    def next(self) -> Frame | Continue | Refusal | None:
        """The next command or event, or None until more is received."""
        while not self._dead:
            if self._missing >= 0 and not self._take_literal():
                return None
            end = self._find_line_end()
            if end < 0:
                return self._wait_for_line_end()
            line = self._buffer[self._at : end]
            self._at = end + 2
            refusal = self._limit_line(line)
            if refusal is not None:
                return refusal
            if line.endswith(b"}"):
                outcome = self._literal_announced(line)
                if outcome is not None:
                    return outcome
                if self._missing >= 0:
                    continue
            return self._finish(line)
        return None

    def next_line(self) -> bytes | Refusal | None:
        """The next line as it is, for the answers within AUTHENTICATE and IDLE."""
        if self._dead:
            return None
        end = self._find_line_end()
        if (end if end >= 0 else len(self._buffer)) - self._at > self._limits.response:
            return self._give_up(b"*", "Line too long")
        if end < 0:
            if self._at == len(self._buffer):
                self._let_go()
            return None
        line = self._buffer[self._at : end]
        self._at = end + 2
        return line

    # -- steps --

    def _find_line_end(self) -> int:
        """Where the next CRLF is, or -1; what was searched is not searched again."""
        end = self._buffer.find(b"\r\n", max(self._at, self._scanned))
        if end < 0:
            self._scanned = max(len(self._buffer) - 1, 0)
        return end

    def _wait_for_line_end(self) -> Refusal | None:
        """No CRLF yet: hold the beginning, unless it is longer than a line may be."""
        held = len(self._buffer) - self._at
        if held == 0:
            self._let_go()
            return None
        if self._refused is None:
            if len(self._text) + held - self._buffer.endswith(b"\r") <= self._limits.line:
                return None
            self._refuse(self._buffer[self._at : self._at + 512], "Command line too long")
        surplus = held - _SIZE_WINDOW
        if surplus <= 0:
            return None
        if not self._drop(surplus):
            return self._give_up(self._refused_tag(), "Command too long")
        self._buffer = self._buffer[-_SIZE_WINDOW:]
        self._at = 0
        self._scanned = _SIZE_WINDOW - 1
        return None

    def _limit_line(self, line: bytes) -> Refusal | None:
        """A whole line is here: refuse the command if it is too long; count what is dropped."""
        if self._refused is None:
            if len(self._text) + len(line) <= self._limits.line:
                return None
            self._refuse(line, "Command line too long")
        if not self._drop(len(line)):
            return self._give_up(self._refused_tag(), "Command too long")
        return None

    def _finish(self, line: bytes) -> Frame | Refusal:
        """The command's last line is here."""
        if self._refused is not None:
            outcome: Frame | Refusal = self._refused
        elif self._literals:
            outcome = Frame(self._text + line, self._literals)
        else:
            return Frame(line)
        self._start()
        return outcome

    def _literal_announced(self, line: bytes) -> Continue | Refusal | None:
        """`line` ends in `}`: begin a literal where it ends in a size, else leave all as it is."""
        match = _SIZE.search(line, max(len(line) - _SIZE_WINDOW, 0))
        if match is None:
            if self._refused is not None or _SIZE_LIKE.search(line):
                return self._give_up(self._tag(line), "Not a literal's size")
            return None
        size = int(match[1])
        waits = not match[2]
        self._text += line + b"\r\n"
        self._check(size)
        if self._refused is None:
            self._size += size
        elif waits:
            return self._refuse_waiting()
        elif not self._drop(size):
            return self._give_up(self._refused_tag(), "Command too long")
        self._missing = size
        if self._refused is not None:
            self._text = b""
        return CONTINUE if waits else None

    def _check(self, size: int) -> None:
        """Refuse the command where this literal makes it too large."""
        if self._refused is not None:
            return
        limits = self._limits
        if len(self._literals) >= limits.literals:
            self._refuse(self._text, "Too many literals")
        elif self.authenticated and _APPEND.match(self._text):
            if size > limits.append or self._size + size > limits.append_total:
                tag = self._tag(self._text)
                self._refused = Refusal(
                    tag, f"Message too large: at most {limits.append} octets", too_big=True
                )
                self._forget()
        elif self._size + size > (limits.literal if self.authenticated else limits.early_literal):
            self._refuse(self._text, "Literal too large")

    def _take_literal(self) -> bool:
        """Move octets of the current literal out of the buffer; True when it is complete."""
        available = len(self._buffer) - self._at
        take = min(available, self._missing)
        whole = self._body is None and take == self._missing
        if self._refused is None:
            piece = self._buffer[self._at : self._at + take]
            if whole:
                self._literals += (piece,)
            elif self._body is None:
                self._body = bytearray(piece)
            else:
                self._body += piece
        self._at += take
        self._missing -= take
        if self._missing > 0:
            self._let_go()
            return False
        if self._body is not None:
            self._literals += (bytes(self._body),)
            self._body = None
        self._missing = -1
        return True

    # -- refusing --

    def _tag(self, line: bytes) -> bytes:
        match = _TAG.match(self._text or line)
        return match[1] if match else b"*"

    def _refused_tag(self) -> bytes:
        return self._refused.tag if self._refused is not None else b"*"

    def _refuse(self, line: bytes, text: str) -> None:
        """From here on the command is read and dropped, and refused at its end."""
        self._refused = Refusal(self._tag(line), text)
        self._forget()

    def _forget(self) -> None:
        self._text = b""
        self._literals = ()
        self._body = None

    def _refuse_waiting(self) -> Refusal:
        """The client waits for `+`, so the command ends here. It has nothing to send before it has
        the answer; where it sent something, that is the literal, which must not become commands."""
        refusal = self._refused
        assert refusal is not None
        if self._at < len(self._buffer):
            return self._give_up(refusal.tag, refusal.text)
        self._start()
        return refusal

    def _drop(self, size: int) -> bool:
        self._dropped += size
        return self._dropped <= self._limits.discard

    def _give_up(self, tag: bytes, text: str) -> Refusal:
        self.discard()
        self._dead = True
        return Refusal(tag, text, fatal=True)

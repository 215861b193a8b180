"""Frame first, parse second: cuts a stream of bytes into commands, without understanding them.

A command, and a client's answer to a SASL challenge, is a line, or lines joined by literals
(RFC 5804 §4):

    frame = line *( "{" number "+}" CRLF  number octets  line ) CRLF

Only CRLF ends a line; a bare CR or LF stays in it and the grammar refuses it. Where a line ends in
a literal's size those octets belong to the frame whatever it is, so that the content of a literal
is never read as commands. What is too large is consumed and dropped without being kept, and refused
when the frame is over. Where the end of a frame cannot be known any more (a size that is no number;
one without `+`, since nobody can say whether its octets come; more to drop than `Limits.discard`)
the connection is given up.

Memory held is at most the sum of the limits plus what was received in one piece.
"""

import re
from dataclasses import dataclass, field

from alphorn.wire.managesieve.limits import Limits


@dataclass(frozen=True, slots=True)
class Frame:
    """In `text` each literal is left out after its `{n+}` CRLF; `literals` has them in order. CRLF
    stands nowhere else in `text`."""

    text: bytes = field(repr=False)
    literals: tuple[bytes, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A frame that broke a limit. `fatal`: say BYE and close. `too_big`: by a literal, which has a
    response code of its own where it was a script."""

    text: str
    fatal: bool = False
    too_big: bool = False


_SIZE = re.compile(rb"\{([0-9]{1,10})\+\}\Z")
_SIZE_LIKE = re.compile(rb"\{[^{}\"]*\}\Z")
_SIZE_WINDOW = 64
"""How much of a dropped line's end is kept to find a literal's size in it."""


class Framer:
    """One direction of one connection. `authenticated` says which limit of literals holds. After a
    fatal refusal it gives nothing more."""

    __slots__ = (
        "_at", "_body", "_buffer", "_dead", "_dropped", "_limits", "_literals", "_missing",
        "_refused", "_scanned", "_size", "_text", "authenticated",
    )  # fmt: skip

    def __init__(self, limits: Limits) -> None:
        self.authenticated = False
        self._limits = limits
        self._dead = False
        self._let_go()
        self._start()

    def _start(self) -> None:
        """Be ready for a new frame."""
        self._text = b""
        self._literals: tuple[bytes, ...] = ()
        self._body: bytearray | None = None
        self._missing = 0  # of the literal that comes in
        self._size = 0  # of all literals of the frame
        self._dropped = 0
        self._refused: Refusal | None = None

    def _let_go(self) -> None:
        """Hold no bytes that were given out, while an idle connection waits for more."""
        self._buffer = b""
        self._at = self._scanned = 0

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
        """Forget what was received and not yet given out (RFC 5804 §2.2: after STARTTLS)."""
        self._let_go()
        self._start()

    def next(self) -> Frame | Refusal | None:
        """The next frame, or None until more is received."""
        while not self._dead:
            if self._body is not None and not self._take_literal(self._body):
                return None
            end = self._buffer.find(b"\r\n", max(self._at, self._scanned))
            if end < 0:
                return self._wait_for_line_end()
            line = self._buffer[self._at : end]
            self._at = end + 2
            if self._refused is None and len(self._text) + len(line) > self._limits.line:
                self._refuse("The command is too long")
            if self._refused is not None and not self._drop(len(line)):
                return self._give_up("The command is too long")
            if line.endswith(b"}"):
                refusal = self._literal_announced(line)
                if refusal is not None:
                    return refusal
                if self._body is not None:
                    continue
            outcome = self._refused or Frame(self._text + line, self._literals)
            self._start()
            return outcome
        return None

    def _wait_for_line_end(self) -> Refusal | None:
        """No CRLF yet: hold the beginning, unless it is longer than a line may be."""
        held = len(self._buffer) - self._at
        if held == 0:
            self._let_go()
            return None
        self._scanned = len(self._buffer) - 1
        if self._refused is None:
            if len(self._text) + held - self._buffer.endswith(b"\r") <= self._limits.line:
                return None
            self._refuse("The command is too long")
        surplus = held - _SIZE_WINDOW
        if surplus > 0:
            if not self._drop(surplus):
                return self._give_up("The command is too long")
            self._buffer = self._buffer[-_SIZE_WINDOW:]
            self._at = 0
            self._scanned = _SIZE_WINDOW - 1
        return None

    def _literal_announced(self, line: bytes) -> Refusal | None:
        """`line` ends in `}`: begin a literal where it ends in a size, else leave all as it is."""
        match = _SIZE.search(line, max(len(line) - _SIZE_WINDOW, 0))
        if match is None:
            if self._refused is not None or _SIZE_LIKE.search(line):
                return self._give_up("The size of a literal is written {number+}")
            return None
        size = int(match[1])
        limits = self._limits
        if self._refused is None:
            self._size += size
            if len(self._literals) >= limits.literals:
                self._refuse("The command has too many literals")
            elif self._size > (limits.literal if self.authenticated else limits.early_literal):
                self._refuse("The literal is too large", too_big=True)
        if self._refused is not None and not self._drop(size):
            return self._give_up("The command is too long")
        if self._refused is None:
            self._text += line + b"\r\n"
        self._missing = size
        self._body = bytearray()
        return None

    def _take_literal(self, body: bytearray) -> bool:
        """Move octets of the current literal out of the buffer; True when it is complete."""
        take = min(len(self._buffer) - self._at, self._missing)
        if self._refused is None:
            body += self._buffer[self._at : self._at + take]
        self._at += take
        self._missing -= take
        if self._missing > 0:
            self._let_go()
            return False
        if self._refused is None:
            self._literals += (bytes(body),)
        self._body = None
        return True

    def _refuse(self, text: str, *, too_big: bool = False) -> None:
        """From here on the frame is read and dropped, and refused at its end."""
        self._refused = Refusal(text, too_big=too_big)
        self._text = b""
        self._literals = ()

    def _drop(self, size: int) -> bool:
        self._dropped += size
        return self._dropped <= self._limits.discard

    def _give_up(self, text: str) -> Refusal:
        self.discard()
        self._dead = True
        return Refusal(text, fatal=True)

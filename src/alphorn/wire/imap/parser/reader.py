"""Reads the tokens of RFC 9051 §9 off one framed command, left to right.

Each method takes its token or raises `Malformed`; nothing is read twice. Octets become text at the
last moment, so that a method for bytes exists where the caller decides on the charset.
"""

import re
from typing import NoReturn

from alphorn.wire.imap import utf7
from alphorn.wire.imap.framing import Frame
from alphorn.wire.imap.parser.errors import Declined, Malformed
from alphorn.wire.imap.sets import STAR, SequenceSet

MAX_NAME = 1_000
"""Octets of a mailbox name; the store allows less."""
MAX_NUMBER = 0xFFFF_FFFF
MAX_NUMBER64 = 0x7FFF_FFFF_FFFF_FFFF

# atom-specials are ( ) { SP CTL % * " \ ]; astring adds ], list-mailbox adds ] % *
_ATOM = re.compile(rb"[!#$&'+-\[^-z|}~]+")
_ASTRING_ATOM = re.compile(rb"[!#$&'+-\[\]^-z|}~]+")
_LIST_ATOM = re.compile(rb"[!#$%&'*+-\[\]^-z|}~]+")
_QUOTED = re.compile(rb'"([^"\\\r\n\0]*+(?:\\["\\][^"\\\r\n\0]*+)*+)"')
_ESCAPE = re.compile(rb'\\(["\\])')
_LITERAL = re.compile(rb"(~?)\{[0-9]+\+?\}\r\n")
_DIGITS = re.compile(rb"[0-9]+")
_ONE_RANGE = re.compile(rb"([1-9][0-9]{0,8})(?::([1-9][0-9]{0,8}|\*))?(?= |\)|\Z)")
_RANGE = re.compile(rb"([0-9]+|\*)(?::([0-9]+|\*))?")
_SEQUENCE_SET = re.compile(rb"[0-9*:,]+")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""What a mailbox name must not hold (RFC 9051 §5.1)."""


class Reader:
    """`text` and `at` are where it reads. `utf8`: the client has enabled UTF-8 names
    (RFC 6855, RFC 9051 §5.1), which are then taken as they are."""

    __slots__ = ("_literal", "_literals", "at", "text", "utf8")

    def __init__(self, frame: Frame, at: int = 0, utf8: bool = False) -> None:
        self.text = frame.text
        self.at = at
        self.utf8 = utf8
        self._literals = frame.literals
        self._literal = 0

    def fail(self, expected: str, at: int | None = None) -> NoReturn:
        raise Malformed(expected, self.at if at is None else at)

    # -- punctuation --

    def at_end(self) -> bool:
        return self.at >= len(self.text)

    def end(self) -> None:
        if self.at < len(self.text):
            self.fail("Unexpected text after the command")

    def space(self) -> None:
        if self.text[self.at : self.at + 1] != b" ":
            self.fail("Expected a space")
        self.at += 1

    def next_is(self, token: bytes) -> bool:
        """Whether these octets come next; nothing is taken."""
        return self.text.startswith(token, self.at)

    def take(self, token: bytes) -> bool:
        """Take these octets if they come next."""
        if self.text.startswith(token, self.at):
            self.at += len(token)
            return True
        return False

    def expect(self, token: bytes) -> None:
        if not self.take(token):
            self.fail(f"Expected {token.decode('ascii')!r}")

    # -- words --

    def word(self) -> str:
        """An atom that names something: in upper case, ASCII."""
        match = _ATOM.match(self.text, self.at)
        if match is None:
            self.fail("Expected a word")
        self.at = match.end()
        return match[0].decode("ascii").upper()

    def atom(self) -> str:
        """An atom as written."""
        match = _ATOM.match(self.text, self.at)
        if match is None:
            self.fail("Expected an atom")
        self.at = match.end()
        return match[0].decode("ascii")

    # -- strings --

    def string(self) -> bytes:
        """quoted or literal; no NUL."""
        value = self._string()
        if value is None:
            self.fail("Expected a string")
        return value

    def astring(self) -> bytes:
        """atom, quoted or literal; no NUL."""
        match = _ASTRING_ATOM.match(self.text, self.at)
        if match is not None:
            self.at = match.end()
            return match[0]
        value = self._string()
        if value is None:
            self.fail("Expected a string or an atom")
        return value

    def nstring(self) -> bytes | None:
        """string or NIL."""
        value = self._string()
        if value is None and self.word() != "NIL":
            self.fail("Expected a string or NIL")
        return value

    def literal(self) -> tuple[bytes, bool]:
        """A literal of any octets, and whether it is a literal8."""
        match = _LITERAL.match(self.text, self.at)
        if match is None:
            self.fail("Expected a literal")
        self.at = match.end()
        self._literal += 1
        return self._literals[self._literal - 1], bool(match[1])

    def text_of(self, octets: bytes, what: str = "String") -> str:
        """UTF-8 to text."""
        try:
            return octets.decode("utf-8")
        except UnicodeDecodeError:
            self.fail(f"{what} is not UTF-8")

    def _string(self) -> bytes | None:
        match = _QUOTED.match(self.text, self.at)
        if match is not None:
            self.at = match.end()
            value = match[1]
            return _ESCAPE.sub(rb"\1", value) if b"\\" in value else value
        if not self.next_is(b"{"):
            return None
        value, _ = self.literal()
        if b"\0" in value:
            self.fail("NUL in a string")
        return value

    # -- mailboxes --

    def mailbox(self) -> str:
        """A mailbox name as Unicode; INBOX in any case is "INBOX"."""
        start = self.at
        return self._name(self.astring(), start)

    def list_mailbox(self) -> str:
        """A mailbox pattern; as `mailbox`, with `%` and `*` in it as they came."""
        start = self.at
        match = _LIST_ATOM.match(self.text, self.at)
        if match is not None:
            self.at = match.end()
            return self._name(match[0], start)
        return self._name(self.string(), start)

    def _name(self, octets: bytes, start: int) -> str:
        if len(octets) > MAX_NAME:
            raise Declined("Mailbox name too long", b"LIMIT")
        try:
            name = octets.decode("utf-8")
            if not self.utf8 and name.isascii():
                name = utf7.decode(name)
        except ValueError:
            coding = "UTF-8" if self.utf8 else "modified UTF-7"
            self.fail(f"Mailbox name is not {coding}", start)
        if _CONTROLS.search(name):
            self.fail("Control character in a mailbox name", start)
        return "INBOX" if len(name) == 5 and name.upper() == "INBOX" else name

    # -- numbers --

    def number(self, highest: int = MAX_NUMBER) -> int:
        match = _DIGITS.match(self.text, self.at)
        if match is None:
            self.fail("Expected a number")
        digits = match[0]
        number = int(digits) if len(digits) <= 19 else highest + 1
        if number > highest:
            self.fail("Number too large")
        self.at = match.end()
        return number

    def nonzero(self, highest: int = MAX_NUMBER) -> int:
        start = self.at
        number = self.number(highest)
        if number == 0:
            self.fail("Number must not be 0", start)
        return number

    def sequence_set(self) -> SequenceSet:
        """Numbers, ranges and `*`, or `$` (RFC 9051 §9 sequence-set)."""
        match = _ONE_RANGE.match(self.text, self.at)
        if match is not None:
            self.at = match.end()
            low = int(match[1])
            last = match[2]
            high = low if last is None else STAR if last == b"*" else int(last)
            return SequenceSet(((low, high),))
        if self.take(b"$"):
            return SequenceSet(saved=True)
        match = _SEQUENCE_SET.match(self.text, self.at)
        if match is None:
            self.fail("Expected message numbers")
        ranges = tuple(self._range(part) for part in match[0].split(b","))
        self.at = match.end()
        return SequenceSet(ranges)

    def _range(self, part: bytes) -> tuple[int, int]:
        match = _RANGE.fullmatch(part)
        if match is None:
            self.fail("Bad message numbers")
        low = self._sequence_number(match[1])
        return low, low if match[2] is None else self._sequence_number(match[2])

    def _sequence_number(self, digits: bytes) -> int:
        if digits == b"*":
            return STAR
        number = int(digits) if len(digits) <= 19 else 0
        if not 0 < number <= MAX_NUMBER:
            self.fail("Message number out of range")
        return number

"""Whole commands to values (RFC 5804 §4), and the table of commands.

command     = name *( SP argument )           names in any case
string      = quoted / literal                literals are in the frame already
number      = 1*10DIGIT                       at most 4,294,967,295
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntFlag

from alphorn.wire.managesieve import commands
from alphorn.wire.managesieve.commands import Command
from alphorn.wire.managesieve.framing import Frame
from alphorn.wire.sasl import base64

MAX_NUMBER = 0xFFFF_FFFF

_NAME = re.compile(rb"[A-Za-z]{1,32}(?= |\Z)")
_QUOTED = re.compile(rb'"([^"\\\r\n\0]*+(?:\\["\\][^"\\\r\n\0]*+)*+)"')
_ESCAPE = re.compile(rb'\\(["\\])')
_LITERAL = re.compile(rb"\{[0-9]+\+\}\r\n")
_NUMBER = re.compile(rb"[0-9]{1,10}(?![0-9])")
_MECHANISM = re.compile(rb"[A-Za-z0-9_-]{1,20}")


class State(IntFlag):
    """A connection is in one of these; a command's row says in which of them it may come."""

    NOT_AUTHENTICATED = 1
    AUTHENTICATED = 2


ANY = State.NOT_AUTHENTICATED | State.AUTHENTICATED


class Malformed(Exception):
    """The text does not follow the grammar; `text` says what was expected, and where."""

    def __init__(self, text: str, at: int) -> None:
        super().__init__(text)
        self.text = f"{text} at octet {at + 1}"


class Reader:
    """Reads the arguments of a frame off, left to right; each method takes one or raises
    Malformed."""

    __slots__ = ("_frame", "_literal", "at")

    def __init__(self, frame: Frame, at: int = 0) -> None:
        self._frame = frame
        self._literal = 0
        self.at = at

    def more(self) -> bool:
        return self.at < len(self._frame.text)

    def space(self) -> None:
        if self._frame.text[self.at : self.at + 1] != b" ":
            raise Malformed("Expected a space and an argument", self.at)
        self.at += 1

    def end(self) -> None:
        if self.more():
            raise Malformed("Unexpected text", self.at)

    def string(self) -> bytes:
        text = self._frame.text
        if match := _QUOTED.match(text, self.at):
            self.at = match.end()
            return _ESCAPE.sub(rb"\1", match[1]) if b"\\" in match[1] else match[1]
        if match := _LITERAL.match(text, self.at):
            self.at = match.end()
            self._literal += 1
            return self._frame.literals[self._literal - 1]
        raise Malformed('Expected a string ("…" or {number+})', self.at)

    def text(self) -> str:
        """A string in UTF-8."""
        at = self.at
        try:
            return self.string().decode()
        except UnicodeDecodeError:
            raise Malformed("Expected a string in UTF-8", at) from None

    def encoded(self) -> bytes:
        """A string of base64; both "" and "=" are nothing."""
        at = self.at
        try:
            return base64.decode_initial(self.string())
        except ValueError:
            raise Malformed("Expected a string of base64", at) from None

    def number(self) -> int:
        match = _NUMBER.match(self._frame.text, self.at)
        if match is None or int(match[0]) > MAX_NUMBER:
            raise Malformed(f"Expected a number up to {MAX_NUMBER}", self.at)
        self.at = match.end()
        return int(match[0])


Parse = Callable[[Reader], Command]


@dataclass(frozen=True, slots=True)
class Row:
    """`parse` reads the arguments, but not the end. `secure`: passwords travel in it, so that it
    needs an encrypted connection."""

    name: str
    source: str
    states: State
    parse: Parse
    secure: bool = False


def _authenticate(reader: Reader) -> commands.Authenticate:
    reader.space()
    at = reader.at
    mechanism = reader.string()
    if not _MECHANISM.fullmatch(mechanism):
        raise Malformed("Expected the name of a mechanism", at)
    name = mechanism.decode("ascii").upper()
    if not reader.more():
        return commands.Authenticate(name)
    reader.space()
    return commands.Authenticate(name, reader.encoded())


def _noop(reader: Reader) -> commands.Noop:
    if not reader.more():
        return commands.Noop()
    reader.space()
    return commands.Noop(reader.text())


def _have_space(reader: Reader) -> commands.HaveSpace:
    reader.space()
    name = reader.text()
    reader.space()
    return commands.HaveSpace(name, reader.number())


def _put_script(reader: Reader) -> commands.PutScript:
    reader.space()
    name = reader.text()
    reader.space()
    return commands.PutScript(name, reader.string())


def _check_script(reader: Reader) -> commands.CheckScript:
    reader.space()
    return commands.CheckScript(reader.string())


def _rename_script(reader: Reader) -> commands.RenameScript:
    reader.space()
    name = reader.text()
    reader.space()
    return commands.RenameScript(name, reader.text())


def _named(make: Callable[[str], Command]) -> Parse:
    """For commands that take the name of a script."""

    def parse(reader: Reader) -> Command:
        reader.space()
        return make(reader.text())

    return parse


def _constant(command: Command) -> Parse:
    """For commands without arguments."""
    return lambda _: command


_BEFORE, _AFTER = State.NOT_AUTHENTICATED, State.AUTHENTICATED

TABLE = (
    Row("AUTHENTICATE", "RFC 5804 §2.1", _BEFORE, _authenticate, secure=True),
    Row("STARTTLS", "RFC 5804 §2.2", _BEFORE, _constant(commands.StartTls())),
    Row("LOGOUT", "RFC 5804 §2.3", ANY, _constant(commands.Logout())),
    Row("CAPABILITY", "RFC 5804 §2.4", ANY, _constant(commands.Capability())),
    Row("HAVESPACE", "RFC 5804 §2.5", _AFTER, _have_space),
    Row("PUTSCRIPT", "RFC 5804 §2.6", _AFTER, _put_script),
    Row("LISTSCRIPTS", "RFC 5804 §2.7", _AFTER, _constant(commands.ListScripts())),
    Row("SETACTIVE", "RFC 5804 §2.8", _AFTER, _named(commands.SetActive)),
    Row("GETSCRIPT", "RFC 5804 §2.9", _AFTER, _named(commands.GetScript)),
    Row("DELETESCRIPT", "RFC 5804 §2.10", _AFTER, _named(commands.DeleteScript)),
    Row("RENAMESCRIPT", "RFC 5804 §2.11.1", _AFTER, _rename_script),
    Row("CHECKSCRIPT", "RFC 5804 §2.12", _AFTER, _check_script),
    Row("NOOP", "RFC 5804 §2.13", ANY, _noop),
    Row("UNAUTHENTICATE", "RFC 5804 §2.14.1", _AFTER, _constant(commands.Unauthenticate())),
)
BY_NAME = {row.name.encode("ascii"): row for row in TABLE}


def find(frame: Frame) -> tuple[Row | None, Reader]:
    """The row of the command that a frame is, and what reads its arguments."""
    match = _NAME.match(frame.text)
    if match is None:
        return None, Reader(frame)
    return BY_NAME.get(match[0].upper()), Reader(frame, match.end())


def response(frame: Frame) -> bytes | None:
    """What a client answers to a SASL challenge (RFC 5804 §2.1), decoded; None where it cancels.
    Raises Malformed."""
    reader = Reader(frame)
    string = reader.string()
    reader.end()
    if string == b"*":
        return None
    try:
        return base64.decode(string)
    except ValueError:
        raise Malformed("Expected a string of base64", 0) from None

"""The row of the command table: a name on the wire, when it may come, and who reads the rest."""

from collections.abc import Callable
from dataclasses import dataclass

from alphorn.wire.imap.commands import Command
from alphorn.wire.imap.parser.reader import Reader
from alphorn.wire.imap.states import State


@dataclass(frozen=True, slots=True)
class Row:
    """`name` is in upper case ("UID FETCH" is a name of its own). `source` is the document and
    section. `parse` gets the reader after the name, takes the space and all arguments but not the
    end. `secure`: passwords travel in it, so that it needs an encrypted connection."""

    name: str
    source: str
    states: State
    parse: Callable[[Reader], Command]
    secure: bool = False


def constant(command: Command) -> Callable[[Reader], Command]:
    """For commands without arguments."""
    return lambda _: command

"""The row of the table of commands: who does it, and what may be told before its last line."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alphorn.servers.imap.session import ImapSession


class Tells(Enum):
    """What others did that a client may hear of while the command runs (RFC 9051 §7.5.1)."""

    NOTHING = 0
    ALL_BUT_EXPUNGES = 1
    """Message numbers must not change during FETCH, STORE and SEARCH."""
    ALL = 2


Outcome = bytes | None
"""The end of a command: what stands after the tag (`OK …`), or None where its end comes later."""


def done(text: bytes, code: bytes = b"") -> bytes:
    """The end of a command that succeeded; both are our own words, printable ASCII."""
    return b"OK [%b] %b" % (code, text) if code else b"OK " + text


Run = Callable[["ImapSession", Any, bytes], Outcome | Coroutine[Any, Any, Outcome]]
"""Takes the session, the command and its tag. What is short is done at once; what waits for the
disk or is long gives a coroutine, and the session reads no further command until it is done.
Raises `CommandError` or what the store raises."""


@dataclass(frozen=True, slots=True)
class Handler:
    """`modal`: the core waits for the end of the command in a mode of its own. `looks`: the store
    is asked whether there is something to tell; else that is done only when there was a hint, or
    when nobody looked for a while."""

    run: Run
    tells: Tells = Tells.ALL
    modal: bool = False
    looks: bool = True

"""Feeds bytes to a core and gathers what it says, for all tests of this room."""

from collections.abc import Iterable

from alphorn.wire.imap.core import Event, ImapCore
from alphorn.wire.imap.framing import CONTINUE, Frame, Framer, Limits, Refusal

SMALL = Limits(
    line=200,
    early_literal=20,
    literal=50,
    append=1_000,
    append_total=1_500,
    literals=4,
    discard=5_000,
    response=100,
    early_errors=3,
    errors=5,
)


def frames(
    pieces: Iterable[bytes], limits: Limits = SMALL, authenticated: bool = True
) -> list[Frame | Refusal | str]:
    """All that a framer gives for these pieces; continuations as "+"."""
    framer = Framer(limits)
    framer.authenticated = authenticated
    found: list[Frame | Refusal | str] = []
    for piece in pieces:
        framer.receive(piece)
        while (outcome := framer.next()) is not None:
            found.append("+" if outcome is CONTINUE else outcome)
    return found


def drain(core: ImapCore) -> list[Event]:
    """All events there are now."""
    found = []
    while (event := core.next_event()) is not None:
        found.append(event)
    return found


def logged_in(limits: Limits | None = None, selected: bool = True) -> ImapCore:
    """A core after login, with a mailbox open unless told otherwise."""
    core = ImapCore(limits or Limits(), secure=True)
    core.authenticated()
    if selected:
        core.selected()
    return core


def only(core: ImapCore, data: bytes) -> Event:
    """The one event that these bytes lead to."""
    core.receive(data)
    (event,) = drain(core)
    return event

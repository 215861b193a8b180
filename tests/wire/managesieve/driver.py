"""Feeds bytes to a core and gathers what it says, for all tests of this room."""

from alphorn.wire.managesieve.core import Event, ManageSieveCore
from alphorn.wire.managesieve.limits import Limits

SMALL = Limits(
    line=200,
    early_literal=40,
    literal=100,
    literals=3,
    discard=2_000,
    early_errors=3,
    errors=5,
)


def drain(core: ManageSieveCore) -> list[Event]:
    """All events there are now."""
    found = []
    while (event := core.next_event()) is not None:
        found.append(event)
    return found


def new(limits: Limits = SMALL, *, secure: bool = True, starttls: bool = False) -> ManageSieveCore:
    return ManageSieveCore(limits, secure, starttls)


def logged_in(limits: Limits = SMALL) -> ManageSieveCore:
    core = new(limits)
    core.authenticated()
    return core


def said(core: ManageSieveCore, data: bytes) -> list[Event]:
    """All that these bytes lead to."""
    core.receive(data)
    return drain(core)

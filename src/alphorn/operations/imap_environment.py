"""What scripts on stored mail can ask of the world (RFC 6785 §4.3), and where their mail lies."""

from collections.abc import Callable
from dataclasses import dataclass

from alphorn.operations.filter_environment import AtDelivery
from alphorn.operations.imap_events import Event
from alphorn.operations.placement import Placement
from alphorn.store.api import INBOX, Place


@dataclass(frozen=True, slots=True)
class Here(Placement):
    """Where the message lies."""

    here: Place = INBOX

    @property
    def place(self) -> Place:
        return self.here


@dataclass(frozen=True, slots=True)
class AtEvent(AtDelivery):
    """As at delivery, but for the envelope, of which nothing is known any more, and the items of
    RFC 6785 §4.3."""

    event: Event
    mailbox: str

    def envelope(self, part: str) -> str | None:
        return None

    def item(self, name: str) -> str | None:
        found = _ITEMS.get(name)
        return AtDelivery.item(self, name) if found is None else found(self)


_ITEMS: dict[str, Callable[[AtEvent], str]] = {
    "location": lambda world: "MS",
    "phase": lambda world: "post",
    "imap.user": lambda world: world.incoming.account.address,
    "imap.email": lambda world: world.incoming.account.address,
    "imap.cause": lambda world: world.event.cause.value,
    "imap.mailbox": lambda world: world.mailbox,
    "imap.changedflags": lambda world: " ".join(world.event.flags),
}

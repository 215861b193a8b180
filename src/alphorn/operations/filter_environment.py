"""What an account's rules can ask of the world while a message is delivered.

Everything is looked up when it is asked for, so that rules pay for what they test. Names of our own
begin with `vnd.alphorn.`; `docs/sieve.md` lists them.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from alphorn import __version__
from alphorn.base import annotation_names
from alphorn.base.errors import NotFound
from alphorn.base.senders import Scope, SenderAction
from alphorn.directory.values import AccountInfo, AddressKind, Protection
from alphorn.directory.view import DirectoryView
from alphorn.message import received
from alphorn.operations.filter_plan import Incoming
from alphorn.operations.placement import SPAM
from alphorn.sieve import responder_times
from alphorn.sieve.script import Script
from alphorn.store.api import Account, Book, SpecialUse
from alphorn.wire.smtp import xtext

DUPLICATE = "duplicate:"
"""Before the identifiers that an account remembers (RFC 7352)."""
ADDRESS_BOOKS = ("urn:ietf:params:sieve:addrbook:", ":addrbook:")
"""RFC 6134."""

USES = {f"\\{use.value}".lower(): use for use in SpecialUse if use is not SpecialUse.QUARANTINE}


def local_zone(now: float) -> int:
    """This server's time zone at a moment, in minutes east of UTC."""
    return time.localtime(now).tm_gmtoff // 60


def zone_of(account: AccountInfo, now: float) -> int:
    """The account's time zone at a moment, else this server's, in minutes east of UTC."""
    return responder_times.offset(account.zone, now) if account.zone else local_zone(now)


@dataclass(frozen=True, slots=True)
class AtDelivery:
    """Implements `sieve.environment.Environment`. `hostname` is this server's; `included` gives a
    script of the account by its name."""

    incoming: Incoming
    mail: Account
    view: DirectoryView
    hostname: str
    zone: int
    included: Callable[[str], Script | None]

    def at_zone(self, zone: int) -> "AtDelivery":
        """The same in another time zone."""
        return replace(self, zone=zone)

    @property
    def now(self) -> float:
        return self.incoming.now

    def envelope(self, part: str) -> str | None:
        match part:
            case "from":
                return self.incoming.sender
            case "to":
                return self.incoming.recipient.address
            case "orig_to":
                return original(self.incoming)
            case _:
                return None

    def item(self, name: str) -> str | None:
        found = _ITEMS.get(name)
        return None if found is None else found(self)

    def mailbox_exists(self, name: str) -> bool:
        try:
            self.mail.mailbox(name)
        except NotFound:
            return False
        return True

    def special_use_exists(self, use: str, mailbox: str | None) -> bool:
        known = USES.get(use.lower())
        found = None if known is None else self.mail.special(known)
        if found is None or mailbox is None:
            return found is not None
        try:
            return self.mail.mailbox(mailbox).id == found.id
        except NotFound:
            return False

    def metadata(self, mailbox: str | None, entry: str) -> str | None:
        try:
            found = self.mail.annotations(mailbox).get(annotation_names.fold(entry))
        except NotFound:
            return None
        return None if found is None else found.decode("utf-8", "replace")

    def list_holds(self, name: str, value: str) -> bool | None:
        """`:addrbook:default` are those whom the owner wrote to; `:addrbook:allowed` and
        `:addrbook:blocked` the account's own lists of senders, what he reported with the latter."""
        low = name.lower()
        for prefix in ADDRESS_BOOKS:
            if low.startswith(prefix):
                book = _BOOKS.get(low.removeprefix(prefix))
                return None if book is None else bool(value) and book(self, value)
        return None

    def seen(self, key: str) -> bool:
        return self.mail.remembered(DUPLICATE + key, int(self.incoming.now))

    def spam(self) -> float | None:
        """Half where the account's threshold is reached, whole at twice as much (RFC 5235)."""
        placement = self.incoming.placement
        score, threshold = placement.facts.get("score"), placement.facts.get("threshold")
        least = 0.5 if placement.kind == SPAM else 0.0
        if not isinstance(score, float | int) or not isinstance(threshold, float | int):
            return least or None
        if not least and not self._protection().spam:
            return None
        return max(least, min(1.0, score / (2 * threshold))) if threshold > 0 else 1.0

    def virus(self) -> int | None:
        return 1 if self.incoming.placement.clean else None

    def script(self, name: str, location: str) -> Script | None:
        return self.included(name) if location == "personal" else None

    def _protection(self) -> Protection:
        return self.view.protection(self.incoming.route)


def original(incoming: Incoming) -> str:
    """The address that the sender wrote to at first, as far as it was said (RFC 3461 §4.2)."""
    said = incoming.recipient.original or ""
    kind, _, address = said.partition(";")
    try:
        found = xtext.decode(address) if kind.strip().lower() == "rfc822" else ""
    except ValueError:
        found = ""
    return found or incoming.recipient.address


def _listed(action: SenderAction) -> Callable[[AtDelivery, str], bool]:
    def holds(world: AtDelivery, value: str) -> bool:
        matches = world.view.sender_matches(world.incoming.account, value)
        own = [match.action for match in matches if match.scope is Scope.ACCOUNT]
        return bool(own) and (own[0] is SenderAction.ALLOW) == (action is SenderAction.ALLOW)

    return holds


def _blocked(world: AtDelivery, value: str) -> bool:
    return bool(world.mail.noted(Book.BLOCKED, (value.lower(),))) or _listed(SenderAction.REFUSE)(
        world, value
    )


_BOOKS: dict[str, Callable[[AtDelivery, str], bool]] = {
    "default": lambda world, value: world.mail.knows(value),
    "allowed": _listed(SenderAction.ALLOW),
    "blocked": _blocked,
}


def _flag(holds: bool) -> str:
    return "1" if holds else "0"


_ITEMS: dict[str, Callable[[AtDelivery], str | None]] = {
    "domain": lambda world: world.incoming.recipient.address.rpartition("@")[2],
    "host": lambda world: world.hostname or None,
    "name": lambda world: "Alphorn",
    "version": lambda world: __version__,
    "location": lambda world: "MDA",
    "phase": lambda world: "during",
    "remote-ip": lambda world: received.client(world.incoming.raw)[0] or None,
    "remote-host": lambda world: received.client(world.incoming.raw)[1] or None,
    "vnd.alphorn.address": lambda world: world.incoming.route.address,
    "vnd.alphorn.address-kind": lambda world: world.incoming.route.kind.value,
    "vnd.alphorn.temporary": lambda world: _flag(
        world.incoming.route.kind is AddressKind.TEMPORARY
    ),
    "vnd.alphorn.label": lambda world: world.incoming.route.label,
    "vnd.alphorn.category": lambda world: world.incoming.placement.kind,
    "vnd.alphorn.account": lambda world: world.incoming.account.address,
}

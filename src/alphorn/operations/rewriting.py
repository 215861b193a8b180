"""Envelope senders of mail that is sent on: ours on the way out, the true ones on the way back.

A report to an address that we made comes in from the null sender and goes on, through the queue,
to whoever sent the message at first. Anything else to such an address is refused: it stands in
headers for everybody to see, and is no way to write to people by.

A message that claims an author of ours without proof is never sent on in a name that would prove
him (`policy.unproved`).
"""

import time
from collections.abc import Callable
from typing import Protocol

from alphorn.directory.values import AddressKind, Route
from alphorn.directory.view import DirectoryView
from alphorn.message import srs
from alphorn.message.srs import Fault, Mac, SrsError
from alphorn.policy.unproved import Way, claims, way_out


class Senders(Protocol):
    """The part of `store.redirects.Redirects` that is used here. Raises Unavailable."""

    def keep(self, token: str, sender: str, *, now: float) -> None: ...

    def kept(self, token: str) -> str: ...


class Rewriting:
    """One per process; every method may be called from any thread."""

    def __init__(
        self,
        view: DirectoryView,
        mac: Mac,
        senders: Senders,
        *,
        hostname: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`hostname` is this server's name, where senders are rewritten whom no domain fits."""
        self._view = view
        self.hostname = hostname
        self._mac = mac
        self._senders = senders
        self._clock = clock

    def sender(self, sender: str, way: Way) -> str:
        """What stands for `sender` in mail that is sent on by this way. Raises Unavailable."""
        if not way.domain:
            return sender
        now = self._clock()
        made = srs.rewrite(sender, way.domain, self._mac, now)
        if made.token:
            self._senders.keep(made.token, sender, now=now)
        return made.address

    def way(self, sender: str, domain: str, raw: bytes, found_in: bytes) -> Way | None:
        """As `way_of`, from here."""
        return way_of(self._view, self.hostname, sender, domain, raw, found_in)

    def is_ours(self, address: str) -> bool:
        """Whether its domain is one of ours, and switched on. Raises Unavailable."""
        return _is_ours(self._view, address)

    def route(self, local: str, domain: str) -> Route | None:
        """The way back to the true sender; None where it is not such an address, or not in a
        domain of ours or at this server's name. Raises SrsError where it leads nowhere, and
        Unavailable."""
        if not srs.is_rewritten(local):
            return None
        held = self._view.domain(domain)
        if held is not None and held.enabled:
            name = held.name
        elif self.hostname and domain.lower() == self.hostname:
            name = self.hostname
        else:
            return None
        found = srs.restore(local, name, self._mac, self._clock())
        sender = found.sender or self._senders.kept(found.token)
        if not sender:
            raise SrsError(local, name, Fault.EXPIRED)
        address = f"{local}@{name}"
        return Route(address, AddressKind.REDIRECT, None, None, (sender,), keep=False, bounce=True)


def way_of(
    view: DirectoryView, hostname: str, sender: str, domain: str, raw: bytes, found_in: bytes
) -> Way | None:
    """How `raw` of this envelope sender leaves here, where an address of this domain of ours sends
    it on; None where it cannot. The null sender stays, and so does one of ours, for whom we may
    speak, where that proves nobody. `found_in` is the message as it came in. Raises Unavailable."""
    claimed = claims(raw, found_in, hostname)
    ours = bool(sender) and _is_ours(view, sender)
    return way_out(sender, ours, (domain, hostname), claimed)


def nobody_proves(raw: bytes, found_in: bytes, hostname: str) -> str:
    """Why there is no way, after the address."""
    claimed = ", ".join(claims(raw, found_in, hostname))
    return f"nothing proves that it is from {claimed}, and it would pass for that elsewhere"


def _is_ours(view: DirectoryView, address: str) -> bool:
    domain = view.domain(address.rpartition("@")[2])
    return domain is not None and domain.enabled

"""Envelope senders of mail that is sent on: ours on the way out, the true ones on the way back.

A report to an address that we made comes in from the null sender and goes on, through the queue,
to whoever sent the message at first. Anything else to such an address is refused: it stands in
headers for everybody to see, and is no way to write to people by.
"""

import time
from collections.abc import Callable
from typing import Protocol

from alphorn.directory.values import AddressKind, Route
from alphorn.directory.view import DirectoryView
from alphorn.message import srs
from alphorn.message.srs import Fault, Mac, SrsError


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
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._view = view
        self._mac = mac
        self._senders = senders
        self._clock = clock

    def sender(self, sender: str, domain: str) -> str:
        """What stands for `sender` in mail that an address of this domain of ours sends on; itself
        where it is the null sender or one of ours, for whom we may speak. Raises Unavailable."""
        if not sender or self.is_ours(sender):
            return sender
        now = self._clock()
        made = srs.rewrite(sender, domain, self._mac, now)
        if made.token:
            self._senders.keep(made.token, sender, now=now)
        return made.address

    def is_ours(self, address: str) -> bool:
        """Whether its domain is one of ours, and switched on. Raises Unavailable."""
        domain = self._view.domain(address.rpartition("@")[2])
        return domain is not None and domain.enabled

    def route(self, local: str, domain: str) -> Route | None:
        """The way back to the true sender; None where it is not such an address, or not in a
        domain of ours. Raises SrsError where it leads nowhere, and Unavailable."""
        if not srs.is_rewritten(local):
            return None
        held = self._view.domain(domain)
        if held is None or not held.enabled:
            return None
        found = srs.restore(local, held.name, self._mac, self._clock())
        sender = found.sender or self._senders.kept(found.token)
        if not sender:
            raise SrsError(local, held.name, Fault.EXPIRED)
        address = f"{local}@{held.name}"
        return Route(address, AddressKind.REDIRECT, None, None, (sender,), keep=False, bounce=True)

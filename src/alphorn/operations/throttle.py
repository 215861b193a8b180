"""How many failed logins are borne: for each account, and for each network they come from.

* A network (`base.network`) that fails too often may try no account at all for a while.
* An account that is failed on too often is closed to networks from which nobody has logged in to
  it before; those from which somebody has are counted each for itself. Somebody who guesses thus
  cannot lock out whoever the account belongs to.

Counts live in the state file that all processes share, and pass with their window. Unknown
addresses are counted like known ones.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from alphorn.base.network import network_of

KNOWN_SECONDS = 30 * 86400
"""How long a network counts as known to an account after a login."""


@dataclass(frozen=True, slots=True)
class LoginLimits:
    """Failures within `window` seconds. `exempt` says which clients are not limited as a network:
    a webmail on the same host, or everybody on loopback while trying things out."""

    account_failures: int = 10
    network_failures: int = 50
    window: int = 900
    exempt: Callable[[str], bool] = lambda peer: False


class Hit(Protocol):
    """How a counter stands: whether its limit leaves room, and when it will again."""

    @property
    def allowed(self) -> bool: ...

    @property
    def count(self) -> int: ...

    @property
    def retry_after(self) -> float: ...


class Counters(Protocol):
    """The part of `store.state.State` that is used here."""

    def hit(self, key: str, window_seconds: int, limit: int, amount: int = 1, *, now: float) -> Hit:
        """Count, and say whether it was allowed."""

    def peek(
        self, key: str, window_seconds: int, limit: int, amount: int = 1, *, now: float
    ) -> Hit:
        """How it stands, without counting."""


class LoginThrottle:
    """Callable from any thread."""

    def __init__(self, counters: Counters, limits: LoginLimits) -> None:
        self._counters = counters
        self._limits = limits

    def wait(self, address: str, peer: str, now: float) -> int:
        """Seconds until this client may try again; 0 where it may now."""
        limits = self._limits
        keys = [(self._account_key(address, peer, now), limits.account_failures)]
        if not limits.exempt(peer):
            keys.append((_network_key(peer), limits.network_failures))
        waits = [0]
        for key, limit in keys:
            hit = self._counters.peek(key, limits.window, limit, now=now)
            if not hit.allowed:
                waits.append(max(1, round(hit.retry_after)))
        return max(waits)

    def failed(self, address: str, peer: str, now: float, *, repeated: bool = False) -> None:
        """A login failed. `repeated`: with a password that had failed before, as a program does
        that was not told of a new one; that is no guess, and only the network answers for it."""
        limits = self._limits
        if not repeated:
            key = self._account_key(address, peer, now)
            self._counters.hit(key, limits.window, limits.account_failures, now=now)
        if not limits.exempt(peer):
            self._counters.hit(_network_key(peer), limits.window, limits.network_failures, now=now)

    def succeeded(self, address: str, peer: str, now: float) -> None:
        """The network is known to the account from now on."""
        key = _known_key(address, peer)
        if self._counters.peek(key, KNOWN_SECONDS, 1, now=now).count == 0:
            self._counters.hit(key, KNOWN_SECONDS, 1, now=now)

    def knows(self, address: str, peer: str, now: float) -> bool:
        """Whether somebody has logged in to the account from this network."""
        known = self._counters.peek(_known_key(address, peer), KNOWN_SECONDS, 1, now=now)
        return known.count > 0

    def _account_key(self, address: str, peer: str, now: float) -> str:
        known = self.knows(address, peer, now)
        return _key("account", address, network_of(peer) if known else "")


def _known_key(address: str, peer: str) -> str:
    return _key("known", address, network_of(peer))


def _network_key(peer: str) -> str:
    return _key("network", network_of(peer))


def _key(*parts: str) -> str:
    """Short and of one length, whatever clients send."""
    return "login:" + sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:32]

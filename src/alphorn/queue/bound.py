"""Mail that is bound to a secured gateway, and where it goes instead of its recipients' domains.

    gateway:hin    the servers of that gateway, and nowhere else
    inside:hin     mailboxes here: of addresses that use the same gateway, and reports of ours to
                   any address of ours; it never leaves this machine

No domain and no address literal has such a name, so that whatever looks one of them up in the DNS
finds nothing. The destination is decided when a message is queued and stays: what changes later may
have it returned, but never sent another way.
"""

from collections.abc import Callable
from dataclasses import dataclass

from alphorn.base.address import fold_domain
from alphorn.message.envelope import Envelope, Origin, OriginKind

GATEWAY = "gateway:"
INSIDE = "inside:"
_INSIDE = frozenset((OriginKind.REPORT, OriginKind.RECEIVED, OriginKind.WAITING, OriginKind.REST))
"""What came in to an address of ours, and reports."""


def _nobody_shares(address: str, gateway: str) -> bool:
    return False


def _nothing_is_ours(domain: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class House:
    """Who lives here: `shares` whether an address is one of ours that uses this gateway, `ours`
    whether a domain (as A-labels) is. Both may raise Unavailable."""

    shares: Callable[[str, str], bool] = _nobody_shares
    ours: Callable[[str], bool] = _nothing_is_ours


def destination(address: str, envelope: Envelope, origin: Origin, house: House) -> str:
    """Where one recipient's copy goes. Raises Unavailable."""
    gateway = envelope.gateway
    if not gateway:
        return domain_of(address)
    if origin.kind in _INSIDE:
        inside = house.ours(domain_of(address))
    else:
        inside = house.shares(address, gateway)
    return f"{INSIDE if inside else GATEWAY}{gateway}"


def domain_of(address: str) -> str:
    """The domain of an address as the DNS knows it, or an address literal (RFC 5321 §4.1.3)."""
    domain = address.rpartition("@")[2]
    if domain.startswith("["):
        return domain.lower()
    return fold_domain(domain) or domain.lower()


def gateway_at(destination: str) -> str:
    """The gateway that mail for this destination goes to, "" where it is no such one."""
    return destination.removeprefix(GATEWAY) if destination.startswith(GATEWAY) else ""


def is_inside(destination: str) -> bool:
    return destination.startswith(INSIDE)

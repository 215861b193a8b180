"""Which IP addresses are this server's own, so that mail is never sent round in a circle."""

import ipaddress
import socket
from collections.abc import Sequence

from alphorn.servers.listeners import Bound

MX_LISTENER = "smtp"


class OwnAddresses:
    """Called with an address in text form: does our own MX port answer there?"""

    def __init__(self, bound: Sequence[Bound]) -> None:
        addresses = {b.binding.address for b in bound if b.binding.listener.name == MX_LISTENER}
        self._exact = frozenset(addresses)
        self._everywhere = any(ipaddress.ip_address(one).is_unspecified for one in addresses)

    def __call__(self, address: str) -> bool:
        return address in self._exact or (self._everywhere and _is_of_this_machine(address))


def _is_of_this_machine(address: str) -> bool:
    """Whether a socket can be bound to it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True

"""Which servers take mail for a destination, and in which order (RFC 5321 §5.1, RFC 7505).

`servers` asks for MX records; `addresses` resolves one server when its turn comes. Both raise
`NoRoute` with the reply to record. Order: by preference, by chance among equals. Where one of the
servers is this machine, it and those after it are left out, so that mail never comes round to us;
where nothing else is left, that is a loop.
"""

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from random import Random

from alphorn.dns.answers import DnsError, Mx, NoAnswer, NoSuchName, Resolver, Temporary
from alphorn.queue.values import Reply, ours


@dataclass(frozen=True, slots=True)
class Server:
    """`name` is for TLS, logs and people. `address` is given where the destination is one."""

    name: str
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Ourselves:
    """How to know this machine among the servers of a destination.

    `names` are host names in lower case; `is_own` says whether an IP address is one of ours.
    `private` allows servers in private networks and on loopback.
    """

    names: frozenset[str]
    is_own: Callable[[str], bool]
    private: bool = False


class NoRoute(Exception):
    """There is no server to try, now or ever; `reply` says why."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.text)
        self.reply = reply


async def servers(
    destination: str, resolver: Resolver, ourselves: Ourselves, random: Random
) -> Sequence[Server]:
    """The servers in the order in which to try them. Raises NoRoute."""
    if destination.startswith("["):
        address = _literal(destination)
        return [Server(destination, address)]
    try:
        records = (await resolver.mx(destination)).records
    except NoAnswer:
        # RFC 5321 §5.1: without an MX record the domain itself is its server.
        records = (Mx(0, destination),)
    except NoSuchName as error:
        text = f"The domain {destination} does not exist."
        raise NoRoute(ours(550, "5.1.2", text)) from error
    except Temporary as error:
        raise NoRoute(ours(451, "4.4.3", error.text)) from error
    except DnsError as error:
        raise NoRoute(ours(550, "5.4.4", error.text)) from error
    if records == (Mx(records[0].preference, ""),):
        text = f"The domain {destination} says that it takes no mail (null MX)."
        raise NoRoute(ours(556, "5.1.10", text))
    return [Server(mx.host) for mx in _ordered(records, destination, ourselves, random)]


def _ordered(
    records: Sequence[Mx], destination: str, ourselves: Ourselves, random: Random
) -> list[Mx]:
    own = [mx.preference for mx in records if mx.host in ourselves.names]
    if own:
        records = [mx for mx in records if mx.preference < min(own)]
        if not records:
            raise NoRoute(loop(destination))
    ordered: list[Mx] = []
    for _, equals in groupby(sorted(records, key=_preference), key=_preference):
        group = list(equals)
        random.shuffle(group)
        ordered += group
    return ordered


def _preference(mx: Mx) -> int:
    return mx.preference


async def addresses(
    server: Server, destination: str, resolver: Resolver, ourselves: Ourselves, random: Random
) -> Sequence[str]:
    """The IP addresses of a server in the order in which to try them: IPv6 and IPv4 by turns, so
    that a family that does not work here costs one try. Raises NoRoute; a loop (5.4.6) says that
    the servers after this one are not to be tried either."""
    if server.address is not None:
        found: Sequence[str] = [server.address]
    else:
        try:
            found = (await resolver.addresses(server.name)).records
        except Temporary as error:
            raise NoRoute(ours(451, "4.4.3", error.text)) from error
        except DnsError as error:
            text = f"The mail server {server.name} of {destination} has no address."
            raise NoRoute(ours(550, "5.4.4", text)) from error
    if any(map(ourselves.is_own, found)):
        raise NoRoute(loop(destination))
    allowed = [address for address in found if ourselves.private or _public(address)]
    if not allowed:
        text = f"The mail server {server.name} of {destination} has no public address."
        raise NoRoute(ours(550, "5.4.4", text))
    return _by_turns(allowed, random)


def loop(destination: str) -> Reply:
    return ours(
        554,
        "5.4.6",
        f"Mail for {destination} is sent to this server by the DNS, but the domain is not known "
        "here.",
    )


def _by_turns(found: Sequence[str], random: Random) -> list[str]:
    v6 = [address for address in found if ":" in address]
    v4 = [address for address in found if ":" not in address]
    random.shuffle(v6)
    random.shuffle(v4)
    both = [address for pair in zip(v6, v4, strict=False) for address in pair]
    return both + v6[len(v4) :] + v4[len(v6) :]


def _literal(destination: str) -> str:
    """The address in an address literal (RFC 5321 §4.1.3)."""
    inner = destination.removeprefix("[").removesuffix("]")
    try:
        if inner.startswith("ipv6:"):
            return str(ipaddress.IPv6Address(inner.removeprefix("ipv6:")))
        return str(ipaddress.IPv4Address(inner))
    except ValueError as error:
        reply = ours(553, "5.1.2", f"{destination} is no address of a mail server.")
        raise NoRoute(reply) from error


_WRAPPING = (ipaddress.IPv6Network("::/96"), ipaddress.IPv6Network("64:ff9b::/96"))
"""Their last 32 bits are an IPv4 address (RFC 4291 §2.5.5.1, RFC 6052 §2.1)."""


def _public(address: str) -> bool:
    """An address that the Internet routes: nobody outside aims us at our own network."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.is_site_local:
            return False
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is None and any(ip in network for network in _WRAPPING):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            ip = inner
    return ip.is_global and not ip.is_multicast

"""Delivery over secured gateways, beside delivery by the DNS; `Ways` chooses by the destination.

What is bound to a gateway goes to the servers that the operator named, over TLS that is verified
(the gateway's own authority, the server's name) and with our certificate, or it does not go: there
are no MX records, no policy that could be weaker, no second try without TLS. What is in the way is
a passing state to the schedule, and comes back to the sender with the last reason when the
message's time is over.

Each gateway has connections of its own, which are never used for anything else; they are made anew
when what is set up for it, or a file of its, has changed.
"""

import asyncio
import ipaddress
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from alphorn.base.errors import AlphornError
from alphorn.dns.answers import Resolver
from alphorn.queue.bound import gateway_at
from alphorn.queue.dialer import Caller, Dialer, TlsPolicy
from alphorn.queue.pool import Pool, PoolLimits
from alphorn.queue.remote import Attempt, Record, Remote, outcomes_of
from alphorn.queue.route import Ourselves, Server
from alphorn.queue.values import Claim, ours

REPLACED_SECONDS = 60.0
"""How long old connections are given to say goodbye when a gateway has changed."""

_ANYWHERE = Ourselves(frozenset(), lambda address: False, private=True)
"""The operator named the servers: they may be in his own network."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """Where a gateway is reached. `context` verifies it, by its name, and shows our certificate; it
    is the same object until something has changed."""

    name: str
    hosts: tuple[str, ...]
    port: int
    context: ssl.SSLContext


Find = Callable[[str], Gateway]
"""A gateway by its name, quickly. Raises AlphornError where there is none of that name, or where
its files are not in order."""


class _Over(Remote):
    """The way over one gateway."""

    def __init__(self, gateway: Gateway, resolver: Resolver, pool: Pool) -> None:
        super().__init__(resolver, pool, _ANYWHERE)
        self.gateway = gateway

    async def servers(self, destination: str) -> Sequence[Server]:
        """In the operator's order."""
        return [Server(host, host if _is_address(host) else None) for host in self.gateway.hosts]


class Ways:
    """All ways out of here: a `Way` itself, for destinations of every kind."""

    def __init__(
        self,
        remote: Remote,
        find: Find,
        resolver: Resolver,
        caller: Caller,
        limits: PoolLimits | None = None,
    ) -> None:
        """`caller` is how this machine calls others; its port and its policy do not matter here."""
        self._remote = remote
        self._find = find
        self._resolver = resolver
        self._caller = replace(caller, tls=TlsPolicy.VERIFIED)
        self._limits = limits
        self._gateways: dict[str, _Over] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def crowded(self) -> set[str]:
        """As `Way`."""
        return self._remote.crowded().union(*(way.crowded() for way in self._gateways.values()))

    async def deliver(self, claim: Claim, wire: bytes, record: Record) -> None:
        """As `Way`."""
        name = gateway_at(claim.destination)
        if not name:
            await self._remote.deliver(claim, wire, record)
            return
        try:
            way = self._over(name)
        except AlphornError as error:
            text = f"The secured gateway {name} cannot be used: {error.text}"
            await record(Attempt(tuple(outcomes_of(claim.recipients, ours(451, "4.3.5", text)))))
            return
        await way.deliver(claim, wire, record)

    async def close(self, deadline: float) -> None:
        """As `Way`."""
        for task in self._closing:
            task.cancel()
        ways = (self._remote, *self._gateways.values())
        await asyncio.gather(*(way.close(deadline) for way in ways))

    def _over(self, name: str) -> _Over:
        gateway = self._find(name)
        way = self._gateways.get(name)
        if way is not None and way.gateway == gateway:
            return way
        if way is not None:
            task = asyncio.create_task(way.close(REPLACED_SECONDS))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        dialer = Dialer(replace(self._caller, port=gateway.port), gateway.context)
        way = _Over(gateway, self._resolver, Pool(dialer, self._limits))
        self._gateways[name] = way
        return way


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True

"""Delivery to another domain: its servers one after another, until each recipient is settled.

A refusal for good (5yz) settles a recipient at once. After a temporary one, or a broken connection,
the next server is tried (RFC 5321 §5.1), but never after the whole message was sent without a reply
to it: that server may have it, and time is the best protection from a second copy. At most
`MAX_SESSIONS` servers are talked to and `MAX_CONNECTS` addresses called in one attempt.

A destination none of whose servers could be talked to is left alone for a while: other messages to
it are deferred without calling it again, but for those that a person asked to try now.
"""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol, TypeVar

from alphorn.dns.answers import Resolver
from alphorn.queue.client import Connection, Exchange
from alphorn.queue.dialer import Unreachable
from alphorn.queue.pool import Pool
from alphorn.queue.route import NoRoute, Ourselves, Server, addresses, servers
from alphorn.queue.values import Claim, Outcome, QueuedRecipient, Reply, Result, ours

MAX_SESSIONS = 3
MAX_CONNECTS = 6
PAUSE = 120.0
"""Seconds for which a destination that cannot be reached is left alone."""

MAX_REMEMBERED = 2000
LOOP = "5.4.6"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Attempt:
    """Outcomes that are settled together, and how: over which connection, if any."""

    outcomes: tuple[Outcome, ...]
    address: str = ""
    tls: str = ""


Record = Callable[[Attempt], Awaitable[None]]


class Way(Protocol):
    """What leads out of here. Use it on one event loop only."""

    def crowded(self) -> set[str]:
        """Destinations whose server, as far as is known, has all the connections it may have."""

    async def deliver(self, claim: Claim, wire: bytes, record: Record) -> None:
        """Try once. `record` is awaited with what is settled as soon as it is, before anything
        else is done; in the end it was given every recipient once."""

    async def close(self, deadline: float) -> None:
        """Say goodbye on connections that are kept, within `deadline` seconds."""


class Remote:
    """The way to the servers that the DNS names: a `Way`. `ticks` is a monotonic clock."""

    def __init__(
        self,
        resolver: Resolver,
        pool: Pool,
        ourselves: Ourselves,
        *,
        random: Random | None = None,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._resolver = resolver
        self.pool = pool
        self._ourselves = ourselves
        self._random = random or Random()
        self._ticks = ticks
        self._silent: OrderedDict[str, tuple[float, Reply]] = OrderedDict()
        self._sites: OrderedDict[str, tuple[str, str]] = OrderedDict()

    def crowded(self) -> set[str]:
        """As `Way`."""
        return {name for name, key in self._sites.items() if self.pool.full(*key)}

    async def deliver(self, claim: Claim, wire: bytes, record: Record) -> None:
        """Try once. `record` is awaited with what is settled as soon as it is, before anything
        else is done; in the end it was given every recipient once."""
        silent = self._is_silent(claim)
        if silent is not None:
            await record(Attempt(tuple(outcomes_of(claim.recipients, silent))))
            return
        try:
            found = await self.servers(claim.destination)
        except NoRoute as none:
            await record(Attempt(tuple(outcomes_of(claim.recipients, none.reply))))
            return
        await _Run(self, claim, wire, record).over(found)

    async def close(self, deadline: float) -> None:
        """As `Way`."""
        await self.pool.close(deadline)

    def _is_silent(self, claim: Claim) -> Reply | None:
        entry = self._silent.get(claim.destination)
        if entry is None:
            return None
        until, reply = entry
        if self._ticks() >= until or any(recipient.urgent for recipient in claim.recipients):
            del self._silent[claim.destination]
            return None
        return reply

    async def servers(self, destination: str) -> Sequence[Server]:
        """As `route.servers`."""
        return await servers(destination, self._resolver, self._ourselves, self._random)

    async def addresses(self, server: Server, destination: str) -> Sequence[str]:
        """As `route.addresses`."""
        return await addresses(server, destination, self._resolver, self._ourselves, self._random)

    def remember_silence(self, destination: str, reply: Reply) -> None:
        _remember(self._silent, destination, (self._ticks() + PAUSE, reply))

    def remember_site(self, destination: str, connection: Connection) -> None:
        _remember(self._sites, destination, (connection.host, connection.address))


class _Run:
    """One attempt for one claim."""

    def __init__(self, remote: Remote, claim: Claim, wire: bytes, record: Record) -> None:
        self._remote = remote
        self._claim = claim
        self._wire = wire
        self._record = record
        self._left = {recipient.id: recipient for recipient in claim.recipients}
        self._last: dict[int, Reply] = {}
        self._trouble: Reply | None = None
        self._hopeless: list[Reply] = []
        self._sessions = 0
        self._connects = 0

    async def over(self, found: Sequence[Server]) -> None:
        for server in found:
            if not self._may_go_on():
                break
            try:
                targets = await self._remote.addresses(server, self._claim.destination)
            except NoRoute as none:
                self._note(none.reply)
                if none.reply.enhanced == LOOP:
                    break
                continue
            for address in targets:
                if self._may_go_on():
                    await self._call(server, address)
        if self._left:
            await self._record(self._give_up())

    def _may_go_on(self) -> bool:
        return bool(self._left) and self._sessions < MAX_SESSIONS and self._connects < MAX_CONNECTS

    def _note(self, reply: Reply) -> None:
        if reply.temporary:
            self._trouble = reply
        else:
            self._hopeless.append(reply)

    async def _call(self, server: Server, address: str) -> None:
        try:
            async with self._remote.pool.connection(server.name, address) as connection:
                self._connects += 1
                self._sessions += 1
                self._remote.remember_site(self._claim.destination, connection)
                await self._talk(connection)
        except Unreachable as unreachable:
            # An address family that this machine does not have costs no try.
            self._connects += not unreachable.here
            if not (unreachable.here and self._trouble):
                self._note(unreachable.reply)

    async def _talk(self, connection: Connection) -> None:
        """Transactions over one connection, until its server has nothing more to say."""
        asked: Sequence[QueuedRecipient] = list(self._left.values())
        while asked:
            exchange = await connection.transact(self._claim.message, asked, self._wire)
            settled = self._settle(asked, exchange, connection.features.dsn)
            if settled:
                attempt = Attempt(tuple(settled), connection.address, connection.tls)
                await self._record(attempt)
            asked = exchange.again if exchange.lost is None else ()

    def _settle(
        self, asked: Iterable[QueuedRecipient], exchange: Exchange, told: bool
    ) -> list[Outcome]:
        settled = []
        again = {recipient.id for recipient in exchange.again}
        for recipient in asked:
            reply = exchange.replies.get(recipient.id)
            if recipient.id in again:
                if exchange.lost is not None:
                    self._last[recipient.id] = exchange.lost
            elif reply is None and exchange.lost is not None:
                if exchange.uncertain:
                    settled.append(Outcome(recipient, Result.DEFERRED, exchange.lost))
                self._last[recipient.id] = exchange.lost
            elif reply is not None and reply.positive:
                settled.append(Outcome(recipient, Result.RELAYED, reply, told))
            elif reply is not None and not reply.temporary:
                settled.append(Outcome(recipient, Result.FAILED, reply))
            elif reply is not None:
                self._last[recipient.id] = reply
        for outcome in settled:
            del self._left[outcome.recipient.id]
        return settled

    def _give_up(self) -> Attempt:
        """Nobody is left to ask: each recipient's last reply counts, or why nobody was reached."""
        reached_nobody = self._trouble or _worst(self._hopeless)
        if reached_nobody is not None and reached_nobody.temporary and not self._sessions:
            self._remote.remember_silence(self._claim.destination, reached_nobody)
        outcomes = []
        for recipient in self._left.values():
            reply = self._last.get(recipient.id) or reached_nobody or _nothing_said()
            outcomes += outcomes_of([recipient], reply)
        return Attempt(tuple(outcomes))


def outcomes_of(recipients: Iterable[QueuedRecipient], reply: Reply) -> list[Outcome]:
    result = Result.DEFERRED if reply.temporary else Result.FAILED
    return [Outcome(recipient, result, reply) for recipient in recipients]


def _worst(replies: Sequence[Reply]) -> Reply | None:
    """A loop explains more than a server without an address."""
    return next((r for r in replies if r.enhanced == LOOP), replies[0] if replies else None)


def _nothing_said() -> Reply:
    return ours(451, "4.4.0", "No server could be asked.")


def _remember(memory: "OrderedDict[str, T]", key: str, value: T) -> None:
    memory[key] = value
    memory.move_to_end(key)
    while len(memory) > MAX_REMEMBERED:
        memory.popitem(last=False)

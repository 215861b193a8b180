"""What the DNS says of whoever is at the other end, asked when it is needed and once only.

An `Inquiry` is one connection's. The questions about the client (its name, its greeting, the lists
it may be on) are asked together at the first recipient; SPF once for each sender; what a message's
proofs need when the message is there. None takes longer than `Questions.seconds` in all: what is
not known by then counts as unanswered.

A client that is exempt is not asked about at all.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from typing import TypeVar

from alphorn.dns.answers import DnsError, NoAnswer, NoSuchName, Resolver, Unusable
from alphorn.dns.lists import Listing, ListZone, Standing, look_up_address, look_up_domain
from alphorn.dns.reverse import Reverse, confirmed_name
from alphorn.mailauth import proofs
from alphorn.mailauth.proofs import Proofs
from alphorn.mailauth.spf.check import check, too_slow
from alphorn.mailauth.spf.result import SpfResult
from alphorn.policy import helo
from alphorn.policy.helo import Greeting, Resolved

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Questions:
    """One per worker: whom to ask what. `zones` are lists of addresses, `name_zones` lists of names
    in links; `fakes` are names that nobody may greet with. `own_addresses` are this server's."""

    resolver: Resolver
    hostname: str
    zones: tuple[ListZone, ...] = ()
    name_zones: tuple[ListZone, ...] = ()
    fakes: Collection[str] = helo.KNOWN_FAKES
    own_names: Collection[str] = ()
    own_addresses: Callable[[str], bool] = lambda address: False
    exempt: Callable[[str], bool] = lambda client: False
    seconds: float = 15.0


@dataclass(frozen=True, slots=True)
class ClientFacts:
    """`reverse` is None where nothing was asked. `listings` are those that say something."""

    reverse: Reverse | None = None
    resolved: Resolved = Resolved.UNKNOWN
    greets_truly: bool = False
    listings: tuple[Listing, ...] = ()

    @property
    def ptr(self) -> str:
        """The confirmed name, "" for none."""
        return self.reverse.name if self.reverse is not None and self.reverse.confirmed else ""

    def listed(self, kind: str) -> list[Listing]:
        return [
            listing
            for listing in self.listings
            if listing.zone.kind == kind and listing.standing is Standing.LISTED
        ]


@dataclass(slots=True)
class Inquiry:
    """Used on the event loop, by one session."""

    questions: Questions
    client: str
    exempt: bool = False
    _greeting: str = ""
    _known: ClientFacts | None = None
    _spf: dict[tuple[str, str], SpfResult] = field(default_factory=dict)

    async def about_client(self, greeting: str, *, lists: bool, greeted: bool) -> ClientFacts:
        """`greeting` is the name it gave; `lists` and `greeted`: whether block lists, and that
        name, matter to anybody."""
        if self._known is None or self._greeting != greeting:
            asked = self.questions
            facts = self.greeting(greeting, "", ClientFacts())
            known, resolved, listings = await asyncio.gather(
                self._in_time(
                    confirmed_name(self.client, asked.resolver), Reverse("", False, True)
                ),
                self._in_time(
                    self._resolve(greeting, greeted and helo.must_resolve(facts)),
                    (Resolved.FAILED if greeted else Resolved.UNKNOWN, False),
                ),
                asyncio.gather(
                    *(
                        self._in_time(
                            look_up_address(self.client, zone, asked.resolver),
                            Listing(zone, Standing.UNKNOWN),
                        )
                        for zone in (asked.zones if lists else ())
                    )
                ),
            )
            told = tuple(one for one in listings if one.standing is not Standing.CLEAR)
            self._known, self._greeting = ClientFacts(known, *resolved, told), greeting
        return self._known

    def greeting(self, name: str, recipient: str, known: ClientFacts) -> Greeting:
        """What `policy.helo` judges."""
        asked = self.questions
        addresses = (name.strip("[]"), self.client)
        return Greeting(
            name,
            self.client,
            recipient,
            own_names=asked.own_names,
            own_addresses=tuple(filter(asked.own_addresses, addresses)),
            resolved=known.resolved,
            confirmed=known.greets_truly,
            fakes=asked.fakes,
        )

    async def spf(self, sender: str, greeting: str) -> SpfResult:
        """For MAIL FROM, and for HELO where the reverse-path is empty."""
        found = self._spf.get((sender, greeting))
        if found is None:
            asked = self.questions
            found = await self._in_time(
                check(asked.resolver, self.client, sender, greeting, asked.hostname),
                too_slow(self.client, sender, greeting),
            )
            if len(self._spf) > 100:
                self._spf.clear()
            self._spf[sender, greeting] = found
        return found

    async def proofs(self, raw: bytes, spf: SpfResult | None) -> Proofs | None:
        """None where the DNS took too long."""
        asking = proofs.ask(raw, spf, self.questions.resolver, asyncio.gather)
        return await self._in_time(asking, None)

    async def listed_hosts(self, hosts: Collection[str]) -> frozenset[str]:
        """Those of the hosts that a list of names in links has."""
        asked = self.questions
        questions = [(host, zone) for host in hosts for zone in asked.name_zones]
        found = await asyncio.gather(
            *(
                self._in_time(
                    look_up_domain(host, zone, asked.resolver, reason=False),
                    Listing(zone, Standing.UNKNOWN),
                )
                for host, zone in questions
            )
        )
        return frozenset(
            host
            for (host, _), listing in zip(questions, found, strict=True)
            if listing.standing is Standing.LISTED
        )

    async def _resolve(self, name: str, needed: bool) -> tuple[Resolved, bool]:
        """Whether the name exists, and whether it leads to the client."""
        if not needed:
            return Resolved.UNKNOWN, False
        resolver = self.questions.resolver
        try:
            addresses = (await resolver.addresses(name)).records
        except (NoSuchName, NoAnswer, Unusable):
            try:
                await resolver.mx(name)
            except (NoSuchName, NoAnswer, Unusable):
                return Resolved.MISSING, False
            except DnsError:
                return Resolved.FAILED, False
            return Resolved.EXISTS, False
        except DnsError:
            return Resolved.FAILED, False
        return Resolved.EXISTS, self.client in addresses

    async def _in_time(self, asking: Awaitable[T], otherwise: T) -> T:
        try:
            async with asyncio.timeout(self.questions.seconds):
                return await asking
        except TimeoutError:
            return otherwise

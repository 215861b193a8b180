"""What the DNS says of whoever is at the other end, asked when it is needed and once only.

An `Inquiry` is one connection's. The questions about the client (its name, its greeting, the lists
it may be on) are asked together at the first recipient to whom they matter; SPF once for each
sender; what a message's proofs need when the message is there. For one message all of that together
takes no longer than `Questions.seconds`: what is not known by then counts as unanswered. But what
a stranger asks us to ask, of a DNS of his that does not answer, must not use up the time in which
another's policy would have been found: SPF has `least_seconds` in any case, and so have all
questions about the message, which are each given up for themselves.

A client that is exempt is not asked about at all.
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, TypeVar

from alphorn.dns.answers import DnsError, NoAnswer, NoSuchName, Resolver, Unusable
from alphorn.dns.cache import Cache
from alphorn.dns.lists import Listing, ListZone, Standing, look_up_address, look_up_domain
from alphorn.dns.reverse import Reverse, confirmed_name
from alphorn.mailauth import proofs
from alphorn.mailauth.dkim.public import Gather
from alphorn.mailauth.dmarc import tree
from alphorn.mailauth.dmarc.tree import Found
from alphorn.mailauth.proofs import Proofs
from alphorn.mailauth.spf.check import check, too_slow
from alphorn.mailauth.spf.result import Spf, SpfResult
from alphorn.policy import helo
from alphorn.policy.helo import Greeting, Resolved
from alphorn.servers import eager
from alphorn.servers.deadline import Deadline

MAX_KNOWN = 100
"""Senders, and greetings, of one connection whose answers are kept."""

MAX_SPF = 60
"""For how many senders of one connection the DNS is waited for. Each may cost a dozen questions,
of a DNS that the stranger chooses; what is known already costs none, however many senders."""

T = TypeVar("T")

REMEMBERED_SECONDS = 60.0
"""For how long the DNS is believed without looking how long its answers may be kept: servers that
send much connect often."""
REMEMBERED_OCTETS = 4 << 20


@dataclass(frozen=True, slots=True)
class Questions:
    """One per worker: whom to ask what. `zones` are lists of addresses, `name_zones` lists of names
    in links; `fakes` are names that nobody may greet with. `own_addresses` are this server's.
    `seconds` is for one message. `remembered` is what connections before found out."""

    resolver: Resolver
    hostname: str
    zones: tuple[ListZone, ...] = ()
    name_zones: tuple[ListZone, ...] = ()
    fakes: Collection[str] = helo.KNOWN_FAKES
    own_names: Collection[str] = ()
    own_addresses: Callable[[str], bool] = lambda address: False
    exempt: Callable[[str], bool] = lambda client: False
    seconds: float = 15.0
    remembered: Cache[Any] = field(default_factory=lambda: Cache(REMEMBERED_OCTETS))

    @property
    def least_seconds(self) -> float:
        """What is left for SPF, and for the proofs of a message, whatever was asked before."""
        return self.seconds / 3


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
    """Used on the event loop, by one session, which asks one thing after the other."""

    questions: Questions
    client: str
    exempt: bool = False
    _left: float = field(init=False)
    _reverse: Reverse | None = None
    _greeted: dict[str, tuple[Resolved, bool]] = field(default_factory=dict)
    _listings: tuple[Listing, ...] | None = None
    _spf: dict[tuple[str, str], SpfResult] = field(default_factory=dict)
    _spf_asked: int = 0
    _waited: bool = False

    def __post_init__(self) -> None:
        self._left = self.questions.seconds

    @property
    def ptr(self) -> str:
        """The client's confirmed name, as far as it was asked for; "" for none."""
        return ClientFacts(self._reverse).ptr

    @property
    def is_spent(self) -> bool:
        """Whether so many senders were asked about that no further one is."""
        return self._spf_asked >= MAX_SPF

    def begin(self) -> None:
        """A new message begins, for which there is as much time again."""
        self._left = self.questions.seconds

    async def about_client(self, greeting: str, *, lists: bool, greeted: bool) -> ClientFacts:
        """`greeting` is the name it gave; `lists` and `greeted`: whether block lists, and that
        name, matter to whoever asks."""
        ask: list[Coroutine[Any, Any, None]] = []
        if self._reverse is None:
            self._reverse = self._remembered("reverse")
            if self._reverse is None:
                ask.append(self._ask_reverse())
        if greeted and greeting not in self._greeted:
            known = self._remembered("greeting", greeting)
            if known is None:
                ask.append(self._ask_greeting(greeting))
            else:
                self._greet(greeting, known)
        if lists and self._listings is None:
            self._listings = self._remembered("lists")
            if self._listings is None:
                ask.append(self._ask_lists())
        if ask:
            began = monotonic()
            await eager.gather(*ask)
            self._left -= monotonic() - began
        resolved = self._greeted.get(greeting) if greeted else None
        return ClientFacts(
            self._reverse,
            *(resolved or (Resolved.UNKNOWN, False)),
            (self._listings or ()) if lists else (),
        )

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
        found = self._spf.get((sender, greeting)) or self._remembered("spf", sender, greeting)
        if found is None:
            asked = self.questions
            self._waited = False
            found = await self._in_turn(
                check(asked.resolver, self.client, sender, greeting, asked.hostname),
                too_slow(self.client, sender, greeting),
            )
            self._spf_asked += self._waited
            if len(self._spf) > MAX_KNOWN:
                self._spf.clear()
            self._spf[sender, greeting] = found
            if found.result is not Spf.TEMPERROR:
                self._remember(found, "spf", sender, greeting)
        return found

    async def proofs(self, raw: bytes, spf: SpfResult | None) -> Proofs:
        """What is not answered in time is missing in it, and no more."""
        seconds = max(self._left, self.questions.least_seconds)
        resolver = Deadline(self.questions.resolver, seconds)
        began = monotonic()
        found = await proofs.ask(raw, spf, resolver, eager.gather, self._policy)
        self._left -= monotonic() - began
        return found

    async def _policy(
        self, domain: str, resolver: Resolver, identifiers: Sequence[str], gather: Gather
    ) -> Found:
        """What is published for an author's domain; of use to any client."""
        remembered = self.questions.remembered
        key = ("policy", domain, *identifiers)
        known: Found | None = remembered.get(key, monotonic())
        if known is None:
            known = await tree.find(domain, resolver, identifiers, gather)
            if known.certain:
                octets = 1000 + 2 * sum(map(len, key))
                remembered.put(key, known, monotonic() + REMEMBERED_SECONDS, octets)
        return known

    async def listed_hosts(self, hosts: Collection[str]) -> frozenset[str]:
        """Those of the hosts that a list of names in links has."""
        asked = self.questions
        questions = [(host, zone) for host in hosts for zone in asked.name_zones]
        began = monotonic()
        found = await eager.gather(
            *(
                self._in_time(
                    look_up_domain(host, zone, asked.resolver, reason=False),
                    Listing(zone, Standing.UNKNOWN),
                )
                for host, zone in questions
            )
        )
        self._left -= monotonic() - began
        return frozenset(
            host
            for (host, _), listing in zip(questions, found, strict=True)
            if listing.standing is Standing.LISTED
        )

    async def _ask_reverse(self) -> None:
        asking = confirmed_name(self.client, self.questions.resolver)
        self._reverse = await self._in_time(asking, Reverse("", False, True))
        if not self._reverse.temporary:
            self._remember(self._reverse, "reverse")

    async def _ask_greeting(self, name: str) -> None:
        """Whether the name exists, and whether it leads to the client."""
        found = Resolved.UNKNOWN, False
        if helo.must_resolve(self.greeting(name, "", ClientFacts())):
            found = await self._in_time(self._resolve(name), (Resolved.FAILED, False))
        self._greet(name, found)
        if found[0] is not Resolved.FAILED:
            self._remember(found, "greeting", name)

    def _greet(self, name: str, found: tuple[Resolved, bool]) -> None:
        if len(self._greeted) > MAX_KNOWN:
            self._greeted.clear()
        self._greeted[name] = found

    async def _ask_lists(self) -> None:
        asked = self.questions
        found = await eager.gather(
            *(
                self._in_time(
                    look_up_address(self.client, zone, asked.resolver),
                    Listing(zone, Standing.UNKNOWN),
                )
                for zone in asked.zones
            )
        )
        self._listings = tuple(one for one in found if one.standing is not Standing.CLEAR)
        if not any(one.standing is Standing.UNKNOWN for one in found):
            self._remember(self._listings, "lists")

    async def _resolve(self, name: str) -> tuple[Resolved, bool]:
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

    def _remembered(self, *about: str) -> Any:
        """What any connection of this client found out a moment ago; None for nothing."""
        return self.questions.remembered.get((self.client, *about), monotonic())

    def _remember(self, found: object, *about: str) -> None:
        octets = 500 + 2 * sum(map(len, about))
        key = (self.client, *about)
        self.questions.remembered.put(key, found, monotonic() + REMEMBERED_SECONDS, octets)

    async def _in_turn(self, asking: Coroutine[Any, Any, T], otherwise: T) -> T:
        began = monotonic()
        self._left = max(self._left, self.questions.least_seconds)
        try:
            return await self._in_time(asking, otherwise)
        finally:
            self._left -= monotonic() - began

    async def _in_time(self, asking: Coroutine[Any, Any, T], otherwise: T) -> T:
        """Within what is left for this message. Works outside of a task too, where a session runs
        what may not have to wait at all."""
        begun = eager.start(asking)
        if isinstance(begun, eager.Finished):
            return begun.value
        self._waited = True
        task = asyncio.get_running_loop().create_task(begun)
        try:
            await asyncio.wait((task,), timeout=max(self._left, 0.0))
            return task.result() if task.done() else otherwise
        finally:
            task.cancel()

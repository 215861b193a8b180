"""The operator's view of the door: who is banned and why; and what a stranger may be told who asks
whether he is blocked.

All but `blocked` is for operators alone: evidence names people. `blocked` names none and may be
shown to anybody; how often somebody may ask is the caller's to limit. Raises NotFound, Refused, and
Unavailable where the file of the door cannot be used.
"""

import asyncio
import ipaddress
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from alphorn.base.door import Ban, Evidence, Offence, Scope, Tally
from alphorn.base.errors import NotFound, Refused
from alphorn.base.network import address_of, neighbourhood_of, network_of, read_network
from alphorn.dns.answers import Resolver
from alphorn.dns.lists import Listing, ListZone, look_up_address
from alphorn.dns.lists import Standing as OnList
from alphorn.operations.door_texts import FALLBACK, Texts, texts
from alphorn.operations.doorkeeper import Doorkeeper
from alphorn.policy import bans, greylist, reputation
from alphorn.policy.reputation import Standing
from alphorn.store.history import network_name

MAX_NOTE = 500
MAX_BAN_SECONDS = 10 * 366 * 86400
WIDEST_IPV4, WIDEST_IPV6 = 8, 16
"""Nobody bans more of the Internet than such a network with one command."""
MAX_ZONES = 20


@dataclass(frozen=True, slots=True)
class Report:
    """All that is known of a network. `bans` are those in force that hold for it, the narrowest
    first; `last` is its own last one, over or not; `tally` is what has come from it, faded."""

    network: str
    bans: tuple[Ban, ...]
    last: Ban | None
    evidence: tuple[Evidence, ...]
    tally: Tally
    standing: Standing
    exempt: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """`blocked`: mail from the address is refused at present, until `until` (seconds UTC) where
    that is known. `delayed`: it is asked to come again. `sentences` say everything in words."""

    address: str
    blocked: bool
    delayed: bool
    until: float | None
    sentences: tuple[str, ...]

    def facts(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "address": self.address,
            "blocked": self.blocked,
            "delayed": self.delayed,
            "until_at": self.until,
            "sentences": list(self.sentences),
        }


def list_bans(keeper: Doorkeeper, *, over: bool = False, limit: int = 1000) -> Sequence[Ban]:
    """Newest first; with `over` also those that ended, as long as they are remembered."""
    return keeper.bans.listed(keeper.clock(), over=over, limit=limit)


def add_ban(
    keeper: Doorkeeper, network: str, seconds: int, *, scope: Scope = Scope.ALL, note: str = ""
) -> Ban:
    """Ban an address or a network, instead of the ban that it may have. `note` is shown to
    operators only. Raises Refused("network", "too-wide", "own", "time")."""
    name = _read(network)
    found = ipaddress.ip_network(name)
    widest = WIDEST_IPV4 if found.version == 4 else WIDEST_IPV6
    if found.prefixlen < widest:
        raise Refused(
            f"{name} is too much; /{widest} is the widest that is banned.", code="too-wide"
        )
    if found.overlaps(ipaddress.ip_network("127.0.0.0/8" if found.version == 4 else "::1/128")):
        raise Refused(f"{name} is this machine itself.", code="own")
    if not 1 <= seconds <= MAX_BAN_SECONDS:
        raise Refused("A ban lasts a second at least and ten years at most.", code="time")
    now = keeper.clock()
    ban = Ban(name, now, now + seconds, Offence.OPERATOR, scope, note=note[:MAX_NOTE])
    keeper.bans.put(ban)
    return ban


def remove_ban(keeper: Doorkeeper, network: str) -> str:
    """Lift a ban and forget what was counted against the network; its name. Raises NotFound, which
    for a part of networks that are banned says how each of those bans is lifted."""
    name = _read(network)
    own = {name: None, network_of(name): None} if "/" not in name else {name: None}
    lifted = [one for one in own if keeper.bans.remove(one)]
    if not lifted:
        if wider := _holding(keeper, ipaddress.ip_network(name)):
            networks = " and ".join(ban.network for ban in wider)
            verb = "is" if len(wider) == 1 else "are"
            commands = ", ".join(f"alphorn ban remove {ban.network}" for ban in wider)
            raise NotFound(
                f"{name} itself is not banned, but {networks} {verb}, which it belongs to. To lift"
                f" the ban of all of it: {commands}",
                code="no-ban",
            )
        raise NotFound(f"There is no ban of {name}, and nothing counts against it.", code="no-ban")
    return lifted[0]


def show_network(keeper: Doorkeeper, network: str) -> Report:
    """What is known of a network, or of the one that an address belongs to. Raises
    Refused("network")."""
    name = _read(network)
    now = keeper.clock()
    client = str(ipaddress.ip_network(name).network_address)
    own = network_of(name) if "/" not in name else name
    (tally,) = keeper.history.of([network_name(own)], now)
    return Report(
        own,
        tuple(_holding(keeper, ipaddress.ip_network(name))),
        keeper.bans.last(own),
        tuple(keeper.bans.evidence(own)),
        tally,
        reputation.standing(tally, now, keeper.settings.reputation),
        keeper.exempt(client),
    )


def _holding(
    keeper: Doorkeeper, network: ipaddress.IPv4Network | ipaddress.IPv6Network
) -> list[Ban]:
    """The bans in force that hold for all of a network, the narrowest first."""
    client = str(network.network_address)
    holds = [
        (ipaddress.ip_network(ban.network).prefixlen, ban)
        for ban in keeper.bans.matching(client, keeper.clock())
    ]
    return [
        ban for length, ban in sorted(holds, key=lambda one: -one[0]) if length <= network.prefixlen
    ]


async def blocked(
    keeper: Doorkeeper,
    address: str,
    resolver: Resolver | None = None,
    zones: Sequence[ListZone] = (),
    connections: Callable[[str, float], tuple[int, int]] | None = None,
    language: str = FALLBACK,
) -> Answer:
    """Whether mail from this IP address is refused or delayed, in words for a stranger, in his
    `language` ("de", "fr-CH") where we speak it.

    The block lists among `zones` are asked by `resolver`. `connections(address, now)` gives how
    many connections of its network count now and how many may. Raises Refused("address").
    """
    try:
        client = str(address_of(address.strip().strip("[]")))
    except ValueError:
        raise Refused(
            "That is no IP address; one looks like 192.0.2.1 or 2001:db8::1.", code="address"
        ) from None
    now, words = keeper.clock(), texts(language)
    if keeper.exempt(client):
        return Answer(client, False, False, None, (words.always.format(client=client),))
    found = keeper.bans.matching(client, now)
    closed = [ban for ban in found if bans.covers(ban, Scope.MX)]
    said = [_of_ban(client, ban, words) for ban in found]
    listings = await _listings(client, resolver, zones)
    said += [_of_listing(client, listing, words) for listing in listings]
    refusing = [one for one in listings if one.standing is OnList.LISTED and one.zone.refuses]
    full = False
    if connections is not None:
        count, limit = connections(client, now)
        full = count >= limit
        if full:
            said.append(words.full.format(count=count, network=network_of(client)))
    is_blocked = bool(closed or refusing)
    if not is_blocked and not full:
        said.insert(0, words.free.format(client=client))
    report = show_network(keeper, client)
    stranger = report.standing is not Standing.GOOD
    delayed = not is_blocked and (full or (keeper.settings.greylisting and stranger))
    said += _of_standing(report.standing, words)
    if not is_blocked and keeper.settings.greylisting and stranger:
        said += _of_greylist(keeper, client, now, words)
    until = max((ban.until for ban in closed), default=None)
    return Answer(client, is_blocked, delayed, until, tuple(said))


# -- words for strangers ---------------------------------------------------------------------------


def _of_ban(client: str, ban: Ban, words: Texts) -> str:
    counted = "; ".join(
        words.counted.format(
            count=one.count,
            what=words.counts[one.offence],
            since=bans.moment(one.since),
            last=bans.moment(one.last),
        )
        for one in ban.evidence
    )
    again = words.again.format(ordinal=words.ordinal(ban.times)) if ban.times > 1 else ""
    return words.ban.format(
        client=client,
        within=words.within.format(network=ban.network) if ban.network != client else "",
        what=words.scopes[ban.scope],
        since=bans.moment(ban.since),
        until=bans.moment(ban.until),
        because=words.because[ban.offence],
        counted=f" ({counted})" if counted else "",
        again=again,
        after=words.mistake if ban.offence is Offence.OPERATOR else words.mend,
    )


def _of_listing(client: str, listing: Listing, words: Texts) -> str:
    zone = listing.zone.zone
    if listing.standing is OnList.UNKNOWN:
        return words.unasked.format(client=client, zone=zone)
    return words.listed.format(
        client=client,
        zone=zone,
        effect=words.refused if listing.zone.refuses else words.against,
        said=words.said.format(reason=listing.reason) if listing.reason else "",
    )


def _of_standing(standing: Standing, words: Texts) -> list[str]:
    if standing is Standing.GOOD:
        return [words.good]
    if standing is Standing.BAD:
        return [words.bad]
    return []


def _of_greylist(keeper: Doorkeeper, client: str, now: float, words: Texts) -> list[str]:
    rules = keeper.settings.greylist
    minutes = max(1, round(rules.wait / 60))
    said = [words.greylist[minutes > 1].format(minutes=minutes)]
    network = neighbourhood_of(client)
    waiting = [
        seen
        for seen in keeper.sightings.waiting(greylist.origin_range(network))
        if greylist.is_live(seen, now, rules)
    ]
    if waiting:
        count = len(waiting)
        ready = sum(now - seen.since >= rules.wait for seen in waiting)
        rest = math.ceil(max(seen.since for seen in waiting) + rules.wait - now)
        when = words.ready if ready == count else words.partly.format(ready=ready, rest=rest)
        said.append(words.waiting[count > 1].format(count=count, network=network, when=when))
    return said


# -- inside ----------------------------------------------------------------------------------------


async def _listings(
    client: str, resolver: Resolver | None, zones: Sequence[ListZone]
) -> list[Listing]:
    """Those that list the address, or that could not be asked."""
    asked = [zone for zone in zones if zone.kind == "block"][:MAX_ZONES]
    if resolver is None or not asked:
        return []
    found = await asyncio.gather(*(look_up_address(client, zone, resolver) for zone in asked))
    return [one for one in found if one.standing in (OnList.LISTED, OnList.UNKNOWN)]


def _read(network: str) -> str:
    try:
        return read_network(network)
    except ValueError:
        raise Refused(
            f"{network!r} is no network; write 192.0.2.1, 192.0.2.0/24 or 2001:db8::/64.",
            code="network",
        ) from None

"""Block and allow lists in the DNS (RFC 5782): who is on one, and whether it answers for us at all.

A list answers a question about an address or a domain with A records in 127.0.0.0/8. Whatever else
it answers says nothing about who was asked for: operators send it to resolvers they do not serve,
and domains that were given up lead to advertisements. In 127.0.0.0/8 too some answers are by custom
messages to the resolver: 127.255.255.0/24, 127.0.0.1 and 127.0.0.255. None counts as listed.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network
from typing import Literal

from alphorn.base.address import fold_domain
from alphorn.base.network import address_of
from alphorn.dns.answers import DnsError, NoAnswer, NoSuchName, Resolver

MAX_REASON = 300
MAX_CODES = 64
"""Rows of codes that a zone may have; far more than any needs."""

_LOOPBACK = IPv4Network("127.0.0.0/8")
_ERRORS = IPv4Network("127.255.255.0/24")
_MESSAGES = frozenset([IPv4Address("127.0.0.1"), IPv4Address("127.0.0.255")])
_MASK = re.compile(r"&([0-9]{1,3})", re.ASCII)
_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*", re.ASCII)
_NOTHING = (NoSuchName, NoAnswer)


@dataclass(frozen=True, slots=True)
class Codes:
    """Answers that count: addresses from `first` to `last`, both in, as numbers; with a `mask`,
    those that have one of its bits set."""

    first: int
    last: int
    mask: int = 0

    def match(self, code: int) -> bool:
        return self.first <= code <= self.last and (not self.mask or bool(code & self.mask))


@dataclass(frozen=True, slots=True)
class ListZone:
    """One list, or those of its answers that mean the same to us: a list with several meanings has
    several rows, and is asked once, for answers are cached.

    `codes` are the answers that count, none for all in 127.0.0.0/8. `weight` is what being listed
    adds to a message's score (block) or takes from it (allow); `refuses` says that a listed client
    is refused instead.
    """

    zone: str
    kind: Literal["block", "allow"]
    codes: tuple[Codes, ...] = ()
    weight: float = 0.0
    refuses: bool = False


class Standing(StrEnum):
    LISTED = "listed"
    CLEAR = "clear"
    REFUSED = "refused"
    """The list does not answer for us: its operator does not serve our resolver, or it is gone."""
    UNKNOWN = "unknown"
    """No answer for now."""


@dataclass(frozen=True, slots=True)
class Listing:
    """`codes` are all A records of the answer. `reason` is the list's own text, often with an
    address on the web: printable, at most `MAX_REASON` characters, foreign words."""

    zone: ListZone
    standing: Standing
    codes: tuple[str, ...] = ()
    reason: str = ""


def read_codes(text: str) -> tuple[Codes, ...]:
    """From the words of a setting, parted by commas or spaces: "127.0.0.2", "127.0.0.2-127.0.0.11",
    "127.0.1.0/24", or "&14" for answers that have one of these bits set in their last octet.

    Raises ValueError with the rest of a sentence that begins with the name of the setting.
    """
    words = text.replace(",", " ").split()
    if len(words) > MAX_CODES:
        raise ValueError(f"has more than {MAX_CODES} codes")
    return tuple(map(_codes, words))


async def look_up_address(
    ip: str, zone: ListZone, resolver: Resolver, reason: bool = True
) -> Listing:
    """How an address stands on a list (RFC 5782 §2.1 and §2.4). Never raises.

    `reason` asks for the list's text too, where it is listed.
    """
    try:
        address = address_of(ip)
    except ValueError:
        return Listing(zone, Standing.CLEAR)
    # "x.y.in-addr.arpa" and "x.y.ip6.arpa"
    reverse = address.reverse_pointer.rsplit(".", 2)[0]
    return await _look_up(f"{reverse}.{zone.zone}", zone, resolver, reason)


async def look_up_domain(
    domain: str, zone: ListZone, resolver: Resolver, reason: bool = True
) -> Listing:
    """How a domain stands on a list of names (RFC 5782 §3). Never raises.

    Lists of names from links have addresses too, in reverse as lists of addresses do.
    """
    name = domain.lower().removesuffix(".") if domain.isascii() else fold_domain(domain)
    if not name or not _NAME.fullmatch(name):
        return Listing(zone, Standing.CLEAR)
    if name.rpartition(".")[2].isdigit():
        return await look_up_address(name, zone, resolver, reason)
    return await _look_up(f"{name}.{zone.zone}", zone, resolver, reason)


async def trouble(zone: ListZone, resolver: Resolver, names: bool = False) -> str:
    """What speaks against using a list, as a sentence; "" when it works. For a check now and then.

    By RFC 5782 §5 each list has 127.0.0.2 and has not 127.0.0.1; one of names (`names`) has "test"
    and has not "invalid". Lists that are given up come to have everything, or nothing.
    """
    there, absent = ("test", "invalid") if names else ("127.0.0.2", "127.0.0.1")
    look_up = look_up_domain if names else look_up_address
    plain = ListZone(zone.zone, zone.kind)
    on = (await look_up(there, plain, resolver, reason=False)).standing
    off = (await look_up(absent, plain, resolver, reason=False)).standing
    if Standing.REFUSED in (on, off):
        return f"The list {zone.zone} does not answer for the resolver that is in use here."
    if Standing.UNKNOWN in (on, off):
        return f"The list {zone.zone} does not answer for now."
    if off is Standing.LISTED:
        return f"The list {zone.zone} lists everybody; it must not be used."
    if on is Standing.CLEAR:
        return f"The list {zone.zone} is empty: it lacks the entry that every list has for tests."
    return ""


async def _look_up(name: str, zone: ListZone, resolver: Resolver, reason: bool) -> Listing:
    try:
        codes = (await resolver.ipv4(name)).records
    except _NOTHING:
        return Listing(zone, Standing.CLEAR)
    except DnsError:
        return Listing(zone, Standing.UNKNOWN)
    addresses = [IPv4Address(code) for code in codes]
    if not all(map(_about_who_was_asked_for, addresses)):
        return Listing(zone, Standing.REFUSED, codes, await _reason(name, resolver))
    if zone.codes and not any(row.match(int(code)) for row in zone.codes for code in addresses):
        return Listing(zone, Standing.CLEAR, codes)
    return Listing(zone, Standing.LISTED, codes, await _reason(name, resolver) if reason else "")


def _about_who_was_asked_for(code: IPv4Address) -> bool:
    return code in _LOOPBACK and code not in _ERRORS and code not in _MESSAGES


async def _reason(name: str, resolver: Resolver) -> str:
    try:
        records = sorted((await resolver.txt(name)).records)
    except DnsError:
        return ""
    text = "; ".join(record[:MAX_REASON].decode("utf-8", "replace") for record in records[:3])
    return "".join(filter(str.isprintable, text))[:MAX_REASON]


def _codes(word: str) -> Codes:
    mask = _MASK.fullmatch(word)
    try:
        if mask is not None:
            if not 0 < int(mask[1]) < 256:
                raise ValueError
            return Codes(int(_LOOPBACK[0]), int(_LOOPBACK[-1]), int(mask[1]))
        if "-" in word:
            first, last = map(IPv4Address, word.split("-"))
        else:
            network = IPv4Network(word)
            first, last = network[0], network[-1]
    except ValueError as error:
        raise ValueError(f'has the code "{word}", which is none') from error
    if first > last or first not in _LOOPBACK or last not in _LOOPBACK:
        raise ValueError(f'has the code "{word}", which is not within 127.0.0.0/8')
    return Codes(int(first), int(last))

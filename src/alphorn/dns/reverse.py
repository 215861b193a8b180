"""Names of addresses that lead back to them: forward-confirmed reverse DNS (RFC 8601 §3).

Whoever has an address may name it as he likes; only the owner of the name can say that the name
has the address.
"""

from dataclasses import dataclass

from alphorn.base.network import address_of
from alphorn.dns.answers import DnsError, Resolver, Temporary

MAX_NAMES = 5


@dataclass(frozen=True, slots=True)
class Reverse:
    """`name` is a confirmed one or, where none is, the first one claimed, "" without any.

    `temporary`: it is not confirmed and the DNS did not answer all; asking later may help.
    """

    name: str
    confirmed: bool
    temporary: bool


@dataclass(frozen=True, slots=True)
class Names:
    """In the order of the alphabet. `temporary`: not all could be asked."""

    confirmed: tuple[str, ...] = ()
    claimed: tuple[str, ...] = ()
    temporary: bool = False


async def confirmed_name(ip: str, resolver: Resolver) -> Reverse:
    """The name of an address, of at most `MAX_NAMES` that it claims. Never raises DnsError."""
    names = await find_names(ip, resolver, MAX_NAMES, enough=1)
    if names.confirmed:
        return Reverse(names.confirmed[0], True, False)
    return Reverse(names.claimed[0] if names.claimed else "", False, names.temporary)


async def find_names(ip: str, resolver: Resolver, limit: int, enough: int = 0) -> Names:
    """The first `limit` names that an address claims, and those of them that lead back to it.

    With `enough`, no more are asked about when so many are confirmed. Never raises DnsError.
    """
    try:
        address = address_of(ip)
        claimed = (await resolver.ptr(str(address))).records[:limit]
    except ValueError:
        return Names()
    except DnsError as error:
        return Names(temporary=isinstance(error, Temporary))
    ask = resolver.ipv4 if address.version == 4 else resolver.ipv6
    confirmed: list[str] = []
    temporary = False
    for name in claimed:
        try:
            records = (await ask(name)).records
        except DnsError as error:
            temporary |= isinstance(error, Temporary)
            continue
        if any(address_of(record) == address for record in records):
            confirmed.append(name)
            if len(confirmed) == enough:
                break
    return Names(tuple(confirmed), claimed, temporary)

"""Which network a client is taken to be, for limits; and networks as things to look up."""

import ipaddress
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")
IPV4_BITS = 32
IPV6_BITS = 128


def address_of(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address without its scope, an IPv4-mapped one as IPv4 (RFC 4291 §2.5.5.2).

    Raises ValueError for what is none.
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    if address.version == 6 and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def network_of(address: str) -> str:
    """What one client has to itself: an IPv4 address, or an IPv6 /64 (RFC 6177 §2).

    `address` in text form, IPv4-mapped ones as IPv4; what is no address stands for itself.
    """
    if ":" not in address:
        return address
    try:
        number = int(ipaddress.IPv6Address(address.partition("%")[0]))
    except ipaddress.AddressValueError:
        return address
    return f"{ipaddress.IPv6Address(number >> 64 << 64)}/64"


def neighbourhood_of(address: str) -> str:
    """What servers that send for one house usually share: an IPv4 /24, or an IPv6 /64."""
    if ":" in address:
        return network_of(address)
    start, dot, _ = address.rpartition(".")
    return f"{start}.0/24" if dot else address


def read_network(text: str) -> str:
    """A network in the one form that is compared and shown: "192.0.2.1", "192.0.2.0/24",
    "2001:db8::/64". Bits behind the prefix are cut off. Raises ValueError."""
    try:
        found = ipaddress.ip_network(text.strip().strip("[]"), strict=False)
    except ValueError:
        raise ValueError("is to be an IP address or a network such as 192.0.2.0/24") from None
    if isinstance(found, ipaddress.IPv6Network) and found.prefixlen == IPV6_BITS:
        mapped = found.network_address.ipv4_mapped
        return str(mapped) if mapped is not None else str(found.network_address)
    return str(found.network_address) if found.prefixlen == found.max_prefixlen else str(found)


class NetworkMap(Generic[T]):
    """Something for each of some networks, found by an address within them.

    A look-up costs a dictionary access for each length of prefix that occurs.
    """

    __slots__ = ("_by_length",)

    def __init__(self) -> None:
        self._by_length: dict[tuple[int, int], dict[int, T]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._by_length.values()))

    def values(self) -> Iterator[T]:
        for members in self._by_length.values():
            yield from members.values()

    def put(self, network: str, value: T) -> None:
        """`network` as `read_network` gives it."""
        length, number = _key(network)
        self._by_length.setdefault(length, {})[number] = value

    def remove(self, network: str) -> None:
        length, number = _key(network)
        members = self._by_length.get(length)
        if members is not None and members.pop(number, None) is not None and not members:
            del self._by_length[length]

    def matching(self, address: str) -> list[T]:
        """What there is for networks that the address lies in; nothing for what is no address."""
        if not self._by_length:
            return []
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return []
        number, bits = int(parsed), parsed.max_prefixlen
        return [
            members[prefix]
            for (family, shift), members in self._by_length.items()
            if family == bits and (prefix := number >> shift) in members
        ]


class Networks:
    """A set of networks; `address in networks` costs about two microseconds."""

    __slots__ = ("_map",)

    def __init__(self, networks: Iterable[str]) -> None:
        self._map: NetworkMap[bool] = NetworkMap()
        for network in networks:
            self._map.put(network, True)

    def __contains__(self, address: str) -> bool:
        return bool(self._map.matching(address))


def _key(network: str) -> tuple[tuple[int, int], int]:
    """The number of bits of its family and of those behind the prefix; the bits of the prefix."""
    found = ipaddress.ip_network(network)
    shift = found.max_prefixlen - found.prefixlen
    return (found.max_prefixlen, shift), int(found.network_address) >> shift

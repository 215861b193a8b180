"""What a client's address is, and which network it is taken to be, for limits."""

import ipaddress


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

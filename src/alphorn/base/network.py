"""Which network a client is taken to be, for limits."""

import ipaddress


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

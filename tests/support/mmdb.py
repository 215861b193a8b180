"""Writes small databases in MaxMind DB format, from networks and what is to be known of them."""

from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any

MARKER = b"\xab\xcd\xefMaxMind.com"
BUILT = 1_780_000_000

COUNTRIES = {
    "192.0.0.0/16": ("CH", {"en": "Switzerland", "de": "Schweiz", "fr": "Suisse", "es": "Suiza"}),
    "198.51.0.0/16": ("BR", {"en": "Brazil", "de": "Brasilien", "fr": "Brésil", "es": "Brasil"}),
    "203.0.113.0/24": ("IN", {"en": "India", "de": "Indien", "fr": "Inde", "es": "India"}),
    "10.7.0.0/16": ("TD", {"en": "Chad", "de": "Tschad", "fr": "Tchad", "es": "Chad"}),
    "2001:db8::/32": ("NZ", {"en": "New Zealand", "de": "Neuseeland"}),
}


class Pointer(int):
    """To a value at this offset in the section."""


class Wide(int):
    """A whole number of 128 bits."""


def value(given: Any) -> bytes:
    """One value as it stands in the section."""
    match given:
        case Pointer():
            return pointer(given)
        case bool():
            return _head(14, int(given))
        case Wide():
            return _head(10, 16) + given.to_bytes(16, "big")
        case int():
            octets = given.to_bytes((given.bit_length() + 7) // 8, "big")
            return _head(9 if len(octets) > 4 else 6, len(octets)) + octets
        case str():
            return _head(2, len(given.encode())) + given.encode()
        case bytes():
            return _head(4, len(given)) + given
        case float():
            return _head(3, 8) + bytes(8)
        case list():
            return _head(11, len(given)) + b"".join(map(value, given))
        case dict():
            items = (value(key) + value(item) for key, item in given.items())
            return _head(7, len(given)) + b"".join(items)
    raise TypeError(given)


def pointer(at: int, size: int | None = None) -> bytes:
    """In so many octets after the first, 1 to 4; else in the fewest."""
    if size is None:
        size = 1 + (at >= 2048) + (at >= 526_336) + (at >= 134_744_064)
    at -= (0, 2048, 526_336, 0)[size - 1]
    high = 0 if size == 4 else at >> 8 * size
    return bytes((1 << 5 | (size - 1) << 3 | high,)) + (at & (1 << 8 * size) - 1).to_bytes(
        size, "big"
    )


def database(
    networks: Mapping[str, Any],
    *,
    width: int = 28,
    version: int = 6,
    kind: str = "Test-Country",
    built: int = BUILT,
    before: bytes = b"",
    **description: Any,
) -> bytes:
    """The octets of a file. `before` stands first in the section of values; a network's value may
    be octets that are ready."""
    tree: list[list[Any]] = [[None, None]]
    section = bytearray(before)
    bits = 128 if version == 6 else 32
    for network, known in networks.items():
        parsed = ip_network(network)
        number, length = int(parsed.network_address), parsed.prefixlen
        if parsed.version == 4 and version == 6:
            length += 96
        at = len(section)
        section += known if isinstance(known, bytes) else value(known)
        node = 0
        for depth in range(length):
            side = number >> (bits - 1 - depth) & 1
            if depth == length - 1:
                tree[node][side] = ("value", at)
            else:
                if tree[node][side] is None:
                    tree.append([None, None])
                    tree[node][side] = len(tree) - 1
                node = tree[node][side]
    count = len(tree)

    def branch(entry: Any) -> int:
        if entry is None:
            return count
        return count + 16 + entry[1] if isinstance(entry, tuple) else entry

    nodes = b"".join(_node(branch(left), branch(right), width) for left, right in tree)
    about = {
        "node_count": count,
        "record_size": width,
        "ip_version": version,
        "database_type": kind,
        "languages": ["en", "de"],
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "build_epoch": built,
        "description": {"en": "Made for a test"},
    }
    return nodes + bytes(16) + bytes(section) + MARKER + value(about | description)


def countries(
    networks: Mapping[str, tuple[str, Mapping[str, str]]] = COUNTRIES, **more: Any
) -> bytes:
    """As MaxMind's and DB-IP's are."""
    records = {
        network: {
            "continent": {"code": "XX", "geoname_id": 7},
            "country": {"geoname_id": 2_658_434, "iso_code": code, "names": dict(names)},
            "registered_country": {"iso_code": "US"},
        }
        for network, (code, names) in networks.items()
    }
    return database(records, **more)


def write(path: Path, octets: bytes) -> Path:
    """In the place of what is there, as a careful operator does."""
    fresh = path.with_suffix(".new")
    fresh.write_bytes(octets)
    fresh.replace(path)
    return path


def _head(kind: int, size: int) -> bytes:
    more = b""
    if size >= 65_821:
        size, more = 31, (size - 65_821).to_bytes(3, "big")
    elif size >= 285:
        size, more = 30, (size - 285).to_bytes(2, "big")
    elif size >= 29:
        size, more = 29, (size - 29).to_bytes(1, "big")
    first = bytes((kind << 5 | size,)) if kind < 8 else bytes((size, kind - 7))
    return first + more


def _node(left: int, right: int, width: int) -> bytes:
    if width == 28:
        middle = (left >> 24) << 4 | right >> 24
        return (
            (left & 0xFFFFFF).to_bytes(3, "big")
            + bytes((middle,))
            + (right & 0xFFFFFF).to_bytes(3, "big")
        )
    return left.to_bytes(width // 8, "big") + right.to_bytes(width // 8, "big")

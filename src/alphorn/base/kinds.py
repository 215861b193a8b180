"""The kinds of values that settings have: how each is read from TOML, checked and described.

A kind is a pure function from what TOML gives (str, int, float, bool, list) to a plain value. It
raises `ValueError` with a sentence that says what would be right; the reader of the settings adds
which key it was. Amounts and durations may be written for people ("50 MiB", "5 d") or as numbers.
"""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Generic, TypeVar

from alphorn.base.address import AddressError, parse_foreign
from alphorn.base.network import read_network
from alphorn.base.secret import Secret

T = TypeVar("T")

MAX_PORT = 65535
DNS_PORT = 53
MAX_NAME = 253
MAX_SOCKET_PATH = 107
"""Octets of the path of a Unix socket that Linux takes."""

_AMOUNT = re.compile(r"([0-9]+)\s*([A-Za-z]*)")
_LABEL = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)")
_OCTETS = {"": 1, "b": 1, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40}
_SECONDS = {"": 1, "s": 1, "min": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """`read` turns a TOML value into a checked one; `name` says in the reference what to write."""

    name: str
    read: Callable[[object], T]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a listener binds; `address` is None for every address of `listen.addresses`."""

    address: str | None
    port: int


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where another program is reached: `host` (a name or an IP address) and `port`; or `path`, of
    a Unix socket."""

    host: str = ""
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.path or f"{host}:{self.port}"


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("is to be a string in quotes")
    if any(ord(char) < 32 for char in value):
        raise ValueError("is not to contain control characters")
    return value


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("is to be true or false")
    return value


def _host(value: object) -> str:
    name = _text(value).rstrip(".").lower()
    if not name or len(name) > MAX_NAME or not all(map(_LABEL.fullmatch, name.split("."))):
        raise ValueError("is to be a host name such as mail.example.org (ASCII; xn-- for others)")
    return name


def _address(value: object) -> str:
    try:
        return str(ipaddress.ip_address(_text(value).strip("[]")))
    except ValueError:
        raise ValueError("is to be an IP address such as 0.0.0.0 or ::") from None


def _mail_address(value: object) -> str:
    text = _text(value)
    try:
        return str(parse_foreign(text)) if text else ""
    except AddressError as error:
        raise ValueError(f"is not a mail address: {error}") from None


def _place(value: object) -> Place:
    address, _, port = str(value).rpartition(":")
    if isinstance(value, bool) or not port.isascii() or not port.isdigit():
        raise ValueError('is to be a port, "address:port", a list of these, or "off"')
    if not 1 <= int(port) <= MAX_PORT:
        raise ValueError(f"has a port that is not between 1 and {MAX_PORT}")
    return Place(_address(address) if address else None, int(port))


def _places(value: object) -> tuple[Place, ...]:
    if value == "off":
        return ()
    return tuple(_place(item) for item in (value if isinstance(value, list) else [value]))


def _path(value: object) -> PurePath | None:
    text = _text(value)
    return PurePath(text) if text else None


def _scaled(value: object, units: dict[str, int], example: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = _AMOUNT.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or match[2].lower() not in units:
        raise ValueError(f"is to be a number or a text such as {example}")
    return int(match[1]) * units[match[2].lower()]


def _between(number: int, low: int, high: int) -> int:
    if not low <= number <= high:
        raise ValueError(f"is to be between {low} and {high}")
    return number


TEXT: Kind[str] = Kind("text", _text)
MAIL_ADDRESS: Kind[str] = Kind("mail address; empty for none", _mail_address)
BOOLEAN: Kind[bool] = Kind("true or false", _boolean)
HOST: Kind[str] = Kind("host name", _host)
ADDRESSES: Kind[tuple[str, ...]]
PLACES: Kind[tuple[Place, ...]] = Kind('port, "address:port", a list of these, or "off"', _places)
PATH: Kind[PurePath | None] = Kind("path, relative to the data folder; empty for none", _path)


def whole(low: int, high: int) -> Kind[int]:
    """A whole number between two others."""

    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError("is to be a whole number")
        return _between(value, low, high)

    return Kind(f"number, {low} to {high}", read)


def decimal(low: float, high: float) -> Kind[float]:
    """A number between two others, with a fraction or without."""

    def read(value: object) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise ValueError("is to be a number")
        if not low <= value <= high:  # nor is it "not a number"
            raise ValueError(f"is to be between {low:g} and {high:g}")
        return float(value)

    return Kind(f"number, {low:g} to {high:g}", read)


def octets(low: int, high: int) -> Kind[int]:
    """An amount of data in octets."""
    return Kind(
        'octets, or a text such as "50 MiB"',
        lambda value: _between(_scaled(value, _OCTETS, '"50 MiB"'), low, high),
    )


def seconds(low: int, high: int) -> Kind[int]:
    """A duration in seconds."""
    return Kind(
        'seconds, or a text such as "10 min", "4 h" or "5 d"',
        lambda value: _between(_scaled(value, _SECONDS, '"10 min", "4 h" or "5 d"'), low, high),
    )


def one_of(*words: str) -> Kind[str]:
    """One of a few words."""

    def read(value: object) -> str:
        if value not in words:
            raise ValueError("is to be one of " + ", ".join(f'"{word}"' for word in words))
        return str(value)

    return Kind("one of " + ", ".join(f'"{word}"' for word in words), read)


def _extension(value: object) -> str:
    text = _text(value).lower().lstrip(".")
    if not text or set(text) & set("./\\ "):
        raise ValueError('is to be the extension of a file name such as ".exe"')
    return text


EXTENSION: Kind[str] = Kind('extension such as ".exe"', _extension)


def list_of(kind: Kind[T]) -> Kind[tuple[T, ...]]:
    """A list, each entry of one kind; a single entry may stand without brackets."""

    def read(value: object) -> tuple[T, ...]:
        return tuple(kind.read(item) for item in (value if isinstance(value, list) else [value]))

    return Kind(f"list of: {kind.name}", read)


def _server(value: object) -> Place:
    """An IP address, with a port or without (then 53); IPv6 with a port stands in brackets."""
    text = _text(value)
    try:
        return Place(_address(text), DNS_PORT)
    except ValueError:
        place = _place(text)
        if place.address is None:
            raise ValueError('is to be an IP address, or "address:port"') from None
        return place


def _endpoint(value: object) -> Endpoint | None:
    text = _text(value)
    if not text:
        return None
    if text.startswith("/"):
        if len(text.encode()) > MAX_SOCKET_PATH:
            raise ValueError(f"is a path of more than {MAX_SOCKET_PATH} octets")
        return Endpoint(path=text)
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 1 <= int(port) <= MAX_PORT:
        raise ValueError('is to be "host:port" or the whole path of a Unix socket')
    try:
        return Endpoint(_address(host), int(port))
    except ValueError:
        return Endpoint(_host(host), int(port))


def _secret(value: object) -> Secret | None:
    text = _text(value)
    return Secret(text) if text else None


ENDPOINT: Kind[Endpoint | None] = Kind(
    '"host:port", or the path of a Unix socket; empty for none', _endpoint
)
SECRET: Kind[Secret | None] = Kind("text that is never shown; empty for none", _secret)
ADDRESS: Kind[str] = Kind("IP address", _address)
SERVERS: Kind[tuple[Place, ...]] = list_of(Kind('IP address, or "address:port"', _server))
ADDRESSES = list_of(ADDRESS)
NETWORKS: Kind[tuple[str, ...]] = list_of(
    Kind('IP address or network such as "192.0.2.0/24"', lambda value: read_network(_text(value)))
)

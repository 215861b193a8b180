"""The ports of the service: one table, and how they are bound.

All are bound by the supervisor before it gives up root, and inherited by every worker. With
`--local` each has a high port on loopback instead, so that nobody needs root to try Alphorn.
"""

import errno
import ipaddress
import os
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from alphorn.base import settings as table
from alphorn.base.errors import Refused
from alphorn.base.kinds import MAX_PORT, Place
from alphorn.base.settings import Setting, Settings

BACKLOG = 4096
LOCAL_ADDRESS = "127.0.0.1"
_UNSUPPORTED = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT}


class Security(Enum):
    NONE = "none"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"


@dataclass(frozen=True, slots=True)
class Limits:
    """How many connections at a time, in total and from one client network."""

    total: Setting[int]
    per_network: Setting[int]


@dataclass(frozen=True, slots=True)
class Listener:
    """`busy` is said to a client that is turned away, where that can be said without TLS."""

    name: str
    role: str
    setting: Setting[tuple[Place, ...]]
    local_port: int
    security: Security
    limits: Limits | None
    busy: bytes = b""


MX_LIMITS = Limits(table.MX_CONNECTIONS, table.MX_CONNECTIONS_PER_NETWORK)
SUBMISSION_LIMITS = Limits(table.SUBMISSION_CONNECTIONS, table.SUBMISSION_CONNECTIONS_PER_NETWORK)
IMAP_LIMITS = Limits(table.IMAP_CONNECTIONS, table.IMAP_CONNECTIONS_PER_NETWORK)
SIEVE_LIMITS = Limits(table.SIEVE_CONNECTIONS, table.SIEVE_CONNECTIONS_PER_NETWORK)
WEB_LIMITS = Limits(table.WEB_CONNECTIONS, table.WEB_CONNECTIONS_PER_NETWORK)
SMTP_BUSY = b"421 4.7.0 Too many connections at the moment, try again later\r\n"
IMAP_BUSY = b"* BYE [UNAVAILABLE] Too many connections at the moment, try again later\r\n"
SIEVE_BUSY = b'BYE (TRYLATER) "Too many connections at the moment, try again later"\r\n'
HTTP_BUSY = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 30\r\n\r\n"

WEB = "web"
"""The role whose listeners a process of its own serves."""

LISTENERS: tuple[Listener, ...] = (
    Listener("smtp", "mx", table.LISTEN_SMTP, 2525, Security.STARTTLS, MX_LIMITS, SMTP_BUSY),
    Listener(
        "submissions",
        "submission",
        table.LISTEN_SUBMISSIONS,
        2465,
        Security.IMPLICIT,
        SUBMISSION_LIMITS,
    ),
    Listener(
        "submission",
        "submission",
        table.LISTEN_SUBMISSION,
        2587,
        Security.STARTTLS,
        SUBMISSION_LIMITS,
        SMTP_BUSY,
    ),
    Listener("imap", "imap", table.LISTEN_IMAP, 2143, Security.STARTTLS, IMAP_LIMITS, IMAP_BUSY),
    Listener("imaps", "imap", table.LISTEN_IMAPS, 2993, Security.IMPLICIT, IMAP_LIMITS),
    Listener(
        "sieve", "sieve", table.LISTEN_SIEVE, 2190, Security.STARTTLS, SIEVE_LIMITS, SIEVE_BUSY
    ),
    Listener("http", WEB, table.LISTEN_HTTP, 2080, Security.NONE, WEB_LIMITS, HTTP_BUSY),
    Listener("https", WEB, table.LISTEN_HTTPS, 2443, Security.IMPLICIT, WEB_LIMITS),
    Listener("metrics", "", table.METRICS_LISTEN, 2090, Security.NONE, None),
)
BY_NAME = {listener.name: listener for listener in LISTENERS}


@dataclass(frozen=True, slots=True)
class Binding:
    """One port to bind: which listener it is for, and where."""

    listener: Listener
    address: str
    port: int

    def __str__(self) -> str:
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.listener.name} {address}:{self.port}"


@dataclass(frozen=True, slots=True)
class Bound:
    """A listening socket."""

    binding: Binding
    socket: socket.socket


def bindings(
    settings: Settings, roles: Sequence[str], local: bool, offset: int
) -> tuple[Binding, ...]:
    """Which ports an instance with these roles binds. Raises Refused where a port is impossible."""
    addresses = settings[table.LISTEN_ADDRESSES]
    if local:
        addresses = tuple(a for a in addresses if ipaddress.ip_address(a).is_loopback)
        addresses = addresses or (LOCAL_ADDRESS,)
    found = {
        Binding(listener, address, place.port + offset): None
        for listener in LISTENERS
        if not listener.role or listener.role in roles
        for place in _places(listener, settings, local)
        for address in ([place.address] if place.address else addresses)
    }
    for binding in found:
        if not 1 <= binding.port <= MAX_PORT:
            raise Refused(f"{binding} is not a port; choose another offset.", code="port")
    return tuple(found)


def _places(listener: Listener, settings: Settings, local: bool) -> Sequence[Place]:
    places = settings[listener.setting]
    return [Place(None, listener.local_port)] if local and places else places


def bind(wanted: Iterable[Binding], tolerant: bool) -> list[Bound]:
    """Bind them all, or none. Raises Refused that names each port which cannot be had, and why.

    `tolerant` leaves out the IPv6 wildcard on a machine without IPv6.
    """
    bound: list[Bound] = []
    errors: list[str] = []
    for binding in wanted:
        try:
            bound.append(Bound(binding, _listening(binding)))
        except OSError as error:
            if not (tolerant and error.errno in _UNSUPPORTED and binding.address == "::"):
                errors.append(f"{binding}: {_why(error)}")
    if errors:
        for one in bound:
            one.socket.close()
        raise Refused("Cannot listen on " + "; ".join(errors) + ".", code="listen")
    return bound


def adopt(binding: Binding, handle: int) -> Bound:
    """A socket inherited from the program that this one replaces."""
    return Bound(binding, socket.socket(fileno=handle))


def _listening(binding: Binding) -> socket.socket:
    family = socket.AF_INET6 if ":" in binding.address else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind((binding.address, binding.port))
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return listening


def _why(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "another program has this port"
    if error.errno == errno.EACCES:
        return "this port needs root (or try it with --local)"
    if error.errno in _UNSUPPORTED:
        return "this machine does not have that address"
    return os.strerror(error.errno or 0)

"""What connections in a worker share: the parts of their listener, and the crowd that they are."""

import asyncio
import ipaddress
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from alphorn.servers.connection import Session
from alphorn.servers.threads import ThreadPool
from alphorn.servers.wheel import Wheel

if TYPE_CHECKING:
    from alphorn.servers.transport import Connection

STALL_SECONDS = 300.0
LINGER_SECONDS = 2.0


class Crowd:
    """The connections of a worker that are up."""

    __slots__ = ("_connections", "_empty")

    def __init__(self) -> None:
        self._connections: set[Connection] = set()
        self._empty = asyncio.Event()
        self._empty.set()

    def __len__(self) -> int:
        return len(self._connections)

    def __iter__(self) -> "Iterator[Connection]":
        """A snapshot: connections may come and go meanwhile."""
        return iter(tuple(self._connections))

    def add(self, connection: "Connection") -> None:
        self._connections.add(connection)
        self._empty.clear()

    def discard(self, connection: "Connection") -> None:
        self._connections.discard(connection)
        if not self._connections:
            self._empty.set()

    async def empty(self) -> None:
        """Return when there are none."""
        await self._empty.wait()


@dataclass(slots=True)
class Host:
    """What the connections of one listener in a worker share.

    `open_session` makes the session of a connection; `context` gives the TLS context of the
    moment, and `implicit_tls` says that the handshake comes first. `asking` gives another context
    for clients (by address) that are asked for a certificate, None for all others. `connections`
    are those that are up, of all listeners, so that a stop can end them. `leave` is told the
    network of each that is gone (see `admission`).
    """

    loop: asyncio.AbstractEventLoop
    wheel: Wheel
    pool: ThreadPool
    long_pool: ThreadPool
    open_session: Callable[[], Session]
    context: Callable[[], ssl.SSLContext] | None = None
    implicit_tls: bool = False
    asking: Callable[[str], ssl.SSLContext | None] = lambda client: None
    leave: Callable[[int], None] = lambda network: None
    handshake_seconds: float = 30.0
    stall_seconds: float = STALL_SECONDS
    linger_seconds: float = LINGER_SECONDS
    connections: Crowd = field(default_factory=Crowd)
    handshakes_failed: Callable[[], None] = lambda: None


def plain_address(address: str) -> str:
    """An IP address without a zone, an IPv4-mapped one as IPv4."""
    if ":" not in address:
        return address
    address = address.partition("%")[0]
    mapped = ipaddress.IPv6Address(address).ipv4_mapped
    return str(mapped) if mapped is not None else address

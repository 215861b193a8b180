"""One connection to an engine, on a plain socket that the event loop watches.

Not on asyncio's streams: an engine that has enough of a message says so and hangs up while we are
still sending, and a stream that fails to send drops what it could have read.
"""

import asyncio
import ipaddress
import os
import socket

from alphorn.base.kinds import Endpoint

READ_OCTETS = 65_536
SMALL = 262_144
"""Parts up to so many octets together are sent in one piece."""
MAX_TRIED = 4
"""Addresses of a host that are tried, one after the other."""

Octets = bytes | memoryview


class Line:
    """Used by one task at a time. It has no time limit of its own: the caller sets one. What is
    raised is OSError."""

    __slots__ = ("_loop", "_socket", "idle_since")

    def __init__(self, connected: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        self._socket = connected
        self._loop = loop
        self.idle_since = 0.0

    @staticmethod
    async def open(endpoint: Endpoint) -> "Line":
        loop = asyncio.get_running_loop()
        if endpoint.path:
            return await _connect(loop, socket.AF_UNIX, endpoint.path)
        problem: OSError = OSError("the host has no address")
        for family, address in await _addresses(loop, endpoint):
            try:
                return await _connect(loop, family, address)
            except OSError as error:
                problem = error
        raise problem

    async def send(self, *parts: Octets) -> None:
        if sum(map(len, parts)) <= SMALL:
            parts = (b"".join(parts),)
        for part in parts:
            await self._loop.sock_sendall(self._socket, part)

    async def receive(self) -> bytes:
        """Something; nothing at the end."""
        return await self._loop.sock_recv(self._socket, READ_OCTETS)

    def close(self) -> None:
        self._socket.close()


def reason(error: OSError) -> str:
    """In the system's words; asyncio has its own."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)


async def _connect(
    loop: asyncio.AbstractEventLoop, family: int, address: str | tuple[object, ...]
) -> Line:
    connecting = socket.socket(family, socket.SOCK_STREAM)
    try:
        connecting.setblocking(False)
        if family != socket.AF_UNIX:
            connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await loop.sock_connect(connecting, address)
    except BaseException:
        connecting.close()
        raise
    return Line(connecting, loop)


async def _addresses(
    loop: asyncio.AbstractEventLoop, endpoint: Endpoint
) -> list[tuple[int, tuple[object, ...]]]:
    """Of a name those that the system knows, else the address itself."""
    try:
        version = ipaddress.ip_address(endpoint.host).version
    except ValueError:
        found = await loop.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
        return [(family, address) for family, _, _, _, address in found[:MAX_TRIED]]
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    return [(family, (endpoint.host, endpoint.port))]

"""The one adapter between protocol sessions and sockets: TLS, time, backpressure, write batching.

A session is a plain object with the methods of `Session`; it never sees a transport. All its
methods are called on the event loop, one at a time.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end. `address` is an IP address in text form, IPv4-mapped as IPv4."""

    address: str
    port: int
    local_address: str
    local_port: int


class Session(Protocol):
    """What a protocol gives the adapter."""

    def connected(self, io: "IO") -> None:
        """The connection is up (with implicit TLS: after the handshake). Send the greeting."""

    def received(self, data: bytes) -> None:
        """Bytes from the other side. Not called while reading is paused."""

    def secured(self) -> None:
        """STARTTLS that the session asked for is done. Plaintext sent ahead is gone."""

    def timed_out(self) -> None:
        """Nothing came for the time given to `IO.timeout`. Say goodbye and close."""

    def closed(self) -> None:
        """The connection is gone, for whatever reason. Called exactly once."""

    def shutdown(self) -> None:
        """The service stops: finish what was acknowledged, say goodbye (421, * BYE) and close."""


class IO(Protocol):
    """What the adapter gives a session."""

    peer: Peer
    tls: bool

    def write(self, data: bytes) -> None:
        """Queue bytes; all that is written in one turn of the loop leaves in one system call."""

    def pause(self, ended: Callable[[], None] | None = None) -> None:
        """No `received` until `resume`; while an operation runs, to keep commands in order.

        `ended` is called when the other side closes its end meanwhile, or has done so, and
        everything that it sent was delivered: for an operation that is of no use without more.
        """

    def resume(self) -> None: ...

    def start_tls(self) -> None:
        """Flush, discard what was received ahead, shake hands, then call `Session.secured`."""

    def close(self) -> None:
        """Flush, then close."""

    def abort(self) -> None: ...

    def timeout(self, seconds: float) -> None:
        """From now on, call `timed_out` when nothing is received for so long. 0 turns it off."""

    def run(self, work: Callable[..., T], *args: Any) -> "asyncio.Future[T]":
        """Run blocking work that is soon done (a commit, a read) in the thread pool."""

    def run_long(self, work: Callable[..., T], *args: Any) -> "asyncio.Future[T]":
        """The same for what may take long (a search, hashing a password): commits never wait for
        it."""

    async def drain(self) -> None:
        """Return when the other side has taken enough of what was written (long replies)."""

    def tls_info(self) -> ssl.SSLObject | None: ...

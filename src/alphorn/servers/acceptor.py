"""Accepting connections on a socket that several workers share.

Every worker is woken for a new connection. It takes one at a time, and steps back for a moment
when another has fewer, so that all get a fair share; a worker that is busy or stuck only delays
the others by `YIELD_SECONDS`.
"""

import asyncio
import logging
import socket
from collections.abc import Callable

from alphorn.servers.admission import REFUSED, Gate, RoleLimits
from alphorn.servers.host import Host, plain_address
from alphorn.servers.listeners import Bound, Listener, Security
from alphorn.servers.metrics import Metrics
from alphorn.servers.transport import Connection

YIELD_SECONDS = 0.001
EXHAUSTED_SECONDS = 0.5

_log = logging.getLogger(__name__)
_UNLIMITED = RoleLimits(1 << 30, 1 << 30)


class Acceptor:
    """One listening socket in one worker."""

    def __init__(
        self,
        bound: Bound,
        host: Host,
        gate: Gate,
        limits: RoleLimits | None,
        metrics: Metrics,
        turn_away: Callable[[Listener, str], bytes | None] = lambda listener, client: None,
    ) -> None:
        """`turn_away` gives what a client is told who may not come in, None for the others."""
        self._listener = bound.binding.listener
        self._socket = bound.socket
        self._host = host
        self._gate = gate
        self._limits = limits or _UNLIMITED
        self._metrics = metrics
        self._asked = turn_away
        self._tasks: set[asyncio.Task[None]] = set()
        self._pausing: asyncio.TimerHandle | None = None
        host.leave = lambda network: gate.leave(self._listener.role, network)

    def start(self) -> None:
        self._host.loop.add_reader(self._socket.fileno(), self._ready)

    async def stop(self) -> None:
        """Accept no more. On return every connection that was accepted is up, and goes on."""
        if self._pausing is not None:
            self._pausing.cancel()
            self._pausing = None
        self._host.loop.remove_reader(self._socket.fileno())
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _ready(self) -> None:
        if self._gate.mine_to_take():
            self._accept()
        else:
            self._pause(YIELD_SECONDS)

    def _pause(self, seconds: float) -> None:
        self._host.loop.remove_reader(self._socket.fileno())
        self._pausing = self._host.loop.call_later(seconds, self._go_on)

    def _go_on(self) -> None:
        self._pausing = None
        self.start()
        self._accept()

    def _accept(self) -> None:
        try:
            accepted, where = self._socket.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # another worker was faster, or the client gave up
        except OSError as error:
            _log.error("cannot accept connections for a moment: %s", error)
            self._pause(EXHAUSTED_SECONDS)
            return
        accepted.setblocking(False)
        client = plain_address(where[0])
        words = self._asked(self._listener, client)
        if words is not None:
            self._turn_away(accepted, words)
            return
        network = self._gate.enter(self._listener.role, self._limits, client)
        if network == REFUSED:
            self._turn_away(accepted, self._listener.busy)
            return
        self._metrics.opened(self._listener.name)
        task = self._host.loop.create_task(self._connect(accepted, network))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, accepted: socket.socket, network: int) -> None:
        connection = Connection(self._host, network)
        try:
            await self._host.loop.connect_accepted_socket(lambda: connection, accepted)
        except OSError as error:
            connection.connection_lost(error)
            accepted.close()

    def _turn_away(self, accepted: socket.socket, words: bytes) -> None:
        self._metrics.refused(self._listener.name)
        try:
            if self._listener.security is not Security.IMPLICIT:
                accepted.send(words)
        except OSError:
            pass  # it is gone already
        accepted.close()

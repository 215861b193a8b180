"""The adapter of `servers.connection` over asyncio: one `Connection` per socket.

A connection goes one way:

    HANDSHAKE -> OPEN -> CLOSING -> CLOSED
        ^         |         sent what was written, our end is closed, waiting for theirs
        +---------+ STARTTLS

* Writes of one turn of the loop are joined and leave together; TLS records are made once, from
  the joined bytes.
* Nothing is delivered to a session that is paused, nor while the other side does not take what
  was written to it: both then stop the reading, so that memory stays bounded by one read.
* A connection is closed by closing our end first and reading the other's away for a moment: a
  plain close with unread input makes TCP discard what the other side has not read yet, among it
  the reply that says why (RFC 9293 §3.6.1 sends a reset then).
* An exception in a session costs that connection only; it is logged.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable
from enum import IntEnum
from typing import Any, TypeVar, cast

from alphorn.servers.connection import Peer, Session
from alphorn.servers.host import Host, plain_address
from alphorn.servers.records import Records

T = TypeVar("T")

WRITE_HIGH = 256 << 10
WRITE_LOW = 64 << 10
FLUSH_AT = 128 << 10
FLUSH_SECONDS = 30.0

_log = logging.getLogger(__name__)


class State(IntEnum):
    HANDSHAKE = 0
    OPEN = 1
    CLOSING = 2
    CLOSED = 3


class Connection(asyncio.Protocol):
    """Implements `IO` for its session and asyncio's protocol for the event loop."""

    __slots__ = (
        "_congested",
        "_end_wanted",
        "_ended",
        "_heard",
        "_held",
        "_host",
        "_network",
        "_out",
        "_out_octets",
        "_paused",
        "_records",
        "_session",
        "_since",
        "_state",
        "_stopped",
        "_timeout",
        "_transport",
        "_turn",
        "_waiter",
        "peer",
        "slot",
        "tls",
    )

    def __init__(self, host: Host, network: int = 0) -> None:
        self._host = host
        self._network = network
        self._session: Session | None = None
        self._records: Records | None = None
        self._state = State.HANDSHAKE
        self._out: list[bytes] = []
        self._out_octets = 0
        self._turn = False  # a flush is certain to come in this turn of the loop
        self._held = b""  # received while it could not be delivered
        self._paused = False  # by the session
        self._congested = False  # the other side does not take what we write
        self._stopped = False  # reading from the socket is off
        self._ended = False  # the other side will send no more
        self._end_wanted: Callable[[], None] | None = None  # by the session, while it is paused
        self._timeout = 0.0
        self._heard = host.wheel.now
        self._since = host.wheel.now  # when the present state, or the congestion, began
        self._waiter: asyncio.Future[None] | None = None
        self.slot = 0
        self.tls = False

    # -- IO, for the session -----------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        if self._state >= State.CLOSING:
            return
        self._out.append(data)
        self._out_octets += len(data)
        if self._out_octets >= FLUSH_AT:
            self._flush()
        elif not self._turn:
            self._turn = True
            self._host.loop.call_soon(self._end_turn)

    def pause(self, ended: Callable[[], None] | None = None) -> None:
        self._paused = True
        self._end_wanted = ended
        if ended is not None and self._ended:
            self._host.loop.call_soon(self._tell_end)

    def resume(self) -> None:
        if self._paused:
            self._paused = False
            self._end_wanted = None
            self._heard = self._host.wheel.now
            if self._held or self._stopped or self._ended:
                self._host.loop.call_soon(self._catch_up)

    def start_tls(self) -> None:
        if self._host.context is None or self.tls or self._state is not State.OPEN:
            raise RuntimeError("STARTTLS is not possible here")
        self._flush()
        self._held = b""
        self._begin_handshake()
        if self._stopped:
            self._stopped = False
            self._transport.resume_reading()

    def close(self) -> None:
        if self._state >= State.CLOSING:
            return
        self._flush()
        if self._state >= State.CLOSING:
            return  # what was flushed broke the connection
        self._enter(State.CLOSING)
        self._held = b""
        if self._records is not None and self.tls:
            self._send(self._records.goodbye())
        self._wake_waiter()
        self._host.wheel.arm(self, self._since + self._host.linger_seconds)
        if self._transport.is_closing():
            return
        if self._ended or not self._transport.can_write_eof():
            self._transport.close()
            return
        self._transport.write_eof()
        if self._stopped:
            self._stopped = False
            self._transport.resume_reading()

    def abort(self) -> None:
        if self._state < State.CLOSED:
            if self._state < State.CLOSING:
                self._enter(State.CLOSING)
            self._out.clear()
            self._transport.abort()

    def timeout(self, seconds: float) -> None:
        self._timeout = seconds
        wheel = self._host.wheel
        self._heard = wheel.now
        if seconds and self._state is State.OPEN:
            wheel.arm(self, wheel.now + seconds)

    def run(self, work: Callable[..., T], *args: Any) -> "asyncio.Future[T]":
        return self._host.pool.run(work, *args)

    def run_long(self, work: Callable[..., T], *args: Any) -> "asyncio.Future[T]":
        return self._host.long_pool.run(work, *args)

    async def drain(self) -> None:
        self._flush()
        if self._congested and self._state < State.CLOSING:
            if self._waiter is None or self._waiter.done():
                self._waiter = self._host.loop.create_future()
            await self._waiter

    def tls_info(self) -> ssl.SSLObject | None:
        return self._records.object if self._records is not None and self.tls else None

    # -- asyncio's protocol, for the event loop ----------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer, local = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        if not peer or not local:
            self.peer = Peer("", 0, "", 0)  # it went away in the meantime
            self._transport.abort()
            return
        self.peer = Peer(plain_address(peer[0]), peer[1], plain_address(local[0]), local[1])
        self._transport.set_write_buffer_limits(high=WRITE_HIGH, low=WRITE_LOW)
        self._host.connections.add(self)
        if self._host.implicit_tls:
            self._begin_handshake()
        else:
            self._open()

    def data_received(self, data: bytes) -> None:
        self._heard = self._host.wheel.now
        if self._records is not None and self._state < State.CLOSING:
            data = self._take_records(self._records, data)
        if data:
            self._deliver(data)

    def eof_received(self) -> bool:
        """The other side closed its end. An operation that runs is still answered (True: we close).

        A command line client that pipes its commands in closes its end as soon as it has written.
        """
        self._ended = True
        if self._state is State.OPEN and (self._paused or self._held or self._congested):
            self._tell_end()
            return self._state is State.OPEN
        if self._state is State.OPEN:
            self.close()
        return False

    def pause_writing(self) -> None:
        if not self._congested:
            self._congested = True
            self._since = self._host.wheel.now
            self._host.wheel.arm(self, self._since + self._host.stall_seconds)

    def resume_writing(self) -> None:
        if self._congested:
            self._congested = False
            self._heard = self._host.wheel.now
            self._wake_waiter()
            # Not at once: this can be called from within the session's own write.
            self._host.loop.call_soon(self._catch_up)

    def connection_lost(self, error: Exception | None) -> None:
        if self._state is State.CLOSED:
            return
        self._state = State.CLOSED
        self._host.connections.discard(self)
        self._host.wheel.disarm(self)
        self._out.clear()
        self._held = b""
        self._wake_waiter()
        self._host.leave(self._network)
        if self._session is not None:
            self._guard(self._session.closed)

    # -- the wheel ---------------------------------------------------------------------------------

    def due(self, now: float) -> float:
        host = self._host
        if self._state is State.HANDSHAKE:
            if now - self._since >= host.handshake_seconds:
                host.handshakes_failed()
                self.abort()
                return 0
            return self._since + host.handshake_seconds
        if self._state is State.CLOSING:
            sending = self._transport.get_write_buffer_size() > 0
            if not sending or now - self._since >= FLUSH_SECONDS:
                self.abort()
                return 0
            return now + host.linger_seconds
        if self._congested:
            if now - self._since >= host.stall_seconds:
                self.abort()
                return 0
            return self._since + host.stall_seconds
        if not self._timeout:
            return 0
        if self._paused:
            self._heard = now  # silence is ours while an operation runs
        elif now - self._heard >= self._timeout:
            self._heard = now  # asked again after as long, should the session go on
            if self._session is not None:
                self._guard(self._session.timed_out)
        return self._heard + self._timeout if self._state is State.OPEN else 0

    # -- the service -------------------------------------------------------------------------------

    def shutdown(self) -> None:
        """The service stops."""
        if self._state is State.OPEN and self._session is not None:
            self._guard(self._session.shutdown)
        elif self._state is State.HANDSHAKE:
            self.abort()

    # -- inside ------------------------------------------------------------------------------------

    def _enter(self, state: State) -> None:
        self._state = state
        self._since = self._host.loop.time()

    def _open(self) -> None:
        self._enter(State.OPEN)
        if self._timeout:
            self._host.wheel.arm(self, self._since + self._timeout)
        session = self._session
        self._turn = True
        if session is None:
            self._session = session = self._host.open_session()
            self._guard(lambda: session.connected(self))
        else:
            self._guard(session.secured)
        self._end_turn()

    def _guard(self, call: Callable[[], None]) -> None:
        """Call the session; its failure ends the connection and nothing else."""
        try:
            call()
        except Exception:
            _log.exception("a session failed", extra={"peer": self.peer.address})
            self.abort()

    def _deliver(self, data: bytes) -> None:
        if self._state is not State.OPEN:
            return
        if self._paused or self._congested or self._held:
            self._held += data
            self._stop_reading()
            return
        session = cast(Session, self._session)
        outer, self._turn = self._turn, True
        try:
            session.received(data)
        except Exception:
            _log.exception("a session failed", extra={"peer": self.peer.address})
            self.abort()
        if not outer:
            self._end_turn()

    def _catch_up(self) -> None:
        """Reading may go on: deliver what was held, then let the socket speak again."""
        if self._paused or self._congested or self._state is not State.OPEN:
            return
        if self._held:
            data, self._held = self._held, b""
            self._deliver(data)
        if self._paused or self._congested or self._held or self._state is not State.OPEN:
            return
        if self._ended:
            self.close()
        elif self._stopped:
            self._stopped = False
            self._transport.resume_reading()

    def _tell_end(self) -> None:
        if self._end_wanted is not None and not self._held and self._state is State.OPEN:
            self._guard(self._end_wanted)

    def _stop_reading(self) -> None:
        if not self._stopped and not self._ended:
            self._stopped = True
            self._transport.pause_reading()

    def _end_turn(self) -> None:
        self._turn = False
        if self._out:
            self._flush()

    def _flush(self) -> None:
        """Hand what was written to the transport; before a handshake is over nothing leaves."""
        if not self._out or self._state is not State.OPEN:
            return
        data = self._out[0] if len(self._out) == 1 else b"".join(self._out)
        self._out.clear()
        self._out_octets = 0
        if self._records is not None:
            try:
                data = self._records.encrypt(data)
            except ssl.SSLError:
                self.abort()
                return
        self._send(data)

    def _send(self, data: bytes) -> None:
        if data and not self._transport.is_closing():
            self._transport.write(data)

    def _begin_handshake(self) -> None:
        context = self._host.context
        assert context is not None
        self._records = Records(self._host.asking(self.peer.address) or context())
        self._enter(State.HANDSHAKE)
        self._host.wheel.arm(self, self._since + self._host.handshake_seconds)

    def _take_records(self, records: Records, data: bytes) -> bytes:
        """Plaintext from TLS records; takes the handshake forward where it is not over."""
        ended = False
        try:
            if self._state is State.HANDSHAKE:
                complete = records.handshake(data)
                self._send(records.outgoing())
                if not complete:
                    return b""
                self.tls = True
                self._open()
                data = b""  # it is in the records already
            plain, ended = records.decrypt(data)
            self._send(records.outgoing())
        except ssl.SSLError as error:
            if not self.tls:
                self._host.handshakes_failed()
                if records.object.context.verify_mode is not ssl.CERT_NONE:
                    said = {"peer": self.peer.address, "reason": error.reason}
                    _log.warning("the handshake with a gateway failed", extra=said)
            self._send(records.outgoing())  # the alert that says what was wrong
            self._enter(State.CLOSING)
            self._host.wheel.arm(self, self._since + self._host.linger_seconds)
            self._transport.close()
            return b""
        if ended:
            if plain:
                self._deliver(plain)
            self.eof_received()
            return b""
        return plain

    def _wake_waiter(self) -> None:
        if self._waiter is not None:
            waiter, self._waiter = self._waiter, None
            if not waiter.done():
                waiter.set_result(None)

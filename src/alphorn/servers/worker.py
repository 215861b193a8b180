r"""One worker process: an event loop, the listeners' sockets, and an orderly end.

    starting -> serving -> stopping     SIGTERM, or the supervisor is gone: at most STOP_SECONDS
                      \-> draining      SIGUSR1: accept no more, sessions go on for a while

At its end each session finishes what it acknowledged and says goodbye; then the threads and the
files are closed. SIGHUP looks for a new certificate. All workers are alike and share nothing but
the database, the bus for hints and a table of counts.
"""

import asyncio
import gc
import logging
import os
import signal
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from alphorn.base import settings as table
from alphorn.base.errors import AlphornError
from alphorn.base.settings import Settings
from alphorn.servers import logs
from alphorn.servers.acceptor import Acceptor
from alphorn.servers.admission import Admission, Gate, RoleLimits
from alphorn.servers.bus import Bus
from alphorn.servers.connection import Session
from alphorn.servers.host import Crowd, Host
from alphorn.servers.launch import Launch
from alphorn.servers.listeners import Binding, Bound, Listener, Security
from alphorn.servers.metrics import Exposition, Gauge, Metrics
from alphorn.servers.processes import Job
from alphorn.servers.threads import ThreadPool
from alphorn.servers.tls import TlsContexts, tls_files
from alphorn.servers.wheel import Wheel

KEEPER_NICE = 10
"""Enough that workers are not held up; not so much that a lock is held for long by a process that
nobody lets run."""
STOP_SECONDS = 1.3
THREADS_SECONDS = 0.3
COLLECT = (20_000, 20, 100)
"""When Python looks for garbage (`gc.set_threshold`). A connection that ends leaves a ring of some
hundred objects; to look after every few of them, as by default, cost a seventh of their time."""
TASK_AGAIN_SECONDS = 10.0
CERTIFICATE_SECONDS = 60.0
METRICS = "metrics"
READY = b"ready\n"
FAILED = b"failed: "

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Seat:
    """What the supervisor gives a process: its place, its `job`, and what it shares with others.
    The keeper has no listeners and gives way to the others. `offered` are the listeners of all
    processes together."""

    slot: int
    job: Job
    launch: Launch
    settings: Settings
    bound: Sequence[Bound]
    admission: Admission
    metrics: Metrics
    life: int  # a pipe that ends with the supervisor
    status: int  # a pipe to the supervisor
    offered: Sequence[Binding] = ()

    @property
    def name(self) -> str:
        return f"{self.job.value} {self.slot + 1}"


class Parts(Protocol):
    """What the composition root builds for a worker."""

    sessions: Mapping[str, Callable[[], Session]]  # by the name of the listener
    gauges: Sequence[Gauge]
    tasks: Sequence[Callable[[], Awaitable[None]]]  # run beside; cancelled at the end
    turn_away: Callable[[Listener, str], bytes | None]  # as `Acceptor` asks it for each client
    asking: Mapping[str, Callable[[str], ssl.SSLContext | None]]  # as `Host`, by the listener

    def close(self) -> None: ...


Build = Callable[[Seat, Bus], Parts]


def _nobody_is_asked(client: str) -> None:
    """For a certificate."""


def new_event_loop() -> asyncio.AbstractEventLoop:
    """uvloop's where it is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def run(seat: Seat, build: Build) -> int:
    """Serve until told to stop; the exit code. Tells the supervisor when it is ready or why not."""
    gc.set_threshold(*COLLECT)
    logs.name_process(seat.name)
    if seat.job is Job.KEEPER:
        os.nice(KEEPER_NICE)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        try:
            seat.metrics.become(seat.name.replace(" ", ""))
            runner.run(_serve(seat, build))
        except AlphornError as error:
            os.write(seat.status, FAILED + error.text.replace("\n", "; ").encode() + b"\n")
            return 1
    return 0


async def _serve(seat: Seat, build: Build) -> None:
    worker = Worker(seat, build)
    try:
        worker.start()
        os.write(seat.status, READY)
        await worker.until_told()
    finally:
        await worker.end()


class Worker:
    """The parts of one worker process and their order."""

    def __init__(self, seat: Seat, build: Build) -> None:
        self._seat = seat
        self._loop = loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._drain = asyncio.Event()
        self._wheel = Wheel(loop)
        self._crowd = Crowd()
        self._pool = ThreadPool(loop, seat.settings[table.THREADS])
        self._long_pool = ThreadPool(loop, seat.settings[table.THREADS_LONG])
        alone = seat.job is Job.WEB
        self._gate = Gate(seat.admission, seat.slot, seat.launch.lenient, alone=alone)
        self._tls: TlsContexts | None = None
        self._bus = Bus(seat.launch.layout.bus)
        self._bus.attach(loop)
        self._parts = build(seat, self._bus)
        self._acceptors: list[Acceptor] = []
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Accept connections from now on. Raises AlphornError where something is missing."""
        seat, loop = self._seat, self._loop
        if any(bound.binding.listener.security is not Security.NONE for bound in seat.bound):
            self._tls = TlsContexts(tls_files(seat.launch.data, seat.settings))
        self._acceptors = [self._acceptor(bound) for bound in seat.bound]
        loop.add_signal_handler(signal.SIGTERM, self._stop.set)
        loop.add_signal_handler(signal.SIGUSR1, self._drain.set)
        loop.add_signal_handler(signal.SIGHUP, self._refresh)
        loop.add_reader(seat.life, self._stop.set)
        if self._acceptors:
            self._gate.opens()
        for acceptor in self._acceptors:
            acceptor.start()
        self._tasks = [loop.create_task(self._watch_certificate())]
        self._tasks += [loop.create_task(self._guarded(task)) for task in self._parts.tasks]

    async def until_told(self) -> None:
        """Return when it is time to end: told to stop, or drained."""
        stop = self._loop.create_task(self._stop.wait())
        drain = self._loop.create_task(self._drain.wait())
        await asyncio.wait((stop, drain), return_when=asyncio.FIRST_COMPLETED)
        drain.cancel()
        if not self._stop.is_set():
            await self._close_doors()
            seconds = self._seat.settings[table.DRAIN_SECONDS]
            _log.info("draining", extra={"sessions": len(self._crowd), "seconds": seconds})
            gone = self._loop.create_task(self._crowd.empty())
            await asyncio.wait((stop, gone), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            gone.cancel()
        stop.cancel()

    async def end(self) -> None:
        """Say goodbye to everybody and give everything back, within STOP_SECONDS and a bit."""
        await self._close_doors()
        for connection in self._crowd:
            connection.shutdown()
        for task in self._tasks:
            task.cancel()
        gone = self._loop.create_task(self._crowd.empty())
        await asyncio.wait((gone, *self._tasks), timeout=STOP_SECONDS)
        gone.cancel()
        for connection in self._crowd:
            connection.abort()
        until = self._loop.time() + THREADS_SECONDS
        done = [
            pool.stop(max(0.0, until - self._loop.time())) for pool in (self._pool, self._long_pool)
        ]
        if not all(done):
            _log.warning("work in threads was not done in time")
        self._parts.close()
        self._bus.close()
        self._wheel.stop()

    def _acceptor(self, bound: Bound) -> Acceptor:
        seat = self._seat
        listener = bound.binding.listener
        name = listener.name
        host = Host(
            loop=self._loop,
            wheel=self._wheel,
            pool=self._pool,
            long_pool=self._long_pool,
            open_session=self._sessions(name),
            context=None if listener.security is Security.NONE else self._context,
            implicit_tls=listener.security is Security.IMPLICIT,
            asking=self._parts.asking.get(name, _nobody_is_asked),
            connections=self._crowd,
            handshake_seconds=seat.settings[table.TLS_HANDSHAKE],
            handshakes_failed=lambda: seat.metrics.handshake_failed(name),
        )
        limits = None
        if listener.limits is not None:
            limits = RoleLimits(
                seat.settings[listener.limits.total], seat.settings[listener.limits.per_network]
            )
        return Acceptor(bound, host, self._gate, limits, seat.metrics, self._parts.turn_away)

    def _sessions(self, listener: str) -> Callable[[], Session]:
        if listener == METRICS:
            gauges = (self._connections_gauge(), *self._parts.gauges)
            return lambda: Exposition(lambda: self._seat.metrics.render(gauges))
        return self._parts.sessions[listener]

    def _connections_gauge(self) -> Gauge:
        admission = self._seat.admission
        return Gauge(
            "alphorn_connections",
            "Connections that are up.",
            "role",
            lambda: {role: admission.connections(role) for role in admission.roles if role},
        )

    def _context(self) -> ssl.SSLContext:
        assert self._tls is not None
        return self._tls.context()

    async def _close_doors(self) -> None:
        self._gate.shuts()
        for acceptor in self._acceptors:
            await acceptor.stop()

    def _refresh(self) -> None:
        if self._tls is not None:
            self._tls.refresh()

    async def _watch_certificate(self) -> None:
        while True:
            await asyncio.sleep(CERTIFICATE_SECONDS)
            self._refresh()

    async def _guarded(self, task: Callable[[], Awaitable[None]]) -> None:
        """A task beside the sessions; should it fail, it is begun again after a while."""
        while True:
            try:
                await task()
            except Exception:
                _log.exception("a background task failed")
            await asyncio.sleep(TASK_AGAIN_SECONDS)

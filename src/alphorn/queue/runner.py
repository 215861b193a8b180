"""What empties the queue: claims what is due, delivers it, tells senders, and watches over it all.

One runner per process, on the process's event loop; as many processes as one likes on the same
queue. It looks for work when this process queued something, when something comes due, and every
`poll` seconds for what other processes queued. Everything that waits for the disk is in threads.
"""

import asyncio
import logging
import os
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from alphorn.base.errors import Unavailable
from alphorn.base.trace import Verdict
from alphorn.queue.budget import Budget
from alphorn.queue.claims import claim, mend_clock, next_due, renew, resign, take_over
from alphorn.queue.delivery import Delivery, Done, Trace, event
from alphorn.queue.local import Local, LocalDelivery
from alphorn.queue.queue import Queue
from alphorn.queue.remote import Way
from alphorn.queue.reports import Voice, tell_all
from alphorn.queue.settling import ToReport
from alphorn.queue.values import Claim, Outcome, State

T = TypeVar("T")

RECORD_SECONDS = 5.0
GOODBYE_SECONDS = 0.3

_log = logging.getLogger(__name__)


def _nobody(claim: Claim, outcome: Outcome) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class RunnerLimits:
    """`connections` are deliveries at a time, `memory` the octets of messages in them; `poll` and
    `heartbeat` are seconds (the latter much shorter than `claims.LEASE`)."""

    connections: int = 100
    per_destination: int = 10
    memory: int = 256 << 20
    poll: float = 1.0
    heartbeat: float = 5.0
    queue_threads: int = 4
    local_threads: int = 8


class Runner:
    """Start and stop it once. `ticks` is the machine's monotonic clock, the same in all processes;
    the wall clock is the queue's."""

    def __init__(
        self,
        queue: Queue,
        remote: Way,
        deliver_local: LocalDelivery,
        is_local: Callable[[str], bool],
        *,
        voice: Voice,
        trace: Trace,
        done: Done = _nobody,
        limits: RunnerLimits | None = None,
        ticks: Callable[[], float] = time.monotonic,
        random: Random | None = None,
    ) -> None:
        """`voice` writes reports. `is_local` gets a destination: a domain in lower case, as
        A-labels, or what `bound` makes of one; it, `trace` and `done` are called on the event loop
        and must not block."""
        self.name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._queue = queue
        self._remote = remote
        self._voice = voice
        self._trace = trace
        self._limits = limits or RunnerLimits()
        self._ticks = ticks
        self._threads = ThreadPoolExecutor(self._limits.queue_threads, "queue")
        self._local_threads = ThreadPoolExecutor(self._limits.local_threads, "queue-local")
        # Signs of life must not wait behind deliveries.
        self._watch_thread = ThreadPoolExecutor(1, "queue-watch")
        self._delivery = Delivery(
            queue,
            self.name,
            remote,
            Local(deliver_local, self._local_threads),
            is_local,
            trace=trace,
            budget=Budget(self._limits.memory),
            executor=self._threads,
            random=random or Random(),
            report=self._something_to_tell,
            done=done,
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._work = asyncio.Event()
        self._tell = asyncio.Event()
        self._services: list[asyncio.Task[None]] = []
        self._deliveries: set[asyncio.Task[None]] = set()
        self._active: Counter[str] = Counter()

    @property
    def deliveries(self) -> int:
        """How many are being made now."""
        return len(self._deliveries)

    async def start(self) -> None:
        """Raises Unavailable where the queue cannot be used."""
        self._loop = asyncio.get_running_loop()
        await self._in_thread(renew, self._queue.database, self.name, self._ticks())
        self._queue.listen(self.wake)
        self._tell.set()
        self._services = [
            asyncio.create_task(self._forever(self._find_work)),
            asyncio.create_task(self._forever(self._tell_senders)),
            asyncio.create_task(self._forever(self._keep_up)),
        ]

    def wake(self) -> None:
        """There may be something to do. From any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._work.set)

    async def stop(self, deadline: float) -> None:
        """Take nothing new, let deliveries finish for `deadline` seconds, give the rest back.

        A delivery that is cut off after its message was sent and before the server's word may be
        made twice: be generous with `deadline`, which nothing uses up but deliveries going on. What
        is to be recorded then gets `RECORD_SECONDS` more, goodbyes `GOODBYE_SECONDS`.
        """
        self._services[0].cancel()
        if self._deliveries:
            await asyncio.wait(self._deliveries, timeout=deadline)
        for task in [*self._deliveries, *self._services]:
            task.cancel()
        await asyncio.gather(*self._deliveries, *self._services, return_exceptions=True)
        await self._delivery.finish(RECORD_SECONDS)
        await self._remote.close(GOODBYE_SECONDS)
        try:
            await self._in_thread(resign, self._queue.database, self.name)
        except Unavailable as error:
            _log.warning("Claims are given back when the lease ends: %s", error.text)
        for threads in (self._watch_thread, self._local_threads, self._threads):
            threads.shutdown(wait=False)

    # -- services --

    async def _forever(self, step: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await step()
            except Unavailable as error:
                _log.warning("The queue waits: %s", error.text)
                await asyncio.sleep(self._limits.poll)
            except Exception:
                _log.exception("The queue goes on after an error")
                await asyncio.sleep(self._limits.poll)

    async def _find_work(self) -> None:
        """Claim and start what is due, then wait until there may be more."""
        self._work.clear()
        room = self._limits.connections - len(self._deliveries)
        now = self._queue.clock()
        found = await self._in_thread(
            claim,
            self._queue.database,
            self.name,
            now,
            room,
            self._remote.crowded(),
            dict(self._active),
            self._limits.per_destination,
        )
        for entry in found:
            self._begin(entry)
        if not found:
            await self._until_work(now)

    async def _until_work(self, now: float) -> None:
        due = await self._in_thread(next_due, self._queue.database)
        seconds = self._limits.poll
        if due is not None and due > now:
            seconds = min(seconds, due - now)
        try:
            async with asyncio.timeout(seconds):
                await self._work.wait()
        except TimeoutError:
            pass

    def _begin(self, entry: Claim) -> None:
        self._active[entry.destination] += 1
        task = asyncio.create_task(self._delivery.deliver(entry))
        self._deliveries.add(task)
        task.add_done_callback(lambda _: self._ended(task, entry))

    def _ended(self, task: asyncio.Task[None], entry: Claim) -> None:
        self._deliveries.discard(task)
        self._active[entry.destination] -= 1
        if not self._active[entry.destination]:
            del self._active[entry.destination]
        self._work.set()

    def _something_to_tell(self) -> None:
        self._tell.set()

    async def _tell_senders(self) -> None:
        """Queue reports when there is something to report, and look now and then for delays."""
        try:
            async with asyncio.timeout(self._limits.heartbeat):
                await self._tell.wait()
        except TimeoutError:
            pass
        self._tell.clear()
        work = self._in_thread(tell_all, self._queue, self._voice)
        for told, name in await work:
            self._trace_report(told, name)

    def _trace_report(self, told: ToReport, name: str) -> None:
        sender = told.message.envelope.sender
        what = {
            State.WAITING: "is late",
            State.FAILED: "could not be delivered",
            State.RELAYED: "was passed on",
            State.DELIVERED: "was delivered",
        }[told.state]
        self._trace(
            event(
                told.message.origin,
                self._queue.clock(),
                Verdict.QUEUED,
                f"{sender} is told that the message {what}.",
                sender="",
                recipient=sender,
                facts={"queue": name, "about": told.message.name},
            )
        )

    async def _keep_up(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._watch_thread, self._watch_over)
        await asyncio.sleep(self._limits.heartbeat)

    def _watch_over(self) -> None:
        database, ticks = self._queue.database, self._ticks()
        if not renew(database, self.name, ticks):
            _log.warning("This process stood still for too long; others took over its deliveries")
        freed = take_over(database, ticks)
        if freed:
            _log.warning("%d recipients are taken over from a process that ended", freed)
        mended = mend_clock(database, self._queue.clock())
        if mended:
            _log.warning("The clock was set back; %d recipients are tried now", mended)
        database.trim()

    async def _in_thread(self, work: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *args)

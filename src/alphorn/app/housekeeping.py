"""What has to be done now and then: every process closes what it no longer uses, and the keeper
removes what is too old to be of use."""

import asyncio
import time
from collections.abc import Callable

from alphorn.base import settings as table
from alphorn.servers.services import Services

TURN_SECONDS = 15.0
PURGE_SECONDS = 3600.0


class Housekeeping:
    """`run` goes on until it is cancelled. `keeps`: this is the keeper."""

    def __init__(
        self, parts: Services, *, keeps: bool, clock: Callable[[], float] = time.time
    ) -> None:
        self._parts = parts
        self._keeps = keeps
        self._clock = clock
        self._purged = 0.0

    async def run(self) -> None:
        while True:
            await asyncio.to_thread(self.turn)
            await asyncio.sleep(TURN_SECONDS)

    def turn(self) -> None:
        """Everything that is due. Waits for the disk."""
        settings = self._parts.settings
        self._parts.store.close_idle(settings[table.STORE_IDLE])
        self._parts.door.flush()
        now = self._clock()
        if self._keeps:
            self._parts.trace.tidy()
        if self._keeps and now - self._purged >= PURGE_SECONDS:
            self._purged = now
            self._parts.trace.purge(now - settings[table.TRACE_KEEP])
            self._parts.state.purge(now)
            self._parts.door.purge()
            self._parts.outgoing.watch.purge(now)
            self._parts.outgoing.targets.purge(now)
            self._parts.visitors.purge(now)
            self._parts.learning.purge()

"""What has to be done now and then: every worker tidies up after itself, one of them after all.

Which one is decided by a lock on a file; should its process end, another takes over.
"""

import asyncio
import fcntl
import os
import time
from collections.abc import Callable

from alphorn.base import settings as table
from alphorn.base.layout import Layout
from alphorn.servers.services import Services

LEADER_FILE = "leader"
TURN_SECONDS = 15.0
PURGE_SECONDS = 3600.0


class Housekeeping:
    """`run` goes on until it is cancelled."""

    def __init__(
        self, parts: Services, layout: Layout, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._parts = parts
        self._path = layout.run / LEADER_FILE
        self._clock = clock
        self._lock = -1
        self._purged = 0.0

    async def run(self) -> None:
        try:
            while True:
                await asyncio.to_thread(self.turn)
                await asyncio.sleep(TURN_SECONDS)
        finally:
            if self._lock >= 0:
                os.close(self._lock)

    def turn(self) -> None:
        """Everything that is due. Waits for the disk."""
        settings = self._parts.settings
        self._parts.store.close_idle(settings[table.STORE_IDLE])
        now = self._clock()
        if self._leads() and now - self._purged >= PURGE_SECONDS:
            self._purged = now
            self._parts.trace.purge(now - settings[table.TRACE_KEEP])
            self._parts.state.purge(now)
            self._parts.door.purge()

    def _leads(self) -> bool:
        if self._lock >= 0:
            return True
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self._lock = handle
        return True

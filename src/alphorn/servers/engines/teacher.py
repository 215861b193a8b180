"""Tells Rspamd what people say of their mail.

Called by whoever learns (`operations.learn`), on a thread that may wait. What cannot be told is
lost, and logged once: the person's word counts with us in any case.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable

from alphorn.servers.engines.failure import EngineFailure
from alphorn.servers.engines.rspamd import Learned, Rspamd

REST_SECONDS = 60.0
"""After it did not answer, Rspamd is left alone so long: there may be hundreds of messages more."""

_log = logging.getLogger(__name__)


class Teacher:
    """May be called from any thread. `controller` makes a client for one event loop (None: there
    is none)."""

    def __init__(
        self,
        controller: Callable[[], Rspamd | None],
        max_message: int,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._controller = controller
        self._max_message = max_message
        self._ticks = ticks
        self._lock = threading.Lock()
        self._rests_until = 0.0

    def teach(self, raw: bytes, spam: bool) -> Learned | None:
        """What Rspamd made of it; None where it was not told. Never raises; takes as long as
        Rspamd, up to its time limit."""
        with self._lock:
            if len(raw) > self._max_message or self._ticks() < self._rests_until:
                return None
        try:
            return asyncio.run(self._teach(raw, spam))
        except EngineFailure as failure:
            _log.warning("Rspamd could not be told what was learned: %s", failure.text)
            if failure.code != "answer":  # that one says something of this message alone
                with self._lock:
                    self._rests_until = self._ticks() + REST_SECONDS
        except Exception:
            _log.exception("Rspamd could not be told what was learned")
        return None

    async def _teach(self, raw: bytes, spam: bool) -> Learned | None:
        client = self._controller()
        if client is None:
            return None
        try:
            return await client.learn(raw, spam)
        finally:
            client.close()

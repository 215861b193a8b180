"""Waiting on purpose, for few connections at a time, without a thread or a task for any.

A pause is a timer of the event loop and a future. (The wheel is for timeouts that are put off again
and again and may be late by a second; a pause is set once and is a fraction of one.)
"""

import asyncio


class Pauses:
    """At most `limit` at a time: whoever wants to hold us up with many slow connections does not
    succeed, and those beyond the limit are not slowed down."""

    def __init__(self, loop: asyncio.AbstractEventLoop, limit: int = 1000) -> None:
        self._loop = loop
        self._limit = limit
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def begin(self, seconds: float) -> "asyncio.Future[None] | None":
        """Done after so many seconds; None where there is nothing to wait for, or no room."""
        if seconds <= 0 or self._count >= self._limit:
            return None
        self._count += 1
        pause: asyncio.Future[None] = self._loop.create_future()
        self._loop.call_later(seconds, self._end, pause)
        return pause

    def _end(self, pause: "asyncio.Future[None]") -> None:
        self._count -= 1
        if not pause.done():
            pause.set_result(None)

"""Memory that messages on their way out may take together."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Budget:
    """Octets, given out in the order of asking. What is larger than all of it goes alone."""

    def __init__(self, octets: int) -> None:
        self._octets = octets
        self._used = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def room(self, octets: int) -> AsyncIterator[None]:
        """Wait until there is room for so much, and have it for as long as the block runs."""
        octets = min(octets, self._octets)
        if self._waiting or self._used + octets > self._octets:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((octets, turn))
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._used -= octets
                self._admit()
                raise
        else:
            self._used += octets
        try:
            yield
        finally:
            self._used -= octets
            self._admit()

    def _admit(self) -> None:
        while self._waiting:
            octets, turn = self._waiting[0]
            if not turn.done():
                if self._used + octets > self._octets:
                    return
                self._used += octets
                turn.set_result(None)
            self._waiting.popleft()

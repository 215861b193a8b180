"""One timer for all connections of a worker.

Each item lies in the bucket of the tick at which it may be due. An item that got activity in the
meantime is not moved when that happens, but when its bucket comes up: receiving costs one
assignment (`heard = wheel.now`), not a timer. Times are exact to one tick.
"""

import asyncio
from typing import Protocol


class Timed(Protocol):
    """`slot` belongs to the wheel (0: not in it)."""

    slot: int

    def due(self, now: float) -> float:
        """Act on what is due at `now`; when to be asked again, or 0 for not at all."""


class Wheel:
    """`now` is the event loop's clock at the last tick."""

    __slots__ = ("_buckets", "_handle", "_last", "_loop", "_tick", "now")

    def __init__(self, loop: asyncio.AbstractEventLoop, tick: float = 1.0) -> None:
        self._loop = loop
        self._tick = tick
        self._buckets: dict[int, set[Timed]] = {}
        self.now = loop.time()
        self._last = int(self.now / tick)
        self._handle = loop.call_later(tick, self._turn)

    def arm(self, item: Timed, at: float) -> None:
        """Ask `item` within a tick after `at`; sooner, where it was to be asked sooner anyway."""
        slot = max(int(at / self._tick) + 1, self._last + 1)
        if 0 < item.slot <= slot:
            return
        self.disarm(item)
        item.slot = slot
        bucket = self._buckets.get(slot)
        if bucket is None:
            self._buckets[slot] = {item}
        else:
            bucket.add(item)

    def disarm(self, item: Timed) -> None:
        """Forget the item; a connection that has gone must not be kept alive by its timeout."""
        bucket = self._buckets.get(item.slot)
        item.slot = 0
        if bucket is not None:
            bucket.discard(item)

    def stop(self) -> None:
        self._handle.cancel()
        self._buckets.clear()

    def _turn(self) -> None:
        self._handle = self._loop.call_later(self._tick, self._turn)
        self.now = now = self._loop.time()
        current = int(now / self._tick)
        for slot in range(self._last + 1, current + 1):
            self._last = slot
            for item in self._buckets.pop(slot, ()):
                item.slot = 0
                again = item.due(now)
                if again and not item.slot:
                    self.arm(item, again)

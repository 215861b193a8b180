"""The timer that all connections share."""

import asyncio

import pytest

from alphorn.servers.wheel import Wheel
from tests.support.stage import LOOPS, on_loop

pytestmark = pytest.mark.parametrize("loop", sorted(LOOPS))


class Item:
    def __init__(self, again: list[float]) -> None:
        self.slot = 0
        self.again = again
        self.asked: list[float] = []
        self.done = asyncio.Event()

    def due(self, now: float) -> float:
        self.asked.append(now)
        if self.again:
            return now + self.again.pop(0)
        self.done.set()
        return 0


def test_asked_in_time_and_again(loop: str) -> None:
    async def main() -> tuple[float, list[float]]:
        running = asyncio.get_running_loop()
        wheel = Wheel(running, 0.01)
        item = Item([0.05])
        begin = running.time()
        wheel.arm(item, begin + 0.05)
        await item.done.wait()
        wheel.stop()
        return begin, item.asked

    begin, asked = on_loop(loop, main)
    assert len(asked) == 2
    assert asked[0] - begin >= 0.04
    assert asked[1] - asked[0] >= 0.04


def test_disarmed_item_is_forgotten(loop: str) -> None:
    async def main() -> None:
        running = asyncio.get_running_loop()
        wheel = Wheel(running, 0.01)
        gone, there = Item([]), Item([])
        wheel.arm(gone, running.time() + 0.01)
        wheel.arm(there, running.time() + 0.05)
        wheel.disarm(gone)
        wheel.disarm(gone)
        await there.done.wait()
        assert gone.asked == []
        wheel.stop()

    on_loop(loop, main)


def test_earlier_time_wins(loop: str) -> None:
    async def main() -> float:
        running = asyncio.get_running_loop()
        wheel = Wheel(running, 0.01)
        item = Item([])
        begin = running.time()
        wheel.arm(item, begin + 60)
        wheel.arm(item, begin + 0.02)
        wheel.arm(item, begin + 90)
        await item.done.wait()
        wheel.stop()
        return item.asked[0] - begin

    assert on_loop(loop, main) < 15

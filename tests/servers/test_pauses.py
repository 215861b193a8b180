"""Waiting on purpose."""

import asyncio

import pytest

from alphorn.servers.pauses import Pauses
from tests.support.stage import LOOPS, on_loop

pytestmark = pytest.mark.parametrize("loop", sorted(LOOPS))


def test_pauses_end_in_time_and_are_few(loop: str) -> None:
    async def main() -> None:
        running = asyncio.get_running_loop()
        pauses = Pauses(running, limit=2)
        begin = running.time()
        one, two = pauses.begin(0.05), pauses.begin(0.02)
        assert one is not None
        assert two is not None
        assert pauses.begin(0.01) is None, "there is no room for a third"
        await one
        assert running.time() - begin >= 0.045
        assert two.done()
        assert len(pauses) == 0
        assert pauses.begin(0) is None
        third = pauses.begin(0.01)
        assert third is not None
        third.cancel()
        await asyncio.sleep(0)
        fourth = pauses.begin(0.02)
        assert fourth is not None
        await fourth
        assert len(pauses) == 0

    on_loop(loop, main)

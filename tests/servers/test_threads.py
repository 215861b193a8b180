"""Work in threads: results, errors, order of the end."""

import asyncio
import threading
import time

import pytest

from alphorn.servers.threads import ThreadPool
from tests.support.stage import LOOPS, on_loop

pytestmark = pytest.mark.parametrize("loop", sorted(LOOPS))


def test_many_results_come_back_each_to_its_own(loop: str) -> None:
    async def main() -> list[int]:
        pool = ThreadPool(asyncio.get_running_loop(), 4)
        results = await asyncio.gather(*(pool.run(pow, n, 2) for n in range(2000)))
        assert pool.stop(5)
        return results

    assert on_loop(loop, main) == [n * n for n in range(2000)]


def test_errors_reach_who_waits(loop: str) -> None:
    def fail(kind: type[BaseException]) -> None:
        raise kind("no")

    async def main() -> None:
        pool = ThreadPool(asyncio.get_running_loop(), 1)
        with pytest.raises(KeyError):
            await pool.run(fail, KeyError)
        with pytest.raises(RuntimeError, match="StopIteration"):
            await pool.run(fail, StopIteration)
        assert await pool.run(str, 1) == "1"
        assert pool.stop(5)

    on_loop(loop, main)


def test_cancelled_work_that_still_waits_is_not_done(loop: str) -> None:
    async def main() -> list[str]:
        done: list[str] = []
        pool = ThreadPool(asyncio.get_running_loop(), 1)
        gate = threading.Event()
        first = pool.run(gate.wait, 5)
        second = pool.run(done.append, "second")
        third = pool.run(done.append, "third")
        second.cancel()
        gate.set()
        await asyncio.gather(first, third)
        assert pool.stop(5)
        return done

    assert on_loop(loop, main) == ["third"]


def test_stop_waits_for_what_runs_and_says_when_it_was_too_long(loop: str) -> None:
    async def main() -> None:
        pool = ThreadPool(asyncio.get_running_loop(), 1)
        gate = threading.Event()
        work = pool.run(gate.wait, 30)
        begin = time.monotonic()
        assert not pool.stop(0.05)
        assert time.monotonic() - begin < 15
        with pytest.raises(RuntimeError):
            pool.run(print)
        gate.set()
        assert pool.stop(5)
        assert await work

    on_loop(loop, main)

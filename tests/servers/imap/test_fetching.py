"""The small parts of FETCH: portions, the cache of large messages, coroutines begun at once."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.base.numbers import NumberSet
from alphorn.servers import eager
from alphorn.servers.imap.fetching.batches import by_count, by_weight
from alphorn.servers.imap.fetching.recent import WORTH_KEEPING, recent_messages
from alphorn.servers.imap.uids import count_in, packed


@given(
    st.sets(st.integers(1, 80)).map(sorted),
    st.lists(st.tuples(st.integers(1, 90), st.integers(1, 90)), max_size=4),
    st.integers(1, 10),
)
def test_portions_are_bounded_and_make_the_whole(
    uids: list[int], ranges: list[tuple[int, int]], most: int
) -> None:
    known, wanted = packed(uids), NumberSet.from_ranges(ranges)
    portions = list(by_count(known, wanted, most))
    assert all(count_in(known, portion) <= most for portion in portions)
    read = [uid for portion in portions for uid in uids if uid in portion]
    assert read == [uid for uid in uids if uid in wanted]


@given(st.lists(st.integers(0, 100)), st.integers(1, 5), st.integers(1, 150))
def test_groups_are_bounded_by_count_and_weight(weights: list[int], most: int, octets: int) -> None:
    pairs = list(enumerate(weights, 1))
    groups = list(by_weight(pairs, most, octets))
    assert [uid for group, _ in groups for uid in group] == [uid for uid, _ in pairs]
    for group, total in groups:
        assert total == sum(weights[uid - 1] for uid in group)
        assert len(group) == 1 or (len(group) <= most and total <= octets)


def test_recent_messages_are_bounded() -> None:
    recent = recent_messages(most=3 * WORTH_KEEPING)
    raw = b"x" * WORTH_KEEPING
    recent.put((1, 1, 1), b"small")
    assert recent.get((1, 1, 1)) is None
    recent.put((1, 1, 1), raw * 4)
    assert recent.get((1, 1, 1)) is None
    for number in range(3):
        recent.put((1, number, 1), raw)
    assert recent.get((1, 0, 1)) is raw
    recent.put((1, 9, 1), raw)
    assert recent.get((1, 1, 1)) is None, "the one not used for longest goes"
    assert recent.get((1, 0, 1)) is raw
    recent.put((1, 0, 1), raw)
    assert recent.get((1, 9, 1)) is raw


async def _twice(future: "asyncio.Future[int]") -> int:
    return 2 * await future


async def _at_once() -> int:
    return 3


def test_a_coroutine_that_does_not_wait_is_done_at_once() -> None:
    assert eager.start(_at_once()) == eager.Finished(3)


def test_the_rest_of_one_that_waits_can_be_a_task() -> None:
    async def main() -> int:
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        rest = eager.start(_twice(future))
        assert not isinstance(rest, eager.Finished)
        task = asyncio.get_running_loop().create_task(rest)
        asyncio.get_running_loop().call_soon(future.set_result, 21)
        return await task

    assert asyncio.run(main()) == 42


def test_errors_and_cancellation_reach_it() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[int] = loop.create_future()
        rest = eager.start(_twice(future))
        assert not isinstance(rest, eager.Finished)
        future.set_exception(ValueError("no"))
        with pytest.raises(ValueError, match="no"):
            await loop.create_task(rest)
        rest = eager.start(_twice(loop.create_future()))
        assert not isinstance(rest, eager.Finished)
        task = loop.create_task(rest)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def test_several_begun_at_once_need_no_task_when_none_waits() -> None:
    assert _runs_out(eager.gather(_at_once(), _at_once())) == [3, 3]


def test_several_of_which_some_wait_keep_their_order() -> None:
    async def both() -> list[int]:
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        loop.call_soon(future.set_result, 5)
        return await eager.gather(_soon(future), _at_once())

    assert asyncio.run(both()) == [5, 3]


def test_several_of_which_one_fails_end_together() -> None:
    ended = []

    async def waiting() -> int:
        try:
            return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]
        finally:
            ended.append("waited")

    async def failing() -> int:
        raise ValueError

    async def never() -> int:
        ended.append("begun")
        return 1

    async def all_of_them() -> None:
        with pytest.raises(ValueError):
            await eager.gather(waiting(), failing(), never())
        await asyncio.sleep(0)

    asyncio.run(all_of_them())
    assert ended == ["waited"]


async def _soon(future: asyncio.Future[int]) -> int:
    return await future


def _runs_out(coroutine: Coroutine[Any, Any, list[int]]) -> list[int]:
    with pytest.raises(StopIteration) as ended:
        coroutine.send(None)
    value: list[int] = ended.value.value
    return value

import asyncio

from alphorn.queue.budget import Budget
from tests.support.stage import on_loop


def test_room_is_given_in_order_and_never_too_much() -> None:
    async def main() -> None:
        budget = Budget(10)
        used = most = 0
        order: list[int] = []

        async def take(octets: int) -> None:
            nonlocal used, most
            async with budget.room(octets):
                used += min(octets, 10)
                most = max(most, used)
                order.append(octets)
                await asyncio.sleep(0)
                used -= min(octets, 10)

        sizes = [4, 4, 4, 1, 25, 3, 10, 2, 2]
        async with asyncio.TaskGroup() as group:
            for octets in sizes:
                group.create_task(take(octets))
        assert order == sizes
        assert most <= 10

    on_loop("asyncio", main)


def test_who_gives_up_waiting_leaves_room_for_others() -> None:
    async def main() -> None:
        budget = Budget(10)

        async def take(octets: int) -> None:
            async with budget.room(octets):
                await asyncio.sleep(0)

        for before in (0, 1):
            async with budget.room(10):
                first = asyncio.create_task(take(10))
                second = asyncio.create_task(take(10))
                await asyncio.sleep(0)
                if not before:
                    first.cancel()
            if before:
                first.cancel()  # it has been given room, and did not run yet
            await second
            await take(10)

    on_loop("asyncio", main)

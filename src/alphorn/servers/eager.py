"""Runs coroutines at once until they wait for something.

A command that turns out short is then over without a task, which costs as much as the command; only
one that really waits becomes a task, for what is left of it.
"""

import asyncio
from collections.abc import Coroutine, Generator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Finished(Generic[T]):
    value: T


class _Rest(Generic[T]):
    """What is left of a coroutine after its first wait; `waits_for` is what it yielded then."""

    __slots__ = ("_coroutine", "_waits_for")

    def __init__(self, coroutine: Coroutine[Any, Any, T], waits_for: Any) -> None:
        self._coroutine = coroutine
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, T]:
        waits_for = self._waits_for
        try:
            while True:
                try:
                    value = yield waits_for
                except BaseException as error:
                    waits_for = self._coroutine.throw(error)
                else:
                    waits_for = self._coroutine.send(value)
        except StopIteration as stop:
            result: T = stop.value
            return result


def start(coroutine: Coroutine[Any, Any, T]) -> Finished[T] | Coroutine[Any, Any, T]:
    """The result, or a coroutine for the rest. Raises what the coroutine raises before it waits.

    Before its first wait the coroutine must not ask for its task.
    """
    try:
        waits_for = coroutine.send(None)
    except StopIteration as stop:
        return Finished(stop.value)
    return _await(_Rest(coroutine, waits_for))


async def _await(rest: _Rest[T]) -> T:
    return await rest


async def gather(*coroutines: Coroutine[Any, Any, T]) -> list[T]:
    """As `asyncio.gather`, with tasks only for those that have to wait. They must not ask for their
    task before, as above. Where one fails, the others end too."""
    results: list[Any] = [None] * len(coroutines)
    waiting: dict[int, asyncio.Task[T]] = {}
    begun = 0
    try:
        for begun, coroutine in enumerate(coroutines, 1):
            found = start(coroutine)
            if isinstance(found, Finished):
                results[begun - 1] = found.value
            else:
                waiting[begun - 1] = asyncio.get_running_loop().create_task(found)
        if waiting:
            values = await asyncio.gather(*waiting.values())
            for place, value in zip(waiting, values, strict=True):
                results[place] = value
    except BaseException:
        for coroutine in coroutines[begun:]:
            coroutine.close()
        for task in waiting.values():
            task.cancel()
        raise
    return results

"""What something costs, told so that a slow or busy machine fails no test and a mistake does.

Seconds are those of the processor, of the calling thread alone: what other threads and processes do
is not in them, nor is waiting. The least of several runs counts, the garbage collector rests
meanwhile, and where a bound is missed the machine itself is measured by a small fixed piece of work
and the seconds are told as a machine of usual speed would have taken. What is left is for a test's
bound, which is a few times the promise; whether the promise itself is kept is for `make soak`
(`promised`). That time does not grow faster than the size is best told by `growth`, which knows no
seconds at all.
"""

import gc
import time
from collections.abc import Callable

import pytest

RUNS = 12
USUAL = 0.001
"""Seconds of the fixed work where the promises were measured, and a little more."""

SLACK = 5
promised = pytest.mark.parametrize(
    "slack", [pytest.param(SLACK, id="roughly"), pytest.param(1, id="kept", marks=pytest.mark.soak)]
)
"""A test of a cost with the argument `slack`, by which its promise is multiplied: generous in
`make test`, 1 in `make soak`."""


def cost(action: Callable[[], object], most: float, runs: int = RUNS) -> float:
    """Seconds of the cheapest of several runs; of the first that costs less than `most`."""
    best = float("inf")
    for _ in range(runs):
        seconds = _seconds(action)
        best = min(best, seconds if seconds < most else seconds / _slowness())
        if best < most:
            break
    return best


def growth(action: Callable[[int], object], small: int, large: int, most: float) -> float:
    """How many times what `small` costs `large` does, the cheapest of several runs of both; of the
    first where it is less than `most`."""
    few = many = float("inf")
    for _ in range(RUNS):
        few = min(few, *(_seconds(lambda: action(small)) for _ in range(3)))
        many = min(many, _seconds(lambda: action(large)))
        if many < most * few:
            break
    return many / few


def _seconds(action: Callable[[], object]) -> float:
    collects = gc.isenabled()
    gc.disable()
    try:
        begin = time.thread_time()
        action()
        return time.thread_time() - begin
    finally:
        if collects:
            gc.enable()


def _slowness() -> float:
    """How many times as long as usual this machine takes just now; 1 where it is faster."""
    return max(1.0, min(_seconds(_work) for _ in range(3)) / USUAL)


def _work() -> None:
    """Some of what the interpreter does all day: calls, slices, dictionaries, small numbers."""
    text = b"a: b; c=d\r\n"
    seen: dict[int, int] = {}
    for n in range(6000):
        seen[n % 97] = seen.get(n % 97, 0) + len(text[n % 7 :])

"""Threads for work that waits for the disk, so that the event loop never does.

`ThreadPoolExecutor` with `run_in_executor` wakes the loop once for each result; here all results
that are ready when the loop wakes are handed over together, which halves the cost under load. Nor
do the threads wait at one queue, where each piece of work wakes two of them to find out which may
have it: a piece goes straight to the thread that became idle last, whose memory is still warm. The
number of pieces of work that wait is bounded by the number of sessions, each of which is paused
while its own runs.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")
_Bell = threading.Lock
_Work = tuple["asyncio.Future[Any]", Callable[..., Any], tuple[Any, ...]]
_Result = tuple["asyncio.Future[Any]", Any, BaseException | None]

_log = logging.getLogger(__name__)


class ThreadPool:
    """`run` is called on the event loop; the work gets one of `size` threads, first come first."""

    def __init__(self, loop: asyncio.AbstractEventLoop, size: int) -> None:
        self._loop = loop
        self._lock = threading.Lock()
        self._waiting: deque[_Work] = deque()
        self._idle: list[_Bell] = []
        self._results: deque[_Result] = deque()
        self._wake_sent = False
        self._stopped = False
        self._threads = [
            threading.Thread(target=self._serve, name=f"work-{n}", daemon=True) for n in range(size)
        ]
        for thread in self._threads:
            thread.start()

    def run(self, work: Callable[..., T], *args: Any) -> "asyncio.Future[T]":
        """The future result of `work(*args)`. Cancelling it only helps while it still waits."""
        if self._stopped:
            raise RuntimeError("the thread pool is stopped")
        future: asyncio.Future[T] = self._loop.create_future()
        with self._lock:
            self._waiting.append((future, work, args))
            bell = self._idle.pop() if self._idle else None
        if bell is not None:
            bell.release()
        return future

    def stop(self, seconds: float) -> bool:
        """Take no more work, wait for what was taken; whether all of it was done in time."""
        with self._lock:
            self._stopped = True
            idle, self._idle = self._idle, []
        for bell in idle:
            bell.release()
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _next(self, bell: "_Bell") -> _Work | None:
        """A piece of work, waited for; None when there will be no more. `bell` is this thread's,
        held but while somebody rings it."""
        while True:
            with self._lock:
                if self._waiting:
                    return self._waiting.popleft()
                if self._stopped:
                    return None
                self._idle.append(bell)
            bell.acquire()

    def _serve(self) -> None:
        bell = threading.Lock()
        bell.acquire()
        while (item := self._next(bell)) is not None:
            future, work, args = item
            if future.cancelled():
                continue
            value, error = None, None
            try:
                value = work(*args)
            except BaseException as raised:
                error = raised
            self._results.append((future, value, error))
            # Order matters: first the result, then the look at the flag. `_deliver` clears the
            # flag first and empties the queue then, so that no result is left without a wake-up.
            if not self._wake_sent:
                self._wake_sent = True
                try:
                    self._loop.call_soon_threadsafe(self._deliver)
                except RuntimeError:
                    return  # the loop is closed: nobody waits any more
            del item, future, work, args, value, error

    def _deliver(self) -> None:
        self._wake_sent = False
        while self._results:
            future, value, error = self._results.popleft()
            if future.done():
                if error is not None:
                    _log.error("work that nobody waits for failed", exc_info=error)
            elif error is None:
                future.set_result(value)
            elif isinstance(error, StopIteration):
                future.set_exception(RuntimeError("work raised StopIteration"))
            else:
                future.set_exception(error)

"""Watches where mail is sent on to: a target that keeps refusing is paused, and the owner told.

What the queue settles is told on event loops: `settled` only takes note, and a thread does the
rest. A target is paused once it refused for good `TIMES` times in a row on `DAYS` days or more, for
reasons that lie with it and not with one message. Where the files cannot be written nothing is
paused, and mail goes on.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from alphorn.base.errors import AlphornError
from alphorn.operations.notices import Notices
from alphorn.store.redirects import Redirects

TIMES = 5
DAYS = 3
MAX_WAITING = 10_000

_log = logging.getLogger(__name__)


class Paused(Protocol):
    """See `operations.redirects.Paused`."""

    @property
    def addresses(self) -> tuple[str, ...]: ...
    @property
    def owners(self) -> tuple[str, ...]: ...
    @property
    def new(self) -> bool: ...


Pause = Callable[[str, str, str, int | None], Paused]
"""Pauses a target for a domain, durably, for a reason that mail of an account met, if of one; may
take its time and raise."""


class Targets:
    """One per process, made after a fork. Every method may be called from any thread."""

    def __init__(
        self,
        redirects: Redirects,
        notices: Notices,
        pause: Pause,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._redirects = redirects
        self._notices = notices
        self._pause = pause
        self._clock = clock
        self._lock = threading.Lock()
        self._threads: ThreadPoolExecutor | None = None
        self._closed = False
        self._waiting = 0

    def settled(
        self, domain: str, target: str, refusal: str | None, account_id: int | None = None
    ) -> None:
        """Mail that an address of this domain, or a rule of the account behind it, sent on was
        taken by the target, or refused for good with these words. Never waits or raises."""
        with self._lock:
            if self._closed or self._waiting >= MAX_WAITING:
                return
            self._waiting += 1
            if self._threads is None:
                self._threads = ThreadPoolExecutor(1, "targets")
            self._threads.submit(
                self._note, domain, target.lower(), refusal, account_id, self._clock()
            )

    def purge(self, now: float) -> None:
        """Forget what is too old to matter. Now and then, by one process. Raises Unavailable."""
        self._redirects.purge(now)

    def close(self) -> None:
        """Do what is noted, and stop."""
        with self._lock:
            self._closed = True
            threads = self._threads
        if threads is not None:
            threads.shutdown()

    def _note(
        self, domain: str, target: str, refusal: str | None, account_id: int | None, now: float
    ) -> None:
        with self._lock:
            self._waiting -= 1
        try:
            if refusal is None:
                self._redirects.taken(domain, target)
                return
            so_far = self._redirects.refused(domain, target, now=now)
            if so_far.times < TIMES or so_far.days < DAYS:
                return
            paused = self._pause(domain, target, refusal, account_id)
            self._redirects.taken(domain, target)  # resumed, it begins anew
            if paused.new:
                _log.warning("nothing of %s is sent on to %s any more: %s", domain, target, refusal)
                for owner in paused.owners:
                    self._notices.paused(owner, domain, target, paused.addresses, refusal)
        except AlphornError as error:
            _log.warning("what %s refuses is not noted: %s", target, error.text)
        except Exception:
            _log.exception("what %s refuses is not noted", target)

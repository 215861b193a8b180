"""What happens to stored mail over IMAP, for the scripts of its owners (RFC 6785).

    APPEND      a message appended
    COPY        copied or moved here (a move is no other cause)
    FLAG        flags changed, by STORE, or \\Seen by reading

`ImapEvents` takes note on whichever thread the act was done, which costs a microsecond or two and
never fails; a thread of its own runs the scripts, a moment later. It asks each account once for
all that has come together whether it has a script at all. What is done by scripts is told to
nobody, so that no script makes another one run.

What waits is bounded; what finds no room is counted and logged, and no script sees it.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from alphorn.base.errors import AlphornError, NotFound
from alphorn.base.flags import Flag
from alphorn.base.numbers import NumberSet
from alphorn.store.api import FlagAction, Place

MAX_WAITING = 1000
"""Acts that wait to be looked at."""
SETTLE_SECONDS = 0.05
"""What happened is looked at so long after it, together with what has come meanwhile."""
CLOSE_SECONDS = 5.0

NAMES = {
    Flag.SEEN: "\\Seen",
    Flag.ANSWERED: "\\Answered",
    Flag.FLAGGED: "\\Flagged",
    Flag.DELETED: "\\Deleted",
    Flag.DRAFT: "\\Draft",
}

_log = logging.getLogger(__name__)

Pairs = Sequence[tuple[int, int]]
"""(UID in the source, UID in the target)."""


class Cause(StrEnum):
    """`imap.cause` (RFC 6785 §4.3)."""

    APPEND = "APPEND"
    COPY = "COPY"
    FLAG = "FLAG"


@dataclass(frozen=True, slots=True)
class Event:
    """Messages in a mailbox, and what happened to them; `flags` are those that changed."""

    account_id: int
    cause: Cause
    mailbox: Place
    uids: NumberSet
    flags: tuple[str, ...] = ()


Run = Callable[[int, Sequence[Event]], None]
"""Runs the scripts of an account on events in order."""


class ImapEvents:
    """One per process, made after a fork. Told by any thread, as `servers.imap.watched.Watch`."""

    def __init__(self, run: Run) -> None:
        self._run_scripts = run
        self._waiting: deque[Event] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._busy = False
        self._dropped = 0
        self._thread: threading.Thread | None = None

    # -- told by whoever acts: never waits, never raises --

    def moved(self, account_id: int, source: int, target: int, pairs: Pairs) -> None:
        self.copied(account_id, source, target, pairs)

    def copied(self, account_id: int, source: int, target: int, pairs: Pairs) -> None:
        if pairs:
            uids = NumberSet.of(new for _, new in pairs)
            self._add(Event(account_id, Cause.COPY, target, uids))

    def flagged(
        self,
        account_id: int,
        mailbox: int,
        uids: NumberSet,
        action: FlagAction,
        flags: int,
        keywords: Iterable[str],
    ) -> None:
        """`uids` are those that really changed."""
        if uids:
            self._add(Event(account_id, Cause.FLAG, mailbox, uids, words(flags, keywords)))

    def appended(self, account_id: int, place: Place, uids: Sequence[int]) -> None:
        if uids:
            self._add(Event(account_id, Cause.APPEND, place, NumberSet.of(uids)))

    def _add(self, event: Event) -> None:
        with self._changed:
            if len(self._waiting) >= MAX_WAITING or self._closing:
                self._dropped += 1
                return
            self._waiting.append(event)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="events", daemon=True)
                self._thread.start()
            if not self._busy:
                self._changed.notify_all()

    # -- the life of it --

    def settle(self, seconds: float) -> bool:
        """Wait until all that was told has been looked at; whether it has."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._busy, seconds)

    def close(self) -> None:
        """Look at what waits, for a while; no more is taken."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._waiting or self._closing)
                if not self._waiting:
                    return
                self._busy = True
                self._changed.wait_for(lambda: self._closing, SETTLE_SECONDS)
                events = tuple(self._waiting)
                self._waiting.clear()
                dropped, self._dropped = self._dropped, 0
            if dropped:
                _log.warning("%d acts met no script: too much was to be done", dropped)
            accounts: dict[int, list[Event]] = {}
            for event in events:
                accounts.setdefault(event.account_id, []).append(event)
            for account_id, own in accounts.items():
                self._look_at(account_id, own)

    def _look_at(self, account_id: int, events: Sequence[Event]) -> None:
        try:
            self._run_scripts(account_id, events)
        except NotFound:
            pass  # the account has gone meanwhile
        except AlphornError as error:
            _log.warning("account %d: its script could not run: %s", account_id, error)
        except Exception:
            _log.exception("account %d: its script could not run", account_id)


def words(bits: int, keywords: Iterable[str]) -> tuple[str, ...]:
    """Flags as scripts write them."""
    return (*(name for flag, name in NAMES.items() if bits & flag.value), *sorted(keywords))

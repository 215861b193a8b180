"""How much mail of others an account may send on, by its redirects and rules: as much as its plan
lets it send itself, and counted apart, so that nobody can use up what its owner may send.

What is beyond stays in the account, whatever was to become of it, and nobody is refused for it.
"""

import logging
import time
from collections.abc import Callable

from alphorn.base.errors import AlphornError
from alphorn.directory.values import AccountInfo
from alphorn.operations.filter_plan import Spot, Trouble
from alphorn.operations.onward import Onward
from alphorn.operations.throttle import Counters

HOUR, DAY = 3600, 86400
KIND = "limit"
"""Of what the owner is told, once a day."""

_log = logging.getLogger(__name__)


class SentOnLimit:
    """One per process; every method may be called from any thread and waits for the disk."""

    def __init__(self, counters: Counters, *, clock: Callable[[], float] = time.time) -> None:
        self._counters = counters
        self._clock = clock

    def within(self, account: AccountInfo, chosen: Onward, ours: Callable[[str], bool]) -> Onward:
        """What an address of the account sends on, `chosen` itself where it may be all of it; what
        is for addresses that are `ours` does not count."""
        elsewhere = [target for target in chosen.targets if not ours(target)]
        why = self.reached(account, len(elsewhere)) if elsewhere else ""
        if not why:
            return chosen
        targets = tuple(target for target in chosen.targets if ours(target))
        note = f"Not sent on to {', '.join(elsewhere)}: {why}"
        return chosen._replace(targets=targets, keep=True, notes=(*chosen.notes, note))

    def reached(self, account: AccountInfo, recipients: int) -> str:
        """Why a message is not sent on to so many recipients elsewhere, as a clause; else "", and
        they are counted. Where they cannot be, it is sent on."""
        now, limits = self._clock(), account.limits
        both = (
            ("an hour", HOUR, limits.messages_per_hour),
            ("a day", DAY, limits.messages_per_day),
        )
        try:
            for count in (False, True):
                for word, window, limit in both:
                    if limit and not self._has_room(
                        account.id, window, limit, recipients, count, now
                    ):
                        return f"its account may send on {limit} messages in {word}"
        except AlphornError as error:
            _log.warning("what %s sends on is not counted: %s", account.address, error.text)
        return ""

    def _has_room(
        self, account_id: int, window: int, limit: int, amount: int, count: bool, now: float
    ) -> bool:
        key = f"sent-on:{window}:{account_id}"
        look = self._counters.hit if count else self._counters.peek
        return look(key, window, limit, amount, now=now).allowed


def trouble(account: AccountInfo, now: float) -> Trouble:
    """What the owner is told."""
    limits = account.limits
    text = f"{limits.messages_per_hour or '–'} / {limits.messages_per_day or '–'}"
    return Trouble(KIND, Spot("filters"), text, f"sent-on-limit:{int(now // DAY)}")

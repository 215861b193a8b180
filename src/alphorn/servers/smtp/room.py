"""Is there room in the mailbox? Known well enough to answer RCPT without asking the store anew.

What an account holds is remembered for a moment. It matters only near the limit, and there it is
always asked for; the store enforces the quota when the message is stored, whatever was said here.
"""

import time
from collections.abc import Callable

REMEMBERED_SECONDS = 10.0
MAX_REMEMBERED = 10_000
NEAR = 0.5
"""From this share of the quota on nothing is remembered."""


class Room:
    """One per worker, on the event loop. `octets_of` gives what an account holds, in octets."""

    __slots__ = ("_known", "_octets_of")

    def __init__(self, octets_of: Callable[[int], int]) -> None:
        self._octets_of = octets_of
        self._known: dict[int, tuple[float, int]] = {}

    def holds(self, account_id: int, size: int, quota: int) -> bool:
        """Whether `size` octets more still fit. Raises Unavailable."""
        now = time.monotonic()
        known = self._known.get(account_id)
        if known is None or known[0] < now or known[1] + size > quota * NEAR:
            if len(self._known) >= MAX_REMEMBERED:
                self._known.clear()
            known = self._known[account_id] = now + REMEMBERED_SECONDS, self._octets_of(account_id)
        return known[1] + size <= quota

"""When to try again, and when to give up (RFC 5321 §4.5.4.1). Pure functions.

The first tries come quickly, for servers that want to see us come back (greylisting) and for short
outages; then every four hours until the message's life ends. Each pause varies by a tenth, so that
a thousand messages to one server do not come back at once.
"""

from collections.abc import Callable, Sequence

MINUTE = 60.0
HOUR = 3600.0

REMOTE_PAUSES = (5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR)
LOCAL_PAUSES = (MINUTE, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR)
"""For our own mailboxes: what is in the way there is expected to pass soon."""

SPREAD = 0.1
MIN_ATTEMPTS = 3
"""However old a message is: a machine that was off for a week, or whose clock jumped, still tries
it more than once."""

LONGEST_PAUSE = max(*REMOTE_PAUSES, *LOCAL_PAUSES) * (1 + SPREAD)


def next_attempt(
    attempts: int,
    now: float,
    expires: float,
    random: Callable[[], float],
    pauses: Sequence[float] = REMOTE_PAUSES,
) -> float | None:
    """When to try again after `attempts` failed ones (1 or more), or None to give up.

    `random` gives numbers between 0 and 1. The last attempt falls on `expires` itself.
    """
    pause = pauses[min(attempts, len(pauses)) - 1] * (1 - SPREAD + 2 * SPREAD * random())
    if attempts < MIN_ATTEMPTS:
        return now + pause
    if now >= expires:
        return None
    return min(now + pause, expires)

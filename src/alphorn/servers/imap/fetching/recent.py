"""The last large things that were read, kept for the next who asks.

* Messages: a phone that asks for BODY[]<0.65536>, then BODY[]<65536.65536> and so on would else
  make the store unpack the whole message each time.
* Lines: a mail program asks for the flags of all messages whenever it starts, most times of a
  mailbox in which nothing happened since.

Shared by all sessions of a worker and used in its threads.
"""

import threading
from collections import OrderedDict
from collections.abc import Hashable

MAX_OCTETS = 64 << 20
"""How much of messages is kept at most, over all accounts of the worker."""
WORTH_KEEPING = 128 << 10
"""Smaller messages are read again as quickly."""
MAX_LINES_OCTETS = 8 << 20
LINES_WORTH_KEEPING = 16 << 10


class Recent:
    """Keys say all that the value depends on, so that what is kept is right for ever: messages
    never change, and lines are kept under the mod-sequence at which they were right."""

    def __init__(self, most: int, least: int) -> None:
        """Up to `most` octets are kept, of values of `least` octets or more."""
        self._most = most
        self._least = least
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()
        self._octets = 0

    def get(self, key: Hashable) -> bytes | None:
        with self._lock:
            raw = self._kept.get(key)
            if raw is not None:
                self._kept.move_to_end(key)
            return raw

    def put(self, key: Hashable, raw: bytes) -> None:
        """Keep it if it is worth it and fits at all."""
        if not self._least <= len(raw) <= self._most:
            return
        with self._lock:
            old = self._kept.pop(key, None)
            self._octets += len(raw) - (len(old) if old is not None else 0)
            self._kept[key] = raw
            while self._octets > self._most:
                _, dropped = self._kept.popitem(last=False)
                self._octets -= len(dropped)


def recent_messages(most: int = MAX_OCTETS) -> Recent:
    """By account, EMAILID and size."""
    return Recent(most, WORTH_KEEPING)


def recent_lines(most: int = MAX_LINES_OCTETS) -> Recent:
    """See `commands.fetch`."""
    return Recent(most, LINES_WORTH_KEEPING)

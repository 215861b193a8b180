"""The last large messages that were read, for clients that fetch them piece by piece.

A phone that asks for BODY[]<0.65536>, then BODY[]<65536.65536> and so on would else make the store
unpack the whole message each time. Shared by all sessions of a worker and used in its threads.
"""

import threading
from collections import OrderedDict

MAX_OCTETS = 64 << 20
"""What is kept at most, over all accounts of the worker."""
WORTH_KEEPING = 128 << 10
"""Smaller messages are read again as quickly."""


Key = tuple[int, int, int]


class RecentMessages:
    """Messages never change: what is kept of (account, EMAILID, size) is right for ever."""

    def __init__(self, most: int = MAX_OCTETS) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, bytes] = OrderedDict()
        self._octets = 0

    def get(self, key: Key) -> bytes | None:
        with self._lock:
            raw = self._kept.get(key)
            if raw is not None:
                self._kept.move_to_end(key)
            return raw

    def put(self, key: Key, raw: bytes) -> None:
        """Keep it if it is worth it and fits at all."""
        if not WORTH_KEEPING <= len(raw) <= self._most:
            return
        with self._lock:
            old = self._kept.pop(key, None)
            self._octets += len(raw) - (len(old) if old is not None else 0)
            self._kept[key] = raw
            while self._octets > self._most:
                _, dropped = self._kept.popitem(last=False)
                self._octets -= len(dropped)

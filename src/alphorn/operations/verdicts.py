"""Remembers which passwords were right and which were wrong, so that a slow hash is computed once.

Mail programs log in again and again with the same password. What is remembered is an HMAC under a
key that this process made up and that dies with it, together with what is kept of the account's
password: a new password makes every earlier verdict worthless.
"""

import hmac
import secrets
from collections import OrderedDict
from threading import Lock

KEEP_SECONDS = 3600
MAX_VERDICTS = 32_768


class Verdicts:
    """Callable from any thread; bounded, the least recently used goes first."""

    def __init__(self, keep: float = KEEP_SECONDS, most: int = MAX_VERDICTS) -> None:
        self._key = secrets.token_bytes(32)
        self._keep = keep
        self._most = most
        self._lock = Lock()
        self._known: OrderedDict[bytes, tuple[bool, float]] = OrderedDict()

    def name(self, address: str, stored_key: bytes, password: str) -> bytes:
        """Under what the verdict on this password is remembered."""
        who = address.encode("utf-8", "replace")
        what = b"%d:%d:%b%b%b" % (len(who), len(stored_key), who, stored_key, password.encode())
        return hmac.digest(self._key, what, "sha256")

    def get(self, name: bytes, now: float) -> bool | None:
        """Whether the password was right, or None where that is not known."""
        with self._lock:
            verdict, until = self._known.get(name, (None, 0.0))
            if verdict is None or until <= now:
                return None
            self._known.move_to_end(name)
            return verdict

    def put(self, name: bytes, right: bool, now: float) -> None:
        with self._lock:
            self._known[name] = (right, now + self._keep)
            self._known.move_to_end(name)
            if len(self._known) > self._most:
                self._known.popitem(last=False)

    def __len__(self) -> int:
        return len(self._known)

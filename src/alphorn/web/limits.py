"""How often one client network may ask for what costs more than showing a page."""

import threading
from collections import OrderedDict

from alphorn.base.network import network_of

MAX_NETWORKS = 10_000


class Frequency:
    """`limit` times within `window` seconds, from one network; times are of a clock that only goes
    forward. Of more than `MAX_NETWORKS` those are forgotten that asked least lately."""

    def __init__(self, limit: int, window: float) -> None:
        self._share = window / limit
        self._window = window
        self._used_up: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, address: str, now: float) -> float:
        """Count one; 0, or in how many seconds there is room for it (then it is not counted)."""
        network = network_of(address)
        with self._lock:
            used_up = max(self._used_up.get(network, now), now) + self._share
            wait = used_up - now - self._window
            if wait > 1e-6:  # what is added up in fractions does not end exactly
                return wait
            self._used_up[network] = used_up
            self._used_up.move_to_end(network)
            if len(self._used_up) > MAX_NETWORKS:
                self._used_up.popitem(last=False)
        return 0.0

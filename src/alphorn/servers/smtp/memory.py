"""How many octets of messages the sessions of a worker hold together while these come in.

Each message is limited; many at once would still fill the machine. Above the limit, whoever is in
the middle of a message of more than `SMALL` octets is asked to come again later. Used on the event
loop only.
"""

SMALL = 256 << 10


class Memory:
    __slots__ = ("_limit", "held")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.held = 0

    def change(self, before: int, after: int) -> bool:
        """One session holds `after` octets instead of `before`; False where it must let go."""
        self.held += after - before
        return self.held <= self._limit or after <= SMALL or after <= before

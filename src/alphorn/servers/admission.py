"""How many connections there are, over all workers: limits, and a fair share for each worker.

The counts lie in memory that the workers share, a row for each. A worker writes only its own row,
so that nothing needs a lock; a limit is checked against the sum of all rows and can therefore be
passed by as many connections as there are workers, in the moment that they all accept one.

Client networks are counted by hash; two that meet in one of 16,384 places share a limit. The hash
is keyed anew at each start.
"""

import mmap
from collections.abc import Sequence
from dataclasses import dataclass

from alphorn.base.network import network_of

PLACES = 1 << 14
REFUSED = -1
UNCOUNTED = -2
_ACCEPTING, _CONNECTIONS, _ROLES = 0, 1, 2
_INT = 4


class Admission:
    """The shared rows; made by the supervisor before it forks."""

    def __init__(self, slots: int, roles: Sequence[str]) -> None:
        self.roles = tuple(roles)
        self.slots = slots
        self._width = _ROLES + len(self.roles) + PLACES
        self._memory = mmap.mmap(-1, slots * self._width * _INT)
        self._cells = memoryview(self._memory).cast("i")

    def row(self, slot: int) -> "memoryview[int]":
        start = slot * self._width
        return self._cells[start : start + self._width]

    def clear(self, slot: int) -> None:
        """Its worker is gone, and its connections with it."""
        start = slot * self._width * _INT
        self._memory[start : start + self._width * _INT] = bytes(self._width * _INT)

    def connections(self, role: str) -> int:
        """How many there are now, over all workers."""
        at = _ROLES + self.roles.index(role)
        return sum(self._cells[at :: self._width])


@dataclass(frozen=True, slots=True)
class RoleLimits:
    total: int
    per_network: int


class Gate:
    """One process's view: counts its connections, decides on new ones. `alone`: it shares its
    listeners with no other, and neither waits for one nor lets one wait."""

    def __init__(
        self, admission: Admission, slot: int, exempt_loopback: bool, *, alone: bool = False
    ) -> None:
        self._admission = admission
        self._mine = admission.row(slot)
        self._others = [admission.row(n) for n in range(admission.slots) if n != slot]
        self._rows = [*self._others, self._mine]
        self._exempt_loopback = exempt_loopback
        self._alone = alone
        self._networks = _ROLES + len(admission.roles)

    def opens(self) -> None:
        """This worker accepts connections from now on."""
        self._mine[_ACCEPTING] = not self._alone

    def shuts(self) -> None:
        self._mine[_ACCEPTING] = 0

    def mine_to_take(self) -> bool:
        """Whether no other accepting worker has fewer connections than this one."""
        mine = self._mine[_CONNECTIONS]
        return self._alone or all(
            row[_CONNECTIONS] >= mine or not row[_ACCEPTING] for row in self._others
        )

    def enter(self, role: str, limits: RoleLimits, address: str) -> int:
        """Count a new connection; what `leave` is to be given, or REFUSED."""
        at = _ROLES + self._admission.roles.index(role)
        network = UNCOUNTED
        if not (self._exempt_loopback and is_loopback(address)):
            place = hash((role, network_of(address))) % PLACES
            network = self._networks + place
            if sum(row[network] for row in self._rows) >= limits.per_network:
                return REFUSED
            if sum(row[at] for row in self._rows) >= limits.total:
                return REFUSED
            self._mine[network] += 1
        self._mine[at] += 1
        self._mine[_CONNECTIONS] += 1
        return network

    def leave(self, role: str, network: int) -> None:
        if network != UNCOUNTED:
            self._mine[network] -= 1
        self._mine[_ROLES + self._admission.roles.index(role)] -= 1
        self._mine[_CONNECTIONS] -= 1


def is_loopback(address: str) -> bool:
    return address == "::1" or address.startswith("127.")

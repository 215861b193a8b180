"""What the operations on the control plane are given: parts, limits, and in whose name they act."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from alphorn.base.secret import Secret
from alphorn.directory.keys import KeyRing
from alphorn.directory.values import Profile, Protection
from alphorn.store.api import Store


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: an operator, a user of the Manager, or the holder of an account. Exactly one."""

    operator: bool = False
    user_id: int | None = None
    account_id: int | None = None


OPERATOR = Actor(operator=True)
"""Whoever may run the command line on this machine."""


@dataclass(frozen=True, slots=True)
class Control:
    """Made by the composition root, after `directory.setup.setup`. `hostname` is where MX records
    point; `iterations` is what a password's slow hash costs (`base.scram`); `protection` is what
    holds where nobody says otherwise."""

    store: Store
    keys: KeyRing
    hostname: str
    iterations: int
    clock: Callable[[], float] = time.time
    actor: Actor = OPERATOR
    protection: Protection = Protection()  # noqa: RUF009 - frozen

    def now(self) -> int:
        return int(self.clock())

    def acting_as(self, actor: Actor) -> "Control":
        """The same for somebody else."""
        return replace(self, actor=actor)


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What an account is made from. Without a password nobody can log in yet; without a quota the
    plan's holds."""

    address: str
    password: Secret | None = None
    name: str = ""
    language: str = "en"
    quota_octets: int | None = field(default=None)
    profile: Profile = Profile()  # noqa: RUF009 - frozen

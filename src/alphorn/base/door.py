"""What is remembered of clients that come to the door: values that rules and their file share.

Times are seconds UTC.
"""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Sighting:
    """Something that the greylist has seen: first at `since`, of use last at `used`.

    `passes` is 0 while a first try waits for its retry; afterwards how often it got through.
    """

    since: float
    used: float
    passes: int = 0


@dataclass(frozen=True, slots=True)
class Tally:
    """What came from a network or in the name of a domain, as it counts at `at`: messages that were
    good or spam, recipients that do not exist, and messages or recipients refused for another
    reason. Old events count less than new ones."""

    good: float = 0.0
    spam: float = 0.0
    unknown: float = 0.0
    refused: float = 0.0
    at: float = 0.0

    def faded(self, now: float, half_life: float) -> "Tally":
        """The same as it counts at `now`; a clock that was set back fades nothing."""
        if now <= self.at:
            return self
        rest = 0.5 ** ((now - self.at) / half_life)
        return Tally(
            self.good * rest, self.spam * rest, self.unknown * rest, self.refused * rest, now
        )

    def plus(self, other: "Tally") -> "Tally":
        """Both together; `at` stays."""
        return Tally(
            self.good + other.good,
            self.spam + other.spam,
            self.unknown + other.unknown,
            self.refused + other.refused,
            self.at,
        )

    @property
    def weight(self) -> float:
        return self.good + self.spam + self.unknown + self.refused


class Scope(StrEnum):
    """Which doors a ban closes."""

    MX = "mx"  # mail from other servers
    LOGINS = "logins"  # submission and reading mail
    ALL = "all"


class Offence(StrEnum):
    """What a network may be banned for."""

    DICTIONARY = "dictionary"  # guesses addresses
    EARLY = "early"  # speaks before it is greeted
    AHEAD = "ahead"  # does not wait for replies where it has to
    LOGINS = "logins"  # guesses passwords
    SPAM = "spam"
    OPERATOR = "operator"  # none: somebody decided so


@dataclass(frozen=True, slots=True)
class Evidence:
    """Offences of one kind: how many from `since` to `last`, and what was seen last (`sample`),
    which may name people and is for the operator alone. `level` is how full the measure is."""

    offence: Offence
    count: int
    since: float
    last: float
    level: float = 0.0
    sample: str = ""


@dataclass(frozen=True, slots=True)
class Ban:
    """`network` as `base.network.read_network` writes it. `times` counts how often in a row it was
    banned; `note` is the operator's own and shown to nobody else."""

    network: str
    since: float
    until: float
    offence: Offence
    scope: Scope = Scope.MX
    times: int = 1
    evidence: tuple[Evidence, ...] = ()
    note: str = ""

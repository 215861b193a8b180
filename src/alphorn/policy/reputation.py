"""What is thought of a network or a domain after what has come from it so far.

Counts fade (`base.door.Tally`), so that whoever mends his ways is believed again. Of a domain
count only messages that authenticate as its own. Pure.
"""

from dataclasses import dataclass
from enum import StrEnum

from alphorn.base.door import Tally


class Standing(StrEnum):
    UNKNOWN = "unknown"  # too little has come
    GOOD = "good"
    MIXED = "mixed"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Settings:
    """`good`: how many good messages a good name takes. `clean`: which share of all that came has
    to be good for it. `bad`: how many bad ones make a bad name, once they are half of all.
    `half_life`: seconds until an event counts half."""

    good: int = 20
    clean: float = 0.95
    bad: int = 5
    half_life: int = 14 * 86400


GOOD = Tally(good=1)
SPAM = Tally(spam=1)
UNKNOWN = Tally(unknown=1)
REFUSED = Tally(refused=1)


def standing(tally: Tally, now: float, settings: Settings) -> Standing:
    """Unknown recipients count a quarter: good servers have some in old lists of addresses."""
    tally = tally.faded(now, settings.half_life)
    wrong = tally.spam + tally.refused + tally.unknown / 4
    whole = tally.good + wrong
    if wrong >= settings.bad and wrong >= whole / 2:
        return Standing.BAD
    if tally.good >= settings.good and tally.good >= settings.clean * whole:
        return Standing.GOOD
    return Standing.UNKNOWN if whole < 1 else Standing.MIXED

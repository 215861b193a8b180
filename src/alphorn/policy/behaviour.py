"""Whether an account behaves like itself: a stolen password shows in a sudden change.

What is looked at: recipients it never wrote to before, networks and countries of logins, mail that
looks like spam, mail that bounces, addresses of ours that do not exist. Each has a measure: from
`limit` on the account is slowed down, from some times that on it may send no more. Who has had more
in an hour in earlier weeks may have more now; who stays slowed down hour after hour is no accident
either.

Networks are an IPv4 /16 or an IPv6 /32, which is about what one provider has in one country.
Countries are known only where the operator has a database of them. Of both those count that are
new: who travels sees one or two new countries in an hour, and who has been somewhere, or in a
tunnel that ends there, may come from there again.

Pure: counts in, a judgement out.
"""

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from math import ceil, log2

from alphorn.base.behaviour import History
from alphorn.base.country import Country, named
from alphorn.base.network import IPV6_BITS, address_of
from alphorn.policy.decision import Reason

HOUR = 3600
HALF_LIFE = 86400.0
"""Seconds in which half of what bounced is forgotten."""

IPV4_PREFIX = 16
IPV6_PREFIX = 32


class Level(IntEnum):
    OK = 0
    SLOW = 1
    LOCKED = 2


@dataclass(frozen=True, slots=True)
class Limits:
    """What slows an account down; 0 looks away.

    `strangers`, `networks`, `countries`, `spam` and `refused` are counts in an hour, `strangers`
    and `spam` at least `times_usual` times the most it had in an hour before; `bounces` is a share,
    of at least `least_bounces` bounces. `lock_factor` times as many lock it (of bounces the share
    half-way to all), and so do `slow_hours` hours of a day in which it was slowed down; `locks`
    off, nothing does. Slowed down, it has `fraction` of what its plan allows.
    """

    strangers: int = 250
    times_usual: float = 3.0
    networks: int = 6
    bounces: float = 0.3
    least_bounces: int = 20
    spam: int = 10
    refused: int = 30
    lock_factor: float = 3.0
    slow_hours: int = 4
    fraction: float = 0.1
    locks: bool = True
    countries: int = 4


@dataclass(frozen=True, slots=True)
class Behaviour:
    """`reasons` are what slows or locks, the gravest first; `facts` the counts behind them, by the
    codes of the reasons with "-limit" for what would still have been well; `countries` those that
    a reason speaks of. `wait` is after how many
    seconds without more of it the account is itself again; 0 where it is well."""

    level: Level = Level.OK
    reasons: tuple[Reason, ...] = ()
    facts: Mapping[str, float] = field(default_factory=dict)
    wait: int = 0
    countries: tuple[Country, ...] = ()


WELL = Behaviour()

STRANGERS = "strangers"
NETWORKS = "networks"
COUNTRIES = "countries"
BOUNCES = "bounces"
SPAM = "spam"
REFUSED = "refused"
PERSISTS = "persists"


@dataclass(frozen=True, slots=True)
class _Finding:
    level: Level
    reason: Reason
    value: float
    limit: float
    wait: int = HOUR


def decide(history: History, limits: Limits) -> Behaviour:
    """What the counts of an account amount to."""
    found = [finding for rule in _RULES for finding in rule(history, limits) if finding.level]
    if not found:
        return WELL
    if limits.locks and limits.slow_hours and history.slow_hours >= limits.slow_hours:
        found.append(_persists(history.slow_hours, limits.slow_hours))
    found.sort(key=lambda finding: -finding.level)
    facts: dict[str, float] = {}
    for finding in found:
        facts[finding.reason.code] = finding.value
        facts[f"{finding.reason.code}-limit"] = finding.limit
    level = found[0].level if limits.locks else Level.SLOW
    reasons = tuple(finding.reason for finding in found)
    countries = history.countries if COUNTRIES in facts else ()
    return Behaviour(level, reasons, facts, max(finding.wait for finding in found), countries)


def cut(limit: int, fraction: float) -> int:
    """What is left of a plan's limit while an account is slowed down: one at least; 0 (none)
    becomes a limit too."""
    return max(1, ceil(limit * fraction)) if limit else ceil(_UNLIMITED * fraction)


_UNLIMITED = 500
"""A plan without a limit is taken to have this one while an account of it is slowed down."""


def place_of(peer: str) -> str:
    """The network that stands for where a client is; what is no address stands for itself."""
    try:
        address = address_of(peer)
    except ValueError:
        return peer[:64]
    prefix = IPV6_PREFIX if address.max_prefixlen == IPV6_BITS else IPV4_PREFIX
    return str(ipaddress.ip_network((address, prefix), strict=False))


def _strangers(history: History, limits: Limits) -> Iterator[_Finding]:
    limit = _at_least(limits.strangers, limits.times_usual * history.usual_strangers)
    count = history.strangers
    text = (
        f"Within an hour it wrote to {count} addresses that it had never written to before; "
        f"until now there were at most {history.usual_strangers} in an hour."
    )
    yield _counted(STRANGERS, text, count, limit, limits)


def _networks(history: History, limits: Limits) -> Iterator[_Finding]:
    text = (
        f"Within an hour it was logged in to from {history.networks} networks from which nobody "
        "had logged in before."
    )
    yield _counted(NETWORKS, text, history.networks, limits.networks, limits)


def _countries(history: History, limits: Limits) -> Iterator[_Finding]:
    count = len(history.countries)
    text = (
        f"Within an hour it was logged in to from {count} countries from which nobody had logged "
        f"in before: {named(history.countries, 'en')}."
    )
    yield _counted(COUNTRIES, text, count, limits.countries, limits)


def _spam(history: History, limits: Limits) -> Iterator[_Finding]:
    limit = _at_least(limits.spam, limits.times_usual * history.usual_spam)
    text = f"Within an hour {history.spam} messages looked like spam."
    yield _counted(SPAM, text, history.spam, limit, limits)


def _refused(history: History, limits: Limits) -> Iterator[_Finding]:
    text = f"Within an hour it wrote to {history.refused} addresses that do not exist here."
    yield _counted(REFUSED, text, history.refused, limits.refused, limits)


def _bounces(history: History, limits: Limits) -> Iterator[_Finding]:
    if not limits.bounces or history.settled <= 0:
        return
    share = min(1.0, history.bounced / history.settled)
    count = round(history.bounced)
    text = f"Of its last messages {share:.0%} could not be delivered."
    level = Level.OK
    if share >= limits.bounces and count >= limits.least_bounces:
        level = Level.SLOW
        if share >= (1 + limits.bounces) / 2 and count >= limits.least_bounces * limits.lock_factor:
            level = Level.LOCKED
    few = max(1.0, history.bounced / max(1, limits.least_bounces))
    wait = max(HOUR, ceil(HALF_LIFE * log2(few)))
    yield _Finding(level, Reason(BOUNCES, text), round(share, 3), limits.bounces, wait)


def _persists(hours: int, limit: int) -> _Finding:
    text = f"It had to be slowed down in {hours} hours of the last day, and went on."
    return _Finding(Level.LOCKED, Reason(PERSISTS, text), hours, limit)


def _at_least(limit: int, usual: float) -> float:
    return max(limit, usual) if limit else 0


def _counted(code: str, text: str, count: int, limit: float, limits: Limits) -> _Finding:
    level = Level.OK
    if limit and count >= limit:
        level = Level.LOCKED if count >= limit * limits.lock_factor else Level.SLOW
    return _Finding(level, Reason(code, text), count, limit)


_RULES: tuple[Callable[[History, Limits], Iterator[_Finding]], ...] = (
    _strangers,
    _networks,
    _countries,
    _spam,
    _refused,
    _bounces,
)

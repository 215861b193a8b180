"""When a network is banned, for how long, and the words for it. Pure.

Offences fill a measure that empties by itself within `window` seconds; when it is full, the
network is banned, each time in a row twice as long. Networks that mostly send good mail are never
banned by what their mail does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from alphorn.base.door import Ban, Evidence, Offence, Scope, Tally
from alphorn.policy.decision import Act, Decision, Reason

STAGE = "ban"
PAGE = "banned"
GOOD_SHARE = 4
"""A network with so many times more good messages than bad events is not banned for its mail."""
MIN_GOOD = 5
PERMANENT_SECONDS = 5 * 86400
"""An operator's ban of this length or more is meant for good: longer than servers mostly try."""

_SCOPES = {Offence.LOGINS: Scope.LOGINS, Offence.OPERATOR: Scope.ALL}
_OF_MAIL = frozenset((Offence.DICTIONARY, Offence.SPAM))
BECAUSE = {
    Offence.DICTIONARY: "mail from it was addressed to many mailboxes that do not exist here",
    Offence.EARLY: "it repeatedly spoke before it was greeted",
    Offence.AHEAD: "it repeatedly sent on without waiting for our replies",
    Offence.LOGINS: "too many logins from it failed",
    Offence.SPAM: "much of its mail was spam",
    Offence.OPERATOR: "the operator of this server decided so",
}
COUNTED = {
    Offence.DICTIONARY: "recipients that do not exist",
    Offence.EARLY: "times spoken before the greeting",
    Offence.AHEAD: "times sent on without waiting for a reply",
    Offence.LOGINS: "failed logins",
    Offence.SPAM: "messages that were spam",
    Offence.OPERATOR: "decisions",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """`limits`: how many of each offence within `window` seconds are borne; what is not in it is
    never banned for. `first` and `longest`: seconds of the first ban and of the longest.
    `memory`: seconds after its end in which a ban counts for the next one's length."""

    limits: Mapping[Offence, int] = field(
        default_factory=lambda: {
            Offence.DICTIONARY: 50,
            Offence.EARLY: 5,
            Offence.AHEAD: 5,
            Offence.LOGINS: 100,
            Offence.SPAM: 30,
        }
    )
    window: int = 3600
    first: int = 3600
    longest: int = 7 * 86400
    memory: int = 30 * 86400
    enabled: bool = True


def judge(
    network: str,
    evidence: Evidence,
    tally: Tally,
    before: Ban | None,
    now: float,
    settings: Settings,
) -> Ban | None:
    """The ban that the network has earned with this last offence, or None.

    `tally` is what has come from it, faded to `now`; `before` its last ban, over or not.
    """
    limit = settings.limits.get(evidence.offence)
    if not settings.enabled or limit is None or not is_full(evidence, limit):
        return None
    if before is not None and before.until > now:
        return None
    if evidence.offence in _OF_MAIL and _mostly_good(tally):
        return None
    times = 1
    if before is not None and now - before.until < settings.memory:
        times = before.times + 1
    seconds = min(settings.first * 2 ** min(times - 1, 30), settings.longest)
    scope = _SCOPES.get(evidence.offence, Scope.MX)
    return Ban(network, now, now + seconds, evidence.offence, scope, times, (evidence,))


def is_full(evidence: Evidence, limit: int) -> bool:
    """What has gone out of the measure since the first offence counts when it is a whole one."""
    return evidence.level > limit - 1


def covers(ban: Ban, scope: Scope) -> bool:
    """Whether the ban closes the door for `scope` (MX or LOGINS)."""
    return ban.scope is Scope.ALL or ban.scope is scope


def because(offence: Offence) -> str:
    """The reason in words that may be shown to anybody."""
    return BECAUSE[offence]


def counted(evidence: Evidence) -> str:
    """The evidence in words, without whatever might name people."""
    return f"{evidence.count} {COUNTED[evidence.offence]}"


def moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def is_permanent(ban: Ban) -> bool:
    return ban.offence is Offence.OPERATOR and ban.until - ban.since >= PERMANENT_SECONDS


def refusal(ban: Ban, address: str) -> Decision:
    """What a client at `address` is told: 421 4.7.0, so that the mail of others who share the
    address waits until the ban is over; 554 5.7.1 where an operator shut them out for good."""
    text = f"{address} is banned until {moment(ban.until)} because {because(ban.offence)}"
    permanent = is_permanent(ban)
    return Decision(
        STAGE,
        Act.REFUSE if permanent else Act.DEFER,
        "5.7.1" if permanent else "4.7.0",
        text,
        basic=554 if permanent else 421,
        page=PAGE,
        reasons=(Reason("banned", f"{text}."),),
        facts={"ban": ban.offence.value, "until": ban.until},
    )


def _mostly_good(tally: Tally) -> bool:
    wrong = tally.spam + tally.unknown / GOOD_SHARE
    return tally.good >= MIN_GOOD and tally.good >= GOOD_SHARE * wrong

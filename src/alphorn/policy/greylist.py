"""Greylisting: whoever comes for the first time is asked to come again.

A server that queues mail does come again; programs that only spread it mostly do not. Pure: the
caller reads the records that `keys` names, calls `decide`, and writes what it is told to.

What is remembered, each under a number (a hash, so that the file holds nobody's addresses):

* a **first try**: origin, sender and recipient. The origin is where it comes from:
  - the sender's domain, where SPF says that this client may send for it. A large provider's retry
    comes from another host, and is known again by that;
  - else the client's confirmed reverse name without its first label, which the hosts of such a
    pool share as well;
  - else the client's network (an IPv4 /24, an IPv6 /64).
* a **pair** of origin (never the reverse name, under which strangers may gather) and sender domain
  that got through: after some times it is not delayed again;
* an **answer** that is expected: sender and recipient of mail that our user sent. The null sender
  is expected too, for a week: reports on that mail, and servers that ask whether its sender exists.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from alphorn.base.door import Sighting
from alphorn.base.network import neighbourhood_of
from alphorn.policy.decision import Act, Decision, Reason
from alphorn.policy.reputation import Standing
from alphorn.policy.sender_key import sender_key

STAGE = "greylist"
PAGE = "greylist"
REPORT_SECONDS = 7 * 86400
"""How long after a user's mail reports on it are expected; mail is tried for 5 days mostly."""
REFRESH_SECONDS = 86400
"""A record in use is written anew no more often than this."""
WIDEST_IPV4, WIDEST_IPV6 = 8, 16
"""An SPF mechanism that lets more of the Internet send than such a network names no pool."""
_LOW = 1 << 32


@dataclass(frozen=True, slots=True)
class Settings:
    """`wait`: seconds until a retry passes. `retry_within`: seconds in which it has to come.
    `keep`: seconds without use after which what got through is forgotten. `passes`: after how many
    a pair is proven."""

    wait: int = 180
    retry_within: int = 36 * 3600
    keep: int = 40 * 86400
    passes: int = 2


@dataclass(frozen=True, slots=True)
class Facts:
    """One recipient of one message. Addresses are in text form, `sender` "" for the null sender.

    `spf_domain` is the domain for which SPF passed: that of MAIL FROM, for the null sender that of
    HELO; "" where it did not pass. `spf_mechanism` is the one that matched ("ip4:192.0.2.0/24",
    "include:x.example", "all"). `ptr` is the client's reverse name where it leads back to the
    client. `wanted`: the recipient wants greylisting. `allowed` names the allow list that the
    client is on. `domain` and `network` are what is known of the authenticated domain and of the
    client's network.
    """

    client: str
    sender: str
    recipient: str
    spf_domain: str = ""
    spf_mechanism: str = ""
    ptr: str = ""
    wanted: bool = True
    allowed: str = ""
    domain: Standing = Standing.UNKNOWN
    network: Standing = Standing.UNKNOWN


@dataclass(frozen=True, slots=True)
class Keys:
    """The records that a decision asks for; `triplets` has the one first that is written."""

    triplets: tuple[int, ...]
    pair: int
    answer: int

    @property
    def all(self) -> tuple[int, ...]:
        return (*self.triplets, self.pair, self.answer)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`writes` are records to put under their numbers. `waits` is in seconds, 0 where it passes."""

    decision: Decision
    writes: tuple[tuple[int, Sighting], ...] = ()
    waits: int = 0


def keys(facts: Facts) -> Keys:
    sender, recipient = sender_key(facts.sender), facts.recipient.lower()
    origins = [neighbourhood_of(facts.client)]
    if name := pool_name(facts.ptr):
        origins.insert(0, "ptr:" + name)
    pool = origins[-1]
    if facts.spf_domain and not _too_wide(facts.spf_mechanism):
        pool = "spf:" + facts.spf_domain.lower()
        origins.insert(0, pool)
    tried = _low(f"{sender}\0{recipient}")
    pair = _start(pool) | _low("pair\0" + sender.rpartition("@")[2])
    answer = _start("answer:" + recipient) | _low(sender)
    return Keys(tuple([_start(origin) | tried for origin in origins]), pair, answer)


def answer_key(correspondent: str, user: str) -> int:
    """The record of an answer that `user` may get from `correspondent` ("" for reports)."""
    return _start("answer:" + user.lower()) | _low(sender_key(correspondent))


def expected(sender: str, recipients: tuple[str, ...], now: float) -> tuple[int, ...]:
    """The records to put once our user `sender` has sent a message: `expectation(now)` each."""
    return (answer_key("", sender), *(answer_key(to, sender) for to in recipients))


def expectation(now: float) -> Sighting:
    return Sighting(now, now, 1)


def decide(
    now: float, facts: Facts, named: Keys, records: Mapping[int, Sighting], settings: Settings
) -> Verdict:
    """`named` is `keys(facts)`, `records` those of them that there are. Passes, or defers with
    451 4.7.1."""
    if not facts.wanted:
        return _passes("greylist-off", "")
    if facts.allowed:
        return _passes("allow-list", f"The sending server is on the allow list {facts.allowed}.")
    if facts.spf_domain and facts.domain is Standing.GOOD:
        return _passes("good-domain", f"Much good mail has come from {facts.spf_domain} before.")
    if facts.network is Standing.GOOD:
        return _passes("good-network", "Much good mail has come from this server before.")
    live = {key: seen for key, seen in records.items() if is_live(seen, now, settings)}
    answer = live.get(named.answer)
    if answer is not None and (facts.sender or now - answer.used < REPORT_SECONDS):
        return _passes("answer", "The recipient wrote to this sender before.")
    pair = live.get(named.pair)
    if pair is not None and pair.passes >= settings.passes:
        writes = _refreshed(named.pair, pair, now)
        return _passes("known-pair", "This server has proved to send for this domain.", writes)
    tries = [(key, live[key]) for key in named.triplets if key in live]
    for key, seen in tries:
        if seen.passes:
            writes = _refreshed(key, seen, now)
            return _passes("known-sender", "This sender's mail got through before.", writes)
    if not tries:
        return _deferred(settings.wait, ((named.triplets[0], Sighting(now, now)),))
    key, first = min(tries, key=lambda one: one[1].since)
    rest = first.since + settings.wait - now
    if rest > 0:
        return _deferred(math.ceil(rest))
    passed = (key, Sighting(first.since, now, 1))
    return _passes(
        "retried",
        f"The sending server came again after {round(now - first.since)} seconds.",
        (passed, *_proof(named.pair, pair, now, settings)),
    )


def is_live(seen: Sighting, now: float, settings: Settings) -> bool:
    """Whether the record still counts. One from the future was written under a wrong clock."""
    if max(seen.since, seen.used) > now + settings.wait:
        return False
    if seen.passes:
        return now - seen.used < settings.keep
    return now - seen.since < settings.retry_within


def pool_name(ptr: str) -> str:
    """What the reverse names of a pool's hosts have in common: all but the first label, where two
    remain at least; "" for no name."""
    name = ptr.lower().rstrip(".")
    rest = name.partition(".")[2]
    return rest if "." in rest else name


def _proof(
    key: int, pair: Sighting | None, now: float, settings: Settings
) -> tuple[tuple[int, Sighting], ...]:
    """One message to many recipients proves no more than one to a single one."""
    if pair is None:
        return ((key, Sighting(now, now, 1)),)
    if now - pair.used < settings.wait:
        return ()
    return ((key, Sighting(pair.since, now, pair.passes + 1)),)


def _refreshed(key: int, seen: Sighting, now: float) -> tuple[tuple[int, Sighting], ...]:
    if now - seen.used < REFRESH_SECONDS:
        return ()
    return ((key, Sighting(seen.since, now, seen.passes)),)


def _passes(code: str, text: str, writes: tuple[tuple[int, Sighting], ...] = ()) -> Verdict:
    reasons = (Reason(code, text),) if text else ()
    return Verdict(Decision(STAGE, reasons=reasons, facts={"greylist": code}), writes)


def _deferred(seconds: int, writes: tuple[tuple[int, Sighting], ...] = ()) -> Verdict:
    decision = Decision(
        STAGE,
        Act.DEFER,
        "4.7.1",
        f"Greylisted, please try again in {seconds} seconds",
        basic=451,
        page=PAGE,
        reasons=(
            Reason(
                "greylisted",
                f"This sender is new; his server was asked to come again in {seconds} seconds.",
            ),
        ),
        facts={"greylist": "first" if writes else "early", "wait": seconds},
    )
    return Verdict(decision, writes, seconds)


def _too_wide(mechanism: str) -> bool:
    """Whether whoever wrote the SPF record lets (nearly) everybody send for the domain."""
    word = mechanism.lower().lstrip("+")
    if word == "all":
        return True
    _, slash, length = word.rpartition("/")
    if not slash or not length.isascii() or not length.isdigit():
        return False
    return int(length) < (WIDEST_IPV6 if word.startswith("ip6:") else WIDEST_IPV4)


def origin_range(origin: str) -> tuple[int, int]:
    """Records of one origin have numbers from the first up to, and without, the second."""
    start = _start(origin)
    return start, start + _LOW


# A key has 63 bits, of which the first 31 are the origin's: its records lie beside each other.


@lru_cache(maxsize=2048)
def _start(origin: str) -> int:
    return (_low(origin) >> 1) * _LOW


def _low(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=4).digest())

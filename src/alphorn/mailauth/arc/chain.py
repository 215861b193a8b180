"""The fields of a chain, sorted into sets (RFC 8617 §4.2 and §5.2, steps 1 to 3).

Set 1 is the first forwarder's. Each set has one ARC-Authentication-Results, one
ARC-Message-Signature and one ARC-Seal; whatever departs from that is the chain's `fault`.
"""

import re
from dataclasses import dataclass, replace
from typing import TypeVar

from alphorn.mailauth.dkim import problems, tags
from alphorn.mailauth.dkim.canonical import split_fields
from alphorn.mailauth.dkim.fields import field_name
from alphorn.mailauth.dkim.problems import Fault, Problem
from alphorn.mailauth.dkim.signature import Rules, Signature, bounded_header, read
from alphorn.mailauth.outcome import Outcome

MAX_SETS = 50
"""RFC 8617 §4.2.1."""

MAX_KEYS = 16
"""Different keys that a chain may need: each costs a question to the DNS. A forwarder uses one."""

RESULTS = b"arc-authentication-results"
MESSAGE = b"arc-message-signature"
SEAL = b"arc-seal"

MESSAGE_RULES = Rules(("i", "a", "b", "bh", "d", "h", "s"), canonicalization="relaxed/relaxed")
"""By RFC 8617 §4.1.2 all tags but `i=` mean what they mean in DKIM, where the canonicalization is
"simple" unless said otherwise; who seals without saying it, and the public suite, mean "relaxed".
"""

SEAL_RULES = Rules(("i", "a", "b", "cv", "d", "s"), forbidden=("h",), covers_message=False)

CONTRADICTORY = Problem(
    "arc-structure", Outcome.FAIL, "The fields of the ARC chain do not fit together: {detail}."
)

T = TypeVar("T")

_COMMENT = rb"(?:[ \t\r\n]|\([^()]{0,500}\))*+"
_INSTANCE = re.compile(rb"%(c)s[iI]%(c)s=%(c)s([0-9]{1,2})(?![0-9])%(c)s;" % {b"c": _COMMENT})


@dataclass(frozen=True, slots=True)
class ArcSet:
    """`results` is the field as it stands; `verdict` is the seal's `cv=`."""

    instance: int
    results: bytes
    message: Signature
    seal: Signature
    verdict: str


@dataclass(frozen=True, slots=True)
class Chain:
    """`sets` with the oldest first; none where there is a `fault`, or no chain at all. `highest` is
    the highest instance that any field names."""

    sets: tuple[ArcSet, ...] = ()
    fault: Fault | None = None
    highest: int = 0


class _Bad(Exception):
    pass


def parse(raw: bytes) -> Chain:
    """The message's chain. Never raises; looks at the header alone, and at no more than
    `signature.MAX_HEADER` octets of it."""
    header, oversized = bounded_header(raw)
    if b"arc-" not in header.lower():
        return Chain()
    found: dict[bytes, list[bytes]] = {RESULTS: [], MESSAGE: [], SEAL: []}
    for field in split_fields(header):
        if field[:4].lower() == b"arc-" and (fields := found.get(field_name(field))) is not None:
            fields.append(field)
    if not any(found.values()):
        return Chain()
    if oversized is not None:
        return Chain(fault=oversized)
    if max(map(len, found.values())) > MAX_SETS:
        return Chain(fault=Fault(CONTRADICTORY, f"there are more than {MAX_SETS} sets"))
    read_results = [(_results_instance(each), each) for each in found[RESULTS]]
    read_messages = [
        (_instance(given.get("i", "")), each)
        for each, given in (read(field, MESSAGE_RULES) for field in found[MESSAGE])
    ]
    read_seals = [
        (_instance(given.get("i", "")), (each, given.get("cv", "")))
        for each, given in (read(field, SEAL_RULES) for field in found[SEAL])
    ]
    highest = max(at for at, _ in (*read_results, *read_messages, *read_seals))
    try:
        results = _by_instance(read_results)
        messages = _by_instance(read_messages)
        seals = _by_instance(read_seals)
        if not set(results) == set(messages) == set(seals) == set(range(1, highest + 1)):
            raise _Bad("a set is incomplete or missing")
        sets = tuple(
            ArcSet(at, results[at], _without_seals(messages[at]), *seals[at])
            for at in range(1, highest + 1)
        )
        _check_verdicts(sets)
    except _Bad as bad:
        return Chain(fault=Fault(CONTRADICTORY, str(bad)), highest=highest)
    if len({each.key_name for each in needed(sets)}) > MAX_KEYS:
        return Chain(fault=Fault(CONTRADICTORY, "it needs too many keys"), highest=highest)
    return Chain(sets, highest=highest)


def needed(sets: tuple[ArcSet, ...]) -> tuple[Signature, ...]:
    """What has to verify if the chain is to hold: the newest message signature, all seals."""
    return (sets[-1].message, *(each.seal for each in reversed(sets)))


def payload(results: bytes) -> bytes:
    """What stands in an ARC-Authentication-Results field behind its instance."""
    value = results.partition(b":")[2]
    match = _INSTANCE.match(value)
    return value[match.end() :] if match else b""


def _results_instance(field: bytes) -> int:
    match = _INSTANCE.match(field.partition(b":")[2])
    return _instance(match.group(1).decode() if match else "")


def _instance(text: str) -> int:
    """0 where it is none."""
    instance = tags.number(text, 2) or 0
    return instance if instance <= MAX_SETS else 0


def _by_instance(fields: list[tuple[int, T]]) -> dict[int, T]:
    by_instance = dict(fields)
    if 0 in by_instance:
        raise _Bad("a field of it has no valid number (i=)")
    if len(by_instance) < len(fields):
        raise _Bad("two fields of a kind have the same number (i=)")
    return by_instance


def _without_seals(signature: Signature) -> Signature:
    """A message signature must not cover seals (RFC 8617 §4.1.2)."""
    if signature.fault is None and SEAL.decode() in signature.names:
        fault = Fault(problems.MALFORMED, "it covers ARC-Seal")
        return replace(signature, fault=fault)
    return signature


def _check_verdicts(sets: tuple[ArcSet, ...]) -> None:
    """RFC 8617 §5.2, step 3; that the newest says "fail" is for `validate` to tell."""
    for each in sets:
        expected = "none" if each.instance == 1 else "pass"
        if each.verdict == "fail" and each is sets[-1]:
            continue
        if each.verdict != expected:
            raise _Bad(f"seal {each.instance} does not say cv={expected}")

"""Validation of a chain (RFC 8617 §5.2), in the three steps of DKIM's verification.

chain = parse(raw)                          cheap: the header alone
keys = await find_keys(chain, resolver)     the DNS
result = check(raw, chain, keys, now)       the processor
"""

from dataclasses import dataclass
from hashlib import sha256

from alphorn.dns.answers import Resolver
from alphorn.mailauth.arc.chain import Chain, needed, parse, payload
from alphorn.mailauth.dkim import public
from alphorn.mailauth.dkim.covered import Covered, without_value
from alphorn.mailauth.dkim.problems import Fault, Problem
from alphorn.mailauth.dkim.public import NOT_ASKED, Gather, Keys, usable
from alphorn.mailauth.dkim.signature import Signature
from alphorn.mailauth.dkim.verify import signed_by, verify
from alphorn.mailauth.outcome import Outcome

__all__ = ["ArcResult", "Chain", "check", "find_keys", "parse"]

FAILED_BEFORE = Problem(
    "arc-failed-before",
    Outcome.FAIL,
    "{domain} says that the ARC chain was broken already when the message came there.",
)

MAX_RESULTS = 8192
"""Octets of ARC-Authentication-Results that are passed on."""


@dataclass(frozen=True, slots=True)
class ArcResult:
    """What came of a chain.

    `outcome`: NONE, PASS, FAIL, or TEMPERROR where a key could not be asked for; `sealers`: the
    `d=` of the seals, newest first, as claimed where the outcome is not PASS; `results`: what the
    first forwarder had found, on one line: ARC-Authentication-Results behind `i=1;`, written by
    him, "" without PASS; `reason`: a sentence, "" for PASS and NONE; `code`: a short stable word
    for it; `instances`: how many sets there are; `oldest_pass`: the instance from which on all
    message signatures still hold (RFC 8617 §5.2 writes 0 for 1), 0 without PASS.
    """

    outcome: Outcome
    sealers: tuple[str, ...] = ()
    results: str = ""
    reason: str = ""
    code: str = ""
    instances: int = 0
    oldest_pass: int = 0


async def find_keys(chain: Chain, resolver: Resolver, gather: Gather | None = None) -> Keys:
    """The keys that the chain needs, at most `chain.MAX_KEYS`; none where it is broken anyway."""
    if not chain.sets or _broken(chain) is not None:
        return {}
    return await public.find_keys(needed(chain.sets), resolver, gather)


def check(
    raw: bytes, chain: Chain, keys: Keys, now: int, *, covered: Covered | None = None
) -> ArcResult:
    """Never raises; `now` is seconds UTC. `covered` is of the same message, where another check
    (DKIM's) shares what it works out."""
    sealers = tuple(each.seal.domain for each in reversed(chain.sets))
    if chain.fault is not None:
        return _failure(chain, sealers, chain.fault, None)
    if not chain.sets:
        return ArcResult(Outcome.NONE)
    broken = _broken(chain)
    if broken is not None:
        return _failure(chain, sealers, *broken)
    covered = covered or Covered(raw)
    messages = [each.message for each in reversed(chain.sets)]
    verifications = verify(covered, messages, keys, now)
    fault = verifications[0].fault
    if fault is not None:
        return _failure(chain, sealers, fault, messages[0])
    for seal, digest in _seals(covered, chain):
        usable_keys, fault = usable(keys.get(seal.key_name, NOT_ASKED))
        if usable_keys:
            found = signed_by(usable_keys, seal, digest).fault
            if found is None:
                continue
            fault = found
        return _failure(chain, sealers, fault, seal)
    holding = 0
    while holding < len(verifications) and verifications[holding].fault is None:
        holding += 1
    return ArcResult(
        Outcome.PASS,
        sealers,
        " ".join(payload(chain.sets[0].results)[:MAX_RESULTS].decode("utf-8", "replace").split()),
        instances=len(chain.sets),
        oldest_pass=len(verifications) - holding + 1,
    )


def _broken(chain: Chain) -> tuple[Fault, Signature] | None:
    """What is wrong before any key is known, and where."""
    newest = chain.sets[-1]
    if newest.verdict == "fail":
        return Fault(FAILED_BEFORE), newest.seal
    for signature in needed(chain.sets):
        if signature.fault is not None:
            return signature.fault, signature
    return None


def _seals(covered: Covered, chain: Chain) -> list[tuple[Signature, bytes]]:
    """Each seal, newest first, with the hash of what it signs: all sets up to its own, the seal
    itself without its value (RFC 8617 §5.1.1)."""
    seals = []
    before = sha256()
    for each in chain.sets:
        before.update(covered.octets((each.results, each.message.field), True))
        digest = before.copy()
        digest.update(covered.octets((without_value(each.seal.field),), True)[:-2])
        seals.append((each.seal, digest.digest()))
        before.update(covered.octets((each.seal.field,), True))
    return seals[::-1]


def _failure(
    chain: Chain, sealers: tuple[str, ...], fault: Fault, at: Signature | None
) -> ArcResult:
    outcome = fault.problem.outcome
    reason = fault.sentence(at.domain if at else "", at.selector if at else "")
    return ArcResult(
        outcome if outcome is Outcome.TEMPERROR else Outcome.FAIL,
        sealers,
        reason=f"The ARC chain does not hold. {reason}",
        code=fault.problem.code,
        instances=len(chain.sets),
    )

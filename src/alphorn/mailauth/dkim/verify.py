"""Verification of DKIM signatures (RFC 6376 §6, RFC 8301, RFC 8463, RFC 8616).

    signatures = parse(raw)                         cheap: the header alone
    keys = await find_keys(signatures, resolver)    the DNS
    results = check(raw, signatures, keys, now)     the processor: hashes and keys

`raw` is the message as it came over the wire. A signature's header is checked before the body is
hashed: a message of 25 MB under forged signatures costs no more than a small one, and of a body
that is said to have changed we know that the signer had signed another.

A result that is `PASS` covers the whole body: see `check` on `l=`. What comes of a key under test
(`t=y`) is for the caller to decide; RFC 6376 §3.6.1 forbids to treat its failures worse than no
signature, and a pass says what it says.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from alphorn.mailauth.dkim import problems
from alphorn.mailauth.dkim.covered import Covered
from alphorn.mailauth.dkim.problems import Fault
from alphorn.mailauth.dkim.public import NOT_ASKED, Keys, PublicKey, find_keys, usable
from alphorn.mailauth.dkim.signature import MAX_SIGNATURES, Signature, parse
from alphorn.mailauth.outcome import Outcome

__all__ = [
    "MAX_SIGNATURES",
    "DkimResult",
    "Keys",
    "Signature",
    "Verification",
    "check",
    "find_keys",
    "parse",
    "verify",
]

CLOCK_SKEW = 300
"""Seconds that a signature is accepted after its end (RFC 6376 §3.5, `x=`)."""

MAX_AHEAD = 86400
"""Seconds that `t=` may lie in the future."""

_PADDING = PKCS1v15()
_PREHASHED = Prehashed(SHA256())


@dataclass(frozen=True, slots=True)
class DkimResult:
    """What came of one signature.

    `domain`, `selector`: A-labels in lower case, "" where the signature could not be read;
    `identity`: `i=` ("@example.org" where there is none); `bits`: of the key, 0 where none was
    found; `reason`: a sentence, "" for a pass; `testing`: `t=y` stands in the key record; `code`:
    a short stable word for the reason; `start`: the first characters of `b=` (`header.b`,
    RFC 6008 §4).

    `identity` is as the sender wrote it but for white space: quote it before it goes into a field.
    """

    outcome: Outcome
    domain: str
    selector: str
    identity: str
    algorithm: str
    bits: int
    reason: str
    testing: bool
    code: str = ""
    start: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of a signature, before it is put into words; no `fault` means that it holds."""

    fault: Fault | None = None
    key: PublicKey | None = None


def check(
    raw: bytes,
    signatures: Sequence[Signature],
    keys: Keys,
    now: int,
    *,
    trust_length: bool = False,
    covered: Covered | None = None,
) -> tuple[DkimResult, ...]:
    """A result for each signature, in order. Never raises; `now` is seconds UTC. `covered` is of
    the same message, where another check (ARC's) shares what it works out.

    A signature that holds but leaves the end of the body uncovered (`l=`) is `POLICY`, because
    whoever passes the message on can add what he likes; with `trust_length` it is `PASS`, and its
    reason still says so.
    """
    verifications = verify(covered or Covered(raw), signatures, keys, now)
    return tuple(
        _result(signature, verification, trust_length)
        for signature, verification in zip(signatures, verifications, strict=True)
    )


def verify(
    covered: Covered, signatures: Sequence[Signature], keys: Keys, now: int
) -> list[Verification]:
    """The same for all signatures over a header and a body (ARC's have the same form)."""
    results = [_header(covered, signature, keys, now) for signature in signatures]
    waiting: dict[bool, list[int]] = defaultdict(list)
    for at, result in enumerate(results):
        if result.fault is None:
            waiting[signatures[at].relaxed_body].append(at)
    for relaxed, places in waiting.items():
        _bodies(covered, relaxed, places, signatures, results)
    return results


def _header(covered: Covered, signature: Signature, keys: Keys, now: int) -> Verification:
    """All but the body."""
    fault = signature.fault or _time(signature, now)
    if fault is not None:
        return Verification(fault)
    usable_keys, fault = usable(keys.get(signature.key_name, NOT_ASKED))
    if not usable_keys:
        return Verification(fault)
    octets = covered.header(signature.names, signature.relaxed_header, signature.field)
    return signed_by(usable_keys, signature, sha256(octets).digest())


def signed_by(keys: Sequence[PublicKey], signature: Signature, digest: bytes) -> Verification:
    """Whether one of `keys` (at least one) made the signature over what has this SHA-256."""
    results = [_signed_by(key, signature, digest) for key in keys]
    return next((each for each in results if each.fault is None), results[0])


def _signed_by(key: PublicKey, signature: Signature, digest: bytes) -> Verification:
    if key.algorithm != signature.algorithm:
        return Verification(Fault(problems.KEY_UNSUITABLE, "it is of another kind"), key)
    if key.strict and signature.identity.rpartition("@")[2] not in ("", signature.domain):
        detail = "it may not be used for parts of the domain"
        return Verification(Fault(problems.KEY_UNSUITABLE, detail), key)
    try:
        if isinstance(key.key, Ed25519PublicKey):
            # RFC 8463 §3: what is signed is the hash, by PureEdDSA.
            key.key.verify(signature.value, digest)
        else:
            key.key.verify(signature.value, digest, _PADDING, _PREHASHED)
    except (InvalidSignature, ValueError):
        return Verification(Fault(problems.HEADER_CHANGED), key)
    return Verification(None, key)


def _bodies(
    covered: Covered,
    relaxed: bool,
    places: Sequence[int],
    signatures: Sequence[Signature],
    results: list[Verification],
) -> None:
    """Compares the body's hashes for the signatures at `places`, all of one canonicalization."""
    whole = covered.body_length(relaxed)
    lengths = {at: _length(signatures[at], whole) for at in places}
    hashes = covered.body_hashes(relaxed, (each for each in lengths.values() if each <= whole))
    for at, length in lengths.items():
        fault = None
        if length > whole:
            fault = Fault(problems.BODY_SHORTER)
        elif hashes[length] != signatures[at].body_hash:
            fault = Fault(problems.BODY_CHANGED)
        elif length < whole:
            fault = Fault(problems.PARTLY_SIGNED, _octets(whole - length))
        if fault is not None:
            results[at] = Verification(fault, results[at].key)


def _length(signature: Signature, whole: int) -> int:
    return whole if signature.length is None else signature.length


def _octets(count: int) -> str:
    return "1 octet" if count == 1 else f"{count} octets"


def _time(signature: Signature, now: int) -> Fault | None:
    if signature.expires is not None and now > signature.expires + CLOCK_SKEW:
        return Fault(problems.EXPIRED, _ago(now - signature.expires))
    if signature.made is not None and signature.made > now + MAX_AHEAD:
        return Fault(problems.FROM_THE_FUTURE)
    return None


def _ago(seconds: int) -> str:
    for unit, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= unit:
            count = seconds // unit
            return f"{count} {name}{'' if count == 1 else 's'} ago"
    return "just now"


def _result(signature: Signature, verification: Verification, trust_length: bool) -> DkimResult:
    fault, key = verification.fault, verification.key
    outcome, code, reason = Outcome.PASS, "", ""
    if fault is not None:
        outcome, code = fault.problem.outcome, fault.problem.code
        reason = fault.sentence(signature.domain, signature.selector)
        if trust_length and fault.problem is problems.PARTLY_SIGNED:
            outcome = Outcome.PASS
    return DkimResult(
        outcome,
        signature.domain,
        signature.selector,
        signature.identity,
        signature.algorithm,
        key.bits if key is not None else 0,
        reason,
        key.testing if key is not None else False,
        code,
        signature.start,
    )

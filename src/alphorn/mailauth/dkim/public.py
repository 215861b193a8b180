"""Public keys: finding the records in the DNS and reading them (RFC 6376 §3.6, RFC 8301 §3.2,
RFC 8463 §4).

A record is read and its key loaded once, and kept by its text: what a hostile record costs is
bounded by the sizes of keys that are accepted.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from alphorn.dns.answers import DnsError, Resolver, Temporary
from alphorn.mailauth.dkim import problems, tags
from alphorn.mailauth.dkim.problems import Fault
from alphorn.mailauth.dkim.signature import Signature

MIN_RSA_BITS = 1024
MAX_RSA_BITS = 8192
"""RFC 8301 §3.2 demands at least 1024 to 4096; larger than this is a way to waste our time."""

MAX_EXPONENT_BITS = 64
"""Of an RSA key: what a verification costs grows with it. Nearly all are 65537."""

MAX_RECORD = 4096
"""Octets; a key of 8192 bits takes some 1,400."""

MAX_RECORDS = 3
"""Of one name: a domain that changes its key may have left two. The standard demands one."""

MAX_KEPT = 4096

ED25519_OCTETS = 32
ED25519_BITS = 256

Gather = Callable[..., Awaitable[Any]]
"""As `asyncio.gather`: awaits what it is given at the same time, and returns a list of results."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """`testing` is `t=y`; `strict` is `t=s`: the identity's domain must be `d=` itself."""

    key: RSAPublicKey | Ed25519PublicKey
    algorithm: str
    bits: int
    testing: bool
    strict: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What the DNS says under one name: records, or why there are none."""

    records: tuple[bytes, ...] = ()
    fault: Fault | None = None


Keys = Mapping[str, Found]
"""By `Signature.key_name`."""

NOT_ASKED = Found(fault=Fault(problems.KEY_UNAVAILABLE))


async def find_keys(
    signatures: Iterable[Signature], resolver: Resolver, gather: Gather | None = None
) -> Keys:
    """The key records of all signatures that are not refused already; each name is asked once.

    With `gather` (such as `asyncio.gather`) all are asked at the same time, otherwise one after the
    other. Never raises for anything that the DNS says.
    """
    names = list(dict.fromkeys(each.key_name for each in signatures if each.fault is None))
    if gather is None or len(names) < 2:
        return {name: await _ask(name, resolver) for name in names}
    answers = await gather(*(_ask(name, resolver) for name in names))
    return dict(zip(names, answers, strict=True))


async def _ask(name: str, resolver: Resolver) -> Found:
    try:
        answer = await resolver.txt(name)
    except Temporary:
        return NOT_ASKED
    except DnsError:
        return Found(fault=Fault(problems.KEY_MISSING))
    return Found(answer.records[:MAX_RECORDS])


def usable(found: Found) -> tuple[tuple[PublicKey, ...], Fault]:
    """The keys among the records, and what is to be said where there is none."""
    if found.fault is not None:
        return (), found.fault
    read_records = [read(record) for record in found.records]
    keys = tuple(each for each in read_records if isinstance(each, PublicKey))
    faults = (each for each in read_records if isinstance(each, Fault))
    return keys, next(faults, Fault(problems.KEY_MISSING))


def read(record: bytes) -> PublicKey | Fault:
    """A key record. Never raises."""
    if len(record) > MAX_RECORD:
        return Fault(problems.KEY_MALFORMED, "the record is too long")
    return _read(record)


@lru_cache(maxsize=MAX_KEPT)
def _read(record: bytes) -> PublicKey | Fault:
    try:
        found = tags.read(record)
    except tags.BadTagList as error:
        return Fault(problems.KEY_MALFORMED, str(error))
    if "v" in found and (next(iter(found)) != "v" or found["v"] != "DKIM1"):
        return Fault(problems.KEY_MALFORMED, "it does not begin with v=DKIM1")
    if "p" not in found:
        return Fault(problems.KEY_MALFORMED, "p= is missing")
    if not found["p"]:
        return Fault(problems.KEY_REVOKED)
    if not {"*", "email"} & set(tags.words(found.get("s", "*"))):
        return Fault(problems.KEY_UNSUITABLE, "it is for other services than mail")
    if "sha256" not in tags.words(found.get("h", "sha256")):
        return Fault(problems.KEY_UNSUITABLE, "it allows other hashes only")
    kind = found.get("k", "rsa")
    octets = tags.base64(found["p"])
    if octets is None:
        return Fault(problems.KEY_MALFORMED, "p= is not base64")
    flags = tags.words(found.get("t", ""))
    match kind:
        case "rsa":
            return _rsa(octets, "y" in flags, "s" in flags)
        case "ed25519":
            return _ed25519(octets, "y" in flags, "s" in flags)
    return Fault(problems.KEY_UNSUITABLE, f"k={kind[:20]} is not known")


def _rsa(octets: bytes, testing: bool, strict: bool) -> PublicKey | Fault:
    try:
        key = load_der_public_key(octets)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return Fault(problems.KEY_MALFORMED, "p= is no RSA key")
    if not isinstance(key, RSAPublicKey):
        return Fault(problems.KEY_MALFORMED, "p= is no RSA key")
    bits = key.key_size
    if bits < MIN_RSA_BITS:
        return Fault(
            problems.KEY_SIZE, f"it has {bits} bits, and at least {MIN_RSA_BITS} are needed"
        )
    if bits > MAX_RSA_BITS:
        return Fault(problems.KEY_SIZE, f"it has more than {MAX_RSA_BITS} bits")
    if key.public_numbers().e.bit_length() > MAX_EXPONENT_BITS:
        return Fault(problems.KEY_SIZE, "its exponent is too large")
    return PublicKey(key, "rsa-sha256", bits, testing, strict)


def _ed25519(octets: bytes, testing: bool, strict: bool) -> PublicKey | Fault:
    if len(octets) != ED25519_OCTETS:
        return Fault(problems.KEY_MALFORMED, "p= is no Ed25519 key")
    try:
        key = Ed25519PublicKey.from_public_bytes(octets)
    except (ValueError, UnsupportedAlgorithm):
        return Fault(problems.KEY_MALFORMED, "p= is no Ed25519 key")
    return PublicKey(key, "ed25519-sha256", ED25519_BITS, testing, strict)

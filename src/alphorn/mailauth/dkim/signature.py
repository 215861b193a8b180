"""DKIM-Signature fields as values (RFC 6376 §3.5, RFC 8301, RFC 8463, RFC 8616).

`parse` never raises: what is wrong with a signature stands in its `fault`, and the fields that
could be read are filled in all the same, so that a trace can name the domain.

ARC's signatures and seals (RFC 8617 §4.1) are of the same kind and are read here by other `Rules`.
"""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from alphorn.base.address import MAX_DOMAIN, fold_domain
from alphorn.mailauth.dkim import problems, tags
from alphorn.mailauth.dkim.canonical import header_of, split_fields
from alphorn.mailauth.dkim.fields import field_name
from alphorn.mailauth.dkim.problems import Fault, Problem

MAX_SIGNATURES = 8
"""Of one message; the first ones from the top are looked at, the others are ignored. A message has
two or three; each costs a question to the DNS and an operation on a key."""

MAX_HEADER = 512 * 1024
MAX_LINES = 10_000
"""Octets and lines of a header whose signatures are checked."""

MAX_FIELD = 32 * 1024
MAX_NAMES = 500
"""Octets of a signature, and names in its `h=`."""

MAX_IDENTITY = 320
HASH_OCTETS = 32

NAME = b"dkim-signature"

_DOMAIN = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})+", re.ASCII)
_SELECTOR = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*", re.ASCII)
_ALGORITHMS = frozenset(("rsa-sha256", "ed25519-sha256"))
_CANONICALIZATIONS = {"simple": False, "relaxed": True}
_TIME_DIGITS = 12
_LENGTH_DIGITS = 76


@dataclass(frozen=True, slots=True)
class Rules:
    """What sets the fields apart that are read here. `required` tags are named in `INCOMPLETE`."""

    required: tuple[str, ...]
    forbidden: tuple[str, ...] = ()
    versioned: bool = False
    has_identity: bool = False
    covers_message: bool = True
    covers_from: bool = False
    canonicalization: str = "simple/simple"  # where there is no c=


DKIM = Rules(
    ("v", "a", "b", "bh", "d", "h", "s"), versioned=True, has_identity=True, covers_from=True
)


@dataclass(frozen=True, slots=True)
class Signature:
    """One field. `domain` and `selector` are A-labels in lower case, "" where they cannot be read;
    times are seconds UTC; `names` (of `h=`) are in lower case; `length` is `l=`."""

    field: bytes = dataclasses.field(repr=False)
    domain: str = ""
    selector: str = ""
    identity: str = ""
    algorithm: str = ""
    relaxed_header: bool = False
    relaxed_body: bool = False
    names: tuple[str, ...] = ()
    body_hash: bytes = b""
    value: bytes = dataclasses.field(default=b"", repr=False)
    length: int | None = None
    made: int | None = None
    expires: int | None = None
    fault: Fault | None = None
    start: str = ""
    """The first eight characters of `b=`: they name a signature in Authentication-Results
    (RFC 6008 §4)."""

    @property
    def key_name(self) -> str:
        """Where its key is published (RFC 6376 §3.6.2.1)."""
        return f"{self.selector}._domainkey.{self.domain}"


def parse(raw: bytes) -> tuple[Signature, ...]:
    """The message's signatures from the top, at most `MAX_SIGNATURES`. Never raises; looks at no
    more than `MAX_HEADER` octets."""
    header, oversized = bounded_header(raw)
    if NAME not in header.lower():
        return ()
    fields = [each for each in split_fields(header) if each[:1] in b"dD"]
    found = [each for each in fields if field_name(each) == NAME]
    signatures = [read(each, DKIM)[0] for each in found[:MAX_SIGNATURES]]
    if oversized is not None:
        return tuple(replace(signature, fault=oversized) for signature in signatures)
    return tuple(signatures)


def bounded_header(raw: bytes) -> tuple[bytes, Fault | None]:
    """The header as far as it is looked at, and what is to be said where that is not all of it."""
    header = header_of(raw)
    if len(header) <= MAX_HEADER and header.count(b"\n") <= MAX_LINES:
        return header, None
    lines = header[:MAX_HEADER].split(b"\r\n", MAX_LINES)[:MAX_LINES]
    return b"\r\n".join(lines), Fault(problems.OVERSIZED, "the header of the message is too large")


class _Bad(Exception):
    def __init__(self, problem: Problem, detail: str = "") -> None:
        super().__init__(detail)
        self.fault = Fault(problem, detail)


def read(field: bytes, rules: Rules) -> tuple[Signature, Mapping[str, str]]:
    """One field, and its tags ({} where they cannot be read). Never raises."""
    if len(field) > MAX_FIELD:
        return Signature(field, fault=Fault(problems.OVERSIZED, "it is too long")), {}
    try:
        found = tags.read(field.partition(b":")[2])
    except tags.BadTagList as error:
        return Signature(field, fault=Fault(problems.MALFORMED, str(error))), {}
    domain = host_name(found.get("d", ""), _DOMAIN)
    selector = host_name(found.get("s", ""), _SELECTOR)
    algorithm = found.get("a", "")
    signature = Signature(
        field,
        domain=domain or "",
        selector=selector or "",
        identity=f"@{domain}" if rules.has_identity and domain else "",
        algorithm=algorithm if len(algorithm) < 32 and algorithm.isascii() else "",
        start="".join(found.get("b", "")[:40].split())[:8],
    )
    try:
        return _complete(signature, found, rules), found
    except _Bad as bad:
        return replace(signature, fault=bad.fault), found


def _complete(signature: Signature, found: Mapping[str, str], rules: Rules) -> Signature:
    """The rest of the fields. Raises `_Bad` for the first thing that is wrong."""
    if rules.versioned and found.get("v", "1") != "1":
        raise _Bad(problems.UNKNOWN_VERSION, f"v={found['v'][:20]}")
    for name in rules.required:
        if name not in found:
            raise _Bad(problems.INCOMPLETE, name)
    for name in rules.forbidden:
        if name in found:
            raise _Bad(problems.MALFORMED, f"{name}= must not stand in it")
    if not signature.domain:
        raise _Bad(problems.MALFORMED, "d= is no domain name")
    if not signature.selector:
        raise _Bad(problems.MALFORMED, "s= is no selector")
    if len(signature.key_name) > MAX_DOMAIN:
        raise _Bad(problems.MALFORMED, "d= and s= together are too long for the DNS")
    if "dns/txt" not in tags.words(found.get("q", "dns/txt")):
        raise _Bad(problems.UNKNOWN_KIND, f"q={found['q'][:40]}")
    if signature.algorithm == "rsa-sha1":
        raise _Bad(problems.SHA1)
    if signature.algorithm not in _ALGORITHMS:
        raise _Bad(problems.UNKNOWN_KIND, f"a={found['a'][:40]}")
    value = tags.base64(found["b"])
    if not value:
        raise _Bad(problems.MALFORMED, "b= is not base64")
    made = _number(found, "t", _TIME_DIGITS)
    covering = _covering(found, rules) if rules.covers_message else {}
    identity = signature.identity
    if rules.has_identity:
        identity = _identity(found.get("i"), signature.domain)
    if rules.covers_from and "from" not in covering["names"]:
        raise _Bad(problems.FROM_UNSIGNED)
    expires = covering.get("expires")
    if expires is not None and made is not None and expires <= made:
        raise _Bad(problems.CONTRADICTORY_TIMES)
    return Signature(
        signature.field,
        signature.domain,
        signature.selector,
        identity,
        signature.algorithm,
        value=value,
        made=made,
        start=signature.start,
        **covering,
    )


def _covering(found: Mapping[str, str], rules: Rules) -> dict[str, Any]:
    """The fields that say what is signed, and until when."""
    header, slash, body = found.get("c", rules.canonicalization).partition("/")
    if not slash:
        body = "simple"
    if header not in _CANONICALIZATIONS or body not in _CANONICALIZATIONS:
        raise _Bad(problems.UNKNOWN_KIND, f"c={found['c'][:40]}")
    names = tuple(name.lower() for name in tags.words(found["h"]))
    if len(names) > MAX_NAMES:
        raise _Bad(problems.OVERSIZED, "it names too many fields")
    body_hash = tags.base64(found["bh"])
    if body_hash is None or len(body_hash) != HASH_OCTETS:
        raise _Bad(problems.MALFORMED, "bh= is no SHA-256 hash in base64")
    return {
        "relaxed_header": _CANONICALIZATIONS[header],
        "relaxed_body": _CANONICALIZATIONS[body],
        "names": names,
        "body_hash": body_hash,
        "length": _number(found, "l", _LENGTH_DIGITS),
        "expires": _number(found, "x", _TIME_DIGITS),
    }


def _number(found: Mapping[str, str], name: str, digits: int) -> int | None:
    if name not in found:
        return None
    number = tags.number(found[name], digits)
    if number is None:
        raise _Bad(problems.MALFORMED, f"{name}= is no number")
    return number


def _identity(text: str | None, domain: str) -> str:
    """`i=` as it is written, its domain as A-labels; it belongs to `d=` or a part of it."""
    if text is None:
        return f"@{domain}"
    local, at, name = "".join(text.split()).rpartition("@")
    own = host_name(name, _DOMAIN)
    if not at or own is None or len(local) > MAX_IDENTITY:
        raise _Bad(problems.MALFORMED, "i= is no address")
    if own != domain and not own.endswith(f".{domain}"):
        raise _Bad(problems.FOREIGN_IDENTITY, own)
    return f"{local}@{own}"


def host_name(text: str, pattern: re.Pattern[str]) -> str | None:
    """As A-labels in lower case (RFC 8616 §4); None where it is no name."""
    name = text.lower() if text.isascii() else fold_domain(text)
    if name is None or len(name) > MAX_DOMAIN or not pattern.fullmatch(name):
        return None
    return name

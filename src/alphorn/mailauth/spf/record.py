"""A published record and its grammar (RFC 7208 §4.6.1, §5, §6 and §12).

Every term is read before any is used, and all that is wrong is found (up to a bound), so that the
owner of the record need not find it one by one. Records are foreign octets: reading takes time in
proportion to their length, which is bounded, and never raises.
"""

import ipaddress
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from alphorn.mailauth.spf import macros
from alphorn.mailauth.spf.macros import MacroError, Template
from alphorn.mailauth.spf.result import Spf

MAX_RECORD = 4096
"""Octets; eight times what RFC 7208 §3.4 advises. Reading so many takes some 7 ms at the worst."""

MAX_KEPT_RECORD = 1024
MAX_KEPT = 1024
"""How many parsed records are kept, and how long they may be: together some 25 MB at the worst."""

MAX_PROBLEMS = 20
MAX_SHOWN = 80
MAX_ADDRESS = 46
QUERYING = frozenset(["include", "a", "mx", "ptr", "exists"])
"""The mechanisms that count as look-ups (RFC 7208 §4.6.4)."""

_VERSION = b"v=spf1"
_QUALIFIERS = {"": Spf.PASS, "+": Spf.PASS, "-": Spf.FAIL, "~": Spf.SOFTFAIL, "?": Spf.NEUTRAL}
_MODIFIER = re.compile(r"([A-Za-z][A-Za-z0-9._-]*)=(.*)", re.ASCII | re.DOTALL)
_MECHANISM = re.compile(r"([-+?~]?)([A-Za-z][A-Za-z0-9._-]*)([:/].*)?", re.ASCII | re.DOTALL)
_IP4 = re.compile(r":([0-9.]{7,15})(?:/([0-9]+))?", re.ASCII)
_IP6 = re.compile(r":([0-9A-Fa-f:.]{2,45})(?:/([0-9]+))?", re.ASCII)
_LENGTHS = re.compile(r"(?:/([0-9]+))?(?://([0-9]+))?\Z", re.ASCII)
_ADDRESS = re.compile(r":([0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)")


@dataclass(frozen=True, slots=True)
class Mechanism:
    """`text` is the term without its qualifier. `target` None is the domain under check.

    An address is in the network of `ip4` or `ip6` when it is equal to `network` after both lost
    their last `shift4` or `shift6` bits; those of `a` and `mx` are compared likewise.
    """

    name: str
    result: Spf
    text: str
    target: Template | None = None
    network: int = 0
    shift4: int = 0
    shift6: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    """`problems` are the errors in the grammar, each the rest of a sentence that begins with "The
    SPF record of ..."; a record with one decides nothing. `ignored` are modifiers that are none of
    RFC 7208's."""

    mechanisms: tuple[Mechanism, ...] = ()
    redirect: Template | None = None
    explanation: Template | None = None
    problems: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


def select(records: Iterable[bytes]) -> list[bytes]:
    """Those of the TXT records of a name that are SPF records (RFC 7208 §4.5)."""
    return [
        record
        for record in records
        if record[:6].lower() == _VERSION and record[6:7] in (b"", b" ")
    ]


def parse(record: bytes) -> Record:
    """One of those `select` chose. Those of usual length are remembered."""
    return _kept(record) if len(record) <= MAX_KEPT_RECORD else _parse(record)


def shown(text: str) -> str:
    """Foreign words in a sentence of ours: what prints, and not too much of it."""
    text = text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "..."
    return text if text.isascii() and text.isprintable() else ascii(text)[1:-1]


class _TermError(ValueError):
    pass


def _parse(record: bytes) -> Record:
    if len(record) > MAX_RECORD:
        return Record(problems=(f"is longer than {MAX_RECORD} characters.",))
    text = record.decode("latin-1")
    mechanisms = []
    modifiers: dict[str, Template] = {}
    problems = []
    ignored = []
    for term in filter(None, text[len(_VERSION) :].split(" ")):
        try:
            modifier = _MODIFIER.fullmatch(term)
            if modifier is None:
                mechanisms.append(_mechanism(term))
            elif (name := modifier[1].lower()) not in ("redirect", "exp"):
                macros.parse(modifier[2])
                ignored.append(term)
            elif name in modifiers:
                raise _TermError(f"stands beside another {name}=; there may be one")
            else:
                modifiers[name] = macros.parse_domain(modifier[2])
        except (MacroError, _TermError) as error:
            problems.append(f'has the term "{shown(term)}", which {error}.')
            if len(problems) == MAX_PROBLEMS:
                break
    return Record(
        tuple(mechanisms),
        modifiers.get("redirect"),
        modifiers.get("exp"),
        tuple(problems),
        tuple(ignored),
    )


_kept = lru_cache(maxsize=MAX_KEPT)(_parse)


def _mechanism(term: str) -> Mechanism:
    found = _MECHANISM.fullmatch(term)
    name = found[2].lower() if found else ""
    reader = _READERS.get(name)
    if found is None or reader is None:
        raise _TermError(_unknown(name, term))
    return reader(name, _QUALIFIERS[found[1]], term[len(found[1]) :], found[3] or "")


def _unknown(name: str, term: str) -> str:
    if not term.isascii() or not term.isprintable():
        return "has a character that cannot stand in a record"
    if name in ("redirect", "exp"):
        return f'has a ":" where "=" belongs ({name}=...)'
    if name in ("ip", "ipv4", "ipv6"):
        return "is no known mechanism; networks stand after ip4: or ip6:"
    return "is no known mechanism"


def _all(name: str, result: Spf, text: str, rest: str) -> Mechanism:
    if rest:
        raise _TermError("has something after its name; all stands alone")
    return Mechanism(name, result, text)


def _domain(name: str, result: Spf, text: str, rest: str) -> Mechanism:
    """include, exists, ptr."""
    if not rest and name == "ptr":
        return Mechanism(name, result, text)
    if not rest.startswith(":"):
        raise _TermError(f'is not "{name}:" and a domain')
    return Mechanism(name, result, text, _target(rest))


def _hosts(name: str, result: Spf, text: str, rest: str) -> Mechanism:
    """a, mx."""
    lengths = _LENGTHS.search(rest)
    target = rest[: lengths.start()] if lengths else ""
    if lengths is None or (target and not target.startswith(":")):
        raise _TermError("has a network length that cannot be read")
    shift4 = _shift(lengths[1], 32)
    shift6 = _shift(lengths[2], 128)
    return Mechanism(
        name, result, text, _target(target) if target else None, shift4=shift4, shift6=shift6
    )


def _ip4(name: str, result: Spf, text: str, rest: str) -> Mechanism:
    return _ip(name, result, text, _IP4.fullmatch(rest), ipaddress.IPv4Address, 32)


def _ip6(name: str, result: Spf, text: str, rest: str) -> Mechanism:
    return _ip(name, result, text, _IP6.fullmatch(rest), ipaddress.IPv6Address, 128)


def _ip(
    name: str,
    result: Spf,
    text: str,
    found: re.Match[str] | None,
    read: Callable[[str], ipaddress.IPv4Address | ipaddress.IPv6Address],
    bits: int,
) -> Mechanism:
    if found is None:
        raise _TermError(f'is not "{name}:" and an IPv{name[2]} address')
    try:
        address = int(read(found[1]))
    except ValueError as error:
        raise _TermError(f"has an address that is no IPv{name[2]} address") from error
    shift = _shift(found[2], bits)
    shift4, shift6 = (shift, 0) if bits == 32 else (0, shift)
    return Mechanism(name, result, text, None, address >> shift, shift4, shift6)


def _target(rest: str) -> Template:
    """The domain-spec after its colon."""
    address = _ADDRESS.fullmatch(rest) if len(rest) <= MAX_ADDRESS else None
    if address:
        kind = "ip6" if ":" in address[1] else "ip4"
        raise _TermError(f"has an address in place of a name; addresses stand after {kind}:")
    return macros.parse_domain(rest[1:])


def _shift(length: str | None, bits: int) -> int:
    """From the digits of a CIDR length. RFC 7208 §12 has no leading zeros."""
    if length is None:
        return 0
    if len(length) > 3 or (length[0] == "0" and length != "0") or int(length) > bits:
        raise _TermError(f"has a network length that is not between 0 and {bits}")
    return bits - int(length)


_READERS: dict[str, Callable[[str, Spf, str, str], Mechanism]] = {
    "all": _all,
    "include": _domain,
    "a": _hosts,
    "mx": _hosts,
    "ptr": _domain,
    "ip4": _ip4,
    "ip6": _ip6,
    "exists": _domain,
}

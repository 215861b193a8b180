"""Sender rewriting: an envelope sender at a domain of ours for mail that we send on (SRS).

Who sends mail on speaks for a domain that has not named him (RFC 7208 §2.4, Appendix D.2); so the
envelope's sender becomes an address of ours, from which a report finds back to the true sender:

    SRS0=MAC=DAY=DOMAIN=LOCAL@ours       for LOCAL@DOMAIN
    SRS1=DAYMAC=HOST=REST@ours           for SRS0REST@HOST, and for SRS1=…=HOST=REST@anywhere: a
                                         second forwarder points to the first, so that it stays
                                         as short however long the way is
    SRS0=MAC=DAY=kept=TOKEN@ours         for what fits in neither: the caller keeps the sender
                                         under the token

DAY is the day modulo 1024 in two characters and MAC eight of an HMAC over all the rest and our
domain, both in base 32: forty bits that nobody guesses over SMTP. An address holds for `MAX_DAYS`,
longer than any queue keeps mail, and at the domain only that it was made for. The MAC is over lower
case, for servers on the way may change the case; what we write is at most 64 octets (RFC 5321
§4.5.3.1.1) and a Dot-string of plain characters, whatever the sender is.

Pure: the keyed hash and the time are passed in.
"""

import base64
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from alphorn.base.address import MAX_LOCAL
from alphorn.base.errors import Refused

MAX_DAYS = 21
AHEAD_DAYS = 1
"""Clocks of several machines may differ about which day it is."""
DAY = 86400
KEPT = "kept"
"""Stands where a domain would; no domain name is without a dot."""

_MAC_CHARACTERS = 8
_TOKEN_CHARACTERS = 26
_CYCLE = 1024
_DIGITS = "abcdefghijklmnopqrstuvwxyz234567"
_PLAIN = re.compile(r"[A-Za-z0-9_+=-]+(?:\.[A-Za-z0-9_+=-]+)*", re.ASCII)
_DOMAIN = re.compile(r"(?=[^@]{3,253}\Z)[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.ASCII | re.IGNORECASE)
_ANY = re.compile(r"SRS[01][=+-]", re.ASCII | re.IGNORECASE)
_ZERO = re.compile(r"SRS0=([a-z2-7]{8})=([a-z2-7]{2})=([^=]{1,253})=(.+)", re.ASCII | re.IGNORECASE)
_ONE = re.compile(
    r"SRS1=([a-z2-7]{2})([a-z2-7]{8})=([^=]{1,253})=([=+-].+)", re.ASCII | re.IGNORECASE
)
_OTHERS_ZERO = re.compile(r"SRS0([=+-][^=]+=[^=]+=[^=]+=.+)", re.ASCII | re.IGNORECASE)
_OTHERS_ONE = re.compile(r"SRS1[=+-][^=]+=([^=]+)=([=+-].+)", re.ASCII | re.IGNORECASE)

Mac = Callable[[bytes], bytes]
"""A keyed hash of at least 20 octets, such as HMAC-SHA-256 (RFC 2104)."""


class Fault(Enum):
    """Why an address that looks rewritten leads nowhere; the values are for people."""

    FOREIGN = "is an address for reports that was not made here"
    FORGED = "is an address for reports that was not made here, or was changed on the way"
    EXPIRED = f"is an address for reports, which is valid for {MAX_DAYS} days and is older"


class SrsError(Refused):
    code = "srs"

    def __init__(self, local: str, domain: str, fault: Fault) -> None:
        super().__init__(f"{local}@{domain} {fault.value}")
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Rewritten:
    """`address` stands for the sender. With a `token` (else "") the caller has to keep the sender
    under it for `MAX_DAYS` from now."""

    address: str
    token: str = ""


@dataclass(frozen=True, slots=True)
class Restored:
    """The true sender, or the `token` under which the caller has kept it."""

    sender: str = ""
    token: str = ""


def is_rewritten(local: str) -> bool:
    """Whether it claims to be such an address, ours or anybody's."""
    return _ANY.match(local) is not None


def rewrite(sender: str, domain: str, mac: Mac, now: float) -> Rewritten:
    """`sender` is not the null one; `domain` is one of ours, in lower case, as A-labels."""
    local, _, host = sender.rpartition("@")
    day = _written(int(now // DAY))
    plain = _PLAIN.fullmatch(local) is not None and _DOMAIN.fullmatch(host) is not None
    if plain and (inner := _pointing(local, host)) is not None:
        first, rest = inner
        written = f"SRS1={day}{_seal(mac, domain, 'srs1', day, first, rest)}={first}={rest}"
    elif plain:
        written = _zero(mac, domain, day, host, local)
    else:
        written = ""
    if written and len(written) <= MAX_LOCAL:
        return Rewritten(f"{written}@{domain}")
    token = _text(mac(b"srs token\0" + sender.encode("utf-8", "surrogatepass")), _TOKEN_CHARACTERS)
    return Rewritten(f"{_zero(mac, domain, day, KEPT, token)}@{domain}", token)


def restore(local: str, domain: str, mac: Mac, now: float) -> Restored:
    """Who is behind an address of ours; the case of `local` may have changed. Raises SrsError."""
    if found := _ZERO.fullmatch(local):
        seal, day, host, rest = found.groups()
        form = "srs0"
    elif found := _ONE.fullmatch(local):
        day, seal, host, rest = found.groups()
        form = "srs1"
    else:
        raise SrsError(local, domain, Fault.FOREIGN)
    if not hmac.compare_digest(seal.lower(), _seal(mac, domain, form, day, host, rest)):
        raise SrsError(local, domain, Fault.FORGED)
    age = (int(now // DAY) - _read(day) + AHEAD_DAYS) % _CYCLE - AHEAD_DAYS
    if age > MAX_DAYS:
        raise SrsError(local, domain, Fault.EXPIRED)
    if form == "srs1":
        return Restored(f"SRS0{rest}@{host.lower()}")
    if host.lower() == KEPT:
        return Restored(token=rest.lower())
    return Restored(f"{rest}@{host.lower()}")


def _pointing(local: str, host: str) -> tuple[str, str] | None:
    """The first forwarder and what stood after "SRS0" there, for an address of a forwarder."""
    if found := _OTHERS_ONE.fullmatch(local):
        first, rest = found.groups()
        return (first.lower(), rest) if _DOMAIN.fullmatch(first) else None
    if found := _OTHERS_ZERO.fullmatch(local):
        return host.lower(), found[1]
    return None


def _zero(mac: Mac, domain: str, day: str, host: str, local: str) -> str:
    host = host.lower()
    return f"SRS0={_seal(mac, domain, 'srs0', day, host, local)}={day}={host}={local}"


def _seal(mac: Mac, domain: str, form: str, day: str, host: str, rest: str) -> str:
    sealed = "\0".join((form, domain, day, host, rest)).lower().encode("utf-8", "surrogatepass")
    return _text(mac(sealed), _MAC_CHARACTERS)


def _text(octets: bytes, characters: int) -> str:
    return base64.b32encode(octets)[:characters].decode().lower()


def _written(day: int) -> str:
    high, low = divmod(day % _CYCLE, 32)
    return _DIGITS[high] + _DIGITS[low]


def _read(day: str) -> int:
    high, low = map(_DIGITS.index, day.lower())
    return high * 32 + low

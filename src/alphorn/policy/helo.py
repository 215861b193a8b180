"""What a stranger's greeting (HELO, EHLO) gives away: names that no honest mail server uses.

Pure: the caller has asked the DNS, and decides whom it asks about (never who has logged in, and in
lenient operation nobody on loopback). A failure of the DNS defers; it never refuses.
"""

import ipaddress
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from alphorn.base.address import fold_domain
from alphorn.policy.decision import Act, Decision, Reason

STAGE = "helo"
MAX_SHOWN = 100
"""Characters of a name or address that a reply shows; the line has 512 octets."""

DNS_FAILED = "helo-dns-failed"
_DENIED = "<{recipient}>... Access denied - bogus HELO [{name}]"
_NOT_NOW = (
    "<{recipient}>... Your HELO name [{name}] could not be looked up for now, "
    "please try again later"
)

RESERVED = frozenset(
    (
        # RFC 2606, RFC 6761
        *("test", "invalid", "localhost", "example", "example.com", "example.net", "example.org"),
        # RFC 6762, RFC 7686, RFC 8375, RFC 9476, and ICANN's for private use
        *("local", "onion", "home.arpa", "alt", "internal"),
        # never to be delegated (RFC 6762 appendix G), and what routers and programs make up
        *("intranet", "private", "corp", "home", "lan", "mail"),
        *("localdomain", "domain", "workgroup", "fritz.box"),
    )
)
"""Domains below which nobody on the Internet has a name."""

KNOWN_FAKES = (
    *("gmail.com", "googlemail.com", "google.com", "hotmail.com", "outlook.com", "live.com"),
    *("msn.com", "yahoo.com", "ymail.com", "aol.com", "icloud.com", "me.com", "gmx.de", "gmx.net"),
    *("gmx.com", "web.de", "mail.com", "mail.ru", "yandex.ru", "qq.com", "163.com", "126.com"),
    *("foxmail.com", "proton.me", "protonmail.com", "paypal.com", "amazon.com", "apple.com"),
    *("microsoft.com", "facebook.com", "domain.com", "mydomain.com", "yourdomain.com"),
    *("mail.domain.com", "mail.yourdomain.com", "hostname.domain.com", "ylmf-pc", "friend"),
)
"""Names that senders of spam put on: large providers' bare domains, which their own servers do not
say (they say `mail-wr1-f41.google.com`), and words from examples."""


class Resolved(Enum):
    """What the DNS says of the name: whether it has an address or a mail server."""

    EXISTS = "exists"
    MISSING = "does not exist"
    FAILED = "failed"
    UNKNOWN = "was not asked"


@dataclass(frozen=True, slots=True)
class Greeting:
    """`name` as the client said it; `client` its IP address; `recipient` the one that it names.

    `own_names` are our hosts' and domains' names (lower case, A-labels), `own_addresses` our IP
    addresses. `confirmed`: the name resolves to the client's address, so that it is no stranger who
    says it. `fakes` are names nobody may use; one that begins with a dot stands for all below it.
    """

    name: str
    client: str
    recipient: str
    own_names: Collection[str] = ()
    own_addresses: Collection[str] = ()
    resolved: Resolved = Resolved.UNKNOWN
    confirmed: bool = False
    fakes: Collection[str] = KNOWN_FAKES


_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*", re.ASCII)
_EDGES = re.compile(r"(?:^|\.)-|-(?:\.|$)")
_UNSEEN = re.compile(r"[^!-~]")


def check(facts: Greeting) -> Decision:
    """The decision for one recipient; the first rule that is broken gives the reason."""
    name = _read(facts.name)
    shown = _shown(facts.name)
    noted = {"helo": shown}
    for rule in _RULES:
        reason = rule(facts, name)
        if reason is not None:
            deferred = reason.code == DNS_FAILED
            return Decision(
                STAGE,
                Act.DEFER if deferred else Act.REFUSE,
                status="4.7.1" if deferred else "5.7.1",
                basic=451 if deferred else 550,
                text=(_NOT_NOW if deferred else _DENIED).format(
                    recipient=_shown(facts.recipient), name=shown
                ),
                page="helo",
                reasons=(reason,),
                facts=noted | {"rule": reason.code},
            )
    return Decision(STAGE, facts=noted)


Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class _Name(NamedTuple):
    """What a name says by itself: `above` are the domains above it, nearest first."""

    folded: str
    address: Address | None
    above: tuple[str, ...]
    is_host: bool
    reserved: bool


@lru_cache(maxsize=1024)
def _read(name: str) -> _Name:
    folded = fold_domain(name.removesuffix(".")) or name.removesuffix(".").lower()
    labels = folded.split(".")[:128]
    above = tuple(".".join(labels[n:]) for n in range(1, len(labels)))
    return _Name(
        folded,
        _address(name),
        above,
        bool(folded and _HOST.fullmatch(folded) and not _EDGES.search(folded)),
        not RESERVED.isdisjoint((folded, *above)),
    )


def _address(name: str) -> Address | None:
    """The IP address that a name or literal is (RFC 5321 §4.1.3)."""
    text = name.strip("[]")
    if text[:5].lower() == "ipv6:":
        text = text[5:]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return address if mapped is None else ipaddress.IPv4Address(mapped)


def _ours(facts: Greeting, address: object) -> bool:
    return any(_address(own) == address for own in facts.own_addresses)


def _is_stranger(facts: Greeting) -> bool:
    client = _address(facts.client)
    return client is None or not _ours(facts, client)


def _own_address(facts: Greeting, name: _Name) -> Reason | None:
    if name.address is None or not _ours(facts, name.address) or not _is_stranger(facts):
        return None
    return Reason(
        "helo-own-address", "The other server introduced itself with the address of this one."
    )


def _literal(facts: Greeting, name: _Name) -> Reason | None:
    if not facts.name.startswith("["):
        return None
    return Reason(
        "helo-literal",
        "The other server introduced itself with an address in brackets, not a name.",
    )


def _bare_address(facts: Greeting, name: _Name) -> Reason | None:
    # "1.2.3" and "10.0.0.256" are addresses to whoever wrote them: no name ends in a number.
    last = facts.name.removesuffix(".").rpartition(".")[2]
    if name.address is None and not (last.isascii() and last.isdigit()):
        return None
    return Reason(
        "helo-address", "The other server introduced itself with a bare IP address, not a name."
    )


def _no_host_name(facts: Greeting, name: _Name) -> Reason | None:
    if name.is_host:
        return None
    return Reason(
        "helo-syntax", "The other server introduced itself with something that is no host name."
    )


def _unqualified(facts: Greeting, name: _Name) -> Reason | None:
    if "." in name.folded:
        return None
    return Reason(
        "helo-unqualified",
        "The other server introduced itself with a name without a domain, which anybody can have.",
    )


def _own_name(facts: Greeting, name: _Name) -> Reason | None:
    if facts.confirmed or name.folded not in facts.own_names or not _is_stranger(facts):
        return None
    return Reason(
        "helo-own-name", "The other server introduced itself with a name that is ours, not its own."
    )


def _reserved(facts: Greeting, name: _Name) -> Reason | None:
    if not name.reserved:
        return None
    return Reason(
        "helo-reserved",
        "The other server introduced itself with a name that can exist in private networks only.",
    )


def _fake(facts: Greeting, name: _Name) -> Reason | None:
    fakes = facts.fakes
    if name.folded not in fakes and not any(f".{end}" in fakes for end in name.above):
        return None
    return Reason(
        "helo-fake", "The other server introduced itself with a name that only spam programs use."
    )


def _unresolved(facts: Greeting, name: _Name) -> Reason | None:
    if facts.resolved is Resolved.FAILED:
        return Reason(
            DNS_FAILED,
            "The DNS did not answer whether the name exists with which the other server introduced "
            "itself; it may try again.",
        )
    if facts.resolved is not Resolved.MISSING:
        return None
    return Reason(
        "helo-missing", "The other server introduced itself with a name that does not exist."
    )


_RULES: tuple[Callable[[Greeting, _Name], Reason | None], ...] = (
    _own_address,
    _literal,
    _bare_address,
    _no_host_name,
    _own_name,
    _fake,
    _unqualified,
    _reserved,
    _unresolved,
)
"""What is certain without the DNS comes first, and of that what says most."""


def must_resolve(facts: Greeting) -> bool:
    """Whether it still matters what the DNS says: all that can be told without it is in order."""
    name = _read(facts.name)
    return all(rule(facts, name) is None for rule in _RULES[:-1])


def _shown(text: str) -> str:
    """`text` so that it can stand in a reply."""
    if len(text) > MAX_SHOWN:
        text = text[:MAX_SHOWN] + "..."
    return _UNSEEN.sub("?", text)

"""What the DNS says, as frozen values, and what goes wrong when it is asked.

    DnsError
    +-- NoSuchName   the name does not exist (NXDOMAIN), or cannot exist
    +-- NoAnswer     the name exists and has no record of the type
    +-- Unusable     records came, and none of them can be used: the zone's owner made a mistake
    +-- Temporary    no server gave an answer (SERVFAIL, silence, rubbish); ask again later

All but `Temporary` are facts about the zone that do not change by asking again soon.
"""

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from alphorn.base.errors import AlphornError

T = TypeVar("T")


class DnsError(AlphornError):
    """Base of all answers that are none. `text` names what was asked."""

    code = "dns"


class NoSuchName(DnsError):
    code = "dns-no-such-name"


class NoAnswer(DnsError):
    code = "dns-no-answer"


class Unusable(DnsError):
    code = "dns-unusable"


class Temporary(DnsError):
    code = "dns-temporary"


@dataclass(frozen=True, slots=True)
class Mx:
    """`host` is in lower case without a dot at the end; "" is the root, which says in a sole
    record that the domain takes no mail (RFC 7505)."""

    preference: int
    host: str


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """At least one record. `canonical` is the name after aliases (CNAME) were followed.

    `authentic` is the resolver's word that DNSSEC proves the answer (AD, RFC 4035 §3.2.3): worth
    as much as the way to the resolver.
    """

    records: tuple[T, ...]
    canonical: str
    authentic: bool = False


class Resolver(Protocol):
    """Asks the DNS. Every method raises `DnsError`; none takes longer than a few seconds.

    Names are given as A-labels or Unicode, with or without a dot at the end, and are absolute. In
    ASCII a label may hold any character that prints (RFC 2181 §11): names that SPF macros make do.
    A dot always parts labels and nothing is an escape.
    """

    async def mx(self, domain: str) -> Answer[Mx]:
        """By preference, lowest first; at most `MAX_MX`. Raises Unusable where no host is one."""

    async def addresses(self, host: str) -> Answer[str]:
        """IPv6 and IPv4 addresses, in text form; IPv6 first, at most `MAX_ADDRESSES` of each.

        Where one family cannot be had for now, the other one's are returned.
        """

    async def ipv4(self, host: str) -> Answer[str]:
        """The A records alone, at most `MAX_OF_FAMILY`: for checks in which the family matters."""

    async def ipv6(self, host: str) -> Answer[str]:
        """The AAAA records alone, likewise."""

    async def txt(self, name: str) -> Answer[bytes]:
        """Each record's character-strings joined; at most `MAX_TXT` records."""

    async def ptr(self, address: str) -> Answer[str]:
        """The names of an IP address in the order of the alphabet; at most `MAX_PTR`."""

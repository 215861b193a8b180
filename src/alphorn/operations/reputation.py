"""What reports of people amount to: which names a message is reported under, and what voices weigh.

Somebody who reports in bad faith is to harm nobody. So a sender counts only where the message
proved to come from there (else whoever is forged would be hit), hosts and providers that everybody
uses and domains of this installation are never noted, one organization counts as three voices at
most, and each account that takes a message of theirs out of the spam folder outweighs two.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice

from alphorn.mailauth import said
from alphorn.message import header
from alphorn.message.parse import parse
from alphorn.spam.features import observe
from alphorn.spam.links import Link, base_domain
from alphorn.spam.names import BRANDS, FREE_MAIL, FREE_PAGES, SHORTENERS
from alphorn.spam.networks import NETWORKS
from alphorn.spam.observation import Observation
from alphorn.spam.values import SpamFacts
from alphorn.store.reported import Kind, Name, Voices

VOICES_OF_ORGANIZATION = 3
WEIGHT_OF_DEFENDER = 2
ENOUGH_VOICES = 3
ONE_SCORE = 1.0
MANY_SCORE = 4.0
"""What a reported sender adds to the score of a message that proved to be his."""
MAX_HOSTS = 20
"""Hosts of links that are noted of one message."""
MAX_FIELDS = 5

# Everybody's mail has links to these; what is bad on them is bad on one page of many.
_EVERYBODYS = (
    frozenset(
        """
        google.com googleapis.com gstatic.com googleusercontent.com youtube.com youtu.be goo.gl
        microsoft.com office.com office365.com live.com outlook.com sharepoint.com onedrive.com
        windows.net apple.com icloud.com mozilla.org w3.org wikipedia.org wikimedia.org github.com
        gitlab.com amazonaws.com cloudfront.net cloudflare.com akamaihd.net dropbox.com zoom.us
        list-manage.com sendgrid.net mailchimp.com hubspot.com adobe.com bing.com yahoo.com
        """.split()
    )
    | FREE_MAIL
    | FREE_PAGES
    | SHORTENERS
    | frozenset(NETWORKS)
    | frozenset(f"{label}.com" for labels in BRANDS.values() for label in labels)
)
_NUMBERS = re.compile(r"[0-9.]+")
_HOST = re.compile(r"[\w-]{1,63}(?:\.[\w-]{1,63}){1,20}")
_PROVES = {"dmarc": "header.from", "spf": "smtp.mailfrom", "dkim": "header.d"}
"""Which property has the domain that a method vouches for."""

Own = Callable[[str], bool]
"""Whether a domain is one of this installation."""


def weight(voices: Voices) -> int:
    """How many independent people a name was reported by, less those who stand up for it."""
    reporters = min(voices.reporters, VOICES_OF_ORGANIZATION * voices.organizations)
    return max(0, reporters - WEIGHT_OF_DEFENDER * voices.defenders)


def reported_hosts(voices: Mapping[Name, Voices]) -> dict[str, int]:
    """As `SpamFacts.reported_hosts`."""
    return {
        name.name: weighs
        for name, said in voices.items()
        if name.kind is Kind.HOST and (weighs := weight(said))
    }


def sender_reason(voices: Mapping[Name, Voices]) -> tuple[str, str, float] | None:
    """What reports about its proven sender say of a message, as one of `SpamFacts.header_reasons`
    (code, sentence, score); None where nothing counts."""
    weighs = max(
        (weight(said) for name, said in voices.items() if name.kind is Kind.SENDER), default=0
    )
    if not weighs:
        return None
    if weighs >= ENOUGH_VOICES:
        return "reported-sender", "Several people here reported its sender.", MANY_SCORE
    return "reported-sender", "Somebody here reported its sender.", ONE_SCORE


def names_of(raw: bytes, seen: Observation, hostname: str, own: Own) -> tuple[Name, ...]:
    """Under which names a message is reported or defended: its proven sender and the hosts that its
    links lead to. `hostname` is this server's, which wrote the checks' results on top."""
    return (*_senders(raw, seen, hostname, own), *hosts_of(seen, own))


def hosts_of(seen: Observation, own: Own) -> Iterator[Name]:
    """The hosts of its links that can have a reputation."""
    hosts = dict.fromkeys(
        host_of(link)
        for link in seen.links
        if link.scheme in ("http", "https") and not link.image and _counts(link.host, own)
    )
    for host in islice(hosts, MAX_HOSTS):
        yield Name(Kind.HOST, host)


def linked_domains(raw: bytes, own: Own) -> tuple[str, ...]:
    """The registered domains that the links of a message lead to, as lists in the DNS have them."""
    seen = observe(raw, parse(raw), SpamFacts())
    names = (base_domain(name.name) for name in hosts_of(seen, own))
    return tuple(dict.fromkeys(name for name in names if not _NUMBERS.fullmatch(name)))


def host_of(link: Link) -> str:
    """The name that a link's host is noted under."""
    return link.base if link.host == f"www.{link.base}" else link.host


def sender_names(address: str, own: Own) -> Iterator[Name]:
    """Under which names a proven sender is known: the address, and a domain that is his alone."""
    domain = address.rpartition("@")[2]
    if not own(domain):
        yield Name(Kind.SENDER, address)
        if _counts(domain, own):
            yield Name(Kind.SENDER, domain)


def proven_sender(raw: bytes, seen: Observation, hostname: str) -> str:
    """The author's address where the message proved to come from his domain, else ""."""
    base = base_domain(seen.from_domain)
    if seen.authors == 1 and base in {base_domain(one) for one in proven_domains(raw, hostname)}:
        return seen.from_address
    return ""


def proven_domains(raw: bytes, hostname: str) -> frozenset[str]:
    """The domains that a delivered message provably comes from, as this server found (RFC 8601).

    The server removes what others write in its name, so that its word can be taken here.
    """
    found: set[str] = set()
    for value in header.get_all(raw, "Authentication-Results", MAX_FIELDS):
        name, results = said.read(value)
        if name == hostname:
            found.update(
                domain.rpartition("@")[2].rstrip(".")
                for result in results
                if result.outcome == "pass"
                and (domain := result.properties.get(_PROVES.get(result.method, ""), ""))
            )
    return frozenset(filter(_HOST.fullmatch, found))


def _senders(raw: bytes, seen: Observation, hostname: str, own: Own) -> Iterable[Name]:
    address = proven_sender(raw, seen, hostname)
    return sender_names(address, own) if address else ()


def _counts(host: str, own: Own) -> bool:
    """Whether a host, or a domain, is somebody's own."""
    base = base_domain(host)
    if not _HOST.fullmatch(host) or host in _EVERYBODYS or own(host) or own(base):
        return False
    # Below a provider of free pages each name is another one's, below others the provider's.
    return base not in _EVERYBODYS or base in FREE_PAGES

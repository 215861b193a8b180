"""Which mail goes to a folder of its own: mass mail, and what social networks tell.

Transactional mail never does, nor what a person wrote, nor discussion lists; in doubt a message
stays where it would be without categories. What the reader corrected by moving a message prevails
over everything here.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from alphorn.spam import business, newsletter, phrases
from alphorn.spam.links import base_domain
from alphorn.spam.networks import NETWORKS
from alphorn.spam.observation import Observation
from alphorn.spam.values import Reason


class Category(StrEnum):
    NONE = ""
    PROMOTIONS = "promotions"
    SOCIAL = "social"


@dataclass(frozen=True, slots=True)
class Categorized:
    """`reasons` say why, for people; their scores are zero."""

    category: Category
    reasons: tuple[Reason, ...]


ENOUGH = 3.0

_NEWSLETTER = re.compile(
    r"newsletter|view (?:this email )?in (?:your )?browser|im browser (?:ansehen|anzeigen|öffnen)"
    r"|version en ligne|dans votre navigateur|nel (?:tuo )?browser|en (?:tu|el|su) navegador"
    r"|you (?:are receiving|received) this (?:e-?mail|message) because|sie erhalten diese"
    r"|vous recevez ce|ricevi questa|recibes este|ha recibido este"
)
_NEWSLETTER_SIGNS = (
    "newsletter", "browser", "version en ligne", "votre navigateur", "navegador",
    "you are receiving this ", "you received this ", "sie erhalten diese", "vous recevez ce",
    "ricevi questa", "recibes este", "ha recibido este",
)  # fmt: skip
_MASS_LOCAL = re.compile(
    r"(?:.*[._-])?(?:news|newsletters?|marketing|promos?|promotions?|offers?|deals?|campaigns?|mailing"
    r"|angebote?|aktion(?:en)?|offres?|offerte?|ofertas?|hello|updates?|digest|weekly|editor)"
    r"(?:[._+-].*)?"
)
_MASS_FIELDS = frozenset((
    "feedback-id", "x-campaignid", "x-campaign-id", "x-csa-complaints", "x-mailgun-tag", "x-sg-eid",
    "x-mc-user", "x-feedback-id",
))  # fmt: skip
# What speaks for mass mail: how much, and why, in the order in which it is told.
_SIGNS: dict[str, tuple[float, str]] = {
    "unsubscribe-field": (1.5, "One can unsubscribe from it."),
    "one-click": (0.5, "One click is enough to unsubscribe."),
    "bulk": (1.0, "It calls itself mass mail."),
    "campaign": (0.7, "It was sent by a service for mass mail."),
    "unsubscribe-text": (1.0, "It tells how to unsubscribe."),
    "newsletter": (1.0, "It reads like a newsletter."),
    "offer": (1.0, "Its subject makes an offer."),
    "mass-address": (0.7, "Its sender's address is one for mass mail."),
    "pictures": (0.7, "It is full of pictures and links."),
    "pixel": (0.3, "It tells its sender when it is read."),
}


def correction_keys(seen: Observation) -> Iterator[str]:
    """Under which keys corrections are kept and looked up, the most specific first."""
    if seen.list_id:
        yield "list:" + seen.list_id
    if seen.from_address:
        yield "address:" + seen.from_address
    if seen.from_domain:
        yield "domain:" + seen.from_domain


def categorize(seen: Observation, corrections: Mapping[str, Category] | None = None) -> Categorized:
    """The category of a message; `corrections` are the account's own, by `correction_keys`."""
    if corrections:
        for key in correction_keys(seen):
            found = corrections.get(key)
            if found is not None:
                return _because(found, "moved", "You moved mail of this sender here.")
    facts = seen.facts
    if _discussion(seen):
        return _because(Category.NONE, "discussion", "It comes from a discussion list.")
    if facts.replied_to_us or (facts.known_correspondent and not _mass_sent(seen)):
        return _because(Category.NONE, "personal", "You write with this sender.")
    subject = phrases.lower(seen.subject)
    offer = business.offers(subject)
    if business.concerns(subject, offer, seen.text, seen.words):
        return _because(
            Category.NONE, "business", "It concerns an order, a payment, a journey or an account."
        )
    network = _network(seen)
    if network:
        return _because(Category.SOCIAL, "network", f"{network} sent it.")
    reasons = _mass(seen, subject, offer)
    return Categorized(Category.PROMOTIONS if reasons else Category.NONE, reasons)


def _because(category: Category, code: str, text: str) -> Categorized:
    return Categorized(category, (Reason(code, text),))


def _discussion(seen: Observation) -> bool:
    """Whether members write to each other there (RFC 2369 §3.4: List-Post, “NO” where they may
    not)."""
    post = seen.fields.get("list-post", "")
    if post and not post.strip().upper().startswith("NO"):
        return True
    return "x-beenthere" in seen.fields or "mailing-list" in seen.fields


def _mass_sent(seen: Observation) -> bool:
    return "list-unsubscribe" in seen.fields or seen.fields.get("precedence", "")[:4] == "bulk"


def _network(seen: Observation) -> str:
    """The social network that the message provably comes from, or ""."""
    base = base_domain(seen.from_domain)
    name = NETWORKS.get(base, "")
    if name and (seen.facts.aligned or base in map(base_domain, seen.facts.dkim)):
        return name
    return ""


def _mass(seen: Observation, subject: str, offer: bool) -> tuple[Reason, ...]:
    """What makes it mass mail, none where that is not enough; its subject is in lower case."""
    fields = seen.fields
    found = {
        "unsubscribe-field": "list-unsubscribe" in fields,
        "one-click": "list-unsubscribe-post" in fields,
        "bulk": fields.get("precedence", "").lower() in ("bulk", "list", "junk"),
        "campaign": not _MASS_FIELDS.isdisjoint(fields),
        "offer": offer,
        "mass-address": _MASS_LOCAL.fullmatch(seen.from_address.partition("@")[0]) is not None,
        "pictures": seen.remote_images >= 4 and len(seen.links) >= 6,
        "pixel": seen.tracking_pixels > 0,
    }
    if _weight(found) + _SIGNS["unsubscribe-text"][0] + _SIGNS["newsletter"][0] < ENOUGH:
        return ()  # whatever its text says
    found["unsubscribe-text"] = newsletter.tells_how_to_leave(seen)
    found["newsletter"] = "newsletter" in subject or _has(seen.text, _NEWSLETTER, _NEWSLETTER_SIGNS)
    if _weight(found) < ENOUGH:
        return ()
    return tuple([Reason(code, text) for code, (_, text) in _SIGNS.items() if found[code]])


def _weight(found: Mapping[str, bool]) -> float:
    return sum([weight for code, (weight, _) in _SIGNS.items() if found.get(code)])


def _has(text: str, pattern: re.Pattern[str], signs: Iterable[str]) -> bool:
    """Whether the pattern is found. Whatever matches has one of the signs in it, and to look for
    these costs a fraction."""
    return any(sign in text for sign in signs) and pattern.search(text) is not None

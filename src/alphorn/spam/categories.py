"""Which mail goes to a folder of its own: mass mail, and what social networks tell.

Transactional mail never does, nor what a person wrote, nor discussion lists; in doubt a message
stays where it would be without categories. What the reader corrected by moving a message prevails
over everything here.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from alphorn.spam import business, newsletter
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
_MASS_FIELDS = (
    "feedback-id", "x-campaignid", "x-campaign-id", "x-csa-complaints", "x-mailgun-tag", "x-sg-eid",
    "x-mc-user", "x-feedback-id",
)  # fmt: skip


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
    if business.concerns(seen.subject, seen.text, seen.words):
        return _because(
            Category.NONE, "business", "It concerns an order, a payment, a journey or an account."
        )
    network = _network(seen)
    if network:
        return _because(Category.SOCIAL, "network", f"{network} sent it.")
    weight, reasons = _mass(seen)
    if weight >= ENOUGH:
        return Categorized(Category.PROMOTIONS, tuple(reasons))
    return Categorized(Category.NONE, ())


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


def _mass(seen: Observation) -> tuple[float, list[Reason]]:
    fields = seen.fields
    weight = 0.0
    reasons: list[Reason] = []

    def note(value: float, code: str, text: str) -> None:
        nonlocal weight
        weight += value
        reasons.append(Reason(code, text))

    if "list-unsubscribe" in fields:
        note(1.5, "unsubscribe-field", "One can unsubscribe from it.")
    if "list-unsubscribe-post" in fields:
        note(0.5, "one-click", "One click is enough to unsubscribe.")
    if fields.get("precedence", "").lower() in ("bulk", "list", "junk"):
        note(1.0, "bulk", "It calls itself mass mail.")
    if any(name in fields for name in _MASS_FIELDS):
        note(0.7, "campaign", "It was sent by a service for mass mail.")
    text = seen.text
    if newsletter.tells_how_to_leave(seen):
        note(1.0, "unsubscribe-text", "It tells how to unsubscribe.")
    if _has(text, _NEWSLETTER, _NEWSLETTER_SIGNS) or "newsletter" in seen.subject.lower():
        note(1.0, "newsletter", "It reads like a newsletter.")
    if business.OFFERING.search(seen.subject):
        note(1.0, "offer", "Its subject makes an offer.")
    if _MASS_LOCAL.fullmatch(seen.from_address.partition("@")[0]):
        note(0.7, "mass-address", "Its sender's address is one for mass mail.")
    if seen.remote_images >= 4 and len(seen.links) >= 6:
        note(0.7, "pictures", "It is full of pictures and links.")
    if seen.tracking_pixels:
        note(0.3, "pixel", "It tells its sender when it is read.")
    return weight, reasons


def _has(text: str, pattern: re.Pattern[str], signs: Iterable[str]) -> bool:
    """Whether the pattern is found. Whatever matches has one of the signs in it, and to look for
    these costs a fraction."""
    return any(sign in text for sign in signs) and pattern.search(text) is not None

"""How much a message is built like a newsletter of who it says it is from.

Newsletters and spam share most of their words and nearly all of their markup, so that what was
learned of the one condemns the other. They differ in how they are built: a newsletter leads to its
sender's own site and to many pages, where spam wants one click; its sender calls himself as his
site is called; it tells how to be rid of it, speaks of how data are treated, shows many pictures,
and comes as plain text too. Whoever sends spam can build it so, and phishing does; therefore these
signs only lessen what was learned against a message, never outweigh what a rule, a list or a check
found, and count for nothing where its sender was checked and is not proved, or writes from a free
mailbox.
"""

import re

from alphorn.spam import names
from alphorn.spam.links import base_domain
from alphorn.spam.observation import Observation

OWN_SITE = 1.0
OWN_NAME = 1.0
UNSUBSCRIBE = 2.0
PRIVACY = 1.0
PAGES = 1.0
PICTURES = 1.0
BOTH_FORMS = 1.0
MANY_PICTURES = 4
MANY_PAGES = 5
NAMED = 4
TAIL = 6000

_UNSUBSCRIBE = re.compile(
    r"unsubscribe|opt[- ]?out|manage (?:your )?(?:preferences|subscription)|email preferences"
    r"|abmelden|abbestellen|abzumelden|austragen|newsletter-einstellungen"
    r"|désinscri|désabonn|se désinscrire|ne plus recevoir"
    r"|disiscri|annulla(?:re)? l'iscrizione|cancella(?:re|ti)? (?:l'iscrizione|dalla)"
    r"|darse de baja|date de baja|darte de baja|cancelar (?:la|tu|su) suscripción"
)
_UNSUBSCRIBE_SIGNS = (
    "unsubscribe", "opt-out", "opt out", "optout", "manage ", "email preferences", "abmelden",
    "abbestellen", "abzumelden", "austragen", "newsletter-einstellungen", "désinscri", "désabonn",
    "ne plus recevoir", "disiscri", "l'iscrizione", "cancella", "de baja", "suscripción",
)  # fmt: skip
_PRIVACY = ("privacy", "datenschutz", "confidentialité", "riservatezza", "privacidad")


def resemblance(seen: Observation) -> float:
    """Points by which what was learned against the message is to be lessened, at least 0."""
    if seen.facts.authentication_known and not seen.facts.aligned:
        return 0.0
    if seen.from_domain in names.FREE_MAIL:
        return 0.0
    points = 0.0
    if leads_home(seen):
        points += OWN_SITE
    if called_as_its_site(seen):
        points += OWN_NAME
    if len({(link.host, link.path, link.query) for link in seen.clicks}) >= MANY_PAGES:
        points += PAGES
    if tells_how_to_leave(seen):
        points += UNSUBSCRIBE
    if any(word in seen.text for word in _PRIVACY):
        points += PRIVACY
    if seen.images >= MANY_PICTURES:
        points += PICTURES
    if seen.has_html and seen.has_plain:
        points += BOTH_FORMS
    return points


def leads_home(seen: Observation) -> bool:
    """Whether a link leads to the registered domain of the sender, or to one of the same first
    label under another ending. Providers of free mailboxes are nobody's home."""
    base = base_domain(seen.from_domain)
    label = base.partition(".")[0]
    if not label or seen.from_domain in names.FREE_MAIL:
        return False
    return any(
        link.base == base or link.base.partition(".")[0] == label
        for link in seen.links
        if link.scheme in ("http", "https")
    )


def called_as_its_site(seen: Observation) -> bool:
    """Whether the sender's name has in it what his registered domain begins with; too short a
    beginning proves nothing."""
    label = base_domain(seen.from_domain).partition(".")[0]
    return len(label) >= NAMED and label in seen.from_name.lower().replace(" ", "")


def tells_how_to_leave(seen: Observation) -> bool:
    """Whether the end of the text tells how to unsubscribe. Whatever matches has one of the signs
    in it, and to look for these costs a fraction."""
    end = seen.text[-TAIL:]
    return any(sign in end for sign in _UNSUBSCRIBE_SIGNS) and _UNSUBSCRIBE.search(end) is not None

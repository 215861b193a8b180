"""What a mailbox may be called (RFC 9051 §5.1)."""

import unicodedata

from alphorn.base.errors import Refused
from alphorn.store.api import INBOX, SEPARATOR
from alphorn.store.limits import MAX_LEVEL_OCTETS, MAX_LEVELS

_FORBIDDEN = frozenset(("Cc", "Cs", "Zl", "Zp"))


def checked(name: str) -> str:
    """The name as it is stored: normalized (NFC), with INBOX so spelled. Raises Refused("name")."""
    if name == INBOX:
        return INBOX
    levels = unicodedata.normalize("NFC", name).split(SEPARATOR)
    if levels[0].upper() == INBOX:
        levels[0] = INBOX
    if not all(levels):
        raise _refused("has an empty level")
    if len(levels) > MAX_LEVELS:
        raise _refused(f"has more than {MAX_LEVELS} levels")
    if not name.isprintable():
        for character in name:
            if unicodedata.category(character) in _FORBIDDEN:
                raise _refused(f"contains the character U+{ord(character):04X}")
    if any(len(level.encode()) > MAX_LEVEL_OCTETS for level in levels):
        raise _refused(f"has a level of more than {MAX_LEVEL_OCTETS} octets")
    return SEPARATOR.join(levels)


def parents(name: str) -> list[str]:
    """The names above this one, highest first."""
    levels = name.split(SEPARATOR)
    return [SEPARATOR.join(levels[:n]) for n in range(1, len(levels))]


def order(name: str) -> tuple[bool, list[str]]:
    """Sorts INBOX first, and each mailbox right before what is below it."""
    return name.partition(SEPARATOR)[0] != INBOX, name.split(SEPARATOR)


def _refused(why: str) -> Refused:
    return Refused(f"The name of the mailbox {why}.", code="name")

"""Addresses that a script sends to or from: strict, because we act on them (RFC 5228 §2.4.2.3)."""

import re

from alphorn.message import addresses
from alphorn.message.mailbox import Mailbox

_SPACED = re.compile(r"[ \t]*([@<>.])[ \t]*")
_DOTS = re.compile(r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~.]{1,64}")
_DOMAIN = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
)


def parse_address(text: str) -> Mailbox:
    """The one mailbox. White space around “@” is read over, and dots in a row before it, which some
    providers have given out. Raises ValueError in words."""
    text = text.strip(" \t\r\n")
    if '"' not in text:
        text = _SPACED.sub(r"\1", text).replace("<", " <").strip()
    try:
        return addresses.parse_one(text)
    except ValueError:
        bare = text
        if text.endswith(">") and "<" in text:
            bare = text[:-1].rpartition("<")[2]
        local, at, domain = bare.rpartition("@")
        if at and _DOTS.fullmatch(local) and "." in local and _DOMAIN.fullmatch(domain):
            return Mailbox("", local, domain)
        raise


def normalized(text: str) -> str:
    """The address alone, quoted only where it must be. Raises ValueError."""
    return parse_address(text).address

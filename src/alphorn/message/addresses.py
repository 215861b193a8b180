"""Address lists in header fields (RFC 5322 §3.4 and §4.4, RFC 6531 §3.3), read leniently.

`parse` never raises and is linear. It reads obsolete routes, empty list members, comments in all
places, unquoted dots and encoded words in names, addresses after a name without angle brackets,
and groups. `parse_one` is strict, for addresses that we act upon. Neither changes case nor decodes
encoded words.
"""

import re

from alphorn.message.address_reader import AddressReader
from alphorn.message.mailbox import (
    ATEXT,
    Group,
    Mailbox,
    flatten,
    format_list,
    format_mailbox,
    format_name,
)

__all__ = (
    "Group",
    "Mailbox",
    "flatten",
    "format_list",
    "format_mailbox",
    "format_name",
    "mailboxes",
    "parse",
    "parse_one",
)

MAX_LOCAL = 64
MAX_DOMAIN = 255

# The forms that nearly all mail has: `a@b`, `Name <a@b>`, `"Name" <a@b>`, then a comma or the end.
# Each piece excludes what could make it ambiguous, so that a match is what the full reader finds.
_SIMPLE = re.compile(
    r'(?:"([^"\\\x00-\x1f\x7f]+)"[ \t]*<|([^\x00-\x1f\x7f"\\(),:;<>@\[\]]*)<)?'
    r"([^\x00-\x20\x7f\"\\(),:;<>@\[\]?\u0080-\U0010ffff]+)@([A-Za-z0-9.-]+)(>?)"
    r"[ \t]*(?:,[ \t]*|\Z)"
)
_LOCAL = re.compile(
    rf'(?P<dotted>[{ATEXT}]+(?:\.[{ATEXT}]+)*)@|"(?P<quoted>(?:[^"\\\x00-\x1f\x7f]|\\[ -~])*)"@'
)
_LABEL = r"[A-Za-z0-9\u0080-\U0010ffff](?:[A-Za-z0-9\u0080-\U0010ffff-]{0,61}[^\W_])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*|\[(?:IPv6:)?[0-9A-Fa-f.:]+\]")
_QUOTED_NAME = re.compile(r'"((?:[^"\\\x00-\x1f\x7f]|\\.)*)"')
_PLAIN_NAME = re.compile(r'[^\x00-\x1f\x7f"(),:;<>@\[\]\\]*')
_PAIR = re.compile(r"\\(.)", re.DOTALL)


def parse(text: str) -> list[Mailbox | Group]:
    """The addresses of a list, in order; what holds no address at all is left out."""
    found: list[Mailbox | Group] = []
    at = 0
    end = len(text)
    while at < end:
        match = _SIMPLE.match(text, at)
        if match is None:
            found += AddressReader(text, at).addresses()
            break
        name, bare, local, domain, closing = match.groups()
        if bare is not None:
            name = bare.strip(" \t")
            if "  " in name or "\t" in name:
                name = " ".join(name.split())
        if (name is None) == (closing == ">"):
            found += AddressReader(text, at).addresses()
            break
        found.append(Mailbox(name or "", local, domain))
        at = match.end()
    return found


def mailboxes(text: str) -> list[Mailbox]:
    """As `parse`, with the members of groups in their place."""
    return list(flatten(parse(text)))


def parse_one(text: str) -> Mailbox:
    """The one mailbox that `text` is, as `local@domain` or `Name <local@domain>`; strict.

    Raises ValueError with the reason in plain words. Routes, comments, missing domains and parts
    over MAX_LOCAL or MAX_DOMAIN octets are errors here. The domain's case is kept.
    """
    text = text.strip(" \t\r\n")
    name = ""
    if text.endswith(">"):
        before, bracket, inner = text[:-1].rpartition("<")
        if not bracket:
            raise ValueError("there is a “>” without a “<”")
        name = _strict_name(before.strip(" \t"))
        text = inner
    match = _LOCAL.match(text)
    if match is None:
        raise ValueError("what stands before the “@” is not valid" if "@" in text else "no “@”")
    domain = text[match.end() :]
    if _DOMAIN.fullmatch(domain) is None:
        raise ValueError("what stands after the “@” is not a domain")
    quoted = match["quoted"]
    local = match["dotted"] if quoted is None else _PAIR.sub(r"\1", quoted)
    if len(local.encode("utf-8", "surrogateescape")) > MAX_LOCAL:
        raise ValueError(f"there are more than {MAX_LOCAL} octets before the “@”")
    if len(domain.encode("utf-8", "surrogateescape")) > MAX_DOMAIN:
        raise ValueError(f"the domain is longer than {MAX_DOMAIN} octets")
    return Mailbox(name, local, domain)


def _strict_name(text: str) -> str:
    quoted = _QUOTED_NAME.fullmatch(text)
    if quoted is not None:
        return _PAIR.sub(r"\1", quoted[1])
    if _PLAIN_NAME.fullmatch(text) is None:
        raise ValueError("the name before “<” must stand in quotation marks")
    return text

"""Paths and mailboxes as MAIL and RCPT name them (RFC 5321 §4.1.2 and §4.1.3, RFC 6531 §3.3).

    Path       = "<" [ A-d-l ":" ] Mailbox ">"
    A-d-l      = "@" Domain *( "," "@" Domain )          source route: read, then ignored
    Mailbox    = Local-part "@" ( Domain / address-literal )
    Local-part = Atom *("." Atom) / quoted-string

Beyond the grammar: a label may hold `_` (hosts named so do send mail), and a local part may have
256 octets, for senders that encode the recipient in theirs pass the standard's 64 every day.
"""

import ipaddress
import re
from dataclasses import dataclass

from alphorn.base.address import fold_domain

MAX_LOCAL = 256
MAX_DOMAIN = 255
MAX_LABEL = 63

_UTF8 = "\u0080-\U0010ffff"
_ATOM = rf"[A-Za-z0-9!#$%&'*+\-/=?^_`{{|}}~{_UTF8}]+"
_QUOTED = rf'"(?:[ !#-\[\]-~{_UTF8}]|\\[ -~])*"'
_LABEL = rf"[A-Za-z0-9_{_UTF8}](?:[A-Za-z0-9_\-{_UTF8}]*[A-Za-z0-9_{_UTF8}])?"
_DOMAIN = rf"{_LABEL}(?:\.{_LABEL})*"
_LITERAL = r"\[[!-Z^-~]+\]"

_MAILBOX = re.compile(
    rf"<(?P<route>@{_DOMAIN}(?:,@{_DOMAIN})*:)?"
    rf"(?:(?P<dots>{_ATOM}(?:\.{_ATOM})*)|(?P<quoted>{_QUOTED}))"
    rf"@(?P<domain>{_DOMAIN}|{_LITERAL})>"
)
_DOT_STRING = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_ESCAPED = re.compile(r"\\(.)")
_SPECIAL = re.compile(r'(["\\])')
_GENERAL_LITERAL = re.compile(r"[A-Za-z0-9-]*[A-Za-z0-9]:[!-Z^-~]+")


class PathError(ValueError):
    """The text is not a path; str() says why, in words for the other side."""


@dataclass(frozen=True, slots=True)
class Path:
    """`local` is what it means, without quotes; `domain` is in lower case and A-labels, or an
    address literal in brackets, or "" in the null path. `address` is the canonical
    spelling, quoted only where it must be. `routed`: a source route stood before it."""

    local: str
    domain: str
    address: str
    routed: bool = False


NULL = Path("", "", "")


def parse_reverse(text: str) -> tuple[Path, str]:
    """The path after `MAIL FROM:` and the text behind it. `<>` is NULL. Raises PathError."""
    if text.startswith("<>"):
        return NULL, text[2:]
    return _parse(text)


def parse_forward(text: str, hostname: str) -> tuple[Path, str]:
    """The path after `RCPT TO:` and the text behind it. A postmaster without a domain is that of
    `hostname`, this server (RFC 5321 §4.1.1.3). Raises PathError."""
    if text[:12].lower() == "<postmaster>":
        return Path("postmaster", hostname, f"postmaster@{hostname}"), text[12:]
    return _parse(text)


def _parse(text: str) -> tuple[Path, str]:
    match = _MAILBOX.match(text)
    if match is None:
        raise PathError(_why(text))
    local = match["dots"]
    if local is None:
        local = _ESCAPED.sub(r"\1", match["quoted"][1:-1])
    domain = match["domain"]
    octets = len(local) if local.isascii() else len(local.encode())
    if octets > MAX_LOCAL:
        raise PathError(f"The part before the @ is longer than {MAX_LOCAL} octets")
    domain = _literal(domain) if domain[0] == "[" else _domain(domain)
    path = Path(local, domain, f"{quote(local)}@{domain}", match["route"] is not None)
    return path, text[match.end() :]


def _why(text: str) -> str:
    if not text.startswith("<"):
        return "The address must stand in angle brackets"
    if ">" not in text:
        return "The closing angle bracket is missing"
    if "@" not in text:
        return "The address has no domain"
    return "That is not a valid address"


def _domain(text: str) -> str:
    if not text.isascii():
        folded = fold_domain(text)
        if folded is None:
            raise PathError("The domain is not a valid internationalized name")
        return folded
    if len(text) > MAX_DOMAIN:
        raise PathError(f"The domain is longer than {MAX_DOMAIN} octets")
    if len(text) > MAX_LABEL and any(len(label) > MAX_LABEL for label in text.split(".")):
        raise PathError(f"A part of the domain is longer than {MAX_LABEL} octets")
    return text.lower()


def _literal(text: str) -> str:
    """RFC 5321 §4.1.3: `[192.0.2.1]`, `[IPv6:2001:db8::1]`, `[tag:content]`; canonical spelling."""
    inner = text[1:-1]
    try:
        if inner[:5].lower() == "ipv6:":
            return f"[IPv6:{ipaddress.IPv6Address(inner[5:])}]"
        if ":" not in inner:
            return f"[{ipaddress.IPv4Address(inner)}]"
    except ValueError:
        raise PathError("That is not a valid address literal") from None
    if not _GENERAL_LITERAL.fullmatch(inner):
        raise PathError("That is not a valid address literal")
    return text.lower()


def quote(local: str) -> str:
    """A local part as it must be written: itself where it is a dot-string, else quoted."""
    if _DOT_STRING.fullmatch(local):
        return local
    return '"' + _SPECIAL.sub(r"\\\1", local) + '"'

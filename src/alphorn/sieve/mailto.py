"""mailto addresses (RFC 6068) as notifications use them (RFC 5436 §2.1)."""

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from alphorn.message import addresses
from alphorn.message.mailbox import Mailbox

MAX_RECIPIENTS = 20
MAX_FIELDS = 20

_FORM = re.compile(
    r"mailto:((?:[A-Za-z0-9\-._~!$'()*+,:@]|%[0-9A-Fa-f]{2})*)"
    r"(?:\?((?:[A-Za-z0-9\-._~!$'()*+,;:@/?&=]|%[0-9A-Fa-f]{2})*))?(?:#.*)?",
    re.IGNORECASE | re.DOTALL,
)
_NAME = re.compile(r"[A-Za-z0-9\-._~!$'*+]+")


@dataclass(frozen=True, slots=True)
class Mailto:
    """`fields` are further header fields in order, names in lower case."""

    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...] = ()
    bcc: tuple[Mailbox, ...] = ()
    subject: str | None = None
    body: str | None = None
    fields: tuple[tuple[str, str], ...] = ()


def parse_mailto(uri: str) -> Mailto:
    """Raises ValueError in words."""
    form = _FORM.fullmatch(uri)
    if form is None:
        raise ValueError("a character in it must be written as %XX")
    lists: dict[str, list[Mailbox]] = {"to": _mailboxes(_unquoted(form[1])), "cc": [], "bcc": []}
    single: dict[str, str] = {}
    fields: list[tuple[str, str]] = []
    for pair in (form[2] or "").split("&"):
        if not pair:
            continue
        name, equals, value = pair.partition("=")
        name = _unquoted(name).lower()
        if not equals or not _NAME.fullmatch(name):
            raise ValueError(f"“{pair[:40]}” is no header field with its value")
        text = _unquoted(value)
        if name in lists:
            lists[name] += _mailboxes(text)
        elif name in ("subject", "body"):
            single.setdefault(name, text)
        else:
            fields.append((name, " ".join(text.split())))
    if sum(map(len, lists.values())) > MAX_RECIPIENTS or len(fields) > MAX_FIELDS:
        raise ValueError("it has too many recipients or fields")
    if not any(lists.values()):
        raise ValueError("it has no recipient")
    return Mailto(
        tuple(lists["to"]),
        tuple(lists["cc"]),
        tuple(lists["bcc"]),
        single.get("subject"),
        single.get("body"),
        tuple(fields),
    )


def _unquoted(text: str) -> str:
    return unquote_to_bytes(text).decode("utf-8", "replace")


def _mailboxes(text: str) -> list[Mailbox]:
    found: list[Mailbox] = []
    for one in addresses.mailboxes(text):
        try:
            found.append(addresses.parse_one(one.address)._replace(name=one.name))
        except ValueError as error:
            raise ValueError(f"“{one.address[:60]}”: {error}") from error
    return found

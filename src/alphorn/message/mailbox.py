"""Mailboxes and groups (RFC 5322 §3.4) as values, and how they are written in header fields."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from alphorn.message import words

ATEXT = r"A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u0080-\U0010ffff"

_DOT_ATOM = re.compile(rf"[{ATEXT}]+(?:\.[{ATEXT}]+)*")
_PHRASE = re.compile(rf"[{ATEXT}]+(?: [{ATEXT}]+)*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Mailbox(NamedTuple):
    """`name` is "" where there is none; `domain` is "" where the address has none.

    `local` is without quotes; encoded words in `name` are left as they came. `route` is an obsolete
    source route ("@a,@b") or "".
    """

    name: str
    local: str
    domain: str
    route: str = ""

    @property
    def address(self) -> str:
        """`local@domain`, the local part quoted where it must be."""
        local = self.local if _DOT_ATOM.fullmatch(self.local) else quote(self.local)
        return f"{local}@{self.domain}" if self.domain else local

    @property
    def display(self) -> str:
        """What to show: the decoded name, or else the address."""
        return words.decode(self.name) or words.decode(self.address)


class Group(NamedTuple):
    """A named list, which may be empty ("undisclosed-recipients:;")."""

    name: str
    members: tuple[Mailbox, ...]


def flatten(addresses: Iterable[Mailbox | Group]) -> Iterator[Mailbox]:
    """The mailboxes of a list, members of groups in their place."""
    for address in addresses:
        if isinstance(address, Group):
            yield from address.members
        else:
            yield address


def quote(text: str) -> str:
    """`text` as a quoted string (RFC 5322 §3.2.4), control characters as spaces."""
    text = _CONTROL.sub(" ", text)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def format_name(name: str) -> str:
    """A display name as atoms, a quoted string or encoded words; encoded words stay."""
    if name.isascii() and name.isprintable():
        if _PHRASE.fullmatch(name):
            return name
        if "=?" not in name:
            return quote(name)
    return " ".join(words.encode_words(words.decode(name)))


def format_mailbox(mailbox: Mailbox) -> str:
    """A mailbox as it stands in a header field."""
    if not mailbox.name:
        return mailbox.address
    return f"{format_name(mailbox.name)} <{mailbox.address}>"


def format_list(addresses: Iterable[Mailbox | Group]) -> str:
    """An address list on one line."""
    formatted: list[str] = []
    for address in addresses:
        if isinstance(address, Group):
            members = ", ".join(map(format_mailbox, address.members))
            formatted.append(f"{format_name(address.name)}: {members};")
        else:
            formatted.append(format_mailbox(address))
    return ", ".join(formatted)

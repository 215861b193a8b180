"""Which domain a message claims to be from (RFC 9989 §5.3.1).

Exactly one From field with exactly one domain that can stand in the DNS is evaluated. Addresses
without a usable domain do not count ("Doe, John <john@example.org>" is read as two); several
addresses of one domain do no harm.
"""

import re
from dataclasses import dataclass

from alphorn.base.address import fold_domain
from alphorn.message import header
from alphorn.message.addresses import mailboxes

MAX_FROM = 16_384
"""Characters of a From field that are read; what is longer is no sender's address."""

_LABEL = r"[!-\-/-?A-Z^-~]{1,63}"
_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Author:
    """`domain` is in lower case, as A-labels, "" where there is not exactly one; `problem` then
    says why. `domains` are all that were found."""

    domain: str
    problem: str = ""
    domains: tuple[str, ...] = ()


def author(raw: bytes) -> Author:
    """What the header of a message says; never raises."""
    fields = header.get_all(raw, "From", 2)
    if not fields:
        return Author("", "The message has no From field.")
    if len(fields) > 1:
        return Author("", "The message has several From fields.")
    if len(fields[0]) > MAX_FROM:
        return Author("", "The From field is too long to be read.")
    return of_field(fields[0])


def of_field(value: str) -> Author:
    """The same for the value of a sole From field, unfolded."""
    found = dict.fromkeys(domain(mailbox.domain) for mailbox in mailboxes(value))
    domains = tuple(name for name in found if name)
    if not domains:
        return Author("", "The From field names no domain.")
    if len(domains) > 1:
        return Author("", "The addresses in the From field have different domains.", domains)
    return Author(domains[0], "", domains)


def domain(text: str) -> str:
    """A domain as it is asked for in the DNS, "" where it cannot be. Odd characters, such as the
    underscore, are let through: whoever uses them must not escape the policy of the domain above.
    """
    text = text.removesuffix(".")
    if not text.isascii():
        return fold_domain(text) or ""
    return text.lower() if _NAME.fullmatch(text) else ""

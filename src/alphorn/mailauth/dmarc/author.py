"""Which domain a message claims to be from (RFC 9989 §5.3.1).

A message has one From field, and that names one domain. Addresses without a usable domain do not
count ("Doe, John <john@example.org>" is read as two); several addresses of one domain do no harm.
Where a message names several domains, in one field or in several, each is an author's, so that
nobody escapes the policy of one by naming another one too.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from alphorn.base.address import fold_domain
from alphorn.message import header, words
from alphorn.message.addresses import mailboxes

MAX_FROM = 16_384
"""Characters of a From field that are read; what is longer is no sender's address."""

MAX_FIELDS = 5
MAX_DOMAINS = 4
"""The first ones, which mail programs show."""

MAX_KEPT = 300
"""Characters of a name whose reading is remembered."""

_LABEL = r"[!-\-/-?A-Z^-~]{1,63}"
_NAME = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)*[a-z0-9-]{{1,63}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Author:
    """`domain` is in lower case, as A-labels, "" where there is not exactly one; `problem` then
    says why. `domains` are all that were found, at most `MAX_DOMAINS`."""

    domain: str
    problem: str = ""
    domains: tuple[str, ...] = ()


def author(raw: bytes) -> Author:
    """What the header of a message says; never raises."""
    fields = header.get_all(raw, "From", MAX_FIELDS)
    if not fields:
        return Author("", "The message has no From field.")
    if any(len(field) > MAX_FROM for field in fields):
        return Author("", "The From field is too long to be read.")
    return of_fields(fields)


def of_fields(values: Sequence[str]) -> Author:
    """The same for the values of the From fields, unfolded."""
    found = dict.fromkeys(
        domain(mailbox.domain) for value in values for mailbox in mailboxes(value)
    )
    domains = tuple(name for name in found if name)[:MAX_DOMAINS]
    if not domains:
        return Author("", "The From field names no domain.")
    if len(domains) > 1:
        return Author("", "The addresses in the From field have different domains.", domains)
    return Author(domains[0], "", domains)


def domain(text: str) -> str:
    """A domain as it is asked for in the DNS, "" where it cannot be. Odd characters, such as the
    underscore, are let through below the top: whoever uses them must not escape the policy of the
    domain above. For the same reason encoded words count as what programs show of them.
    """
    return _kept(text) if len(text) <= MAX_KEPT else _read(text)


def _read(text: str) -> str:
    if "=?" in text:
        text = words.decode_words(text)
    text = text.removesuffix(".")
    name = text.lower() if text.isascii() else fold_domain(text)
    return name if name and "=?" not in name and _NAME.fullmatch(name) else ""


_kept = lru_cache(maxsize=2048)(_read)

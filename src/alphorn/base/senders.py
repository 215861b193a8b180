"""How senders are named on the lists of who is blocked and who is allowed, and how they are found.

A pattern names, of the addresses that a message says it is from:

    pattern           means                                                   how near
    `anna@b.test`     this one address                                        nearest
    `b.test`          every address in exactly this domain
    `.sub.b.test`     every address in its subdomains, however deep, but      the longer the
    or `*.sub.b.test` not in `sub.b.test` itself; `.test` for a whole top     nearer
                      level domain

A whole organization is thus two patterns, `b.test` and `.b.test`: below a domain there may be other
people's names. Patterns are kept in lower case, domains as A-labels, `*.` as `.`. Whatever is on
the lists, a message asks for a bounded number of patterns, all known from its sender: a list is
looked up by them, not gone through.
"""

from dataclasses import dataclass
from enum import Enum, IntEnum

from alphorn.base.address import (
    MAX_DOMAIN,
    MAX_LOCAL,
    AddressError,
    AddressRule,
    check_domain,
    fold_domain,
    parse_foreign,
)

MAX_PATTERN = MAX_LOCAL + 1 + MAX_DOMAIN
MAX_SUFFIX_LABELS = 8
"""How many labels a pattern for subdomains has at most: so many look-ups a sender may cost."""


class SenderAction(Enum):
    """What is done with mail from a sender on a list."""

    ALLOW = "allow"  # it is not held for spam, if it is proved to be from him
    REFUSE = "refuse"
    SPAM = "spam"  # it is filed in Spam


class Scope(IntEnum):
    """Whose list it is; a greater one is nearer and prevails."""

    INSTALLATION = 0
    DOMAIN = 1
    ACCOUNT = 2


@dataclass(frozen=True, slots=True)
class SenderMatch:
    """An entry of a list that fits a sender."""

    scope: Scope
    pattern: str
    action: SenderAction

    @property
    def nearness(self) -> tuple[int, int, int]:
        """The greatest prevails: the nearer list, on it the pattern that says most."""
        kind = 2 if "@" in self.pattern else 0 if self.pattern.startswith(".") else 1
        return self.scope, kind, len(self.pattern)


def check_pattern(text: str) -> str:
    """A pattern as it is kept. Raises `AddressError` that says what is wrong with it."""
    stripped = text.strip()
    if "@" in stripped:
        local, _, domain = stripped.rpartition("@")
        if local == "*":
            return check_domain(domain)
        parsed = parse_foreign(stripped)
        return f"{parsed.local.lower()}@{parsed.domain}"
    bare = stripped.removeprefix("*").removeprefix(".")
    if bare == stripped:
        return check_domain(stripped)
    if not stripped.startswith((".", "*.")):
        raise AddressError(
            AddressRule.DOMAIN, 'Subdomains are written ".example.org" or "*.example.org".', "*"
        )
    if "." in bare.removesuffix("."):
        name = check_domain(bare)
    else:  # a top-level domain is no domain of its own, but has subdomains
        name = check_domain(f"any.{bare}").removeprefix("any.")
    if name.count(".") >= MAX_SUFFIX_LABELS:
        raise AddressError(
            AddressRule.DOMAIN,
            f"A pattern for subdomains has at most {MAX_SUFFIX_LABELS} parts between its dots.",
        )
    return f".{name}"


def patterns_of(address: str) -> tuple[str, ...]:
    """The patterns that fit an address, at most 2 + MAX_SUFFIX_LABELS; none for what is no
    address, such as the null sender. Never raises."""
    local, at, domain = address.rpartition("@")
    name = fold_domain(domain)
    if not at or not local or name is None or len(local) > MAX_LOCAL:
        return ()
    labels = name.split(".")
    above = labels[1:][-MAX_SUFFIX_LABELS:]
    suffixes = ["." + ".".join(above[at:]) for at in range(len(above))]
    return (f"{local.lower()}@{name}", name, *suffixes)

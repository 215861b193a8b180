"""subaddress (RFC 5233): `user+detail`. Without a plus there is no detail, and none matches."""

from alphorn.message.mailbox import Mailbox
from alphorn.sieve.table import Extension, Tag

SEPARATOR = "+"


def user(mailbox: Mailbox) -> str | None:
    return mailbox.local.partition(SEPARATOR)[0]


def detail(mailbox: Mailbox) -> str | None:
    _, plus, found = mailbox.local.partition(SEPARATOR)
    return found if plus else None


SUBADDRESS = Extension(
    "subaddress",
    "RFC 5233",
    tags=(
        Tag("user", ("address-part",), choice="address-part", plays=user),
        Tag("detail", ("address-part",), choice="address-part", plays=detail),
    ),
)

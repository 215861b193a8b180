"""Parts of addresses (RFC 5228 §2.7.4): what a test compares of one."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from alphorn.message.mailbox import Mailbox

if TYPE_CHECKING:
    from alphorn.sieve.call import Call

AddressPart = Callable[[Mailbox], str | None]
"""None where the address has no such part, so that nothing matches."""


def whole(mailbox: Mailbox) -> str:
    """All of it, also of one that is none (RFC 5228 §2.7.4)."""
    return mailbox.address


def local_part(mailbox: Mailbox) -> str:
    return mailbox.local


def domain(mailbox: Mailbox) -> str:
    return mailbox.domain


def chosen_part(call: "Call") -> AddressPart:
    tag = call.chosen.get("address-part")
    if tag is None:
        return whole
    part: AddressPart = tag.plays  # type: ignore[assignment]
    return part

"""What a submitted message still lacks, and what it must not carry on (RFC 6409 §8, RFC 5322 §3.6).

Octets that need no change are left as they are; nothing is re-serialized, so that a signature made
by the client's own program still holds.
"""

from collections.abc import Iterator

from alphorn.message import addresses, confidential_field, dates, header
from alphorn.message.mailbox import Mailbox

PRIVATE_FIELDS = ("Bcc", "Resent-Bcc", "Return-Path", confidential_field.NAME)
RECIPIENT_FIELDS = ("To", "Cc", "Bcc")
RESENT_FIELDS = ("Resent-To", "Resent-Cc", "Resent-Bcc")


def complete(raw: bytes, now: float, message_id: str, offset: int | None = 0) -> bytes:
    """The message with Date and Message-ID, and without blind copies, Return-Path and
    a mark that only we set.

    `message_id` (without angle brackets) is used where the message has none.
    """
    raw = header.remove(raw, PRIVATE_FIELDS)
    missing: list[bytes] = []
    if not header.get(raw, "Date"):
        missing.append(b"Date: %s\r\n" % dates.format(now, offset).encode())
    if not header.get(raw, "Message-ID"):
        missing.append(b"Message-ID: <%s>\r\n" % message_id.encode())
    if not missing:
        return raw
    raw = header.remove(raw, [field.partition(b":")[0].decode() for field in missing])
    return header.prepend(raw, *missing)


def authors(raw: bytes) -> list[Mailbox]:
    """The mailboxes of each From field, for the check that they belong to the account.

    All From fields count, so that none can hide behind another.
    """
    return list(_mailboxes(raw, ("From", "Resent-From")))


def senders(raw: bytes) -> list[Mailbox]:
    """The mailboxes of each Sender field."""
    return list(_mailboxes(raw, ("Sender", "Resent-Sender")))


def recipients(raw: bytes) -> frozenset[str]:
    """The addresses that the header names as recipients, in whichever field, in lower case.

    In a message that is sent again those of its first sending are none (RFC 5322 §3.6.6).
    """
    again = frozenset(mailbox.address.lower() for mailbox in _mailboxes(raw, RESENT_FIELDS))
    return again or frozenset(
        mailbox.address.lower() for mailbox in _mailboxes(raw, RECIPIENT_FIELDS)
    )


def _mailboxes(raw: bytes, names: tuple[str, ...]) -> Iterator[Mailbox]:
    for name in names:
        for value in header.get_all(raw, name):
            yield from addresses.mailboxes(value)

"""What became of a message for one recipient in our own domains."""

from enum import Enum
from typing import NamedTuple

from alphorn.message.envelope import EnvelopeRecipient


class Fate(Enum):
    DELIVERED = "delivered"  # in the mailbox, or on its way to where the address leads
    DEFERRED = "deferred"  # for a passing reason; nothing was done
    FAILED = "failed"  # for good; nothing was done


class LocalResult(NamedTuple):
    """`status` is an enhanced code (RFC 3463), of the class that agrees with `fate`; `text` is a
    sentence for the sender, `page` the page of help about it where its status does not tell."""

    recipient: EnvelopeRecipient
    fate: Fate
    status: str
    text: str
    page: str = ""

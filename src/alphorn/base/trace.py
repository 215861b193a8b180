"""One step in the story of one message, in plain words and with the facts that decided it."""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

NOTHING: Mapping[str, str | int | float | bool | None] = MappingProxyType({})


class Verdict(Enum):
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    FILED = "filed"  # delivered, but not where new mail is expected: Spam, Promotions
    QUEUED = "queued"
    SENT = "sent"
    DEFERRED = "deferred"
    REFUSED = "refused"
    BOUNCED = "bounced"
    INFO = "info"


class TraceEvent(NamedTuple):
    """`transaction` ties the events of one message together (it is in our Received field too).

    `stage` is a short stable word ("rcpt", "deliver", "queue"), `text` a sentence for people,
    `facts` small JSON-able values: never a password, never message content beyond the subject.
    `account_id` and `domain` say who may see it (None: operators only).

    A tuple, because each message makes several.
    """

    time: float
    transaction: str
    stage: str
    verdict: Verdict
    text: str
    sender: str = ""
    recipient: str = ""
    message_id: str = ""
    account_id: int | None = None
    domain: str = ""
    facts: Mapping[str, str | int | float | bool | None] = NOTHING

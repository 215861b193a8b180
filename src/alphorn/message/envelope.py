"""The envelope of a message (RFC 5321 §2.3.1): who sent it and who is to get it."""

from dataclasses import dataclass
from enum import Enum


class Body(Enum):
    """RFC 6152; BINARYMIME is not offered."""

    SEVEN_BIT = "7BIT"
    EIGHT_BIT = "8BITMIME"


class Notify(Enum):
    """RFC 3461 §4.1."""

    NEVER = "NEVER"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    DELAY = "DELAY"


@dataclass(frozen=True, slots=True)
class EnvelopeRecipient:
    """`address` is `local@domain`, domain in lower case (A-labels unless SMTPUTF8).

    `notify` is empty where the client did not say (failures and delays are then reported);
    `original` is ORCPT as given (`rfc822;anna@example.test`), or None.
    """

    address: str
    notify: frozenset[Notify] = frozenset()
    original: str | None = None


@dataclass(frozen=True, slots=True)
class Envelope:
    """`sender` is "" for the null reverse-path. `ret` is "FULL", "HDRS" or None (RFC 3461 §4.3).

    `gateway` is the name of the secured one that the message came over, and the only way that it,
    and whatever is made of it, may go; "" for ordinary mail.
    """

    sender: str
    recipients: tuple[EnvelopeRecipient, ...]
    body: Body = Body.SEVEN_BIT
    smtputf8: bool = False
    ret: str | None = None
    envid: str | None = None
    gateway: str = ""


class OriginKind(Enum):
    """Why a message is in the outbound queue."""

    SUBMITTED = "submitted"  # sent by one of our users
    RECEIVED = "received"  # came from outside, accepted, waits for a local retry
    WAITING = "waiting"  # as RECEIVED; it was not even sent on as its address says
    REST = "rest"  # as RECEIVED; rules have sent it on, and its copies here are still to be stored
    REDIRECTED = "redirected"  # an address or a rule sends it on
    REPLIED = "replied"  # an auto-reply
    REPORT = "report"  # a delivery status notification or another report of ours


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a queued message comes from: what its trace events carry.

    `transaction` is the trace's own; `account_id` and `domain` say who may see what becomes of it
    (None and "": operators only); `message_id` is the Message-ID field's value, or "".
    """

    kind: OriginKind
    transaction: str
    account_id: int | None = None
    domain: str = ""
    message_id: str = ""

"""Rows of the queue's tables as values, and back."""

from collections.abc import Iterable
from typing import Any

from alphorn.message.envelope import (
    Body,
    Envelope,
    EnvelopeRecipient,
    Notify,
    Origin,
    OriginKind,
)
from alphorn.queue.values import QueuedMessage, QueuedRecipient, Reply

MESSAGE = (
    "id, name, created, expires, sender, body, smtputf8, ret, envid, kind, trace, account, domain, "
    "message_id, size, eight_bit, utf8_header, gateway"
)
RECIPIENT = "id, address, notify, original, attempts, urgent, attempted, code, enhanced, text, host"


def message_row(message: QueuedMessage) -> tuple[Any, ...]:
    """The columns of `MESSAGE` but for the id."""
    envelope, origin = message.envelope, message.origin
    return (
        message.name,
        message.created,
        message.expires,
        envelope.sender,
        envelope.body.value,
        envelope.smtputf8,
        envelope.ret,
        envelope.envid,
        origin.kind.value,
        origin.transaction,
        origin.account_id,
        origin.domain,
        origin.message_id,
        message.size,
        message.eight_bit,
        message.utf8_header,
        envelope.gateway,
    )


def message_from(row: tuple[Any, ...]) -> QueuedMessage:
    """From the columns of `MESSAGE`."""
    (id, name, created, expires, sender, body, smtputf8, ret, envid, *rest) = row
    (kind, trace, account, domain, message_id, size, eight_bit, utf8_header, gateway) = rest
    return QueuedMessage(
        id=id,
        name=name,
        created=created,
        expires=expires,
        envelope=Envelope(sender, (), Body(body), bool(smtputf8), ret, envid, gateway),
        origin=Origin(OriginKind(kind), trace, account, domain, message_id),
        size=size,
        eight_bit=bool(eight_bit),
        utf8_header=bool(utf8_header),
    )


def recipient_from(row: tuple[Any, ...]) -> QueuedRecipient:
    """From the columns of `RECIPIENT`."""
    (id, address, notify, original, attempts, urgent, attempted, *reply) = row
    return QueuedRecipient(
        id=id,
        envelope=EnvelopeRecipient(address, notify_from(notify), original),
        attempts=attempts,
        urgent=bool(urgent),
        last=Reply(*reply) if reply[0] else None,
        attempted=attempted,
    )


def notify_text(notify: Iterable[Notify]) -> str:
    return ",".join(sorted(word.value for word in notify))


def notify_from(text: str) -> frozenset[Notify]:
    return frozenset(Notify(word) for word in text.split(",") if word)

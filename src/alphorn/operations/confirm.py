"""Tells a sender who asked (NOTIFY=SUCCESS) that a message is in the mailbox (RFC 3461 §5.2.6).

Only for what is delivered while it comes in; what goes through the queue is confirmed there.
"""

import secrets
from collections.abc import Sequence

from alphorn.message import dsn
from alphorn.message.envelope import Envelope, EnvelopeRecipient, Notify


def asked_for(envelope: Envelope, recipient: EnvelopeRecipient) -> bool:
    """Whether success is to be reported; never about a message without a sender."""
    return bool(envelope.sender) and Notify.SUCCESS in recipient.notify


def confirmation(
    host: str, raw: bytes, envelope: Envelope, recipients: Sequence[EnvelopeRecipient], now: float
) -> tuple[bytes, Envelope]:
    """The report and its envelope, with which nothing further is ever reported."""
    token = secrets.token_hex(12)
    report = dsn.report(
        dsn.Report(
            host=host,
            to=envelope.sender,
            original=raw,
            recipients=[
                dsn.Recipient(
                    recipient.address,
                    dsn.Action.DELIVERED,
                    status="2.1.5",
                    original=recipient.original,
                )
                for recipient in recipients
            ],
            arrival=now,
            now=now,
            ret=envelope.ret,
            envid=envelope.envid,
        ),
        token,
    )
    back = EnvelopeRecipient(envelope.sender, frozenset((Notify.NEVER,)))
    return report, Envelope("", (back,), smtputf8=not report.partition(b"\r\n\r\n")[0].isascii())

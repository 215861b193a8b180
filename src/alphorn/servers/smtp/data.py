"""What becomes of a message that has come in? (DATA, BDAT) These run in a thread."""

from alphorn.base.trace import TraceEvent, Verdict
from alphorn.message import received
from alphorn.servers.smtp.visit import Visit
from alphorn.wire.smtp.events import Message
from alphorn.wire.smtp.replies import Reply


def deliver(visit: Visit, message: Message) -> Reply:
    """Into the mailboxes of its recipients; a positive reply means it is on disk there, or in the
    queue for those that cannot be reached now. Raises Unavailable."""
    service, envelope = visit.service, message.envelope
    only = envelope.recipients[0].address if len(envelope.recipients) == 1 else ""
    now = service.clock()
    _arrived(visit, message, now)
    field = received.field(visit.hop(only), now)
    reception = service.delivery.accept(
        field + message.raw, envelope, visit.routes, visit.transaction
    )
    if not reception.accepted:
        return Reply(reception.status, reception.text)
    return Reply("2.0.0", f"{reception.text} ({visit.transaction})")


def submit(visit: Visit, message: Message) -> Reply:
    """Into the queue. Raises Refused, Unavailable."""
    service, account = visit.service, visit.account
    assert account is not None
    now = service.clock()
    field = received.field(visit.hop(private=True), now)
    name = service.submission.submit(
        account, message.raw, message.envelope, visit.transaction, field
    )
    return Reply("2.0.0", f"Accepted for sending ({visit.transaction}, in the queue as {name})")


def _arrived(visit: Visit, message: Message, now: float) -> None:
    count = len(message.envelope.recipients)
    visit.service.trace(
        TraceEvent(
            time=now,
            transaction=visit.transaction,
            stage="receive",
            verdict=Verdict.INFO,
            text=f"A message for {count} recipient{'s' if count > 1 else ''} has come in",
            sender=visit.sender,
            facts={**visit.facts(), "tls": visit.tls, "size": len(message.raw)},
        )
    )

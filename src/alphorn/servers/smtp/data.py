"""What becomes of a message that has come in? (DATA, BDAT)

What the DNS must be asked about it is asked on the event loop; all the rest runs in a thread, one
hop for a message.
"""

import asyncio
from asyncio import Future

from alphorn.base.trace import TraceEvent, Verdict
from alphorn.mailauth.proofs import Client
from alphorn.message import received
from alphorn.operations.examine import Arrival, Examination
from alphorn.policy.decision import Reason
from alphorn.servers.smtp.gate import Gate
from alphorn.servers.smtp.visit import Visit
from alphorn.wire.smtp.events import Message
from alphorn.wire.smtp.replies import Reply


def deliver(visit: Visit, message: Message) -> "Future[Reply]":
    """Into the mailboxes of its recipients; a positive reply means it is on disk there, or in the
    queue for those that cannot be reached now. Raises Unavailable."""
    gate, inquiry = visit.service.gate, visit.inquiry
    if gate is None or inquiry is None or inquiry.exempt:
        arrival = Arrival(visit.io.peer.address, visit.machine.helo, visit.service.clock())
        return visit.io.run(_deliver, visit, message, arrival)
    return asyncio.get_running_loop().create_task(_ask_and_deliver(visit, message, gate))


async def _ask_and_deliver(visit: Visit, message: Message, gate: Gate) -> Reply:
    inquiry = visit.inquiry
    assert inquiry is not None
    helo = visit.machine.helo
    spf = await inquiry.spf(message.envelope.sender, helo)
    known = await inquiry.about_client(helo, lists=True, greeted=True)
    arrival = Arrival(
        client=visit.io.peer.address,
        helo=helo,
        now=visit.service.clock(),
        sender=Client(spf, None, known.ptr),
        proofs=await inquiry.proofs(message.raw, spf),
        reverse=known.reverse.name if known.reverse is not None else "",
        reverse_known=known.reverse is not None and not known.reverse.temporary,
        lists=tuple(one.zone.zone for one in known.listed("block")),
        allow_lists=tuple(one.zone.zone for one in known.listed("allow")),
        listed=tuple(
            Reason(
                f"listed-{one.zone.kind}",
                f"The sending server is on the {one.zone.kind} list {one.zone.zone}.",
                one.zone.weight if one.zone.kind == "block" else -one.zone.weight,
            )
            for one in (*known.listed("block"), *known.listed("allow"))
        ),
    )
    return await visit.io.run(_deliver, visit, message, arrival)


def _deliver(visit: Visit, message: Message, arrival: Arrival) -> Reply:
    """In a thread."""
    service, envelope, gate = visit.service, message.envelope, visit.service.gate
    only = envelope.recipients[0].address if len(envelope.recipients) == 1 else ""
    raw, fields, placements = message.raw, b"", None
    seen = None
    if gate is not None:
        seen = gate.examiner.examine(raw, envelope.sender, visit.routes, arrival)
        gate.remember(arrival, seen)
        if not seen.decision.passes:
            reply = gate.reply(seen.decision)
            visit.refused_message(seen, reply, envelope.recipients)
            return reply
        raw, fields, placements = seen.raw, seen.fields, seen.placements
    _arrived(visit, message, arrival.now, seen)
    field = received.field(visit.hop(only), arrival.now)
    reception = service.delivery.accept(
        field + fields + raw, envelope, visit.routes, visit.transaction, placements
    )
    if not reception.accepted:
        return Reply(reception.status, reception.text)
    return Reply("2.0.0", f"{reception.text} ({visit.transaction})")


def submit(visit: Visit, message: Message) -> "Future[Reply]":
    """Into the queue. Raises Refused, Unavailable."""
    return visit.io.run(_submit, visit, message)


def _submit(visit: Visit, message: Message) -> Reply:
    """In a thread."""
    service, account = visit.service, visit.account
    assert account is not None
    now = service.clock()
    field = received.field(visit.hop(private=True), now)
    name = service.submission.submit(
        account, message.raw, message.envelope, visit.transaction, field
    )
    return Reply("2.0.0", f"Accepted for sending ({visit.transaction}, in the queue as {name})")


def _arrived(visit: Visit, message: Message, now: float, seen: Examination | None) -> None:
    count = len(message.envelope.recipients)
    found = f"; {seen.found}" if seen is not None and seen.found else ""
    visit.service.trace(
        TraceEvent(
            time=now,
            transaction=visit.transaction,
            stage="receive",
            verdict=Verdict.INFO,
            text=f"A message for {count} recipient{'s' if count > 1 else ''} has come in{found}",
            sender=visit.sender,
            facts={
                **visit.facts(),
                "tls": visit.tls,
                "size": len(message.raw),
                **(seen.facts if seen is not None else {}),
            },
        )
    )

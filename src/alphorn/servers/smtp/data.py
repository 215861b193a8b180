"""What becomes of a message that has come in? (DATA, BDAT)

What the DNS must be asked about it is asked on the event loop; all the rest runs in a thread, one
hop for a message.
"""

import asyncio
from asyncio import Future
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from alphorn.base.trace import TraceEvent, Verdict
from alphorn.mailauth.proofs import Client
from alphorn.message import confidential_field, received
from alphorn.operations.examine import Arrival, Examination
from alphorn.operations.judging import LISTED
from alphorn.policy.decision import Decision, Reason
from alphorn.servers import eager
from alphorn.servers.engines.rspamd import EngineFacts
from alphorn.servers.smtp.inquiry import Inquiry
from alphorn.servers.smtp.visit import Visit
from alphorn.wire.smtp.events import Message
from alphorn.wire.smtp.replies import Reply


def deliver(visit: Visit, message: Message) -> "Future[Reply]":
    """Into the mailboxes of its recipients; a positive reply means it is on disk there, or in the
    queue for those that cannot be reached now. Raises Unavailable."""
    gate, inquiry = visit.service.gate, visit.inquiry
    peer, helo, now = visit.io.peer.address, visit.machine.helo, visit.service.clock()
    if gate is None or inquiry is None:
        return visit.io.run(_deliver, visit, message, Arrival(peer, helo, now))
    engines = visit.service.engines.needs(visit.service.view.protection(visit.routes[0]))
    known = inquiry.exempt or bool(visit.routes[0].gateway)
    if known and not engines:
        return visit.io.run(_deliver, visit, message, Arrival(peer, helo, now))
    loop = asyncio.get_running_loop()
    if engines:
        return loop.create_task(_ask_engines_too(visit, message, inquiry))
    begun = eager.start(_arrival(visit, message, inquiry))
    if isinstance(begun, eager.Finished):
        return visit.io.run(_deliver, visit, message, begun.value)
    return loop.create_task(_wait_and_deliver(visit, message, begun))


async def _wait_and_deliver(
    visit: Visit, message: Message, arrival: Coroutine[Any, Any, Arrival]
) -> Reply:
    return await visit.io.run(_deliver, visit, message, await arrival)


async def _ask_engines_too(visit: Visit, message: Message, inquiry: Inquiry) -> Reply:
    arrival, decisions = await asyncio.gather(
        _arrival(visit, message, inquiry), _engines(visit, message, inquiry.ptr)
    )
    return await visit.io.run(_deliver, visit, message, replace(arrival, engines=decisions))


async def _engines(visit: Visit, message: Message, ptr: str = "") -> tuple[Decision, ...]:
    account = visit.account
    facts = EngineFacts(
        peer=visit.io.peer.address,
        helo=visit.machine.helo,
        ptr=ptr,
        sender=message.envelope.sender,
        recipients=[recipient.address for recipient in message.envelope.recipients],
        user=account.address if account is not None else "",
        transaction=visit.transaction,
    )
    return await visit.service.engines.check(message.raw, facts)


async def _arrival(visit: Visit, message: Message, inquiry: Inquiry) -> Arrival:
    """What the DNS says of a stranger and his message."""
    helo = visit.machine.helo
    if inquiry.exempt or visit.routes[0].gateway:
        return Arrival(visit.io.peer.address, helo, visit.service.clock())
    spf = await inquiry.spf(message.envelope.sender, helo)
    lists = any(visit.service.view.protection(route).dns_lists for route in visit.routes)
    known = await inquiry.about_client(helo, lists=lists, greeted=False)
    return Arrival(
        client=visit.io.peer.address,
        helo=helo,
        now=visit.service.clock(),
        sender=Client(spf, None, known.ptr),
        proofs=await inquiry.proofs(message.raw, spf),
        reverse=known.reverse.name if known.reverse is not None else "",
        reverse_known=known.reverse is not None and not known.reverse.temporary,
        listed_hosts=await _listed_links(visit, message, inquiry),
        listed=tuple(
            Reason(
                f"{LISTED}{one.zone.kind}",
                f"The sending server is on the {one.zone.kind} list {one.zone.zone}.",
                one.zone.weight if one.zone.kind == "block" else -one.zone.weight,
            )
            for one in (*known.listed("block"), *known.listed("allow"))
        ),
    )


async def _listed_links(visit: Visit, message: Message, inquiry: Inquiry) -> frozenset[str]:
    """Domains of its links that are on lists of such, where there are any to ask."""
    gate = visit.service.gate
    if gate is None or not inquiry.questions.name_zones:
        return frozenset()
    guarded = map(visit.service.view.protection, visit.routes)
    if not any(one.spam and one.dns_lists for one in guarded):
        return frozenset()
    domains = await visit.io.run(gate.examiner.linked_domains, message.raw)
    return await inquiry.listed_hosts(domains)


def _deliver(visit: Visit, message: Message, arrival: Arrival) -> Reply:
    """In a thread."""
    service, envelope, gate = visit.service, message.envelope, visit.service.gate
    only = envelope.recipients[0].address if len(envelope.recipients) == 1 else ""
    raw, fields, placements = message.raw, b"", None
    seen, root = None, None
    if gate is not None:
        seen = gate.examiner.examine(raw, envelope.sender, visit.routes, arrival)
        gate.remember(arrival, seen)
        if not seen.decision.passes:
            reply = gate.reply(seen.decision)
            visit.refused_message(seen, reply, envelope.recipients)
            return reply
        raw, root, fields, placements = seen.raw, seen.root, seen.fields, seen.placements
    _arrived(visit, message, arrival.now, seen)
    field = received.field(visit.hop(only), arrival.now)
    if over := visit.routes[0].gateway:  # all of them, or none: see `rcpt`
        envelope = replace(envelope, gateway=over)
        field += confidential_field.render(over)
    reception = service.delivery.accept(
        raw,
        envelope,
        visit.routes,
        visit.transaction,
        placements,
        top=field + fields,
        root=root,
    )
    if not reception.accepted:
        return Reply(reception.status, reception.text, page=reception.page)
    return Reply("2.0.0", f"{reception.text} ({visit.transaction})")


def submit(visit: Visit, message: Message) -> "Future[Reply]":
    """Into the queue. Raises Refused, Unavailable."""
    service, account = visit.service, visit.account
    assert account is not None
    if not service.engines.needs(service.view.protection(account)):
        return visit.io.run(_submit, visit, message)
    return asyncio.get_running_loop().create_task(_ask_and_submit(visit, message))


async def _ask_and_submit(visit: Visit, message: Message) -> Reply:
    for decision in await _engines(visit, message):
        if not decision.passes:
            reply = Reply(decision.status, decision.text, decision.basic, decision.page)
            visit.refused(decision.stage, reply, more=decision.facts)
            return reply
    return await visit.io.run(_submit, visit, message)


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
    gateway = visit.routes[0].gateway
    how = f" over the secured gateway {gateway}{found}" if gateway else found
    visit.service.trace(
        TraceEvent(
            time=now,
            transaction=visit.transaction,
            stage="receive",
            verdict=Verdict.INFO,
            text=f"A message for {count} recipient{'s' if count > 1 else ''} has come in{how}",
            sender=visit.sender,
            facts={
                **visit.facts(),
                "tls": visit.tls,
                "size": len(message.raw),
                **(seen.facts if seen is not None else {}),
            },
        )
    )

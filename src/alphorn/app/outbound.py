"""The outbound queue's runner, wired to the parts that it needs."""

import asyncio
import time
from collections.abc import Sequence
from functools import partial

from alphorn.app.own_addresses import OwnAddresses
from alphorn.base import settings as table
from alphorn.mailauth.dkim.sign import sign
from alphorn.message.envelope import Envelope, EnvelopeRecipient, Origin, OriginKind
from alphorn.operations.sending_parts import Outgoing
from alphorn.queue.bound import is_inside
from alphorn.queue.dialer import Caller, Dialer, TlsPolicy
from alphorn.queue.gateways import Ways
from alphorn.queue.pool import Pool, PoolLimits
from alphorn.queue.remote import Remote
from alphorn.queue.replies import Problem, problem_of
from alphorn.queue.reports import Voice
from alphorn.queue.route import Ourselves
from alphorn.queue.runner import Runner, RunnerLimits
from alphorn.queue.values import Claim, Outcome, QueuedMessage, Reply, Result, ours
from alphorn.servers.bus import Topic
from alphorn.servers.listeners import Bound
from alphorn.servers.resolver import resolver
from alphorn.servers.services import Services
from alphorn.wire.smtp.replies import Reply as SmtpReply

STOP_SECONDS = 1.0
OF_THE_TARGET = frozenset(
    (
        Problem.NO_SUCH_ADDRESS,
        Problem.ADDRESS_DISABLED,
        Problem.MAILBOX_FULL,
        Problem.RELAYING,
        Problem.REPUTATION,
        Problem.AUTHENTICATION,
        Problem.POLICY,
        Problem.SENDER,
        Problem.PERMANENT,
    )
)
"""Refusals for which one message is as good as another."""


async def run_queue(parts: Services, bound: Sequence[Bound]) -> None:
    """Until it is cancelled; then deliveries get a moment to finish and the rest is given back."""
    runner = _runner(parts, bound)
    await runner.start()
    unsubscribe = parts.bus.subscribe(Topic.QUEUE, lambda mailbox: runner.wake())
    try:
        await asyncio.Event().wait()
    finally:
        unsubscribe()
        await runner.stop(STOP_SECONDS)


def _settled(out: Outgoing, claim: Claim, outcome: Outcome) -> None:
    """Of what people send themselves the watch is told how it ended; of what is sent on, whether
    the target took it."""
    origin, watch = claim.message.origin, out.watch
    if origin.kind is OriginKind.REDIRECTED and origin.domain:
        refused = outcome.result is Result.FAILED
        if not refused or problem_of(outcome.reply) in OF_THE_TARGET:
            out.targets.settled(
                origin.domain,
                outcome.recipient.envelope.address,
                f"{outcome.reply.code} {outcome.reply.enhanced} {outcome.reply.text}"
                if refused
                else None,
                origin.account_id,
            )
    if origin.kind is OriginKind.SUBMITTED and origin.account_id is not None:
        watch.settled(origin.account_id, outcome.result is Result.FAILED and hard(outcome.reply))


def hard(reply: Reply) -> bool:
    """Whether a failure says something of whom it was sent to, or what: the other side refused it
    for good, and is not just out of reach or its mailbox full."""
    return 500 <= reply.code < 600 and not reply.enhanced.startswith(("5.2.", "5.4."))


def _runner(parts: Services, bound: Sequence[Bound]) -> Runner:
    settings = parts.settings
    hostname = settings[table.HOSTNAME]
    per_destination = settings[table.QUEUE_CONNECTIONS_PER_DESTINATION]
    caller = Caller(
        hostname,
        port=settings[table.QUEUE_SMTP_PORT],
        bind=settings[table.QUEUE_BIND_ADDRESS],
        tls=TlsPolicy(settings[table.QUEUE_TLS]),
    )
    asked, limits = resolver(settings), PoolLimits(per_host=per_destination)
    ourselves = Ourselves(
        frozenset((hostname,)),
        OwnAddresses(bound),
        private=settings[table.QUEUE_PRIVATE_DESTINATIONS],
    )

    def deliver(
        raw: bytes, envelope: Envelope, recipient: EnvelopeRecipient, origin: Origin
    ) -> Reply:
        result = parts.delivery.retry(raw, envelope, recipient, origin)
        return ours(SmtpReply(result.status, result.text).code, result.status, result.text)

    def sign_report(raw: bytes, domain: str) -> bytes:
        keys = parts.view.signing_keys(domain)
        return sign(raw, keys, int(time.time())) if keys else b""

    def language(message: QueuedMessage) -> str:
        submitter, sender = message.origin.account_id, message.envelope.sender
        if message.origin.kind is OriginKind.SUBMITTED and submitter is not None:
            account = parts.view.account(submitter)
        else:
            account = parts.view.account_by_address(sender)
        return account.language if account is not None else ""

    return Runner(
        parts.queue,
        Ways(
            Remote(asked, Pool(Dialer(caller), limits), ourselves),
            parts.gateways.find,
            asked,
            caller,
            limits,
        ),
        deliver,
        # Reports come to the server's own name too, where senders were rewritten at it.
        lambda place: is_inside(place) or place == hostname or parts.view.domain(place) is not None,
        voice=Voice(hostname, sign_report, language),
        trace=parts.record,
        done=partial(_settled, parts.outgoing),
        limits=RunnerLimits(
            connections=settings[table.QUEUE_CONNECTIONS],
            per_destination=per_destination,
            memory=settings[table.QUEUE_MEMORY],
        ),
    )

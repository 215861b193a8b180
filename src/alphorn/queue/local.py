"""Delivery to our own mailboxes, without the network."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import replace

from alphorn.base.errors import AlphornError, Unavailable
from alphorn.message.envelope import Envelope, EnvelopeRecipient, Origin
from alphorn.queue.remote import Attempt, Record
from alphorn.queue.values import Claim, Outcome, QueuedRecipient, Reply, Result, ours

AT_ONCE = 4
"""Recipients of one message that are delivered to at the same time."""

LocalDelivery = Callable[[bytes, Envelope, EnvelopeRecipient, Origin], Reply]
"""Puts a message into the mailbox of one recipient: called in a thread with the message, an
envelope with this recipient alone, the recipient, and where the message comes from. A reply of 2yz
says that it is durable there, 4yz asks to come again, 5yz is a refusal for good. `AlphornError` may
be raised instead."""

_log = logging.getLogger(__name__)


class Local:
    def __init__(self, deliver: LocalDelivery, executor: Executor) -> None:
        self._deliver = deliver
        self._executor = executor

    async def deliver(self, claim: Claim, raw: bytes, record: Record) -> None:
        """As `Remote.deliver`: each recipient is recorded as soon as he has the message."""
        turns = asyncio.Semaphore(AT_ONCE)

        async def one(recipient: QueuedRecipient) -> None:
            async with turns:
                await record(Attempt((await self._one(claim, raw, recipient),)))

        async with asyncio.TaskGroup() as group:
            for recipient in claim.recipients:
                group.create_task(one(recipient))

    async def _one(self, claim: Claim, raw: bytes, recipient: QueuedRecipient) -> Outcome:
        envelope = replace(claim.message.envelope, recipients=(recipient.envelope,))
        work: Awaitable[Reply] = asyncio.get_running_loop().run_in_executor(
            self._executor,
            self._deliver,
            raw,
            envelope,
            recipient.envelope,
            claim.message.origin,
        )
        try:
            reply = await work
        except Unavailable as error:
            reply = ours(451, "4.3.0", error.text)
        except AlphornError as error:
            reply = ours(550, "5.3.0", error.text)
        except Exception:
            # A mistake of ours must not lose mail.
            _log.exception("Local delivery of %s failed", claim.message.name)
            reply = ours(451, "4.3.0", "An error happened here; it is in the log.")
        if reply.positive:
            return Outcome(recipient, Result.DELIVERED, reply)
        return Outcome(recipient, Result.DEFERRED if reply.temporary else Result.FAILED, reply)

"""One claim from beginning to end: load the message, deliver it, record and tell what came of it.

What a server has taken is recorded before anything else happens, and nothing interrupts that: the
time between its "250" and the recording is the only one in which a crash leads to a second copy.
While the queue cannot be written (disk full, locked), recording is tried again and again.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from random import Random
from typing import TypeVar

from alphorn.base.errors import Unavailable
from alphorn.base.trace import TraceEvent, Verdict
from alphorn.message.envelope import Origin
from alphorn.queue import schedule
from alphorn.queue.bound import gateway_at
from alphorn.queue.budget import Budget
from alphorn.queue.claims import give_back
from alphorn.queue.local import Local
from alphorn.queue.queue import DAMAGED, Queue
from alphorn.queue.remote import Attempt, Record, Way
from alphorn.queue.replies import problem_of
from alphorn.queue.reports import final, given_up
from alphorn.queue.settling import Settled, settle
from alphorn.queue.values import Claim, Outcome, QueuedRecipient, Reply, Result, ours
from alphorn.queue.wireform import body_for_wire
from alphorn.queue.words import duration, told

T = TypeVar("T")

PATIENCE = 1.0
"""Seconds between tries to record an outcome while the queue cannot be written."""

NOT_READ = 60.0
"""Seconds until recipients are tried again whose message could not be read from the queue."""

_VERDICTS = {
    Result.DELIVERED: Verdict.DELIVERED,
    Result.RELAYED: Verdict.SENT,
    Result.DEFERRED: Verdict.DEFERRED,
    Result.FAILED: Verdict.BOUNCED,
}

_log = logging.getLogger(__name__)

Trace = Callable[[TraceEvent], None]
Done = Callable[[Claim, Outcome], None]
"""Told of each recipient that is settled for good, once that is recorded."""
Left = dict[int, QueuedRecipient]
"""Recipients of a claim who are not settled yet, by id."""


class Delivery:
    """`is_local` says whether a domain's mailboxes are here. Use it on one event loop only."""

    def __init__(
        self,
        queue: Queue,
        runner: str,
        remote: Way,
        local: Local,
        is_local: Callable[[str], bool],
        *,
        trace: Trace,
        budget: Budget,
        executor: Executor,
        random: Random,
        report: Callable[[], None],
        done: Done,
    ) -> None:
        """`report` is called when there is something to tell a sender."""
        self._queue = queue
        self._runner = runner
        self._remote = remote
        self._local = local
        self._is_local = is_local
        self._trace = trace
        self._budget = budget
        self._executor = executor
        self._random = random
        self._report = report
        self._done = done
        self._recording: set[asyncio.Task[None]] = set()

    async def deliver(self, claim: Claim) -> None:
        """Every recipient is settled on return, or given back. Raises only when cancelled."""
        left = {recipient.id: recipient for recipient in claim.recipients}
        try:
            async with self._budget.room(claim.message.size):
                await self._deliver(claim, partial(self._record, claim, left))
        except Unavailable as error:
            if error.code != DAMAGED:
                _log.warning("%s was not tried: %s", claim.message.name, error.text)
                await self._give_back(claim, left)
            else:
                await self._postpone(claim, left, ours(451, "4.3.0", error.text))
        except Exception:
            _log.exception("The attempt for %s ended in an error", claim.message.name)
            reply = ours(451, "4.3.0", "An error happened here; it is in the log.")
            await self._postpone(claim, left, reply)

    async def finish(self, deadline: float) -> None:
        """Return when all that is being recorded is, or after `deadline` seconds."""
        if self._recording:
            _, stuck = await asyncio.wait(self._recording, timeout=deadline)
            for task in stuck:
                task.cancel()

    async def _deliver(self, claim: Claim, record: Record) -> None:
        is_local = self._is_local(claim.destination)
        content = await self._in_thread(self._load, claim.message.id, is_local)
        if content is None:
            return  # removed by an operator in the meantime
        if is_local:
            await self._local.deliver(claim, content, record)
        else:
            await self._remote.deliver(claim, content, record)

    def _load(self, message_id: int, is_local: bool) -> bytes | None:
        raw = self._queue.content(message_id)
        return raw if raw is None or is_local else body_for_wire(raw)

    async def _give_back(self, claim: Claim, left: Left) -> None:
        """The queue could not be read: nothing was tried."""
        not_before = self._queue.clock() + NOT_READ
        try:
            await self._in_thread(
                give_back, self._queue.database, self._runner, list(left), not_before
            )
        except Unavailable as error:
            # They stay this runner's until it ends, and are free then.
            _log.error("%s could not be given back: %s", claim.message.name, error.text)

    async def _postpone(self, claim: Claim, left: Left, reply: Reply) -> None:
        """A mistake of ours: it counts as an attempt, so that it cannot go on for ever."""
        outcomes = [Outcome(recipient, Result.DEFERRED, reply) for recipient in left.values()]
        if outcomes:
            await self._record(claim, left, Attempt(tuple(outcomes)))

    async def _record(self, claim: Claim, left: Left, attempt: Attempt) -> None:
        for outcome in attempt.outcomes:
            left.pop(outcome.recipient.id, None)
        task = asyncio.create_task(self._settle(claim, attempt))
        self._recording.add(task)
        task.add_done_callback(self._recording.discard)
        await asyncio.shield(task)

    async def _settle(self, claim: Claim, attempt: Attempt) -> None:
        now = self._queue.clock()
        settled = [self._decide(claim, outcome, now) for outcome in attempt.outcomes]
        while True:
            try:
                await self._in_thread(
                    settle, self._queue.database, self._runner, claim, settled, now
                )
                break
            except Unavailable as error:
                _log.error("What became of %s waits: %s", claim.message.name, error.text)
                await asyncio.sleep(PATIENCE)
        for entry in settled:
            self._trace(self._event(claim, attempt, entry, now))
            if entry.outcome.result is not Result.DEFERRED:
                self._done(claim, entry.outcome)
        if any(entry.outcome.result is not Result.DEFERRED for entry in settled):
            self._report()

    def _decide(self, claim: Claim, outcome: Outcome, now: float) -> Settled:
        """When to try again; or that it was for the last time."""
        if outcome.result is not Result.DEFERRED:
            return Settled(outcome)
        pauses: Sequence[float] = schedule.REMOTE_PAUSES
        if self._is_local(claim.destination):
            pauses = schedule.LOCAL_PAUSES
        message = claim.message
        reply = outcome.reply
        at = schedule.next_attempt(
            outcome.recipient.attempts + 1, now, message.expires, self._random.random, pauses
        )
        if at is not None:
            return Settled(outcome, at)
        if gateway_at(claim.destination):
            reply = final(reply)
        reply = given_up(reply, duration(now - message.created))
        return Settled(replace(outcome, result=Result.FAILED, reply=reply))

    def _event(self, claim: Claim, attempt: Attempt, settled: Settled, now: float) -> TraceEvent:
        outcome = settled.outcome
        reply = outcome.reply
        pause = settled.next_attempt - now if settled.next_attempt is not None else None
        facts: dict[str, str | int | float | bool | None] = {
            "queue": claim.message.name,
            "attempt": outcome.recipient.attempts + 1,
            "code": reply.code,
            "status": reply.enhanced,
            "reply": reply.text,
        }
        if reply.host:
            facts["host"] = reply.host
        if attempt.address:
            facts["address"] = attempt.address
            facts["tls"] = attempt.tls
        if settled.next_attempt is not None:
            facts["next_attempt"] = settled.next_attempt
        if not reply.positive:
            facts["problem"] = problem_of(reply).name.lower().replace("_", "-")
        return event(
            claim.message.origin,
            now,
            _VERDICTS[outcome.result],
            told(claim, outcome, pause),
            sender=claim.message.envelope.sender,
            recipient=outcome.recipient.envelope.address,
            facts=facts,
        )

    async def _in_thread(self, work: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work, *args)


def event(
    origin: Origin,
    now: float,
    verdict: Verdict,
    text: str,
    *,
    sender: str,
    recipient: str,
    facts: dict[str, str | int | float | bool | None],
) -> TraceEvent:
    """An event in the story of the message that came from `origin`."""
    return TraceEvent(
        time=now,
        transaction=origin.transaction,
        stage="queue",
        verdict=verdict,
        text=text,
        sender=sender,
        recipient=recipient,
        message_id=origin.message_id,
        account_id=origin.account_id,
        domain=origin.domain,
        facts=facts,
    )

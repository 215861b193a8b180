"""Submission: a message from one of our users, checked, completed, signed, queued (RFC 6409).

What is refused is said with an error whose code `operations.status` turns into an enhanced code:

    Refused("sender")       the envelope's sender is not theirs
    Refused("from")         the header's author is not theirs, or is not there in an orderly way
    Refused("recipients")   more than the plan allows
    Refused("content")      a header of more than MAX_HEADER octets
    Refused("confidential") a recipient of ours takes mail over a secured gateway only, or two of
                            the writers use different ones
    Refused("locked")       the account may not send (`operations.sending`)
    Refused("records")      the domain's records in the DNS are wrong, and the settings refuse that
    Declined                a check of the content refused it (`operations.status`)
    Unavailable("rate")     too many messages in an hour or a day
    Unavailable("slowed")   the account behaves oddly and has a part of its plan only

Every refusal of a message happens before anything of it is counted or queued, but for what its
sender's behaviour is judged by: whom he tried to write to counts, whether he succeeded or not.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Protocol

from alphorn.base.errors import AlphornError, Refused, Unavailable
from alphorn.base.trace import TraceEvent, Verdict
from alphorn.directory.values import AccountInfo, PlanLimits, SigningKey
from alphorn.directory.view import DirectoryView
from alphorn.message import addresses, complete, header
from alphorn.message.envelope import Envelope, Origin, OriginKind
from alphorn.message.parse import Entity, parse
from alphorn.operations import secured
from alphorn.operations.piece import Enqueue
from alphorn.operations.status import Declined
from alphorn.operations.throttle import Counters
from alphorn.policy import behaviour
from alphorn.policy.behaviour import Behaviour, Level
from alphorn.policy.decision import Decision

MAX_HEADER = 1 << 20
"""Octets of a submitted message's header: all of it is read, for whom it is from and to."""

HOUR = 3600
DAY = 86400

_log = logging.getLogger(__name__)

Sign = Callable[[bytes, tuple[SigningKey, ...], int], bytes]
"""Gives the signature fields that stand before a message; the time is seconds UTC."""


Check = Callable[[bytes, Entity, AccountInfo], Decision]
"""Looks at a complete message and its parse tree, in whose name it is sent; must not raise. The
scores of its reasons add up to what the message counts as."""


class Watcher(Protocol):
    """The part of `operations.watch.Watch` that is used here."""

    def sending(
        self, account: AccountInfo, raw: bytes, recipients: Sequence[str], score: float
    ) -> Behaviour:
        """What the account's behaviour amounts to, with this message."""

    def expected(self, account_id: int) -> Behaviour:
        """As it was a moment ago; never waits."""

    def cut(self, limits: PlanLimits) -> tuple[int, int, int]:
        """Recipients a message, messages an hour and a day of who is slowed down."""


class _Nobody:
    """Watches nobody."""

    def sending(
        self, account: AccountInfo, raw: bytes, recipients: Sequence[str], score: float
    ) -> Behaviour:
        return behaviour.WELL

    def expected(self, account_id: int) -> Behaviour:
        return behaviour.WELL

    def cut(self, limits: PlanLimits) -> tuple[int, int, int]:
        return limits.recipients_per_message, limits.messages_per_hour, limits.messages_per_day


def _no_hold(queue_name: str) -> None:
    """Nothing is held."""


def _no_faults(domain: str) -> str:
    return ""


def _no_sent(account_id: int, raw: bytes, envelope: Envelope) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class Guards:
    """What stands between a person and the queue, beside his plan. `checks` are asked in order, the
    first that does not pass decides. `hold` keeps back a message in the queue, by its name there;
    `faults` says what is wrong with a domain's records where that is to stop its mail, "" else."""

    checks: tuple[Check, ...] = ()
    watch: Watcher = _Nobody()  # noqa: RUF009 - has no state
    hold: Callable[[str], None] = _no_hold
    faults: Callable[[str], str] = _no_faults


class Submission:
    """One per process; every method may be called from any thread."""

    def __init__(
        self,
        view: DirectoryView,
        counters: Counters,
        sign: Sign,
        enqueue: Enqueue,
        trace: Callable[[TraceEvent], None],
        *,
        guards: Guards = Guards(),
        sent: Callable[[int, bytes, Envelope], None] = _no_sent,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`sent` is told of each message that was taken: whose it is, the message, and its
        envelope; it never waits or raises."""
        self._view = view
        self._counters = counters
        self._sign = sign
        self._enqueue = enqueue
        self._trace = trace
        self._guards = guards
        self._sent = sent
        self._clock = clock

    def check_sender(self, account: AccountInfo, sender: str) -> None:
        """Before the message comes: may this account begin one with this envelope sender, "" for
        the null one, now? Never waits long. Raises Refused, Unavailable."""
        _check_lock(self._view.account(account.id))
        if sender and not self._view.may_send_as(account.id, sender):
            raise Refused(f"{sender} is not an address of {account.address}.", code="sender")
        self._check_rate(account, self._guards.watch.expected(account.id), count=False)

    def check_recipients(self, account: AccountInfo, count: int) -> None:
        """May one message go to so many? Raises Refused."""
        limit = account.limits.recipients_per_message
        if count > limit:
            raise Refused(f"At most {limit} recipients a message are allowed.", code="recipients")

    def submit(
        self,
        account: AccountInfo,
        raw: bytes,
        envelope: Envelope,
        transaction: str,
        trace_field: bytes = b"",
    ) -> str:
        """Take the message; its name in the queue, where it is durable.

        `trace_field` is our Received field. Raises Refused, Unavailable: nothing is queued then.
        """
        now = self._clock()
        fresh = self._view.account(account.id)
        if fresh is None or not fresh.enabled:
            raise Refused("This account is switched off.", code="switched-off")
        account = fresh
        _check_lock(account)
        if envelope.sender and not self._view.may_send_as(account.id, envelope.sender):
            raise Refused(
                f"{envelope.sender} is not an address of {account.address}.", code="sender"
            )
        if header.header_end(raw) > MAX_HEADER:
            text = f"The header of a message has at most {MAX_HEADER} octets."
            raise Refused(text, code="content")
        writers, raw = self._writers(account, raw, envelope.sender or account.address)
        author = writers[0]
        gateway = secured.gateway_for(self._view, (*writers, envelope.sender))
        secured.check_recipients(
            self._view, gateway, (recipient.address for recipient in envelope.recipients)
        )
        envelope = replace(envelope, gateway=gateway)
        given = {recipient.address.lower() for recipient in envelope.recipients}
        named = complete.recipients(raw) | given
        self.check_recipients(account, len(named))
        domain = author.rpartition("@")[2]
        if fault := self._guards.faults(domain):
            raise Refused(fault, code="records")
        client_raw = raw
        raw = complete.complete(raw, now, f"{transaction.lower()}@{domain}")
        decisions = self._examine(account, raw)
        score = sum(reason.score for decision in decisions for reason in decision.reasons)
        judged = self._guards.watch.sending(account, client_raw, sorted(given), score)
        last = decisions[-1] if decisions else None
        if last is not None and not last.passes:
            raise Declined(last)
        self._check_behaviour(account, judged, len(named))
        raw = header.prepend(raw, self._sign(raw, self._view.signing_keys(domain), int(now)))
        raw = header.prepend(raw, trace_field)
        self._check_rate(account, judged, count=True)
        message_id = header.get(raw, "Message-ID") or ""
        origin = Origin(OriginKind.SUBMITTED, transaction, account.id, domain, message_id)
        name = self._enqueue(raw, envelope, origin)
        self._hold_if_locked(account, name)
        event = TraceEvent(
            time=now,
            transaction=transaction,
            stage="submit",
            verdict=Verdict.QUEUED,
            text=f"Accepted for sending over the secured gateway {gateway} only"
            if gateway
            else "Accepted for sending",
            sender=envelope.sender,
            message_id=message_id,
            account_id=account.id,
            domain=domain,
            facts={
                "queue": name,
                "size": len(raw),
                "account": account.address,
                **({"score": round(score, 2)} if decisions else {}),
            },
        )
        for recipient in envelope.recipients:
            self._trace(event._replace(recipient=recipient.address))
        self._sent(account.id, raw, envelope)
        return name

    def _writers(
        self, account: AccountInfo, raw: bytes, sender: str
    ) -> tuple[tuple[str, ...], bytes]:
        """The addresses of authors and senders, the first author's first, and the message, with a
        From field if it had none (RFC 6409 §8.1).

        All From and Sender fields count, so that nobody hides behind a second one.
        """
        if header.count(raw, "From") == 0:
            return (sender,), header.prepend(raw, f"From: <{sender}>\r\n".encode())
        if header.count(raw, "From") > 1:
            raise Refused("A message has one From field, this has several.", code="from")
        authors = [mailbox.address for mailbox in complete.authors(raw)]
        if not addresses.mailboxes(header.get(raw, "From") or ""):  # Resent-From does not stand in
            raise Refused("The From field holds no address.", code="from")
        writers = (*authors, *(mailbox.address for mailbox in complete.senders(raw)))
        for address in writers:
            if not self._view.may_send_as(account.id, address):
                raise Refused(f"{address} is not an address of {account.address}.", code="from")
        return writers, raw

    def _examine(self, account: AccountInfo, raw: bytes) -> list[Decision]:
        """What the checks say, up to the first that does not pass."""
        decisions: list[Decision] = []
        if self._guards.checks:
            root = parse(raw)
            for check in self._guards.checks:
                decisions.append(check(raw, root, account))
                if not decisions[-1].passes:
                    break
        return decisions

    def _check_behaviour(self, account: AccountInfo, judged: Behaviour, recipients: int) -> None:
        """Raises Refused, Unavailable where the account is locked or slowed down."""
        if judged.level is Level.LOCKED:
            _check_lock(self._view.account(account.id))
            # It could not be locked, or somebody has unlocked it this very moment.
            raise Unavailable(
                "Sending from this account is stopped for now; try again in 1 hour.", code="slowed"
            )
        most = self._guards.watch.cut(account.limits)[0]
        if judged.level is Level.SLOW and recipients > most:
            raise Unavailable(
                f"Sending from this account is slowed down: {_why(judged)} At most {most} "
                f"recipients a message are allowed; try again in {_duration(judged.wait)}.",
                code="slowed",
            )

    def _hold_if_locked(self, account: AccountInfo, name: str) -> None:
        """A lock that came while this message was under way did not find it in the queue."""
        try:
            now = self._view.account(account.id)
            if now is None or now.sending_lock is not None:
                self._guards.hold(name)
        except AlphornError as error:
            # It was taken, and its sender is to be told so.
            _log.warning("whether %s is to be held cannot be known: %s", name, error.text)

    def _check_rate(self, account: AccountInfo, judged: Behaviour, count: bool) -> None:
        """Against the plan, or what is left of it; `count` this message too. Raises
        Unavailable("rate", "slowed")."""
        now = self._clock()
        slow = judged.level is not Level.OK
        hourly, daily = account.limits.messages_per_hour, account.limits.messages_per_day
        if slow:
            _, hourly, daily = self._guards.watch.cut(account.limits)
        for look in (self._counters.peek, *((self._counters.hit,) if count else ())):
            for word, window, limit in (("an hour", HOUR, hourly), ("a day", DAY, daily)):
                hit = look(f"sent:{window}:{account.id}", window, limit, now=now) if limit else None
                if hit is not None and not hit.allowed:
                    wait = _duration(hit.retry_after)
                    text = f"You may send {limit} messages in {word}; try again in {wait}."
                    if slow:
                        text = f"Sending from this account is slowed down: {_why(judged)} {text}"
                    raise Unavailable(text, code="slowed" if slow else "rate")


def _check_lock(account: AccountInfo | None) -> None:
    """Raises Refused("locked")."""
    lock = account.sending_lock if account is not None else None
    if lock is not None and account is not None:
        advice = (
            "Ask whoever runs this service."
            if lock.by_operator
            else "Change the password, then ask whoever manages your organization to unlock it."
        )
        text = f"Sending from {account.address} is locked: {lock.reason} {advice}"
        raise Refused(text, code="locked")


def _why(judged: Behaviour) -> str:
    return judged.reasons[0].text if judged.reasons else ""


def _duration(seconds: float) -> str:
    """Rounded up: a person who waits so long will succeed."""
    minutes = max(1, ceil(seconds / 60))
    if minutes < 60:
        return f"{minutes} minute{'s' if minutes > 1 else ''}"
    hours = ceil(minutes / 60)
    return f"{hours} hour{'s' if hours > 1 else ''}"

"""Submission: a message from one of our users, checked, completed, signed, queued (RFC 6409).

What is refused is said with an error whose code `operations.status` turns into an enhanced code:

    Refused("sender")       the envelope's sender is not theirs
    Refused("from")         the header's author is not theirs, or is not there in an orderly way
    Refused("recipients")   more than the plan allows
    Refused("content")      a header of more than MAX_HEADER octets
    Unavailable("rate")     too many messages in an hour or a day
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import ceil

from alphorn.base.errors import Refused, Unavailable
from alphorn.base.trace import TraceEvent, Verdict
from alphorn.directory.values import AccountInfo, SigningKey
from alphorn.directory.view import DirectoryView
from alphorn.message import addresses, complete, header
from alphorn.message.envelope import Envelope, Origin, OriginKind
from alphorn.operations.deliver import Enqueue
from alphorn.operations.throttle import Counters

MAX_HEADER = 1 << 20
"""Octets of a submitted message's header: all of it is read, for whom it is from and to."""

HOUR = 3600
DAY = 86400

Sign = Callable[[bytes, tuple[SigningKey, ...], int], bytes]
"""Gives the signature fields that stand before a message; the time is seconds UTC."""


def _nobody(account_id: int, raw: bytes, recipients: Sequence[str]) -> None:
    """Nobody wants to know."""


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
        sent: Callable[[int, bytes, Sequence[str]], None] = _nobody,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`sent` is told of each message that was taken: whose it is, the message, and to whom; it
        never waits or raises."""
        self._view = view
        self._counters = counters
        self._sign = sign
        self._enqueue = enqueue
        self._trace = trace
        self._sent = sent
        self._clock = clock

    def check_sender(self, account: AccountInfo, sender: str) -> None:
        """Before the message comes: may this account begin one with this envelope sender, "" for
        the null one, now? Never waits long. Raises Refused, Unavailable."""
        if sender and not self._view.may_send_as(account.id, sender):
            raise Refused(f"{sender} is not an address of {account.address}.", code="sender")
        self._check_rate(account, count=False)

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
        if envelope.sender and not self._view.may_send_as(account.id, envelope.sender):
            raise Refused(
                f"{envelope.sender} is not an address of {account.address}.", code="sender"
            )
        if header.header_end(raw) > MAX_HEADER:
            text = f"The header of a message has at most {MAX_HEADER} octets."
            raise Refused(text, code="content")
        author, raw = self._author(account, raw, envelope.sender or account.address)
        named = complete.recipients(raw).union(
            recipient.address.lower() for recipient in envelope.recipients
        )
        self.check_recipients(account, len(named))
        domain = author.rpartition("@")[2]
        raw = complete.complete(raw, now, f"{transaction.lower()}@{domain}")
        raw = header.prepend(raw, self._sign(raw, self._view.signing_keys(domain), int(now)))
        raw = header.prepend(raw, trace_field)
        self._check_rate(account, count=True)
        message_id = header.get(raw, "Message-ID") or ""
        origin = Origin(OriginKind.SUBMITTED, transaction, account.id, domain, message_id)
        name = self._enqueue(raw, envelope, origin)
        event = TraceEvent(
            time=now,
            transaction=transaction,
            stage="submit",
            verdict=Verdict.QUEUED,
            text="Accepted for sending",
            sender=envelope.sender,
            message_id=message_id,
            account_id=account.id,
            domain=domain,
            facts={"queue": name, "size": len(raw), "account": account.address},
        )
        for recipient in envelope.recipients:
            self._trace(replace(event, recipient=recipient.address))
        self._sent(account.id, raw, [recipient.address for recipient in envelope.recipients])
        return name

    def _author(self, account: AccountInfo, raw: bytes, sender: str) -> tuple[str, bytes]:
        """The author's address and the message, with a From field if it had none (RFC 6409 §8.1).

        All From and Sender fields count, so that nobody hides behind a second one.
        """
        if header.count(raw, "From") == 0:
            return sender, header.prepend(raw, f"From: <{sender}>\r\n".encode())
        if header.count(raw, "From") > 1:
            raise Refused("A message has one From field, this has several.", code="from")
        authors = [mailbox.address for mailbox in complete.authors(raw)]
        if not addresses.mailboxes(header.get(raw, "From") or ""):  # Resent-From does not stand in
            raise Refused("The From field holds no address.", code="from")
        for address in (*authors, *(mailbox.address for mailbox in complete.senders(raw))):
            if not self._view.may_send_as(account.id, address):
                raise Refused(f"{address} is not an address of {account.address}.", code="from")
        return authors[0], raw

    def _check_rate(self, account: AccountInfo, count: bool) -> None:
        """Against the plan; `count` this message too. Raises Unavailable("rate")."""
        now = self._clock()
        for look in (self._counters.peek, *((self._counters.hit,) if count else ())):
            for word, window, limit in (
                ("an hour", HOUR, account.limits.messages_per_hour),
                ("a day", DAY, account.limits.messages_per_day),
            ):
                hit = look(f"sent:{window}:{account.id}", window, limit, now=now) if limit else None
                if hit is not None and not hit.allowed:
                    wait = _duration(hit.retry_after)
                    text = f"You may send {limit} messages in {word}; try again in {wait}."
                    raise Unavailable(text, code="rate")


def _duration(seconds: float) -> str:
    """Rounded up: a person who waits so long will succeed."""
    minutes = max(1, ceil(seconds / 60))
    if minutes < 60:
        return f"{minutes} minute{'s' if minutes > 1 else ''}"
    hours = ceil(minutes / 60)
    return f"{hours} hour{'s' if hours > 1 else ''}"

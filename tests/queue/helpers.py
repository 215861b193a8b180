"""What the queue's tests share: a clock that stands still, messages, a queue in a folder."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from alphorn.message.envelope import Body, Envelope, EnvelopeRecipient, Notify, Origin, OriginKind
from alphorn.queue.client import Timeouts
from alphorn.queue.intake import Lifetimes, prepare
from alphorn.queue.queue import Queue
from alphorn.queue.values import Claim, QueuedRecipient

NOW = 1_700_000_000.0
PATIENT = Timeouts(
    connect=30, tls=30, greeting=30, command=30, data=30, block=30, final=30, reset=30, quit=30
)


def hasty(stage: str) -> Timeouts:
    """Patience with everything but what a server that hangs leaves undone: "greeting", "block", or
    the command or the part of a transaction that it does not answer."""
    name = "command" if stage in ("ehlo", "mail", "rcpt") else stage
    return replace(PATIENT, **{name: 0.7 if name == "command" else 0.3})


MESSAGE = (
    b"From: Anna <anna@example.test>\r\n"
    b"To: bert@remote.test\r\n"
    b"Subject: Hello\r\n"
    b"Message-ID: <1@example.test>\r\n"
    b"\r\n"
    b"Hello Bert\r\n"
)


class Clock:
    """Seconds that pass only when a test says so."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def envelope(
    *recipients: str,
    sender: str = "anna@example.test",
    notify: Iterable[Notify] = (),
    body: Body = Body.SEVEN_BIT,
    smtputf8: bool = False,
    ret: str | None = None,
    envid: str | None = None,
) -> Envelope:
    return Envelope(
        sender,
        tuple(EnvelopeRecipient(address, frozenset(notify)) for address in recipients),
        body,
        smtputf8,
        ret,
        envid,
    )


def origin(kind: OriginKind = OriginKind.SUBMITTED, transaction: str = "t1") -> Origin:
    return Origin(kind, transaction, 7, "example.test", "<1@example.test>")


def make_queue(
    folder: Path, clock: Clock | None = None, lifetimes: Lifetimes | None = None
) -> Queue:
    return Queue(folder / "queue.sqlite", clock=clock or Clock(), lifetimes=lifetimes)


def claim_of(
    given: Envelope, raw: bytes = MESSAGE, destination: str = "remote.test", urgent: bool = False
) -> Claim:
    """A claim as if the envelope's recipients were queued, with ids from 1 on."""
    message = prepare(raw, given, origin(), NOW, Lifetimes()).message
    recipients = tuple(
        QueuedRecipient(id, entry, 0, urgent, None) for id, entry in enumerate(given.recipients, 1)
    )
    return Claim(message, destination, recipients)

"""Telling senders what became of their messages (RFC 3461 §5 and §6, RFC 3464).

A report goes to the envelope sender from the null reverse-path, with NOTIFY=NEVER, through this
same queue; a message that itself has no sender gets none, so that there is never a report about a
report. Failures are told at once; a delay once, some hours after the message came; success where it
was asked for and the next server does not tell it itself.

It is written in the name of the domain of ours that the message came from or through, and signed
by it: a report that proves nothing is taken for forged where that domain asks for it (RFC 7489),
and where it goes back over several servers only a signature still proves anything.
"""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace as changed

from alphorn.base.errors import AlphornError, Unavailable
from alphorn.message import dsn, header
from alphorn.message.envelope import (
    Body,
    Envelope,
    EnvelopeRecipient,
    Notify,
    Origin,
    OriginKind,
)
from alphorn.queue.intake import prepare
from alphorn.queue.queue import DAMAGED, Queue
from alphorn.queue.settling import ToReport, late, replace, unreported
from alphorn.queue.values import QueuedMessage, QueuedRecipient, Reply, State

_ACTIONS = {
    State.WAITING: dsn.Action.DELAYED,
    State.FAILED: dsn.Action.FAILED,
    State.RELAYED: dsn.Action.RELAYED,
    State.DELIVERED: dsn.Action.DELIVERED,
}

_log = logging.getLogger(__name__)

Sign = Callable[[bytes, str], bytes]
"""Gives the signature fields of a domain of ours that stand before a message; b"" where it has no
key. May raise AlphornError."""

Language = Callable[[QueuedMessage], str]
"""The tag of the language that the sender of a message reads, "" where that is not known. May raise
AlphornError."""


def unsigned(raw: bytes, domain: str) -> bytes:
    return b""


def unknown(message: QueuedMessage) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Voice:
    """In whose name reports are written, and in which language. `sign` and `language` are called
    in threads."""

    hostname: str
    sign: Sign = unsigned
    language: Language = unknown


def tell_all(queue: Queue, voice: Voice) -> list[tuple[ToReport, str]]:
    """Queue a report of everything that senders are to be told, now; each with its name in the
    queue. What another process tells at the same moment is left out. Raises Unavailable."""
    told: list[tuple[ToReport, str]] = []
    while waiting := unreported(queue.database):
        before = len(told)
        for entry in waiting:
            name = _tell(queue, entry, voice)
            if name is not None:
                told.append((entry, name))
        if len(told) == before:
            break
    for entry in late(queue.database, queue.clock()):
        name = _tell(queue, entry, voice)
        if name is not None:
            told.append((entry, name))
    if told:
        queue.stir()
    return told


def _tell(queue: Queue, told: ToReport, voice: Voice) -> str | None:
    now = queue.clock()
    raw = _content(queue, told)
    token = secrets.token_hex(12)
    try:
        report = compose(told, raw, voice, now, token)
    except Exception:
        # Whatever is odd about the message, its sender is told; without it then.
        _log.exception("The report about %s cannot include the message", told.message.name)
        report = compose(told, b"", voice, now, token)
    sender = told.message.envelope.sender
    envelope = Envelope(
        sender="",
        recipients=(EnvelopeRecipient(sender, frozenset({Notify.NEVER})),),
        body=Body.SEVEN_BIT if report.isascii() else Body.EIGHT_BIT,
        smtputf8=not (sender.isascii() and report.partition(b"\r\n\r\n")[0].isascii()),
        gateway=told.message.envelope.gateway,
    )
    origin = Origin(
        kind=OriginKind.REPORT,
        transaction=told.message.origin.transaction,
        account_id=told.message.origin.account_id,
        domain=told.message.origin.domain,
        message_id=f"<{token}@{voice.hostname}>",
    )
    entry = prepare(report, envelope, origin, now, queue.lifetimes, queue.house)
    return replace(queue.database, told, entry)


def _content(queue: Queue, told: ToReport) -> bytes:
    """The message, or nothing where it is damaged: its sender is told all the same."""
    try:
        return queue.content(told.message.id) or b""
    except Unavailable as error:
        if error.code != DAMAGED:
            raise
        return b""


def compose(told: ToReport, raw: bytes, voice: Voice, now: float, token: str) -> bytes:
    """The report as a message, ready to be queued; in the name of this host where nobody can sign
    for the domain."""
    domain = told.message.origin.domain
    if domain:
        report = _report(told, raw, voice, now, token, domain)
        try:
            fields = voice.sign(report, domain)
        except AlphornError as error:
            _log.warning("a report is not signed by %s: %s", domain, error.text)
            fields = b""
        if fields:
            return header.prepend(report, fields)
    return _report(told, raw, voice, now, token, "")


def _report(told: ToReport, raw: bytes, voice: Voice, now: float, token: str, domain: str) -> bytes:
    message = told.message
    return dsn.report(
        dsn.Report(
            host=voice.hostname,
            to=message.envelope.sender,
            original=raw,
            recipients=[_recipient(told, recipient) for recipient in told.recipients],
            arrival=message.created,
            now=now,
            ret=message.envelope.ret,
            envid=message.envelope.envid,
            language=_language(voice, message),
            domain=domain,
        ),
        token,
    )


def _language(voice: Voice, message: QueuedMessage) -> str:
    try:
        return voice.language(message)
    except AlphornError as error:
        _log.warning("the language of a sender cannot be known: %s", error.text)
        return ""


def _recipient(told: ToReport, recipient: QueuedRecipient) -> dsn.Recipient:
    last = recipient.last or Reply(0, "", "")
    said = f"{last.code} {last.enhanced} {last.text}" if last.host else last.text
    return dsn.Recipient(
        address=recipient.envelope.address,
        action=_ACTIONS[told.state],
        status=last.enhanced,
        diagnostic=said.strip(),
        remote=last.host,
        original=recipient.envelope.original,
        last_attempt=recipient.attempted,
        retry_until=told.message.expires,
    )


def given_up(reply: Reply, tried: str) -> Reply:
    """The last reply of a message whose time is over. It keeps its status, which says more than
    "too old" (RFC 3463 §3.5, X.4.7); `tried` is for how long it was tried."""
    return changed(reply, text=f"{reply.text} (tried for {tried})".strip())


def final(reply: Reply) -> Reply:
    """Our own last word about a message that may go one way only, as a failure for good: what was
    in that way stays what its return says (RFC 3463 §2)."""
    if not reply.temporary or reply.host:
        return reply
    return changed(reply, code=550, enhanced=f"5{reply.enhanced[1:]}")

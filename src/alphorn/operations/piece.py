"""A message on its way to somebody here, and how its steps are told in the trace."""

from collections.abc import Callable

from alphorn.base.trace import TraceEvent, Verdict
from alphorn.directory.values import AccountInfo
from alphorn.message import confidential_field, header, received
from alphorn.message.envelope import Envelope, EnvelopeRecipient, Origin, OriginKind
from alphorn.message.parse import Entity
from alphorn.message.summarize import below, summarize
from alphorn.message.summary import Summary

Enqueue = Callable[[bytes, Envelope, Origin], str]
"""Puts a message into the outbound queue, durably; gives its name there."""
Tell = Callable[[TraceEvent], None]
Facts = dict[str, str | int | float | bool | None]


class Piece:
    """A message under way and what is read from its header once; it stays as it is made."""

    __slots__ = (
        "_above",
        "_came",
        "_root",
        "_summary",
        "been_at",
        "envelope",
        "hops",
        "message_id",
        "now",
        "raw",
        "transaction",
    )

    def __init__(
        self,
        raw: bytes,
        envelope: Envelope,
        transaction: str,
        now: float,
        top: bytes = b"",
        root: Entity | None = None,
    ) -> None:
        """Of the message `raw`, whose structure `root` is where it is known, with trace fields
        `top` before all others."""
        self.raw = header.prepend(raw, top) if top else raw
        self.envelope = envelope
        self.transaction = transaction
        self.now = now
        head = header.Head(self.raw)
        self.hops = received.hops(head)
        self.message_id = head.get("Message-ID") or ""
        self.been_at = received.been_at(head)
        self._came = raw
        self._root = root
        self._above = len(top)
        self._summary: Summary | None = None

    def summary(self, octets: int) -> Summary:
        """Of `raw` with so many octets of whole fields before it; worked out when it is first asked
        for, once for all recipients."""
        if self._summary is None:
            self._summary = summarize(self._came, self._root)
        return below(self._summary, self._above + octets)

    @property
    def keywords(self) -> frozenset[str]:
        """What each copy in a mailbox is marked with."""
        if self.envelope.gateway and confidential_field.read(self.raw):
            return frozenset((confidential_field.KEYWORD,))
        return frozenset()


def origin(
    piece: Piece, kind: OriginKind, recipient: EnvelopeRecipient, account: AccountInfo | None
) -> Origin:
    """Of what is queued because of this message, for one of its recipients."""
    return Origin(
        kind,
        piece.transaction,
        account.id if account else None,
        recipient.address.rpartition("@")[2],
        piece.message_id,
    )


def event(
    piece: Piece,
    recipient: EnvelopeRecipient,
    account: AccountInfo | None,
    verdict: Verdict,
    text: str,
    facts: Facts,
) -> TraceEvent:
    """A step of its delivery to one recipient."""
    return TraceEvent(
        time=piece.now,
        transaction=piece.transaction,
        stage="deliver",
        verdict=verdict,
        text=text,
        sender=piece.envelope.sender,
        recipient=recipient.address,
        message_id=piece.message_id,
        account_id=account.id if account else None,
        domain=recipient.address.rpartition("@")[2],
        facts=facts,
    )

"""A message sent on, because an address leads elsewhere or because its owner's rules say so
(RFC 5321 §3.9.1).

Where it leads out of here the envelope's sender becomes one of ours (`operations.rewriting`), but
never one that would prove an author whom nothing proves; what was for a confidential address goes
over its gateway, in its own name. Of the message not an octet changes but what rules change, so
that signatures hold. It is in the queue, durably, before anything else is done for the recipient.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from alphorn.base.errors import Refused
from alphorn.base.trace import Verdict
from alphorn.directory.values import AccountInfo, Route
from alphorn.message import header, received
from alphorn.message.envelope import EnvelopeRecipient, OriginKind
from alphorn.operations.piece import Enqueue, Piece, Tell, event, origin
from alphorn.operations.placement import Placement
from alphorn.operations.rewriting import Rewriting, nobody_proves
from alphorn.policy.unproved import CODE
from alphorn.wire.smtp import xtext

MAX_HOPS = 100
"""Received fields in a message before it is taken for a loop (RFC 5321 §6.3 asks for so many)."""


@dataclass(frozen=True, slots=True)
class Onwards:
    """Where a recipient's message goes on to. `raw` is what it was changed to, None where it was
    not; `by` says for the trace which rule decided ("by your filter “X”"), "" for an address."""

    targets: tuple[str, ...]
    raw: bytes | None = None
    by: str = ""


class SendingOn:
    """One per process; every method may be called from any thread and waits for the disk."""

    def __init__(
        self, enqueue: Enqueue, rewriting: Rewriting, trace: Tell, max_hops: int = MAX_HOPS
    ) -> None:
        self._enqueue = enqueue
        self._rewriting = rewriting
        self._trace = trace
        self._max_hops = max_hops

    def check_loop(self, piece: Piece, recipient: EnvelopeRecipient) -> None:
        """Raises Refused("loop") where the message has been here before, or at too many places."""
        if piece.hops > self._max_hops:
            text = f"The message has passed more than {self._max_hops} servers; that is a loop."
            raise Refused(text, code="loop")
        if recipient.address.lower() in piece.been_at:
            text = f"The message has been at {recipient.address} before; that is a loop."
            raise Refused(text, code="loop")

    def why_not(self, piece: Piece, route: Route, target: str) -> str:
        """Why the message is not sent on from there to an address, "" where it may be: what
        claims an author without proof needs a name that does not prove him. Raises Unavailable."""
        if route.gateway or piece.envelope.gateway or self._rewriting.is_ours(target):
            return ""
        domain = route.address.rpartition("@")[2]
        if self._rewriting.way(piece.envelope.sender, domain, piece.raw, piece.raw) is not None:
            return ""
        return nobody_proves(piece.raw, piece.raw, self._rewriting.hostname)

    def send(
        self,
        piece: Piece,
        recipient: EnvelopeRecipient,
        route: Route,
        onwards: Onwards,
        placement: Placement,
    ) -> None:
        """Raises Unavailable, and Refused("unproved") as `why_not` says; then nothing was sent."""
        original = recipient.original or f"rfc822;{xtext.encode(recipient.address)}"
        sender, ours = piece.envelope.sender, self._rewriting.is_ours
        raw = piece.raw if onwards.raw is None else onwards.raw
        within = all(map(ours, onwards.targets))
        gateway = route.gateway or piece.envelope.gateway
        if gateway and not within:
            # Reports of it come back over the gateway, to the confidential address itself.
            sender = route.address if sender else ""
        elif not within:
            domain = route.address.rpartition("@")[2]
            way = self._rewriting.way(sender, domain, raw, piece.raw)
            if way is None:
                text = nobody_proves(raw, piece.raw, self._rewriting.hostname)
                raise Refused(f"The message is not sent on: {text}.", code=CODE)
            sender = self._rewriting.sender(sender, way)
        # What was decided goes with it to our own mailboxes; nobody else is told.
        fields = placement.fields if within else b""
        name = self._enqueue(
            header.prepend(raw, received.delivered_to(recipient.address), fields),
            replace(
                piece.envelope,
                sender=sender,
                gateway=gateway,
                recipients=tuple(
                    EnvelopeRecipient(target, recipient.notify, original)
                    for target in onwards.targets
                ),
                smtputf8=piece.envelope.smtputf8 or not "".join(onwards.targets).isascii(),
            ),
            origin(piece, OriginKind.REDIRECTED, recipient, route.account),
        )
        self._tell(piece, recipient, route.account, _said(route, onwards, sender, piece), name)

    def _tell(
        self,
        piece: Piece,
        recipient: EnvelopeRecipient,
        account: AccountInfo | None,
        text: str,
        name: str,
    ) -> None:
        facts: dict[str, str | int | float | bool | None] = {"queue": name}
        self._trace(event(piece, recipient, account, Verdict.QUEUED, text, facts))


def _said(route: Route, onwards: Onwards, sender: str, piece: Piece) -> str:
    what = "Goes back to its true sender" if route.bounce else "Redirected to"
    gateway = route.gateway or piece.envelope.gateway
    parts: Sequence[str] = (
        f"{what} {', '.join(onwards.targets)}",
        f"as {sender}" if sender != piece.envelope.sender else "",
        f"over the secured gateway {gateway} only" if gateway else "",
        onwards.by,
    )
    return " ".join(filter(None, parts))

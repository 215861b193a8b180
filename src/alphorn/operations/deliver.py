"""Delivery into our own mailboxes, and onward where an address says so.

A message for several recipients is one transaction for each account (RFC 5321 §6.1: what was
accepted must not be lost). Their outcomes are put together so that the sender is told the truth and
nothing arrives twice:

    nothing was done for anybody     the message is refused, with the most hopeful reason
    something was done for some      it is accepted; the others wait in the queue, which tries
                                     again and at last reports to the sender

Redirection (`operations.sending_on`) comes first, so that a recipient for whom it cannot be
arranged is left untouched, and waits as such (`OriginKind.WAITING`); in the queue's later tries for
the others it is done already. What is beyond what an account may send on stays in it. Where an
account has rules, they say what is done there (`operations.filtering`, `operations.acting`), unless
a list of senders has decided. Nothing here knows SMTP; what went wrong is said with enhanced codes.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from alphorn.base.errors import AlphornError, Refused, Unavailable
from alphorn.base.trace import TraceEvent, Verdict
from alphorn.directory.values import AccountInfo, AddressKind, Route
from alphorn.directory.view import POSTMASTER, DirectoryView
from alphorn.mailauth.results import without_forged
from alphorn.message import confidential_field, header, own_fields, received
from alphorn.message.envelope import Envelope, EnvelopeRecipient, Notify, Origin, OriginKind
from alphorn.message.outcome import Fate, LocalResult
from alphorn.message.parse import Entity
from alphorn.operations import secured
from alphorn.operations.acting import Acting, Case, Helpers
from alphorn.operations.confirm import asked_for, confirmation
from alphorn.operations.filter_notice import tell
from alphorn.operations.filtering import Filtering
from alphorn.operations.onward import Onward, onward
from alphorn.operations.piece import Enqueue, Facts, Piece, event
from alphorn.operations.placement import INTO_INBOX, SPAM, Placement, as_decided
from alphorn.operations.rewriting import Rewriting
from alphorn.operations.sending_on import MAX_HOPS, Onwards, SendingOn
from alphorn.operations.sent_on_limit import trouble
from alphorn.operations.status import page_of, status_of
from alphorn.store.api import Account, NewMessage, Store
from alphorn.store.errors import Ruled
from alphorn.store.visitors import Visitors

_Onward = tuple[tuple[str, ...], frozenset[Notify]]
"""Where a message is redirected to, and what its sender wants to be told of that."""

_REDIRECTED = frozenset((OriginKind.RECEIVED, OriginKind.REST))
"""What comes so was redirected, as its address says, when it came in."""
_LET_IN = _REDIRECTED | {OriginKind.WAITING}

MAX_SECONDS = 180.0
"""So long it takes to serve a message's recipients before whoever is left waits in the queue: its
sender waits for the reply, ten minutes at least (RFC 5321 §4.5.3.2.6), and a part of them has gone
into examining it. A hundred recipients with a dozen filters each take about a second."""

_LATER = {Fate.DEFERRED: "Will be tried again", Fate.FAILED: "Its sender will be told"}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reception:
    """What the sender is told about a message, for all recipients; `page` as in `LocalResult`."""

    accepted: bool
    status: str
    text: str
    page: str = ""


class Delivery:
    """One per process; every method may be called from any thread and waits for the disk."""

    def __init__(
        self,
        store: Store,
        view: DirectoryView,
        enqueue: Enqueue,
        trace: Callable[[TraceEvent], None],
        rewriting: Rewriting,
        visitors: Visitors,
        *,
        hostname: str = "",
        postmaster: str = "",
        clock: Callable[[], float] = time.time,
        stopwatch: Callable[[], float] = time.monotonic,
        max_hops: int = MAX_HOPS,
        welcomed: Callable[[int, int], None] = lambda account_id, uid: None,
        filtering: Filtering | None = None,
        helpers: Helpers = Helpers(),  # noqa: B008 - frozen
    ) -> None:
        """`hostname` is this server's name, `postmaster` the operator's address, "" for none.
        `welcomed` is told of mail from acquaintances, by account and UID in the inbox. `helpers`
        send what rules ask for."""
        self._store = store
        self._view = view
        self._enqueue = enqueue
        self._trace = trace
        self._rewriting = rewriting
        self._sending_on = SendingOn(enqueue, rewriting, trace, max_hops)
        self._visitors = visitors
        self._hostname = hostname
        self._postmaster = postmaster
        self._clock = clock
        self._stopwatch = stopwatch
        self._welcomed = welcomed
        self._limit = helpers.limit
        self._ruled: set[int] = set()  # accounts that had rules when they were last looked at
        self._acting = Acting(
            filtering
            if filtering is not None
            else Filtering(view, hostname=hostname, limit=helpers.limit),
            self._sending_on,
            helpers,
            enqueue,
            trace,
            hostname=hostname,
            welcomed=welcomed,
        )

    @property
    def postmaster(self) -> str:
        """The operator's address, "" for none."""
        return self._postmaster

    def route(self, local: str, domain: str) -> Route | None:
        """Where mail for `local@domain` goes, or None for nowhere. Never waits long.

        The server itself has a postmaster too, whether or not its name is a domain of ours
        (RFC 5321 §4.5.1). An address from which a report finds back to the sender of what was sent
        on leads there, whatever the domain's own addresses are. Raises Unavailable, and Refused
        ("srs") where such an address is forged or too old.
        """
        route = self._rewriting.route(local, domain) or self._view.route(local, domain)
        if (
            route is None
            and self._postmaster
            and domain == self._hostname
            and local.lower() == POSTMASTER
        ):
            local, _, domain = self._postmaster.rpartition("@")
            route = self._view.route(local, domain)
        if route is not None and route.messages is not None:
            return route if self._visitors.taken(route.address_id) < route.messages else None
        return route

    def accept(
        self,
        raw: bytes,
        envelope: Envelope,
        routes: Sequence[Route],
        transaction: str,
        placements: Sequence[Placement] | None = None,
        *,
        top: bytes = b"",
        root: Entity | None = None,
    ) -> Reception:
        """Deliver a message that has just come in, with our trace fields `top` put on it; `root` is
        the structure of `raw` where that is known. `routes` are those of the envelope's recipients,
        in order, as are `placements` (None: all into the inbox). When this says "accepted"
        everything is durable.

        Raises Unavailable only where some were served and the rest cannot be queued either.
        """
        piece = Piece(raw, envelope, transaction, self._clock(), top, root)
        done: dict[int, LocalResult] = {}
        sent: set[_Onward] = set()
        results = []
        confirm = []
        something = False
        until = self._stopwatch() + MAX_SECONDS
        chosen = placements or (INTO_INBOX,) * len(routes)
        waiting: list[Placement] = []
        untouched: set[LocalResult] = set()
        for recipient, route, placement in zip(envelope.recipients, routes, chosen, strict=True):
            if self._stopwatch() > until:
                redirected, result = False, self._too_late(piece, recipient, route, done)
            else:
                redirected, result = self._serve(piece, recipient, route, done, sent, placement)
            delivered = result.fate is Fate.DELIVERED
            something = something or redirected or delivered
            results.append(result)
            if not delivered:
                waiting.append(placement)
                if route.redirect_to and not redirected:
                    untouched.add(result)
            if delivered and route.keep and asked_for(envelope, recipient):
                confirm.append(recipient)
        if confirm:
            self._confirm(piece, confirm)
        # One for each account, however many of the recipients lead to it.
        rest = tuple(dict.fromkeys(r for r in results if r.fate is not Fate.DELIVERED))
        if not rest:
            return Reception(True, "2.0.0", "Delivered")
        if not something:
            worst = next((result for result in rest if result.fate is Fate.DEFERRED), rest[0])
            return Reception(False, worst.status, worst.text, worst.page)
        # What was decided for the first of them goes with it, so that spam stays spam.
        left = waiting[0].fields + piece.raw
        for kind, some in (
            (OriginKind.RECEIVED, [one for one in rest if one not in untouched]),
            (OriginKind.WAITING, [one for one in rest if one in untouched]),
        ):
            if some:
                self._leave_to_queue(piece, left, some, kind)
        return Reception(True, "2.0.0", "Delivered, in part later")

    def retry(
        self, raw: bytes, envelope: Envelope, recipient: EnvelopeRecipient, origin: Origin
    ) -> LocalResult:
        """Deliver a message from the queue to one recipient in a domain of ours; never raises.

        The address is looked up anew. What came from outside was redirected when it came.
        """
        placement, top = as_decided(raw), b""
        if origin.kind is OriginKind.SUBMITTED:
            # Only who takes mail from elsewhere says how it was judged, and nobody in our name.
            raw, placement = own_fields.without(without_forged(raw, self._hostname)), INTO_INBOX
        # What came from outside was let in when it came, and reports are our own.
        from_here = origin.kind not in _LET_IN and origin.kind is not OriginKind.REPORT
        if from_here and envelope.gateway and not confidential_field.read(raw):
            top = confidential_field.render(envelope.gateway)
        piece = Piece(raw, envelope, origin.transaction, self._clock(), top)
        local, _, domain = recipient.address.rpartition("@")
        try:
            route = self.route(local, domain)
        except AlphornError as error:
            return self._failed(piece, recipient, None, error)
        if route is None:
            unknown = Refused("There is no such mailbox here.")
            return self._failed(piece, recipient, None, unknown, "5.1.1")
        if from_here and route.gateway != envelope.gateway:
            return self._failed(piece, recipient, None, self._other_way(route, envelope))
        if origin.kind in _REDIRECTED and route.redirect_to:
            chosen = self._onward(piece, route, placement)
            if chosen.stopped is not None:
                return self._failed(piece, recipient, None, chosen.stopped)
            if chosen.targets and not chosen.keep:
                # Unless it was refused for good that time, beside others who got it.
                return self._attempt(
                    piece,
                    recipient,
                    route.account,
                    lambda: self._sending_on.check_loop(piece, recipient),
                    "Sent on",
                )
            route = replace(route, redirect_to=(), paused=(), keep=chosen.keep)
        rest = origin.kind is OriginKind.REST
        return self._serve(piece, recipient, route, {}, set(), placement, late=True, rest=rest)[1]

    # -- one step each --

    def _serve(
        self,
        piece: Piece,
        recipient: EnvelopeRecipient,
        route: Route,
        done: dict[int, LocalResult],
        sent: set[_Onward],
        placement: Placement,
        *,
        late: bool = False,
        rest: bool = False,
    ) -> tuple[bool, LocalResult]:
        """Everything for one recipient: whether it was sent on, and the result. `done` has what
        became of accounts that earlier recipients lead to as well: they get one copy, and one
        result. `sent` has where the message was redirected to already: else one message for a
        thousand spellings of an address would become a thousand. `late` and `rest` as in
        `filter_plan.Incoming`."""
        account = route.account
        chosen = self._within_limit(piece, route, self._onward(piece, route, placement))
        sending = self._attempt(
            piece,
            recipient,
            account,
            lambda: self._send_on(piece, recipient, route, chosen, placement, sent),
            "Sent on" if chosen.targets else "Taken",
        )
        redirected = bool(chosen.targets) and sending.fate is Fate.DELIVERED
        if sending.fate is not Fate.DELIVERED or account is None or not chosen.keep:
            if sending.fate is Fate.DELIVERED:
                self._note_visitor(piece, route)
            return redirected, sending
        if account.id not in done:
            done[account.id] = self._attempt(
                piece,
                recipient,
                account,
                lambda: self._keep(piece, recipient, route, account, placement, late, rest),
                "Delivered",
            )
        if done[account.id].fate is Fate.DELIVERED:
            self._note_visitor(piece, route)
        return redirected, done[account.id]

    def _too_late(
        self,
        piece: Piece,
        recipient: EnvelopeRecipient,
        route: Route,
        done: Mapping[int, LocalResult],
    ) -> LocalResult:
        """What becomes of a recipient for whom no time is left, unless he has it already."""
        account = route.account
        if account is not None and account.id in done and not route.redirect_to:
            return done[account.id]
        text = "Its other recipients took too long."
        return self._failed(piece, recipient, account, Unavailable(text, code="busy"))

    def _onward(self, piece: Piece, route: Route, placement: Placement) -> Onward:
        return onward(
            route,
            piece.envelope.sender,
            placement.kind == SPAM,
            lambda target: (
                secured.why_not(self._view, route.gateway, target)
                or self._sending_on.why_not(piece, route, target)
            ),
        )

    def _within_limit(self, piece: Piece, route: Route, chosen: Onward) -> Onward:
        """What is beyond what the account may send on stays in it, and its owner is told."""
        account, ours = route.account, self._rewriting.is_ours
        if account is None or self._limit is None or not chosen.targets:
            return chosen
        within = self._limit.within(account, chosen, ours)
        if within is not chosen:
            about = trouble(account, piece.now)
            tell(self._store, about, account, self._hostname, piece.now)
        return within

    def _other_way(self, route: Route, envelope: Envelope) -> Refused:
        """Why what one of ours sent is not delivered straight into the mailbox of another."""
        if route.gateway:
            text = secured.only_over(self._view, route.address, route.gateway, self._postmaster)
        else:
            text = (
                f"{route.address} does not use the secured gateway {envelope.gateway} any more, "
                "and this message may go no other way."
            )
        return Refused(text, code=secured.CODE)

    def _note_visitor(self, piece: Piece, route: Route) -> None:
        """Who wrote to a temporary address; that this cannot be noted stops no mail."""
        if route.kind is not AddressKind.TEMPORARY:
            return
        try:
            self._visitors.came(route.address_id, piece.envelope.sender, now=piece.now)
        except AlphornError as error:
            _log.warning("who wrote to %s is not noted: %s", route.address, error.text)

    def _attempt(
        self,
        piece: Piece,
        recipient: EnvelopeRecipient,
        account: AccountInfo | None,
        work: Callable[[], str | None],
        done: str,
    ) -> LocalResult:
        """What became of `work`, in its words or those of `done`; a fault of ours with one account
        is a passing failure like others, for it must not have the others' mail delivered again."""
        try:
            done = work() or done
        except AlphornError as error:
            return self._failed(piece, recipient, account, error)
        except Exception as error:
            _log.exception("delivery failed", extra={"transaction": piece.transaction})
            fault = AlphornError("Something went wrong here; try again later.")
            fault.__cause__ = error
            return self._failed(piece, recipient, account, fault, "4.3.0")
        return LocalResult(recipient, Fate.DELIVERED, "2.1.5", done)

    def _send_on(
        self,
        piece: Piece,
        recipient: EnvelopeRecipient,
        route: Route,
        chosen: Onward,
        placement: Placement,
        sent: set[_Onward],
    ) -> None:
        self._sending_on.check_loop(piece, recipient)
        if route.bounce and piece.envelope.sender:
            raise Refused(f"{recipient.address} takes reports of servers only.", code="srs")
        for note in chosen.notes:
            self._tell(piece, recipient, route.account, Verdict.INFO, note, {})
        if chosen.stopped is not None:
            raise chosen.stopped
        there = chosen.targets, recipient.notify
        if chosen.targets and there not in sent:
            self._sending_on.send(piece, recipient, route, Onwards(chosen.targets), placement)
            sent.add(there)

    def _keep(
        self,
        piece: Piece,
        recipient: EnvelopeRecipient,
        route: Route,
        account: AccountInfo,
        placement: Placement,
        late: bool,
        rest: bool,
    ) -> str | None:
        """By the account's rules, where it has any."""
        mail = self._store.account(account.id)
        fields = b"".join(
            (
                received.return_path(piece.envelope.sender),
                received.delivered_to(recipient.address),
                placement.fields,
            )
        )
        asking = not placement.listed
        if asking and account.id not in self._ruled:
            # Most have no rules: this is found out by the transaction that stores the message.
            try:
                self._append(piece, recipient, account, mail, placement, fields, unruled=True)
                return None
            except Ruled:
                self._ruled.add(account.id)
        version = mail.rules_version() if asking else 0
        if version:
            case = Case(
                piece, recipient, route, account, mail, version, placement, fields, late, rest
            )
            return self._acting.act(case)
        if asking:
            self._ruled.discard(account.id)
        self._append(piece, recipient, account, mail, placement, fields)
        return None

    def _append(
        self,
        piece: Piece,
        recipient: EnvelopeRecipient,
        account: AccountInfo,
        mail: Account,
        placement: Placement,
        fields: bytes,
        *,
        unruled: bool = False,
    ) -> None:
        raw = header.prepend(piece.raw, fields)
        quota = account.quota_octets or None
        if quota is not None and len(raw) > quota:
            raise Refused("The message is larger than the whole mailbox.", code="too-large")
        summary = piece.summary(len(fields))
        (appended,) = mail.append(
            placement.place,
            (NewMessage(raw, summary, int(piece.now), keywords=piece.keywords),),
            quota=quota,
            unruled=unruled,
        )
        if placement.welcome and not placement.kind:
            self._welcomed(account.id, appended.uid)
        self._tell(
            piece,
            recipient,
            account,
            placement.verdict,
            placement.text,
            {
                "size": len(raw),
                "subject": summary.subject[:200],
                "uid": appended.uid,
                **placement.facts,
            },
        )

    def _failed(
        self,
        piece: Piece,
        recipient: EnvelopeRecipient,
        account: AccountInfo | None,
        error: AlphornError,
        status: str = "",
    ) -> LocalResult:
        status = status or status_of(error)
        passing = status.startswith("4")
        self._tell(
            piece,
            recipient,
            account,
            Verdict.DEFERRED if passing else Verdict.REFUSED,
            error.text,
            {"status": status},
        )
        fate = Fate.DEFERRED if passing else Fate.FAILED
        return LocalResult(recipient, fate, status, error.text, page_of(error))

    def _leave_to_queue(
        self, piece: Piece, raw: bytes, rest: Sequence[LocalResult], kind: OriginKind
    ) -> None:
        """Others have the message, so that it cannot be refused any more: the queue tries again,
        and reports to the sender where it does not succeed."""
        recipients = tuple(result.recipient for result in rest)
        name = self._enqueue(
            raw,
            replace(piece.envelope, recipients=recipients),
            Origin(kind, piece.transaction, message_id=piece.message_id),
        )
        for result in rest:
            self._tell(
                piece,
                result.recipient,
                None,
                Verdict.QUEUED,
                f"{_LATER[result.fate]}: {result.text}",
                {"queue": name, "status": result.status},
            )

    def _confirm(self, piece: Piece, recipients: Sequence[EnvelopeRecipient]) -> None:
        """Report success where that was asked for. That it cannot be reported is no failure of the
        delivery; the trace says so."""
        report, envelope = confirmation(
            self._hostname, piece.raw, piece.envelope, recipients, piece.now
        )
        envelope = replace(envelope, gateway=piece.envelope.gateway)
        verdict, text = Verdict.QUEUED, "The sender is told of the delivery, as asked"
        try:
            self._enqueue(report, envelope, Origin(OriginKind.REPORT, piece.transaction))
        except AlphornError as error:
            verdict = Verdict.INFO
            text = f"The sender asked to be told of the delivery and was not: {error.text}"
        for recipient in recipients:
            self._tell(piece, recipient, None, verdict, text, {})

    def _tell(
        self,
        piece: Piece,
        recipient: EnvelopeRecipient,
        account: AccountInfo | None,
        verdict: Verdict,
        text: str,
        facts: Facts,
    ) -> None:
        self._trace(event(piece, recipient, account, verdict, text, facts))

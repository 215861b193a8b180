"""Does what an account's rules decided about one message, so that nothing is lost on the way.

    refused     nothing is done; whoever delivers tells the sender
    sent on     first, and durably in the queue: where it cannot be, nothing was done at all
    stored      all copies, what is to be remembered, and what the owner is told: one transaction
    answered    at last: answers, notifications; that one of them cannot be sent undoes nothing

Where the copies cannot be stored once the message was sent on, they wait in the queue, marked as
the rest (`OriginKind.REST`), so that nothing is sent on again.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from alphorn.base.errors import AlphornError, Exists, OverQuota, Refused, Unavailable
from alphorn.base.trace import Verdict
from alphorn.directory.values import AccountInfo, Route
from alphorn.message.envelope import EnvelopeRecipient, OriginKind
from alphorn.message.summarize import summarize
from alphorn.operations.answering import Answer, Answering
from alphorn.operations.filter_environment import USES
from alphorn.operations.filter_notice import KEEP_SECONDS, notice
from alphorn.operations.filter_plan import Filing, Incoming, Plan
from alphorn.operations.filtering import Filtering
from alphorn.operations.notifying import Letter, Notifying
from alphorn.operations.piece import Enqueue, Facts, Piece, Tell, event, origin
from alphorn.operations.placement import Placement
from alphorn.operations.planning import flags_of
from alphorn.operations.sending_on import SendingOn
from alphorn.operations.sent_on_limit import SentOnLimit
from alphorn.sieve import actions
from alphorn.store.api import INBOX, Account, Appended, Copy, NewMessage, Remembered

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Case:
    """A message for one account that has rules. `fields` stand on top of its copy there; `late` and
    `rest` as in `Incoming`."""

    piece: Piece
    recipient: EnvelopeRecipient
    route: Route
    account: AccountInfo
    mail: Account
    version: int
    placement: Placement
    fields: bytes
    late: bool = False
    rest: bool = False


@dataclass(frozen=True, slots=True)
class Helpers:
    """What messages are sent with because of rules; None where nothing of the kind is sent. `limit`
    bounds what is sent on, None where nothing does."""

    answering: Answering | None = None
    notifying: Notifying | None = None
    limit: SentOnLimit | None = None


class Acting:
    """One per process; every method may be called from any thread and waits for the disk."""

    def __init__(
        self,
        filtering: Filtering,
        sending_on: SendingOn,
        helpers: Helpers,
        enqueue: Enqueue,
        trace: Tell,
        *,
        hostname: str,
        welcomed: Callable[[int, int], None],
    ) -> None:
        self._filtering = filtering
        self._sending_on = sending_on
        self._helpers = helpers
        self._enqueue = enqueue
        self._trace = trace
        self._hostname = hostname
        self._welcomed = welcomed

    def act(self, case: Case) -> str:
        """What became of the message, in a word or two. Raises Refused("rejected") where the owner
        refuses it, and as the store and the queue; then nothing was done."""
        raw = case.fields + case.piece.raw
        plan = self._filtering.plan(case.mail, case.version, _incoming(case, raw))
        for note in plan.notes:
            self._tell(case, Verdict.INFO, note, {})
        if plan.refusal is not None:
            self._tell(case, Verdict.INFO, f"Refused {plan.refusal.by}", {})
            raise Refused(plan.refusal.text, code="rejected")
        letters = self._letters(case, plan, raw)
        for onwards in plan.onwards:
            self._sending_on.send(case.piece, case.recipient, case.route, onwards, case.placement)
        try:
            self._store(case, plan, raw, letters)
        except Exception as error:
            if not plan.onwards:
                raise
            # It is on its way: whoever had to come again would have it sent on again.
            text = error.text if isinstance(error, AlphornError) else "a fault of ours"
            _log.warning("copies are not stored: %s", text, exc_info=True)
            if plan.filings:
                self._leave_rest(case, text)
            return "Sent on, and its copy later" if plan.filings else "Sent on"
        for letter in letters:
            self._send(case, letter)
        return "Delivered" if plan.filings else "Sent on" if plan.onwards else "Taken"

    # -- keeping -----------------------------------------------------------------------------------

    def _store(
        self, case: Case, plan: Plan, raw: bytes, letters: Sequence[Letter | Answer]
    ) -> None:
        now = int(case.piece.now)
        as_it_came = any(filing.raw is None for filing in plan.filings)
        summary = case.piece.summary(len(case.fields)) if as_it_came else None
        copies = []
        for filing in plan.filings:
            if filing.create and filing.use is not None:
                _make(case.mail, filing)
            words = filing.keywords | case.piece.keywords
            if filing.raw is None:
                assert summary is not None
                message = NewMessage(raw, summary, now, filing.flags, words)
            else:
                message = NewMessage(filing.raw, summarize(filing.raw), now, filing.flags, words)
            copies.append(Copy(filing.place, message, filing.create))
        extra = [copy for letter in letters if (copy := self._copy_of(case, letter)) is not None]
        remember = [*plan.remember, *(one.remembered for one in letters if isinstance(one, Answer))]
        told: list[Remembered] = []
        for trouble in plan.troubles:
            if not case.mail.remembered(trouble.key, now):
                extra.append(notice(trouble, case.account, self._hostname, case.piece.now))
                told.append(Remembered(trouble.key, now + KEEP_SECONDS))
        stored = self._deliver(case, copies, extra, remember, told)
        self._tell_stored(case, plan, copies, stored)

    def _deliver(
        self,
        case: Case,
        copies: list[Copy],
        extra: list[Copy],
        remember: list[Remembered],
        told: list[Remembered],
    ) -> Sequence[Appended]:
        """All of it; or, where that is not possible, less of it, but always the message itself."""
        quota = case.account.quota_octets or None
        if quota is not None and any(len(copy.message.raw) > quota for copy in copies):
            raise Refused("The message is larger than the whole mailbox.", code="too-large")
        try:
            return case.mail.deliver((*copies, *extra), quota, (*remember, *told))
        except Refused as error:
            if extra:
                self._tell(case, Verdict.INFO, f"Stored without more beside it: {error.text}", {})
                return self._deliver(case, copies, [], remember, [])
            if isinstance(error, OverQuota):
                if len(copies) < 2:
                    raise
                self._tell(case, Verdict.INFO, f"Stored in one place only: {error.text}", {})
                del copies[1:]
            else:
                # A mailbox that is gone by now or cannot be made, a keyword too many.
                if not copies:
                    raise
                self._tell(case, Verdict.INFO, f"Not stored as asked: {error.text}", {})
                plain = copies[0].message._replace(keywords=case.piece.keywords)
                copies[:] = [Copy(case.placement.place, plain)]
            return case.mail.deliver(copies, quota, remember)

    def _tell_stored(
        self, case: Case, plan: Plan, copies: Sequence[Copy], stored: Sequence[Appended]
    ) -> None:
        if not plan.filings and not plan.onwards and not case.rest:
            self._tell(case, Verdict.INFO, f"Discarded {plan.discarded}".strip(), {})
        for filing, copy, appended in zip(plan.filings, copies, stored, strict=False):
            moved = copy.place != filing.place
            welcome = case.placement.welcome and not case.placement.kind
            if copy.place == INBOX and welcome:
                self._welcomed(case.account.id, appended.uid)
            self._tell(
                case,
                case.placement.verdict if moved else filing.verdict,
                case.placement.text if moved else filing.text,
                {
                    "size": len(copy.message.raw),
                    "subject": copy.message.summary.subject[:200],
                    "uid": appended.uid,
                    **case.placement.facts,
                },
            )

    def _leave_rest(self, case: Case, why: str) -> None:
        """Raises Unavailable; then the message was sent on, and will be again."""
        piece = case.piece
        name = self._enqueue(
            case.placement.fields + piece.raw,
            replace(piece.envelope, recipients=(case.recipient,)),
            origin(piece, OriginKind.REST, case.recipient, case.account),
        )
        text = f"Its copy will be tried again: {why}"
        self._tell(case, Verdict.QUEUED, text, {"queue": name})

    # -- answering ---------------------------------------------------------------------------------

    def _letters(self, case: Case, plan: Plan, raw: bytes) -> list[Letter | Answer]:
        """What is to be sent because of the message, composed."""
        found: list[Letter | Answer] = []
        for vacation, by in plan.answers:
            if (answer := self._answer(case, vacation, by, plan, raw)) is not None:
                found.append(answer)
        told: set[str] = set()
        for notify, by in plan.notifications:
            if self._helpers.notifying is None:
                continue
            try:
                letter = self._helpers.notifying.compose(
                    notify,
                    raw,
                    case.account,
                    told,
                    case.route.gateway or case.piece.envelope.gateway,
                )
            except (AlphornError, ValueError) as error:
                letter = f"Not notified: {error}"
            if isinstance(letter, str):
                self._tell(case, Verdict.INFO, f"{letter} ({by})", {})
            else:
                found.append(replace(letter, text=f"{letter.text} {by}"))
        return found

    def _answer(
        self, case: Case, vacation: actions.Vacation, by: str, plan: Plan, raw: bytes
    ) -> Answer | None:
        if self._helpers.answering is None:
            return None
        try:
            answer = self._helpers.answering.plan(
                vacation,
                raw,
                case.piece.envelope,
                case.route,
                case.account,
                case.mail,
                spam=plan.spam,
            )
        except Unavailable as error:
            self._tell(case, Verdict.INFO, f"No automatic answer: {error.text}", {})
            return None
        if not isinstance(answer, Answer):
            self._tell(case, Verdict.INFO, answer.text, dict(answer.facts))
            return None
        return replace(answer, text=f"{answer.text} {by}")

    def _send(self, case: Case, letter: Letter | Answer) -> None:
        """Once the message itself is stored."""
        if isinstance(letter, Answer):
            assert self._helpers.answering is not None
            sent = self._helpers.answering.send(
                letter, case.account, case.mail, case.piece.transaction
            )
            if isinstance(sent, str):
                self._tell(case, Verdict.QUEUED, letter.text, {**letter.facts, "queue": sent})
            else:
                self._tell(case, Verdict.INFO, sent.text, dict(sent.facts))
            return
        about = replace(
            origin(case.piece, OriginKind.REPLIED, case.recipient, case.account),
            message_id=letter.message_id,
        )
        try:
            name = self._enqueue(letter.raw, letter.envelope, about)
        except AlphornError as error:
            self._tell(case, Verdict.INFO, f"Not notified: {error.text}", {})
        else:
            self._tell(case, Verdict.QUEUED, letter.text, {"queue": name})

    def _copy_of(self, case: Case, letter: Letter | Answer) -> Copy | None:
        """The one that its owner wants of what is sent (RFC 8580); none where there is no such
        mailbox."""
        wanted = letter.copy
        if wanted is None:
            return None
        bits, keywords = flags_of(wanted.flags)
        now = int(case.piece.now)
        message = NewMessage(letter.raw, summarize(letter.raw), now, bits, keywords)
        use = USES.get(wanted.special_use.lower())
        if use is not None and case.mail.special(use) is not None:
            return Copy(use, message)
        try:
            case.mail.mailbox(wanted.mailbox)
        except Refused:
            if not wanted.create:
                text = f"There is no mailbox {wanted.mailbox} for a copy of what is sent"
                self._tell(case, Verdict.INFO, text, {})
                return None
        return Copy(wanted.mailbox, message, wanted.create)

    def _tell(self, case: Case, verdict: Verdict, text: str, facts: Facts) -> None:
        self._trace(event(case.piece, case.recipient, case.account, verdict, text, facts))


def _incoming(case: Case, raw: bytes) -> Incoming:
    return Incoming(
        case.account,
        case.route,
        case.recipient,
        case.piece.envelope.sender,
        raw,
        case.placement,
        case.piece.now,
        case.late,
        case.rest,
        case.piece.transaction,
    )


def _make(mail: Account, filing: Filing) -> None:
    """A mailbox with a special use (RFC 8579 §4); where that cannot be, one without."""
    assert isinstance(filing.place, str)
    try:
        mail.create(filing.place, filing.use)
    except (Exists, Refused):
        return

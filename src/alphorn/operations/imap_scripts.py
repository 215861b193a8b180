"""The script that an owner has for what happens to stored mail, run and done (RFC 6785).

The annotation `/shared/imapsieve/script` of a mailbox names one of the account's scripts, or else
that of the account as a whole (§2.3.1); where there is no script of that name none is run. The
message stays what it is, and where it is:

    keep                flags that the script changed are changed on it
    no keep             it is flagged as \\Deleted, whatever else is done with it (§3)
    fileinto, redirect  a copy goes there
    reject, vacation    an error: nothing is done, and the owner is told, once

What is sent on leaves in the account's own name, and counts against a limit of its own, since
nobody else's mail stands behind it. An error of any kind loses nothing.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from alphorn.base import annotation_names, script_names
from alphorn.base.errors import AlphornError, Exists, NotFound, Refused
from alphorn.base.numbers import NumberSet
from alphorn.base.trace import Verdict
from alphorn.directory.values import AccountInfo, AddressKind, Route
from alphorn.directory.view import DirectoryView
from alphorn.message import complete, confidential_field, header
from alphorn.message.envelope import Body, Envelope, EnvelopeRecipient, OriginKind
from alphorn.message.summarize import summarize
from alphorn.operations.compiled_rules import Compiled, compile_one
from alphorn.operations.filter_environment import zone_of
from alphorn.operations.filter_notice import KEEP_SECONDS, notice
from alphorn.operations.filter_plan import Filing, Incoming, Plan
from alphorn.operations.imap_environment import AtEvent, Here
from alphorn.operations.imap_events import Event, words
from alphorn.operations.notifying import Letter, Notifying
from alphorn.operations.piece import Enqueue, Piece, Tell, event, origin
from alphorn.operations.placement import Placement, as_decided
from alphorn.operations.planning import Planning, flags_of, outward
from alphorn.operations.sending_on import SendingOn
from alphorn.operations.study import transaction_of
from alphorn.operations.throttle import Counters
from alphorn.sieve.actions import (
    Action,
    FileInto,
    Keep,
    Message,
    Notify,
    Redirect,
    Reject,
    Result,
    Vacation,
)
from alphorn.sieve.errors import Problem
from alphorn.sieve.interpreter import run_all
from alphorn.sieve.mail import Mail
from alphorn.store.api import (
    INBOX,
    Account,
    Column,
    Copy,
    FlagAction,
    Mailbox,
    NewMessage,
    Place,
    Remembered,
    Store,
)

MAX_MESSAGES = 500
"""Messages of one act on which a script is run; of a whole archive the first."""
HOUR = 3600
MAX_PER_HOUR = 100
"""Recipients in an hour to whom an account's scripts send on what is stored already."""

_COLUMNS = (Column.UID, Column.FLAGS, Column.KEYWORDS, Column.INTERNAL_DATE, Column.RAW)
_KEEP = Keep(implicit=True)
_SENSELESS = "{} has no sense for a message that is stored already"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Case:
    """One message. `flags` are those it had when it was read."""

    account: AccountInfo
    mail: Account
    box: Mailbox
    uid: int
    raw: bytes
    date: int
    flags: tuple[str, ...]
    recipient: EnvelopeRecipient
    route: Route
    piece: Piece


class ImapScripts:
    """One per process; `run` may be called from any thread and waits for the disk."""

    def __init__(
        self,
        store: Store,
        view: DirectoryView,
        sending_on: SendingOn,
        notifying: Notifying | None,
        counters: Counters,
        enqueue: Enqueue,
        trace: Tell,
        *,
        hostname: str = "",
        clock: Callable[[], float] = time.time,
        zone: Callable[[AccountInfo, float], int] = zone_of,
        per_hour: int = MAX_PER_HOUR,
    ) -> None:
        self._store = store
        self._view = view
        self._sending_on = sending_on
        self._notifying = notifying
        self._counters = counters
        self._enqueue = enqueue
        self._trace = trace
        self._hostname = hostname
        self._clock = clock
        self._zone = zone
        self._per_hour = per_hour

    def run(self, account_id: int, events: Sequence[Event]) -> None:
        """Raises NotFound, Unavailable."""
        mail = self._store.account(account_id)
        chosen = mail.annotated(annotation_names.IMAP_SCRIPT)
        if not chosen:
            return
        account = self._view.account(account_id)
        if account is None or not account.enabled:
            return
        sources = {one.name: one.source for one in mail.scripts()}
        boxes = {box.id: box for box in mail.mailboxes()}
        for one in events:
            box = _mailbox(mail, boxes, one.mailbox)
            if box is None:
                continue
            name = chosen.get(box.id, chosen.get(0, b"")).decode("utf-8", "replace")
            name = script_names.normal(name)
            if name in sources:
                self._run_on(account, mail, box, one, compile_one(name, sources[name]))

    def _run_on(
        self, account: AccountInfo, mail: Account, box: Mailbox, one: Event, rules: Compiled
    ) -> None:
        if len(one.uids) > MAX_MESSAGES:
            _log.warning("account %d: %d messages at once for a script", account.id, len(one.uids))
        for uid in islice(one.uids, MAX_MESSAGES):
            for row in list(mail.fetch(box.id, NumberSet.of((uid,)), _COLUMNS)):
                case = self._case(account, mail, box, row)
                try:
                    self._one(case, one, rules)
                except AlphornError as error:
                    self._tell(case, f"Your script was not done: {error.text}")

    def _case(
        self, account: AccountInfo, mail: Account, box: Mailbox, row: tuple[object, ...]
    ) -> _Case:
        uid, bits, keywords, date, raw = row
        assert isinstance(uid, int)
        assert isinstance(bits, int)
        assert isinstance(date, int)
        assert isinstance(raw, bytes)
        recipient = EnvelopeRecipient(account.address)
        local, _, domain = account.address.rpartition("@")
        route = self._view.route(local, domain)
        outside = outward(_split(raw))
        body = Body.SEVEN_BIT if outside.isascii() else Body.EIGHT_BIT
        utf8 = not outside[: header.header_end(outside)].isascii()
        envelope = Envelope(account.address, (recipient,), body, utf8)
        return _Case(
            account,
            mail,
            box,
            uid,
            raw,
            date,
            words(bits, str(keywords).split()),
            recipient,
            route or Route(account.address, AddressKind.OWN, account),
            Piece(outside, envelope, transaction_of(raw), self._clock()),
        )

    def _one(self, case: _Case, one: Event, rules: Compiled) -> None:
        here = case.box.special_use or case.box.name
        placement = Here(here=here, facts=as_decided(case.raw).facts)
        now = case.piece.now
        incoming = Incoming(
            case.account,
            case.route,
            case.recipient,
            case.account.address,
            case.raw,
            placement,
            now,
        )
        world = AtEvent(
            incoming,
            case.mail,
            self._view,
            self._hostname,
            self._zone(case.account, now),
            lambda name: rules.script(case.mail, name),
            one,
            case.box.name,
        )
        result = _sensible(run_all(rules.scripts, Mail(case.raw), world, case.flags))
        actions = self._may_send(case, [_stays(action, case.box.name) for action in result.actions])
        domain = case.route.address.rpartition("@")[2]
        planning = Planning(incoming, world, self._view, rules, lambda: self._view.paused(domain))
        for action in actions:
            planning.add(action)
        kept = next((one for one in reversed(actions) if isinstance(one, Keep)), None)
        self._do(case, planning.finish(result), here, kept)

    def _may_send(self, case: _Case, actions: list[Action]) -> list[Action]:
        """Without what would leave the account where it must not; the message stays then."""
        wanted = sum(isinstance(action, Redirect) for action in actions)
        leaves = wanted + sum(isinstance(action, Notify) for action in actions)
        why = self._why_not(case, wanted) if leaves else ""
        if not why:
            return actions
        self._tell(case, f"Nothing is sent because of it: {why}")
        rest = [action for action in actions if not isinstance(action, Redirect | Notify)]
        keep: list[Action] = [] if any(isinstance(one, Keep) for one in rest) else [_KEEP]
        return [*rest, *keep] if wanted else [*rest]

    def _why_not(self, case: _Case, redirects: int) -> str:
        """What bears the mark of a gateway, or is from an address bound to one, leaves only where
        the account's own address is bound to it too: anybody can append such a message."""
        if case.account.sending_lock is not None:
            return "sending from this account is locked"
        if self._view.gateways():
            written = (*complete.authors(case.raw), *complete.senders(case.raw))
            names = {self._view.gateway_of(one.address) for one in written}
            names.add(confidential_field.read(case.raw))
            if names - {"", case.route.gateway}:
                return "it is confidential"
        key = f"imap-sent-on:{case.account.id}"
        if (
            not redirects
            or self._counters.hit(key, HOUR, self._per_hour, redirects, now=case.piece.now).allowed
        ):
            return ""
        return f"{self._per_hour} recipients in an hour are the limit"

    # -- doing -------------------------------------------------------------------------------------

    def _do(self, case: _Case, plan: Plan, here: Place, kept: Keep | None) -> None:
        """Sent on first, then copied, then flagged: where a step fails the next is not done."""
        for note in plan.notes:
            self._tell(case, note)
        for onwards in plan.onwards:
            self._sending_on.send(case.piece, case.recipient, case.route, onwards, Placement())
        stays = any(filing.place == here for filing in plan.filings)
        self._copy(case, plan, [filing for filing in plan.filings if filing.place != here])
        if stays:
            if kept is not None and kept.flags is not None:
                self._flag(case, kept.flags)
        else:
            self._flag(case, (*case.flags, "\\Deleted"))
            self._tell(case, f"Marked as deleted in {case.box.name} {plan.discarded}".strip())
        self._notify(case, plan)

    def _copy(self, case: _Case, plan: Plan, filings: Sequence[Filing]) -> None:
        now = int(case.piece.now)
        copies = []
        for filing in filings:
            if filing.create and filing.use is not None and isinstance(filing.place, str):
                try:
                    case.mail.create(filing.place, filing.use)
                except (Exists, Refused):
                    pass
            raw = case.raw if filing.raw is None else filing.raw
            message = NewMessage(raw, summarize(raw), case.date, filing.flags, filing.keywords)
            copies.append(Copy(filing.place, message, filing.create))
        remember = list(plan.remember)
        for trouble in plan.troubles:
            if not case.mail.remembered(trouble.key, now):
                copies.append(notice(trouble, case.account, self._hostname, case.piece.now))
                remember.append(Remembered(trouble.key, now + KEEP_SECONDS))
        case.mail.deliver(copies, case.account.quota_octets or None, remember)
        for filing in filings:
            self._tell(case, filing.text)

    def _flag(self, case: _Case, wanted: tuple[str, ...]) -> None:
        """What differs, so that what somebody else has changed meanwhile stays."""
        before = {flag.lower() for flag in case.flags}
        after = {flag.lower() for flag in wanted}
        uids = NumberSet.of((case.uid,))
        for action, flags in (
            (FlagAction.ADD, [flag for flag in wanted if flag.lower() not in before]),
            (FlagAction.REMOVE, [flag for flag in case.flags if flag.lower() not in after]),
        ):
            bits, keywords = flags_of(tuple(flags))
            if bits or keywords:
                case.mail.flag(case.box.id, uids, action, bits, keywords)

    def _notify(self, case: _Case, plan: Plan) -> None:
        told: set[str] = set()
        for notify, by in plan.notifications:
            if self._notifying is None:
                continue
            try:
                letter = self._notifying.compose(
                    notify, case.raw, case.account, told, case.route.gateway
                )
                if isinstance(letter, Letter):
                    about = origin(case.piece, OriginKind.REPLIED, case.recipient, case.account)
                    about = replace(about, message_id=letter.message_id)
                    self._enqueue(letter.raw, letter.envelope, about)
            except (AlphornError, ValueError) as error:
                letter = f"Not notified: {error}"
            self._tell(case, f"{letter if isinstance(letter, str) else letter.text} {by}")

    def _tell(self, case: _Case, text: str) -> None:
        self._trace(event(case.piece, case.recipient, case.account, Verdict.INFO, text, {}))


def _mailbox(mail: Account, boxes: dict[int, Mailbox], place: Place) -> Mailbox | None:
    """None where it has gone, or is hidden."""
    if isinstance(place, int):
        return boxes.get(place)
    if not isinstance(place, str):
        return mail.special(place)
    try:
        return mail.mailbox(place)
    except NotFound:
        return None


def _split(raw: bytes) -> Message:
    end = header.header_end(raw)
    return Message(raw[:end], raw[end:])


def _stays(action: Action, mailbox: str) -> Action:
    """Kept is what stays where it is, changed or not; and so is what is filed there."""
    match action:
        case Keep():
            return replace(action, implicit=True, message=None)
        case FileInto(mailbox=name, special_use="") if script_names.normal(name) == mailbox or (
            name.upper() == mailbox == INBOX
        ):
            return Keep(action.flags, implicit=True, line=action.line)
        case _:
            return action


def _sensible(result: Result) -> Result:
    """An error where the script asks for what cannot be (§3)."""
    for action in result.actions:
        if isinstance(action, Reject | Vacation):
            name = "reject" if isinstance(action, Reject) else "vacation"
            line = action.line
            problem = Problem(line.number if line else 0, 1, _SENSELESS.format(name))
            return Result((_KEEP,), error=problem, failed=line.script if line else "")
    return result

"""From the actions of rules to a plan: what they come to here, what of them is not done, and why.

redirect    not to the sender himself, nor to a target that kept refusing, nor into the same
            mailbox, nor of spam, nor what would get a proof by it that it lacks, nor more than the
            plan allows; and of what others here sent on no second time, for accounts that send on
            to each other would make thousands of one message; where nothing of it is left, the
            message is kept
fileinto    a mailbox that is missing, and is not to be made, is no reason to lose a message:
            it is kept where it would be without rules, and the owner told
reject      of what was accepted already, and is spam or from a forged sender, would be a report to
            whoever is forged in it: it is filed where it would be without rules
"""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace

from alphorn.base.address import fold_domain
from alphorn.base.errors import NotFound
from alphorn.base.flags import Flag
from alphorn.base.trace import Verdict
from alphorn.directory.values import AccountInfo, Pause
from alphorn.directory.view import DirectoryView
from alphorn.message import header, spam_field
from alphorn.operations import secured
from alphorn.operations.compiled_rules import Compiled
from alphorn.operations.filter_environment import DUPLICATE, USES, AtDelivery
from alphorn.operations.filter_plan import Filing, Incoming, Plan, Refusal, Spot, Trouble
from alphorn.operations.onward import same_person
from alphorn.operations.placement import SPAM
from alphorn.operations.rewriting import nobody_proves, way_of
from alphorn.operations.sending_on import Onwards
from alphorn.operations.sent_on_limit import KIND, trouble
from alphorn.policy.answering import forged
from alphorn.sieve.actions import (
    Action,
    Added,
    Discard,
    FileInto,
    Keep,
    Message,
    Notify,
    Redirect,
    Reject,
    Result,
    Vacation,
)
from alphorn.store.api import INBOX, Place, Remembered, SpecialUse

MAX_REFUSAL = 400
"""Characters of a refusal's text."""
REFUSED = "The recipient does not accept this message."
"""Where nothing that can be said in SMTP is left of his own words."""
TOLD = "rules-told:"
"""Before the keys by which an account remembers what its owner was told of his rules."""

SENT_ON = "sent-on:"
"""Before the transactions of messages that an account sent on when they came from here."""
SENT_ON_SECONDS = 7 * 86400
"""Longer than anything waits in the queue."""

_UNWANTED = frozenset((SpecialUse.JUNK, SpecialUse.TRASH))
_FLAGS = {
    "\\seen": Flag.SEEN,
    "\\answered": Flag.ANSWERED,
    "\\flagged": Flag.FLAGGED,
    "\\deleted": Flag.DELETED,
    "\\draft": Flag.DRAFT,
}


def no_limit(account: AccountInfo, recipients: int) -> str:
    return ""


class Planning:
    """One message; `add` each action in order, then `finish`."""

    def __init__(
        self,
        incoming: Incoming,
        world: AtDelivery,
        view: DirectoryView,
        rules: Compiled,
        paused: Callable[[], Mapping[str, Pause]],
        reached: Callable[[AccountInfo, int], str] = no_limit,
    ) -> None:
        """`reached` as `sent_on_limit.SentOnLimit` has it."""
        self._reached = reached
        self._incoming = incoming
        self._world = world
        self._view = view
        self._rules = rules
        self._paused = paused
        self._spam = incoming.placement.kind == SPAM
        self._filings: dict[tuple[Place, bytes | None], Filing] = {}
        self._onwards: dict[tuple[bytes | None, str], Onwards] = {}
        self._held_back = False
        self._discarded = ""
        self._refusal: Refusal | None = None
        self._answers: list[tuple[Vacation, str]] = []
        self._notifications: list[tuple[Notify, str]] = []
        self._notes: list[str] = []
        self._troubles: dict[str, Trouble] = {}

    def add(self, action: Action) -> None:
        by = self._rules.by(action.line)
        match action:
            case Keep():
                self._keep(action, by)
            case FileInto():
                self._file(action, by)
            case Redirect():
                self._redirect(action, by)
            case Discard():
                self._discarded = by
            case Reject():
                self._refuse(action, by)
            case Vacation():
                self._answers.append((action, by))
            case Notify() if self._spam:
                self._notes.append(f"Not notified {by}: the message is taken for spam")
            case Notify():
                self._notifications.append((action, by))

    def finish(self, result: Result) -> Plan:
        incoming = self._incoming
        if result.error is not None:
            self._failed(result)
        if self._held_back and not self._filings and not self._onwards:
            self._put(self._as_placed(None, None))
        if incoming.rest:
            self._answers.clear()
            self._notifications.clear()
        self._notes += [_edited(edit) for edit in result.edits[:10]]
        self._notes += [f"Your rules: {warning}" for warning in result.warnings[:10]]
        now = int(incoming.now)
        return Plan(
            tuple(self._filings.values()),
            tuple(self._onwards.values()),
            self._refusal,
            "" if self._filings or self._onwards or incoming.rest else self._discarded,
            tuple(self._answers),
            tuple(self._notifications),
            (
                *(Remembered(DUPLICATE + one.key, now + one.period) for one in result.tracked),
                *(Remembered(key, now + SENT_ON_SECONDS) for key in self._sent_on_key()),
            ),
            tuple(self._notes),
            tuple(self._troubles.values()),
            self._spam or self._unwanted(),
        )

    def _unwanted(self) -> bool:
        """Whether all that is kept of it is kept with spam, or where it is thrown away."""
        return bool(self._filings) and all(place in _UNWANTED for place, _ in self._filings)

    # -- keeping -----------------------------------------------------------------------------------

    def _keep(self, action: Keep, by: str) -> None:
        if action.implicit:
            self._put(self._as_placed(action.flags, action.message))
            return
        flags, keywords = flags_of(action.flags)
        text = f"Kept in {INBOX} {by}"
        self._put(
            Filing(INBOX, text, Verdict.DELIVERED, _raw(action.message), flags, keywords),
        )

    def _as_placed(self, flags: tuple[str, ...] | None, message: Message | None) -> Filing:
        """Where it would be without rules."""
        placement = self._incoming.placement
        bits, keywords = flags_of(flags)
        return Filing(
            placement.place, placement.text, placement.verdict, _raw(message), bits, keywords
        )

    def _file(self, action: FileInto, by: str) -> None:
        flags, keywords = flags_of(action.flags)
        use = USES.get(action.special_use.lower())
        place, name = self._place(action.mailbox, use, action.create)
        if place is None:
            self._missing(action, name, by)
            return
        verdict = Verdict.DELIVERED if place == INBOX else Verdict.FILED
        text = f"Filed in {name} {by}"
        create = action.create and place == action.mailbox
        self._put(
            Filing(
                place,
                text,
                verdict,
                _raw(action.message),
                flags,
                keywords,
                create,
                use if create else None,
            )
        )

    def _place(
        self, mailbox: str, use: SpecialUse | None, create: bool
    ) -> tuple[Place | None, str]:
        """The mailbox of a use, or else of a name (RFC 8579 §4), and what it is called; None where
        there is none, and none is to be made."""
        if mailbox.upper() == INBOX:
            return INBOX, INBOX
        mail = self._world.mail
        if use is not None and (found := mail.special(use)) is not None:
            return use, found.name
        try:
            found = mail.mailbox(mailbox)
        except NotFound:
            return mailbox if create else None, mailbox
        return found.special_use or found.name, found.name

    def _missing(self, action: FileInto, name: str, by: str) -> None:
        self._notes.append(f"There is no mailbox {name} to file it in, as it is asked {by}")
        if action.line is not None:
            spot = self._rules.spot(action.line.script, action.line.number)
            self._tell_owner("mailbox", spot, name)
        self._put(self._as_placed(action.flags, action.message))

    def _put(self, filing: Filing) -> None:
        """The same message at the same place once; the last flags count."""
        self._filings[filing.place, filing.raw] = filing

    # -- sending on and refusing -------------------------------------------------------------------

    def _redirect(self, action: Redirect, by: str) -> None:
        if self._incoming.rest:
            return
        target = _by_dns(action.address)
        if why := self._why_not(action, target):
            self._notes.append(f"Not sent on to {target or action.external_list} {by}: {why}")
            self._held_back = True
            return
        raw = None if action.message is None else outward(action.message)
        before = self._onwards.get((raw, by))
        targets = before.targets if before is not None else ()
        self._onwards[raw, by] = Onwards((*targets, target), raw, by)

    def _why_not(self, action: Redirect, target: str) -> str:
        incoming = self._incoming
        if action.external_list:
            return "nothing is sent to whole lists"
        if self._spam:
            return "it is taken for spam"
        if same_person(incoming.sender, target):
            return "who is its sender"
        local, _, domain = target.rpartition("@")
        if incoming.account.sending_lock is not None and self._view.domain(domain) is None:
            return "sending from this account is locked"
        if incoming.late and self._world.mail.remembered(
            SENT_ON + incoming.transaction, int(incoming.now)
        ):
            return "it was sent on from here before"
        if why := secured.why_not(self._view, incoming.route.gateway, target):
            return why
        if self._view.domain(domain) is None and (why := self._unproved(action)):
            return why
        if pause := self._paused().get(target.lower()):
            self._paused_target(action, target, pause)
            return "that address kept refusing mail and is paused"
        route = self._view.route(local, domain)
        account = route.account if route is not None and route.keep else None
        if account and account.id == incoming.account.id:
            return "it is this very mailbox"
        if self._view.domain(domain) is None and (why := self._reached(incoming.account, 1)):
            self._troubles.setdefault(KIND, trouble(incoming.account, incoming.now))
            return why
        return ""

    def _unproved(self, action: Redirect) -> str:
        """Why what claims an author without proof cannot leave, "" where it can."""
        incoming, host = self._incoming, self._world.hostname
        raw = incoming.raw if action.message is None else action.message.raw
        domain = incoming.route.address.rpartition("@")[2]
        way = way_of(self._view, host, incoming.sender, domain, raw, incoming.raw)
        if way is not None or incoming.route.gateway:
            return ""
        return nobody_proves(raw, incoming.raw, host)

    def _sent_on_key(self) -> tuple[str, ...]:
        """What is to be remembered of its being sent on, if anything is."""
        incoming = self._incoming
        counts = incoming.late and incoming.transaction and self._onwards
        return (SENT_ON + incoming.transaction,) if counts else ()

    def _refuse(self, action: Reject, by: str) -> None:
        incoming = self._incoming
        if incoming.rest:
            self._notes.append(f"Not refused {by}: it was sent on already")
            self._put(self._as_placed(None, None))
            return
        if incoming.late and (
            self._spam or forged(incoming.raw, incoming.sender, self._world.hostname)
        ):
            self._notes.append(f"Not refused {by}: nobody reports to forged senders, or of spam")
            self._put(self._as_placed(None, None))
            return
        self._refusal = Refusal(refusal_text(action.text), by)

    # -- telling the owner -------------------------------------------------------------------------

    def _failed(self, result: Result) -> None:
        problem = result.error
        assert problem is not None
        where = self._rules.spot(result.failed, problem.line)
        self._notes.append(f"An error in {where}: {problem.text}; nothing of that is done")
        self._tell_owner("error", where, problem.text)

    def _paused_target(self, action: Redirect, target: str, pause: Pause) -> None:
        """The owner of each rule that leads there is told, once for each time it is paused."""
        if action.line is not None:
            spot = self._rules.spot(action.line.script, action.line.number)
            kind = f"paused:{pause.since}:{target.lower()}"
            self._tell_owner("paused", spot, f"{target}: {pause.reason}", kind)

    def _tell_owner(self, kind: str, where: Spot, text: str, about: str = "") -> None:
        key = f"{TOLD}{self._rules.version}:{about or kind}"
        self._troubles.setdefault(kind, Trouble(kind, where, text[:500], key))


def flags_of(flags: tuple[str, ...] | None) -> tuple[int, frozenset[str]]:
    """Flags as the store has them."""
    bits, keywords = 0, []
    for flag in flags or ():
        known = _FLAGS.get(flag.lower())
        if known is not None:
            bits |= known.value
        elif not flag.startswith("\\"):
            keywords.append(flag)
    return bits, frozenset(keywords)


def refusal_text(text: str) -> str:
    """What can be said in SMTP of an owner's words (RFC 5429 §2.1.1): one line of printable ASCII,
    letters without their accents; where too little would be left, a sentence of ours."""
    words = " ".join(text[: 8 * MAX_REFUSAL].split())
    if not words.isascii():
        plain = unicodedata.normalize("NFKD", words.translate(_SPELLED))
        kept = "".join(sign for sign in plain if sign.isascii())
        words = kept if 4 * len(kept) >= 3 * len(words) else ""
    words = "".join(sign for sign in words if sign.isprintable()).strip()
    return words[:MAX_REFUSAL] or REFUSED


_SPELLED = str.maketrans(
    {
        "ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "æ": "ae",
        "œ": "oe", "ø": "oe", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'",
        "–": "-", "—": "-", "…": "...",
    }
)  # fmt: skip


def outward(message: Message) -> bytes:
    """A changed message as it leaves the account: without what only its copy there says."""
    head = header.remove(message.head, ("Return-Path", spam_field.NAME))
    return replace(message, head=head).raw


def _by_dns(address: str) -> str:
    """The address with its domain as A-labels, where it can be written so."""
    local, at, domain = address.rpartition("@")
    return f"{local}{at}{fold_domain(domain) or domain}"


def _raw(message: Message | None) -> bytes | None:
    return None if message is None else message.raw


def _edited(edit: object) -> str:
    if isinstance(edit, Added):
        return f"Your rules added the header field {edit.name}"
    return (
        f"Your rules removed {getattr(edit, 'count', 0)} header fields {getattr(edit, 'name', '')}"
    )

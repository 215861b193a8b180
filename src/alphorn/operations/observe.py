"""What people do with their mail in whatever program, and what it teaches.

    into Junk (moved, copied, appended), or $Junk or Junk set       it is spam
    out of Junk, but not into Trash, or $NotJunk or NonJunk set     it is wanted
    into Promotions or Social, or from there into INBOX             so its kind from now on
    $Phishing set, or into Junk with it (RFC 9051 §2.3.2)           it is reported
    a message sent                                                  they know each other

A copy whose original is then flagged as deleted is a move, as programs without MOVE do it. Some
programs set NonJunk on all mail that they do not suspect; where nobody had said that it is spam,
it is therefore only a conclusion, not a person's word.

An `Observer` takes note on whichever thread the act was done, which costs a few microseconds and
never fails; a thread of its own does the rest, a moment later, so that nobody waits for it. What
waits is bounded; what finds no room is dropped and counted.
"""

import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from alphorn.base.errors import AlphornError, NotFound
from alphorn.base.flags import Flag
from alphorn.base.numbers import NumberSet
from alphorn.operations import categories
from alphorn.operations.acquaintances import Acquaintances
from alphorn.operations.learn import Learning, Outcome
from alphorn.operations.quarantine import PHISHING
from alphorn.operations.report import Reports
from alphorn.operations.study import message_key, raws
from alphorn.spam.categories import Category
from alphorn.store.api import INBOX, Account, Column, FlagAction, Mailbox, Place, SpecialUse

MAX_WAITING = 1000
"""Acts that wait to be looked at."""
MAX_MESSAGES = 500
"""Messages of one act that are learned; those of a whole archive that is moved are not."""
MAX_REPORTED = 20
"""Messages of one act that are reported."""
MAX_COPIES = 10_000
COPY_SECONDS = 300.0
"""So many copies are remembered for so long, to see whether they become moves."""
SETTLE_SECONDS = 0.1
"""What happened is looked at so long after it, so that the command's answer goes first."""
LOOK_SECONDS = 60.0
CLOSE_SECONDS = 5.0

JUNK_WORDS = frozenset(("$junk", "junk"))
WANTED_WORDS = frozenset(("$notjunk", "notjunk", "nonjunk", "$nonjunk"))
_PHISHING_WORD = PHISHING.lower()
_WORDS = JUNK_WORDS | WANTED_WORDS | {_PHISHING_WORD}
_NOT_OUT = (SpecialUse.JUNK, SpecialUse.TRASH, SpecialUse.QUARANTINE)

_log = logging.getLogger(__name__)

Pairs = Sequence[tuple[int, int]]
"""(UID in the source, UID in the target)."""

Count = Callable[[str, int], None]
"""Told how many messages came to what: "learned", "known", "reported", "dropped", "failed"."""


@dataclass(frozen=True, slots=True)
class _Transferred:
    account_id: int
    source: int
    target: int
    pairs: Pairs
    moved: bool


@dataclass(frozen=True, slots=True)
class _Flagged:
    account_id: int
    mailbox: int
    uids: NumberSet
    words: frozenset[str]
    set: bool
    deleted: bool


@dataclass(frozen=True, slots=True)
class _Appended:
    account_id: int
    place: Place
    uids: Sequence[int]


@dataclass(frozen=True, slots=True)
class _Sent:
    account_id: int
    raw: bytes
    recipients: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Welcomed:
    account_id: int
    uid: int


_Act = _Transferred | _Flagged | _Appended | _Sent | _Welcomed


class Observer:
    """One per process, made after a fork. Acts may be told by any thread."""

    def __init__(
        self,
        learning: Learning,
        acquaintances: Acquaintances,
        reports: Reports,
        *,
        count: Count = lambda outcome, number: None,
    ) -> None:
        self._learning = learning
        self._acquaintances = acquaintances
        self._reports = reports
        self._count = count
        self._waiting: deque[_Act] = deque()
        self._copiers: dict[int, float] = {}
        self._copies: OrderedDict[tuple[int, int, int], tuple[_Transferred, int, float]] = (
            OrderedDict()
        )
        self._changed = threading.Condition()
        self._closing = False
        self._busy = False
        self._dropped = 0
        self._thread: threading.Thread | None = None

    # -- told by whoever acts: never waits, never raises --

    def moved(self, account_id: int, source: int, target: int, pairs: Pairs) -> None:
        if pairs and source != target:
            self._add(_Transferred(account_id, source, target, pairs, True), len(pairs))

    def copied(self, account_id: int, source: int, target: int, pairs: Pairs) -> None:
        if pairs and source != target:
            self._copiers[account_id] = time.monotonic()
            self._add(_Transferred(account_id, source, target, pairs, False), len(pairs))

    def flagged(
        self,
        account_id: int,
        mailbox: int,
        uids: NumberSet,
        action: FlagAction,
        flags: int,
        keywords: Iterable[str],
    ) -> None:
        """`uids` are those that really changed."""
        deleted = bool(flags & Flag.DELETED) and action is not FlagAction.REMOVE
        deleted = deleted and account_id in self._copiers
        words = frozenset([word.lower() for word in keywords]) & _WORDS if keywords else frozenset()
        if uids and (words or deleted):
            given = action is not FlagAction.REMOVE
            self._add(_Flagged(account_id, mailbox, uids, words, given, deleted), len(uids))

    def appended(self, account_id: int, place: Place, uids: Sequence[int]) -> None:
        if uids:
            # Whoever brings a mailbox from elsewhere leaves room for what people do.
            self._add(_Appended(account_id, place, uids), len(uids), share=0.5)

    def sent(self, account_id: int, raw: bytes, recipients: Sequence[str]) -> None:
        self._add(_Sent(account_id, raw, recipients), 1)

    def welcomed(self, account_id: int, uid: int) -> None:
        """Proven mail of somebody whom the account knows has come into its inbox."""
        self._add(_Welcomed(account_id, uid), 1, share=0.5)

    def _add(self, act: _Act, messages: int, share: float = 1.0) -> None:
        with self._changed:
            if len(self._waiting) >= MAX_WAITING * share or self._closing:
                self._dropped += messages
                self._count("dropped", messages)
                return
            self._waiting.append(act)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="observer", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    # -- the life of it --

    def settle(self, seconds: float) -> bool:
        """Wait until all that was told has been looked at; whether it has."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._busy, seconds)

    def close(self) -> None:
        """Look at what waits, for a while; no more is taken."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(CLOSE_SECONDS)
        if self._waiting:
            _log.warning("%d acts are not learned from: the service ends", len(self._waiting))

    def _run(self) -> None:
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                if not self._waiting and not self._closing:
                    self._changed.wait(LOOK_SECONDS)
                if self._closing and not self._waiting:
                    return
                self._busy = bool(self._waiting)
                if self._busy:
                    self._changed.wait_for(lambda: self._closing, SETTLE_SECONDS)
            while self._waiting:
                self._look_at(self._waiting.popleft())
            self._tidy()

    def _look_at(self, act: _Act) -> None:
        try:
            match act:
                case _Transferred():
                    self._transferred(act)
                case _Flagged():
                    self._flagged(act)
                case _Appended():
                    self._appended(act)
                case _Welcomed():
                    inbox = self._mail(act.account_id).mailbox(INBOX)
                    uids = NumberSet.of((act.uid,))
                    self._learned(self._learning.conclude(act.account_id, inbox.id, uids))
                case _Sent():
                    self._acquaintances.sent(act.account_id, act.raw, act.recipients)
        except NotFound:
            pass  # the account, the mailbox or the message has gone meanwhile
        except AlphornError as error:
            self._count("failed", 1)
            _log.warning("account %d could not learn: %s", act.account_id, error)
        except Exception:
            self._count("failed", 1)
            _log.exception("account %d could not learn", act.account_id)

    def _tidy(self) -> None:
        """What is due now and then."""
        dropped, self._dropped = self._dropped, 0
        if dropped:
            _log.warning("%d messages are not learned from: too much was to be done", dropped)
        before = time.monotonic() - COPY_SECONDS
        while self._copies and next(iter(self._copies.values()))[2] < before:
            self._copies.popitem(last=False)
        for account_id, at in list(self._copiers.items()):
            if at < before:
                self._copiers.pop(account_id, None)
        try:
            self._learning.merge_if_due()
        except AlphornError as error:
            _log.warning("the model could not be written: %s", error)

    # -- what acts mean --

    def _transferred(self, act: _Transferred) -> None:
        mail = self._mail(act.account_id)
        places = {mailbox.id: mailbox for mailbox in mail.mailboxes()}
        source, target = places.get(act.source), places.get(act.target)
        if source is None or target is None:
            return
        if _use(target) is SpecialUse.JUNK:
            self._into_junk(act, mail, target)
        elif _teaches(source, target):
            if act.moved:
                self._learn_from_move(act.account_id, mail, source, target, _new(act.pairs))
            else:
                self._remember(act)

    def _into_junk(self, act: _Transferred, mail: Account, junk: Mailbox) -> None:
        uids = _few(_new(act.pairs), self._count)
        marked = NumberSet.of(_with_word(mail, junk.id, uids, _PHISHING_WORD))
        rest = NumberSet.of(uid for uid in uids if uid not in marked)
        self._report(act.account_id, junk.id, marked)
        self._learned(self._learning.learn(act.account_id, junk.id, rest, True))

    def _learn_from_move(
        self, account_id: int, mail: Account, source: Mailbox, target: Mailbox, uids: NumberSet
    ) -> None:
        uids = _few(uids, self._count)
        if _use(source) is SpecialUse.JUNK:
            self._learned(self._learning.learn(account_id, target.id, uids, False))
        category = _category(target)
        if category or _category(source):
            categories.correct(mail, target.id, uids, category)

    def _remember(self, act: _Transferred) -> None:
        """It may become a move."""
        now = time.monotonic()
        for old, new in islice(act.pairs, MAX_MESSAGES):
            self._copies[act.account_id, act.source, old] = act, new, now
        while len(self._copies) > MAX_COPIES:
            self._copies.popitem(last=False)

    def _flagged(self, act: _Flagged) -> None:
        if act.deleted:
            self._deleted(act)
        uids = _few(act.uids, self._count) if act.words else act.uids
        if _PHISHING_WORD in act.words and act.set:
            self._report(act.account_id, act.mailbox, uids)
        elif act.words & JUNK_WORDS:
            if act.set:
                self._learned(self._learning.learn(act.account_id, act.mailbox, uids, True))
            else:
                self._learned(self._learning.unlearn(act.account_id, act.mailbox, uids, True))
        elif act.words & WANTED_WORDS and act.set:
            self._wanted(act.account_id, act.mailbox, uids)

    def _wanted(self, account_id: int, mailbox: int, uids: NumberSet) -> None:
        mail = self._mail(account_id)
        junk = mail.special(SpecialUse.JUNK)
        if junk is not None and junk.id == mailbox:
            said = set(uids)
        else:
            keys = {message_key(raw): uid for uid, raw in raws(mail, mailbox, uids)}
            judged = mail.judgements(list(keys))
            said = {keys[key] for key, judgement in judged.items() if judgement.spam}
        rest = NumberSet.of(uid for uid in uids if uid not in said)
        done = self._learning.learn(account_id, mailbox, NumberSet.of(said), False)
        self._learned(done)
        self._learned(self._learning.conclude(account_id, mailbox, rest))

    def _deleted(self, act: _Flagged) -> None:
        """Originals of copies that were made a moment ago: what looked like copies were moves."""
        moved: dict[tuple[int, int], list[int]] = {}
        for uid in islice(act.uids, MAX_COPIES):
            found = self._copies.pop((act.account_id, act.mailbox, uid), None)
            if found is not None:
                copy, new, _ = found
                moved.setdefault((copy.source, copy.target), []).append(new)
        if not moved:
            return
        mail = self._mail(act.account_id)
        places = {mailbox.id: mailbox for mailbox in mail.mailboxes()}
        for (source, target), uids in moved.items():
            if source in places and target in places:
                self._learn_from_move(
                    act.account_id, mail, places[source], places[target], NumberSet.of(uids)
                )

    def _appended(self, act: _Appended) -> None:
        junk = self._mail(act.account_id).special(SpecialUse.JUNK)
        if junk is None or act.place not in (junk.id, junk.name, SpecialUse.JUNK):
            return
        uids = _few(NumberSet.of(act.uids), self._count)
        self._learned(self._learning.learn(act.account_id, junk.id, uids, True))

    def _report(self, account_id: int, mailbox: int, uids: NumberSet) -> None:
        for uid in islice(uids, MAX_REPORTED):
            self._reports.report(account_id, mailbox, uid)
            self._count("reported", 1)

    def _mail(self, account_id: int) -> Account:
        return self._learning.parts.store.account(account_id)

    def _learned(self, outcome: Outcome) -> None:
        if outcome.learned:
            self._count("learned", outcome.learned)
        if outcome.known:
            self._count("known", outcome.known)


def _teaches(source: Mailbox, target: Mailbox) -> bool:
    """Whether a move from here to there says something (into Junk it always does)."""
    if _use(source) is SpecialUse.JUNK:
        return _use(target) not in _NOT_OUT
    return bool(_category(target) or (_category(source) and target.name == INBOX))


def _use(mailbox: Mailbox) -> SpecialUse | None:
    return mailbox.special_use


def _category(mailbox: Mailbox) -> Category:
    use = mailbox.special_use
    return Category.NONE if use is None else categories.MAILBOXES.get(use, Category.NONE)


def _new(pairs: Pairs) -> NumberSet:
    return NumberSet.of(new for _, new in pairs)


def _few(uids: NumberSet, count: Count) -> NumberSet:
    """The newest MAX_MESSAGES of them; the others are counted as dropped."""
    excess = len(uids) - MAX_MESSAGES
    if excess <= 0:
        return uids
    count("dropped", excess)
    return NumberSet.of(islice(uids, excess, None))


def _with_word(mail: Account, mailbox: int, uids: NumberSet, word: str) -> list[int]:
    rows: Iterable[Sequence[object]] = mail.fetch(mailbox, uids, (Column.UID, Column.KEYWORDS))
    return [int(str(uid)) for uid, words in rows if word in str(words).lower().split()]

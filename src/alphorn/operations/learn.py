"""What messages teach an account, and the installation: spam and wanted mail.

A person's word ("this is spam") counts at once for his own account, and for the others as far as
docs/adr/0071-learning.md says. What is only concluded, because he answered a message or knows its
sender, counts for himself, so many a day, and never against his word. Everything may be said
twice: it counts once.
"""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from alphorn.base.errors import Unavailable
from alphorn.base.numbers import NumberSet
from alphorn.base.trace import TraceEvent, Verdict
from alphorn.directory.values import AccountInfo
from alphorn.directory.view import DirectoryView
from alphorn.message import header
from alphorn.operations import reputation
from alphorn.operations.study import Teaching, message_key, raws, study, transaction_of
from alphorn.operations.throttle import Counters
from alphorn.spam.classifier import OWN_TOKENS
from alphorn.store.api import Account, Lesson, Store, Taught
from alphorn.store.reported import Reported
from alphorn.store.spam_lessons import OPERATOR, Fate, SpamLessons
from alphorn.store.spam_model import SpamModel

DAY = 86400
PORTION = 50
"""Messages that are learned in one transaction."""
CONCLUDED_A_DAY = 30
"""Messages a day that an account learns as wanted without its owner having said so."""
_WORDS = {True: "Learned as spam", False: "Learned as wanted", None: "Unlearned"}

_log = logging.getLogger(__name__)


class Outcome(NamedTuple):
    """Messages that taught something, and those that had taught it before."""

    learned: int = 0
    known: int = 0


@dataclass(frozen=True, slots=True)
class LearningParts:
    """`tell` is told of messages and whether people say that they are spam, for engines beside
    ours; it may wait, and never raises."""

    store: Store
    view: DirectoryView
    counters: Counters
    model: SpamModel
    lessons: SpamLessons
    reported: Reported
    trace: Callable[[TraceEvent], None]
    hostname: str
    clock: Callable[[], float] = time.time
    tell: Callable[[bytes, bool], None] | None = None


class Learning:
    """One per process; every method may be called from any thread and waits for the disk."""

    def __init__(self, parts: LearningParts) -> None:
        self._parts = parts

    @property
    def parts(self) -> LearningParts:
        return self._parts

    # -- spam and ham --

    def learn(
        self,
        account_id: int,
        mailbox_id: int,
        uids: NumberSet,
        spam: bool | None,
        *,
        by_person: bool = True,
    ) -> Outcome:
        """Learn messages of an account as spam or as wanted, or unlearn them (None).

        Those that have gone are left out. Raises NotFound, Unavailable; a part may be learned then.
        """
        account = self._parts.view.account(account_id)
        mail = self._parts.store.account(account_id)
        learned = known = 0
        messages = (raw for _, raw in raws(mail, mailbox_id, uids))
        while portion := list(islice(messages, PORTION)):
            done = self._learn(mail, account_id, account, portion, spam, by_person)
            learned, known = learned + done.learned, known + done.known
        return Outcome(learned, known)

    def unlearn(self, account_id: int, mailbox_id: int, uids: NumberSet, was_spam: bool) -> Outcome:
        """Unlearn those of the messages that count as this."""
        mail = self._parts.store.account(account_id)
        if mail.learned()[:2] == (0, 0):
            return Outcome()
        wanted = []
        for uid, raw in raws(mail, mailbox_id, uids):
            key = message_key(raw)
            judged = mail.judgements([key]).get(key)
            if judged is not None and judged.spam is was_spam:
                wanted.append(uid)
        return self.learn(account_id, mailbox_id, NumberSet.of(wanted), None)

    def conclude(self, account_id: int, mailbox_id: int, uids: NumberSet) -> Outcome:
        """The messages seem to be wanted, though nobody said so: so many a day are learned."""
        allowed = 0
        for _ in uids:
            hit = self._parts.counters.hit(
                f"learned:{account_id}", DAY, CONCLUDED_A_DAY, now=self._parts.clock()
            )
            if not hit.allowed:
                break
            allowed += 1
        some = NumberSet.of(islice(uids, allowed))
        return self.learn(account_id, mailbox_id, some, False, by_person=False)

    def train(
        self, messages: Iterable[bytes], spam: bool, account_id: int | None = None
    ) -> Outcome:
        """Learn messages from elsewhere, for one account alone or (the operator's word) for all."""
        learned = known = 0
        if account_id is not None:
            mail = self._parts.store.account(account_id)
            account = self._parts.view.account(account_id)
            several = iter(messages)
            while portion := list(islice(several, PORTION)):
                done = self._learn(mail, account_id, account, portion, spam, True, shared=False)
                learned, known = learned + done.learned, known + done.known
            return Outcome(learned, known)
        lessons, now = self._parts.lessons, self._parts.clock()
        for raw in messages:
            message, keys, _ = study(raw)
            fate = lessons.teach(OPERATOR, OPERATOR, message, keys, spam, now=now)
            learned, known = learned + (fate is Fate.COUNTED), known + (fate is Fate.KNOWN)
            if learned % (10 * PORTION) == 0 and lessons.due(now):
                lessons.merge()
        lessons.merge()
        return Outcome(learned, known)

    def _learn(
        self,
        mail: Account,
        account_id: int,
        account: AccountInfo | None,
        messages: Sequence[bytes],
        spam: bool | None,
        by_person: bool,
        *,
        shared: bool = True,
    ) -> Outcome:
        studied = [study(raw) for raw in messages]
        taught = mail.learn(
            [Lesson(one.message, one.tokens[:OWN_TOKENS], spam, by_person) for one in studied]
        )
        learned = 0
        for raw, one, change in zip(messages, studied, taught, strict=True):
            if change.before is change.after:
                continue
            learned += 1
            fate = None
            if shared and account is not None and (by_person or change.before is not None):
                fate = self._share(account, raw, one, change)
            self._tell(account_id, account, raw, _WORDS[change.after], fate, by_person)
        return Outcome(learned, len(messages) - learned)

    def _share(
        self, account: AccountInfo, raw: bytes, one: Teaching, change: Taught
    ) -> Fate | None:
        """Let the installation learn from it; that it cannot is no failure of the rest."""
        parts, now = self._parts, self._parts.clock()
        try:
            if change.after is None:
                parts.lessons.take_back(account.id, one.message, one.tokens, now=now)
                return None
            if change.after is False:
                names = reputation.names_of(raw, one.seen, parts.hostname, self.is_own)
                parts.reported.defend(names, account.id, account.organization_id, now=now)
            fate = parts.lessons.teach(
                account.id,
                account.organization_id,
                one.message,
                one.tokens,
                change.after,
                now=now,
            )
        except Unavailable as error:
            _log.warning("the installation could not learn from account %d: %s", account.id, error)
            return None
        if parts.tell is not None and fate in (Fate.COUNTED, Fate.ALONE):
            parts.tell(raw, change.after)
        return fate

    def merge_if_due(self) -> int:
        """Write into the model what has waited long enough; how many lessons."""
        return self._parts.lessons.merge() if self._parts.lessons.due(self._parts.clock()) else 0

    def purge(self) -> None:
        """Forget what is too old to matter. Now and then, by one process."""
        now = self._parts.clock()
        self._parts.lessons.purge(now)
        self._parts.reported.purge(now)

    # -- inside --

    def is_own(self, domain: str) -> bool:
        """Whether the domain is one of this installation."""
        return self._parts.view.domain(domain) is not None

    def _tell(
        self,
        account_id: int,
        account: AccountInfo | None,
        raw: bytes,
        text: str,
        fate: Fate | None,
        by_person: bool,
    ) -> None:
        event = TraceEvent(
            time=self._parts.clock(),
            transaction=transaction_of(raw),
            stage="learn",
            verdict=Verdict.INFO,
            text=text if by_person else f"{text}, for it was answered or its sender is known",
            message_id=header.get(raw, "Message-ID") or "",
            account_id=account_id,
        )
        if account is not None:
            event = event._replace(
                recipient=account.address,
                domain=account.address.rpartition("@")[2],
            )
        if fate is not None:
            event = event._replace(facts={"installation": fate.value})
        self._parts.trace(event)

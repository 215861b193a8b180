"""Watches how accounts behave, and acts where that changes suddenly.

What is watched comes from four places, each by a call of its own: a message that is submitted
(`sending`, which also judges), a login (`login`), a recipient that is settled (`settled`), and an
address of ours that does not exist (`refused`). The last three are told on event loops: they only
take note, and a thread writes soon after.

Where the file of behaviours cannot be used, nobody is slowed down or locked: mail goes on.
"""

import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from alphorn.base.country import Country
from alphorn.base.errors import AlphornError
from alphorn.base.trace import TraceEvent, Verdict
from alphorn.directory.values import AccountInfo, PlanLimits
from alphorn.directory.view import DirectoryView
from alphorn.operations.authenticate import Login
from alphorn.operations.notices import Notices
from alphorn.policy import behaviour
from alphorn.policy.behaviour import Behaviour, Level, Limits
from alphorn.store.behaviour import Behaviours, key_of

REMEMBERED_SECONDS = 60.0
"""A judgement holds so long for commands that come before the next message."""
PLACE_SECONDS = 600.0
"""A network of an account is noted again after so long."""
MAX_REMEMBERED = 10_000
MAX_WAITING = 10_000
FLUSH_SECONDS = 0.5
CLOSE_SECONDS = 5.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """`spam_from` is the score from which on a message counts as spam."""

    limits: Limits = field(default_factory=Limits)
    spam_from: float = 5.0
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class _Place:
    account_id: int
    name: str
    peer: str
    now: float


@dataclass(frozen=True, slots=True)
class _Refused:
    account_id: int
    address: str
    now: float


@dataclass(frozen=True, slots=True)
class _Settled:
    account_id: int
    bounced: bool
    now: float


_Note = _Place | _Refused | _Settled


class Watch:
    """One per process, made after a fork. Every method may be called from any thread."""

    def __init__(
        self,
        history: Behaviours,
        view: DirectoryView,
        notices: Notices,
        lock: Callable[[AccountInfo, Behaviour], None],
        trace: Callable[[TraceEvent], None],
        settings: WatchSettings,
        *,
        country: Callable[[str], Country | None] = lambda peer: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`lock` locks an account's sending, durably; it may take its time and raise. `country`
        says where a client is; one thread asks, and it never raises."""
        self._history = history
        self._view = view
        self._notices = notices
        self._lock = lock
        self._trace = trace
        self._settings = settings
        self._country = country
        self._clock = clock
        self._judged: OrderedDict[int, tuple[Behaviour, float]] = OrderedDict()
        self._places: OrderedDict[tuple[int, str], float] = OrderedDict()
        self._waiting: deque[_Note] = deque(maxlen=MAX_WAITING)
        self._changed = threading.Condition()
        self._closing = False
        self._writing = False
        self._thread: threading.Thread | None = None

    # -- told in passing: never waits, never raises --

    def login(self, login: Login) -> None:
        """As `Authenticator` reports them; only those that succeed count."""
        if login.reason or login.account_id is None:
            return
        key = login.account_id, behaviour.place_of(login.peer)
        with self._changed:
            if login.time - self._places.get(key, -PLACE_SECONDS) < PLACE_SECONDS:
                return
            self._places[key] = login.time
            self._places.move_to_end(key)
            if len(self._places) > MAX_REMEMBERED:
                self._places.popitem(last=False)
        self._note(_Place(*key, login.peer, login.time))

    def settled(self, account_id: int, bounced: bool) -> None:
        """A recipient of a message that the account submitted is done with; `bounced` for good."""
        self._note(_Settled(account_id, bounced, self._clock()))

    def refused(self, account_id: int, address: str) -> None:
        """The account wrote to an address of ours that does not exist."""
        self._note(_Refused(account_id, address, self._clock()))

    def expected(self, account_id: int) -> Behaviour:
        """As it was judged a moment ago, by this process."""
        judged = self._judged.get(account_id)
        if judged is None or self._clock() - judged[1] > REMEMBERED_SECONDS:
            return behaviour.WELL
        return judged[0]

    # -- a message --

    def sending(
        self, account: AccountInfo, raw: bytes, recipients: Sequence[str], score: float
    ) -> Behaviour:
        """The account wants to send this message; what its behaviour amounts to. Waits for the
        disk. Where it is to be locked, it is on return. Never raises but what `lock` does."""
        settings, now = self._settings, self._clock()
        if not settings.enabled:
            return behaviour.WELL
        others = [address for address in recipients if not self._at_home(account, address)]
        spam = None
        if score >= settings.spam_from:
            spam = key_of(raw, *(address.encode("utf-8", "replace") for address in recipients))
        self.flush()
        try:
            history = self._history.asked(account.id, others, spam, now=now)
            found = behaviour.decide(history, settings.limits)
            if found.level is Level.SLOW:
                self._history.slowed(account.id, now=now)
        except AlphornError as error:
            _log.warning("the behaviour of %s is not watched: %s", account.address, error.text)
            return behaviour.WELL
        self._remember(account.id, found, now)
        if found.level is Level.LOCKED:
            _log.warning("sending of %s is locked: %s", account.address, _said(found))
            self._lock(account, found)
        elif found.level is Level.SLOW and self._notices.slowed(account, found):
            _log.warning("%s is slowed down: %s", account.address, _said(found))
            self._tell(account, found, now)
        return found

    def cut(self, limits: PlanLimits) -> tuple[int, int, int]:
        """What a plan leaves while an account is slowed down: recipients a message, messages an
        hour and a day."""
        fraction = self._settings.limits.fraction
        return (
            behaviour.cut(limits.recipients_per_message, fraction),
            behaviour.cut(limits.messages_per_hour, fraction),
            behaviour.cut(limits.messages_per_day, fraction),
        )

    def purge(self, now: float) -> None:
        """Forget what is too old to matter. Now and then, by one process. Raises Unavailable."""
        self._history.purge(now)

    def countries(self, account_id: int) -> list[tuple[Country, float]]:
        """From where the account was logged in to, and when last, the latest first; empty where
        countries are not known. Raises Unavailable."""
        return self._history.countries(account_id)

    def forgive(self, account_id: int) -> None:
        """What was held against the account is forgotten. Raises Unavailable."""
        self._history.forgive(account_id)
        with self._changed:
            self._judged.pop(account_id, None)

    # -- the thread that writes --

    def flush(self) -> None:
        """Write what was noted so far; waiting `FLUSH_SECONDS` at most."""
        with self._changed:
            if self._thread is None:
                return
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._waiting and not self._writing, FLUSH_SECONDS)

    def close(self) -> None:
        """Write what is still to be written, and stop."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(CLOSE_SECONDS)

    def _note(self, note: _Note) -> None:
        if not self._settings.enabled:
            return
        with self._changed:
            if self._closing:
                return
            self._waiting.append(note)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._writing = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._waiting or self._closing)
                if not self._waiting:
                    return
                batch = list(self._waiting)
                self._waiting.clear()
                self._writing = True
            self._write(batch)

    def _write(self, batch: Sequence[_Note]) -> None:
        settled: dict[int, list[_Settled]] = {}
        try:
            for note in batch:
                match note:
                    case _Place():
                        country = self._country(note.peer)
                        self._history.logged_in(note.account_id, note.name, country, now=note.now)
                    case _Refused():
                        self._history.refused(note.account_id, note.address, now=note.now)
                    case _Settled():
                        settled.setdefault(note.account_id, []).append(note)
            for account_id, notes in settled.items():
                bounced = sum(note.bounced for note in notes)
                self._history.settled(account_id, len(notes), bounced, now=notes[-1].now)
        except AlphornError as error:
            _log.warning("the behaviour of accounts is not noted: %s", error.text)
        except Exception:
            _log.exception("the behaviour of accounts is not noted")

    # -- inside --

    def _at_home(self, account: AccountInfo, address: str) -> bool:
        """Whether the address is of the account's own organization: writing to all colleagues does
        no harm to others."""
        domain = self._view.domain(address.rpartition("@")[2])
        return domain is not None and domain.organization_id == account.organization_id

    def _remember(self, account_id: int, found: Behaviour, now: float) -> None:
        with self._changed:
            self._judged.pop(account_id, None)
            if found.level is not Level.OK:
                self._judged[account_id] = found, now
            if len(self._judged) > MAX_REMEMBERED:
                self._judged.popitem(last=False)

    def _tell(self, account: AccountInfo, found: Behaviour, now: float) -> None:
        self._trace(
            TraceEvent(
                time=now,
                transaction="",
                stage="behaviour",
                verdict=Verdict.INFO,
                text=f"Sending is slowed down: {_said(found)}",
                sender=account.address,
                account_id=account.id,
                domain=account.address.rpartition("@")[2],
                facts={"account": account.address, **found.facts},
            )
        )


def _said(found: Behaviour) -> str:
    return " ".join(reason.text for reason in found.reasons)[:500]

"""Delivery and submission with everything real behind them: directory, store, queue, counters.

In it live anna@example.test and bert@example.test. Time is the installation's clock.
"""

import shutil
import sqlite3
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from alphorn.base.trace import TraceEvent
from alphorn.directory.keys import KeyRing
from alphorn.directory.last_use import LastUses
from alphorn.directory.values import AccountInfo, Route
from alphorn.mailauth.dkim.sign import sign
from alphorn.message.envelope import Envelope, EnvelopeRecipient, Origin
from alphorn.operations.acting import Helpers
from alphorn.operations.answering import Answering
from alphorn.operations.authenticate import Authenticator
from alphorn.operations.control import Control
from alphorn.operations.deliver import Delivery
from alphorn.operations.notifying import Notifying
from alphorn.operations.rewriting import Rewriting
from alphorn.operations.secured import bound
from alphorn.operations.sent_on_limit import SentOnLimit
from alphorn.operations.submit import Submission
from alphorn.operations.throttle import LoginLimits, LoginThrottle
from alphorn.queue.bound import House
from alphorn.queue.listing import Filter, Listed
from alphorn.queue.queue import Queue
from alphorn.store.api import INBOX, Column
from alphorn.store.redirects import Redirects
from alphorn.store.sqlite import SqliteStore
from alphorn.store.state import State
from alphorn.store.visitors import Visitors
from tests.support.installation import ITERATIONS, Installation
from tests.support.scratch import scratch

ANNA = "anna@example.test"
BERT = "bert@example.test"
HOSTNAME = "mx.example.test"
POSTMASTER = "bert@example.test"


@lru_cache(maxsize=1)
def _furnished() -> tuple[Path, KeyRing]:
    """A house as it is at first, made once a process: keys and passwords take their time."""
    folder = scratch("alphorn-house-")
    made = Installation(folder)
    store = SqliteStore(folder / "accounts", clock=made.clock)
    made.control = _control(made, store)
    made.domain()
    made.account(ANNA)
    made.account(BERT)
    store.close()
    made.close()
    connection = sqlite3.connect(made.database)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return folder, made.keys


def _control(made: Installation, store: SqliteStore) -> Control:
    return Control(
        store=store, keys=made.keys, hostname=HOSTNAME, iterations=ITERATIONS, clock=made.clock
    )


def _nobody(account_id: int, raw: bytes, envelope: Envelope) -> None:
    """Nobody wants to know of what was sent."""


class MailHouse:
    """`events` is the trace; `queue_error`, where set, is raised instead of queueing."""

    def __init__(self, folder: Path) -> None:
        template, keys = _furnished()
        self.installation = made = Installation(folder)
        made.close()
        shutil.copyfile(template / "control.sqlite", made.database)
        shutil.copytree(template / "accounts", folder / "accounts")
        self.clock = made.clock
        made.keys = keys
        made.view = made.new_view()
        self.store = SqliteStore(folder / "accounts", clock=made.clock)
        made.control = _control(made, self.store)
        anna, bert = made.view.account_by_address(ANNA), made.view.account_by_address(BERT)
        assert anna is not None
        assert bert is not None
        self.anna, self.bert = anna, bert
        self.view = made.view
        self.state = State(folder / "state.sqlite")
        house = House(
            shares=lambda address, gateway: self.view.gateway_of(address) == gateway,
            ours=lambda domain: self.view.domain(domain) is not None,
        )
        self.queue = Queue(folder / "queue.sqlite", clock=made.clock, house=house)
        self.queue_error: Exception | None = None
        self.redirects = Redirects(folder / "redirects.sqlite")
        self.visitors = Visitors(folder / "visitors.sqlite")
        self.events: list[TraceEvent] = []
        self.delivery = Delivery(
            self.store,
            self.view,
            self._enqueue,
            self.events.append,
            Rewriting(
                self.view,
                made.keys.rewriting_mac,
                self.redirects,
                hostname=HOSTNAME,
                clock=made.clock,
            ),
            self.visitors,
            hostname=HOSTNAME,
            postmaster=POSTMASTER,
            clock=made.clock,
            helpers=Helpers(
                Answering(
                    self.view,
                    self.state,
                    sign,
                    self._enqueue,
                    clock=made.clock,
                    hostname=HOSTNAME,
                ),
                Notifying(self.view, self.state, sign, clock=made.clock),
                SentOnLimit(self.state, clock=made.clock),
            ),
        )
        self.on_sent: Callable[[int, bytes, Envelope], None] = _nobody
        self.submission = Submission(
            self.view,
            self.state,
            sign,
            self._enqueue,
            self.events.append,
            sent=lambda *message: self.on_sent(*message),
            clock=made.clock,
        )
        self._uses = LastUses(made.database, gather=0)
        self.authenticator = Authenticator(
            self.view,
            made.keys,
            LoginThrottle(self.state, LoginLimits()),
            self._uses,
            ITERATIONS,
            clock=made.clock,
            report=lambda login: None,
        )

    def _enqueue(self, raw: bytes, envelope: Envelope, origin: Origin) -> str:
        if self.queue_error is not None:
            raise self.queue_error
        return self.queue.enqueue(raw, bound(self.view, raw, envelope, origin), origin=origin)

    def envelope(self, *recipients: str, sender: str = "carl@other.test") -> Envelope:
        return Envelope(sender, tuple(EnvelopeRecipient(address) for address in recipients))

    def routes(self, *recipients: str) -> list[Route]:
        found = []
        for address in recipients:
            local, _, domain = address.rpartition("@")
            route = self.delivery.route(local, domain)
            assert route is not None, address
            found.append(route)
        return found

    def inbox(self, account: AccountInfo) -> list[bytes]:
        """The messages in the INBOX, oldest first."""
        mail = self.store.account(account.id)
        box = mail.mailbox(INBOX)
        uids = mail.snapshot(box.id).uids
        from alphorn.base.numbers import NumberSet

        rows = mail.fetch(box.id, NumberSet.of(uids), (Column.RAW,))
        return [bytes(row[0]) for row in rows]  # type: ignore[call-overload]

    def queued(self) -> list[Listed]:
        return self.queue.list(Filter())

    def queued_raw(self) -> list[bytes]:
        return [
            raw
            for (id,) in self.queue.database.read(
                lambda connection: connection.execute("SELECT id FROM message").fetchall()
            )
            if (raw := self.queue.content(id)) is not None
        ]

    def told(self, stage: str) -> list[str]:
        """`verdict: text` of each event of a stage."""
        return [
            f"{event.verdict.value}: {event.text}" for event in self.events if event.stage == stage
        ]

    def close(self) -> None:
        self.authenticator.close()
        self.queue.close()
        self.redirects.close()
        self.visitors.close()
        self.state.close()
        self.store.close()
        self.installation.close()

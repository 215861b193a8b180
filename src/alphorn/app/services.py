"""Builds every part of the service from the settings, and knows which part is given to which.

Nothing here opens a file yet; parts do that at their first use. `close` closes in reverse order.
"""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from alphorn.app import learning, outgoing
from alphorn.app.attachments import attachment_rules
from alphorn.app.door import doorkeeper
from alphorn.app.protection import default_protection
from alphorn.base import settings as table
from alphorn.base.layout import Layout
from alphorn.base.settings import Settings
from alphorn.base.trace import TraceEvent
from alphorn.directory import keys
from alphorn.directory.last_use import LastUses
from alphorn.directory.view import DirectoryView
from alphorn.mailauth.dkim.sign import sign
from alphorn.message.envelope import Envelope, Origin
from alphorn.operations.acting import Helpers
from alphorn.operations.answering import Answering
from alphorn.operations.authenticate import Authenticator, Login, log_login
from alphorn.operations.control import Control
from alphorn.operations.deliver import Delivery
from alphorn.operations.examine import Examiner, ExaminerParts
from alphorn.operations.imap_events import ImapEvents
from alphorn.operations.imap_scripts import ImapScripts
from alphorn.operations.notifying import Notifying
from alphorn.operations.rewriting import Rewriting
from alphorn.operations.secured import bound
from alphorn.operations.sending_on import SendingOn
from alphorn.operations.sent_on_limit import SentOnLimit
from alphorn.operations.submit import Submission
from alphorn.operations.throttle import LoginLimits, LoginThrottle
from alphorn.policy.engines import Scoring
from alphorn.queue.bound import House
from alphorn.queue.intake import Lifetimes
from alphorn.queue.queue import Queue
from alphorn.servers.admission import is_loopback
from alphorn.servers.bus import Bus, Topic
from alphorn.servers.gateways import Gateways
from alphorn.servers.services import Services
from alphorn.servers.tls import tls_files
from alphorn.store.redirects import Redirects
from alphorn.store.sqlite import SqliteStore
from alphorn.store.state import State
from alphorn.store.trace import TraceLog
from alphorn.store.visitors import Visitors

_log = logging.getLogger(__name__)

Count = Callable[[TraceEvent], None]


def for_command(data: Path, settings: Settings) -> Services:
    """What a command works with while the service may be running beside it."""
    bus = Bus(Layout(data).bus)
    services = build(Layout(data), settings, bus, serves=False)

    def close() -> None:
        services.close()
        bus.close()

    return replace(services, close=close)


def build(
    layout: Layout,
    settings: Settings,
    bus: Bus,
    *,
    serves: bool,
    tends: bool = False,
    lenient: bool = False,
    count_event: Count = lambda event: None,
    report_login: Callable[[Login], None] = log_login,
    count_lesson: Callable[[str, int], None] = lambda outcome, number: None,
) -> Services:
    """The bus stays the caller's to close. `serves`: this process stays, and closes files in the
    background; `tends`: it also looks after the mailboxes that any process writes to. `lenient`
    exempts clients on loopback from limits on networks. `count_event` is told each event that is
    traced, `report_login` each login."""
    closing = ExitStack()
    ring = keys.load(layout.keys)
    protection = default_protection(settings)
    view = DirectoryView(
        layout.control, ring, postmaster=settings[table.POSTMASTER], protection=protection
    )
    closing.callback(view.close)
    store = SqliteStore(layout.accounts, changed=bus.publish)
    closing.callback(store.close)
    if serves:
        store.start(tends=tends)
    if tends:
        bus.listen(lambda account_id, _: store.written(account_id) if account_id > 0 else None)
    state = State(layout.state)
    closing.callback(state.close)
    door = doorkeeper(layout, settings, lenient)
    closing.callback(door.close)
    trace = TraceLog(layout.trace)
    closing.callback(trace.close)
    queue = Queue(
        layout.queue,
        lifetimes=Lifetimes(settings[table.QUEUE_LIFETIME], settings[table.QUEUE_DELAY_NOTICE]),
        house=House(
            shares=lambda address, gateway: view.gateway_of(address) == gateway,
            ours=lambda domain: view.domain(domain) is not None,
        ),
    )
    closing.callback(queue.close)
    queue.listen(lambda: bus.publish(Topic.QUEUE))
    redirects, visitors = Redirects(layout.redirects), Visitors(layout.visitors)
    closing.callback(redirects.close)
    closing.callback(visitors.close)
    uses = LastUses(layout.control)
    closing.callback(uses.close)

    def note(event: TraceEvent) -> None:
        trace.add(event)
        count_event(event)

    def enqueue(raw: bytes, envelope: Envelope, origin: Origin) -> str:
        return queue.enqueue(raw, bound(view, raw, envelope, origin), origin=origin)

    learned = learning.build(
        layout,
        settings,
        closing,
        store=store,
        view=view,
        state=state,
        record=note,
        enqueue=enqueue,
        count=count_lesson,
    )
    open_control = _Control(layout, settings, store, ring)
    guards, out = outgoing.build(
        layout,
        settings,
        closing,
        view=view,
        state=state,
        queue=queue,
        redirects=redirects,
        model=learned.learning.parts.model,
        record=note,
        enqueue=enqueue,
        open_control=open_control,
    )
    record = outgoing.watched(note, out.watch)

    def report(login: Login) -> None:
        report_login(login)
        out.watch.login(login)

    def sent(account_id: int, raw: bytes, envelope: Envelope) -> None:
        recipients = [recipient.address for recipient in envelope.recipients]
        learned.observer.sent(account_id, raw, recipients)
        door.wrote(envelope.sender, recipients)

    hostname, forwarders = settings[table.HOSTNAME], settings[table.MX_TRUSTED_FORWARDERS]
    rewriting = Rewriting(view, ring.rewriting_mac, redirects, hostname=hostname)
    notifying = Notifying(view, state, sign)
    scripts = ImapScripts(
        store,
        view,
        SendingOn(enqueue, rewriting, record, settings[table.SMTP_HOPS]),
        notifying,
        state,
        enqueue,
        record,
        hostname=hostname,
    )
    imap_events = ImapEvents(scripts.run)
    closing.callback(imap_events.close)
    limits = LoginLimits(
        account_failures=settings[table.LOGIN_ACCOUNT_FAILURES],
        network_failures=settings[table.LOGIN_NETWORK_FAILURES],
        window=settings[table.LOGIN_WINDOW],
        exempt=is_loopback if lenient else _nobody,
    )
    return Services(
        settings=settings,
        bus=bus,
        store=store,
        view=view,
        state=state,
        trace=trace,
        record=record,
        queue=queue,
        authenticator=Authenticator(
            view,
            ring,
            LoginThrottle(state, limits),
            uses,
            settings[table.LOGIN_ITERATIONS],
            report=report,
        ),
        door=door,
        delivery=Delivery(
            store,
            view,
            enqueue,
            record,
            rewriting,
            visitors,
            hostname=hostname,
            postmaster=settings[table.POSTMASTER],
            max_hops=settings[table.SMTP_HOPS],
            welcomed=learned.observer.welcomed,
            helpers=Helpers(
                Answering(view, state, sign, enqueue, hostname=hostname),
                notifying,
                SentOnLimit(state),
            ),
        ),
        submission=Submission(view, state, sign, enqueue, record, guards=guards, sent=sent),
        outgoing=out,
        learning=learned.learning,
        visitors=visitors,
        acquaintances=learned.acquaintances,
        reports=learned.reports,
        observer=learned.observer,
        imap_events=imap_events,
        examiner=Examiner(
            ExaminerParts(
                hostname=hostname,
                view=view,
                store=store,
                model=learned.learning.parts.model,
                reported=learned.learning.parts.reported,
                acquaintances=learned.acquaintances,
                rules=attachment_rules(settings),
                own=lambda domain: view.domain(domain) is not None,
                trusted=frozenset(forwarders),
                scoring=Scoring(settings[table.ENGINES_RSPAMD_SCORE]),
            )
        ),
        gateways=Gateways(layout.gateways, view.gateways, lambda: tls_files(layout.root, settings)),
        open_control=open_control,
        close=closing.close,
    )


def _nobody(peer: str) -> bool:
    return False


class _Control:
    """Brings up the ORM at its first call."""

    def __init__(
        self, layout: Layout, settings: Settings, store: SqliteStore, ring: keys.KeyRing
    ) -> None:
        self._layout = layout
        self._settings = settings
        self._store = store
        self._ring = ring

    def __call__(self) -> Control:
        return self._control

    @cached_property
    def _control(self) -> Control:
        from alphorn.directory.setup import setup

        setup(self._layout.control)
        return Control(
            store=self._store,
            keys=self._ring,
            hostname=self._settings[table.HOSTNAME],
            iterations=self._settings[table.LOGIN_ITERATIONS],
            protection=default_protection(self._settings),
        )

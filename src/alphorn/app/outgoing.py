"""Builds what guards mail on its way out: checks of the content, the watch over accounts, and what
happens when an account's sending is locked."""

import time
from collections.abc import Callable
from contextlib import ExitStack

from alphorn.app.attachments import attachment_rules
from alphorn.base import settings as table
from alphorn.base.layout import Layout
from alphorn.base.settings import Settings
from alphorn.base.trace import TraceEvent, Verdict
from alphorn.directory.values import AccountInfo
from alphorn.directory.view import DirectoryView
from alphorn.message.envelope import OriginKind
from alphorn.message.parse import Entity
from alphorn.operations.control import Control
from alphorn.operations.notices import Notices
from alphorn.operations.piece import Enqueue
from alphorn.operations.sending_parts import Outgoing, SendingParts
from alphorn.operations.submit import Check, Guards
from alphorn.operations.targets import Paused, Targets
from alphorn.operations.watch import Watch, WatchSettings
from alphorn.policy import attachments, headers
from alphorn.policy.behaviour import Behaviour, Limits
from alphorn.policy.decision import Act, Decision, Reason
from alphorn.queue.listing import Filter
from alphorn.queue.queue import Queue
from alphorn.spam.features import observe
from alphorn.spam.score import Thresholds, judge
from alphorn.spam.values import SpamFacts
from alphorn.store.behaviour import Behaviours
from alphorn.store.countries import Countries
from alphorn.store.domain_records import DomainRecords
from alphorn.store.redirects import Redirects
from alphorn.store.spam_model import SpamModel
from alphorn.store.state import State

TOLD = 2
"""Reasons for which a message looks like spam that its sender is told."""


def build(
    layout: Layout,
    settings: Settings,
    closing: ExitStack,
    *,
    view: DirectoryView,
    state: State,
    queue: Queue,
    redirects: Redirects,
    model: SpamModel,
    record: Callable[[TraceEvent], None],
    enqueue: Enqueue,
    open_control: Callable[[], Control],
) -> tuple[Guards, Outgoing]:
    """What submission is guarded by, and its parts for others. Opens no file yet; what is to be
    closed is left with `closing`."""
    history = Behaviours(layout.behaviour)
    closing.callback(history.close)
    records = DomainRecords(layout.domain_records)
    closing.callback(records.close)
    notices = Notices(
        view,
        state,
        enqueue,
        hostname=settings[table.HOSTNAME],
        postmaster=settings[table.POSTMASTER],
    )

    def hold(account_id: int, since: float) -> int:
        return queue.hold(Filter(account_id=account_id, since=since, kind=OriginKind.SUBMITTED))

    def release(account_id: int) -> int:
        return queue.release(Filter(account_id=account_id, kind=OriginKind.SUBMITTED))

    def lock(account: AccountInfo, behaviour: Behaviour) -> None:
        # Imported when it is needed: it brings up the ORM, which workers do without.
        from alphorn.directory.setup import close_connections
        from alphorn.operations.sending import lock_sending

        reason = " ".join(reason.text for reason in behaviour.reasons)
        try:
            lock_sending(open_control(), sending, account.address, reason, behaviour)
        finally:
            close_connections()

    sending = SendingParts(
        hold=hold, release=release, forgive=history.forgive, notices=notices, trace=record
    )
    path = settings[table.GEO_DATABASE]
    countries = Countries(layout.root / path if path is not None else None)
    closing.callback(countries.close)
    watch = Watch(
        history, view, notices, lock, record, watch_settings(settings), country=countries.of
    )
    closing.callback(watch.close)

    def pause(domain: str, target: str, reason: str, account_id: int | None) -> Paused:
        from alphorn.directory.setup import close_connections
        from alphorn.operations.redirects import pause_target

        try:
            return pause_target(open_control(), domain, target, reason, account_id)
        finally:
            close_connections()

    targets = Targets(redirects, notices, pause)
    closing.callback(targets.close)
    guards = Guards(
        checks=checks(settings, view, model),
        watch=watch,
        hold=lambda name: _ignore(queue.hold(Filter(name=name))),
        faults=records.fault if settings[table.SUBMISSION_REQUIRE_RECORDS] else _no_faults,
    )
    return guards, Outgoing(watch, targets, notices, sending, records)


def watch_settings(settings: Settings) -> WatchSettings:
    return WatchSettings(
        limits=Limits(
            strangers=settings[table.BEHAVIOUR_NEW_RECIPIENTS],
            times_usual=settings[table.BEHAVIOUR_TIMES_USUAL],
            networks=settings[table.BEHAVIOUR_NETWORKS],
            countries=settings[table.BEHAVIOUR_COUNTRIES],
            bounces=settings[table.BEHAVIOUR_BOUNCES],
            least_bounces=settings[table.BEHAVIOUR_LEAST_BOUNCES],
            spam=settings[table.BEHAVIOUR_SPAM],
            refused=settings[table.BEHAVIOUR_UNKNOWN_RECIPIENTS],
            lock_factor=settings[table.BEHAVIOUR_LOCK_FACTOR],
            slow_hours=settings[table.BEHAVIOUR_SLOW_HOURS],
            fraction=settings[table.BEHAVIOUR_FRACTION],
            locks=settings[table.BEHAVIOUR_LOCK],
        ),
        spam_from=settings[table.SUBMISSION_SPAM_THRESHOLD],
        enabled=settings[table.BEHAVIOUR_ENABLED],
    )


def watched(record: Callable[[TraceEvent], None], watch: Watch) -> Callable[[TraceEvent], None]:
    """As `record`; the watch is told of recipients of ours that a user asked for in vain."""

    def both(event: TraceEvent) -> None:
        record(event)
        if (
            event.stage == "rcpt"
            and event.account_id is not None
            and event.verdict is Verdict.REFUSED
            and event.facts.get("status") == "5.1.1"
        ):
            watch.refused(event.account_id, event.recipient)

    return both


def checks(settings: Settings, view: DirectoryView, model: SpamModel) -> tuple[Check, ...]:
    """What a message must pass on its way out, in order."""
    rules = attachment_rules(settings)

    def header(raw: bytes, root: Entity, account: AccountInfo) -> Decision:
        if not view.protection(account).headers:
            return Decision(headers.STAGE)
        return headers.check(raw, root, account.address, time.time())

    def attached(raw: bytes, root: Entity, account: AccountInfo) -> Decision:
        if not view.protection(account).attachments:
            return Decision("attachments")
        return attachments.check(raw, root, rules)

    return header, attached, spam_check(model, settings[table.SUBMISSION_REFUSE_THRESHOLD])


def spam_check(model: SpamModel, refuse_from: float) -> Check:
    """Rules and what all accounts taught; what the sender's own mail is like says nothing here."""
    thresholds = Thresholds(refuse=refuse_from or None)

    def check(raw: bytes, root: Entity, account: AccountInfo) -> Decision:
        verdict = judge(observe(raw, root, SpamFacts()), model.counts(), None, thresholds)
        reasons = tuple(Reason(*reason) for reason in verdict.reasons)
        facts = {"score": verdict.score}
        if not verdict.refuse:
            return Decision("spam", reasons=reasons, facts=facts)
        worst = [reason.text for reason in verdict.reasons if reason.score > 0][:TOLD]
        return Decision(
            "spam",
            Act.REFUSE,
            "5.7.1",
            f"The message looks like spam and is not sent: {' '.join(worst)}",
            554,
            page="spam",
            reasons=reasons,
            facts=facts,
        )

    return check


def _no_faults(domain: str) -> str:
    return ""


def _ignore(count: int) -> None:
    """How many there were does not matter."""

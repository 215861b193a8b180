"""Who may see what of the trace, and the two questions asked of it: what happened, and the story of
one message.

    operator            everything
    user                what concerns the accounts of his organizations, and what was written to
                        their domains and reached no account: since each domain came here
    account's holder    what concerns his own account

An event without account and domain belongs to a message as a whole (who sent it, what was found in
it). It is told to those who may see another event of the same message, within its story.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from alphorn.base.errors import NotFound
from alphorn.base.trace import TraceEvent, Verdict
from alphorn.directory.values import AddressKind
from alphorn.operations.control import Control
from alphorn.store.trace import TraceLog

MAX_EVENTS = 10_000


@dataclass(frozen=True, slots=True)
class Sight:
    """What somebody may see, as it stood when he asked. `domains` has since when each is here."""

    everything: bool = False
    account_id: int | None = None
    domains: Mapping[str, int] = field(default_factory=dict)
    accounts: frozenset[int] = frozenset()

    def sees(self, time: float, account_id: int | None, domain: str) -> bool:
        if self.everything:
            return True
        if self.account_id is not None:
            return account_id == self.account_id
        if account_id in self.accounts:
            return True
        return account_id is None and domain in self.domains and time >= self.domains[domain]


EVERYTHING = Sight(everything=True)


@dataclass(frozen=True, slots=True)
class Question:
    """All that is given has to fit; times are seconds UTC, `since <= time < until`. `address` is
    sender or recipient, `domain` and `account_id` those whom an event concerns."""

    transaction: str | None = None
    message_id: str | None = None
    address: str | None = None
    account_id: int | None = None
    domain: str | None = None
    stage: str | None = None
    verdict: Verdict | None = None
    since: float | None = None
    until: float | None = None
    limit: int = 200


def sight(control: Control) -> Sight:
    """What the actor may see. Raises Unavailable."""
    if control.actor.operator:
        return EVERYTHING
    if control.actor.account_id is not None:
        return Sight(account_id=control.actor.account_id)
    # Only for users: operators, who read the trace when something is wrong, need no ORM for it.
    from alphorn.directory.orm import Address, Domain, reading
    from alphorn.operations.rights import visible_organizations

    with reading():
        visible = visible_organizations(control.actor)
        if visible is None:
            return EVERYTHING
        domains = Domain.objects.filter(organization__in=visible)
        own = Address.objects.filter(domain__organization__in=visible, kind=AddressKind.OWN.value)
        return Sight(
            domains=dict(domains.values_list("name", "created")),
            accounts=frozenset(
                found for found in own.values_list("account", flat=True) if found is not None
            ),
        )


def find_events(trace: TraceLog, sight: Sight, question: Question) -> tuple[TraceEvent, ...]:
    """The newest that fit and that may be seen, oldest first. Raises Unavailable."""
    account_id = question.account_id
    domains = None
    if sight.account_id is not None:
        if account_id not in (None, sight.account_id):
            return ()
        account_id = sight.account_id
    elif not sight.everything:
        if not sight.domains or (account_id is not None and account_id not in sight.accounts):
            return ()
        asked = (question.transaction, question.message_id, question.address, question.domain)
        if asked == (None,) * len(asked) and account_id is None:
            domains = tuple(sight.domains)
    return tuple(
        trace.find(
            transaction=question.transaction,
            message_id=question.message_id,
            address=question.address,
            account_id=account_id,
            domain=question.domain,
            domains=domains,
            stage=question.stage,
            verdict=question.verdict,
            since=question.since,
            until=question.until,
            limit=min(question.limit, MAX_EVENTS),
            sees=None if sight.everything else sight.sees,
        )
    )


def story(trace: TraceLog, sight: Sight, message: str) -> tuple[TraceEvent, ...]:
    """All events of a message, named by its transaction or its Message-ID, that may be seen; oldest
    first. Raises NotFound("no-such-message"), Unavailable.
    """
    events = _transaction(trace, sight, message)
    if not events:
        by_id = find_events(trace, sight, Question(message_id=message, limit=MAX_EVENTS))
        events = [
            event
            for transaction in dict.fromkeys(event.transaction for event in by_id)
            for event in _transaction(trace, sight, transaction)
        ]
    if not events:
        raise NotFound(
            f"The trace knows nothing of {message}; `alphorn trace list` shows what it knows.",
            code="no-such-message",
        )
    return tuple(sorted(events, key=lambda event: event.time))


def _transaction(trace: TraceLog, sight: Sight, transaction: str) -> list[TraceEvent]:
    events = trace.find(transaction=transaction, limit=MAX_EVENTS)
    seen = [sight.sees(event.time, event.account_id, event.domain) for event in events]
    if not any(seen):
        return []
    return [
        event
        for event, may in zip(events, seen, strict=True)
        if may or (event.account_id is None and not event.domain)
    ]

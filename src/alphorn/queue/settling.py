"""Recording what attempts came to, and what is still to be told to senders.

`settle` is called as soon as a server has answered, before anything else: a recipient that another
server has taken is out of the queue in one short durable transaction. Recipients of whom the sender
is to be told stay, in a state that says so, until the report itself is in the queue; `replace` does
both in one transaction, so that a crash neither loses a report nor doubles it.
"""

# ruff: noqa: S608 - only constants of this room are put together; values are bound

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from alphorn.message.envelope import Notify
from alphorn.queue.database import Connection, Database
from alphorn.queue.intake import Entry, insert
from alphorn.queue.rows import MESSAGE, RECIPIENT, message_from, recipient_from
from alphorn.queue.values import (
    Claim,
    Outcome,
    QueuedMessage,
    QueuedRecipient,
    Reply,
    Result,
    State,
)

REPORTED_AT_ONCE = 100
"""Recipients in one report, at most."""

_DONE = {Result.DELIVERED: State.DELIVERED, Result.RELAYED: State.RELAYED}


@dataclass(frozen=True, slots=True)
class Settled:
    """An outcome, and for a deferred recipient when the next attempt is due."""

    outcome: Outcome
    next_attempt: float | None = None


@dataclass(frozen=True, slots=True)
class ToReport:
    """Recipients of one message in one state; `last` of each has the reply to report."""

    message: QueuedMessage
    state: State
    recipients: tuple[QueuedRecipient, ...]


def settle(
    database: Database, runner: str, claim: Claim, settled: Sequence[Settled], now: float
) -> None:
    """Record outcomes, durably. A recipient that was delivered or relayed is done with whoever
    claims it now; other outcomes count only while it is `runner`'s. Raises Unavailable."""

    def work(connection: Connection) -> None:
        for entry in settled:
            _settle_one(connection, runner, claim.message, entry, now)
        drop_if_empty(connection, claim.message.id)

    database.write(work)


def _settle_one(
    connection: Connection, runner: str, message: QueuedMessage, settled: Settled, now: float
) -> None:
    outcome = settled.outcome
    id = outcome.recipient.id
    notify = outcome.recipient.envelope.notify
    if outcome.result in _DONE:
        if message.envelope.sender and Notify.SUCCESS in notify and not outcome.told:
            _mark(connection, id, _DONE[outcome.result], outcome.reply, now)
        else:
            connection.execute("DELETE FROM recipient WHERE id = ?", (id,))
    elif outcome.result is Result.FAILED:
        owned = connection.execute(
            "SELECT 1 FROM recipient WHERE id = ? AND claimed_by = ?", (id, runner)
        ).fetchone()
        if owned and message.envelope.sender and tells_failure(notify):
            _mark(connection, id, State.FAILED, outcome.reply, now)
        elif owned:
            connection.execute("DELETE FROM recipient WHERE id = ?", (id,))
    else:
        connection.execute(
            "UPDATE recipient SET claimed_by = NULL, urgent = 0, attempts = attempts + 1,"
            " next_attempt = ?, attempted = ?, code = ?, enhanced = ?, text = ?, host = ?"
            " WHERE id = ? AND claimed_by = ?",
            (settled.next_attempt, now, *_reply_row(outcome.reply), id, runner),
        )


def _mark(connection: Connection, id: int, state: State, reply: Reply, now: float) -> None:
    connection.execute(
        "UPDATE recipient SET state = ?, claimed_by = NULL, notice_at = NULL,"
        " attempts = attempts + 1, attempted = ?, code = ?, enhanced = ?, text = ?, host = ?"
        " WHERE id = ?",
        (state, now, *_reply_row(reply), id),
    )


def _reply_row(reply: Reply) -> tuple[int, str, str, str]:
    return (reply.code, reply.enhanced, reply.text, reply.host)


def tells_failure(notify: frozenset[Notify]) -> bool:
    """RFC 3461 §4.1: without a word from the sender, failures are reported."""
    return not notify or Notify.FAILURE in notify


def drop_if_empty(connection: Connection, message: int) -> None:
    left = connection.execute(
        "SELECT 1 FROM recipient WHERE message = ? LIMIT 1", (message,)
    ).fetchone()
    if not left:
        connection.execute("DELETE FROM content WHERE message = ?", (message,))
        connection.execute("DELETE FROM message WHERE id = ?", (message,))


def unreported(database: Database, limit: int = REPORTED_AT_ONCE) -> list[ToReport]:
    """What senders are still to be told, at most `limit` recipients of it."""
    query = f"SELECT message, state, {RECIPIENT} FROM recipient WHERE state > 0 LIMIT ?"
    return database.read(lambda connection: _grouped(connection, query, (limit,)))


def late(database: Database, now: float, limit: int = REPORTED_AT_ONCE) -> list[ToReport]:
    """Recipients who wait since so long that their senders are to be told, and have been tried."""
    query = (
        f"SELECT message, state, {RECIPIENT} FROM recipient"
        " WHERE notice_at <= ? AND state = 0 AND attempts > 0 LIMIT ?"
    )
    return database.read(lambda connection: _grouped(connection, query, (now, limit)))


def _grouped(connection: Connection, query: str, values: tuple[float, ...]) -> list[ToReport]:
    groups: dict[tuple[int, int], list[QueuedRecipient]] = {}
    for message, state, *row in connection.execute(query, values).fetchall():
        groups.setdefault((message, state), []).append(recipient_from(tuple(row)))
    found = []
    for (id, state), recipients in groups.items():
        row = connection.execute(f"SELECT {MESSAGE} FROM message WHERE id = ?", (id,)).fetchone()
        found.append(ToReport(message_from(row), State(state), tuple(recipients)))
    return found


def replace(database: Database, told: ToReport, report: Entry | None) -> str | None:
    """Put the report into the queue and forget what it tells, in one durable transaction.

    The report's name in the queue; None where another process was quicker, or where there is no
    report (nobody to tell). Raises Unavailable.
    """
    ids = [recipient.id for recipient in told.recipients]

    def work(connection: Connection) -> str | None:
        if told.state is State.WAITING:
            changed = _update(
                connection,
                "UPDATE recipient SET notice_at = NULL WHERE notice_at IS NOT NULL AND state = 0",
                ids,
            )
        else:
            changed = _update(
                connection, f"DELETE FROM recipient WHERE state = {told.state:d}", ids
            )
        if changed != len(ids):
            raise _Overtaken
        drop_if_empty(connection, told.message.id)
        return insert(connection, report) if report is not None else None

    try:
        return database.write(work)
    except _Overtaken:
        return None


class _Overtaken(Exception):
    """Another process reported (some of) these already; the transaction is undone."""


def _update(connection: Connection, statement: str, ids: Iterable[int]) -> int:
    return connection.execute(
        f"{statement} AND id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
    ).rowcount

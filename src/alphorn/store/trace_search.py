"""Finding events: by the condition that fits the fewest, newest first, in bounded work.

A search names conditions by fields (`trace_rows.Field`) and a span of time. The rows after the last
segment are read one by one; in the segments, newest first, one condition is looked up and the
others are compared in the rows it gives. Which one is looked up is found out by counting entries in
some segments. A search ends when it has as many as were asked for, and gives up after MAX_STEPS.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from alphorn.base.errors import Unavailable
from alphorn.base.trace import TraceEvent, Verdict
from alphorn.store import trace_rows as rows
from alphorn.store.trace_rows import Field

MAX_STEPS = 100_000_000
"""Of SQLite's machine: some seconds."""
_STEP = 1000
_SAMPLES = 3
_SAMPLE_ENTRIES = 2000

Sees = Callable[[float, int | None, str], bool]
"""Whether somebody may see an event: of this time, account and domain."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One of these keys of a field, and what the row has to say to that: SQL and its values."""

    field: Field
    keys: tuple[int, ...]
    sql: str
    values: tuple[object, ...]


def by_transaction(name: str) -> Condition:
    return _text(Field.TRANSACTION, "e.transaction_id = ?", rows.storable(name))


def by_message_id(message_id: str) -> Condition:
    return _text(Field.MESSAGE, "e.message_id = ?", rows.plain_id(message_id))


def by_address(address: str) -> Condition:
    return _text(Field.ADDRESS, "? IN (e.sender, e.recipient)", rows.folded(address))


def by_domains(names: Sequence[str]) -> Condition:
    folded = tuple(dict.fromkeys(filter(None, map(rows.folded_domain, names))))
    sql = f"e.domain IN ({', '.join('?' * len(folded))})"
    return Condition(Field.DOMAIN, tuple(map(rows.key_of, folded)), sql, folded)


def by_account(account_id: int) -> Condition:
    return Condition(Field.ACCOUNT, (account_id,), "e.account_id = ?", (account_id,))


def by_kind(
    connection: sqlite3.Connection, stage: str | None, verdict: Verdict | None
) -> Condition:
    """Of this stage or verdict or both; there are some dozens of kinds."""
    kinds = tuple(
        found
        for found, its_stage, its_verdict in connection.execute(
            "SELECT id, stage, verdict FROM kind ORDER BY id"
        )
        if stage in (None, its_stage) and (verdict is None or verdict.value == its_verdict)
    )
    return Condition(Field.KIND, kinds, f"e.kind IN ({', '.join('?' * len(kinds))})", kinds)


def search(
    connection: sqlite3.Connection,
    conditions: Sequence[Condition],
    since: float | None,
    until: float | None,
    limit: int,
    sees: Sees | None = None,
) -> list[TraceEvent]:
    """The newest that fit everything, newest first. Raises sqlite3.Error, Unavailable("slow")."""
    if not all(condition.keys for condition in conditions):
        return []
    low = 0 if since is None else rows.number_at(since)
    high = rows.number_at(rows.MAX_SECONDS if until is None else until)
    # Nothing is merged or forgotten before its eyes.
    with _bounded(connection), _snapshot(connection):
        found = []
        for row in _newest(connection, conditions, low, high):
            if sees is None or sees(rows.time_of(row[0]), row[5], row[6]):
                found.append(rows.event_of(row))
                if len(found) >= limit:
                    break
        return found


def _newest(
    connection: sqlite3.Connection, conditions: Sequence[Condition], low: int, high: int
) -> Iterator[tuple[int, str, str, str, str, int | None, str, str, str, str, str]]:
    where = " AND ".join(["e.id >= ?", "e.id < ?", *(one.sql for one in conditions)])
    values = [value for one in conditions for value in one.values]
    ((sealed,),) = connection.execute("SELECT coalesce(max(until), -1) FROM segment")
    after = max(low, sealed + 1) if conditions else low
    yield from connection.execute(
        f"SELECT {rows.READ} FROM event e CROSS JOIN kind k ON k.id = e.kind WHERE {where}"  # noqa: S608
        " ORDER BY e.id DESC",
        (after, high, *values),
    )
    if not conditions or low > sealed:
        return
    segments = [
        found
        for (found,) in connection.execute(
            "SELECT id FROM segment WHERE until >= ? AND above < ? - 1 ORDER BY until DESC",
            (low, high),
        )
    ]
    chosen = _rarest(connection, conditions, segments)
    # LIMIT -1 keeps the sub-query one: keys are sorted there, before any row is read.
    sql = (
        f"SELECT {rows.READ} FROM (SELECT event FROM lookup"  # noqa: S608
        f" WHERE segment = ? AND field = ? AND key IN ({', '.join('?' * len(chosen.keys))})"
        " AND event >= ? AND event < ? ORDER BY event DESC LIMIT -1) l"
        " CROSS JOIN event e ON e.id = l.event CROSS JOIN kind k ON k.id = e.kind"
        f" WHERE {where}"
    )
    for segment in segments:
        key = (segment, int(chosen.field), *chosen.keys)
        yield from connection.execute(sql, (*key, low, high, low, high, *values))


def _rarest(
    connection: sqlite3.Connection, conditions: Sequence[Condition], segments: Sequence[int]
) -> Condition:
    """The one with the fewest entries, in the newest segment, the oldest and one between."""
    if len(conditions) == 1 or not segments:
        return conditions[0]
    samples = sorted({segments[0], segments[len(segments) // 2], segments[-1]})

    def entries(condition: Condition) -> int:
        sql = (
            "SELECT count(*) FROM (SELECT 1 FROM lookup WHERE segment = ? AND field = ?"  # noqa: S608
            f" AND key IN ({', '.join('?' * len(condition.keys))}) LIMIT {_SAMPLE_ENTRIES})"
        )
        return sum(
            connection.execute(sql, (segment, int(condition.field), *condition.keys)).fetchone()[0]
            for segment in samples
        )

    return min(conditions, key=entries)


def _text(field: Field, sql: str, text: str) -> Condition:
    return Condition(field, (rows.key_of(text),) if text else (), sql, (text,))


@contextmanager
def _snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN")
    try:
        yield
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


class _bounded:
    """Interrupts what takes too many steps, and says so."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._steps = 0

    def __enter__(self) -> None:
        self._connection.set_progress_handler(self._step, _STEP)

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._connection.set_progress_handler(None, 0)
        if isinstance(error, sqlite3.OperationalError) and self._steps > MAX_STEPS:
            raise Unavailable(
                "This takes too long to find; say more: an address, a message, or a shorter time.",
                code="slow",
            ) from error

    def _step(self) -> bool:
        self._steps += _STEP
        return self._steps > MAX_STEPS

"""Who works on what: recipients are claimed by a runner, and a dead runner's are taken over.

A runner has a row that says until when it is surely alive, and renews it all the time. The clock
for this is the machine's monotonic one, which all processes share and nobody sets: a jump of the
wall clock never makes a living runner look dead, which would deliver mail twice. It starts anew
with the machine; an end that lies further off than a lease is long is from before, and void (a
little further: processes read the clock and write at different moments).
"""

# ruff: noqa: S608 - only constants of this room are put together; values are bound

import json
from collections.abc import Collection, Iterable, Mapping

from alphorn.queue.database import Connection, Database
from alphorn.queue.rows import MESSAGE, RECIPIENT, message_from, recipient_from
from alphorn.queue.schedule import LONGEST_PAUSE
from alphorn.queue.values import MAX_RECIPIENTS_PER_TRANSACTION, Claim

LEASE = 30.0
"""Seconds without a sign of life after which a runner is taken for dead."""

HORIZON = 2 * LEASE
"""An end that lies further off is from before the machine started anew."""

ROWS_AT_ONCE = 1000
MAX_LOOKS = 8

_FREE = "state = 0 AND held = 0 AND claimed_by IS NULL"


def renew(database: Database, runner: str, ticks: float) -> bool:
    """Sign of life of `runner` at `ticks`, monotonic seconds. False: it had been taken for dead,
    and what it had claimed belongs to others now; it starts with nothing again."""

    def work(connection: Connection) -> bool:
        known = connection.execute(
            "UPDATE runner SET until = ? WHERE name = ?", (ticks + LEASE, runner)
        ).rowcount
        if not known:
            connection.execute(
                "INSERT INTO runner (name, until) VALUES (?, ?)", (runner, ticks + LEASE)
            )
        return bool(known)

    return database.write_soft(work)


def resign(database: Database, runner: str) -> None:
    """Give back all that `runner` claimed; it is gone then."""

    def work(connection: Connection) -> None:
        connection.execute("DELETE FROM runner WHERE name = ?", (runner,))
        _free_orphans(connection)

    database.write_soft(work)


def take_over(database: Database, ticks: float) -> int:
    """Free what dead runners had claimed; how many recipients."""

    def dead(connection: Connection) -> bool:
        (count,) = connection.execute(
            "SELECT count(*) FROM runner WHERE until < ? OR until > ?", (ticks, ticks + HORIZON)
        ).fetchone()
        return bool(count)

    def work(connection: Connection) -> int:
        connection.execute(
            "DELETE FROM runner WHERE until < ? OR until > ?", (ticks, ticks + HORIZON)
        )
        return _free_orphans(connection)

    return database.write_soft(work) if database.read(dead) else 0


def _free_orphans(connection: Connection) -> int:
    return connection.execute(
        "UPDATE recipient SET claimed_by = NULL WHERE claimed_by IS NOT NULL"
        " AND claimed_by NOT IN (SELECT name FROM runner)"
    ).rowcount


def claim(
    database: Database,
    runner: str,
    now: float,
    room: int,
    busy: Collection[str] = (),
    active: Mapping[str, int] | None = None,
    per_destination: int = 1 << 30,
) -> list[Claim]:
    """Claim what is due: at most `room` groups, each of recipients of one message at one
    destination, the longest due first; none of `busy` destinations, and of each other one so many
    that with those `active` already there are at most `per_destination`.

    Nothing for a runner that did not renew in time.
    """
    taken = dict(active or {})
    closed = {*busy, *(name for name, count in taken.items() if count >= per_destination)}

    def work(connection: Connection) -> list[Claim]:
        if not connection.execute("SELECT 1 FROM runner WHERE name = ?", (runner,)).fetchone():
            return []
        groups = _choose(connection, now, room, closed, taken, per_destination)
        return [_take(connection, runner, key[0], key[1], ids) for key, ids in groups]

    return database.write_soft(work) if room > 0 else []


_Group = tuple[tuple[int, str], list[int]]


def _choose(
    connection: Connection,
    now: float,
    room: int,
    closed: set[str],
    taken: dict[str, int],
    per_destination: int,
) -> list[_Group]:
    """Which recipients, by (message, destination). A destination that has enough is left out of
    the next look, so that thousands of messages to it do not hide the others."""
    chosen: list[_Group] = []
    seen: set[int] = set()
    for _ in range(MAX_LOOKS):
        rows = connection.execute(
            f"SELECT id, message, destination FROM recipient WHERE {_FREE} AND next_attempt <= ?"
            " AND destination NOT IN (SELECT value FROM json_each(?))"
            " ORDER BY next_attempt, id LIMIT ?",
            (now, json.dumps(sorted(closed)), ROWS_AT_ONCE),
        ).fetchall()
        groups: dict[tuple[int, str], list[int]] = {}
        for id, message, destination in rows:
            if id not in seen:
                groups.setdefault((message, destination), []).append(id)
        progress = False
        for key, ids in groups.items():
            for at in range(0, len(ids), MAX_RECIPIENTS_PER_TRANSACTION):
                if key[1] in closed:
                    break
                part = ids[at : at + MAX_RECIPIENTS_PER_TRANSACTION]
                chosen.append((key, part))
                seen.update(part)
                progress = True
                taken[key[1]] = taken.get(key[1], 0) + 1
                if taken[key[1]] >= per_destination:
                    closed.add(key[1])
                if len(chosen) >= room:
                    return chosen
        if len(rows) < ROWS_AT_ONCE or not progress:
            break
    return chosen


def _take(
    connection: Connection, runner: str, message: int, destination: str, ids: list[int]
) -> Claim:
    listed = json.dumps(ids)
    connection.execute(
        "UPDATE recipient SET claimed_by = ? WHERE id IN (SELECT value FROM json_each(?))",
        (runner, listed),
    )
    row = connection.execute(f"SELECT {MESSAGE} FROM message WHERE id = ?", (message,)).fetchone()
    rows = connection.execute(
        f"SELECT {RECIPIENT} FROM recipient WHERE id IN (SELECT value FROM json_each(?))"
        " ORDER BY id",
        (listed,),
    )
    return Claim(message_from(row), destination, tuple(map(recipient_from, rows)))


def give_back(
    database: Database, runner: str, recipients: Iterable[int], not_before: float
) -> None:
    """Unclaim recipients that were not tried; they are due again at `not_before`."""
    ids = json.dumps(list(recipients))

    def work(connection: Connection) -> None:
        connection.execute(
            "UPDATE recipient SET claimed_by = NULL, next_attempt = max(next_attempt, ?)"
            " WHERE claimed_by = ? AND id IN (SELECT value FROM json_each(?))",
            (not_before, runner, ids),
        )

    database.write_soft(work)


def next_due(database: Database) -> float | None:
    """When the next recipient is due, or None where nothing waits."""

    def work(connection: Connection) -> float | None:
        row = connection.execute(
            f"SELECT next_attempt FROM recipient WHERE {_FREE} ORDER BY next_attempt LIMIT 1"
        ).fetchone()
        return float(row[0]) if row else None

    return database.read(work)


def mend_clock(database: Database, now: float) -> int:
    """Make due what is to wait longer than anything ever waits: the clock was set back since.
    How many recipients that were."""
    horizon = now + LONGEST_PAUSE
    query = f"SELECT 1 FROM recipient WHERE {_FREE} AND next_attempt > ? LIMIT 1"
    if not database.read(lambda connection: connection.execute(query, (horizon,)).fetchone()):
        return 0

    def work(connection: Connection) -> int:
        return connection.execute(
            f"UPDATE recipient SET next_attempt = ? WHERE {_FREE} AND next_attempt > ?",
            (now, horizon),
        ).rowcount

    return database.write_soft(work)

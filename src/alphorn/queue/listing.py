"""What the operator sees of the queue, and what he does with it."""

# ruff: noqa: S608 - only constants of this room are put together; values are bound

from collections.abc import Sequence
from dataclasses import dataclass

from alphorn.base.errors import NotFound
from alphorn.message.envelope import OriginKind
from alphorn.queue.claims import HORIZON
from alphorn.queue.database import Connection, Database
from alphorn.queue.rows import MESSAGE, message_from
from alphorn.queue.settling import drop_if_empty
from alphorn.queue.values import QueuedMessage, Reply, State

MAX_LISTED = 10_000


@dataclass(frozen=True, slots=True)
class Recipient:
    """`claimed`: it is being tried right now. `last` is what the last attempt came to, or None."""

    address: str
    state: State
    held: bool
    claimed: bool
    attempts: int
    next_attempt: float
    attempted: float | None
    last: Reply | None


@dataclass(frozen=True, slots=True)
class Listed:
    """A message in the queue with those of its recipients who still are."""

    message: QueuedMessage
    recipients: tuple[Recipient, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which messages: those to which all that is given applies; no word given applies to all.

    `address` is the sender's or a recipient's, or its domain; `name` the queue's name; `since` is
    the earliest time it came, `kind` why it is here.
    """

    name: str = ""
    address: str = ""
    held: bool | None = None
    account_id: int | None = None
    since: float | None = None
    kind: OriginKind | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """The queue in figures. `oldest` is when the oldest message came, None in an empty queue;
    `overdue` recipients should have been tried a minute ago; `runners` work on the queue now."""

    messages: int
    waiting: int
    held: int
    claimed: int
    deferred: int
    overdue: int
    octets: int
    oldest: float | None
    runners: int = 0


def listed(database: Database, which: Filter, limit: int = MAX_LISTED) -> list[Listed]:
    """The messages, oldest first."""

    def work(connection: Connection) -> list[Listed]:
        condition, values = _condition(which)
        rows = connection.execute(
            f"SELECT {MESSAGE} FROM message WHERE {condition} ORDER BY id LIMIT ?",
            (*values, limit),
        ).fetchall()
        messages = map(message_from, rows)
        return [Listed(message, _recipients(connection, message.id)) for message in messages]

    return database.read(work)


def show(database: Database, name: str) -> Listed:
    """One message. Raises NotFound."""
    found = listed(database, Filter(name=name))
    if not found:
        raise NotFound(f"There is no message {name} in the queue.", code="no-such-message")
    return found[0]


def hold(database: Database, which: Filter) -> int:
    """Try these no more until they are released; how many recipients. An attempt that is being
    made goes on."""
    return _act(database, "UPDATE recipient SET held = 1 WHERE state = 0 AND held = 0", which)


def release(database: Database, which: Filter) -> int:
    """Let held recipients go on as if nothing had been; how many."""
    return _act(database, "UPDATE recipient SET held = 0 WHERE held = 1", which)


def retry(database: Database, which: Filter) -> int:
    """Try these now, before all others; how many recipients. Held ones stay held."""
    return _act(
        database,
        "UPDATE recipient SET next_attempt = 0, urgent = 1 WHERE state = 0 AND held = 0",
        which,
    )


def remove(database: Database, which: Filter) -> int:
    """Forget these, without telling anybody; how many recipients."""

    def work(connection: Connection) -> int:
        condition, values = _condition(which)
        ids = connection.execute(f"SELECT id FROM message WHERE {condition}", values).fetchall()
        count = 0
        for id in ids:
            count += connection.execute("DELETE FROM recipient WHERE message = ?", id).rowcount
            drop_if_empty(connection, id[0])
        return count

    return database.write(work)


def health(database: Database, now: float, ticks: float) -> Health:
    """`ticks` is the machine's monotonic clock, by which runners are known to be alive."""

    def work(connection: Connection) -> Health:
        messages, octets, oldest = connection.execute(
            "SELECT count(*), coalesce(sum(size), 0), min(created) FROM message"
        ).fetchone()
        waiting, held, claimed, deferred, overdue = connection.execute(
            "SELECT count(*), coalesce(sum(held), 0), count(claimed_by),"
            " coalesce(sum(attempts > 0), 0),"
            " coalesce(sum(held = 0 AND claimed_by IS NULL AND next_attempt < ?), 0)"
            " FROM recipient WHERE state = 0",
            (now - 60,),
        ).fetchone()
        (runners,) = connection.execute(
            "SELECT count(*) FROM runner WHERE until BETWEEN ? AND ?", (ticks, ticks + HORIZON)
        ).fetchone()
        return Health(messages, waiting, held, claimed, deferred, overdue, octets, oldest, runners)

    return database.read(work)


def _condition(which: Filter) -> tuple[str, Sequence[str | float]]:
    parts = ["1"]
    values: list[str | float] = []
    if which.name:
        parts.append("name = ?")
        values.append(which.name.lower())
    if which.account_id is not None:
        parts.append("account = ?")
        values.append(which.account_id)
    if which.since is not None:
        parts.append("created >= ?")
        values.append(which.since)
    if which.kind is not None:
        parts.append("kind = ?")
        values.append(which.kind.value)
    if which.held is not None:
        parts.append("id IN (SELECT message FROM recipient WHERE held = ?)")
        values.append(which.held)
    if which.address:
        word = which.address.lower()
        like = _escaped(word) if "@" in word else "%@" + _escaped(word)
        parts.append(
            "(lower(sender) LIKE ? ESCAPE '\\' OR id IN"
            " (SELECT message FROM recipient WHERE lower(address) LIKE ? ESCAPE '\\'))"
        )
        values += [like, like]
    return " AND ".join(parts), values


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _act(database: Database, statement: str, which: Filter) -> int:
    condition, values = _condition(which)

    def work(connection: Connection) -> int:
        return connection.execute(
            f"{statement} AND message IN (SELECT id FROM message WHERE {condition})", values
        ).rowcount

    return database.write(work)


def _recipients(connection: Connection, message: int) -> tuple[Recipient, ...]:
    rows = connection.execute(
        "SELECT address, state, held, claimed_by IS NOT NULL, attempts, next_attempt, attempted,"
        " code, enhanced, text, host FROM recipient WHERE message = ? ORDER BY id",
        (message,),
    )
    return tuple(
        Recipient(
            address=row[0],
            state=State(row[1]),
            held=bool(row[2]),
            claimed=bool(row[3]),
            attempts=row[4],
            next_attempt=row[5],
            attempted=row[6],
            last=Reply(*row[7:]) if row[7] else None,
        )
        for row in rows
    )

"""How accounts have been sending and logging in: what sudden changes are told by.

One file for all processes, beside the control plane; it may lose its last moments with the power,
and where it is lost altogether every account begins anew, with the limits of a new one. Nothing in
it says to whom anybody wrote: addresses are kept as 64-bit hashes. Rows of an account are bounded,
the oldest make room.

    correspondent   whom it wrote to, since when     MAX_CORRESPONDENTS an account
    place           networks it logged in from       MAX_PLACES
    country         countries it logged in from      MAX_COUNTRIES
    mark            of the last hour, by kind        MAX_MARKS of each
    hour            what an hour came to             KEEP_HOURS
    outcome         delivered and bounced            one
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

from alphorn.base.behaviour import History
from alphorn.base.country import Country
from alphorn.store.side_file import SideFile

VERSION = 2
WHAT = "The file of how accounts behave"
BUSY_SECONDS = 1.0
HOUR = 3600
DAY = 86400
KEEP_HOURS = 30 * 24
KEEP_DAYS = 400
"""Days after which whom it wrote to, and where it logged in from, is forgotten."""
MAX_CORRESPONDENTS = 5000
MAX_PLACES = 200
MAX_COUNTRIES = 300
MAX_MARKS = 1000
WINDOW = 100
"""Recipients settled, of which the share that bounced is told: older ones fade."""
HALF_LIFE = 86400.0
PORTION = 5000
SPAM = "spam"
REFUSED = "refused"

_COUNTRY = """CREATE TABLE country (
        account INTEGER NOT NULL,
        name TEXT NOT NULL,
        names TEXT NOT NULL,
        since REAL NOT NULL,
        last REAL NOT NULL,
        PRIMARY KEY (account, name)
    ) WITHOUT ROWID"""
TABLES = (
    """CREATE TABLE correspondent (
        account INTEGER NOT NULL,
        name INTEGER NOT NULL,
        since REAL NOT NULL,
        last REAL NOT NULL,
        PRIMARY KEY (account, name)
    ) WITHOUT ROWID""",
    "CREATE INDEX correspondent_since ON correspondent (account, since)",
    """CREATE TABLE place (
        account INTEGER NOT NULL,
        name TEXT NOT NULL,
        since REAL NOT NULL,
        last REAL NOT NULL,
        PRIMARY KEY (account, name)
    ) WITHOUT ROWID""",
    """CREATE TABLE mark (
        account INTEGER NOT NULL,
        kind TEXT NOT NULL,
        name INTEGER NOT NULL,
        at REAL NOT NULL,
        PRIMARY KEY (account, kind, name)
    ) WITHOUT ROWID""",
    """CREATE TABLE hour (
        account INTEGER NOT NULL,
        hour INTEGER NOT NULL,
        strangers INTEGER NOT NULL DEFAULT 0,
        spam INTEGER NOT NULL DEFAULT 0,
        slowed INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (account, hour)
    ) WITHOUT ROWID""",
    """CREATE TABLE outcome (
        account INTEGER NOT NULL PRIMARY KEY,
        settled REAL NOT NULL,
        bounced REAL NOT NULL,
        at REAL NOT NULL
    )""",
    _COUNTRY,
)


def key_of(*parts: bytes) -> int:
    """What a thing is known by here: the same for the same octets."""
    digest = blake2b(digest_size=8)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return int.from_bytes(digest.digest(), "big", signed=True)


class Behaviours:
    """The file, opened at its first use. Callable from any thread; methods raise Unavailable.

    Times are seconds UTC.
    """

    def __init__(self, path: Path) -> None:
        upgrades = {1: _add_countries}
        self._file = SideFile(path, TABLES, VERSION, WHAT, BUSY_SECONDS, upgrades)

    def asked(
        self, account_id: int, recipients: Iterable[str], spam: int | None, *, now: float
    ) -> History:
        """The account wants to send a message to these, whether it may or not; `spam` is the
        message's key where it looks like spam. How the account stands then."""
        names = {key_of(address.lower().encode("utf-8", "replace")) for address in recipients}
        with self._file.transaction() as connection:
            before = connection.total_changes
            connection.executemany(
                "INSERT OR IGNORE INTO correspondent (account, name, since, last)"
                " VALUES (?, ?, ?, ?)",
                [(account_id, name, now, now) for name in names],
            )
            new = connection.total_changes - before
            connection.executemany(
                "UPDATE correspondent SET last = ? WHERE account = ? AND name = ? AND last < ?",
                [(now, account_id, name, now - HOUR) for name in names],
            )
            if new:
                _bound(connection, "correspondent", account_id, MAX_CORRESPONDENTS)
            marked = spam is not None and _mark(connection, account_id, SPAM, spam, now)
            if new or marked:
                _count(connection, account_id, now, new, int(marked), 0)
            return _history(connection, account_id, now)

    def refused(self, account_id: int, address: str, *, now: float) -> None:
        """The account wrote to an address of ours that does not exist."""
        name = key_of(address.lower().encode("utf-8", "replace"))
        with self._file.transaction() as connection:
            _mark(connection, account_id, REFUSED, name, now)

    def logged_in(
        self, account_id: int, place: str, country: Country | None = None, *, now: float
    ) -> None:
        """Somebody logged in from this network, in this country where that is known, and with the
        right password."""
        with self._file.transaction() as connection:
            connection.execute(
                "INSERT INTO place (account, name, since, last) VALUES (?1, ?2, ?3, ?3)"
                " ON CONFLICT (account, name) DO UPDATE SET last = max(last, ?3)",
                (account_id, place, now),
            )
            _bound(connection, "place", account_id, MAX_PLACES)
            if country is not None:
                names = json.dumps(dict(country.names), ensure_ascii=False)
                connection.execute(
                    "INSERT INTO country (account, name, names, since, last)"
                    " VALUES (?1, ?2, ?3, ?4, ?4) ON CONFLICT (account, name)"
                    " DO UPDATE SET names = ?3, last = max(last, ?4)",
                    (account_id, country.code, names, now),
                )
                _bound(connection, "country", account_id, MAX_COUNTRIES)

    def countries(self, account_id: int) -> list[tuple[Country, float]]:
        """Where it was logged in to from, and when last; the latest first."""
        rows = self._file.rows(
            "SELECT name, names, last FROM country WHERE account = ? ORDER BY last DESC, name",
            (account_id,),
        )
        return [(Country(name, json.loads(names)), last) for name, names, last in rows]

    def settled(self, account_id: int, settled: int, bounced: int, *, now: float) -> None:
        """So many more recipients are done with (one at least), so many of them bounced for good.

        Each makes those before it count a hundredth less, so that their weights come to WINDOW."""
        with self._file.transaction() as connection:
            before = _outcome(connection, account_id, now)
            rest = (1 - 1 / WINDOW) ** settled
            added = WINDOW * (1 - rest)
            connection.execute(
                "INSERT OR REPLACE INTO outcome (account, settled, bounced, at)"
                " VALUES (?, ?, ?, ?)",
                (
                    account_id,
                    before[0] * rest + added,
                    before[1] * rest + added * bounced / settled,
                    now,
                ),
            )

    def slowed(self, account_id: int, *, now: float) -> None:
        """In this hour the account is slowed down."""
        with self._file.transaction() as connection:
            _count(connection, account_id, now, 0, 0, 1)

    def history(self, account_id: int, *, now: float) -> History:
        with self._file.transaction(write=False) as connection:
            return _history(connection, account_id, now)

    def forgive(self, account_id: int) -> None:
        """What was held against the account is forgotten; whom it knows is not."""
        with self._file.transaction() as connection:
            for table in ("correspondent", "place", "country"):
                connection.execute(
                    f"UPDATE {table} SET since = 0 WHERE account = ?",  # noqa: S608
                    (account_id,),
                )
            for table in ("mark", "outcome", "hour"):
                connection.execute(
                    f"DELETE FROM {table} WHERE account = ?",  # noqa: S608
                    (account_id,),
                )

    def purge(self, now: float) -> int:
        """Remove what is too old to say anything, in portions; how many rows."""
        removed = 0
        for statement, before in (
            ("DELETE FROM mark WHERE (account, kind, name) IN"
             " (SELECT account, kind, name FROM mark WHERE at < ? LIMIT ?)", now - HOUR),
            ("DELETE FROM hour WHERE (account, hour) IN"
             " (SELECT account, hour FROM hour WHERE hour < ? LIMIT ?)",
             now // HOUR - KEEP_HOURS),
            ("DELETE FROM correspondent WHERE (account, name) IN"
             " (SELECT account, name FROM correspondent WHERE last < ? LIMIT ?)",
             now - KEEP_DAYS * DAY),
            ("DELETE FROM place WHERE (account, name) IN"
             " (SELECT account, name FROM place WHERE last < ? LIMIT ?)", now - KEEP_DAYS * DAY),
            ("DELETE FROM country WHERE (account, name) IN"
             " (SELECT account, name FROM country WHERE last < ? LIMIT ?)", now - KEEP_DAYS * DAY),
            ("DELETE FROM outcome WHERE account IN"
             " (SELECT account FROM outcome WHERE at < ? LIMIT ?)", now - 30 * DAY),
        ):  # fmt: skip
            gone = PORTION
            while gone == PORTION:
                gone = self._file.change(statement, (before, PORTION))
                removed += gone
        return removed

    def close(self) -> None:
        self._file.close()


def _add_countries(connection: sqlite3.Connection) -> None:
    connection.execute(_COUNTRY)


def _bound(connection: sqlite3.Connection, table: str, account_id: int, most: int) -> None:
    """The least lately used of too many rows go."""
    (count,) = connection.execute(
        f"SELECT count(*) FROM {table} WHERE account = ?",  # noqa: S608
        (account_id,),
    ).fetchone()
    if count > most:
        connection.execute(
            f"DELETE FROM {table} WHERE account = ?1 AND name IN"  # noqa: S608
            f" (SELECT name FROM {table} WHERE account = ?1 ORDER BY last LIMIT ?2)",
            (account_id, count - most),
        )


def _mark(connection: sqlite3.Connection, account_id: int, kind: str, name: int, now: float) -> int:
    """Whether the thing is new within the hour: the same one counts once, however often."""
    connection.execute(
        "DELETE FROM mark WHERE account = ? AND kind = ? AND (at < ? OR at > ?)",
        (account_id, kind, now - HOUR, now + HOUR),
    )
    (count,) = connection.execute(
        "SELECT count(*) FROM mark WHERE account = ? AND kind = ?", (account_id, kind)
    ).fetchone()
    if count >= MAX_MARKS:
        return False
    return connection.execute(
        "INSERT OR IGNORE INTO mark (account, kind, name, at) VALUES (?, ?, ?, ?)",
        (account_id, kind, name, now),
    ).rowcount


def _count(
    connection: sqlite3.Connection,
    account_id: int,
    now: float,
    strangers: int,
    spam: int,
    slowed: int,
) -> None:
    connection.execute(
        "INSERT INTO hour (account, hour, strangers, spam, slowed) VALUES (?1, ?2, ?3, ?4, ?5)"
        " ON CONFLICT (account, hour) DO UPDATE SET strangers = strangers + ?3, spam = spam + ?4,"
        " slowed = max(slowed, ?5)",
        (account_id, int(now // HOUR), strangers, spam, slowed),
    )


def _outcome(connection: sqlite3.Connection, account_id: int, now: float) -> Sequence[float]:
    """Settled and bounced, as they weigh now."""
    row = connection.execute(
        "SELECT settled, bounced, at FROM outcome WHERE account = ?", (account_id,)
    ).fetchone()
    if row is None:
        return (0.0, 0.0)
    settled, bounced, at = row
    rest = 0.5 ** (max(0.0, now - at) / HALF_LIFE)
    return (settled * rest, bounced * rest)


def _history(connection: sqlite3.Connection, account_id: int, now: float) -> History:
    hour = int(now // HOUR)
    values = {
        "account": account_id,
        "from": now - HOUR,
        "to": now + HOUR,
        "hour": hour,
        "day": hour - 23,
        "first": hour - KEEP_HOURS,
    }
    counts = connection.execute(
        "SELECT (SELECT count(*) FROM correspondent"
        "  WHERE account = :account AND since > :from AND since < :to),"
        " (SELECT count(*) FROM place WHERE account = :account AND since > :from AND since < :to),"
        " (SELECT count(*) FROM mark"
        "  WHERE account = :account AND kind = 'spam' AND at > :from AND at < :to),"
        " (SELECT count(*) FROM mark"
        "  WHERE account = :account AND kind = 'refused' AND at > :from AND at < :to),"
        " (SELECT count(*) FROM hour"
        "  WHERE account = :account AND hour BETWEEN :day AND :hour AND slowed = 1),"
        " EXISTS (SELECT 1 FROM country"
        "  WHERE account = :account AND since > :from AND since < :to)",
        values,
    ).fetchone()
    countries = _new_countries(connection, values) if counts[5] else ()
    usual = connection.execute(
        "SELECT coalesce(max(strangers), 0), coalesce(max(spam), 0) FROM hour"
        " WHERE account = :account AND hour >= :first AND hour < :day AND slowed = 0",
        values,
    ).fetchone()
    settled, bounced = _outcome(connection, account_id, now)
    return History(
        strangers=counts[0],
        usual_strangers=usual[0],
        networks=counts[1],
        countries=countries,
        spam=counts[2],
        usual_spam=usual[1],
        refused=counts[3],
        settled=settled,
        bounced=bounced,
        slow_hours=counts[4],
    )


def _new_countries(
    connection: sqlite3.Connection, values: Mapping[str, float]
) -> tuple[Country, ...]:
    rows = connection.execute(
        "SELECT name, names FROM country WHERE account = :account AND since > :from"
        " AND since < :to ORDER BY since, name",
        values,
    )
    return tuple(Country(name, json.loads(names)) for name, names in rows)

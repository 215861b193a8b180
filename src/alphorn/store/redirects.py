"""What redirection has to remember: true senders that do not fit into a rewritten address, and
targets that refuse.

A side file: with the power it may lose its last moments, and with them the way back of a report.
Callable from any thread; methods raise Unavailable.
"""

from dataclasses import dataclass
from pathlib import Path

from alphorn.message.srs import MAX_DAYS
from alphorn.store.side_file import SideFile
from alphorn.store.text import storable

VERSION = 1
WHAT = "The file of redirected mail"
BUSY_SECONDS = 2.0
DAY = 86400
KEEP_SENDERS = (MAX_DAYS + 2) * DAY
KEEP_REFUSALS = 30 * DAY
"""A target that has not refused for so long begins anew."""
MAX_SENDERS = 1_000_000
MAX_REFUSALS = 100_000
TABLES = (
    """CREATE TABLE sender (
        token TEXT NOT NULL PRIMARY KEY,
        address TEXT NOT NULL,
        at REAL NOT NULL
    ) WITHOUT ROWID""",
    "CREATE INDEX sender_at ON sender (at)",
    """CREATE TABLE refusal (
        domain TEXT NOT NULL,
        target TEXT NOT NULL,
        times INTEGER NOT NULL,
        days INTEGER NOT NULL,
        last REAL NOT NULL,
        PRIMARY KEY (domain, target)
    ) WITHOUT ROWID""",
    "CREATE INDEX refusal_last ON refusal (last)",
)


@dataclass(frozen=True, slots=True)
class Refusals:
    """How often a target refused in a row, and on how many days."""

    times: int
    days: int


class Redirects:
    """Opened at the first use."""

    def __init__(self, path: Path) -> None:
        self._file = SideFile(path, TABLES, VERSION, WHAT, BUSY_SECONDS)

    # -- true senders --

    def keep(self, token: str, sender: str, *, now: float) -> None:
        """Remember the sender for `KEEP_SENDERS` from now; again costs a read only, once a day a
        write."""
        known = "SELECT 1 FROM sender WHERE token = ? AND at > ?"
        if not self._file.rows(known, (token, now - DAY)):
            self._file.change(
                "INSERT OR REPLACE INTO sender (token, address, at) VALUES (?, ?, ?)",
                (token, storable(sender), now),
            )

    def kept(self, token: str) -> str:
        """The sender, "" where none is kept under the token."""
        rows = self._file.rows("SELECT address FROM sender WHERE token = ?", (token,))
        return str(rows[0][0]) if rows else ""

    # -- targets --

    def refused(self, domain: str, target: str, *, now: float) -> Refusals:
        """The target (in lower case) has refused mail of this domain for good: how often now."""
        values = domain, target, now, now - KEEP_REFUSALS, DAY
        ((times, days),) = self._file.rows(_REFUSED, values)
        return Refusals(times, days)

    def taken(self, domain: str, target: str) -> None:
        """The target took mail: what it refused before is forgotten."""
        key = domain, target
        # Seldom; no write otherwise.
        if self._file.rows("SELECT 1 FROM refusal WHERE domain = ? AND target = ?", key):
            self._file.change("DELETE FROM refusal WHERE domain = ? AND target = ?", key)

    # -- the file --

    def purge(self, now: float) -> None:
        """Forget what is too old, and the oldest of what is too much."""
        for table, column, kept, most in (
            ("sender", "at", KEEP_SENDERS, MAX_SENDERS),
            ("refusal", "last", KEEP_REFUSALS, MAX_REFUSALS),
        ):
            self._file.change(
                f"DELETE FROM {table} WHERE {column} < ?",  # noqa: S608 - constants
                (now - kept,),
            )
            ((count,),) = self._file.rows(f"SELECT COUNT(*) FROM {table}")  # noqa: S608
            if count > most:
                self._file.change(
                    f"DELETE FROM {table} WHERE {column} <= (SELECT {column} FROM {table}"  # noqa: S608
                    f" ORDER BY {column} LIMIT 1 OFFSET ?)",
                    (count - most - 1,),
                )

    def close(self) -> None:
        self._file.close()


_REFUSED = """
    INSERT INTO refusal (domain, target, times, days, last) VALUES (?1, ?2, 1, 1, ?3)
    ON CONFLICT (domain, target) DO UPDATE SET
        times = CASE WHEN last < ?4 THEN 1 ELSE times + 1 END,
        days = CASE WHEN last < ?4 THEN 1
                    ELSE days + (CAST(?3 / ?5 AS INTEGER) > CAST(last / ?5 AS INTEGER)) END,
        last = max(last, ?3)
    RETURNING times, days"""

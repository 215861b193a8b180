"""What accounts teach the installation, until it is in the model: who taught what, and what waits.

One account must not decide what is spam for the others. So an account teaches so much a day and
has so much of a share in all that was learned, and a token counts only from the moment when a
second account, of another organization where there are several, has taught the same of it (or when
the model knows it already so). A lesson of which fewer than AGREED of the tokens count is not
counted at all, so that totals follow the tokens.

Lessons that count wait here with their tokens; whoever comes past writes them into the model
(`merge`), each once: the model remembers how far it has them. The file is a side file: it may lose
its last moments with the power, and the model then lacks a few lessons.
"""

import secrets
import sqlite3
from array import array
from collections.abc import Iterable, Sequence
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from alphorn.spam.table import Table
from alphorn.store.learning import signed
from alphorn.store.side_file import SideFile
from alphorn.store.spam_model import Place, SpamModel

VERSION = 1
WHAT = "The file of lessons about spam"
TABLES = (
    """CREATE TABLE origin (
        id BLOB NOT NULL
    )""",
    """CREATE TABLE lesson (
        account INTEGER NOT NULL,
        message INTEGER NOT NULL,
        organization INTEGER NOT NULL,
        spam INTEGER NOT NULL,
        counted INTEGER NOT NULL,
        day INTEGER NOT NULL,
        PRIMARY KEY (account, message)
    ) WITHOUT ROWID""",
    "CREATE INDEX lesson_day ON lesson (day)",
    """CREATE TABLE vote (
        key INTEGER NOT NULL PRIMARY KEY,
        account INTEGER NOT NULL,
        organization INTEGER NOT NULL,
        day INTEGER NOT NULL
    )""",
    "CREATE INDEX vote_day ON vote (day)",
    # AUTOINCREMENT: no number is given twice, or the model would take a new one for known.
    """CREATE TABLE waiting (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        since REAL NOT NULL,
        spam INTEGER NOT NULL,
        times INTEGER NOT NULL,
        keys BLOB NOT NULL
    )""",
)
DAY = 86400
MAX_A_DAY = 20
"""Lessons of each kind that an account may teach the others in a day."""
MAX_SHARE = 0.02
"""Of the model's messages of a kind, what one account may have taught in KEEP_LESSONS days; what it
may teach in a day is always allowed."""
AGREED = 0.5
KEEP_VOTES = 30
KEEP_LESSONS = 90
"""Days."""
MAX_VOTES = 500_000
MAX_WAITING = 5000
MERGE_LESSONS = 50
MERGE_SECONDS = 300.0
"""So many lessons that wait, or so long, and they are written into the model."""
OPERATOR = 0
"""Stands for the operator among the accounts: what he teaches needs nobody's consent."""


class Fate(Enum):
    COUNTED = "counted"
    ALONE = "alone"
    """Nobody else has said so yet."""
    KNOWN = "known"
    LIMIT = "limit"
    """The account has taught enough for today, or too many lessons wait."""


class Status(NamedTuple):
    """`teachers` are accounts that taught something in the time that is remembered."""

    waiting: int
    votes: int
    lessons: int
    teachers: int


class SpamLessons:
    """Opened at the first use; callable from any thread. Methods raise Unavailable."""

    def __init__(self, path: Path, model: SpamModel) -> None:
        self._model = model
        self._file = SideFile(path, TABLES, VERSION, WHAT)

    def teach(
        self,
        account_id: int,
        organization_id: int,
        message: int,
        keys: Sequence[int],
        spam: bool,
        *,
        now: float,
    ) -> Fate:
        """A person says of a message what it is. `message` is a 64-bit integer that the message is
        known by, `keys` are different 32-bit tokens."""
        message = signed(message)
        day = int(now // DAY)
        with self._file.transaction() as connection:
            known = _lesson(connection, account_id, message)
            if known is not None and known[0] == spam:
                return Fate.KNOWN
            if self._too_many(connection, account_id, spam, day):
                return Fate.LIMIT
            if known is not None and known[1]:
                self._wait(connection, known[0], -1, keys, now)
            agreed = keys
            if account_id != OPERATOR:
                agreed = self._agreed(connection, account_id, organization_id, keys, spam, day)
            counts = len(agreed) >= AGREED * len(keys) > 0
            if counts:
                self._wait(connection, spam, 1, agreed, now)
            connection.execute(
                "INSERT OR REPLACE INTO lesson"
                " (account, message, organization, spam, counted, day) VALUES (?, ?, ?, ?, ?, ?)",
                (account_id, message, organization_id, spam, counts, day),
            )
        return Fate.COUNTED if counts else Fate.ALONE

    def take_back(self, account_id: int, message: int, keys: Sequence[int], *, now: float) -> bool:
        """As if the account had not taught this; whether it had."""
        message = signed(message)
        with self._file.transaction() as connection:
            known = _lesson(connection, account_id, message)
            if known is None:
                return False
            if known[1]:
                self._wait(connection, known[0], -1, keys, now)
            connection.execute(
                "DELETE FROM lesson WHERE account = ? AND message = ?", (account_id, message)
            )
        return True

    def due(self, now: float) -> bool:
        """Whether it is time for `merge`."""
        ((count, since),) = self._file.rows("SELECT COUNT(*), MIN(since) FROM waiting")
        return bool(count >= MERGE_LESSONS or (count and now - since >= MERGE_SECONDS))

    def merge(self) -> int:
        """Write what waits into the model; how many lessons. Waits for others who do the same."""
        done = 0
        origin = self._origin()

        def learn(table: Table, place: Place) -> Place | None:
            nonlocal done
            last = place.last if place.origin == origin else 0
            rows = self._file.rows(
                "SELECT id, spam, times, keys FROM waiting WHERE id > ? ORDER BY id", (last,)
            )
            for number, spam, times, keys in rows:
                table.learn(array("I", keys), bool(spam), times)
                last = number
            done = len(rows)
            return Place(origin, last) if rows else None

        self._model.write(learn)
        written = self._model.place()
        if written.origin == origin:
            self._file.change("DELETE FROM waiting WHERE id <= ?", (written.last,))
        return done

    def purge(self, now: float) -> None:
        """Forget what is too old to matter."""
        day = int(now // DAY)
        with self._file.transaction() as connection:
            connection.execute("DELETE FROM vote WHERE day < ?", (day - KEEP_VOTES,))
            connection.execute("DELETE FROM lesson WHERE day < ?", (day - KEEP_LESSONS,))
            (votes,) = connection.execute("SELECT COUNT(*) FROM vote").fetchone()
            if votes > MAX_VOTES:
                connection.execute(
                    "DELETE FROM vote WHERE key IN (SELECT key FROM vote ORDER BY day LIMIT ?)",
                    (votes - MAX_VOTES,),
                )

    def status(self) -> Status:
        (row,) = self._file.rows(
            "SELECT (SELECT COUNT(*) FROM waiting), (SELECT COUNT(*) FROM vote),"
            " (SELECT COUNT(*) FROM lesson),"
            " (SELECT COUNT(DISTINCT account) FROM lesson WHERE account <> ?)",
            (OPERATOR,),
        )
        return Status(*row)

    def close(self) -> None:
        self._file.close()

    # -- inside --

    def _too_many(
        self, connection: sqlite3.Connection, account_id: int, spam: bool, day: int
    ) -> bool:
        if account_id == OPERATOR:
            return False
        today, counted = connection.execute(
            "SELECT COALESCE(SUM(day = ?), 0), COALESCE(SUM(counted), 0) FROM lesson"
            " WHERE account = ? AND spam = ?",
            (day, account_id, spam),
        ).fetchone()
        (waiting,) = connection.execute("SELECT COUNT(*) FROM waiting").fetchone()
        share = MAX_SHARE * self._model.counts().totals()[0 if spam else 1]
        return bool(
            today >= MAX_A_DAY or waiting >= MAX_WAITING or counted >= max(MAX_A_DAY, share)
        )

    def _agreed(
        self,
        connection: sqlite3.Connection,
        account_id: int,
        organization_id: int,
        keys: Sequence[int],
        spam: bool,
        day: int,
    ) -> list[int]:
        """Those of the tokens that others know as the same; the rest is remembered as said by this
        account."""
        side = 0 if spam else 1
        known = self._model.counts().lookup(keys)
        agreed = [key for key, pair in zip(keys, known, strict=True) if pair[side]]
        unknown = [key for key, pair in zip(keys, known, strict=True) if not pair[side]]
        (several,) = connection.execute(
            "SELECT COUNT(DISTINCT organization) > 1 FROM"
            " (SELECT organization FROM lesson WHERE account <> ? UNION SELECT ?)",
            (OPERATOR, organization_id),
        ).fetchone()
        votes = {_vote(key, spam): key for key in unknown}
        found = connection.execute(
            "SELECT key, account, organization FROM vote"
            " WHERE key IN (SELECT value FROM json_each(?))",
            (f"[{','.join(map(str, votes))}]",),
        ).fetchall()
        seconded = [
            number
            for number, account, organization in found
            if account != account_id and not (several and organization == organization_id)
        ]
        agreed += [votes[number] for number in seconded]
        said = {number for number, _, _ in found}
        connection.executemany(
            "INSERT INTO vote (key, account, organization, day) VALUES (?, ?, ?, ?)",
            [(n, account_id, organization_id, day) for n in votes if n not in said],
        )
        # Agreed tokens stay, so that they count for later lessons before the model has them.
        connection.executemany(
            "UPDATE vote SET day = ? WHERE key = ?", [(day, number) for number in seconded]
        )
        return agreed

    def _wait(
        self,
        connection: sqlite3.Connection,
        spam: bool,
        times: int,
        keys: Iterable[int],
        now: float,
    ) -> None:
        connection.execute(
            "INSERT INTO waiting (since, spam, times, keys) VALUES (?, ?, ?, ?)",
            (now, spam, times, array("I", keys).tobytes()),
        )

    def _origin(self) -> bytes:
        """What this file is known by, so that another one's lessons are not taken for its."""
        with self._file.transaction() as connection:
            row = connection.execute("SELECT id FROM origin").fetchone()
            if row is None:
                row = (secrets.token_bytes(16),)
                connection.execute("INSERT INTO origin (id) VALUES (?)", row)
        return bytes(row[0])


def _lesson(
    connection: sqlite3.Connection, account_id: int, message: int
) -> tuple[bool, bool] | None:
    """What the account taught of the message, and whether it counted."""
    row = connection.execute(
        "SELECT spam, counted FROM lesson WHERE account = ? AND message = ?", (account_id, message)
    ).fetchone()
    return None if row is None else (bool(row[0]), bool(row[1]))


def _vote(key: int, spam: bool) -> int:
    """What a token's vote is kept under: one for spam, another for ham."""
    return key << 1 | int(spam)

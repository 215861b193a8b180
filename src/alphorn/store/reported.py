"""Senders and hosts of links that people of the installation reported, and who stood up for them.

Each account has one voice about a name, its last one. What voices amount to is for others to say
(`operations.report`). Voices are forgotten after a time; the file is a side file, which may lose
its last moments with the power.
"""

import mmap
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from alphorn.base.wal_index import HEAD, head_of
from alphorn.store.side_file import SideFile
from alphorn.store.text import storable

VERSION = 1
WHAT = "The file of reported senders and hosts"
TABLES = (
    """CREATE TABLE voice (
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        account INTEGER NOT NULL,
        organization INTEGER NOT NULL,
        good INTEGER NOT NULL,
        at REAL NOT NULL,
        PRIMARY KEY (kind, name, account)
    ) WITHOUT ROWID""",
    "CREATE INDEX voice_at ON voice (at)",
)
DAY = 86400
KEEP_DAYS = 60
MAX_NAME = 320
MAX_ASKED = 200
MAX_VOICES = 500_000


class Kind(Enum):
    SENDER = "sender"
    """An address, or a domain."""
    HOST = "host"


class Name(NamedTuple):
    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Voices:
    """How many accounts reported a name, of how many organizations; how many stood up for it."""

    reporters: int
    organizations: int
    defenders: int
    last: float


class Reported:
    """Opened at the first use; callable from any thread. Methods raise Unavailable."""

    def __init__(self, path: Path) -> None:
        self._file = SideFile(path, TABLES, VERSION, WHAT)
        self._path = path
        self._head: mmap.mmap | None = None
        self._empty_at: bytes | None = None

    def report(
        self, names: Iterable[Name], account_id: int, organization_id: int, *, now: float
    ) -> None:
        """The account says that these are bad."""
        self._speak(names, account_id, organization_id, good=False, now=now)

    def defend(
        self, names: Iterable[Name], account_id: int, organization_id: int, *, now: float
    ) -> int:
        """The account says that these are good; what nobody reported needs no defence. Of how many
        it was noted."""
        reported = self.voices(names, now=now)
        self._speak(reported, account_id, organization_id, good=True, now=now)
        return len(reported)

    def voices(self, names: Iterable[Name], *, now: float) -> Mapping[Name, Voices]:
        """Of those that anybody reported lately, out of the first MAX_ASKED. Where nothing is in
        the file that costs next to nothing."""
        head = self._head  # another thread may close the file
        if head is not None and head[:HEAD] == self._empty_at:
            return {}
        asked = _storable(names)
        if not asked:
            return {}
        found: dict[Name, Voices] = {}
        with self._file.using() as connection:
            if self._is_empty(connection):
                return {}
            for kind in Kind:
                some = [name.name for name in asked if name.kind is kind]
                if not some:
                    continue
                marks = ", ".join("?" * len(some))
                rows = connection.execute(
                    f"{_VOICES} AND name IN ({marks}) GROUP BY name",
                    (kind.value, now - KEEP_DAYS * DAY, *some),
                )
                for name, reporters, organizations, defenders, last in rows:
                    if reporters:
                        voices = Voices(reporters, organizations, defenders, last)
                        found[Name(kind, name)] = voices
        return found

    def listed(self, limit: int, *, now: float) -> Sequence[tuple[Name, Voices]]:
        """What was reported, the latest first."""
        rows = self._file.rows(
            f"SELECT kind, {_SAID} at >= ? GROUP BY kind, name"
            " HAVING SUM(good = 0) > 0 ORDER BY MAX(at) DESC LIMIT ?",
            (now - KEEP_DAYS * DAY, limit),
        )
        return [(Name(Kind(kind), name), Voices(*rest)) for kind, name, *rest in rows]

    def forget(self, name: Name) -> int:
        """As if nobody had ever said anything of it; how many voices there were."""
        return self._file.change(
            "DELETE FROM voice WHERE kind = ? AND name = ?", (name.kind.value, storable(name.name))
        )

    def purge(self, now: float) -> int:
        """Remove voices that are too old to count, and the oldest of too many."""
        removed = self._file.change("DELETE FROM voice WHERE at < ?", (now - KEEP_DAYS * DAY,))
        return removed + self._file.change(
            "DELETE FROM voice WHERE at < (SELECT at FROM voice ORDER BY at DESC LIMIT 1 OFFSET ?)",
            (MAX_VOICES,),
        )

    def close(self) -> None:
        self._head = None
        self._file.close()

    # -- inside --

    def _speak(
        self,
        names: Iterable[Name],
        account_id: int,
        organization_id: int,
        *,
        good: bool,
        now: float,
    ) -> None:
        rows = [
            (name.kind.value, name.name, account_id, organization_id, int(good), now)
            for name in _storable(names)
        ]
        if not rows:
            return
        with self._file.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO voice"
                " (kind, name, account, organization, good, at) VALUES (?, ?, ?, ?, ?, ?)",
                rows,
            )

    def _is_empty(self, connection: sqlite3.Connection) -> bool:
        """And remembered until somebody, of whichever process, has written."""
        self._head = head = head_of(self._path)
        mark = head[:HEAD] if head is not None else None
        (some,) = connection.execute("SELECT EXISTS (SELECT 1 FROM voice)").fetchone()
        self._empty_at = None if some else mark
        return not some


_SAID = (
    "name, SUM(good = 0), COUNT(DISTINCT CASE WHEN good = 0 THEN organization END),"
    " SUM(good <> 0), MAX(at) FROM voice WHERE"
)
_VOICES = f"SELECT {_SAID} kind = ? AND at >= ?"


def _storable(names: Iterable[Name]) -> list[Name]:
    fitting = (name for name in dict.fromkeys(names) if 0 < len(name.name) <= MAX_NAME)
    return [Name(name.kind, storable(name.name)) for name in islice(fitting, MAX_ASKED)]

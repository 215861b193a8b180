"""Reads the control database on a connection of its own, without Django.

SQLite keeps a number for each connection that changes when any other connection, of whichever
process, has committed (`PRAGMA data_version`); reading it costs 3 to 4 µs, and is what makes it
possible to trust a cache without being told of changes. `mark` says for much less that there is
nothing new. An engine for PostgreSQL would answer both from `LISTEN/NOTIFY`.

Not thread-safe: the view holds its lock around each call. Do not carry one across a fork.
"""

import mmap
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from alphorn.base.errors import Unavailable
from alphorn.base.wal_index import HEAD, head_of

BUSY_SECONDS = 0.05
"""In WAL mode readers wait for nobody but a recovery after a crash; the event loop waits too."""

Row = tuple[object, ...]


class Reader:
    """Opens the file at the first call, and again after an error. `opened` counts how often."""

    __slots__ = ("_connection", "_head", "_path", "opened")

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._head: mmap.mmap | None = None
        self.opened = 0

    def mark(self) -> bytes | None:
        """While it is the same as at an earlier call, nobody has committed in between. None where
        that can only be known from `data_version`. Never raises."""
        return self._head[:HEAD] if self._head is not None else None

    def data_version(self) -> int:
        """A number that differs from that of the last call where anybody committed in between.

        Raises Unavailable.
        """
        (row,) = self.rows("PRAGMA data_version")
        return row[0]  # type: ignore[return-value]

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Raises Unavailable("directory")."""
        try:
            connection = self._connection or self._open()
            return connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            self.close()
            raise Unavailable(
                "The directory cannot be read right now; try again later.", code="directory"
            ) from error

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = self._head = None

    def _open(self) -> sqlite3.Connection:
        # mode=rw: a missing file is an error, not an empty database.
        connection = sqlite3.connect(
            f"file:{quote(str(self._path))}?mode=rw",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute("PRAGMA query_only=ON")
        connection.execute("PRAGMA cache_size=-2048")
        connection.execute("PRAGMA data_version").fetchall()  # now the WAL index is there
        self._head = head_of(self._path)
        self._connection = connection
        self.opened += 1
        return connection

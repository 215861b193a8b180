"""What was found of our domains in the DNS when it was last looked at, for all processes.

May be lost: it is found again. Callable from any thread.
"""

from collections.abc import Collection
from pathlib import Path

from alphorn.base.errors import Unavailable
from alphorn.store.side_file import SideFile

VERSION = 1
WHAT = "The file of what was found in the DNS"
BUSY_SECONDS = 0.2
MAX_TEXT = 400
KEEP_SECONDS = 7 * 86400
"""What was found longer ago says nothing any more."""
TABLES = (
    """CREATE TABLE domain (
        name TEXT NOT NULL PRIMARY KEY,
        at REAL NOT NULL,
        fault TEXT NOT NULL
    ) WITHOUT ROWID""",
)


class DomainRecords:
    """The file, opened at its first use."""

    def __init__(self, path: Path) -> None:
        self._file = SideFile(path, TABLES, VERSION, WHAT, BUSY_SECONDS)

    def put(self, domain: str, fault: str, *, now: float) -> None:
        """`fault` says what is wrong with the domain's records, in a sentence for those who send
        mail from it; "" for nothing. Raises Unavailable."""
        self._file.change(
            "INSERT OR REPLACE INTO domain (name, at, fault) VALUES (?, ?, ?)",
            (domain, now, fault[:MAX_TEXT]),
        )

    def fault(self, domain: str) -> str:
        """What is wrong, as it was found last; "" where nothing is, where nobody looked, and where
        the file cannot be read."""
        try:
            rows = self._file.rows("SELECT fault FROM domain WHERE name = ?", (domain.lower(),))
        except Unavailable:
            return ""
        return str(rows[0][0]) if rows else ""

    def looked(self) -> dict[str, float]:
        """When each domain was looked at last. Raises Unavailable."""
        return dict(self._file.rows("SELECT name, at FROM domain"))

    def keep(self, domains: Collection[str], *, now: float) -> None:
        """Forget other domains, and what is too old. Raises Unavailable."""
        for name, at in self.looked().items():
            if name not in domains or at < now - KEEP_SECONDS:
                self._file.change("DELETE FROM domain WHERE name = ?", (name,))

    def close(self) -> None:
        self._file.close()

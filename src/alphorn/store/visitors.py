"""Who wrote to which temporary address, and how many messages it has taken.

An address that is written to by somebody else than whom it was given to has been passed on: the
first sender's domain is taken for whom it was given to. A side file: with the power it may lose its
last moments. Callable from any thread; methods raise Unavailable.
"""

from dataclasses import dataclass
from pathlib import Path

from alphorn.store.side_file import SideFile
from alphorn.store.text import storable

VERSION = 1
WHAT = "The file of who writes to temporary addresses"
BUSY_SECONDS = 2.0
MAX_SENDER = 320
MAX_SENDERS = 200
"""Of an address so many senders are told apart; further messages only count."""
KEEP_SECONDS = 3 * 366 * 86400
TABLES = (
    """CREATE TABLE taken (
        address INTEGER NOT NULL PRIMARY KEY,
        messages INTEGER NOT NULL
    )""",
    """CREATE TABLE visitor (
        address INTEGER NOT NULL,
        sender TEXT NOT NULL,
        messages INTEGER NOT NULL,
        first REAL NOT NULL,
        last REAL NOT NULL,
        PRIMARY KEY (address, sender)
    ) WITHOUT ROWID""",
)


@dataclass(frozen=True, slots=True)
class Visitor:
    """`sender` is an address in lower case, "" for the null sender; times are seconds UTC."""

    sender: str
    messages: int
    first: float
    last: float


class Visitors:
    """Opened at the first use. Addresses are ids of the directory, which never come again."""

    def __init__(self, path: Path) -> None:
        self._file = SideFile(path, TABLES, VERSION, WHAT, BUSY_SECONDS)

    def came(self, address: int, sender: str, *, now: float) -> None:
        """The address took a message of this sender."""
        who = storable(sender[:MAX_SENDER].lower())
        with self._file.transaction() as connection:
            connection.execute(_TAKE, (address,))
            connection.execute(_MEET, (address, who, now, MAX_SENDERS))

    def taken(self, address: int) -> int:
        """How many messages the address has taken."""
        rows = self._file.rows("SELECT messages FROM taken WHERE address = ?", (address,))
        return int(rows[0][0]) if rows else 0

    def of(self, address: int) -> tuple[Visitor, ...]:
        """The senders, the first who wrote first; at most `MAX_SENDERS`."""
        rows = self._file.rows(
            "SELECT sender, messages, first, last FROM visitor WHERE address = ?"
            " ORDER BY first, sender",
            (address,),
        )
        return tuple(Visitor(*row) for row in rows)

    def purge(self, now: float) -> None:
        """Forget senders who have not written for `KEEP_SECONDS`."""
        self._file.change("DELETE FROM visitor WHERE last < ?", (now - KEEP_SECONDS,))

    def close(self) -> None:
        self._file.close()


_TAKE = """
    INSERT INTO taken (address, messages) VALUES (?, 1)
    ON CONFLICT (address) DO UPDATE SET messages = messages + 1"""

_MEET = """
    INSERT INTO visitor (address, sender, messages, first, last)
    SELECT ?1, ?2, 1, ?3, ?3
    WHERE EXISTS (SELECT 1 FROM visitor WHERE address = ?1 AND sender = ?2)
       OR (SELECT COUNT(*) FROM visitor WHERE address = ?1) < ?4
    ON CONFLICT (address, sender) DO UPDATE SET messages = messages + 1, last = ?3"""

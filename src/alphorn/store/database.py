"""What an engine gives this room: transactions over the tables of one account.

The statements of this room are written once, in the subset of SQL that SQLite and PostgreSQL
share, as if the tables held one account and no other. What engines do differently stands in the
engine's own file (`sqlite.py`): connections, waiting, errors, and the two things below for which
SQL has no common words: reading many rows at a time, and a list as a parameter.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from enum import Enum
from typing import Any, Protocol

Row = tuple[Any, ...]


class Kind(Enum):
    """What a column of a long result holds. Only INTEGER and TEXT may be NULL."""

    INTEGER = 0
    TEXT = 1
    BLOB = 2


Columns = tuple[tuple[str, Kind], ...]
"""SQL expressions and what they yield."""


class Cursor(Protocol):
    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...


class Transaction(Protocol):
    """A connection inside a transaction. `?` stands for a parameter."""

    def execute(self, sql: str, parameters: Sequence[object] = ..., /) -> Cursor: ...

    def executemany(self, sql: str, parameters: Iterable[Sequence[object]], /) -> Cursor: ...

    def table(
        self, columns: Columns, source: str, parameters: Sequence[object] = (), /
    ) -> list[Row]:
        """All rows of `SELECT columns source`, ascending by the first column, an integer.

        For results that may be long: quick at any length, and beside busy threads. `columns` and
        `source` are constants or from a bounded set, since statements are kept.
        """

    def listed(self, sql: str) -> str:
        """The SQL with EACH (`id IN EACH`) put in this engine's words: the set of integers that
        `numbers` makes a parameter of, in a column named `value`."""

    def numbers(self, values: Iterable[int]) -> object:
        """The parameter for EACH."""


class Database(Protocol):
    """The tables of one account, for any number of threads."""

    account_id: int

    def reading(self) -> AbstractContextManager[Transaction]:
        """A transaction that sees one moment. Never waits for writers."""

    def glancing(self) -> AbstractContextManager[Transaction]:
        """For one statement: as `reading`, and cheaper."""

    def writing(self) -> AbstractContextManager[Transaction]:
        """The one writing transaction; durable when the block ends, undone when it raises.

        Waits for other writers for a bounded time. Raises Unavailable ("busy", "disk-full",
        "damaged"), and nothing has happened then.
        """

    def packing(self) -> AbstractContextManager[object]:
        """Held while messages are packed, so that the threads of a process do not do it twice."""

    def damage(self) -> Sequence[str]:
        """What the engine itself finds wrong with its tables, in plain words."""

"""Many rows out of SQLite in a single step.

Python's sqlite3 releases the interpreter lock around each row; beside a busy thread a result of
20,000 rows then takes seconds instead of milliseconds, as each row may have to wait for its turn.
Here SQLite puts each column together into one value, and one row comes back. This is also quicker
where nothing else runs.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from operator import itemgetter
from typing import Any

from alphorn.store.database import Columns, Kind, Row


class Connection(sqlite3.Connection):
    """An SQLite connection as `database.Transaction`."""

    def table(
        self, columns: Columns, source: str, parameters: Sequence[object] = (), /
    ) -> list[Row]:
        values = iter(self.execute(_gathered(columns, source), parameters).fetchone())
        found: list[Sequence[Any]] = []
        for _, kind in columns:
            if kind is Kind.BLOB:
                found.append(_cut(json.loads(next(values)), next(values) or b""))
            else:
                found.append(json.loads(next(values)))
        rows = list(zip(*found, strict=True))
        # SQLite scans in the order wanted, but does not promise it for what it puts together.
        if found[0] != sorted(found[0]):
            rows.sort(key=itemgetter(0))
        return rows

    def listed(self, sql: str) -> str:
        return _listed(sql)

    def numbers(self, values: Iterable[int]) -> str:
        return f"[{','.join(map(str, values))}]"


@lru_cache(maxsize=64)
def _listed(sql: str) -> str:
    return sql.replace("EACH", "(SELECT value FROM json_each(?))")


@lru_cache(maxsize=512)
def _gathered(columns: Columns, source: str) -> str:
    """A statement whose one row holds the columns: JSON arrays, and octets end to end after a JSON
    array of their lengths."""
    values = []
    for expression, kind in columns:
        if kind is Kind.BLOB:
            values.append(f"json_group_array(length({expression}))")
            values.append(f"CAST(group_concat({expression}, '') AS BLOB)")
        else:
            values.append(f"json_group_array({expression})")
    return f"SELECT {', '.join(values)} {source}"


def _cut(lengths: list[int], octets: bytes) -> list[bytes]:
    return [octets[a:b] for a, b in pairwise(accumulate(lengths, initial=0))]

"""Making one large segment of several small ones, so that a look-up has few searches to do.

It is done in steps, each a transaction of its own that moves the keys of one field: in between,
readers find each key in one place, and others may write.
"""

import sqlite3

from alphorn.store.trace_file import ADD_SEGMENT, writing

MERGED = 8
"""Segments that are made into one."""


def merge_some(connection: sqlite3.Connection) -> bool:
    """Take one step; whether there was one to take. Holds the file for some tenths of a second.
    Raises sqlite3.Error."""
    with writing(connection):
        found = _merging(connection)
        if found is None:
            return False
        whole, parts = found
        marks = ", ".join("?" * len(parts))
        field = _first_field(connection, parts)
        if field is None:
            connection.execute(f"DELETE FROM segment WHERE id IN ({marks})", parts)  # noqa: S608
            return True
        connection.execute(
            "INSERT INTO lookup (segment, field, key, event) SELECT ?, field, key, event"  # noqa: S608
            f" FROM lookup WHERE segment IN ({marks}) AND field = ? ORDER BY key, event",
            (whole, *parts, field),
        )
        connection.execute(
            f"DELETE FROM lookup WHERE segment IN ({marks}) AND field = ?",  # noqa: S608
            (*parts, field),
        )
    return True


def _first_field(connection: sqlite3.Connection, parts: tuple[int, ...]) -> int | None:
    """The first field that some of them still have keys of."""
    found: list[int] = []
    for part in parts:
        ((field,),) = connection.execute("SELECT min(field) FROM lookup WHERE segment = ?", (part,))
        if field is not None:
            found.append(field)
    return min(found, default=None)


def _merging(connection: sqlite3.Connection) -> tuple[int, tuple[int, ...]] | None:
    """The large segment in the making and those that it is made of; begins one if there are enough
    for it."""
    last = connection.execute(
        "SELECT id, until FROM segment WHERE level = 1 ORDER BY until DESC LIMIT 1"
    ).fetchone()
    if last is not None:
        parts = connection.execute(
            "SELECT id FROM segment WHERE level = 0 AND until <= ?", last[1:]
        ).fetchall()
        if parts:
            return last[0], tuple(part for (part,) in parts)
    small = connection.execute(
        "SELECT id, above, until FROM segment WHERE level = 0 ORDER BY until LIMIT ?", (MERGED,)
    ).fetchall()
    if len(small) < MERGED:
        return None
    whole = connection.execute(ADD_SEGMENT, (small[0][1], small[-1][2], 1)).lastrowid
    assert whole is not None
    return whole, tuple(part for part, *_ in small)

"""Keys that are remembered until a time: messages seen (RFC 7352), people answered (RFC 5230).

A key whose time has come counts as forgotten, whether or not it is still there: it goes with the
next key that comes, or when the account is looked after in the background.
"""

import hashlib
from collections.abc import Sequence

from alphorn.store.api import Remembered
from alphorn.store.database import Database, Transaction
from alphorn.store.errors import beyond
from alphorn.store.limits import FORGOTTEN_SHARE, MAX_PREFIX, MAX_REMEMBERED
from alphorn.store.text import storable

_DIGEST = 16


def remembered(tx: Transaction, key: str, now: int) -> bool:
    row = tx.execute(
        "SELECT 1 FROM remembered WHERE key = ? AND expires > ?", (_stored(key), now)
    ).fetchone()
    return row is not None


def remember(tx: Transaction, keys: Sequence[Remembered], now: int) -> None:
    """Of too many, those whose time comes soonest are forgotten."""
    _forget_past(tx, now)
    tx.executemany(
        "INSERT INTO remembered (key, expires) VALUES (?, ?)"
        " ON CONFLICT (key) DO UPDATE SET expires = excluded.expires",
        [(_stored(each.key), each.expires) for each in keys],
    )
    (count,) = tx.execute("SELECT COUNT(*) FROM remembered").fetchone()
    if count > MAX_REMEMBERED:
        tx.execute(
            "DELETE FROM remembered WHERE key IN"
            " (SELECT key FROM remembered ORDER BY expires, key LIMIT ?)",
            (count - MAX_REMEMBERED + MAX_REMEMBERED // FORGOTTEN_SHARE,),
        )


def recalled(tx: Transaction, prefix: str, now: int, limit: int) -> list[Remembered]:
    prefix = storable(prefix)[:MAX_PREFIX]
    rows = tx.execute(
        "SELECT key, expires FROM remembered WHERE substr(key, 1, ?) = ? AND expires > ?"
        " ORDER BY expires DESC, key LIMIT ?",
        (len(prefix), prefix, now, limit),
    ).fetchall()
    return [Remembered(key, expires) for key, expires in rows]


def forget(tx: Transaction, prefix: str) -> int:
    prefix = storable(prefix)
    if len(prefix) > MAX_PREFIX:
        raise beyond(f"Keys are forgotten by their first {MAX_PREFIX} characters at most.")
    return tx.execute(
        "DELETE FROM remembered WHERE substr(key, 1, ?) = ?", (len(prefix), prefix)
    ).rowcount


def sweep(database: Database, now: int) -> None:
    """Remove what is past, if there is anything; in the background."""
    with database.glancing() as tx:
        row = tx.execute("SELECT 1 FROM remembered WHERE expires <= ? LIMIT 1", (now,)).fetchone()
    if row is not None:
        with database.writing() as tx:
            _forget_past(tx, now)


def _forget_past(tx: Transaction, now: int) -> None:
    tx.execute("DELETE FROM remembered WHERE expires <= ?", (now,))


def _stored(key: str) -> str:
    """The key as it stands in the table. No key is stored as another one: those that are hashed
    are longer than all that are not."""
    key = storable(key)
    if len(key) <= MAX_PREFIX:
        return key
    digest = hashlib.blake2b(key.encode(), digest_size=_DIGEST).hexdigest()
    return key[:MAX_PREFIX] + digest

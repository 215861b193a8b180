"""Names that an account remembers, in books: see `api.Book`.

They stand as text. The same names stand in the account's mail beside them, so that hashing them
would hide nothing, and people can be shown whom the service thinks they know.
"""

from collections.abc import Sequence

from alphorn.store import learning
from alphorn.store.api import Book, Entry
from alphorn.store.database import Transaction
from alphorn.store.limits import FORGOTTEN_SHARE, MAX_NAME_LENGTH, MAX_NOTED
from alphorn.store.text import storable

_AT_A_TIME = 200
_SELECT = "SELECT name, value, last, count FROM noted WHERE book = ?"


def note(tx: Transaction, book: Book, names: Sequence[str], value: str, now: int) -> None:
    wanted = [name for name in map(storable, dict.fromkeys(names)) if _fits(name)]
    if not wanted:
        return
    new = len(wanted) - len(noted(tx, book, wanted))
    tx.executemany(
        "INSERT INTO noted (book, name, value, last, count) VALUES (?, ?, ?, ?, 1)"
        " ON CONFLICT (book, name) DO UPDATE SET value = excluded.value, last = excluded.last,"
        " count = noted.count + 1",
        [(book.value, name, storable(value)[:MAX_NAME_LENGTH], now) for name in wanted],
    )
    if new:
        _more(tx, new - _forget_oldest(tx, book))


def noted(tx: Transaction, book: Book, names: Sequence[str]) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    wanted = [name for name in map(storable, dict.fromkeys(names)) if _fits(name)]
    for at in range(0, len(wanted), _AT_A_TIME):
        some = wanted[at : at + _AT_A_TIME]
        marks = ", ".join("?" * len(some))
        rows = tx.execute(f"{_SELECT} AND name IN ({marks})", (book.value, *some)).fetchall()
        found.update((row[0], Entry(*row)) for row in rows)
    return found


def entries(tx: Transaction, book: Book, limit: int) -> list[Entry]:
    rows = tx.execute(f"{_SELECT} ORDER BY last DESC, name LIMIT ?", (book.value, limit)).fetchall()
    return [Entry(*row) for row in rows]


def strike(tx: Transaction, book: Book, names: Sequence[str]) -> int:
    gone = sum(
        tx.execute(
            "DELETE FROM noted WHERE book = ? AND name = ?", (book.value, storable(name))
        ).rowcount
        for name in dict.fromkeys(names)
    )
    if gone:
        _more(tx, -gone)
    return gone


def _fits(name: str) -> bool:
    return 0 < len(name) <= MAX_NAME_LENGTH


def _more(tx: Transaction, names: int) -> None:
    spam, ham, tokens, judged, before = learning.totals(tx)
    learning.write_totals(tx, (spam, ham, tokens, judged, before + names))


def _forget_oldest(tx: Transaction, book: Book) -> int:
    (count,) = tx.execute("SELECT COUNT(*) FROM noted WHERE book = ?", (book.value,)).fetchone()
    if count <= MAX_NOTED:
        return 0
    return tx.execute(
        "DELETE FROM noted WHERE book = ? AND name IN"
        " (SELECT name FROM noted WHERE book = ? ORDER BY last LIMIT ?)",
        (book.value, book.value, MAX_NOTED // FORGOTTEN_SHARE),
    ).rowcount

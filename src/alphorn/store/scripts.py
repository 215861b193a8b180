"""What an account's owner decides: scripts that he wrote, and documents (see `api.Document`).

Each change gives the rules another number, so that whoever keeps something made of them asks for
the number alone: one row, for a few microseconds.
"""

from alphorn.base import script_names
from alphorn.base.errors import Exists, Refused
from alphorn.store.api import Document, Rules, StoredScript
from alphorn.store.database import Transaction
from alphorn.store.errors import beyond, no_such_script
from alphorn.store.limits import (
    MAX_DOCUMENT_NAME,
    MAX_DOCUMENT_OCTETS,
    MAX_DOCUMENTS,
    MAX_SCRIPT_OCTETS,
    MAX_SCRIPTS,
    MAX_SCRIPTS_OCTETS,
)

_NONE = Rules(0, "", "", "", "")
_IN_FORCE = (Document.FILTERS.value, Document.RESPONDERS.value)


# -- all rules together --


def version(tx: Transaction) -> int:
    row = tx.execute("SELECT current FROM rules WHERE id = 1").fetchone()
    return 0 if row is None else int(row[0])


def rules(tx: Transaction) -> Rules:
    number = version(tx)
    if not number:
        return _NONE
    row = tx.execute("SELECT name, source FROM script WHERE active = 1").fetchone()
    name, source = ("", "") if row is None else row
    filters, responders = (document(tx, each) for each in _IN_FORCE)
    return Rules(number, filters, source, name, responders)


def in_force(tx: Transaction) -> bool:
    """Whether there is a rule that would do something."""
    (number,) = tx.execute(
        "SELECT (SELECT COUNT(*) FROM script WHERE active = 1)"
        " + (SELECT COUNT(*) FROM document WHERE name IN (?, ?))",
        _IN_FORCE,
    ).fetchone()
    return bool(number)


def _change(tx: Transaction, now: int) -> None:
    """The rules are others now. Their number is the time, where that is later than the last one:
    so it is new even in a file that was restored from an old copy."""
    row = tx.execute("SELECT version FROM rules WHERE id = 1").fetchone()
    number = max(now, 1 if row is None else row[0] + 1)
    tx.execute(
        "INSERT INTO rules (id, version, current) VALUES (1, ?, ?) ON CONFLICT (id)"
        " DO UPDATE SET version = excluded.version, current = excluded.current",
        (number, number if in_force(tx) else 0),
    )


# -- scripts --


def scripts(tx: Transaction) -> list[StoredScript]:
    rows = tx.execute("SELECT name, source, active, changed FROM script ORDER BY name").fetchall()
    return [StoredScript(name, source, bool(on), changed) for name, source, on, changed in rows]


def put(tx: Transaction, name: str, source: str, now: int) -> None:
    name = script_names.check(name)
    octets = _octets(source)
    if octets > MAX_SCRIPT_OCTETS:
        raise beyond(f"The script has {octets} octets; it may have {MAX_SCRIPT_OCTETS}.")
    others, sum_of_others = tx.execute(
        "SELECT COUNT(*), COALESCE(SUM(octets), 0) FROM script WHERE name <> ?", (name,)
    ).fetchone()
    if others >= MAX_SCRIPTS:
        raise beyond(f"There are already {MAX_SCRIPTS} scripts.")
    if sum_of_others + octets > MAX_SCRIPTS_OCTETS:
        raise beyond(f"All scripts together may have {MAX_SCRIPTS_OCTETS} octets.")
    tx.execute(
        "INSERT INTO script (name, source, octets, active, changed) VALUES (?, ?, ?, 0, ?)"
        " ON CONFLICT (name) DO UPDATE SET source = excluded.source, octets = excluded.octets,"
        " changed = excluded.changed",
        (name, source, octets, now),
    )
    _change(tx, now)


def rename(tx: Transaction, old: str, new: str, now: int) -> None:
    """It stays as active as it was (RFC 5804 §2.11.1)."""
    old = _find(tx, old)[0]
    new = script_names.check(new)
    if tx.execute("SELECT 1 FROM script WHERE name = ?", (new,)).fetchone() is not None:
        raise Exists(f"There is already a script named {new}.", code="script-exists")
    tx.execute("UPDATE script SET name = ? WHERE name = ?", (new, old))
    _change(tx, now)


def remove(tx: Transaction, name: str, now: int) -> None:
    name, active = _find(tx, name)
    if active:
        text = f"The script {name} is active; activate another one or none before."
        raise Refused(text, code="script-active")
    tx.execute("DELETE FROM script WHERE name = ?", (name,))
    _change(tx, now)


def activate(tx: Transaction, name: str, now: int) -> None:
    """Where it is active already, nothing changes."""
    if name:
        name, active = _find(tx, name)
        if active:
            return
    gone = tx.execute("UPDATE script SET active = 0 WHERE active = 1").rowcount
    if name:
        tx.execute("UPDATE script SET active = 1 WHERE name = ?", (name,))
    if name or gone:
        _change(tx, now)


def _find(tx: Transaction, name: str) -> tuple[str, bool]:
    """The name as it is stored, and whether the script is active."""
    try:
        name = script_names.check(name)
    except Refused as error:
        raise no_such_script(ascii(name[: script_names.MAX_CHARACTERS])) from error
    row = tx.execute("SELECT active FROM script WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise no_such_script(name)
    return name, bool(row[0])


# -- documents --


def document(tx: Transaction, name: str) -> str:
    row = tx.execute("SELECT text FROM document WHERE name = ?", (name,)).fetchone()
    return "" if row is None else row[0]


def put_document(tx: Transaction, name: str, text: str, now: int) -> None:
    """Where it is so already, nothing changes."""
    if not (0 < len(name) <= MAX_DOCUMENT_NAME and name.isascii() and name.isprintable()):
        raise Refused("That is no name of a document.", code="name")
    octets = _octets(text)
    if octets > MAX_DOCUMENT_OCTETS:
        raise beyond(f"The {name} have {octets} octets; they may have {MAX_DOCUMENT_OCTETS}.")
    before = document(tx, name)
    if before == text:
        return
    if not text:
        tx.execute("DELETE FROM document WHERE name = ?", (name,))
    else:
        (count,) = tx.execute("SELECT COUNT(*) FROM document").fetchone()
        if not before and count >= MAX_DOCUMENTS:
            raise beyond(f"There are already {MAX_DOCUMENTS} documents.")
        tx.execute(
            "INSERT INTO document (name, text) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET text = excluded.text",
            (name, text),
        )
    _change(tx, now)


def _octets(text: str) -> int:
    """Of UTF-8. Raises Refused("text") for what no database takes."""
    try:
        octets = text.encode()
    except UnicodeEncodeError as error:
        raise Refused("The text contains half a character.", code="text") from error
    if b"\0" in octets:
        raise Refused("The text contains the character U+0000.", code="text")
    return len(octets)

"""What an account's owner decides: scripts that he wrote, and documents (see `api.Document`).

Each change gives the rules another number, so that whoever keeps something made of them asks for
the number alone: one row, for a few microseconds.
"""

import unicodedata

from alphorn.base.errors import Exists, Refused
from alphorn.store.api import Document, Rules, StoredScript
from alphorn.store.database import Transaction
from alphorn.store.errors import beyond, no_such_script
from alphorn.store.limits import (
    MAX_DOCUMENT_NAME,
    MAX_DOCUMENT_OCTETS,
    MAX_DOCUMENTS,
    MAX_SCRIPT_NAME,
    MAX_SCRIPT_OCTETS,
    MAX_SCRIPTS,
    MAX_SCRIPTS_OCTETS,
)

_NONE = Rules(0, "", "", "", "")
_FORBIDDEN = frozenset(("Cc", "Cs", "Zl", "Zp"))
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


def _change(tx: Transaction) -> None:
    """The rules are others now."""
    tx.execute(
        "INSERT INTO rules (id, version, current) VALUES (1, 1, 1) ON CONFLICT (id)"
        " DO UPDATE SET version = rules.version + 1, current = rules.version + 1"
    )
    if not in_force(tx):
        tx.execute("UPDATE rules SET current = 0")


# -- scripts --


def scripts(tx: Transaction) -> list[StoredScript]:
    rows = tx.execute("SELECT name, source, active, changed FROM script ORDER BY name").fetchall()
    return [StoredScript(name, source, bool(on), changed) for name, source, on, changed in rows]


def put(tx: Transaction, name: str, source: str, now: int) -> None:
    name = checked(name)
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
    _change(tx)


def rename(tx: Transaction, old: str, new: str) -> None:
    """It stays as active as it was (RFC 5804 §2.11.1)."""
    old = _find(tx, old)[0]
    new = checked(new)
    if tx.execute("SELECT 1 FROM script WHERE name = ?", (new,)).fetchone() is not None:
        raise Exists(f"There is already a script named {new}.", code="script-exists")
    tx.execute("UPDATE script SET name = ? WHERE name = ?", (new, old))
    _change(tx)


def remove(tx: Transaction, name: str) -> None:
    name, active = _find(tx, name)
    if active:
        text = f"The script {name} is active; activate another one or none before."
        raise Refused(text, code="script-active")
    tx.execute("DELETE FROM script WHERE name = ?", (name,))
    _change(tx)


def activate(tx: Transaction, name: str) -> None:
    """Where it is active already, nothing changes."""
    if name:
        name, active = _find(tx, name)
        if active:
            return
    gone = tx.execute("UPDATE script SET active = 0 WHERE active = 1").rowcount
    if name:
        tx.execute("UPDATE script SET active = 1 WHERE name = ?", (name,))
    if name or gone:
        _change(tx)


def checked(name: str) -> str:
    """The name as it is stored, normalized (NFC; RFC 5804 §1.6). Raises Refused("name")."""
    if not 0 < len(name) <= MAX_SCRIPT_NAME:
        text = f"The name of a script has between 1 and {MAX_SCRIPT_NAME} characters."
        raise Refused(text, code="name")
    for character in name:
        if unicodedata.category(character) in _FORBIDDEN:
            text = f"The name of the script contains the character U+{ord(character):04X}."
            raise Refused(text, code="name")
    return unicodedata.normalize("NFC", name)


def _find(tx: Transaction, name: str) -> tuple[str, bool]:
    """The name as it is stored, and whether the script is active."""
    try:
        name = checked(name)
    except Refused as error:
        raise no_such_script(ascii(name[:MAX_SCRIPT_NAME])) from error
    row = tx.execute("SELECT active FROM script WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise no_such_script(name)
    return name, bool(row[0])


# -- documents --


def document(tx: Transaction, name: str) -> str:
    row = tx.execute("SELECT text FROM document WHERE name = ?", (name,)).fetchone()
    return "" if row is None else row[0]


def put_document(tx: Transaction, name: str, text: str) -> None:
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
    _change(tx)


def _octets(text: str) -> int:
    """Of UTF-8. Raises Refused("text") for what no database takes."""
    try:
        octets = text.encode()
    except UnicodeEncodeError as error:
        raise Refused("The text contains half a character.", code="text") from error
    if b"\0" in octets:
        raise Refused("The text contains the character U+0000.", code="text")
    return len(octets)

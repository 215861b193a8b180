"""Looking for damage: what the tables say of each other, and each body read once."""

from collections.abc import Iterator

from alphorn.base.errors import Unavailable
from alphorn.store import scripts
from alphorn.store.bodies import Bodies, Part
from alphorn.store.database import Columns, Database, Kind, Transaction
from alphorn.store.packs import Pack
from alphorn.store.prepared import body_hash

_AT_A_TIME = 1000
_CONTENT: Columns = (("id", Kind.INTEGER), ("header_size", Kind.INTEGER), ("hash", Kind.BLOB))
_COUNTERS = """
    SELECT b.name, b.messages, b.octets, b.unseen, b.deleted, b.first_unseen, b.uidnext, b.modseq,
           COUNT(m.uid), COALESCE(SUM(m.size), 0),
           COALESCE(SUM(CASE WHEN (m.flags & 1) = 0 THEN 1 ELSE 0 END), 0),
           COALESCE(SUM(CASE WHEN (m.flags & 8) <> 0 THEN 1 ELSE 0 END), 0),
           COALESCE(MIN(CASE WHEN (m.flags & 1) = 0 THEN m.uid END), 0),
           COALESCE(MAX(m.uid), 0), COALESCE(MAX(m.modseq), 0)
    FROM mailbox b LEFT JOIN message m ON m.mailbox = b.id GROUP BY b.id"""
_COUNTED = ("messages", "octets", "unseen messages", "deleted messages", "first unseen message")
_DANGLING = (
    (
        "messages have no content",
        "FROM message WHERE NOT EXISTS (SELECT 1 FROM content WHERE content.id = message.content)",
    ),
    (
        "messages are in no mailbox",
        "FROM message WHERE NOT EXISTS (SELECT 1 FROM mailbox WHERE mailbox.id = message.mailbox)",
    ),
    (
        "contents have no message",
        "FROM content WHERE NOT EXISTS (SELECT 1 FROM message WHERE message.content = content.id)",
    ),
    (
        "bodies have no content",
        "FROM body WHERE NOT EXISTS (SELECT 1 FROM content WHERE content.id = body.id)",
    ),
    (
        "large bodies have no content",
        "FROM large WHERE NOT EXISTS (SELECT 1 FROM content WHERE content.id = large.id)",
    ),
    (
        "annotations are of no mailbox",
        "FROM annotation WHERE mailbox <> 0"
        " AND NOT EXISTS (SELECT 1 FROM mailbox WHERE mailbox.id = annotation.mailbox)",
    ),
    (
        "contents are of no thread",
        "FROM content WHERE thread NOT IN (SELECT COALESCE(m.thread, k.thread)"
        " FROM thread_key k LEFT JOIN thread_merge m ON m.old = k.thread)",
    ),
)


def check(database: Database) -> Iterator[str]:
    """What is wrong, in plain words."""
    with database.reading() as tx:
        yield from _counters(tx)
        for what, source in _DANGLING:
            (number,) = tx.execute(f"SELECT COUNT(*) {source}").fetchone()
            if number:
                yield f"{number} {what}."
        yield from _packs(tx)
        yield from _rules(tx)
    yield from _bodies(database)


def _counters(tx: Transaction) -> Iterator[str]:
    for name, *values in tx.execute(_COUNTERS).fetchall():
        said, uidnext, modseq = values[:5], values[5], values[6]
        counted, last, newest = values[7:12], values[12], values[13]
        for what, there, here in zip(_COUNTED, said, counted, strict=True):
            if there != here:
                yield f"Mailbox {name}: {what}: {there} are noted, {here} are there."
        if last >= uidnext:
            yield f"Mailbox {name}: UIDNEXT is {uidnext}, but there is a message {last}."
        if newest > modseq:
            yield f"Mailbox {name}: a mod-sequence {newest} is above the highest, {modseq}."


def _packs(tx: Transaction) -> Iterator[str]:
    """Each content is in its pack once, or noted as gone."""
    (packed,) = tx.execute("SELECT packed FROM account").fetchone()
    here = {content for (content,) in tx.execute("SELECT id FROM content").fetchall()}
    gone = {content for (content,) in tx.execute("SELECT content FROM dropped").fetchall()}
    before = 0
    for (number,) in tx.execute("SELECT id FROM pack ORDER BY id").fetchall():
        row = tx.execute(
            "SELECT entries, NULL, NULL, NULL FROM pack WHERE id = ?", (number,)
        ).fetchone()
        contents = [entry.content for entry in Pack(*row).entries]
        if contents != sorted(set(contents)) or not before < contents[0] <= contents[-1] <= number:
            yield f"Pack {number} holds what belongs elsewhere."
        lost = [c for c in contents if c not in here and c not in gone]
        if lost:
            yield f"Pack {number} holds {len(lost)} messages that are not there any more."
        before = number
    if before > packed:
        yield f"Pack {before} is beyond {packed}, up to which messages are packed."


def _rules(tx: Transaction) -> Iterator[str]:
    (active,) = tx.execute("SELECT COUNT(*) FROM script WHERE active = 1").fetchone()
    if active > 1:
        yield f"{active} scripts are active."
    number = scripts.version(tx)
    if (number > 0) != scripts.in_force(tx):
        yield f"The rules have the number {number}, which is not what they are."


def _bodies(database: Database) -> Iterator[str]:
    bodies = Bodies(database)
    last = 0
    while True:
        with database.glancing() as tx:
            rows = tx.table(
                _CONTENT,
                "FROM (SELECT * FROM content WHERE id > ? ORDER BY id LIMIT ?)",
                (last, _AT_A_TIME),
            )
        if not rows:
            return
        for content, header_size, digest in rows:
            last = content
            try:
                raw = bodies.raw(content)
                (header,) = bodies.parts(Part.HEADER, [content])
                (details,) = bodies.parts(Part.DETAILS, [content])
            except Unavailable:
                yield f"Message {content} cannot be read."
                continue
            if raw is None or header is None or details is None:
                if _is_there(database, content):
                    yield f"Message {content} has no body."
            elif body_hash(raw) != digest or raw[:header_size] != header:
                yield f"Message {content} is not what it was when it came."


def _is_there(database: Database, content: int) -> bool:
    """Whether it is still expected; it may have been expunged during the check."""
    with database.glancing() as tx:
        return tx.execute("SELECT 1 FROM content WHERE id = ?", (content,)).fetchone() is not None

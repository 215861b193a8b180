"""A trace file as its first version made it."""

import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from alphorn.base.trace import TraceEvent

_TABLE = """CREATE TABLE event (
    id INTEGER NOT NULL PRIMARY KEY, time REAL NOT NULL, transaction_id TEXT NOT NULL,
    stage TEXT NOT NULL, verdict TEXT NOT NULL, text TEXT NOT NULL, sender TEXT NOT NULL,
    recipient TEXT NOT NULL, message_id TEXT NOT NULL, account_id INTEGER, domain TEXT NOT NULL,
    facts TEXT NOT NULL)"""


def make(path: Path, events: Iterable[TraceEvent]) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(_TABLE)
    connection.execute("CREATE INDEX event_time ON event (time)")
    connection.execute("CREATE INDEX event_sender ON event (sender, time) WHERE sender <> ''")
    connection.execute("PRAGMA user_version = 1")
    connection.executemany(
        "INSERT INTO event VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                event.time, event.transaction, event.stage, event.verdict.value, event.text,
                event.sender, event.recipient, event.message_id, event.account_id, event.domain,
                json.dumps(dict(event.facts)) if event.facts else "",
            )
            for event in events
        ],
    )  # fmt: skip
    connection.commit()
    connection.close()

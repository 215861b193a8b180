"""The head of a database's WAL index: it tells of commits, and is held no longer than the file."""

import os
import sqlite3
from pathlib import Path

from alphorn.base.wal_index import HEAD, head_of


def opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE IF NOT EXISTS one (n)")
    return connection


def test_it_changes_with_each_commit_of_anybody(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    one, two = opened(path), opened(path)
    head = head_of(path)
    assert head is not None
    assert head_of(path) is head
    seen = {head[:HEAD]}
    for connection in (one, two, one):
        connection.execute("INSERT INTO one VALUES (1)")
        seen.add(head[:HEAD])
    assert len(seen) == 4
    one.execute("SELECT * FROM one").fetchall()
    assert head[:HEAD] in seen
    one.close()
    two.close()


def test_of_databases_that_were_closed_nothing_is_held(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for number in range(20):
        path = tmp_path / f"{number}.sqlite"
        connection = opened(path)
        assert head_of(path) is not None
        connection.close()
        assert not Path(f"{path}-shm").exists()
    assert len(os.listdir("/proc/self/fd")) < before + 10


def test_without_a_log_there_is_none(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "plain.sqlite").close()
    assert head_of(tmp_path / "plain.sqlite") is None

import sqlite3
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from alphorn.base.errors import Unavailable
from alphorn.queue import database as module
from alphorn.queue.database import Connection, Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "queue.sqlite")
    yield database
    database.close()


def add(name: str) -> module.Work[None]:
    def work(connection: Connection) -> None:
        connection.execute("INSERT INTO runner (name, until) VALUES (?, 0)", (name,))

    return work


def names(database: Database) -> list[str]:
    return database.read(
        lambda connection: [row[0] for row in connection.execute("SELECT name FROM runner")]
    )


def test_the_file_is_private(tmp_path: Path, database: Database) -> None:
    database.write(add("a"))
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_opening_what_is_there_writes_nothing(tmp_path: Path, database: Database) -> None:
    """So that it succeeds on a full disk, and waits for nobody who writes."""
    database.write(add("a"))
    log = tmp_path / "queue.sqlite-wal"
    before = log.read_bytes()
    other = Database(tmp_path / "queue.sqlite")
    assert names(other) == ["a"]
    assert log.read_bytes() == before
    other.close()


def test_writes_are_durable_and_claims_are_not_waited_for(database: Database) -> None:
    full, normal = 2, 1
    level = "PRAGMA synchronous"
    assert database.write(lambda c: c.execute(level).fetchone()[0]) == full
    assert database.write_soft(lambda c: c.execute(level).fetchone()[0]) == normal


def test_an_error_undoes_the_work(database: Database) -> None:
    def work(connection: Connection) -> None:
        add("a")(connection)
        raise KeyError("a")

    with pytest.raises(KeyError):
        database.write(work)
    assert names(database) == []


def test_waiting_writes_are_committed_together(database: Database) -> None:
    """While one write is being made, others gather, and then share one commit; one that fails
    among them is undone alone."""
    started = threading.Event()
    gathered = threading.Event()
    statements: list[str] = []
    database._durable.connection.set_trace_callback(statements.append)

    def first(connection: Connection) -> None:
        started.set()
        assert gathered.wait(60)
        add("first")(connection)

    def fails(connection: Connection) -> None:
        add("wrong")(connection)
        raise KeyError("wrong")

    errors: list[BaseException] = []

    def write(work: module.Work[None]) -> None:
        try:
            database.write(work)
        except KeyError as error:
            errors.append(error)

    works = [first, *(add(f"n{number}") for number in range(10)), fails]
    threads = [threading.Thread(target=write, args=(work,)) for work in works]
    threads[0].start()
    assert started.wait(60)
    for thread in threads[1:]:
        thread.start()
    while len(database._durable.pending) < 11:
        pass
    gathered.set()
    for thread in threads:
        thread.join()
    assert len(names(database)) == 11
    assert "wrong" not in names(database)
    assert len(errors) == 1
    assert statements.count("COMMIT") == 2


def test_batches_are_bounded(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BATCH", 3)
    threads = [threading.Thread(target=database.write, args=(add(f"n{n}"),)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names(database)) == 20


def test_a_lock_held_too_long_is_busy(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    database._durable.connection.execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(tmp_path / "queue.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable) as caught:
        database.write(add("a"))
    assert caught.value.code == "busy"
    other.execute("ROLLBACK")
    other.close()
    database.write(add("a"))


def test_a_full_disk_is_told_and_passes(database: Database) -> None:
    pages = database.read(lambda c: c.execute("PRAGMA page_count").fetchone()[0])
    connection = database._durable.connection
    connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(Unavailable) as caught:
        database.write(add("x" * 100_000))
    assert caught.value.code == "disk-full"
    connection.execute("PRAGMA max_page_count = 1000000")
    database.write(add("y"))
    assert names(database) == ["y"]


def test_when_everything_was_undone_every_waiting_write_failed(database: Database) -> None:
    """A full disk can make SQLite undo the whole transaction: all of it has failed then."""

    def fails(connection: Connection) -> None:
        connection.execute("ROLLBACK")
        connection.execute(f"PRAGMA max_page_count = {pages}")
        connection.execute("INSERT INTO runner (name, until) VALUES (?, 0)", ("x" * 100_000,))

    pages = database.read(lambda c: c.execute("PRAGMA page_count").fetchone()[0])
    jobs = [module._Job(work) for work in (add("a"), fails, add("b"))]
    module._commit(database._durable.connection, jobs)
    for job in jobs:
        assert isinstance(job.error, sqlite3.Error)
        assert job.error.sqlite_errorcode == sqlite3.SQLITE_FULL
        assert job.done
    assert names(database) == []


def test_what_is_no_database_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite"
    path.write_bytes(b"rubbish" * 1000)
    with pytest.raises(Unavailable) as caught:
        Database(path)
    assert caught.value.code == "damaged"


def test_a_newer_versions_file_is_left_alone(tmp_path: Path, database: Database) -> None:
    database.write(lambda c: c.execute("PRAGMA user_version = 99"))
    with pytest.raises(Unavailable) as caught:
        Database(tmp_path / "queue.sqlite")
    assert caught.value.code == "newer-version"


def test_unused_pages_go_back_to_the_disk(tmp_path: Path, database: Database) -> None:
    database.write(add("x" * 20_000_000))
    database.write(lambda c: c.execute("DELETE FROM runner"))
    while database.trim():
        pass
    database.write(lambda c: None)
    database._durable.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert (tmp_path / "queue.sqlite").stat().st_size < 1_000_000

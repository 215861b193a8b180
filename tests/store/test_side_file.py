"""Side files: one connection for all threads, transactions that are whole, errors for people."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from alphorn.base.errors import Unavailable
from alphorn.store.side_file import SideFile

TABLES = ("CREATE TABLE thing (name TEXT NOT NULL PRIMARY KEY, size INTEGER NOT NULL)",)
PUT = "INSERT INTO thing (name, size) VALUES (?, ?)"
ALL = "SELECT name, size FROM thing ORDER BY name"


def side_file(path: Path, version: int = 1) -> SideFile:
    return SideFile(path, TABLES, version, "The file of things", 0.05)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "things.sqlite"


@pytest.fixture
def things(path: Path) -> Iterator[SideFile]:
    made = side_file(path)
    yield made
    made.close()


def test_it_is_made_at_its_first_use_and_may_be_closed(things: SideFile, path: Path) -> None:
    assert not path.exists()
    things.close()
    assert things.change(PUT, ("a", 1)) == 1
    assert path.stat().st_mode & 0o777 == 0o600
    things.close()
    assert things.rows(ALL) == [("a", 1)]
    assert things.change("UPDATE thing SET size = 2") == 1
    assert things.change("DELETE FROM thing WHERE size = 1") == 0


def test_a_transaction_is_whole(things: SideFile, path: Path) -> None:
    other = side_file(path)
    with things.transaction() as connection:
        connection.execute(PUT, ("a", 1))
        assert other.rows(ALL) == []
        connection.execute(PUT, ("b", 2))
    assert other.rows(ALL) == [("a", 1), ("b", 2)]
    with pytest.raises(ZeroDivisionError), things.transaction() as connection:
        connection.execute(PUT, ("c", 3))
        raise ZeroDivisionError
    assert other.rows(ALL) == [("a", 1), ("b", 2)]
    other.close()


def test_a_look_sees_one_moment(things: SideFile, path: Path) -> None:
    other = side_file(path)
    things.change(PUT, ("a", 1))
    with things.transaction(write=False) as connection:
        before = connection.execute(ALL).fetchall()
        other.change(PUT, ("b", 2))  # and holds nobody up
        assert connection.execute(ALL).fetchall() == before
    assert len(things.rows(ALL)) == 2
    other.close()


def test_who_waits_too_long_is_told(things: SideFile, path: Path) -> None:
    other = side_file(path)
    with things.transaction(), pytest.raises(Unavailable) as failure:
        other.change(PUT, ("a", 1))
    assert failure.value.code == "busy"
    assert "The file of things" in failure.value.text
    assert other.change(PUT, ("a", 1)) == 1
    other.close()


def test_what_is_no_such_file(things: SideFile, path: Path) -> None:
    path.write_bytes(b"x" * 10_000)
    with pytest.raises(Unavailable) as failure:
        things.rows(ALL)
    assert failure.value.code == "damaged"
    path.unlink()
    assert things.rows(ALL) == []
    newer = side_file(path, version=2)
    with pytest.raises(Unavailable):
        newer.rows(ALL)
    beyond = side_file(path / "nowhere")
    with pytest.raises(Unavailable) as failure:
        beyond.rows(ALL)
    assert failure.value.code == "not-writable"
    assert str(path) not in failure.value.text


def test_faults_of_ours_are_not_hidden(things: SideFile) -> None:
    with pytest.raises(sqlite3.OperationalError):
        things.rows("SELECT nothing FROM nowhere")
    with pytest.raises(sqlite3.IntegrityError), things.transaction() as connection:
        connection.execute(PUT, ("a", 1))
        connection.execute(PUT, ("a", 1))
    assert things.rows(ALL) == []


def test_threads_take_turns(things: SideFile) -> None:
    things.change(PUT, ("sum", 0))

    def add() -> None:
        for _ in range(100):
            with things.transaction() as connection:
                (size,) = connection.execute("SELECT size FROM thing").fetchone()
                connection.execute("UPDATE thing SET size = ?", (size + 1,))

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert things.rows(ALL) == [("sum", 400)]

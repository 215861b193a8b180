"""Counts of what has come from networks and domains."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from alphorn.base.door import Tally
from alphorn.base.errors import Unavailable
from alphorn.store.door import PORTION, Door
from alphorn.store.history import FLUSH_NAMES, History, domain_name, network_name

NOW = 1_700_000_000.0
HALF = 1000
GOOD = Tally(good=1)


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    made = Door(tmp_path / "door.sqlite")
    yield made
    made.close()


def test_counts_are_seen_at_once_here_and_after_a_flush_elsewhere(
    door: Door, tmp_path: Path
) -> None:
    here, other = History(door, HALF), Door(tmp_path / "door.sqlite")
    there = History(other, HALF)
    here.note(["a"], GOOD, NOW)  # the first one is written
    for _ in range(3):
        here.note(["a", "b"], GOOD, NOW + 0.5)
    assert [tally.good for tally in here.of(["a", "b", "c"], NOW)] == [4, 3, 0]
    assert [tally.good for tally in there.of(["a", "b"], NOW)] == [1, 0]
    here.flush(NOW + 1)
    assert there.of(["b"], NOW + 1)[0].good == 3
    other.close()


def test_counts_of_processes_add_up_and_fade(door: Door, tmp_path: Path) -> None:
    other = Door(tmp_path / "door.sqlite")
    one, two = History(door, HALF), History(other, HALF)
    one.note(["a"], Tally(spam=4), NOW)
    two.note(["a"], Tally(spam=1, unknown=2), NOW + HALF)
    (tally,) = one.of(["a"], NOW + HALF)
    assert (tally.spam, tally.unknown) == (3, 2)
    other.close()


def test_many_names_are_written_without_waiting(door: Door, tmp_path: Path) -> None:
    history, other = History(door, HALF), Door(tmp_path / "door.sqlite")
    history.note(["first"], GOOD, NOW)
    for n in range(FLUSH_NAMES):
        history.note([f"n{n}"], GOOD, NOW)
    assert History(other, HALF).of(["n0"], NOW)[0].good == 1
    other.close()


def test_a_full_table_still_counts_whom_it_knows(door: Door) -> None:
    history = History(door, HALF, max_rows=1)
    history.note(["known"], GOOD, NOW)
    history.note(["known"], GOOD, NOW)
    history.note(["new"], GOOD, NOW)
    history.flush(NOW)
    assert [tally.good for tally in history.of(["known", "new"], NOW)] == [2, 0]


def test_what_counts_for_nothing_is_purged(door: Door) -> None:
    history = History(door, HALF)
    history.note([f"n{n:05}" for n in range(PORTION + 5)], GOOD, NOW)
    history.note(["often"], Tally(good=1000), NOW)
    history.flush(NOW)
    assert history.purge(NOW + HALF) == 0
    assert history.purge(NOW + 5 * HALF) == PORTION + 5
    assert history.of(["often"], NOW)[0].good == 1000


def test_a_file_that_cannot_be_had_costs_counts_only(tmp_path: Path) -> None:
    history = History(Door(tmp_path / "none" / "door.sqlite"), HALF)
    history.note(["a"], GOOD, NOW)
    with pytest.raises(Unavailable):
        history.of(["a"], NOW)


def test_names_from_outside_are_storable(door: Door) -> None:
    history = History(door, HALF)
    odd = domain_name("\udcff" * 1000)
    history.note([odd], GOOD, NOW)
    history.flush(NOW)
    assert history.of([odd], NOW)[0].good == 1
    assert network_name("example.test") != domain_name("example.test")


def test_a_file_that_is_locked_is_complained_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Strangers come as often as they like, and each is counted."""
    door = Door(tmp_path / "door.sqlite")
    history = History(door, HALF)
    history.note(["first"], GOOD, NOW)
    other = sqlite3.connect(tmp_path / "door.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for n in range(5 * FLUSH_NAMES):
        history.note([f"name {n}"], GOOD, NOW + n / 20)
    assert len(caplog.records) == 1
    other.execute("ROLLBACK")
    other.close()
    door.close()

"""What is known at the door: bounded, shared by processes, and never in the way of mail."""

import itertools
import multiprocessing
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from alphorn.base.door import Sighting
from alphorn.base.errors import Unavailable
from alphorn.store import door as module
from alphorn.store.door import MAX_OF_ORIGIN, PAUSE_SECONDS, PORTION, Door, Sightings
from tests.support.cost import cost, promised

NOW = 1_700_000_000.0
ORIGIN = 1 << 32
FIRST = Sighting(NOW, NOW)
PASSED = Sighting(NOW, NOW, 1)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    made = Door(tmp_path / "door.sqlite")
    yield made
    made.close()


@pytest.fixture
def seen(door: Door) -> Sightings:
    return Sightings(door)


def test_what_is_written_is_read(seen: Sightings) -> None:
    assert seen.read([1, 2]) == {}
    seen.write([(1, FIRST), ((1 << 63) - 1, PASSED)])
    assert seen.read([1, 2, (1 << 63) - 1]) == {1: FIRST, (1 << 63) - 1: PASSED}
    seen.write([(1, PASSED)])
    assert seen.read([1]) == {1: PASSED}
    assert seen.count() == 2


def test_a_full_file_takes_no_more_and_says_so(door: Door) -> None:
    seen = Sightings(door, max_rows=3)
    seen.write([(n * ORIGIN, FIRST) for n in range(3)])
    with pytest.raises(Unavailable) as failure:
        seen.write([(0, PASSED), (9 * ORIGIN, FIRST)])
    assert failure.value.code == "full"
    assert seen.read([0, 9 * ORIGIN]) == {0: FIRST}, "nothing of it was written"
    seen.write([(0, PASSED)])
    assert seen.read([0]) == {0: PASSED}, "whom it knows it still serves, at once"
    assert seen.count() == 3


def test_one_origin_cannot_fill_the_file(seen: Sightings) -> None:
    """Its oldest first tries make room; what got through and others' records stay."""
    seen.write([(7, PASSED), (ORIGIN + 1, FIRST)])
    seen.write([(10 + n, Sighting(NOW + n, NOW + n)) for n in range(MAX_OF_ORIGIN)])
    seen.write([(100_000, Sighting(NOW + 9999, NOW + 9999))])
    assert seen.read([7, 10, 11, 100_000, ORIGIN + 1]).keys() == {7, 11, 100_000, ORIGIN + 1}
    assert seen.count() == MAX_OF_ORIGIN + 2
    waiting = seen.waiting((0, ORIGIN))
    assert len(waiting) == MAX_OF_ORIGIN
    assert waiting[0].since == NOW + 1


def test_purging_goes_through_everything_in_portions(seen: Sightings) -> None:
    rows = 2 * PORTION + 10
    seen.write([(n * ORIGIN, Sighting(NOW + n % 2, NOW + n % 2, n % 3 % 2)) for n in range(rows)])
    waiting = sum(n % 3 % 2 == 0 and n % 2 == 0 for n in range(rows))
    assert seen.purge(NOW + 1, NOW) == waiting
    assert seen.count() == rows - waiting
    assert seen.purge(NOW + 1, NOW) == 0
    passed = sum(n % 3 % 2 == 1 and n % 2 == 0 for n in range(rows))
    assert seen.purge(NOW, NOW + 1) == passed
    assert seen.purge(NOW + 9, NOW + 9) == rows - waiting - passed
    assert seen.count() == 0


def test_an_empty_file_is_purged(seen: Sightings) -> None:
    assert seen.purge(NOW, NOW) == 0


def test_a_locked_file_holds_nobody_up(tmp_path: Path) -> None:
    """Writing fails soon, and for a while nothing is even tried: the next answers come at once."""
    clock = Clock()
    door = Door(tmp_path / "door.sqlite", clock=clock)
    seen = Sightings(door)
    seen.write([(1, FIRST)])
    other = sqlite3.connect(tmp_path / "door.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    begin = time.monotonic()
    with pytest.raises(Unavailable) as failure:
        seen.write([(2, FIRST)])
    assert failure.value.code == "busy"
    assert time.monotonic() - begin < 5
    other.execute("ROLLBACK")
    other.close()
    with pytest.raises(Unavailable):
        seen.read([1])
    clock.now += PAUSE_SECONDS
    assert seen.read([1, 2]) == {1: FIRST}
    seen.write([(2, FIRST)])
    assert seen.count() == 2
    door.close()


def test_a_file_that_cannot_be_made_or_is_none(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as failure:
        Sightings(Door(tmp_path / "none" / "door.sqlite")).read([1])
    assert failure.value.code == "not-writable"
    (tmp_path / "door.sqlite").write_bytes(b"this is no database" * 100)
    with pytest.raises(Unavailable) as failure:
        Sightings(Door(tmp_path / "door.sqlite")).read([1])
    assert failure.value.code == "damaged"


def test_the_file_is_for_its_owner_alone(seen: Sightings, tmp_path: Path) -> None:
    seen.write([(1, FIRST)])
    assert os.stat(tmp_path / "door.sqlite").st_mode & 0o777 == 0o600


def test_threads_share_it(seen: Sightings) -> None:
    def work(origin: int) -> None:
        for n in range(50):
            seen.write([(origin * ORIGIN + n, FIRST)])

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen.count() == 200


def _work(path: str, origin: int, done: object) -> None:
    module.BUSY_SECONDS = 10.0  # what is counted here is that nothing is counted wrongly
    door = Door(Path(path))
    seen = Sightings(door)
    for n in range(100):
        seen.write([(origin * ORIGIN + n, FIRST), (n, PASSED)])
    door.close()
    done.put(origin)  # type: ignore[attr-defined]


def test_processes_share_it_and_rows_are_counted_rightly(seen: Sightings, tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.store.workload"])
    done = context.Queue()
    processes = [
        context.Process(target=_work, args=(str(tmp_path / "door.sqlite"), n, done))
        for n in (1, 2, 3)
    ]
    for process in processes:
        process.start()
    assert {done.get(timeout=60) for _ in processes} == {1, 2, 3}
    for process in processes:
        process.join()
    assert seen.count() == 400
    (rows,) = sqlite3.connect(tmp_path / "door.sqlite").execute("SELECT count(*) FROM sighting")
    assert rows == (400,)


@promised
def test_one_recipient_costs_little(seen: Sightings, slack: float) -> None:
    turns = itertools.count()

    def recipients() -> None:
        for _ in range(200):
            first = next(turns) * ORIGIN
            seen.read((first, first + 1, first + 2, first + 3))
            seen.write([(first, FIRST)])

    most = 200 * 120e-6 * slack
    assert cost(recipients, most) < most

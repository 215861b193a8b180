"""Counters for limits: windows that slide, shared by processes, kept when one is killed."""

import multiprocessing
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphorn.base.errors import Unavailable
from alphorn.store.state import Hit, State

NOW = 1_700_000_000.0
HOUR = 3600


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    made = State(tmp_path / "state.sqlite")
    yield made
    made.close()


def test_hits_are_counted_up_to_the_limit(state: State) -> None:
    for n in range(1, 4):
        assert state.hit("k", HOUR, 3, now=NOW + n) == Hit(True, n, 0.0)
    refused = state.hit("k", HOUR, 3, now=NOW + 10)
    assert (refused.allowed, refused.count) == (False, 3)
    assert refused.retry_after > 0
    assert state.hit("other", HOUR, 3, now=NOW + 10).allowed


def test_amounts(state: State) -> None:
    assert state.hit("k", HOUR, 10, 7, now=NOW).count == 7
    assert not state.hit("k", HOUR, 10, 4, now=NOW).allowed
    assert state.hit("k", HOUR, 10, 3, now=NOW).allowed
    assert not state.hit("z", HOUR, 10, 11, now=NOW).allowed


def test_peek_changes_nothing(state: State) -> None:
    state.hit("k", HOUR, 2, now=NOW)
    for _ in range(3):
        assert state.peek("k", HOUR, 2, now=NOW) == Hit(True, 1, 0.0)
    assert state.hit("k", HOUR, 2, now=NOW).count == 2
    assert not state.peek("k", HOUR, 2, now=NOW).allowed


def test_forget_and_purge(state: State) -> None:
    state.hit("k", HOUR, 1, now=NOW)
    state.forget("k")
    assert state.hit("k", HOUR, 1, now=NOW).allowed
    state.hit("new", HOUR, 1, now=NOW + 3 * HOUR)
    assert state.purge(NOW + 3 * HOUR) == 1
    assert state.purge(NOW + 3 * HOUR) == 0
    assert not state.peek("new", HOUR, 1, now=NOW + 3 * HOUR).allowed


def test_a_clock_that_was_set_back(state: State) -> None:
    state.hit("k", HOUR, 1, now=NOW)
    assert state.hit("k", HOUR, 1, now=NOW - 10 * HOUR).allowed


def test_long_keys_are_cut_alike(state: State) -> None:
    state.hit("x" * 5000, HOUR, 1, now=NOW)
    assert not state.peek("x" * 5000, HOUR, 1, now=NOW).allowed
    state.forget("x" * 5000)
    assert state.peek("x" * 5000, HOUR, 1, now=NOW).allowed


@settings(deadline=None, max_examples=40)
@given(
    limit=st.integers(1, 5),
    steps=st.lists(st.tuples(st.floats(0, 90), st.integers(1, 3)), max_size=30),
)
def test_no_window_has_more_than_twice_and_waiting_helps(
    tmp_path_factory: pytest.TempPathFactory,
    limit: int,
    steps: list[tuple[float, int]],
) -> None:
    """Whatever comes: never more than the limit in an aligned window, at most twice it in any; and
    who waits as long as he was told is let in."""
    state = State(tmp_path_factory.mktemp("state") / "state.sqlite")
    now = NOW
    allowed: list[tuple[float, int]] = []
    for wait, amount in steps:
        now += wait
        hit = state.hit("k", 60, limit, amount, now=now)
        if hit.allowed:
            allowed.append((now, amount))
            assert hit.count <= limit
        elif amount <= limit:
            assert 0 < hit.retry_after <= 120
            assert state.peek("k", 60, limit, amount, now=now + hit.retry_after + 0.01).allowed
        for start, _ in allowed:
            assert sum(n for at, n in allowed if start <= at < start + 60) <= 2 * limit
    state.close()


def test_threads_count_together(state: State) -> None:
    hits: list[Hit] = []

    def work() -> None:
        hits.extend(state.hit("k", HOUR, 100, now=NOW) for _ in range(40))

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(hit.allowed for hit in hits) == 100


def _hit(path: str, results: object) -> None:
    state = State(Path(path))
    allowed = sum(state.hit("k", HOUR, 50, now=NOW).allowed for _ in range(40))
    results.put(allowed)  # type: ignore[attr-defined]
    state.close()


def test_processes_count_together(tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.store.workload"])
    results = context.Queue()
    processes = [
        context.Process(target=_hit, args=(str(tmp_path / "state.sqlite"), results))
        for _ in range(3)
    ]
    for process in processes:
        process.start()
    assert sum(results.get(timeout=60) for _ in processes) == 50
    for process in processes:
        process.join()


def test_a_killed_process_takes_nothing_along(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    program = (
        "import os, sys; from pathlib import Path; from alphorn.store.state import State\n"
        "state = State(Path(sys.argv[1]))\n"
        "for n in range(5): state.hit('k', 3600, 100, now=1_700_000_000.0)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    assert done.returncode == -9
    state = State(path)
    assert state.peek("k", HOUR, 100, now=NOW).count == 5
    state.close()


def test_a_locked_file_is_said_to_be_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alphorn.store.side_file.BUSY_SECONDS", 0.01)
    path = tmp_path / "state.sqlite"
    state = State(path)
    state.hit("k", HOUR, 5, now=NOW)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable) as failure:
        state.hit("k", HOUR, 5, now=NOW)
    assert failure.value.code == "busy"
    assert state.peek("k", HOUR, 5, now=NOW).count == 1
    other.execute("ROLLBACK")
    other.close()
    assert state.hit("k", HOUR, 5, now=NOW).count == 2
    state.close()


def test_a_file_that_cannot_be_made(tmp_path: Path) -> None:
    state = State(tmp_path / "none" / "state.sqlite")
    with pytest.raises(Unavailable) as failure:
        state.hit("k", HOUR, 5, now=NOW)
    assert failure.value.code == "not-writable"


def test_the_file_is_for_its_owner_alone(state: State, tmp_path: Path) -> None:
    state.hit("k", HOUR, 5, now=NOW)
    assert os.stat(tmp_path / "state.sqlite").st_mode & 0o777 == 0o600

"""The trace log: what is added is found by whatever one knows of it."""

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest

from alphorn.base.errors import Unavailable
from alphorn.base.trace import TraceEvent, Verdict
from alphorn.store import trace as trace_module
from alphorn.store.trace import MAX_TEXT, TraceLog

EVENT = TraceEvent(
    time=1000.5,
    transaction="t1",
    stage="deliver",
    verdict=Verdict.DELIVERED,
    text="Delivered to INBOX of anna@example.test.",
    sender="bert@remote.test",
    recipient="anna@example.test",
    message_id="one@remote.test",
    account_id=7,
    domain="example.test",
    facts={"size": 1234, "tls": True, "score": 1.5, "reason": None, "subject": "Grüße"},
)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[TraceLog]:
    made = TraceLog(tmp_path / "trace.sqlite")
    yield made
    made.close()


def some(count: int) -> list[TraceEvent]:
    """Events of many messages, accounts and domains."""
    verdicts = list(Verdict)
    return [
        TraceEvent(
            time=float(n),
            transaction=f"t{n // 3}",
            stage="rcpt",
            verdict=verdicts[n % len(verdicts)],
            text="Something happened.",
            sender=f"s{n % 97}@remote.test" if n % 5 else "",
            recipient=f"r{n % 31}@d{n % 7}.test",
            message_id=f"{n // 3}@remote.test" if n % 2 else "",
            account_id=n % 31 if n % 3 else None,
            domain=f"d{n % 7}.test",
        )
        for n in range(count)
    ]


def test_an_event_comes_back_as_it_was(log: TraceLog) -> None:
    log.add(EVENT)
    assert log.find() == [EVENT]
    assert log.find(transaction="t1") == [EVENT]
    assert log.find(message_id="<one@remote.test>") == [EVENT]
    assert log.find(address="ANNA@Example.test") == [EVENT]
    assert log.find(address="bert@remote.test") == [EVENT]
    assert log.find(account_id=7, domain="Example.Test", verdict=Verdict.DELIVERED) == [EVENT]
    for other in (
        log.find(transaction="t2"),
        log.find(message_id=""),
        log.find(address="anna"),
        log.find(address=""),
        log.find(account_id=8),
        log.find(domain=""),
        log.find(verdict=Verdict.REFUSED),
        log.find(since=1000.6),
        log.find(until=1000.5),
    ):
        assert other == []


def test_every_combination_finds_what_fits(log: TraceLog) -> None:
    events = some(400)
    for event in events:
        log.add(event)
    wanted: dict[str, object] = {
        "transaction": "t33",
        "message_id": "33@remote.test",
        "address": "s4@remote.test",
        "account_id": 7,
        "domain": "d3.test",
        "verdict": Verdict.REFUSED,
        "since": 50.0,
        "until": 300.0,
    }

    def fits(event: TraceEvent, keys: tuple[str, ...]) -> bool:
        tests = {
            "transaction": event.transaction == "t33",
            "message_id": event.message_id == "33@remote.test",
            "address": "s4@remote.test" in (event.sender, event.recipient),
            "account_id": event.account_id == 7,
            "domain": event.domain == "d3.test",
            "verdict": event.verdict is Verdict.REFUSED,
            "since": event.time >= 50,
            "until": event.time < 300,
        }
        return all(tests[key] for key in keys)

    for count in range(4):
        for keys in combinations(wanted, count):
            found = log.find(**{key: wanted[key] for key in keys}, limit=1000)  # type: ignore[arg-type]
            assert found == [event for event in events if fits(event, keys)], keys


def test_the_newest_come_oldest_first(log: TraceLog) -> None:
    events = some(30)
    for event in reversed(events):
        log.add(event)
    assert log.find(limit=5) == events[-5:]
    both = replace(EVENT, sender="anna@example.test")
    log.add(both)
    assert log.find(address="anna@example.test") == [both]


def test_look_ups_stay_fast(log: TraceLog) -> None:
    """A look-up does some hundred steps, however many events there are."""
    for event in some(30_000):
        log.add(event)
    log.flush()
    connection = log._connection
    assert connection is not None
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 100
        return 0

    connection.set_progress_handler(count, 100)
    for keys in (
        {"transaction": "t33"},
        {"message_id": "33@remote.test"},
        {"address": "s4@remote.test"},
        {"account_id": 7},
        {"domain": "d3.test"},
        {"verdict": Verdict.REFUSED},
        {"since": 50.0, "until": 300.0},
        {"transaction": "t33", "domain": "d3.test", "verdict": Verdict.REFUSED},
        {"message_id": "33@remote.test", "account_id": 3, "since": 5.0},
        {"account_id": 7, "domain": "d3.test", "verdict": Verdict.SENT},
        {"address": "s4@remote.test", "domain": "d3.test"},
        {"address": "r4@d3.test", "transaction": "none"},
    ):
        steps = 0
        log.find(**keys, limit=20)
        assert steps < 10_000, keys


def test_text_from_outside_is_bounded_and_stored(log: TraceLog) -> None:
    log.add(replace(EVENT, text="x" * 5000, message_id="<" + "y" * 5000 + ">", sender="\udcff@x"))
    (found,) = log.find(account_id=7)
    assert found.text == "x" * MAX_TEXT
    assert found.sender == "?@x"


def test_purge(log: TraceLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace_module, "PURGE_EVENTS", 7)
    for event in some(100):
        log.add(event)
    log.flush()
    assert log.purge(60.0) == 60
    assert [event.time for event in log.find(limit=1000)] == [float(n) for n in range(60, 100)]
    assert log.purge(60.0) == 0


def test_adding_never_waits_and_a_thread_writes(log: TraceLog, tmp_path: Path) -> None:
    other = TraceLog(tmp_path / "trace.sqlite")
    assert other.find() == []
    with log._lock:  # as if the disk were slow
        for event in some(2000):
            log.add(event)
    end = threading.Event()
    for _ in range(1000):
        if len(other.find(limit=5000)) == 2000:
            break
        end.wait(0.01)
    assert len(other.find(limit=5000)) == 2000
    other.close()


def test_events_wait_for_a_file_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alphorn.store.side_file.BUSY_SECONDS", 0.01)
    monkeypatch.setattr(trace_module, "MAX_WAITING", 50)
    path = tmp_path / "trace.sqlite"
    log = TraceLog(path)
    log.add(EVENT)
    log.flush()
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        for event in some(80):
            log.add(event)
        with pytest.raises(Unavailable) as failure:
            log.flush()
        assert failure.value.code == "busy"
        other.execute("ROLLBACK")
    other.close()
    log.flush()
    found = log.find(limit=1000)
    assert len(found) == 51
    assert found[-1].time == EVENT.time
    log.close()


def test_a_killed_process_loses_no_more_than_what_waited(tmp_path: Path) -> None:
    path = tmp_path / "trace.sqlite"
    program = (
        "import os, sys; from pathlib import Path; from tests.store.test_trace import *\n"
        "log = TraceLog(Path(sys.argv[1]))\n"
        "for event in some(1000): log.add(event)\n"
        "log.flush()\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    assert done.returncode == -9
    log = TraceLog(path)
    assert len(log.find(limit=5000)) == 1000
    log.close()


def test_the_file_is_for_its_owner_alone(log: TraceLog, tmp_path: Path) -> None:
    log.add(EVENT)
    log.flush()
    assert os.stat(tmp_path / "trace.sqlite").st_mode & 0o777 == 0o600


def test_a_file_of_another_version(tmp_path: Path) -> None:
    path = tmp_path / "trace.sqlite"
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA user_version = 99")
    other.close()
    log = TraceLog(path)
    with pytest.raises(Unavailable) as failure:
        log.find()
    assert failure.value.code == "damaged"
    log.close()

"""The trace log: what is added is found by whatever one knows of it."""

import itertools
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest

from alphorn.base.errors import Unavailable
from alphorn.base.trace import TraceEvent, Verdict
from alphorn.store import trace as trace_module
from alphorn.store import trace_file, trace_search
from alphorn.store.trace import TraceLog
from alphorn.store.trace_rows import MAX_TEXT
from tests.store.old_trace import make as make_old
from tests.support.cost import cost, promised

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


def sql(log: TraceLog, statement: str) -> list[tuple[object, ...]]:
    assert log._connection is not None
    return log._connection.execute(statement).fetchall()


def seal(log: TraceLog) -> None:
    log.flush()
    log.tidy()


def some(count: int) -> list[TraceEvent]:
    """Events of many messages, accounts and domains."""
    verdicts = list(Verdict)
    return [
        TraceEvent(
            time=float(n),
            transaction=f"t{n // 3}",
            stage="data" if n % 4 else "rcpt",
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


@pytest.mark.parametrize("segment", [50, 1000])
def test_every_combination_finds_what_fits(
    log: TraceLog, segment: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In segments and after them."""
    monkeypatch.setattr(trace_file, "SEGMENT_EVENTS", segment)
    events = some(400)
    for event in events:
        log.add(event)
    seal(log)
    wanted: dict[str, object] = {
        "transaction": "t33",
        "message_id": "33@remote.test",
        "address": "s4@remote.test",
        "account_id": 7,
        "domain": "d3.test",
        "domains": ("d3.test", "d4.test", ""),
        "stage": "data",
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
            "domains": event.domain in ("d3.test", "d4.test"),
            "stage": event.stage == "data",
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
    both = EVENT._replace(sender="anna@example.test")
    log.add(both)
    assert log.find(address="anna@example.test") == [both]


def test_look_ups_stay_fast(log: TraceLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look-up does some thousand steps at most, however many events there are."""
    monkeypatch.setattr(trace_file, "SEGMENT_EVENTS", 1000)
    for event in some(30_000):
        log.add(event)
    seal(log)
    monkeypatch.setattr(trace_search, "MAX_STEPS", 40_000)
    for keys in (
        {"transaction": "t33"},
        {"message_id": "33@remote.test"},
        {"address": "s4@remote.test"},
        {"account_id": 7},
        {"domain": "d3.test"},
        {"verdict": Verdict.REFUSED},
        {"stage": "rcpt"},
        {"since": 50.0, "until": 300.0},
        {"transaction": "t33", "domain": "d3.test", "verdict": Verdict.REFUSED},
        {"message_id": "33@remote.test", "account_id": 3, "since": 5.0},
        {"account_id": 7, "domain": "d3.test", "verdict": Verdict.SENT},
        {"address": "s4@remote.test", "domain": "d3.test"},
        {"address": "r4@d3.test", "transaction": "none"},
        {"address": "nobody@nowhere.test", "verdict": Verdict.INFO},
    ):
        log.find(**keys, limit=20)
    with pytest.raises(Unavailable) as failure:
        log.find(domain="d3.test", sees=lambda *_: False)
    assert failure.value.code == "slow"
    assert len(log.find(limit=20)) == 20


def test_text_from_outside_is_bounded_and_stored(log: TraceLog) -> None:
    log.add(EVENT._replace(text="x" * 5000, message_id="<" + "y" * 5000 + ">", sender="\udcff@x"))
    (found,) = log.find(account_id=7)
    assert found.text == "x" * MAX_TEXT
    assert found.sender == "?@x"


def test_purge(log: TraceLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace_file, "PURGE_EVENTS", 7)
    monkeypatch.setattr(trace_file, "SEGMENT_EVENTS", 9)
    for event in some(100):
        log.add(event)
    seal(log)
    assert log.purge(60.0) == 60
    left = [float(n) for n in range(60, 100)]
    assert [event.time for event in log.find(limit=1000)] == left
    assert [event.time for event in log.find(domain="d3.test", limit=1000)] == [
        time for time in left if time % 7 == 3
    ]
    assert log.purge(60.0) == 0
    left_of = sql(log, "SELECT DISTINCT segment FROM lookup ORDER BY segment")
    assert left_of == sql(log, "SELECT id FROM segment ORDER BY id")
    assert left_of == [(7,), (8,), (9,), (10,)]
    assert log.purge(1000.0) == 40
    for table in ("event", "segment", "lookup"):
        assert sql(log, f"SELECT count(*) FROM {table}") == [(0,)]
    log.add(EVENT._replace(time=2000.0))
    assert len(log.find(transaction="t1")) == 1


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


# -- how the file is made --------------------------------------------------------------------------


def test_what_comes_late_is_found_and_in_its_place(
    log: TraceLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_file, "SEGMENT_EVENTS", 10)
    events = some(100)
    for event in events[40:]:
        log.add(event)
    seal(log)
    assert sql(log, "SELECT count(*) FROM segment") == [(5,)]
    for event in events[:40]:
        log.add(event)
    late = [event._replace(time=event.time + 0.5) for event in events[60:90]]
    for event in late:
        log.add(event)
    together = sorted([*events, *late], key=lambda event: event.time)
    assert log.find(limit=1000) == together
    for domain in ("d3.test", "d4.test"):
        expected = [event for event in together if event.domain == domain]
        assert log.find(domain=domain, limit=1000) == expected
        assert log.find(domain=domain, limit=5) == expected[-5:]
        assert log.find(domain=domain, since=30.0, until=70.0) == [
            event for event in expected if 30 <= event.time < 70
        ]


def test_events_of_one_moment_keep_their_order(log: TraceLog, tmp_path: Path) -> None:
    """Of one process; and those of several do not get into each other's way."""
    other = TraceLog(tmp_path / "trace.sqlite")
    numbered = [f"{n}@example.test" for n in range(3000)]
    for recipient in numbered:
        log.add(EVENT._replace(recipient=recipient))
    log.flush()
    other.add(EVENT)
    other.flush()
    log.add(EVENT._replace(time=EVENT.time + 1, recipient="later"))
    log.add(EVENT._replace(recipient="again"))
    log.flush()
    found = log.find(limit=10_000)
    assert len(found) == 3003
    assert [event.recipient for event in found if event.recipient in numbered] == numbered
    assert found[-1].recipient == "later"
    assert max(event.time for event in found[:-1]) - EVENT.time < 0.001
    other.close()


def test_two_processes_seal_once(log: TraceLog, tmp_path: Path,
                                 monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(trace_file, "SEGMENT_EVENTS", 100)
    other = TraceLog(tmp_path / "trace.sqlite")
    for n, event in enumerate(some(2000)):
        (log, other)[n % 2].add(event)
    log.flush()
    other.flush()
    threads = [threading.Thread(target=one.tidy) for one in (log, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sql(log, "SELECT count(*) FROM segment") == [(19,)]
    assert sql(log, "SELECT count(*) FROM lookup WHERE field = 6") == [(1900,)]
    assert len(other.find(domain="d3.test", limit=1000)) == 286
    other.close()


def test_a_failed_write_leaves_no_numbers_behind(log: TraceLog) -> None:
    """Of kinds: what a transaction that was undone gave them is forgotten."""
    log.add(EVENT)
    log.flush()
    assert log._writer is not None
    with pytest.raises(OverflowError):
        log._writer.write([EVENT._replace(stage="new", account_id=1 << 80)])
    log.add(EVENT._replace(stage="other"))
    log.add(EVENT._replace(stage="new"))
    assert [event.stage for event in log.find()] == ["deliver", "other", "new"]


def test_a_file_of_the_first_version_is_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "trace.sqlite"
    events = [*some(50), EVENT._replace(time=60.25), EVENT._replace(time=60.25, stage="queue")]
    make_old(path, events)
    monkeypatch.setattr(trace_file, "TAKEN_OVER", 30)
    log = TraceLog(path)
    found = log.find(limit=1000)
    assert [event._replace(time=float(f"{event.time:.5f}")) for event in found] == events[-30:]
    assert len(log.find(account_id=7)) == 2 + sum(e.account_id == 7 for e in events[-30:-2])
    log.add(EVENT)
    assert log.find(limit=1) == [EVENT]
    assert sql(log, "SELECT name FROM sqlite_schema WHERE name = 'old_event'") == []
    log.close()


@promised
def test_an_event_costs_little(log: TraceLog, slack: float) -> None:
    """To write it, to make it for this test, and to seal it later."""
    events = some(4000)
    log._thread = threading.current_thread()  # nobody else writes
    turns = itertools.count()

    def write() -> None:
        later = 10_000 * next(turns)
        log._waiting.extend(event._replace(time=event.time + later) for event in events)
        log.flush()

    most = 4000 * 30e-6 * slack
    assert cost(write, most) < most
    log._thread = None

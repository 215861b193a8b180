"""The files of accounts: opened when used, closed when idle, looked after in the background."""

import multiprocessing
import os
import re
import resource
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from alphorn.base import query as q
from alphorn.base.flags import Flag
from alphorn.store import sqlite_keeper
from alphorn.store.api import Column, FlagAction, Remembered
from alphorn.store.sqlite import FILES_PER_ACCOUNT, SqliteStore
from tests.store.mail import EVERY, NOW, new, numbered, raw, uids

SECONDS = 60


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore(tmp_path / "accounts", limit=3)
    made.create(1)
    yield made
    made.close()


def open_files(tmp_path: Path) -> list[str]:
    """The files of accounts that this process has open."""
    found = []
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            name = os.readlink(f"/proc/self/fd/{descriptor}")
        except FileNotFoundError:
            continue
        if name.startswith(str(tmp_path)):
            found.append(name)
    return found


def wait_until(so: Callable[[], bool]) -> None:
    """For what another thread does in its own time."""
    end = time.monotonic() + SECONDS
    while not so():
        assert time.monotonic() < end
        threading.Event().wait(0.01)


def test_where_files_are(store: SqliteStore, tmp_path: Path) -> None:
    store.create(0x1234)
    store.create(7)
    root = tmp_path / "accounts"
    assert (root / "34" / f"{0x1234}.sqlite").is_file()
    assert (root / "07" / "7.sqlite").is_file()
    assert root.stat().st_mode & 0o777 == 0o700
    assert (root / "07").stat().st_mode & 0o777 == 0o700
    store.account(7).append(1, [new()])
    modes = {file.name: file.stat().st_mode & 0o777 for file in (root / "07").iterdir()}
    assert modes == {"7.sqlite": 0o600, "7.sqlite-wal": 0o600, "7.sqlite-shm": 0o600}
    assert (root / "07" / "7.sqlite").stat().st_mode & 0o777 == 0o600
    (root / "07" / "8.abc.new").touch()  # left by a process that was killed
    (root / "07" / "notes.sqlite").touch()
    assert sorted(store.accounts()) == [1, 7, 0x1234]


def test_only_so_many_accounts_are_open(store: SqliteStore, tmp_path: Path) -> None:
    for number in range(1, 21):
        store.create(number)
        account = store.account(number)
        account.append(account.mailbox("INBOX").id, [new()])
    names = open_files(tmp_path)
    assert len({re.sub(r"-(wal|shm)$", "", name) for name in names}) == 3
    assert len(names) <= 3 * FILES_PER_ACCOUNT
    assert all(store.account(number).usage().messages == 1 for number in range(1, 21))


def _with_few_files(folder: Path) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
    store = SqliteStore(folder, limit=100_000)
    for number in range(60):
        store.create(number)
        store.account(number).append(1, [new()])
    assert sum(store.account(number).usage().messages for number in range(60)) == 60
    store.close()


def test_the_limit_of_files_limits_the_accounts(tmp_path: Path) -> None:
    """In a process of its own: this one may have many open."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.store.workload"])
    process = context.Process(target=_with_few_files, args=(tmp_path / "accounts",))
    process.start()
    process.join()
    assert process.exitcode == 0


def test_idle_accounts_are_closed(store: SqliteStore, tmp_path: Path) -> None:
    account = store.account(1)
    inbox = account.mailbox("INBOX").id
    account.append(inbox, numbered(3))
    assert store.close_idle(60) == 0
    assert open_files(tmp_path)
    assert store.close_idle(0) == 1
    assert open_files(tmp_path) == []
    assert store.close_idle(0) == 0
    # The log is gone with the last connection, and all is in the file.
    assert [file.name for file in (tmp_path / "accounts" / "01").iterdir()] == ["1.sqlite"]
    # A handle that was kept goes on, but keeps nothing open.
    account.append(inbox, [new()])
    assert account.usage().messages == 4
    assert open_files(tmp_path) == []


def test_a_fetch_survives_the_closing_of_its_account(store: SqliteStore, tmp_path: Path) -> None:
    account = store.account(1)
    inbox = account.mailbox("INBOX").id
    account.append(inbox, numbered(300))
    rows = account.fetch(inbox, EVERY, (Column.UID, Column.RAW))
    next(rows)
    store.close_idle(0)
    assert len(list(rows)) == 299
    assert open_files(tmp_path) == []


def test_many_threads_read_and_write_one_account(store: SqliteStore, tmp_path: Path) -> None:
    account = store.account(1)
    inbox = account.mailbox("INBOX").id
    account.append(inbox, numbered(50))
    failures: list[BaseException] = []

    def use(number: int) -> None:
        try:
            for n in range(20):
                mine = store.account(1)
                mine.append(inbox, numbered(1, start=1000 * number + n))
                assert len(list(mine.fetch(inbox, uids(*range(1, 51)), (Column.RAW,)))) == 50
                mine.flag(inbox, uids(number), FlagAction.ADD, Flag.SEEN)
                assert mine.search(inbox, q.Text("message 7."), NOW)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=use, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert account.mailbox("INBOX").messages == 50 + 8 * 20
    assert account.check() == []
    store.close_idle(0)
    assert open_files(tmp_path) == []


def test_a_write_waits_for_no_reader(store: SqliteStore) -> None:
    account = store.account(1)
    inbox = account.mailbox("INBOX").id
    account.append(inbox, numbered(10))
    with store._file(1).reading() as tx:
        (count,) = tx.execute("SELECT COUNT(*) FROM message").fetchone()
        account.append(inbox, [new()])
        assert tx.execute("SELECT COUNT(*) FROM message").fetchone() == (count,)
    assert account.mailbox("INBOX").messages == 11


def test_quiet_accounts_are_looked_after(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_keeper, "QUIET_SECONDS", 0.05)
    monkeypatch.setattr(sqlite_keeper, "LOOK_SECONDS", 0.01)
    store.start()
    account = store.account(1)
    inbox = account.mailbox("INBOX").id
    account.append(inbox, [new(raw(str(n), os.urandom(3000).hex())) for n in range(300)])
    log = tmp_path / "accounts" / "01" / "1.sqlite-wal"
    file = tmp_path / "accounts" / "01" / "1.sqlite"
    wait_until(lambda: log.stat().st_size == 0)
    assert account.index(1000) == 0  # it was done
    packed = file.stat().st_size
    account.flag(inbox, EVERY, FlagAction.ADD, Flag.DELETED)
    account.expunge(inbox)
    wait_until(lambda: log.stat().st_size == 0 and file.stat().st_size < packed / 2)
    assert account.check() == []


def test_what_is_remembered_no_longer_is_removed_in_the_background(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_keeper, "QUIET_SECONDS", 0.05)
    monkeypatch.setattr(sqlite_keeper, "LOOK_SECONDS", 0.01)
    times = [float(NOW)]
    store = SqliteStore(tmp_path / "accounts", clock=lambda: times[-1])
    store.create(1)
    store.start()
    account = store.account(1)
    account.deliver([], None, [Remembered("short", NOW + 10), Remembered("long", NOW + 1000)])

    def kept() -> int:
        with store._file(1).glancing() as tx:
            return int(tx.execute("SELECT COUNT(*) FROM remembered").fetchone()[0])

    times.append(NOW + 10)
    account.append("INBOX", [new()])
    wait_until(lambda: kept() == 1)
    assert account.remembered("long", NOW)
    store.close()


def test_a_busy_account_is_looked_after_too(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_keeper, "QUIET_SECONDS", 3600)
    monkeypatch.setattr(sqlite_keeper, "INDEX_WRITES", 50)
    monkeypatch.setattr(sqlite_keeper, "LOOK_SECONDS", 0.01)
    store.start()
    account = store.account(1)
    inbox = account.mailbox("INBOX").id
    number = 0

    def indexed() -> bool:
        nonlocal number
        account.append(inbox, numbered(1, start=number, size=3000))
        number += 1
        with store._file(1).glancing() as tx:
            return bool(tx.execute("SELECT COUNT(*) FROM pack").fetchone()[0])

    wait_until(indexed)


def test_what_goes_wrong_in_the_background_is_logged(
    store: SqliteStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(sqlite_keeper, "QUIET_SECONDS", 0.0)
    monkeypatch.setattr(sqlite_keeper, "LOOK_SECONDS", 0.01)
    store.create(2)
    store.account(2).append(1, [new()])
    store.close_idle(0)
    store.start()
    (tmp_path / "accounts" / "02" / "2.sqlite").write_bytes(b"x" * 10_000)
    file = store._file(2)
    file._wrote(file)
    wait_until(lambda: "could not be looked after" in caplog.text)
    # The thread goes on with the others.
    account = store.account(1)
    account.append(account.mailbox("INBOX").id, numbered(300, size=3000))
    wait_until(lambda: account.index(1) == 0)


def test_files_are_closed_in_the_background(store: SqliteStore, tmp_path: Path) -> None:
    store.start()
    for number in range(2, 21):
        store.create(number)
        store.account(number).append(1, [new()])
    wait_until(lambda: len({name.partition("-")[0] for name in open_files(tmp_path)}) <= 3)
    for number in range(2, 21):
        store.account(number).mailboxes()
    store.remove(20)
    store.close()
    assert open_files(tmp_path) == []


def test_a_removed_account_is_let_go(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sqlite_keeper, "QUIET_SECONDS", 0.2)
    monkeypatch.setattr(sqlite_keeper, "LOOK_SECONDS", 0.01)
    store.start()
    store.create(2)
    store.account(2).append(1, [new()])
    store.remove(2)
    keeper = store._keeper
    assert keeper is not None
    wait_until(lambda: not keeper._noted)
    assert caplog.text == ""


def test_a_closed_store_leaves_no_thread(store: SqliteStore) -> None:
    before = threading.active_count()
    store.start()
    store.start()
    assert threading.active_count() == before + 1
    account = store.account(1)
    account.append(account.mailbox("INBOX").id, numbered(10))
    store.close()
    assert threading.active_count() == before

"""What can go wrong with a file: full disk, other writers, damage. Nothing is ever half done."""

import multiprocessing
import resource
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from alphorn.base import query as q
from alphorn.base.errors import NotFound, Unavailable
from alphorn.base.flags import Flag
from alphorn.store import schema, sqlite_file
from alphorn.store.api import Account, Column, Copy, FlagAction, Remembered, Rules
from alphorn.store.sqlite import SqliteStore
from tests.store.mail import EVERY, NOW, new, numbered, raw, uids

Make = Callable[[], SqliteStore]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Stores on the same folder, as in different processes."""
    made: list[SqliteStore] = []

    def one() -> SqliteStore:
        made.append(SqliteStore(tmp_path / "accounts"))
        made[-1].create(1)
        return made[-1]

    yield one
    for store in made:
        store.close()


@pytest.fixture
def account(make: Make) -> Account:
    return make().account(1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "accounts" / "01" / "1.sqlite"


def writes(account: Account) -> list[Callable[[], object]]:
    """One of each call that changes something, on an account with messages in INBOX."""
    inbox = account.mailbox("INBOX").id
    archive = account.mailbox("Archive").id
    return [
        lambda: account.append(inbox, [new(raw("large", "x" * 300_000))]),
        lambda: account.flag(inbox, EVERY, FlagAction.ADD, Flag.SEEN, frozenset(("k" * 90,))),
        lambda: account.copy(inbox, EVERY, archive),
        lambda: account.move(inbox, EVERY, archive),
        lambda: account.expunge(inbox),
        lambda: account.delete("Junk"),
        lambda: account.rename("Sent", "Gone"),
        lambda: account.create("/".join("x" * 20)),
        lambda: account.subscribe("x" * 200, True),
        lambda: account.put_script("large", "x" * 200_000),
        lambda: account.put_document("filters", "x" * 200_000),
        lambda: account.deliver(
            [Copy(inbox, new(raw("in", "x" * 300_000))), Copy("Made", new(), True)]
        ),
    ]


def state(account: Account) -> object:
    inbox = account.mailbox("INBOX").id
    columns = (Column.UID, Column.FLAGS, Column.KEYWORDS, Column.MODSEQ, Column.RAW)
    mail = list(account.fetch(inbox, EVERY, columns))
    return account.mailboxes(), account.subscriptions(), account.rules(), account.scripts(), mail


@contextmanager
def file_size_limit(octets: int) -> Iterator[None]:
    """No file can grow beyond so many octets, as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk(make: Make, path: Path) -> None:
    store = make()
    account = store.account(1)
    inbox = account.mailbox("INBOX").id
    account.append(inbox, numbered(300))
    account.flag(inbox, uids(*range(1, 100, 3)), FlagAction.ADD, Flag.DELETED)
    store.close()
    account = store.account(1)
    before = state(account)
    with file_size_limit(4096):  # the log cannot take a single page
        for write in writes(account):
            with pytest.raises(Unavailable) as failure:
                write()
            assert failure.value.code == "disk-full"
            assert state(account) == before
        with pytest.raises(Unavailable) as failure:
            store.create(2)
        assert failure.value.code == "disk-full"
    assert not store.exists(2)
    assert [file.name for file in path.parent.parent.rglob("*.new*")] == []
    assert account.check() == []
    for write in writes(account):
        write()
    assert account.check() == []


def test_a_disk_that_becomes_full_in_the_middle(make: Make) -> None:
    """Whatever number of octets there is room for, a write is done or it is not."""
    store = make()
    account = store.account(1)
    inbox = account.mailbox("INBOX").id
    account.append(inbox, numbered(20))
    done = 0
    for limit in range(50_000, 400_000, 25_000):
        before = state(account)
        failure = None
        try:
            with file_size_limit(limit):
                account.append(inbox, numbered(30, start=1000 * (limit + 1), size=4000))
        except Unavailable as error:
            failure = error
        if failure is None:
            done += 1
        else:
            assert (failure.code, state(account)) == ("disk-full", before)
    assert 0 < done < 14
    assert account.mailbox("INBOX").messages == 20 + 30 * done
    assert account.check() == []


def test_no_more_pages(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = (*sqlite_file._WRITER_SETTINGS, "PRAGMA max_page_count = 60")
    monkeypatch.setattr(sqlite_file, "_WRITER_SETTINGS", settings)
    account = make().account(1)
    inbox = account.mailbox("INBOX").id
    account.append(inbox, numbered(10))
    with pytest.raises(Unavailable) as failure:
        account.append(inbox, numbered(500, start=100, size=1000))
    assert failure.value.code == "disk-full"
    assert account.mailbox("INBOX").messages == 10
    account.append(inbox, numbered(10, start=1000))
    assert account.check() == []


def test_searching_needs_no_room(make: Make) -> None:
    store = make()
    account = store.account(1)
    inbox = account.mailbox("INBOX").id
    account.append(inbox, numbered(300, size=1000))
    with file_size_limit(4096):
        found = account.search(inbox, q.Text("message 7."), NOW)
    assert list(found) == [8]
    assert account.index(1000) > 200  # now there is room


def test_another_process_that_writes_for_too_long(
    make: Make, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_SECONDS", 0.05)
    account = make().account(1)
    inbox = account.mailbox("INBOX").id
    account.append(inbox, numbered(20))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    before = state(account)
    for write in writes(account):
        with pytest.raises(Unavailable) as failure:
            write()
        assert failure.value.code == "busy"
    assert state(account) == before
    assert list(account.search(inbox, q.Text("message 7."), NOW)) == [8]
    other.execute("ROLLBACK")
    other.close()
    for write in writes(account):
        write()
    assert account.check() == []


def test_another_thread_that_writes_for_too_long(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_SECONDS", 0.05)
    store = make()
    account = store.account(1)
    inbox = account.mailbox("INBOX").id
    writing, finish = threading.Event(), threading.Event()

    def hold() -> None:
        with store._file(1).writing():
            writing.set()
            finish.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    writing.wait()
    with pytest.raises(Unavailable) as failure:
        account.append(inbox, [new()])
    assert failure.value.code == "busy"
    assert account.mailbox("INBOX").messages == 0  # reading goes on
    finish.set()
    thread.join()
    account.append(inbox, [new()])


def test_a_file_that_is_no_database(make: Make, path: Path) -> None:
    store = make()
    store.close()
    path.write_bytes(b"Dear customer, your files are encrypted. " * 1000)
    account = store.account(1)
    for attempt in (account.mailboxes, lambda: account.append(1, [new()]), account.check):
        with pytest.raises(Unavailable) as failure:
            attempt()
        assert failure.value.code == "damaged"
    store.remove(1)
    assert not store.exists(1)


def test_a_file_with_holes(make: Make, path: Path) -> None:
    store = make()
    account = store.account(1)
    inbox = account.mailbox("INBOX").id
    account.append(inbox, numbered(500, size=2000))
    account.index(10_000)
    store.close()
    octets = bytearray(path.read_bytes())
    for at in range(40_000, len(octets) - 5000, 60_000):
        octets[at : at + 3000] = b"\xa5" * 3000
    path.write_bytes(octets)
    account = store.account(1)
    with pytest.raises(Unavailable) as failure:
        for _ in range(2):
            list(account.fetch(inbox, EVERY, tuple(Column)))
            assert account.check() == []
    assert failure.value.code == "damaged"


def test_a_damaged_message_is_said_to_be(make: Make, path: Path) -> None:
    """And it keeps neither the others from being packed, nor searches from finding them."""
    store = make()
    account = store.account(1)
    inbox = account.mailbox("INBOX").id
    messages = numbered(150, size=2000)
    account.append(inbox, messages)
    store.close()
    other = sqlite3.connect(path)
    with other:
        other.execute(
            "UPDATE body SET data ="
            " CAST(substr(data, 1, length(data) - 5) || x'0000000000' AS BLOB)"
            " WHERE id = (SELECT content FROM message WHERE uid = 7)"
        )
    other.close()
    account = store.account(1)
    (problem,) = account.check()
    assert "cannot be read" in problem
    assert list(account.search(inbox, q.Text("message 149."), NOW)) == [150]
    assert account.index(1000) == 0  # that was done before the search
    (problem,) = account.check()
    assert "cannot be read" in problem
    with pytest.raises(Unavailable) as failure:
        list(account.fetch(inbox, uids(7), (Column.RAW,)))
    assert failure.value.code == "damaged"
    assert list(account.fetch(inbox, uids(8), (Column.RAW,))) == [(messages[7].raw,)]
    assert list(account.search(inbox, q.Header("dkim-signature", ""), NOW)) == []
    assert list(account.search(inbox, q.Text("message 8."), NOW)) == [9]
    account.flag(inbox, uids(7), FlagAction.ADD, Flag.DELETED)
    account.expunge(inbox)
    account.index(1000)
    assert account.check() == []


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE mailbox SET unseen = unseen + 1 WHERE id = 1", "INBOX: unseen messages"),
        ("UPDATE mailbox SET octets = 5 WHERE id = 1", "INBOX: octets"),
        ("UPDATE mailbox SET first_unseen = 9 WHERE id = 1", "INBOX: first unseen"),
        ("UPDATE mailbox SET uidnext = 2 WHERE id = 1", "UIDNEXT"),
        ("UPDATE mailbox SET modseq = 1 WHERE id = 1", "mod-sequence"),
        ("DELETE FROM content WHERE id = (SELECT content FROM message WHERE uid = 3)", "content"),
        ("DELETE FROM message WHERE uid = 3", "no message"),
        ("DELETE FROM pack", "no body"),
        ("DELETE FROM mailbox WHERE id = 1", "in no mailbox"),
        ("DELETE FROM thread_key", "of no thread"),
        ("UPDATE content SET hash = zeroblob(16) WHERE id = 200", "is not what it was"),
        ("UPDATE account SET packed = 50", "is beyond"),
        ("UPDATE rules SET current = 0", "rules have the number 0"),
        ("UPDATE script SET active = 1", "2 scripts are active"),
        ("INSERT INTO body (id, data) VALUES (100000, x'00')", "bodies have no content"),
    ],
)
def test_check_finds(make: Make, path: Path, statement: str, problem: str) -> None:
    store = make()
    account = store.account(1)
    account.append(account.mailbox("INBOX").id, numbered(250, size=1500))
    account.index(1000)
    account.put_script("one", "keep;")
    account.put_script("two", "keep;")
    account.activate_script("two")
    assert account.check() == []
    store.close()
    other = sqlite3.connect(path)
    with other:
        assert other.execute(statement).rowcount > 0
    other.close()
    found = store.account(1).check()
    assert any(problem in text for text in found), found


def test_tables_of_another_version(make: Make, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = make()
    store.account(1).append(1, [new()])
    store.close()
    now = schema.VERSION
    monkeypatch.setattr(schema, "VERSION", now + 2)
    steps = {
        now: ("ALTER TABLE account ADD COLUMN one INTEGER",),
        now + 1: ("ALTER TABLE account ADD COLUMN two INTEGER", "UPDATE account SET two = 2"),
    }
    monkeypatch.setattr(schema, "MIGRATIONS", steps)
    assert store.account(1).usage().messages == 1
    store.close()
    other = sqlite3.connect(path)
    assert other.execute("SELECT one, two FROM account").fetchall() == [(None, 2)]
    assert other.execute("PRAGMA user_version").fetchone() == (now + 2,)
    other.close()
    monkeypatch.setattr(schema, "VERSION", now)
    with pytest.raises(Unavailable) as failure:
        store.account(1).usage()
    assert failure.value.code == "damaged"


def test_a_step_to_the_next_version_is_whole(
    make: Make, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make()
    store.close()
    now = schema.VERSION
    monkeypatch.setattr(schema, "VERSION", now + 1)
    steps = {now: ("ALTER TABLE account ADD COLUMN one INTEGER", "nonsense")}
    monkeypatch.setattr(schema, "MIGRATIONS", steps)
    with pytest.raises(sqlite3.OperationalError):
        store.account(1).usage()
    monkeypatch.setattr(schema, "VERSION", now)
    assert store.account(1).usage().messages == 0
    other = sqlite3.connect(path)
    with pytest.raises(sqlite3.OperationalError):
        other.execute("SELECT one FROM account")
    other.close()


def test_an_old_sqlite_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 9))
    with pytest.raises(RuntimeError, match=r"needs SQLite 3\.37\.0 or later"):
        SqliteStore(tmp_path)


def test_an_account_that_another_process_removed(make: Make) -> None:
    here, there = make(), make()
    mine = here.account(1)
    inbox = mine.mailbox("INBOX").id
    mine.append(inbox, [new()])
    there.remove(1)
    for attempt in (lambda: mine.append(inbox, [new()]), lambda: mine.mailbox("INBOX")):
        with pytest.raises(NotFound):
            attempt()
    here._file(1).seen -= 2  # some time later
    with pytest.raises(NotFound) as failure:
        here.account(1)
    assert failure.value.code == "no-such-account"
    there.create(1)
    assert here.account(1).usage().messages == 0
    here.account(1).append(inbox, [new()])
    assert there.account(1).usage().messages == 1


def _append(folder: str, name: int, barrier: object) -> None:
    store = SqliteStore(Path(folder))
    account = store.account(1)
    inbox = account.mailbox("INBOX").id
    barrier.wait()  # type: ignore[attr-defined]
    for message in numbered(60, start=1000 * name):
        account.append(inbox, [message])
        account.copy(inbox, uids(1), inbox)
    store.close()


def test_processes_append_at_the_same_time(make: Make, tmp_path: Path) -> None:
    account = make().account(1)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.store.workload"])
    barrier = context.Barrier(4)
    processes = [
        context.Process(target=_append, args=(str(tmp_path / "accounts"), n, barrier))
        for n in range(4)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    inbox = account.mailbox("INBOX").id
    assert account.snapshot(inbox).uids == range(1, 481)
    found = {row[0] for row in account.fetch(inbox, EVERY, (Column.RAW,))}
    assert found == {m.raw for n in range(4) for m in numbered(60, start=1000 * n)}
    assert account.check() == []


def _decide(folder: str, name: int, barrier: object) -> None:
    """Change the rules 45 times, and deliver and remember 15 times."""
    store = SqliteStore(Path(folder))
    account = store.account(1)
    barrier.wait()  # type: ignore[attr-defined]
    for n, message in enumerate(numbered(15, start=1000 * name)):
        account.put_script(f"of {name}", f"{name}.{n}")
        account.activate_script(f"of {name}")
        account.put_document("filters", f"{name}.{n}")
        copies = [Copy("INBOX", message), Copy(f"Of/{name}", message, create=True)]
        account.deliver(copies, None, [Remembered(f"{name}.{n}", 1 << 40)])
        assert account.remembered(f"{name}.{n}", NOW)
    store.close()


def test_processes_change_rules_at_the_same_time(make: Make, tmp_path: Path) -> None:
    """One version is the same rules whenever it is seen, and what another process changed is seen
    at the next look."""
    account = make().account(1)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.store.workload"])
    barrier = context.Barrier(4)
    processes = [
        context.Process(target=_decide, args=(str(tmp_path / "accounts"), n, barrier))
        for n in range(3)
    ]
    for process in processes:
        process.start()
    seen: dict[int, Rules] = {}
    barrier.wait(30)
    while any(process.is_alive() for process in processes):
        least = account.rules_version()
        rules = account.rules()
        assert rules.version >= least >= max(seen, default=0)
        assert seen.setdefault(rules.version, rules) == rules
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert len(seen) > 1
    assert [script.name for script in account.scripts()] == ["of 0", "of 1", "of 2"]
    assert {script.source for script in account.scripts()} == {"0.14", "1.14", "2.14"}
    assert account.rules().filters.endswith(".14")
    assert account.mailbox("INBOX").messages == 45
    assert all(account.mailbox(f"Of/{name}").messages == 15 for name in range(3))
    assert account.forget("") == 45
    assert account.check() == []


def test_what_another_process_decided_is_seen_at_once(make: Make) -> None:
    here, there = make().account(1), make().account(1)
    versions = [here.rules_version()]
    for n in range(5):
        there.put_document("filters", f"# {n}")
        versions.append(here.rules_version())
        assert here.rules() == Rules(versions[-1], f"# {n}", "", "", "")
    assert versions == sorted(set(versions))
    there.put_document("filters", "")
    assert here.rules_version() == 0
    there.deliver([], None, [Remembered("a", NOW + 9)])
    assert here.remembered("a", NOW)


def _create(folder: str, barrier: object) -> None:
    store = SqliteStore(Path(folder))
    barrier.wait()  # type: ignore[attr-defined]
    for account_id in range(20, 30):
        store.create(account_id)
        store.account(account_id).append(1, [new()])
    store.close()


def test_processes_create_the_same_account(make: Make, tmp_path: Path) -> None:
    store = make()
    context = multiprocessing.get_context("forkserver")
    barrier = context.Barrier(3)
    arguments = (str(tmp_path / "accounts"), barrier)
    processes = [context.Process(target=_create, args=arguments) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    for account_id in range(20, 30):
        assert store.account(account_id).usage().messages == 3
    assert sorted(store.accounts()) == [1, *range(20, 30)]
    assert [file.name for file in (tmp_path / "accounts").rglob("*.new*")] == []

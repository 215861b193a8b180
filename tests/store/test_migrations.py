"""Files of accounts that older versions of the program made are led on when they are opened.

`data/account-<version>.sqlite.xz` were made by the program when its tables had that version: three
messages in INBOX, flagged, with copies in Work/2023; from version 2 on it had learned of a message,
and knew bert@example.test.
"""

import lzma
import sqlite3
import threading
from pathlib import Path

import pytest

from alphorn.base.errors import Unavailable
from alphorn.base.flags import Flag
from alphorn.store import schema
from alphorn.store.api import Column, Copy, Lesson, Remembered
from alphorn.store.sqlite import SqliteStore
from tests.store.mail import EVERY, NOW, numbered

DATA = Path(__file__).parent / "data"
VERSIONS = range(1, schema.VERSION)


def lay(folder: Path, version: int) -> Path:
    """The old file where the store looks for account 1."""
    path = folder / "accounts" / "01" / "1.sqlite"
    path.parent.mkdir(parents=True)
    path.write_bytes(lzma.decompress((DATA / f"account-{version}.sqlite.xz").read_bytes()))
    return path


def version(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    finally:
        connection.close()


def tables(connection: sqlite3.Connection) -> set[tuple[str, str]]:
    return set(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))


@pytest.mark.parametrize("old", VERSIONS)
def test_an_old_account_is_led_on(tmp_path: Path, old: int) -> None:
    path = lay(tmp_path, old)
    assert version(path) == old
    store = SqliteStore(tmp_path / "accounts")
    account = store.account(1)
    inbox, work = account.mailbox("INBOX"), account.mailbox("Work/2023")
    assert (inbox.messages, work.messages) == (3, 3)
    rows = list(account.fetch(inbox.id, EVERY, (Column.UID, Column.FLAGS, Column.RAW)))
    assert [row[:2] for row in rows] == [(uid, int(Flag.FLAGGED)) for uid in (1, 2, 3)]
    assert [row[2] for row in rows] == [message.raw for message in numbered(3)]
    assert account.learned() == ((0, 0, 0, 0) if old < 2 else (1, 0, 2, 1))
    assert account.knows("bert@example.test") == (old >= 2)
    account.learn([Lesson(1, (2, 3), True)])
    assert list(account.counts().lookup([2, 4])) == [(1, 0), (0, 0)]
    assert account.rules_version() == 0
    assert not account.remembered("key", NOW)
    account.put_script("a", "keep;")
    account.activate_script("a")
    assert account.rules().script == "keep;"
    account.deliver([Copy("INBOX", numbered(1)[0])], None, [Remembered("key", NOW + 9)])
    assert account.remembered("key", NOW)
    account.annotate("Work/2023", {"/private/comment": b"old"})
    assert account.annotations("Work/2023") == {"/private/comment": b"old"}
    assert account.check() == []
    store.close()
    assert version(path) == schema.VERSION


@pytest.mark.parametrize("old", VERSIONS)
def test_it_ends_with_the_same_tables_as_a_new_account(tmp_path: Path, old: int) -> None:
    path = lay(tmp_path, old)
    store = SqliteStore(tmp_path / "accounts")
    store.create(2)
    for number in (1, 2):
        store.account(number).learned()
    store.close()
    led, new = sqlite3.connect(path), sqlite3.connect(tmp_path / "accounts" / "02" / "2.sqlite")
    try:
        assert tables(led) == tables(new)
    finally:
        led.close()
        new.close()


def test_many_may_open_it_at_the_same_time(tmp_path: Path) -> None:
    lay(tmp_path, 1)
    stores = [SqliteStore(tmp_path / "accounts") for _ in range(8)]
    begin = threading.Barrier(len(stores))
    found: list[int] = []

    def read(store: SqliteStore) -> None:
        begin.wait(60)
        found.append(store.account(1).mailbox("INBOX").messages)

    threads = [threading.Thread(target=read, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for store in stores:
        store.close()
    assert found == [3] * len(stores)


def test_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = lay(tmp_path, 1)
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    connection.close()
    store = SqliteStore(tmp_path / "accounts")
    with pytest.raises(Unavailable):
        store.account(1).mailboxes()
    store.close()
    assert version(path) == schema.VERSION + 1

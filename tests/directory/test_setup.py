"""Django without a settings module: made once, private, durable, and not on the hot path."""

import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from alphorn.base.errors import Exists, Unavailable
from alphorn.directory.setup import close_connections, migrate, pending, setup


def test_from_nothing(tmp_path: Path) -> None:
    path = tmp_path / "new" / "control.sqlite"
    setup(path)
    setup(path)
    migrate()
    assert not pending()
    migrate()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    for beside in path.parent.iterdir():
        assert stat.S_IMODE(beside.stat().st_mode) == 0o600
    close_connections()
    database = sqlite3.connect(path)
    assert database.execute("SELECT name FROM directory_plan").fetchall() == [("Standard",)]
    assert database.execute("SELECT version FROM directory_directoryversion").fetchall() == [(1,)]
    database.close()


def test_pragmas(tmp_path: Path) -> None:
    from django.db import connection, transaction

    setup(tmp_path / "control.sqlite")
    with connection.cursor() as cursor:
        values = {
            name: cursor.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert values == {
        "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000,
    }  # fmt: skip
    other = sqlite3.connect(tmp_path / "control.sqlite", timeout=0)
    with transaction.atomic():
        assert connection.in_atomic_block
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    other.close()
    close_connections()


def test_nowhere_to_write(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    setup(tmp_path / "file" / "control.sqlite")
    with pytest.raises(Unavailable):
        migrate()
    (tmp_path / "garbage.sqlite").write_bytes(b"this is no database " * 100)
    setup(tmp_path / "garbage.sqlite")
    with pytest.raises(Unavailable):
        migrate()
    close_connections()


def test_the_plan_to_start_from_is_the_default_one(tmp_path: Path) -> None:
    from alphorn.directory.values import STANDARD_PLAN, PlanLimits

    setup(tmp_path / "control.sqlite")
    migrate()
    from alphorn.directory.orm import Plan
    from alphorn.directory.rows import limits_of

    assert limits_of(Plan.objects.get(name=STANDARD_PLAN)) == PlanLimits()
    close_connections()


def test_changes_raise_the_version_and_errors_change_nothing(tmp_path: Path) -> None:
    setup(tmp_path / "control.sqlite")
    migrate()
    from alphorn.directory.models import DirectoryVersion
    from alphorn.directory.orm import Plan, change

    with change():
        Plan.objects.update(address_quota=7)
    assert DirectoryVersion.objects.get().version == 2
    with pytest.raises(ZeroDivisionError), change():
        Plan.objects.update(address_quota=8)
        raise ZeroDivisionError
    with pytest.raises(Exists), change():
        Plan.objects.update(address_quota=-1)
    assert DirectoryVersion.objects.get().version == 2
    assert Plan.objects.get().address_quota == 7
    close_connections()


def test_a_lock_that_does_not_go_away_is_unavailable(tmp_path: Path) -> None:
    from django.db import connections

    setup(tmp_path / "control.sqlite")
    migrate()
    from alphorn.directory.orm import Plan, change

    connections["default"].cursor().execute("PRAGMA busy_timeout=20")
    other = sqlite3.connect(tmp_path / "control.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable), change():
        Plan.objects.update(address_quota=7)
    other.execute("ROLLBACK")
    other.close()
    with change():
        Plan.objects.update(address_quota=7)
    close_connections()


def test_the_hot_path_does_without_django() -> None:
    """Workers pay neither its memory nor its time."""
    program = (
        "import sys, alphorn.directory.view, alphorn.operations.authenticate\n"
        "print('django' in sys.modules, 'cryptography' in sys.modules)"
    )
    printed = subprocess.check_output([sys.executable, "-c", program], text=True)
    assert printed.split() == ["False", "False"]


def test_the_orm_needs_no_preparation() -> None:
    program = (
        "import alphorn.operations.accounts\n"
        "from alphorn.directory.orm import Account\n"
        "print(Account._meta.db_table)"
    )
    printed = subprocess.check_output([sys.executable, "-c", program], text=True)
    assert printed.strip() == "directory_account"

"""A control plane in a temporary folder: the real database, the real operations, the real view.

    def test_x(installation): ...        # the fixture, in tests/{directory,operations,cli}

Schema and DKIM keys are made once a process and copied for each test. Passwords cost little.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from alphorn.base.secret import Secret
from alphorn.directory import keys as master
from alphorn.directory.setup import close_connections, migrate, setup
from alphorn.directory.values import AccountInfo
from alphorn.directory.view import DirectoryView
from alphorn.mailauth.dkim.keys import Algorithm, NewKey, generate
from tests.support.scratch import scratch

ITERATIONS = 1000
NOW = 1_800_000_000.0
PASSWORD = "correct horse battery"


class Clock:
    """Time that a test sets."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Folders:
    """The part of a store that operations use, as one folder an account."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def create(self, account_id: int) -> None:
        (self.root / str(account_id)).mkdir(parents=True, exist_ok=True)

    def remove(self, account_id: int) -> None:
        (self.root / str(account_id)).rmdir()

    def exists(self, account_id: int) -> bool:
        return (self.root / str(account_id)).is_dir()

    def accounts(self) -> Iterator[int]:
        return iter(sorted(int(path.name) for path in self.root.glob("*")))


@lru_cache(maxsize=1)
def _template() -> Path:
    folder = scratch("alphorn-schema-")
    path = folder / "control.sqlite"
    setup(path)
    migrate()
    close_connections()
    # One file without a WAL beside it, so that a copy is complete.
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path


@lru_cache
def _generated(algorithm: Algorithm) -> NewKey:
    return generate(algorithm)


class Installation:
    """What a test works with; `control` acts as an operator."""

    def __init__(self, folder: Path) -> None:
        # Imports Django, which most tests of the whole suite do not need.
        from alphorn.operations.control import Control

        self.folder = folder
        self.database = folder / "control.sqlite"
        shutil.copyfile(_template(), self.database)
        setup(self.database)
        self.keys = master.create(folder / "keys")
        self.clock = Clock()
        self.store = Folders(folder / "accounts")
        self.control = Control(
            store=self.store,  # type: ignore[arg-type]
            keys=self.keys,
            hostname="mx.example.test",
            iterations=ITERATIONS,
            clock=self.clock,
        )
        self.view = self.new_view()

    def new_view(self) -> DirectoryView:
        return DirectoryView(self.database, self.keys, clock=self.clock)

    def sql(self, statement: str, *parameters: object) -> list[tuple[object, ...]]:
        """Straight into the database, as somebody would who has no respect for it."""
        connection = sqlite3.connect(self.database, isolation_level=None)
        try:
            return connection.execute(statement, parameters).fetchall()
        finally:
            connection.close()

    def domain(self, name: str = "example.test", organization: str = "Acme") -> None:
        """A domain, and its organization where it is missing."""
        from alphorn.operations import domains, organizations

        known = [info.name for info in organizations.list_organizations(self.control)]
        if organization not in known:
            organizations.add_organization(self.control, organization)
        domains.add_domain(self.control, name, organization, _generated)

    def account(self, address: str, password: str | None = PASSWORD) -> AccountInfo:
        from alphorn.operations import accounts
        from alphorn.operations.control import NewAccount

        secret = None if password is None else Secret(password)
        return accounts.add_account(self.control, NewAccount(address, secret))

    def close(self) -> None:
        self.view.close()
        close_connections()

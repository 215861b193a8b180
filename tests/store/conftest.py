"""The store to be tested, one engine at a time. PostgreSQL will be one more line here."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from alphorn.store.api import Account, Changed, Store
from alphorn.store.sqlite import SqliteStore
from tests.store.mail import NOW

MakeStore = Callable[..., Store]


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now: float = NOW

    def __call__(self) -> float:
        return self.now


class Heard:
    """What the store told of changes."""

    def __init__(self) -> None:
        self.changes: list[tuple[int, int]] = []

    def __call__(self, account_id: int, mailbox_id: int) -> None:
        self.changes.append((account_id, mailbox_id))

    def take(self) -> list[tuple[int, int]]:
        taken, self.changes = self.changes, []
        return taken


def _sqlite(folder: Path, changed: Changed, clock: Clock) -> Store:
    return SqliteStore(folder / "accounts", changed=changed, clock=clock)


ENGINES = {"sqlite": _sqlite}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture(params=sorted(ENGINES))
def store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Clock, heard: Heard
) -> Iterator[Store]:
    made = ENGINES[request.param](tmp_path, heard, clock)
    made.create(1)
    yield made
    made.close()


@pytest.fixture
def account(store: Store) -> Account:
    return store.account(1)


@pytest.fixture
def inbox(account: Account) -> int:
    return account.mailbox("INBOX").id

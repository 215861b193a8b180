"""The SQLite engine: one file per account, `accounts/<two hex digits>/<id>.sqlite`.

Accounts that were used lately are open, at most `limit` of them, so that any number of accounts
costs files and not memory. In one process a background thread looks after those that were written
to: see `Keeper`. An account that another process removes is noticed within `LOOK_SECONDS`.
"""

import errno
import os
import resource
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from alphorn.base.errors import AlphornError, Unavailable
from alphorn.store import sqlite_file
from alphorn.store.account import SqlAccount
from alphorn.store.api import Changed
from alphorn.store.errors import no_such_account
from alphorn.store.mailboxes import initial
from alphorn.store.sqlite_file import AccountFile, Identity
from alphorn.store.sqlite_keeper import Keeper

OPEN_ACCOUNTS = 256
FILES_PER_ACCOUNT = 8
"""File descriptors that an open account may take, with some to spare."""
LOOK_SECONDS = 1.0
SUFFIX = ".sqlite"
_NO_SPACE = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))


def _nothing(account_id: int, mailbox_id: int) -> None:
    """Nobody wants to know of changes."""


class SqliteStore:
    """See `api.Store`. `root` is the folder `accounts`; `changed` is called after each commit."""

    def __init__(
        self,
        root: Path,
        *,
        changed: Changed = _nothing,
        clock: Callable[[], float] = time.time,
        limit: int = OPEN_ACCOUNTS,
    ) -> None:
        sqlite_file.check_library()
        self._root = root
        self._folder = f"{root}/"
        self._clock = clock
        self._changed = changed
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._limit = max(1, min(limit, files // FILES_PER_ACCOUNT))
        self._lock = threading.Lock()
        self._open: OrderedDict[int, AccountFile] = OrderedDict()
        self._keeper: Keeper | None = None
        self._tends = False

    def create(self, account_id: int) -> None:
        path = self._path(account_id)
        if path.exists():
            return
        # Made aside and then linked, so that an account is there whole or not at all.
        draft = path.with_suffix(f".{secrets.token_hex(8)}.new")
        try:
            for folder in (self._root, path.parent):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            sqlite_file.make(draft, initial(account_id, int(self._clock())))
            _sync(draft)
            with suppress(FileExistsError):
                os.link(draft, path)
            for folder in (path.parent, self._root):
                _sync(folder)
        except OSError as error:
            raise Unavailable(
                f"The file of account {account_id} cannot be made: {error.strerror}.",
                code="disk-full" if error.errno in _NO_SPACE else "not-writable",
            ) from error
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)

    def account(self, account_id: int) -> SqlAccount:
        return SqlAccount(self._file(account_id), self._clock, self._changed)

    def remove(self, account_id: int) -> None:
        """Remove the account with all its mail. Other processes that have it open find it empty
        until they notice."""
        file = self._file(account_id)
        try:
            with file.writing() as transaction:
                transaction.execute("DELETE FROM mailbox")
        except Unavailable as error:
            if error.code != "damaged":
                raise
        with self._lock:
            self._open.pop(account_id, None)
        file.close()
        for suffix in ("", "-wal", "-shm"):
            file.path.with_name(file.path.name + suffix).unlink(missing_ok=True)
        _sync(file.path.parent)

    def exists(self, account_id: int) -> bool:
        return self._path(account_id).exists()

    def accounts(self) -> Iterator[int]:
        """In no particular order."""
        for path in self._root.glob(f"[0-9a-f][0-9a-f]/*{SUFFIX}"):
            if path.stem.isdecimal():
                yield int(path.stem)

    def close_idle(self, seconds: float) -> int:
        before = time.monotonic() - seconds
        with self._lock:
            idle = [file for file in self._open.values() if file.used < before]
            for file in idle:
                del self._open[file.account_id]
        for file in idle:
            file.close()
        return len(idle)

    def start(self, *, tends: bool = True) -> None:
        """Close files in the background, until `close`, and where `tends` look after accounts that
        were written to. Processes that serve call this; one of them tends."""
        if self._keeper is None:
            self._tends = tends
            self._keeper = Keeper(self._clock)
            self._keeper.start()

    def written(self, account_id: int) -> None:
        """Another process wrote to the account: see to it, if this one tends."""
        if self._keeper is not None and self._tends:
            with suppress(AlphornError):  # it is gone
                self._keeper.note(self._file(account_id))

    def close(self) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.stop()
        with self._lock:
            files = list(self._open.values())
            self._open.clear()
        for file in files:
            file.close()

    def _path(self, account_id: int) -> Path:
        return Path(self._name(account_id))

    def _name(self, account_id: int) -> str:
        return f"{self._folder}{account_id & 0xFF:02x}/{account_id}{SUFFIX}"

    def _file(self, account_id: int) -> AccountFile:
        """The account's file, from among those that are open or to be opened when it is used."""
        now = time.monotonic()
        with self._lock:
            file = self._open.get(account_id)
            if file is not None and now - file.seen < LOOK_SECONDS:
                self._open.move_to_end(account_id)
                return file
        identity = self._identity(account_id)
        with self._lock:
            other = self._open.get(account_id)
            if other is not None and other.identity == identity:
                file, old = other, []
            else:
                old = [] if other is None else [other]
                file = AccountFile(self._path(account_id), account_id, identity, self._wrote)
                self._open[account_id] = file
            file.seen = now
            self._open.move_to_end(account_id)
            if len(self._open) > self._limit:
                old.append(self._open.popitem(last=False)[1])
        for other in old:
            self._retire(other)
        return file

    def _identity(self, account_id: int) -> Identity:
        try:
            status = os.stat(self._name(account_id))
        except FileNotFoundError as error:
            with self._lock:
                gone = self._open.pop(account_id, None)
            if gone is not None:
                self._retire(gone)
            raise no_such_account(account_id) from error
        return status.st_dev, status.st_ino

    def _retire(self, file: AccountFile) -> None:
        """Close a file without making a caller wait, who may be the event loop: the last to close
        a file writes the log into it."""
        keeper = self._keeper
        if keeper is None:
            file.close()
        else:
            keeper.retire(file)

    def _wrote(self, file: AccountFile) -> None:
        if self._keeper is not None and self._tends:
            self._keeper.note(file)


def _sync(path: Path) -> None:
    """Make a file, or the names in a folder, durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

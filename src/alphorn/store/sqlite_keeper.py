"""Looks after accounts that were written to, in the background of one process.

* A log that has grown is moved into its file before a writer must do it.
* An account that has become quiet, or that has many new messages, gets them packed and ready for
  full-text search, and what has gone cut out of its packs.
* Of a quiet account, what was to be remembered until a time that is past is removed.
* A quiet account's log is emptied, and free pages of its file are given back.
* Files that are to be closed are closed here, so that nobody waits for it.

Nothing here is needed for the store to be right: a process that dies leaves it to the next write,
or to a search, and then that takes a little longer.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable

from alphorn.base.errors import AlphornError, NotFound
from alphorn.store import indexing, remembering
from alphorn.store.sqlite_file import AccountFile

QUIET_SECONDS = 20.0
"""An account without a write for so long is quiet."""
CHECKPOINT_WRITES = 64
"""Transactions after which the log is moved into the file."""
INDEX_WRITES = 1000
"""Transactions after which messages are packed though the account is not quiet."""
LOOK_SECONDS = 0.25
PORTION = 100
"""Messages that are packed before the processor is left to others for as long as that took."""

_log = logging.getLogger(__name__)


class Keeper:
    """One thread; `note` is called by any. `clock` gives seconds UTC."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._noted: dict[AccountFile, _Note] = {}
        self._retired: list[AccountFile] = []
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="store keeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Return when the thread has come to its end; it finishes the step it is at."""
        self._stopping.set()
        with self._changed:
            self._changed.notify()
        self._thread.join()
        for file in self._retired:
            file.close()

    def note(self, file: AccountFile) -> None:
        """The account was written to, here or by another process. Never waits for the disk."""
        with self._changed:
            note = self._noted.get(file)
            if note is None:
                note = self._noted[file] = _Note()
                self._changed.notify()
            note.last = time.monotonic()
            note.writes += 1
            if note.writes - note.moved == CHECKPOINT_WRITES:
                self._changed.notify()

    def retire(self, file: AccountFile) -> None:
        """Close the file soon."""
        with self._changed:
            self._retired.append(file)
            self._changed.notify()

    def _run(self) -> None:
        while not self._stopping.is_set():
            with self._changed:
                while not (self._noted or self._retired or self._stopping.is_set()):
                    self._changed.wait()
                noted = list(self._noted.items())
                retired, self._retired = self._retired, []
            for file in retired:
                file.close()
            for file, note in noted:
                if self._stopping.is_set():
                    return
                try:
                    self._look_after(file, note)
                except NotFound:  # the account was removed
                    self._forget(file, note.writes)
                except (AlphornError, sqlite3.Error):
                    _log.exception("%s could not be looked after", file.name)
                    self._forget(file, note.writes)
            with self._changed:
                if not self._stopping.is_set():
                    self._changed.wait(LOOK_SECONDS)

    def _look_after(self, file: AccountFile, note: "_Note") -> None:
        if note.writes - note.moved >= CHECKPOINT_WRITES:
            note.moved = note.writes
            file.checkpoint()
        quiet = time.monotonic() - note.last >= QUIET_SECONDS
        if quiet or note.writes - note.indexed >= INDEX_WRITES:
            note.indexed = note.writes
            self._index(file)
        if quiet:
            remembering.sweep(file, int(self._clock()))
            before = note.writes
            file.tidy()
            file.checkpoint(truncate=True)
            self._forget(file, before)

    def _index(self, file: AccountFile) -> None:
        while not self._stopping.is_set():
            began = time.monotonic()
            done = indexing.index(file, PORTION)
            if done < PORTION:
                break
            self._stopping.wait(time.monotonic() - began)
        indexing.sweep(file)

    def _forget(self, file: AccountFile, writes: int) -> None:
        """Until it is written to again, unless it was meanwhile."""
        with self._changed:
            note = self._noted.get(file)
            if note is not None and note.writes == writes:
                del self._noted[file]


class _Note:
    """When an account was last written to, how often, and how often when it was last indexed and
    when its log was last moved."""

    __slots__ = ("indexed", "last", "moved", "writes")

    def __init__(self) -> None:
        self.last = 0.0
        self.writes = 0
        self.indexed = 0
        self.moved = 0

"""When device passwords were last used, written behind the back of the login.

A use is noted at most once an hour for each device password, in memory and without waiting; a
thread writes what was noted soon after. A power cut loses the last notes, nothing else. The
directory's version stays as it is: nobody's cache depends on it.
"""

import logging
import sqlite3
from collections import OrderedDict
from pathlib import Path
from threading import Condition, Thread
from urllib.parse import quote

EVERY_SECONDS = 3600
GATHER_SECONDS = 2.0
RETRY_SECONDS = 30.0
BUSY_SECONDS = 10.0
MAX_REMEMBERED = 16_384

_UPDATE = """
    UPDATE directory_devicepassword SET last_used = ?
    WHERE id = ? AND (last_used IS NULL OR last_used < ?)"""

_log = logging.getLogger(__name__)


class LastUses:
    """One per process, made after a fork. `note` is callable from any thread and never blocks."""

    def __init__(self, database: Path, gather: float = GATHER_SECONDS) -> None:
        self._database = database
        self._gather = gather
        self._noted: OrderedDict[int, float] = OrderedDict()
        self._pending: dict[int, int] = {}
        self._changed = Condition()
        self._thread: Thread | None = None
        self._closing = False

    def note(self, device_id: int, now: float) -> None:
        """This device password was used at `now`."""
        with self._changed:
            if now - self._noted.get(device_id, -EVERY_SECONDS) < EVERY_SECONDS or self._closing:
                return
            self._noted[device_id] = now
            self._noted.move_to_end(device_id)
            if len(self._noted) > MAX_REMEMBERED:
                self._noted.popitem(last=False)
            self._pending[device_id] = int(now)
            if self._thread is None:
                self._thread = Thread(target=self._run, name="last uses", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Write what is noted, and stop."""
        with self._changed:
            self._closing = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pending or self._closing)
                if not self._closing:
                    self._changed.wait_for(lambda: self._closing, self._gather)
                batch, self._pending = self._pending, {}
                closing = self._closing
            if batch and not self._write(batch):
                with self._changed:
                    self._pending = {**batch, **self._pending}
                    if not closing:
                        self._changed.wait_for(lambda: self._closing, RETRY_SECONDS)
            if closing:
                return

    def _write(self, batch: dict[int, int]) -> bool:
        try:
            connection = sqlite3.connect(
                f"file:{quote(str(self._database))}?mode=rw",
                uri=True,
                timeout=BUSY_SECONDS,
                isolation_level="IMMEDIATE",
            )
            try:
                connection.execute("PRAGMA synchronous=NORMAL")
                with connection:
                    connection.executemany(
                        _UPDATE, [(used, identity, used) for identity, used in batch.items()]
                    )
            finally:
                connection.close()
        except sqlite3.Error as error:
            _log.warning(
                "the last use of %d device passwords could not be noted: %s", len(batch), error
            )
            return False
        return True

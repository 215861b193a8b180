"""Hints between processes: "this mailbox changed", "the queue has something to do".

Each worker has a datagram socket `run/bus/<pid>`; a hint goes to every other one, and to the
subscribers in this process. Hints of `GATHER_SECONDS` are coalesced and sent together, after the
replies to whoever caused them. Nothing here ever blocks; where a peer's socket is full, its hints
are kept for a moment and at last dropped. So a hint can be lost, and a subscriber that must not
miss anything also looks by itself now and then (`POLL_SECONDS`): the database is the truth.

`publish` may be called from any thread. A process without an event loop (the command line) only
publishes; it sends at once.
"""

import asyncio
import contextlib
import errno
import logging
import os
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from enum import IntEnum
from pathlib import Path

POLL_SECONDS = 30.0
GATHER_SECONDS = 0.01
MAX_HINTS = 500
MAX_BACKLOG = 5000
RETRY_SECONDS = 0.01
RESCAN_SECONDS = 1.0
MAX_SOCKET_PATH = 100

Hint = tuple[int, int]
Subscriber = Callable[[int], None]
Listener = Callable[[int, int], None]

_log = logging.getLogger(__name__)
_HINT = struct.Struct("!qq")


class Topic(IntEnum):
    """What hints can be about besides accounts, whose numbers are positive."""

    QUEUE = -1


class Bus:
    """Made once per process; `attach` makes it listen as well."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._path = f"{folder}/"
        self._name = str(os.getpid())
        self._handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sending = threading.Lock()
        self._pending: deque[Hint] = deque()
        self._wake_sent = False
        self._closed = False
        self._peers: dict[str, set[Hint]] = {}  # name -> what could not be sent yet
        self._retrying = False
        self._scanned = 0.0
        self._changed = 0
        self._subscribers: dict[int, list[Subscriber]] = {}
        self._listeners: list[Listener] = []

    # -- publishing --

    def publish(self, account_id: int, mailbox_id: int = 0) -> None:
        """Tell every subscriber of the account in every process, soon. Nothing after `close`."""
        if self._closed:
            return
        self._pending.append((account_id, mailbox_id))
        if self._loop is None:
            with self._sending:
                self._flush()
        elif not self._wake_sent:
            self._wake_sent = True
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
                self._loop.call_soon_threadsafe(self._gather)

    # -- subscribing, on the event loop --

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Listen for hints of other processes."""
        path = self._address(self._name)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        self._socket.bind(path)
        self._loop = loop
        loop.add_reader(self._socket.fileno(), self._receive)

    def subscribe(self, account_id: int, callback: Subscriber) -> Callable[[], None]:
        """Call back with the mailbox id on each hint for the account (or topic); returns the end.

        Called on the event loop, which it must not hold up.
        """
        self._subscribers.setdefault(account_id, []).append(callback)

        def unsubscribe() -> None:
            callbacks = self._subscribers.get(account_id, [])
            with contextlib.suppress(ValueError):
                callbacks.remove(callback)
            if not callbacks:
                self._subscribers.pop(account_id, None)

        return unsubscribe

    def listen(self, callback: Listener) -> None:
        """Call back on every hint, with the account (or topic) and the mailbox."""
        self._listeners.append(callback)

    def close(self) -> None:
        """Send what waits, then leave the bus."""
        self._flush()
        self._closed = True
        if self._loop is not None:
            self._loop.remove_reader(self._socket.fileno())
            with contextlib.suppress(OSError):
                os.unlink(self._address(self._name))
        self._socket.close()
        os.close(self._handle)

    # -- inside --

    def _address(self, name: str) -> str:
        """The path of a socket; by way of the open folder where it is too long for the system."""
        path = self._path + name
        if len(os.fsencode(path)) <= MAX_SOCKET_PATH:
            return path
        return f"/proc/self/fd/{self._handle}/{name}"

    def _gather(self) -> None:
        if self._loop is not None and not self._closed:
            self._loop.call_later(GATHER_SECONDS, self._flush)

    def _flush(self) -> None:
        self._wake_sent = False
        hints: set[Hint] = set()
        while self._pending:
            hints.add(self._pending.popleft())
        if hints:
            self._scan()
            for name in tuple(self._peers):
                self._send(name, hints)
            self._dispatch(hints)

    def _scan(self) -> None:
        """Know who is there; the folder is only read again when it changed, or after a while."""
        now = time.monotonic()
        changed = os.fstat(self._handle).st_mtime_ns
        if changed == self._changed and now - self._scanned < RESCAN_SECONDS:
            return
        self._changed, self._scanned = changed, now
        names = {name for name in os.listdir(self._handle) if name != self._name}
        self._peers = {name: self._peers.get(name, set()) for name in names}

    def _send(self, name: str, hints: Iterable[Hint]) -> None:
        waiting = self._peers[name]
        waiting.update(hints)
        address = self._address(name)
        while waiting:
            batch = [waiting.pop() for _ in range(min(MAX_HINTS, len(waiting)))]
            try:
                self._socket.sendto(b"".join(_HINT.pack(*hint) for hint in batch), address)
            except (BlockingIOError, InterruptedError):
                waiting.update(batch)
                self._keep(waiting)
                return
            except OSError as error:
                del self._peers[name]
                if error.errno == errno.ECONNREFUSED:  # its process died
                    with contextlib.suppress(OSError):
                        os.unlink(address)
                elif error.errno != errno.ENOENT:
                    _log.warning("a hint was lost: %s", error)
                return

    def _keep(self, waiting: set[Hint]) -> None:
        if len(waiting) > MAX_BACKLOG or self._loop is None:
            _log.warning("a worker is too slow for its hints; %d were dropped", len(waiting))
            waiting.clear()
        elif not self._retrying:
            self._retrying = True
            self._loop.call_later(RETRY_SECONDS, self._retry)

    def _retry(self) -> None:
        self._retrying = False
        for name, waiting in tuple(self._peers.items()):
            if waiting:
                self._send(name, ())

    def _receive(self) -> None:
        hints: set[Hint] = set()
        with contextlib.suppress(BlockingIOError):
            data = self._socket.recv(MAX_HINTS * _HINT.size)  # the loop calls again for more
            if len(data) % _HINT.size == 0:
                hints.update(_HINT.iter_unpack(data))
        self._dispatch(hints)

    def _dispatch(self, hints: Iterable[Hint]) -> None:
        for account_id, mailbox_id in hints:
            try:
                for listener in self._listeners:
                    listener(account_id, mailbox_id)
                for callback in tuple(self._subscribers.get(account_id, ())):
                    callback(mailbox_id)
            except Exception:
                _log.exception("a subscriber of the bus failed")

"""A service process under test: ports of its own, a log that is watched, a certain end."""

import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from errno import EADDRINUSE
from pathlib import Path
from signal import SIGTERM, Signals
from types import TracebackType
from typing import Any

from alphorn.servers.listeners import LISTENERS

ROOT = Path(__file__).resolve().parent.parent.parent
READY_SECONDS = 60.0
STOP_SECONDS = 30.0
SLOW = "a worker did not stop in time"
"""What a service says of a machine that is too slow to let it end as quickly as it wants to."""


class Ports:
    """An offset whose ports nobody else uses; kept from other test processes until `release`, or
    the end of this one, by a socket's name, which is no file and needs no removing."""

    def __init__(self) -> None:
        # Below the ports that the system gives to outgoing connections.
        offsets = list(range(1000, 29_000, 1000))
        random.shuffle(offsets)
        for offset in offsets:
            self._kept = socket.socket(socket.AF_UNIX)
            try:
                self._kept.bind(f"\0alphorn-test-ports-{os.getuid()}-{offset}")
                self.offset = offset
                if all(_free(self[listener.name]) for listener in LISTENERS):
                    return
            except OSError as error:
                if error.errno != EADDRINUSE:
                    raise
            self._kept.close()
        raise RuntimeError("no free ports")

    def __getitem__(self, listener: str) -> int:
        (port,) = (one.local_port for one in LISTENERS if one.name == listener)
        return port + self.offset

    def release(self) -> None:
        self._kept.close()


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@contextmanager
def at_once(works: Sequence[Callable[[], None]], stop: threading.Event) -> Iterator[None]:
    """Each in a thread of its own while the block runs; `stop` tells them to end with it."""
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


class ServiceProcess:
    """`command` runs until it is told to stop; its log is JSON lines on standard error.

    As a context manager it fails the test where the service logged an error that was not
    expected (see `expect_errors`), or did not stop.
    """

    def __init__(self, command: list[str], environment: Mapping[str, str] | None = None) -> None:
        self.log: list[dict[str, Any]] = []
        self.expect_errors = False
        self._news = threading.Condition()
        self._ended = False
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            try:
                entry = json.loads(line)
            except ValueError:
                entry = {"level": "error", "text": line.decode(errors="replace").rstrip()}
            with self._news:
                self.log.append(entry)
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def wait_for(
        self,
        wanted: Callable[[dict[str, Any]], bool] | str,
        seconds: float = READY_SECONDS,
        after: int = 0,
    ) -> int:
        """Until a line of the log is (or, for a text, contains) this; its number, counted from 1.

        Only lines after the first `after` count.
        """
        text = wanted if isinstance(wanted, str) else None
        until = time.monotonic() + seconds
        with self._news:
            while True:
                for number, entry in enumerate(self.log[after:], after + 1):
                    if text in entry["text"] if text is not None else wanted(entry):  # type: ignore[operator]
                        return number
                left = until - time.monotonic()
                if self._ended or left <= 0:
                    raise AssertionError(f"{wanted!r} was not logged:\n{self.story()}")
                self._news.wait(left)

    def story(self) -> str:
        return "\n".join(
            f"{entry.get('process')}: {entry['text']}" for entry in self.log
        ) + "".join("\n" + entry["trace"] for entry in self.log if "trace" in entry)

    def signal(self, number: Signals) -> None:
        self.process.send_signal(number)

    def stop(self, number: Signals = SIGTERM) -> float:
        """How many seconds the stop took."""
        begin = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"the service did not stop:\n{self.story()}") from None
        took = time.monotonic() - begin
        self._reader.join(STOP_SECONDS)
        return took

    def __enter__(self) -> "ServiceProcess":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        errors = [
            entry
            for entry in self.log
            if entry["level"] in ("error", "critical") and entry["text"] != SLOW
        ]
        if kind is not None:
            print(self.story(), file=sys.stderr)
        elif errors and not self.expect_errors:
            raise AssertionError(f"the service logged errors:\n{self.story()}")

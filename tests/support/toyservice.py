"""Echo sessions under the real supervisor: `toyservice DATA OFFSET WORKERS [strict]`.

A line "who" is answered with the worker's process number; "sleep" takes a moment in a thread;
"crash" kills the worker; other lines come back.
"""

import asyncio
import logging
import os
import signal
import ssl
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from alphorn.base import settings as table
from alphorn.base.errors import Refused
from alphorn.base.settings import Settings
from alphorn.servers import logs, worker
from alphorn.servers.bus import Bus
from alphorn.servers.connection import IO, Session
from alphorn.servers.launch import Launch
from alphorn.servers.listeners import BY_NAME, Listener
from alphorn.servers.metrics import Gauge
from alphorn.servers.supervisor import Plan, Supervisor
from alphorn.servers.worker import Seat


class Lines:
    """One line, one answer."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.buffer = b""
        self.io: IO
        self.busy = False
        self.leaving = False

    def connected(self, io: IO) -> None:
        self.io = io
        io.timeout(60)
        io.write(f"{self.word} {os.getpid()}\r\n".encode())

    def received(self, data: bytes) -> None:
        self.buffer += data
        while b"\n" in self.buffer and not self.busy:
            line, self.buffer = self.buffer.split(b"\n", 1)
            match line.strip():
                case b"who":
                    self.io.write(b"%d\r\n" % os.getpid())
                case b"sleep":
                    self.busy = True
                    self.io.pause()
                    self.io.run(time.sleep, 0.2).add_done_callback(self.done)
                case b"crash":
                    os.kill(os.getpid(), signal.SIGKILL)
                case b"quit":
                    self.io.close()
                case other:
                    self.io.write(other + b"\r\n")

    def done(self, result: "asyncio.Future[None]") -> None:
        self.busy = False
        self.io.write(b"slept\r\n")
        self.io.resume()
        if self.leaving:
            self.shutdown()

    def secured(self) -> None:
        self.buffer = b""

    def timed_out(self) -> None:
        self.io.close()

    def closed(self) -> None:
        self.leaving = True

    def shutdown(self) -> None:
        self.leaving = True
        if not self.busy:
            self.io.write(b"bye\r\n")
            self.io.close()


class Toys:
    def __init__(self, seat: Seat, bus: Bus) -> None:
        word = seat.settings[table.HOSTNAME]
        if word == "broken.test":
            raise Refused("The toy is broken.")
        self.sessions: Mapping[str, Callable[[], Session]] = {
            name: lambda: Lines(word) for name in BY_NAME if name != "metrics"
        }
        self.gauges: Sequence[Gauge] = ()
        self.tasks: Sequence[Callable[[], Awaitable[None]]] = ()
        self.turn_away: Callable[[Listener, str], bytes | None] = lambda listener, client: None
        self.asking: Mapping[str, Callable[[str], ssl.SSLContext | None]] = {}

    def close(self) -> None:
        """Nothing to give back."""


def prepare(data: Path) -> None:
    if (data / "unprepared").exists():
        raise Refused("The data is not in order.")


def main() -> int:
    data = Path(sys.argv[1])
    file = data / table.FILE_NAME

    def read_settings() -> Settings:
        return table.parse(file.read_text())

    if sys.argv[-1] == "--check":
        read_settings()
        return 0
    logs.configure("json", "info", sys.stderr)
    launch = Launch(
        data,
        local=True,
        strict="strict" in sys.argv,
        port_offset=int(sys.argv[2]),
        workers=int(sys.argv[3]),
    )
    plan = Plan(
        read_settings=read_settings,
        prepare=lambda settings: prepare(data),
        work=lambda seat: worker.run(seat, Toys),
        ready=lambda bound: logging.getLogger("toy").info("ready"),
    )
    try:
        return Supervisor(launch, plan).run()
    except Refused as error:
        print(error.text, file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())

"""The queue as others see it: a message goes in and stays until all its recipients are settled."""

import time
from collections.abc import Callable
from pathlib import Path

import zstandard

from alphorn.base.errors import Unavailable
from alphorn.message.envelope import Envelope, Origin
from alphorn.queue import intake, listing
from alphorn.queue.bound import House
from alphorn.queue.database import Connection, Database
from alphorn.queue.intake import Lifetimes
from alphorn.queue.listing import Filter, Health, Listed

DAMAGED = "damaged-message"


class Queue:
    """Open one per process, after forking. Every method may be called from any thread, and every
    one raises `Unavailable` (codes "busy", "disk-full", "damaged") where the file cannot be used.

    Runners of other processes look for new work by themselves within a second; whoever wants to
    tell them sooner listens.
    """

    def __init__(
        self,
        path: Path,
        *,
        lifetimes: Lifetimes | None = None,
        clock: Callable[[], float] = time.time,
        house: House = intake.NOBODY,
    ) -> None:
        self.database = Database(path)
        self.clock = clock
        self.lifetimes = lifetimes or Lifetimes()
        self.house = house
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Have `listener` called, from whatever thread, when this process gave the queue something
        to do. It must not block or raise."""
        self._listeners.append(listener)

    def stir(self) -> None:
        """Tell the listeners."""
        for listener in self._listeners:
            listener()

    def enqueue(self, raw: bytes, envelope: Envelope, *, origin: Origin) -> str:
        """Take a message that is ready to leave (signed, with CRLF line ends); its name.

        Durable on return. Raises Refused for an envelope without recipients.
        """
        name = intake.enqueue(
            self.database, raw, envelope, origin, self.clock(), self.lifetimes, self.house
        )
        self.stir()
        return name

    def content(self, message_id: int) -> bytes | None:
        """The message itself; None where it is not in the queue any more. Raises Unavailable,
        with code "damaged-message" where it cannot be read."""

        def work(connection: Connection) -> bytes | None:
            row = connection.execute(
                "SELECT zstd FROM content WHERE message = ?", (message_id,)
            ).fetchone()
            return row[0] if row else None

        zstd = self.database.read(work)
        try:
            return zstandard.ZstdDecompressor().decompress(zstd) if zstd is not None else None
        except zstandard.ZstdError as error:
            raise Unavailable("The message is damaged.", code=DAMAGED) from error

    # -- for operators --

    def list(self, which: Filter, limit: int = listing.MAX_LISTED) -> list[Listed]:
        return listing.listed(self.database, which, limit)

    def show(self, name: str) -> Listed:
        return listing.show(self.database, name)

    def hold(self, which: Filter) -> int:
        return listing.hold(self.database, which)

    def release(self, which: Filter) -> int:
        count = listing.release(self.database, which)
        self.stir()
        return count

    def retry(self, which: Filter) -> int:
        count = listing.retry(self.database, which)
        self.stir()
        return count

    def remove(self, which: Filter) -> int:
        return listing.remove(self.database, which)

    def health(self) -> Health:
        return listing.health(self.database, self.clock(), time.monotonic())

    def close(self) -> None:
        self.database.close()

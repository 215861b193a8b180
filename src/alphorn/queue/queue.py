"""The queue as others see it: a message goes in and stays until all its recipients are settled."""

import time
from collections.abc import Callable
from pathlib import Path

import zstandard

from alphorn.message.envelope import Envelope, Origin
from alphorn.queue import intake, listing
from alphorn.queue.database import Connection, Database
from alphorn.queue.intake import Lifetimes
from alphorn.queue.listing import Filter, Health, Listed


class Queue:
    """Open one per process, after forking. Every method may be called from any thread, and every
    one raises `Unavailable` (codes "busy", "disk-full", "damaged") where the file cannot be used.

    `hint` is called after a message came in or was released: there is something to do. It must
    not block or raise. Runners of other processes look by themselves within a second.
    """

    def __init__(
        self,
        path: Path,
        *,
        lifetimes: Lifetimes | None = None,
        clock: Callable[[], float] = time.time,
        hint: Callable[[], None] = lambda: None,
    ) -> None:
        self.database = Database(path)
        self.clock = clock
        self.lifetimes = lifetimes or Lifetimes()
        self.hint = hint

    def enqueue(self, raw: bytes, envelope: Envelope, *, origin: Origin) -> str:
        """Take a message that is ready to leave (signed, with CRLF line ends); its name.

        Durable on return. Raises Refused for an envelope without recipients.
        """
        name = intake.enqueue(self.database, raw, envelope, origin, self.clock(), self.lifetimes)
        self.hint()
        return name

    def content(self, message_id: int) -> bytes | None:
        """The message itself; None where it is not in the queue any more."""

        def work(connection: Connection) -> bytes | None:
            row = connection.execute(
                "SELECT zstd FROM content WHERE message = ?", (message_id,)
            ).fetchone()
            return row[0] if row else None

        zstd = self.database.read(work)
        return zstandard.ZstdDecompressor().decompress(zstd) if zstd is not None else None

    # -- for operators --

    def list(self, which: Filter, limit: int = listing.MAX_LISTED) -> list[Listed]:
        return listing.listed(self.database, which, limit)

    def show(self, name: str) -> Listed:
        return listing.show(self.database, name)

    def hold(self, which: Filter) -> int:
        return listing.hold(self.database, which)

    def release(self, which: Filter) -> int:
        count = listing.release(self.database, which)
        self.hint()
        return count

    def retry(self, which: Filter) -> int:
        count = listing.retry(self.database, which)
        self.hint()
        return count

    def remove(self, which: Filter) -> int:
        return listing.remove(self.database, which)

    def health(self) -> Health:
        return listing.health(self.database, self.clock())

    def close(self) -> None:
        self.database.close()

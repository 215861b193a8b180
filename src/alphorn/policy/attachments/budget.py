"""How much may be spent on looking into the attachments of one message.

Work is counted in octets that inflating gives, some 4 ns each on a machine of 2020: the same for
each run, unlike time. What else is done is charged at what it takes by that measure. A message
gives work in proportion to its own size, so that a small one cannot cost much.
"""

MEBI = 1 << 20

FILE = 1024
"""For reading an entry of a directory and judging its name."""
PEEK = 4096
"""For beginning to expand something, beside what it gives."""


class Exhausted(Exception):
    """A bound is reached. `bomb` says that what was looked at grows as no honest file does,
    `partial` is what was expanded of it."""

    def __init__(self, bomb: bool = False, partial: bytes = b"") -> None:
        super().__init__("bomb" if bomb else "budget")
        self.bomb = bomb
        self.partial = partial


class Budget:
    """What is left for one message; `files` were looked at, `spent` is for the curious."""

    __slots__ = ("files", "limit", "most_files", "work")

    def __init__(self, work: int, files: int) -> None:
        self.limit = work
        self.work = work
        self.most_files = files
        self.files = 0

    def charge(self, work: int) -> None:
        """Raises `Exhausted` where so much work is no longer there; then none is."""
        self.work -= work
        if self.work < 0:
            self.work = 0
            raise Exhausted

    def file(self) -> None:
        """One more entry of a directory is looked at; names are judged when all work is spent."""
        self.files += 1
        if self.files > self.most_files:
            raise Exhausted
        self.work = max(0, self.work - FILE)

    @property
    def spent(self) -> int:
        return self.limit - self.work

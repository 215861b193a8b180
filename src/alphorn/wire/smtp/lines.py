"""Cuts what a client sends into command lines. Only CRLF ends a line (RFC 5321 §2.3.8)."""

from dataclasses import dataclass
from enum import Enum

from alphorn.wire.smtp.limits import MAX_PENDING_LINE


class Fault(Enum):
    TOO_LONG = "too long"
    BARE_LF = "bare LF"


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is none. `start` is how it began; it was read to its LF."""

    fault: Fault
    start: bytes


class Lines:
    """The octets received and not yet used: `data` from `at`. What is longer than any line may be
    is dropped as it comes."""

    __slots__ = ("_dropped", "at", "data")

    def __init__(self) -> None:
        self.data = b""
        self.at = 0
        self._dropped = b""  # how a line began that is being dropped

    @property
    def more(self) -> bool:
        """Whether there are octets that were not used yet."""
        return self.at < len(self.data)

    def receive(self, data: bytes) -> None:
        if self.at < len(self.data):
            self.data = self.data[self.at :] + data
        else:
            self.data = data
        self.at = 0

    def clear(self) -> None:
        self.data = self._dropped = b""
        self.at = 0

    def next(self) -> bytes | BadLine | None:
        """The next line without its CRLF; None until there is a whole one."""
        data, at = self.data, self.at
        end = data.find(b"\n", at)
        if end < 0:
            if len(data) - at > MAX_PENDING_LINE:
                self._dropped = self._dropped or data[at : at + 8]
                self.data = data[-1:]  # a CR may be the last
                self.at = 0
            return None
        self.at = end + 1
        if self._dropped or end - at > MAX_PENDING_LINE:
            bad = BadLine(Fault.TOO_LONG, self._dropped or data[at : at + 8])
            self._dropped = b""
            return bad
        if end == at or data[end - 1] != 13:
            return BadLine(Fault.BARE_LF, data[at : at + 8])
        return data[at : end - 1]

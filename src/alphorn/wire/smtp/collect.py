"""Gathers the octets of one message as they come, dotted (DATA) or counted (BDAT).

Nothing is searched twice, and what passes the limit is dropped as it comes, so that a client can
make us hold no more than one message, in however small pieces it sends it.
"""

from alphorn.wire.smtp.content import from_chunks, from_data
from alphorn.wire.smtp.limits import Limits
from alphorn.wire.smtp.replies import Refusal, Reply

_END = b"\r\n.\r\n"


class Collected:
    """The octets so far. Once `refused` is set they are gone and later ones are dropped.

    `slack` are octets above the limit that do not count, for what is taken out again later.
    """

    __slots__ = ("_data", "_slack", "limit", "octets", "refused")

    def __init__(self, limit: int, slack: int = 0) -> None:
        self._data: bytes | bytearray = b""
        self.limit = limit
        self._slack = slack
        self.octets = 0
        self.refused: Reply | None = None

    def add(self, chunk: bytes) -> None:
        if self.refused is not None:
            return
        self.octets += len(chunk)
        if self.octets > self.limit + self._slack:
            self.refuse(too_large(self.limit))
        elif not self._data:
            self._data = chunk  # most messages come in one piece
        elif isinstance(self._data, bytearray):
            self._data += chunk
        else:
            self._data = bytearray(self._data)
            self._data += chunk

    def refuse(self, reply: Reply) -> None:
        """Let go of everything; the message will be answered with `reply`."""
        if self.refused is None:
            self.refused = reply
            self._data = b""
            self.octets = 0

    def take(self, trim: int = 0) -> bytes:
        """All octets but the last `trim`; they are given away."""
        data, self._data = self._data, b""
        if isinstance(data, bytes):
            return data[: len(data) - trim]
        with memoryview(data) as view:
            return bytes(view[: len(data) - trim])


class Dotted:
    """Finds the end of DATA: CRLF "." CRLF and nothing else, wherever the pieces are cut.

    The CRLF of the DATA command itself counts as the first one (RFC 5321 §4.1.1.4).
    """

    __slots__ = ("_tail", "collected")

    def __init__(self, limit: int) -> None:
        # A dot before each line's dot makes a message longer by a third at most.
        self.collected = Collected(limit, limit // 3 + 3)
        self._tail = b"\r\n"

    def feed(self, data: bytes, at: int) -> int:
        """Take `data` from `at`; where the octets behind the end begin, or -1 for not yet."""
        tail = self._tail
        cut = (tail + data[at : at + 4]).find(_END)
        if cut >= 0:
            end = at + cut + len(_END) - len(tail)
        else:
            found = data.find(_END, at)
            if found < 0:
                self._tail = data[-4:] if len(data) - at >= 4 else (tail + data[at:])[-4:]
                self.collected.add(data[at:])
                return -1
            end = found + len(_END)
        self.collected.add(data[at:end])
        return end

    def message(self, limits: Limits) -> bytes:
        """The message that stood before the end. Raises Refusal."""
        if self.collected.refused is not None:
            raise Refusal(self.collected.refused)
        return _of_size(from_data(self.collected.take(trim=3), limits.text_line), limits.message)


class Counted:
    """A chunk of BDAT: so many octets, whatever they are."""

    __slots__ = ("_missing", "collected", "last")

    def __init__(self, octets: int, last: bool, collected: Collected) -> None:
        self._missing = octets
        self.last = last
        self.collected = collected
        if collected.octets + octets > collected.limit:
            collected.refuse(too_large(collected.limit))

    def feed(self, data: bytes, at: int) -> int:
        """As `Dotted.feed`."""
        end = min(at + self._missing, len(data))
        self._missing -= end - at
        self.collected.add(data[at:end])
        return -1 if self._missing else end

    def message(self, limits: Limits) -> bytes:
        """The message of which this was the last chunk. Raises Refusal."""
        if self.collected.refused is not None:
            raise Refusal(self.collected.refused)
        return _of_size(from_chunks(self.collected.take(), limits.text_line), limits.message)


def dropped(reply: Reply) -> Collected:
    """Takes in octets that belong to nothing; `reply` is the answer to them."""
    collected = Collected(0)
    collected.refuse(reply)
    return collected


def _of_size(raw: bytes, limit: int) -> bytes:
    if len(raw) > limit:
        raise Refusal(too_large(limit))
    return raw


def too_large(limit: int) -> Reply:
    """The answer to a message, or to a SIZE, above the limit (RFC 1870 §6)."""
    return Reply("5.3.4", f"The message is too large; at most {limit} octets are accepted")

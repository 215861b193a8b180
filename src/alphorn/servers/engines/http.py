"""HTTP/1.1 as a client of one server (RFC 9112): one request at a time on a connection, bounded.

No redirects, no cookies, no compression, no TLS: it talks to a neighbour. Connections that the
server keeps are used again.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alphorn.base.kinds import Endpoint
from alphorn.servers.engines.failure import EngineFailure
from alphorn.servers.engines.line import Line, Octets, reason

MAX_HEAD = 16_384
MAX_BODY = 524_288
MAX_FIELD = 1000
"""Octets of a field that we send."""
IDLE_SECONDS = 20.0
"""So long a connection that the server keeps is used again."""

_STATUS = re.compile(rb"HTTP/1\.([01]) ([2-5][0-9]{2})(?: ([^\r\n]*))?")
_NUMBER = re.compile(rb"[0-9]{1,9}")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,7})[ \t]*(?:;[^\r\n]*)?")
_CONTROLS = re.compile(rb"[\x00-\x1f\x7f]+")

Fields = Sequence[tuple[bytes, str]]


@dataclass(frozen=True, slots=True)
class HttpReply:
    """`fields` by lower-case name, the last of several."""

    status: int
    phrase: str
    fields: Mapping[bytes, bytes]
    body: bytes


class HttpClient:
    """Used on one event loop; `limit` connections are kept at most.

    A request raises EngineFailure ("connect", "answer") and has no time limit of its own.
    """

    def __init__(self, endpoint: Endpoint, limit: int) -> None:
        self._endpoint = endpoint
        self._limit = limit
        self._idle: list[Line] = []

    async def request(
        self, method: bytes, path: bytes, fields: Fields = (), body: bytes = b""
    ) -> HttpReply:
        """The values of `fields` may hold anything: what has no place in a field is left out."""
        head = _head(method, path, self._endpoint, fields, len(body))
        while (line := self._kept()) is not None:
            reply = await self._exchange(line, (head, body), kept=True)
            if reply is not None:
                return reply
        try:
            line = await Line.open(self._endpoint)
        except OSError as error:
            raise EngineFailure(
                f"{self._endpoint} cannot be reached: {reason(error)}.", code="connect"
            ) from error
        reply = await self._exchange(line, (head, body), kept=False)
        assert reply is not None
        return reply

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _kept(self) -> Line | None:
        oldest = asyncio.get_running_loop().time() - IDLE_SECONDS
        while self._idle:
            line = self._idle.pop()
            if line.idle_since >= oldest:
                return line
            line.close()
        return None

    async def _exchange(self, line: Line, parts: Sequence[Octets], kept: bool) -> HttpReply | None:
        """None where a kept connection turns out to be closed by the server."""
        reader = _Reader(line)
        keeps = False
        try:
            problem = None
            try:
                await line.send(*parts)
            except OSError as error:
                problem = error  # it may have said why before it hung up
            try:
                reply, keeps = await _read(reader)
            except OSError as error:
                if kept and not reader.began:
                    return None
                problem = problem or error
                raise EngineFailure(f"{self._endpoint} hung up: {reason(problem)}.") from error
            keeps = keeps and problem is None
        finally:
            if keeps and len(self._idle) < self._limit:
                line.idle_since = asyncio.get_running_loop().time()
                self._idle.append(line)
            else:
                line.close()
        return reply


class _Reader:
    """Takes from a line what is asked for, and no more than is asked for is ever held, but for what
    came along."""

    __slots__ = ("_buffer", "_line", "began")

    def __init__(self, line: Line) -> None:
        self._line = line
        self._buffer = bytearray()
        self.began = False

    @property
    def empty(self) -> bool:
        return not self._buffer

    async def until(self, mark: bytes, limit: int) -> bytes:
        """What comes before the mark, which is taken too."""
        start = 0
        while (end := self._buffer.find(mark, start)) < 0:
            start = max(0, len(self._buffer) - len(mark) + 1)
            if start > limit:
                raise EngineFailure("The head of the answer is too long.")
            await self._more()
        return self._take(end, len(mark))

    async def exactly(self, octets: int) -> bytes:
        while len(self._buffer) < octets:
            await self._more()
        return self._take(octets)

    async def rest(self, limit: int) -> bytes:
        """All that comes until the other side hangs up."""
        try:
            while len(self._buffer) <= limit:
                await self._more()
        except _Ended:
            return self._take(len(self._buffer))
        raise EngineFailure("The answer is too long.")

    async def _more(self) -> None:
        data = await self._line.receive()
        if not data:
            raise _Ended("it closed the connection")
        self.began = True
        self._buffer += data

    def _take(self, octets: int, more: int = 0) -> bytes:
        taken = bytes(self._buffer[:octets])
        del self._buffer[: octets + more]
        return taken


class _Ended(OSError):
    """The other side closed the connection."""


def _head(method: bytes, path: bytes, endpoint: Endpoint, fields: Fields, length: int) -> bytes:
    lines = [
        b"%b %b HTTP/1.1" % (method, path),
        b"Host: " + (b"localhost" if endpoint.path else str(endpoint).encode("ascii", "replace")),
        b"Connection: keep-alive",
        b"Content-Length: %d" % length,
    ]
    for name, value in fields:
        octets = _CONTROLS.sub(b" ", value[:MAX_FIELD].encode("utf-8", "replace")).strip()
        lines.append(name + b": " + octets[:MAX_FIELD])
    return b"\r\n".join((*lines, b"", b""))


async def _read(reader: _Reader) -> tuple[HttpReply, bool]:
    """The reply, and whether the connection can be used again."""
    lines = (await reader.until(b"\r\n\r\n", MAX_HEAD)).split(b"\r\n")
    status = _STATUS.fullmatch(lines[0])
    if status is None:
        raise EngineFailure("The answer is not HTTP.")
    fields: dict[bytes, bytes] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if not colon or not name or name[0] in b" \t":
            raise EngineFailure("The answer has a field that is none.")
        name, value = name.lower(), value.strip()
        if name == b"content-length" and fields.get(name, value) != value:
            raise EngineFailure("The answer has two lengths.")
        fields[name] = value
    body, framed = await _body(reader, int(status[2]), fields)
    words = fields.get(b"connection", b"").lower()
    keeps = framed and reader.empty and status[1] == b"1" and b"close" not in words
    phrase = (status[3] or b"").decode("utf-8", "replace")
    return HttpReply(int(status[2]), phrase, fields, body), keeps


async def _body(reader: _Reader, status: int, fields: Mapping[bytes, bytes]) -> tuple[bytes, bool]:
    """The body, and whether its end was told by something else than the connection's end (RFC 9112
    §6.3)."""
    if status in (204, 304):
        return b"", True
    coding = fields.get(b"transfer-encoding")
    if coding is not None:
        if coding.lower() != b"chunked" or b"content-length" in fields:
            raise EngineFailure("The answer is coded in a way that is not known here.")
        return await _chunks(reader), True
    length = fields.get(b"content-length")
    if length is None:
        return await reader.rest(MAX_BODY), False
    if _NUMBER.fullmatch(length) is None or int(length) > MAX_BODY:
        raise EngineFailure("The answer is too long.")
    return await reader.exactly(int(length)), True


async def _chunks(reader: _Reader) -> bytes:
    """A chunked body (RFC 9112 §7.1); no trailer is taken."""
    body = bytearray()
    while True:
        size = _CHUNK.fullmatch(await reader.until(b"\r\n", 64))
        if size is None:
            raise EngineFailure("The answer is cut up in a way that is not known here.")
        octets = int(size[1], 16)
        if len(body) + octets > MAX_BODY:
            raise EngineFailure("The answer is too long.")
        body += await reader.exactly(octets)
        if await reader.exactly(2) != b"\r\n":
            raise EngineFailure("The answer is cut up in a way that is not known here.")
        if not octets:
            return bytes(body)

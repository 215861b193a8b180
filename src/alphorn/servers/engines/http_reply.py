"""Reading a reply of HTTP/1.1 (RFC 9112), bounded, from whatever gives its octets.

What is no reply, or too long a one, raises EngineFailure.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from alphorn.servers.engines.failure import EngineFailure

MAX_HEAD = 16_384
MAX_BODY = 524_288
MAX_CHUNKS = 2000

_STATUS = re.compile(rb"HTTP/1\.([01]) ([2-5][0-9]{2})(?: ([^\r\n]*))?")
_NUMBER = re.compile(rb"[0-9]{1,9}")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,7})[ \t]*(?:;[^\r\n]*)?")


class Source(Protocol):
    async def receive(self) -> bytes:
        """Something; nothing at the end. Raises OSError."""


@dataclass(frozen=True, slots=True)
class HttpReply:
    """`fields` by lower-case name, the last of several."""

    status: int
    phrase: str
    fields: Mapping[bytes, bytes]
    body: bytes


class Ended(OSError):
    """The other side closed the connection before the reply was whole."""


class Reader:
    """Takes from a source what is asked for; of what came along it holds one read at most."""

    __slots__ = ("_buffer", "_source", "began")

    def __init__(self, source: Source) -> None:
        self._source = source
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
        except Ended:
            return self._take(len(self._buffer))
        raise EngineFailure("The answer is too long.")

    async def _more(self) -> None:
        data = await self._source.receive()
        if not data:
            raise Ended("it closed the connection")
        self.began = True
        self._buffer += data

    def _take(self, octets: int, more: int = 0) -> bytes:
        taken = bytes(self._buffer[:octets])
        del self._buffer[: octets + more]
        return taken


async def read_reply(reader: Reader) -> tuple[HttpReply, bool]:
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


async def _body(reader: Reader, status: int, fields: Mapping[bytes, bytes]) -> tuple[bytes, bool]:
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


async def _chunks(reader: Reader) -> bytes:
    """A chunked body (RFC 9112 §7.1); no trailer is taken."""
    body = bytearray()
    for _ in range(MAX_CHUNKS):
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
    raise EngineFailure("The answer is cut up in too many pieces.")

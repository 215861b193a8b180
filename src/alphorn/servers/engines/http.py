"""HTTP/1.1 as a client of one server (RFC 9112): one request at a time on a connection, bounded.

No redirects, no cookies, no compression, no TLS: it talks to a neighbour. Connections that the
server keeps are used again.
"""

import asyncio
import re
from collections.abc import Sequence

from alphorn.base.kinds import Endpoint
from alphorn.servers.engines.failure import EngineFailure
from alphorn.servers.engines.http_reply import HttpReply, Reader, read_reply
from alphorn.servers.engines.line import Line, Octets, reason

MAX_FIELD = 1000
"""Octets of a field that we send."""
IDLE_SECONDS = 20.0
"""So long a connection that the server keeps is used again."""

_CONTROLS = re.compile(rb"[\x00-\x1f\x7f]+")

Fields = Sequence[tuple[bytes, str]]


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
        reader = Reader(line)
        keeps = False
        try:
            problem = None
            try:
                await line.send(*parts)
            except OSError as error:
                problem = error  # it may have said why before it hung up
            try:
                reply, keeps = await read_reply(reader)
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

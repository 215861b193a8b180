"""ClamAV's clamd: a message is sent to it in one piece (INSTREAM, clamd(8)).

A connection for each message, as clamd closes it after its answer. What clamd takes to be too
large is not looked into: a verdict of its own, for trying again would not help.
"""

import asyncio
import re
import struct

from alphorn.base.kinds import Endpoint
from alphorn.policy.engines import Virus, VirusVerdict, name_of, plain
from alphorn.servers.engines.failure import EngineFailure
from alphorn.servers.engines.line import Line, Octets, reason

MAX_ANSWER = 4096
CHUNK = 1 << 20
_END = b"\x00"
_FOUND = re.compile(r"stream: (.+) FOUND", re.DOTALL)
_CLEAN = "stream: OK"
_TOO_LARGE = "INSTREAM size limit exceeded"


class Clamd:
    """`timeout` in seconds is for a message as a whole, waiting for a place included; `limit`
    messages are examined at a time. Used on one event loop.

    What fails raises EngineFailure.
    """

    def __init__(self, endpoint: Endpoint, timeout: float, limit: int) -> None:
        self.endpoint = endpoint
        self._timeout = timeout
        self._places = asyncio.Semaphore(limit)

    async def scan(self, raw: bytes) -> VirusVerdict:
        answer = await self._ask(b"zINSTREAM\0", *_framed(raw))
        if answer == _CLEAN:
            return VirusVerdict(Virus.CLEAN)
        found = _FOUND.fullmatch(answer)
        if found is not None:
            return VirusVerdict(Virus.INFECTED, name_of(found[1]))
        if answer.startswith(_TOO_LARGE):
            return VirusVerdict(Virus.TOO_LARGE)
        raise EngineFailure(f"ClamAV at {self.endpoint} says: {plain(answer)}")

    async def version(self) -> str:
        """Its own words: "ClamAV 1.4.3/27500/Mon Jan 6 10:00:00 2025", the version of the program,
        and number and date of the signatures where it has those that ClamAV publishes."""
        return plain(await self._ask(b"zVERSION\0"))

    async def _ask(self, *parts: Octets) -> str:
        try:
            async with asyncio.timeout(self._timeout), self._places:
                return await self._exchange(parts)
        except TimeoutError as error:
            raise EngineFailure(
                f"ClamAV at {self.endpoint} did not answer within {self._timeout:g} seconds.",
                code="timeout",
            ) from error

    async def _exchange(self, parts: tuple[Octets, ...]) -> str:
        try:
            line = await Line.open(self.endpoint)
        except OSError as error:
            raise EngineFailure(
                f"ClamAV at {self.endpoint} cannot be reached: {reason(error)}.",
                code="connect",
            ) from error
        try:
            problem: OSError | None = None
            try:
                await line.send(*parts)
            except OSError as error:
                problem = error  # it has said why before it hung up
            return await self._answer(line, problem)
        finally:
            line.close()

    async def _answer(self, line: Line, problem: OSError | None) -> str:
        answer = bytearray()
        try:
            while data := await line.receive():
                answer += data
                if _END in data:
                    return answer.partition(_END)[0].decode("utf-8", "replace")
                if len(answer) > MAX_ANSWER:
                    raise EngineFailure(f"ClamAV at {self.endpoint} does not stop talking.")
        except OSError as error:
            problem = problem or error
        said = reason(problem) if problem is not None else "it gave no whole answer"
        raise EngineFailure(f"ClamAV at {self.endpoint} hung up: {said}.") from problem


def _framed(raw: bytes) -> list[Octets]:
    """In chunks, each with its length in front, the last of them empty."""
    view = memoryview(raw)
    framed: list[Octets] = []
    for start in range(0, len(raw), CHUNK):
        chunk = view[start : start + CHUNK]
        framed += (struct.pack(">I", len(chunk)), chunk)
    return [*framed, bytes(4)]

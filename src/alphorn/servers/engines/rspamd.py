"""Rspamd over HTTP: a message is examined by a worker, learned by the controller.

POST /checkv2                     the message; the envelope in fields -> JSON
POST /learnspam, /learnham        the message; the password -> JSON
GET  /ping, /auth                 is it there, and does it take the password
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NoReturn

from alphorn.base.kinds import Endpoint
from alphorn.base.secret import Secret
from alphorn.policy.engines import EngineVerdict, plain
from alphorn.servers.engines.failure import EngineFailure
from alphorn.servers.engines.http import Fields, HttpClient
from alphorn.servers.engines.http_reply import HttpReply
from alphorn.servers.engines.rspamd_answer import read_object, verdict_of

MAX_RECIPIENTS = 100
"""Recipients that Rspamd is told of; it bounds what it reads too."""


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What is known of a message beside its octets; "" where it is not.

    `peer` is the client's IP address, `ptr` its name in the reverse DNS, `user` the address of our
    account that sends, `transaction` the message's name in the trace.
    """

    peer: str = ""
    helo: str = ""
    ptr: str = ""
    sender: str = ""
    recipients: Sequence[str] = ()
    user: str = ""
    transaction: str = ""


class Learned(StrEnum):
    LEARNED = "learned"
    KNOWN = "known"  # it had learned that before
    DECLINED = "declined"  # its own rules are against it


class Rspamd:
    """`timeout` in seconds is for a message as a whole, waiting for a place included; `limit`
    messages are examined at a time. Used on one event loop.

    What fails raises EngineFailure.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        timeout: float,
        limit: int,
        *,
        settings_id: str = "",
        hostname: str = "",
        password: Secret | None = None,
    ) -> None:
        """`hostname` is this server's; `password` is what a controller asks for."""
        self.endpoint = endpoint
        self._timeout = timeout
        self._places = asyncio.Semaphore(limit)
        self._http = HttpClient(endpoint, limit)
        self._always: list[tuple[bytes, str]] = []
        if settings_id:
            self._always.append((b"Settings-ID", settings_id))
        if hostname:
            self._always.append((b"MTA-Name", hostname))
        self._password = [(b"Password", password.reveal())] if password is not None else []

    async def check(self, raw: bytes, facts: EngineFacts) -> EngineVerdict:
        reply = await self._ask(b"POST", b"/checkv2", [*self._always, *_fields(facts)], raw)
        return verdict_of(self._read(reply))

    async def learn(self, raw: bytes, spam: bool) -> Learned:
        """Teach it; the endpoint is the controller's."""
        path = b"/learnspam" if spam else b"/learnham"
        reply = await self._ask(b"POST", path, self._password, raw)
        if reply.status == 204:
            return Learned.DECLINED
        # Versions differ in the status with which they say that they know the message.
        if reply.status == 208 or "already learned" in reply.phrase:
            return Learned.KNOWN
        self._read(reply)
        return Learned.LEARNED

    async def version(self) -> str:
        """What it calls itself: "rspamd/3.4"."""
        reply = await self._ask(b"GET", b"/ping")
        if reply.status != 200 or reply.body.strip() != b"pong":
            self._fail(reply)
        return plain(reply.fields.get(b"server", b"").decode("utf-8", "replace")) or "rspamd"

    async def authorized(self) -> bool:
        """Whether the controller takes the password."""
        reply = await self._ask(b"GET", b"/auth", self._password)
        if reply.status in (401, 403):
            return False
        self._read(reply)
        return True

    def close(self) -> None:
        self._http.close()

    async def _ask(
        self, method: bytes, path: bytes, fields: Fields = (), body: bytes = b""
    ) -> HttpReply:
        try:
            async with asyncio.timeout(self._timeout), self._places:
                return await self._http.request(method, path, fields, body)
        except TimeoutError as error:
            raise EngineFailure(
                f"Rspamd at {self.endpoint} did not answer within {self._timeout:g} seconds.",
                code="timeout",
            ) from error
        except EngineFailure as failure:
            raise EngineFailure(f"Rspamd: {failure.text}", code=failure.code) from failure

    def _read(self, reply: HttpReply) -> Mapping[str, Any]:
        if reply.status != 200:
            self._fail(reply)
        return read_object(reply.body)

    def _fail(self, reply: HttpReply) -> NoReturn:
        raise EngineFailure(
            f"Rspamd at {self.endpoint} says: {reply.status} {plain(reply.phrase)}".rstrip()
        )


def _fields(facts: EngineFacts) -> Iterator[tuple[bytes, str]]:
    for name, value in (
        (b"IP", facts.peer),
        (b"Helo", facts.helo),
        (b"Hostname", facts.ptr),
        (b"User", facts.user),
        (b"Queue-Id", facts.transaction),
    ):
        if value:
            yield name, value
    yield b"From", f"<{facts.sender}>"
    for recipient in facts.recipients[:MAX_RECIPIENTS]:
        yield b"Rcpt", f"<{recipient}>"

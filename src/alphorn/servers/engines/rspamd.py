"""Rspamd over HTTP: a message is examined by a worker, learned by the controller.

    POST /checkv2                     the message; the envelope in fields -> JSON
    POST /learnspam, /learnham        the message; the password -> JSON
    GET  /ping, /auth                 is it there, and does it take the password

The JSON is read with suspicion: what is missing or of another type than it should be counts as not
said, but a verdict without a score and an action is none.
"""

import asyncio
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NoReturn

from alphorn.base.kinds import Endpoint
from alphorn.base.secret import Secret
from alphorn.policy.decision import Reason
from alphorn.policy.engines import EngineVerdict, name_of, plain
from alphorn.servers.engines.failure import EngineFailure
from alphorn.servers.engines.http import Fields, HttpClient, HttpReply

MAX_RECIPIENTS = 100
"""Recipients that Rspamd is told of; it bounds what it reads too."""
MAX_SYMBOLS = 300
MAX_OPTIONS = 2
MAX_OPTION = 60
MAX_SCORE = 10_000.0

ACTIONS = frozenset(
    ("no action", "greylist", "add header", "rewrite subject", "soft reject", "reject")
)


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
        return _verdict(self._json(reply, 200))

    async def learn(self, raw: bytes, spam: bool) -> Learned:
        """Teach it; the endpoint is the controller's."""
        path = b"/learnspam" if spam else b"/learnham"
        reply = await self._ask(b"POST", path, self._password, raw)
        if reply.status == 204:
            return Learned.DECLINED
        # Versions differ in the status with which they say that they know the message.
        if reply.status == 208 or "already learned" in reply.phrase:
            return Learned.KNOWN
        self._json(reply, 200)
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
        self._json(reply, 200)
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

    def _json(self, reply: HttpReply, status: int) -> Mapping[str, Any]:
        if reply.status != status:
            self._fail(reply)
        try:
            # Depth costs the parser's stack, which is checked; numbers may be of any size.
            found = json.loads(reply.body, parse_constant=_no_number, parse_int=float)
        except (ValueError, RecursionError) as error:
            raise EngineFailure(f"Rspamd at {self.endpoint} answers something else.") from error
        if not isinstance(found, dict):
            raise EngineFailure(f"Rspamd at {self.endpoint} answers something else.")
        return found

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


def _verdict(said: Mapping[str, Any]) -> EngineVerdict:
    score, action = _number(said.get("score")), said.get("action")
    if score is None or not isinstance(action, str):
        raise EngineFailure("Rspamd gives no verdict.")
    messages = said.get("messages")
    text = messages.get("smtp_message") if isinstance(messages, dict) else None
    symbols = said.get("symbols")
    return EngineVerdict(
        score=score,
        required=max(0.0, _number(said.get("required_score")) or 0.0),
        action=action if action in ACTIONS else plain(action),
        symbols=tuple(_symbols(symbols)) if isinstance(symbols, dict) else (),
        text=plain(text) if isinstance(text, str) else "",
    )


def _symbols(found: Mapping[str, Any]) -> Iterator[Reason]:
    for key in list(found)[:MAX_SYMBOLS]:
        symbol, name = found[key], name_of(key)
        score = _number(symbol.get("score")) if isinstance(symbol, dict) else None
        if name and score is not None:
            yield Reason(name, _sentence(name, symbol), score)


def _sentence(name: str, symbol: Mapping[str, Any]) -> str:
    """What the symbol says of itself, with its first findings; of one that says nothing its name.

    "Message probably spam, probability: " with ["99.9%"] becomes "Message probably spam,
    probability: 99.9%."
    """
    description, options = symbol.get("description"), symbol.get("options")
    text = plain(description).rstrip(" .") if isinstance(description, str) else ""
    text = text or f"Rspamd's rule {name}"
    shown = [
        plain(option, MAX_OPTION)
        for option in (options[:MAX_OPTIONS] if isinstance(options, list) else ())
        if isinstance(option, str)
    ]
    if not shown:
        return f"{text.rstrip(' :')}."
    listed = ", ".join(shown)
    return f"{text} {listed}." if text.endswith(":") else f"{text} ({listed})."


def _number(value: object) -> float | None:
    """A score: finite, and within what makes sense."""
    if not isinstance(value, float) or not math.isfinite(value):
        return None
    return max(-MAX_SCORE, min(MAX_SCORE, value))


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")

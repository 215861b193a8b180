"""One connection to another server: transactions one after another. `dialer` makes connections.

On aiosmtplib, whose commands and replies are used as they are. What it would do otherwise than we
must is done here: addresses are written as they stand (it parses and rewrites them), and the body
goes out in blocks with a timeout for each (it writes all at once and keeps the loop busy with it).
See docs/adr/0030-smtp-client.md. Commands are not pipelined.

Every wait has its timeout, those of RFC 5321 §4.5.3.2. What goes wrong is a `Reply`: of the server
where it spoke, of ourselves (host "") where it did not.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiosmtplib
from aiosmtplib import SMTPException, SMTPResponseException, SMTPTimeoutError
from aiosmtplib.protocol import SMTPProtocol
from aiosmtplib.response import SMTPResponse

from alphorn.queue.replies import reply_from, too_many_recipients
from alphorn.queue.values import QueuedMessage, QueuedRecipient, Reply, ours
from alphorn.queue.wireform import (
    Features,
    mail_command,
    obstacle,
    recipient_command,
    recipient_obstacle,
)

BLOCK = 64 << 10
STARTED = 354


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: RFC 5321 §4.5.3.2, but for `connect`, `tls`, `reset` and `quit`, left open there."""

    connect: float = 30
    tls: float = 30
    greeting: float = 300
    command: float = 300
    data: float = 120
    block: float = 180
    final: float = 600
    reset: float = 30
    quit: float = 5


@dataclass(slots=True)
class Exchange:
    """What one transaction came to: a reply for each recipient that it settled.

    `again` are those whom the server asked to have in another transaction. `lost` is given where
    the connection broke before all was said; `uncertain` where it broke after the whole message
    was sent: the server may have it.
    """

    replies: dict[int, Reply] = field(default_factory=dict)
    again: list[QueuedRecipient] = field(default_factory=list)
    lost: Reply | None = None
    uncertain: bool = False


class Connection:
    """Made by `Dialer.connect`, greeted and ready. One transaction at a time.

    `tls` is the version of TLS that is spoken, "" for none.
    """

    def __init__(
        self,
        smtp: aiosmtplib.SMTP,
        host: str,
        address: str,
        features: Features,
        tls: str,
        timeouts: Timeouts,
    ) -> None:
        self._smtp = smtp
        self._timeouts = timeouts
        self.host = host
        self.address = address
        self.features = features
        self.tls = tls
        self.transactions = 0

    @property
    def usable(self) -> bool:
        return self._smtp.is_connected

    async def transact(
        self, message: QueuedMessage, recipients: Sequence[QueuedRecipient], wire: bytes
    ) -> Exchange:
        """Send the message (as `wireform.body_for_wire` made it) to these recipients."""
        exchange = Exchange()
        self.transactions += 1
        refusal = obstacle(self.features, message)
        if refusal is not None:
            self._settle(exchange, recipients, refusal)
            return exchange
        try:
            await self._transact(exchange, message, recipients, wire)
        except _Lost as lost:
            exchange.lost = lost.reply
        return exchange

    async def _transact(
        self,
        exchange: Exchange,
        message: QueuedMessage,
        recipients: Sequence[QueuedRecipient],
        wire: bytes,
    ) -> None:
        reply = await self._command(b"MAIL", mail_command(self.features, message))
        if not reply.positive:
            self._settle(exchange, recipients, _negative(reply))
            return
        accepted = []
        for recipient in recipients:
            reply = await self._recipient(recipient, message.envelope.sender)
            if reply.positive:
                accepted.append(recipient)
            elif accepted and too_many_recipients(reply):
                exchange.again.append(recipient)
            else:
                exchange.replies[recipient.id] = _negative(reply)
        if accepted:
            await self._data(exchange, accepted, wire)

    async def _recipient(self, recipient: QueuedRecipient, sender: str) -> Reply:
        refusal = recipient_obstacle(self.features, recipient.envelope.address)
        if refusal is not None:
            return refusal
        argument = recipient_command(self.features, recipient.envelope, sender)
        return await self._command(b"RCPT", argument)

    async def _data(
        self, exchange: Exchange, accepted: Sequence[QueuedRecipient], wire: bytes
    ) -> None:
        reply = await self._command(b"DATA", within=self._timeouts.data)
        if reply.code != STARTED:
            self._settle(exchange, accepted, _negative(reply))
            return
        self._settle(exchange, accepted, await self._send(exchange, wire))

    async def _send(self, exchange: Exchange, wire: bytes) -> Reply:
        """Send the body in blocks, no faster than the server takes them; its reply to it."""
        protocol = self._smtp.protocol
        if protocol is None:
            raise _Lost(self._ours("4.4.2", "closed the connection"))
        # Listen from the start: a server may refuse before it has all.
        answer = asyncio.ensure_future(protocol.read_response())
        answer.add_done_callback(_noticed)
        await asyncio.sleep(0)
        try:
            for at in range(0, len(wire), BLOCK):
                if answer.done():
                    break
                self._write(protocol, wire[at : at + BLOCK])
                await self._drained(protocol, answer)
            else:
                exchange.uncertain = True
            response = await self._waited(
                asyncio.shield(answer), self._timeouts.final, "did not confirm the message"
            )
        finally:
            answer.cancel()
        reply = self._reply(response)
        if not exchange.uncertain:
            # The rest of the body was not sent; nothing else can be said over this connection.
            self.abort()
            return _negative(reply)
        exchange.uncertain = False
        return reply if reply.positive else _negative(reply)

    def _write(self, protocol: SMTPProtocol, block: bytes) -> None:
        try:
            protocol.write(block)
        except SMTPException as error:
            raise _Lost(self._ours("4.4.2", "closed the connection")) from error

    async def _drained(
        self, protocol: SMTPProtocol, answer: "asyncio.Future[SMTPResponse]"
    ) -> None:
        # The library's own flow control, which only its streams use otherwise.
        draining = asyncio.ensure_future(protocol._drain_helper())
        try:
            either: set[asyncio.Future[Any]] = {draining, answer}
            done, _ = await asyncio.wait(
                either,
                timeout=self._timeouts.block,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if not done:
                self.abort()
                raise _Lost(self._ours("4.4.2", "stopped taking the message"))
            if draining in done and draining.exception() is not None:
                raise _Lost(self._ours("4.4.2", "closed the connection"))
        finally:
            draining.cancel()

    async def reset(self) -> bool:
        """RSET before the connection is used again; whether it can be."""
        if not self.usable:
            return False
        try:
            return (await self._command(b"RSET", within=self._timeouts.reset)).positive
        except _Lost:
            return False

    async def quit(self) -> None:
        """Say goodbye, and do not wait long for an answer."""
        try:
            if self.usable:
                with suppress(SMTPException, OSError):
                    await self._smtp.execute_command(b"QUIT", timeout=self._timeouts.quit)
        finally:
            self._smtp.close()

    def abort(self) -> None:
        self._smtp.close()

    # -- replies --

    async def _command(self, *words: bytes, within: float = 0) -> Reply:
        """Raises _Lost where the connection ends, with 421 too (RFC 5321 §3.8)."""
        response = await self._waited(
            self._smtp.execute_command(*words, timeout=None),
            within or self._timeouts.command,
            f"did not answer {words[0].decode()}",
        )
        reply = self._reply(response)
        if reply.code == 421:
            self.abort()
            raise _Lost(reply)
        return reply

    async def _waited(
        self, work: Awaitable[SMTPResponse], within: float, what: str
    ) -> SMTPResponse:
        try:
            async with asyncio.timeout(within):
                return await work
        except (TimeoutError, SMTPTimeoutError) as error:
            self.abort()
            raise _Lost(self._ours("4.4.2", what)) from error
        except SMTPResponseException as error:
            self.abort()
            raise _Lost(reply_from(error.code, error.message, self.host)) from error
        except (SMTPException, OSError) as error:
            self.abort()
            raise _Lost(self._ours("4.4.2", "closed the connection")) from error

    def _reply(self, response: SMTPResponse) -> Reply:
        return reply_from(response.code, response.message, self.host)

    def _ours(self, enhanced: str, what: str) -> Reply:
        return ours(451, enhanced, f"{self.host} {what}.")

    def _settle(
        self, exchange: Exchange, recipients: Sequence[QueuedRecipient], reply: Reply
    ) -> None:
        for recipient in recipients:
            exchange.replies[recipient.id] = reply


class _Lost(Exception):
    """The connection is gone."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.text)
        self.reply = reply


def _noticed(answer: "asyncio.Future[SMTPResponse]") -> None:
    """Its error may come when nobody waits for it any more."""
    if not answer.cancelled():
        answer.exception()


def _negative(reply: Reply) -> Reply:
    """A positive reply where only a negative one makes sense: the server is confused."""
    if reply.code < 400:
        return Reply(451, "4.5.0", reply.text, reply.host)
    return reply

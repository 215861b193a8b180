"""One ManageSieve connection: the core's events to handlers, their answers to the client.

Commands are done one after the other, in the order in which they came. What waits for the disk or
for a thread runs in a task, and nothing is read meanwhile. What is written is bounded: after `MUCH`
octets or `MANY` commands the session waits until the client has taken it.

A login that is no longer good (account switched off, password changed) is noticed before the next
command, which is not done.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple

from alphorn.base.errors import AlphornError
from alphorn.directory.values import AccountInfo
from alphorn.servers import eager
from alphorn.servers.connection import IO
from alphorn.servers.managesieve import failures
from alphorn.servers.managesieve.failures import No
from alphorn.servers.sasl import Dialog
from alphorn.store.api import Account, Store
from alphorn.wire.managesieve import codes, render
from alphorn.wire.managesieve.core import (
    CommandReceived,
    Event,
    Fatal,
    ManageSieveCore,
    Rejected,
    SaslResponse,
)

if TYPE_CHECKING:
    from alphorn.servers.managesieve.service import ManageSieveService

MUCH = 128 << 10
MANY = 64

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
_log = logging.getLogger(__name__)


class ManageSieveSession:
    """Implements `servers.connection.Session`. Handlers use what is not private.

    `dialog` is the authentication that runs, `failed_logins` counts those that failed.
    """

    __slots__ = (
        "_commands", "_last_words", "_out", "_over", "_task", "account", "core", "dialog",
        "failed_logins", "io", "service",
    )  # fmt: skip

    io: IO
    core: ManageSieveCore

    def __init__(self, service: "ManageSieveService") -> None:
        self.service = service
        self.account: AccountInfo | None = None
        self.dialog: Dialog | None = None
        self.failed_logins = 0
        self._commands = 0
        self._out: list[bytes] = []
        self._over = False
        self._last_words: bytes | None = None
        self._task: asyncio.Task[None] | None = None

    # -- Session, for the adapter --

    def connected(self, io: IO) -> None:
        self.io = io
        self.core = self.service.core(io)
        io.timeout(self.service.limits.login)
        self._greet()

    def received(self, data: bytes) -> None:
        self.core.receive(data)
        self._advance()

    def secured(self) -> None:
        """What was announced before TLS may have been forged: it is said again (RFC 5804 §2.2)."""
        self.core.secured()
        self._greet()

    def timed_out(self) -> None:
        self.end("Nothing was said for too long")

    def closed(self) -> None:
        self._over = True
        if self._task is not None:
            self._task.cancel()
        self.leave()

    def shutdown(self) -> None:
        self.end("The server stops; connect again in a moment", codes.TRYLATER)

    # -- for handlers --

    def capabilities(self) -> bytes:
        return self.service.capabilities(self.core, self.account)

    async def work(self, act: Callable[[Account, *Ts], T], *args: *Ts) -> T:
        """Do something with the mail of whoever is logged in, in a thread."""
        return await self.io.run(_with_mail, self.service.store, self._holder(), act, *args)

    async def long_work(self, act: Callable[[Account, *Ts], T], *args: *Ts) -> T:
        """The same for what may keep the processor busy."""
        return await self.io.run_long(_with_mail, self.service.store, self._holder(), act, *args)

    def _holder(self) -> int:
        """The core lets commands that need a login pass only where there is one."""
        assert self.account is not None
        return self.account.id

    def start_tls(self, answer: bytes) -> None:
        """Shake hands, once the answer has left."""
        self._out.append(answer)
        self._write()
        self.io.start_tls()

    def leave(self) -> None:
        """Nobody is logged in any more."""
        if self.account is not None:
            self.service.leave(self.account.id)
            self.account = None
            self._commands = 0

    def end(self, text: str, code: bytes = b"") -> None:
        """Say goodbye as soon as the command that runs has been answered."""
        words = render.bye(text, code)
        if self._task is None:
            self.hang_up(words)
        else:
            self._last_words = words

    def hang_up(self, words: bytes) -> None:
        """Say this, and end the connection."""
        if not self._over:
            self._out.append(words)
            self._write()
            self._over = True
            self.io.close()

    # -- inside --

    def _greet(self) -> None:
        self._out += (self.capabilities(), render.ok(self.service.greeting))
        self._write()

    def _say(self, answer: bytes) -> None:
        if answer and not self._over:
            self._out.append(answer)

    def _write(self) -> None:
        if self._out:
            self.io.write(b"".join(self._out))
            self._out.clear()

    def _advance(self) -> None:
        """Act on events until one needs to wait."""
        count = 0
        while self._task is None and not self._over:
            event = self.core.next_event()
            if event is None:
                break
            self._act(event)
            count += 1
            if self._task is None and (count >= MANY or sum(map(len, self._out)) >= MUCH):
                self._start(self._drain())
        self._write()

    def _act(self, event: Event) -> None:
        match event:
            case CommandReceived():
                self._perform(event)
            case SaslResponse(data):
                dialog = self.dialog
                assert dialog is not None
                self._run(lambda: self.service.respond(self, dialog, data))
            case Rejected(text, code):
                self.dialog = None
                self._out.append(render.no(text, code))
            case Fatal(text):
                self.hang_up(render.bye(text))

    def _perform(self, event: CommandReceived) -> None:
        account = self.account
        if account is None:
            self._commands += 1
            if self._commands > self.service.limits.early_commands:
                self.hang_up(render.bye("Too many commands without login"))
                return
        handler = self.service.handlers[event.name]

        def run() -> bytes | Coroutine[Any, Any, bytes]:
            if account is not None and not self.service.still_valid(account):
                self.hang_up(render.bye("Please log in again"))
                return b""
            return handler(self, event.command)

        self._run(run)

    def _run(self, run: Callable[[], bytes | Coroutine[Any, Any, bytes]]) -> None:
        """Do a command, at once if it does not wait."""
        try:
            outcome = run()
            if not isinstance(outcome, bytes):
                begun = eager.start(outcome)
                if not isinstance(begun, eager.Finished):
                    self._start(self._finish(begun))
                    return
                outcome = begun.value
        except Exception as error:
            self._fail(error)
        else:
            self._say(outcome)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        """Let a task run; no event is looked at until it is done."""
        self._write()
        self.io.pause()
        self._task = asyncio.get_running_loop().create_task(self._go_on(work))

    async def _go_on(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
            await self._drain()
            self._task = None
            if self._last_words is not None:
                self.hang_up(self._last_words)
            elif not self._over:
                self.io.resume()
                self._advance()
        except Exception:
            _log.exception("a session failed", extra={"peer": self.io.peer.address})
            self._over = True
            self.io.abort()

    async def _finish(self, work: Coroutine[Any, Any, bytes]) -> None:
        try:
            self._say(await work)
        except Exception as error:
            self._fail(error)

    async def _drain(self) -> None:
        self._write()
        await self.io.drain()

    def _fail(self, error: Exception) -> None:
        """The answer to a command that failed. A modal one is over; for the others nothing
        changes."""
        self.dialog = None
        self.core.refused()
        if isinstance(error, AlphornError):
            error = failures.translated(error)
        elif not isinstance(error, No):
            _log.error("a command failed", exc_info=error)
            error = failures.internal()
        self._say(render.no(error.text, error.code))


def _with_mail(store: Store, account_id: int, act: Callable[[Account, *Ts], T], *args: *Ts) -> T:
    return act(store.account(account_id), *args)

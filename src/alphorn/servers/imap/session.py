"""One IMAP connection: the core's events to handlers, their replies to the client.

Commands are done one after the other, in the order in which they came. Short ones are done at once
on the event loop, and their replies leave together; for the others a task runs and nothing is read
meanwhile. What is written is bounded: after `MUCH` octets or `MANY` commands the session waits
until the client has taken it.

Before the last line of a command the client is told what others did to the selected mailbox, as far
as the protocol allows it then; while it idles, as soon as the registry says that something changed.
"""

import asyncio
import logging
import time
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from alphorn.base.errors import AlphornError, NotFound, Unavailable
from alphorn.directory.values import AccountInfo
from alphorn.servers import eager
from alphorn.servers.connection import IO
from alphorn.servers.imap import failures
from alphorn.servers.imap.failures import CommandError, No
from alphorn.servers.imap.handler import Handler, Outcome, Tells
from alphorn.servers.imap.view import View
from alphorn.store.api import Account
from alphorn.wire.imap import codes, render
from alphorn.wire.imap.core import (
    CommandReceived,
    Event,
    Fatal,
    IdleDone,
    ImapCore,
    NeedContinuation,
    Rejected,
    SaslResponse,
)

if TYPE_CHECKING:
    from alphorn.servers.imap.commands.authenticate import Dialog
    from alphorn.servers.imap.service import ImapService

MUCH = 128 << 10
MANY = 64
GATHER_SECONDS = 0.02
"""How long a wake-up waits for others to come, so that a burst of mail is told in one go."""
LOOK_SECONDS = 1.0
"""How long FETCH and STORE rely on being told of changes."""
SLOW_SECONDS = 0.5
"""How long it waits for a client that does not read."""

_log = logging.getLogger(__name__)


class ImapSession:
    """Implements `servers.connection.Session`. Handlers use what is not private.

    `condstore` and `rev2` are what the client enabled (RFC 7162 §3.1, RFC 9051 §6.3.1).
    `dialog` is the authentication that runs, `failed_logins` counts those that failed.
    """

    __slots__ = (
        "_commands", "_last_words", "_out", "_over", "_task", "_wake", "account", "condstore",
        "core", "dialog", "failed_logins", "io", "rev2", "service", "view",
    )  # fmt: skip

    io: IO
    core: ImapCore

    def __init__(self, service: "ImapService") -> None:
        self.service = service
        self.account: AccountInfo | None = None
        self.view: View | None = None
        self.condstore = False
        self.rev2 = False
        self.dialog: Dialog | None = None
        self.failed_logins = 0
        self._commands = 0
        self._out: list[bytes] = []
        self._over = False
        self._last_words: tuple[str, bytes] | None = None
        self._task: asyncio.Task[None] | None = None
        self._wake: asyncio.TimerHandle | None = None

    # -- Session, for the adapter --

    def connected(self, io: IO) -> None:
        self.io = io
        self.core = self.service.core(io)
        io.timeout(self.service.limits.login)
        self._out.append(render.ok(self.service.greeting, codes.capability(self.capabilities())))
        self._write()

    def received(self, data: bytes) -> None:
        self.core.receive(data)
        self._advance()

    def secured(self) -> None:
        self.core.secured()

    def timed_out(self) -> None:
        self.say_bye("Nothing was said for too long")

    def closed(self) -> None:
        self._over = True
        if self._wake is not None:
            self._wake.cancel()
        if self._task is not None:
            self._task.cancel()
        if self.account is not None:
            self.service.registry.leave(self, self.account)
            self.account = None
        self.view = None

    def shutdown(self) -> None:
        self.end("The server stops; connect again in a moment", b"UNAVAILABLE")

    # -- for the registry --

    def end(self, text: str, code: bytes = b"") -> None:
        """Say goodbye as soon as the command that runs has been answered."""
        if self._task is None:
            self.say_bye(text, code)
        else:
            self._last_words = text, code

    def changed(self, mailbox_id: int) -> None:
        """A hint that this mailbox changed; whoever idles in it is told soon."""
        view = self.view
        if view is not None and view.mailbox_id == mailbox_id:
            view.looked = 0.0
            if self._wake is None and self.core.idling:
                loop = asyncio.get_running_loop()
                self._wake = loop.call_later(GATHER_SECONDS, self._tell_idler)

    def look(self) -> None:
        """Look for changes although nobody hinted at one, if somebody idles here."""
        if self.view is not None:
            self.changed(self.view.mailbox_id)

    # -- for handlers --

    def mail(self) -> Account:
        """The store's account of whoever is logged in."""
        assert self.account is not None
        return self.service.mail(self.account.id)

    def selected(self) -> View:
        """The view; the core lets commands that need one pass only where there is one."""
        assert self.view is not None
        return self.view

    def capabilities(self) -> bytes:
        return self.service.capabilities(self.core)

    def send(self, data: bytes) -> None:
        """Add to the reply."""
        self._out.append(data)

    async def drain(self) -> None:
        """Let go what was sent, and wait until the client has taken enough of it."""
        self._write()
        await self.io.drain()

    def check_end(self) -> None:
        """Between the portions of a long reply: raises No where the session is to end."""
        if self._last_words is not None:
            raise No("Stopped, for the session ends", b"UNAVAILABLE")

    def start_tls(self) -> None:
        """Shake hands, once what was sent has left."""
        self._write()
        self.io.start_tls()

    def quota(self) -> int | None:
        """How many octets the account may hold now, None for without limit."""
        assert self.account is not None
        account = self.service.directory.account(self.account.id)
        return (account.quota_octets if account is not None else 0) or None

    def open_mailbox(self, view: View) -> None:
        self.view = view
        view.uids = self._shared(view)
        self.core.selected()

    def close_mailbox(self) -> None:
        self.view = None
        self.core.deselected()

    def settle(self, before: int, modseq: int) -> None:
        """Take note of an own change to the selected mailbox, which moved its mod-sequence from
        `before` to `modseq` and which the command itself answers. Where they are equal nothing of
        our own changed, and `modseq` is the mark of somebody else's change."""
        view = self.view
        if view is None:
            return
        if before == view.modseq:
            view.modseq = modseq
        else:
            self.tell(expunge=False, own=modseq if modseq != before else 0)

    def tell(self, *, expunge: bool, own: int = 0) -> None:
        """Send what changed in the selected mailbox since the client was last told."""
        view = self.view
        if view is None:
            return
        view.looked = time.monotonic()
        try:
            mail = self.mail()
            if mail.modseq(view.mailbox_id) != view.modseq:
                changes = mail.changes(view.mailbox_id, view.modseq)
                self._out += view.apply(changes, own=own, expunge=expunge, modseqs=self.condstore)
                view.uids = self._shared(view)
            elif expunge and view.gone:
                self._out += view.tell_gone()
        except NotFound:
            self.say_bye("The selected mailbox is gone")
        except Unavailable as error:
            _log.warning("changes cannot be read now: %s", error, exc_info=error)

    def say_bye(self, text: str, code: bytes = b"") -> None:
        """BYE, and the end of the connection."""
        if not self._over:
            self._out.append(render.bye(text, code))
            self.hang_up()

    def hang_up(self) -> None:
        self._write()
        self._over = True
        self.io.close()

    # -- inside --

    def _shared(self, view: View) -> Sequence[int]:
        assert self.account is not None
        return self.service.shared_uids(self.account.id, view)

    def _write(self) -> None:
        out = self._out
        if out:
            self.io.write(out[0] if len(out) == 1 else b"".join(out))
            out.clear()

    def _advance(self) -> None:
        """Act on events until one needs to wait."""
        next_event = self.core.next_event
        count = 0
        while self._task is None and not self._over:
            event = next_event()
            if event is None:
                break
            if type(event) is CommandReceived:
                self._perform(event)
            else:
                self._other(event)
            count += 1
            if self._task is None and (count >= MANY or sum(map(len, self._out)) >= MUCH):
                self._start(self.drain())
        self._write()

    def _perform(self, event: CommandReceived) -> None:
        if self.account is None:
            self._commands += 1
            if self._commands > self.service.limits.early_commands:
                self.say_bye("Too many commands without login")
                return
        handler = self.service.handlers[event.name]
        try:
            outcome = handler.run(self, event.command, event.tag)
        except Exception as error:
            self._fail(event.tag, handler, error)
        else:
            self._go_on(event.tag, handler, outcome)

    def _go_on(
        self, tag: bytes, handler: Handler, outcome: Outcome | Coroutine[Any, Any, Outcome]
    ) -> None:
        if outcome is not None and not isinstance(outcome, bytes):
            try:
                begun = eager.start(outcome)
            except Exception as error:
                self._fail(tag, handler, error)
                return
            if not isinstance(begun, eager.Finished):
                self._start(self._finish(tag, handler, begun))
                return
            outcome = begun.value
        self._complete(tag, handler, outcome)

    def _other(self, event: Event) -> None:
        match event:
            case NeedContinuation():
                self._out.append(render.CONTINUE)
            case Rejected(tag, status, text, code):
                self.dialog = None
                self._out.append(render.tagged(tag, status, text, code))
            case SaslResponse(data):
                self._respond(data)
            case IdleDone(tag):
                self._complete(tag, self.service.handlers["IDLE"], b"OK IDLE done")
            case Fatal(text):
                self.say_bye(text)

    def _respond(self, data: bytes | None) -> None:
        dialog = self.dialog
        assert dialog is not None
        handler = self.service.handlers["AUTHENTICATE"]
        try:
            outcome = dialog.respond(self, data)
        except Exception as error:
            self._fail(dialog.tag, handler, error)
        else:
            self._go_on(dialog.tag, handler, outcome)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        """Let a task run; no event is looked at until it is done."""
        self._write()
        self.io.pause()
        self._task = asyncio.get_running_loop().create_task(self._run(work))

    async def _run(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
            self._task = None
            if self._last_words is not None:
                self.say_bye(*self._last_words)
            elif not self._over:
                self.io.resume()
                self._advance()
        except Exception:
            _log.exception("a session failed", extra={"peer": self.io.peer.address})
            self._over = True
            self.io.abort()

    async def _finish(
        self, tag: bytes, handler: Handler, work: Coroutine[Any, Any, Outcome]
    ) -> None:
        try:
            outcome = await work
        except Exception as error:
            self._fail(tag, handler, error)
        else:
            self._complete(tag, handler, outcome)

    def _complete(self, tag: bytes, handler: Handler, outcome: Outcome) -> None:
        """The last line of a command, after what is to be told before it."""
        if outcome is not None and self._tell_before_end(handler):
            self._out.append(b"%b %b\r\n" % (tag, outcome))

    def _fail(self, tag: bytes, handler: Handler, error: Exception) -> None:
        if handler.modal:
            self.dialog = None
            self.core.refused()
        if isinstance(error, AlphornError):
            error = failures.translated(error)
        elif not isinstance(error, CommandError):
            _log.error("a command failed", exc_info=error)
            error = failures.internal()
        if self._tell_before_end(handler):
            self._out.append(render.tagged(tag, error.status, error.text, error.code))

    def _tell_before_end(self, handler: Handler) -> bool:
        """Whether the connection still stands."""
        view = self.view
        if view is not None and handler.tells is not Tells.NOTHING and not self._over:
            expunge = handler.tells is Tells.ALL
            if handler.looks or time.monotonic() - view.looked > LOOK_SECONDS:
                self.tell(expunge=expunge)
            elif expunge:
                self._out += view.tell_gone()
        return not self._over

    def _tell_idler(self) -> None:
        self._wake = None
        if self._over or not self.core.idling:
            return
        if self._task is not None:  # the client has not taken yet what it was told before
            self._wake = asyncio.get_running_loop().call_later(SLOW_SECONDS, self._tell_idler)
            return
        self.tell(expunge=True)
        if self._out and not self._over:
            self._start(self.drain())

"""One SMTP connection: the machine's events to the stages, their replies to the client.

Commands are handled one after the other in the order in which they came; whatever is decided at
once leaves in one piece. Work that waits (a delivery, a slow hash) runs in a thread while reading
is paused, one hop for a message. What was acknowledged is finished before a shutdown says 421.
"""

import asyncio
import logging
import time
from asyncio import Future
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from alphorn.base.errors import AlphornError
from alphorn.operations.status import basic_of, page_of, status_of
from alphorn.servers import eager
from alphorn.servers.connection import IO
from alphorn.servers.smtp import login
from alphorn.servers.smtp.service import SmtpService
from alphorn.servers.smtp.visit import Visit
from alphorn.wire.smtp.events import (
    Close,
    Declined,
    Event,
    Login,
    Mail,
    Message,
    Rcpt,
    StartTls,
)
from alphorn.wire.smtp.machine import Machine
from alphorn.wire.smtp.replies import Reply

GOING_DOWN = Reply("4.3.2", "The service is stopping; connect again")
SILENT = Reply("4.4.2", "You were silent for too long")
SLOW = Reply("4.4.2", "This takes too long")
BUSY = Reply("4.3.1", "There is too much mail coming in at once; try again later")
GONE = Reply("4.4.2", "You closed your end before there was a message")
FAULT = Reply("4.3.0", "Something went wrong here; try again later")

E = TypeVar("E")

_log = logging.getLogger(__name__)


class SmtpSession:
    """Implements `servers.connection.Session`."""

    __slots__ = (
        "_asking", "_greeting", "_held", "_io", "_machine", "_moved", "_over", "_service",
        "_stopping", "_visit", "_work",
    )  # fmt: skip

    _io: IO
    _machine: Machine
    _visit: Visit

    def __init__(self, service: SmtpService) -> None:
        self._service = service
        self._held = 0  # octets of a message, as the shared memory counts them
        self._moved = 0.0  # when the dialog last got anywhere
        self._over = False
        self._stopping = False
        self._asking: asyncio.Task[Reply] | None = None  # about a recipient
        self._greeting: Future[None] | None = None
        self._work: Future[Any] | None = None

    # -- Session, for the adapter ------------------------------------------------------------------

    def connected(self, io: IO) -> None:
        self._io = io
        self._machine = Machine(self._service.profile, io.tls)
        self._visit = Visit(self._service, io, self._machine)
        if io.tls:
            self._visit.secured()
        io.timeout(self._service.timing.silence)
        guest = self._visit.guest
        if guest is not None:
            self._machine.synchronous = guest.strict
            waited = guest.greeting()
            if waited is not None:
                self._greeting = waited
                waited.add_done_callback(self._greet)
                return
        self._greet()

    def received(self, data: bytes) -> None:
        if self._greeting is not None:
            guest = self._visit.guest
            early = guest.spoke() if guest is not None else None
            if early is not None:
                self._greeting = None
                self._say_goodbye(early)
                return
        self._machine.receive(data)
        if self._greeting is not None:
            return
        if self._work is None and not self._over and not self._advance():
            self._check_pace()

    def secured(self) -> None:
        self._machine.secured()
        self._visit.secured()
        self._moved = time.monotonic()

    def timed_out(self) -> None:
        if self._work is not None:
            self._io.timeout(self._service.timing.silence)  # it is us who take long
        else:
            self._say_goodbye(SILENT)

    def closed(self) -> None:
        if self._visit.guest is not None:
            self._visit.guest.left(self._machine.ahead)
        self._over = True
        if self._work is None:
            self._hold(0)
        if self._asking is not None:
            self._asking.cancel()

    def shutdown(self) -> None:
        if self._asking is not None:
            self._asking.cancel()  # nothing is lost, and the answer may take long
        if self._work is not None:
            self._stopping = True
        else:
            self._say_goodbye(GOING_DOWN)

    def _greet(self, waited: "Future[None] | None" = None) -> None:
        if waited is not None and (self._over or self._greeting is not waited):
            return
        self._greeting = None
        self._machine.greet()
        self._advance()

    # -- moving on ---------------------------------------------------------------------------------

    def _advance(self) -> bool:
        """Handle all that can be handled now; whether that got anywhere."""
        machine, moved = self._machine, False
        tls = close = False
        while (event := machine.next()) is not None:
            moved = True
            match event:
                case StartTls():
                    tls = True
                case Close():
                    close = True
                case _:
                    self._handle(event)
        out = machine.output()
        if out:
            self._io.write(out)
            moved = True
        if moved:
            self._moved = time.monotonic()
        if tls:
            self._io.start_tls()
        elif close:
            self._over = True
            self._hold(0)
            self._io.close()
        elif self._work is None:
            self._hold(machine.buffered)
        return moved

    def _handle(self, event: Event) -> None:
        visit, role = self._visit, self._service.role
        match event:
            case Mail(sender, parameters):
                visit.begin(sender.address, parameters.size)
                self._decide("mail", role.mail, event)
            case Rcpt():
                self._recipient(role.rcpt, event)
            case Message(_, raw):
                self._hold(len(raw))
                self._message(event)
            case Login():
                self._login(event)
            case Declined(verb, argument, reply):
                if verb == "MAIL":
                    visit.begin("", 0)
                visit.refused(verb.lower(), reply, argument=argument)
            case StartTls() | Close():
                """`_advance` does these once the output is written."""

    def _decide(self, stage: str, decide: Callable[[Visit, E], Reply], event: E) -> None:
        try:
            reply = decide(self._visit, event)
        except Exception as error:
            reply = _failed(stage, error)
        if not reply.positive:
            self._visit.refused(stage, reply)
        self._machine.reply(reply)

    def _recipient(
        self, decide: Callable[[Visit, Rcpt], Reply | Coroutine[Any, Any, Reply]], event: Rcpt
    ) -> None:
        """Answer at once where nothing has to be waited for."""
        address = event.path.address
        try:
            decided = decide(self._visit, event)
            if not isinstance(decided, Reply):
                begun = eager.start(decided)
                if not isinstance(begun, eager.Finished):
                    self._asking = asyncio.get_running_loop().create_task(begun)
                    self._start(self._asking, partial(self._recipient_done, address), self._gone)
                    return
                decided = begun.value
        except Exception as error:
            decided = _failed("rcpt", error)
        pause = self._judged(decided, address)
        if pause is None:
            self._machine.reply(decided)
        else:
            self._start(pause, self._answering(decided), self._gone)

    def _judged(self, reply: Reply, address: str) -> "Future[None] | None":
        """Leave a trace of a refusal; what the reply is to wait for."""
        visit = self._visit
        if not reply.positive:
            visit.refused("rcpt", reply, address)
        return visit.guest.answer(reply, address) if visit.guest is not None else None

    def _recipient_done(self, address: str, work: "Future[Reply]") -> None:
        self._asking = None
        if work.cancelled():  # the worker ends, or the client is gone
            self._stopping = True
            self._work_done(None)
            return
        try:
            reply = work.result()
        except Exception as error:
            reply = _failed("rcpt", error)
        pause = self._judged(reply, address)
        if pause is None:
            self._work_done(reply)
        else:
            self._work = pause
            pause.add_done_callback(self._answering(reply))

    def _answering(self, reply: Reply) -> "Callable[[Future[None]], None]":
        """What is called at the end of a pause."""
        return lambda pause: self._work_done(reply)

    def _gone(self) -> None:
        """The client has closed its end while it waits for the answer about a recipient. Where no
        command came behind, no message can: nobody is asked any more, and its place is free."""
        if not self._machine.unread:
            self._say_goodbye(GONE)
            if self._asking is not None:
                self._asking.cancel()

    def _login(self, event: Login) -> None:
        try:
            work = login.step(self._visit, event)
        except AlphornError as error:
            if self._machine.waiting:
                self._machine.reply(login.refusal(error))
            return
        if work is not None:
            self._start(work, self._login_done)

    # -- work in threads ---------------------------------------------------------------------------

    def _start(
        self,
        work: "Future[Any]",
        done: "Callable[[Future[Any]], None]",
        ended: Callable[[], None] | None = None,
    ) -> None:
        self._work = work
        self._io.pause(ended)
        work.add_done_callback(done)

    def _message(self, event: Message) -> None:
        try:
            work = self._service.role.message(self._visit, event)
        except Exception as error:
            self._hold(0)
            reply = _failed("data", error)
            self._visit.refused("data", reply)
            self._machine.reply(reply)
        else:
            self._start(work, self._message_done)

    def _message_done(self, work: "Future[Reply]") -> None:
        if work.cancelled():
            self._stopping = True
            self._hold(0)
            self._work_done(None)
            return
        try:
            reply = work.result()
        except Exception as error:
            reply = _failed("data", error)
            self._visit.refused("data", reply)
        self._hold(0)
        self._work_done(reply)

    def _login_done(self, work: "Future[Any]") -> None:
        reply = None
        if not self._over:
            try:
                login.ended(self._visit, work.result)
            except Exception:
                _log.exception("a login failed")
                reply = login.FAULT
        self._work_done(reply)

    def _work_done(self, reply: Reply | None) -> None:
        """Answer the client, unless it has gone, and go on with what it sent meanwhile. Without a
        reply the machine has its answer."""
        self._work = None
        if self._over:
            self._hold(0)
            return
        if reply is not None:
            self._machine.reply(reply)
        if self._stopping:
            self._say_goodbye(GOING_DOWN)
            return
        self._io.resume()
        self._advance()

    # -- ending ------------------------------------------------------------------------------------

    def _say_goodbye(self, reply: Reply) -> None:
        if not self._over:
            self._machine.close(reply)
            self._advance()

    def _check_pace(self) -> None:
        """Whoever sends a little now and then, and never a whole command or message, is slow."""
        timing = self._service.timing
        limit = timing.message if self._machine.collecting else timing.silence
        if time.monotonic() - self._moved > limit:
            self._say_goodbye(SLOW)

    def _hold(self, octets: int) -> None:
        """Tell the shared memory how much of a message is held now."""
        if octets != self._held:
            room = self._service.memory.change(self._held, octets)
            self._held = octets
            if not room and self._machine.collecting:
                self._machine.abandon(BUSY)
                self._hold(0)


def _failed(stage: str, error: Exception) -> Reply:
    """The reply where a stage could not be gone through."""
    if isinstance(error, AlphornError):
        return Reply(status_of(error), error.text, basic_of(error), page_of(error))
    _log.error("a stage failed", extra={"stage": stage}, exc_info=error)
    return FAULT

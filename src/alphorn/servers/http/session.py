"""One HTTP/1.1 connection: h11 reads and frames, the adapter has sockets, TLS and time.

    idle -> reading -> answering -> idle    one request after the other, until `MAX_REQUESTS`

A request has `HttpService.seconds` from its first octet to its last, however it trickles; its head
has at most `MAX_HEAD` octets and its body `MAX_BODY`. Answers are made one at a time for a
connection; what a client sends meanwhile waits in the adapter, which stops reading. A service that
stops lets a request that is being answered have its answer.
"""

import logging
import time
from asyncio import Future
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus

import h11

from alphorn.servers.connection import IO
from alphorn.servers.http.messages import Answer, Request, Response, plain

MAX_HEAD = 16 << 10
MAX_BODY = 64 << 10
MAX_REQUESTS = 200

_BODILESS = (204, 304)
_FAULT = "Something went wrong here."
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HttpService:
    """`answer` runs in a thread, or on the event loop where it is `quick`. `idle`: seconds that a
    connection may be silent between requests."""

    answer: Answer
    quick: bool = False
    seconds: float = 20.0
    idle: float = 15.0


class HttpSession:
    """Implements `servers.connection.Session`."""

    __slots__ = (
        "_begun", "_body", "_head", "_http", "_io", "_over", "_requests", "_service", "_stopping",
        "_work",
    )  # fmt: skip

    _io: IO

    def __init__(self, service: HttpService) -> None:
        self._service = service
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD)
        self._head: h11.Request | None = None
        self._body = bytearray()
        self._begun = 0.0  # when the first octet of the request came; 0 between requests
        self._requests = 0
        self._work: Future[Response] | None = None
        self._over = False
        self._stopping = False

    # -- Session, for the adapter ------------------------------------------------------------------

    def connected(self, io: IO) -> None:
        self._io = io
        io.timeout(self._service.idle)

    def received(self, data: bytes) -> None:
        self._http.receive_data(data)
        self._advance()

    def secured(self) -> None:
        """Never called: TLS is there from the start, or not at all."""

    def timed_out(self) -> None:
        """Nobody is told who has asked for nothing."""
        if self._work is not None:
            return
        if self._begun:
            self._too_slow()
        else:
            self._end()

    def closed(self) -> None:
        self._over = True

    def shutdown(self) -> None:
        self._stopping = True
        if self._work is None:
            self._end()

    # -- reading -----------------------------------------------------------------------------------

    def _advance(self) -> None:
        """Take all that is there until something has to be waited for."""
        try:
            while not self._over and self._work is None:
                event = self._http.next_event()
                if event is h11.NEED_DATA:
                    self._wait_for_more()
                    return
                if event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
                    self._end()
                    return
                self._take(event)
        except h11.RemoteProtocolError as error:
            self._refuse(error.error_status_hint, "That is not HTTP as it is understood here.")

    def _take(self, event: object) -> None:
        if isinstance(event, h11.Request):
            self._begun = self._begun or time.monotonic()
            self._head = event
            if self._size(event) > MAX_HEAD:
                self._refuse(431, "That is more than is read here.")
            elif self._declared(event) > MAX_BODY:
                self._refuse(413, "That is more than is taken here.")
            elif self._http.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[])
                self._io.write(self._http.send(go_on) or b"")
        elif isinstance(event, h11.Data):
            self._body += event.data
            if len(self._body) > MAX_BODY:
                self._refuse(413, "That is more than is taken here.")
        elif isinstance(event, h11.EndOfMessage):
            self._answer()

    def _wait_for_more(self) -> None:
        """Of a request that has begun the rest, in the time that is left for it."""
        if self._http.trailing_data[0] or self._head is not None:
            self._begun = self._begun or time.monotonic()
        if not self._begun:
            return
        left = self._begun + self._service.seconds - time.monotonic()
        if left <= 0:
            self._too_slow()
        else:
            self._io.timeout(left)

    @staticmethod
    def _size(head: h11.Request) -> int:
        """h11 limits what it waits with; a head that came in one piece it takes at any length."""
        return len(head.target) + sum(len(name) + len(value) + 4 for name, value in head.headers)

    @staticmethod
    def _declared(head: h11.Request) -> int:
        return next((int(value) for name, value in head.headers if name == b"content-length"), 0)

    # -- answering ---------------------------------------------------------------------------------

    def _answer(self) -> None:
        head = self._head
        assert head is not None
        request = Request(
            bytes(head.method),
            bytes(head.target),
            tuple((bytes(name), bytes(value)) for name, value in head.headers),
            bytes(self._body),
            self._io.peer,
            self._io.tls,
        )
        self._requests += 1
        if self._service.quick:
            self._send(self._service.answer(request))
            return
        self._io.pause()
        self._work = self._io.run(self._service.answer, request)
        self._work.add_done_callback(self._answered)

    def _answered(self, work: "Future[Response]") -> None:
        self._work = None
        if self._over:
            return
        if work.cancelled():
            self._end()
            return
        try:
            response = work.result()
        except Exception:
            _log.exception("a request could not be answered")
            response = plain(500, _FAULT)
        try:
            self._send(response)
        except h11.LocalProtocolError:
            _log.exception("an answer could not be sent")
            self._io.abort()
            return
        self._io.resume()
        self._advance()

    def _send(self, response: Response) -> None:
        """Say it, and be ready for the next request where there may be one."""
        last = self._stopping or self._requests >= MAX_REQUESTS
        headers = [*response.headers, (b"Date", formatdate(usegmt=True).encode())]
        if response.status not in _BODILESS:
            headers.append((b"Content-Length", b"%d" % len(response.body)))
        if last:
            headers.append((b"Connection", b"close"))
        http, out = self._http, []
        head = h11.Response(
            status_code=response.status,
            headers=headers,
            reason=HTTPStatus(response.status).phrase.encode(),
        )
        out.append(http.send(head))
        asked_for_head = self._head is not None and self._head.method == b"HEAD"
        if not asked_for_head and response.status not in _BODILESS:
            out.append(http.send(h11.Data(data=response.body)))
        out.append(http.send(h11.EndOfMessage()))
        self._io.write(b"".join(filter(None, out)))
        self._head, self._begun = None, 0.0
        self._body.clear()
        if http.our_state is h11.DONE and http.their_state is h11.DONE:
            http.start_next_cycle()
            self._io.timeout(self._service.idle)
        else:
            self._end()

    def _too_slow(self) -> None:
        self._refuse(408, "That took too long.")

    def _refuse(self, status: int, text: str) -> None:
        """Say what was wrong, where that can still be said, and close: where the next request would
        begin is not known."""
        if self._over:
            return
        if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._stopping = True
            self._send(plain(status, text))
        self._end()

    def _end(self) -> None:
        if not self._over:
            self._over = True
            self._io.close()

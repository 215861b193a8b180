"""HTTP connections over real sockets: one request after the other, whatever is sent."""

import asyncio
import http.client
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest

from alphorn.servers.host import Host
from alphorn.servers.http.messages import Request, Response, plain
from alphorn.servers.http.redirect import Redirect, host_of
from alphorn.servers.http.session import MAX_BODY, MAX_HEAD, MAX_REQUESTS, HttpService, HttpSession
from tests.support.stage import on_loop, stage

GET = b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n"


class Echo:
    """Says what it was asked; `held` keeps it from answering until `open`."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.held = threading.Event()
        self.held.set()
        self.begun = threading.Event()

    def __call__(self, request: Request) -> Response:
        self.asked.append(request)
        self.begun.set()
        assert self.held.wait(60)
        body = request.method + b" " + request.target + b" " + request.body
        return Response(200, ((b"Content-Type", b"text/plain"),), body)


@contextmanager
def serving(service: HttpService) -> Iterator[tuple[int, Callable[[Callable[[Host], None]], None]]]:
    """The port, and what calls something with the host on its event loop."""
    ready, found = threading.Event(), []

    async def main(stop: asyncio.Event) -> None:
        async with stage(lambda: HttpSession(service)) as (host, port):
            loop = asyncio.get_running_loop()
            found.append((loop, host, port, stop))
            ready.set()
            await stop.wait()

    async def run() -> None:
        await main(asyncio.Event())

    work: Callable[[], Awaitable[None]] = run
    thread = threading.Thread(target=on_loop, args=("uvloop", work))
    thread.start()
    assert ready.wait(30)
    loop, host, port, stop = found[0]
    try:
        yield port, lambda call: loop.call_soon_threadsafe(call, host)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def rest(sock: socket.socket) -> bytes:
    said = b""
    while piece := sock.recv(65536):
        said += piece
    return said


def test_one_request_after_the_other() -> None:
    with serving(HttpService(Echo())) as (port, _):
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for number in range(3):
            client.request("GET", f"/{number}")
            answer = client.getresponse()
            assert (answer.status, answer.reason) == (200, "OK")
            assert answer.getheader("Date")
            assert answer.read() == f"GET /{number} ".encode()
        client.request("POST", "/", body=b"some words")
        assert client.getresponse().read() == b"POST / some words"
        client.close()


def test_a_request_in_single_octets_and_several_in_one_piece() -> None:
    with serving(HttpService(Echo())) as (port, _), connect(port) as sock:
        for octet in GET % 1:
            sock.sendall(bytes((octet,)))
        sock.sendall(GET % 2 + GET % 3 + b"GET /4 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        said = rest(sock)
    assert [said.count(b"GET /%d " % number) for number in range(1, 5)] == [1, 1, 1, 1]
    assert said.index(b"/1 ") < said.index(b"/2 ") < said.index(b"/3 ") < said.index(b"/4 ")


def test_the_head_alone() -> None:
    with serving(HttpService(Echo())) as (port, _), connect(port) as sock:
        sock.sendall(b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        said = rest(sock)
    assert said.endswith(b"\r\n\r\n")
    assert b"Content-Length: 7\r\n" in said


def test_the_body_waits_to_be_asked_for() -> None:
    with serving(HttpService(Echo())) as (port, _), connect(port) as sock:
        sock.sendall(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n"
            b"Connection: close\r\n\r\n"
        )
        assert sock.recv(1000).startswith(b"HTTP/1.1 100 ")
        sock.sendall(b"body")
        assert rest(sock).endswith(b"POST / body")


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * MAX_HEAD + b"\r\n\r\n", 431),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY + 1), 413),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            + (b"4000\r\n" + b"x" * 0x4000 + b"\r\n") * 5,
            413,
        ),
    ],
)
def test_what_is_wrong_or_too_much_is_told_and_ends_it(octets: bytes, status: int) -> None:
    echo = Echo()
    with serving(HttpService(echo)) as (port, _), connect(port) as sock:
        sock.sendall(octets)
        said = rest(sock)
    assert said.startswith(b"HTTP/1.1 %d " % status)
    assert b"Connection: close\r\n" in said
    assert said.count(b"HTTP/1.1 ") == 1
    assert not echo.asked


def test_who_is_silent_between_requests_is_let_go_without_a_word() -> None:
    with serving(HttpService(Echo(), idle=0.1)) as (port, _), connect(port) as sock:
        assert rest(sock) == b""
    with serving(HttpService(Echo(), idle=0.1)) as (port, _), connect(port) as sock:
        sock.sendall(GET % 1)
        assert rest(sock).endswith(b"GET /1 ")


@pytest.mark.parametrize(
    "start", [b"GET / HT", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"]
)
def test_a_request_that_never_ends(start: bytes) -> None:
    with serving(HttpService(Echo(), seconds=0.3)) as (port, _), connect(port) as sock:
        sock.sendall(start)
        said = rest(sock)
    assert said.startswith(b"HTTP/1.1 408 ")


def test_a_request_that_trickles() -> None:
    """A little now and then gains no time."""
    with serving(HttpService(Echo(), seconds=0.3)) as (port, _), connect(port) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX: ")
        sock.settimeout(0.02)
        said = b""
        while b"408" not in said:
            try:
                sock.sendall(b"x")
                said += sock.recv(1000)
            except TimeoutError:
                continue
    assert said.startswith(b"HTTP/1.1 408 ")


def test_a_connection_does_not_go_on_for_ever() -> None:
    with serving(HttpService(Echo())) as (port, _), connect(port) as sock:
        sock.sendall((GET % 1) * (MAX_REQUESTS + 5))
        said = rest(sock)
    assert said.count(b"HTTP/1.1 200 ") == MAX_REQUESTS
    assert said.count(b"Connection: close") == 1


def test_a_stop_lets_what_is_being_answered_be_answered() -> None:
    echo = Echo()
    echo.held.clear()
    with serving(HttpService(echo)) as (port, call), connect(port) as sock, connect(port) as idle:
        sock.sendall(GET % 1 + GET % 2)
        assert echo.begun.wait(30)
        call(lambda host: [one.shutdown() for one in host.connections])
        assert rest(idle) == b""
        echo.held.set()
        said = rest(sock)
    assert said.endswith(b"GET /1 ")
    assert b"Connection: close\r\n" in said
    assert len(echo.asked) == 1


def test_a_fault_costs_one_answer() -> None:
    def broken(request: Request) -> Response:
        if request.target == b"/1":
            raise RuntimeError("private")
        return plain(200, "fine")

    with serving(HttpService(broken)) as (port, _):
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        client.request("GET", "/1")
        answer = client.getresponse()
        assert answer.status == 500
        assert b"private" not in answer.read()
        client.request("GET", "/2")
        assert client.getresponse().read() == b"fine\n"
        client.close()


def test_who_goes_away_while_he_is_answered() -> None:
    echo = Echo()
    echo.held.clear()
    with serving(HttpService(echo)) as (port, _):
        with connect(port) as sock:
            sock.sendall(GET % 1)
            assert echo.begun.wait(30)
        echo.held.set()
        with connect(port) as sock:
            sock.sendall(b"GET /2 HTTP/1.0\r\n\r\n")
            assert rest(sock).endswith(b"GET /2 ")


# -- the port without TLS --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "target", "where"),
    [
        ("mail.example.test", "/help/?x=1", "https://mail.example.test:2443/help/?x=1"),
        ("MAIL.example.test:2080", "/", "https://mail.example.test:2443/"),
        ("127.0.0.1:2080", "/", "https://127.0.0.1:2443/"),
        ("evil.test", "/", "https://mail.example.test:2443/"),
        ("mail.example.test", "//evil.test/", "https://mail.example.test:2443//evil.test/"),
        ("mail.example.test", "http://evil.test/", "https://mail.example.test:2443/"),
    ],
)
def test_everybody_is_sent_to_our_own_port_with_tls(host: str, target: str, where: str) -> None:
    redirect = Redirect("mail.example.test", ("mail.example.test", "127.0.0.1"), 2443)
    with serving(HttpService(redirect, quick=True)) as (port, _), connect(port) as sock:
        request = f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        sock.sendall(request.encode())
        said = rest(sock).decode()
    assert said.startswith("HTTP/1.1 308 ")
    assert f"\r\nLocation: {where}\r\n" in said


def test_nothing_is_sent_there() -> None:
    redirect = Redirect("mail.example.test", (), 443)
    with serving(HttpService(redirect, quick=True)) as (port, _), connect(port) as sock:
        sock.sendall(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        assert rest(sock).startswith(b"HTTP/1.1 405 ")


@pytest.mark.parametrize(
    ("field", "name"),
    [
        (b"a.test", "a.test"), (b"A.test:80", "a.test"), (b"[::1]", "[::1]"),
        (b"[::1]:80", "[::1]"), (b"::1", "::1"), (b"", ""), (b":80", ""),
    ],
)  # fmt: skip
def test_the_name_in_a_host_field(field: bytes, name: str) -> None:
    assert host_of(field) == name

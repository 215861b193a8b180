"""Replies of HTTP: what is one is read whole, and nothing else makes it more than fail."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.servers.engines import http_reply
from alphorn.servers.engines.failure import EngineFailure
from alphorn.servers.engines.http_reply import Ended, HttpReply, Reader, read_reply


class Pieces:
    """A source that gives these, one after the other, and counts what was taken."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = iter([piece for piece in pieces if piece])
        self.taken = 0

    async def receive(self) -> bytes:
        piece = next(self._pieces, b"")
        self.taken += len(piece)
        return piece


def read(*pieces: bytes) -> tuple[HttpReply, bool]:
    return asyncio.run(read_reply(Reader(Pieces(pieces))))


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("octets", "status", "body", "keeps"),
    [
        (HEAD + b"Content-Length: 5\r\n\r\nhello", 200, b"hello", True),
        (HEAD + b"content-length:  5 \r\nConnection: close\r\n\r\nhello", 200, b"hello", False),
        (HEAD + b"Content-Length: 5\r\n\r\nhello more", 200, b"hello", False),
        (b"HTTP/1.0 404 No\r\nContent-Length: 0\r\n\r\n", 404, b"", False),
        (b"HTTP/1.1 204\r\n\r\n", 204, b"", True),
        (HEAD + b"\r\nuntil the end", 200, b"until the end", False),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n, world!!!\r\n0\r\n\r\n",
         200, b"hello, world!!!", True),
    ],
)  # fmt: skip
def test_replies_whole_and_cut_anywhere(
    octets: bytes, status: int, body: bytes, keeps: bool
) -> None:
    reply, kept = read(octets)
    assert (reply.status, reply.body, kept) == (status, body, keeps)
    by_octet, _ = read(*(octets[n : n + 1] for n in range(len(octets))))
    assert (by_octet.status, by_octet.body) == (status, body)


@pytest.mark.parametrize(
    "octets",
    [
        b"220 mx.example.test ESMTP\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        HEAD + b"no field\r\n\r\n",
        HEAD + b" folded: x\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        HEAD + b"Content-Length: -5\r\n\r\nhello",
        HEAD + b"Content-Length: 0x5\r\n\r\nhello",
        HEAD + b"Content-Length: %d\r\n\r\n" % (http_reply.MAX_BODY + 1),
        HEAD + b"Content-Length: 99999999999999\r\n\r\n",
        HEAD + b"Transfer-Encoding: gzip\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFF\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 3000 + b"0\r\n\r\n",
        HEAD + b"X: " + b"x" * 20_000,
        HEAD + b"\r\n" + b"x" * (http_reply.MAX_BODY + 1),
    ],
)
def test_what_is_no_reply(octets: bytes) -> None:
    with pytest.raises(EngineFailure):
        read(octets)


@pytest.mark.parametrize(
    "octets", [b"", b"HTTP/1.1", HEAD, HEAD + b"Content-Length: 5\r\n\r\nhell"]
)
def test_half_a_reply(octets: bytes) -> None:
    with pytest.raises(Ended):
        read(octets)


def test_no_more_is_taken_than_may_be() -> None:
    pieces = Pieces([HEAD + b"\r\n", *[b"x" * 65_536] * 100])
    with pytest.raises(EngineFailure):
        asyncio.run(read_reply(Reader(pieces)))
    assert pieces.taken <= http_reply.MAX_BODY + 2 * 65_536


PARTS = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [
            HEAD,
            b"\r\n",
            b"\r\n\r\n",
            b"Content-Length: 3",
            b"Transfer-Encoding: chunked",
            b"3\r\nabc",
            b"0\r\n",
            b": ",
            b"HTTP/1.1 204 \r\n",
        ]
    ),
)


@given(st.lists(PARTS, max_size=12))
def test_anything_else_fails_and_no_more(pieces: list[bytes]) -> None:
    try:
        reply, _ = read(*pieces)
    except (EngineFailure, Ended):
        return
    assert 200 <= reply.status < 600
    assert len(reply.body) <= http_reply.MAX_BODY

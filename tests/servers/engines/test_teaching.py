"""How versions of Rspamd answer to being taught."""

import pytest

from alphorn.servers.engines.failure import EngineFailure
from alphorn.servers.engines.rspamd import Learned, Rspamd
from tests.support.engines import peer, saying
from tests.support.stage import on_loop


def learn(answer: bytes) -> Learned:
    async def main() -> Learned:
        async with peer(saying(answer)) as there:
            return await Rspamd(there.endpoint, 5, 1).learn(b"Subject: x\r\n\r\nx\r\n", True)

    return on_loop("uvloop", main)


@pytest.mark.parametrize(
    ("answer", "learned"),
    [
        (b'HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{"success":true}', Learned.LEARNED),
        (b"HTTP/1.1 208 Already Reported\r\nContent-Length: 0\r\n\r\n", Learned.KNOWN),
        (
            b"HTTP/1.1 404 <1@b.test> has been already learned as spam, ignore it\r\n"
            b"Connection: close\r\nContent-Length: 2\r\n\r\n{}",
            Learned.KNOWN,
        ),
        (b"HTTP/1.1 204 No Content\r\n\r\n", Learned.DECLINED),
    ],
)
def test_answers(answer: bytes, learned: Learned) -> None:
    assert learn(answer) is learned


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 404 cannot find a classifier\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK",
    ],
)
def test_refusals(answer: bytes) -> None:
    with pytest.raises(EngineFailure):
        learn(answer)

"""What is asked about a message, whatever its header is like."""

import asyncio

import pytest

from alphorn.mailauth.proofs import Proofs, ask
from tests.support.cost import cost
from tests.support.memorydns import MemoryResolver

MB = 1 << 20
AUTHOR = b"From: a@author.zz\r\n"
ENDLESS = {
    "many fields": AUTHOR + b"X: y\r\n" * (5 * MB),
    "many authors": b"From: a@author.zz\r\n" * MB,
    "a long field": AUTHOR + b"X: " + b"y\r\n " * (5 * MB),
    "a long author": b"From: " + b"(y)\r\n " * (5 * MB) + b"a@author.zz\r\n",
    "many signatures": AUTHOR
    + b"DKIM-Signature: v=1; d=author.zz; s=a; h=from; b=\r\n" * (MB // 2),
    "no end": AUTHOR + b"x" * (30 * MB),
}


def asked(raw: bytes) -> Proofs:
    return asyncio.run(ask(raw, None, MemoryResolver({}), asyncio.gather))


@pytest.mark.parametrize("what", ENDLESS)
def test_an_endless_header_does_not_hold_up_others(what: str) -> None:
    """This runs where everybody's octets come in."""
    raw = ENDLESS[what] + b"\r\nbody\r\n"
    assert cost(lambda: asked(raw), 0.1) < 0.1


def test_the_body_does_not_matter() -> None:
    for head in (AUTHOR, b"", b"Subject: x\r\n" + AUTHOR):
        alone, whole = asked(head), asked(head + b"\r\nFrom: b@other.zz\r\n\r\nbody")
        assert (alone.author, alone.found) == (whole.author, whole.found)

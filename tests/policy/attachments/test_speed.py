"""What an ordinary message costs."""

import random
from collections.abc import Callable

import pytest

from alphorn.message.parse import parse
from alphorn.policy.attachments import check
from tests.policy.attachments.makers import message, part, zipped
from tests.support.cost import cost, promised


def plain() -> bytes:
    return (
        b"Received: from a.example by b.example with ESMTPS id 1;\r\n\tMon, 3 Mar 2025 09:00:00\r\n"
        b"From: Anna <a@example.org>\r\nTo: b@example.org\r\nSubject: Lunch\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
        + b"A line of an ordinary text.\r\n"
        * 100
    )


def alternative() -> bytes:
    return (
        b"From: Anna <a@example.org>\r\nSubject: Lunch\r\n"
        b"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
        + b"A line of text.\r\n"
        * 300
        + b"--b\r\n"
        b"Content-Type: text/html; charset=utf-8\r\n\r\n"
        + b"<p>A line.</p>\r\n" * 300
        + b"--b--\r\n"
    )


def attached(start: bytes, name: str) -> Callable[[], bytes]:
    data = start + random.Random(1).randbytes(5_000_000)
    return lambda: message(part(data, name))


CASES: dict[str, tuple[Callable[[], bytes], float]] = {
    "a text": (plain, 30e-6),
    "text and HTML": (alternative, 60e-6),
    "a large picture": (attached(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", "a.jpg"), 2e-3),
    "a large PDF": (attached(b"%PDF-1.7\n", "a.pdf"), 2e-3),
    "an office document": (
        lambda: message(
            part(zipped(*((f"word/part{n}.xml", b"<x/>" * 500) for n in range(40))), "a.docx")
        ),
        10e-3,
    ),
}


@promised
@pytest.mark.parametrize("name", sorted(CASES))
def test_cost(name: str, slack: float) -> None:
    make, promise = CASES[name]
    raw = make()
    entity = parse(raw)
    assert cost(lambda: check(raw, entity), promise * slack, 30) < promise * slack

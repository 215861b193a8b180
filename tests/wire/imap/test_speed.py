"""The hot paths stay fast. Bounds are far above what is measured, so that a busy machine passes and
an accident of complexity does not."""

import time
from collections.abc import Callable

import pytest

from alphorn.wire.imap import render
from tests.wire.imap.driver import logged_in


def _best(work: Callable[[], object], rounds: int = 5) -> float:
    """CPU seconds of the fastest of several rounds."""
    spent = []
    for _ in range(rounds):
        started = time.process_time()
        work()
        spent.append(time.process_time() - started)
    return min(spent)


@pytest.mark.parametrize(
    "line",
    [
        b"a123 NOOP\r\n",
        b"a123 FETCH 57 FLAGS\r\n",
        b"a123 UID FETCH 57:* (UID FLAGS RFC822.SIZE BODY.PEEK[HEADER.FIELDS (From To)])\r\n",
        b"a123 UID STORE 57 +FLAGS.SILENT (\\Seen)\r\n",
    ],
)
@pytest.mark.parametrize("pipelined", [1, 100])
def test_commands_per_second(line: bytes, pipelined: int) -> None:
    core = logged_in()
    piece = line * pipelined

    def work() -> None:
        for _ in range(1_000 // pipelined):
            core.receive(piece)
            for _ in range(pipelined):
                assert core.next_event() is not None

    assert 1_000 / _best(work) > 40_000


def test_flags_of_a_large_mailbox() -> None:
    rows = [(n, n + 100, n % 32, "" if n % 10 else "$Forwarded") for n in range(1, 20_001)]
    assert _best(lambda: render.flags_lines(rows)) < 0.02


def test_a_pipeline_in_one_piece_is_not_quadratic() -> None:
    core = logged_in()

    def work() -> None:
        core.receive(b"a123 NOOP\r\n" * 20_000)
        while core.next_event() is not None:
            pass

    assert _best(work, rounds=3) < 1


def test_a_message_in_one_piece() -> None:
    core = logged_in()
    data = b"a APPEND INBOX {10000+}\r\n" + b"x" * 10_000 + b"\r\n"

    def work() -> None:
        for _ in range(100):
            core.receive(data)
            assert core.next_event() is not None

    assert 100 / _best(work) > 10_000

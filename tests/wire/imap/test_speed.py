"""The hot paths stay fast."""

import pytest

from alphorn.wire.imap import render
from tests.support.cost import cost, growth, promised
from tests.wire.imap.driver import logged_in


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
@promised
def test_commands_per_second(line: bytes, pipelined: int, slack: float) -> None:
    core = logged_in()
    piece = line * pipelined

    def work() -> None:
        for _ in range(1_000 // pipelined):
            core.receive(piece)
            for _ in range(pipelined):
                assert core.next_event() is not None

    assert cost(work, 0.025 * slack) < 0.025 * slack


@promised
def test_flags_of_a_large_mailbox(slack: float) -> None:
    rows = [(n, n + 100, n % 32, "" if n % 10 else "$Forwarded") for n in range(1, 20_001)]
    assert cost(lambda: render.flags_lines(rows), 0.02 * slack) < 0.02 * slack


def test_a_pipeline_in_one_piece_is_not_quadratic() -> None:
    core = logged_in()

    def work(commands: int) -> None:
        core.receive(b"a123 NOOP\r\n" * commands)
        while core.next_event() is not None:
            pass

    assert growth(work, 2_500, 20_000, 24) < 24


@promised
def test_a_message_in_one_piece(slack: float) -> None:
    core = logged_in()
    data = b"a APPEND INBOX {10000+}\r\n" + b"x" * 10_000 + b"\r\n"

    def work() -> None:
        for _ in range(100):
            core.receive(data)
            assert core.next_event() is not None

    assert cost(work, 0.01 * slack) < 0.01 * slack

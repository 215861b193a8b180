"""Limits of lines, what is dropped, and that a frame does not depend on how it arrives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.wire.managesieve.core import CommandReceived, Rejected
from alphorn.wire.managesieve.framing import Frame, Framer, Refusal
from alphorn.wire.managesieve.limits import Limits
from tests.support.cost import growth
from tests.wire.managesieve.driver import SMALL, drain, logged_in, said


def frames(pieces: list[bytes]) -> list[Frame | Refusal]:
    framer = Framer(SMALL)
    framer.authenticated = True
    found = []
    for piece in pieces:
        framer.receive(piece)
        while (frame := framer.next()) is not None:
            found.append(frame)
    return found


def test_the_longest_line_and_one_more() -> None:
    assert frames([b"x" * 200 + b"\r\n"]) == [Frame(b"x" * 200)]
    for pieces in ([b"x" * 201 + b"\r\nNOOP\r\n"], [b"x" * 150, b"x" * 51, b"\r\nNOOP\r\n"]):
        assert frames(pieces) == [Refusal("The command is too long"), Frame(b"NOOP")]


def test_lines_between_literals_count_together() -> None:
    line = b"y" * 100
    assert frames([line + b"{1+}\r\na" + line + b"\r\n", b"NOOP\r\n"]) == [
        Refusal("The command is too long"),
        Frame(b"NOOP"),
    ]


def test_a_long_line_that_ends_in_a_literal_takes_it_along() -> None:
    pieces = [b"x" * 300, b"{6", b"+}\r\nNOOP\r\n", b"\r\n", b"NOOP\r\n"]
    assert frames(pieces) == [Refusal("The command is too long"), Frame(b"NOOP")]


def test_what_is_dropped_has_a_limit() -> None:
    given_up = Refusal("The command is too long", fatal=True)
    assert frames([b"x" * 2_065]) == [given_up]
    assert frames([b"x" * 1_000, b"x" * 1_000, b"x" * 1_000, b"NOOP\r\n"]) == [given_up]
    assert frames([b'PUTSCRIPT "a" {1900+}\r\n' + b"x" * 1900 + b"{200+}\r\n"]) == [given_up]


def test_only_crlf_ends_a_line() -> None:
    (event,) = said(logged_in(), b'SETACTIVE "a"\nLISTSCRIPTS\rNOOP\r\n')
    assert event == Rejected("Unexpected text at octet 14")


def test_nul_and_bare_line_ends_are_not_quoted() -> None:
    for octet in (b"\0", b"\r", b"\n"):
        (event,) = said(logged_in(), b'SETACTIVE "a' + octet + b'"\r\n')
        assert isinstance(event, Rejected)


def test_what_is_not_utf8_is_no_name_but_can_be_a_script() -> None:
    core = logged_in()
    (event,) = said(core, b'SETACTIVE "\xff"\r\n')
    assert event == Rejected("Expected a string in UTF-8 at octet 11")
    (event,) = said(core, b'PUTSCRIPT "a" {1+}\r\n\xff\r\n')
    assert isinstance(event, CommandReceived)
    assert event.command.source == b"\xff"  # type: ignore[union-attr]


ATOMS = [b"{3+}\r\n", b"{0+}\r\n", b"abc", b'"', b"\r\n", b" ", b"x" * 90, b"{200+}\r\n", b"\r"]


@given(st.lists(st.sampled_from(ATOMS), max_size=20), st.lists(st.integers(1, 40), max_size=60))
def test_it_does_not_matter_how_the_octets_arrive(atoms: list[bytes], sizes: list[int]) -> None:
    data = b"".join(atoms) + b"\r\n"
    pieces = []
    at = 0
    for size in sizes:
        pieces.append(data[at : at + size])
        at += size
    pieces.append(data[at:])
    whole = frames([data])
    cut = frames(pieces)
    assert [type(one) for one in whole] == [type(one) for one in cut]
    assert [one for one in whole if isinstance(one, Frame)] == [
        one for one in cut if isinstance(one, Frame)
    ]


def test_idle_connections_hold_nothing() -> None:
    core = logged_in(Limits())
    core.receive(b'PUTSCRIPT "a" {6+}\r\nkeep;\n\r\nNOOP\r\n')
    drain(core)
    framer = core._framer
    assert (framer._buffer, framer._text, framer._literals, framer._body) == (b"", b"", (), None)


HOSTILE = [
    (b'SETACTIVE "', b"\\\\"),
    (b'SETACTIVE "', b"\\a"),
    (b"SETACTIVE ", b"{"),
    (b"NOOP ", b"{1+}"),
    (b"HAVESPACE ", b"9"),
    (b"", b"x"),
    (b"", b" "),
    (b"", b'"'),
    (b"", b"{1+}x"),
]


@pytest.mark.parametrize(("begin", "unit"), HOSTILE)
def test_hostile_lines_cost_no_more_than_their_length(begin: bytes, unit: bytes) -> None:
    def read(size: int) -> None:
        (event,) = said(logged_in(Limits()), begin + unit * (size // len(unit)) + b".\r\n")
        assert isinstance(event, Rejected)

    assert growth(read, 2_000, 16_000, most=24) < 24  # 64 where it grew with the square


def test_a_script_in_small_pieces_costs_no_more_than_its_length() -> None:
    def read(size: int) -> None:
        core = logged_in(Limits())
        core.receive(b"CHECKSCRIPT {%d+}\r\n" % size)
        for _ in range(size // 16):
            core.receive(b"x" * 16)
            assert core.next_event() is None
        (event,) = said(core, b"\r\n")
        assert isinstance(event, CommandReceived)

    assert growth(read, 32 << 10, 256 << 10, most=24) < 24

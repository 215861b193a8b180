"""Lines and literals: cut anywhere, limited everywhere, and never one taken for the other."""

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphorn.wire.imap.framing import Frame, Framer, Limits, Refusal
from tests.wire.imap.driver import SMALL, frames

STREAMS = {
    "lines": (b"a NOOP\r\nb NOOP\r\n", [Frame(b"a NOOP"), Frame(b"b NOOP")]),
    "empty line": (b"\r\na NOOP\r\n", [Frame(b""), Frame(b"a NOOP")]),
    "synchronizing": (
        b"a LOGIN {4}\r\nanna {3}\r\nabc\r\n",
        ["+", "+", Frame(b"a LOGIN {4}\r\n {3}\r\n", (b"anna", b"abc"))],
    ),
    "non-synchronizing": (
        b"a LOGIN {4+}\r\nanna {3+}\r\nabc\r\n",
        [Frame(b"a LOGIN {4+}\r\n {3+}\r\n", (b"anna", b"abc"))],
    ),
    "empty literals": (
        b"a LOGIN {0+}\r\n {0}\r\n\r\n",
        ["+", Frame(b"a LOGIN {0+}\r\n {0}\r\n", (b"", b""))],
    ),
    "literal8": (b"a X ~{3+}\r\n\x00\r\n\r\n", [Frame(b"a X ~{3+}\r\n", (b"\x00\r\n",))]),
    "commands within a literal": (
        b"a X {23+}\r\n\r\nb DELETE INBOX\r\nc X\r\n\r\nd NOOP\r\n",
        [Frame(b"a X {23+}\r\n", (b"\r\nb DELETE INBOX\r\nc X\r\n",)), Frame(b"d NOOP")],
    ),
    "size within a literal": (
        b"a X {7+}\r\n{99+}\r\n\r\nb NOOP\r\n",
        [Frame(b"a X {7+}\r\n", (b"{99+}\r\n",)), Frame(b"b NOOP")],
    ),
    "bare line feed does not end a line": (b"a X\nb Y\r\n", [Frame(b"a X\nb Y")]),
    "bare carriage return does not either": (b"a X\rb Y\r\n", [Frame(b"a X\rb Y")]),
    "braces that are no size": (
        b'a X }\r\nb X "{5}"\r\nc X foo}\r\n',
        [Frame(b"a X }"), Frame(b'b X "{5}"'), Frame(b"c X foo}")],
    ),
    "a size in an open quote is a literal still": (
        b'a X "{3+}\r\nabc\r\n',
        [Frame(b'a X "{3+}\r\n', (b"abc",))],
    ),
}


@pytest.mark.parametrize("name", STREAMS)
def test_frames_are_the_same_however_the_stream_is_cut(name: str) -> None:
    stream, expected = STREAMS[name]
    assert frames([stream]) == expected
    assert frames([stream[i : i + 1] for i in range(len(stream))]) == expected
    for cut in range(len(stream)):
        assert frames([stream[:cut], stream[cut:]]) == expected


def test_a_size_that_is_no_number_ends_the_connection() -> None:
    """Its octets may follow, and nobody knows how many: they must not become commands."""
    sizes = (b"-1", b"5 ", b" 5+", b"+", b"", b"0x5+", b"5++", b"5-", b"9" * 40 + b"+")
    for size in sizes:
        stream = b"a X {" + size + b"}\r\nb DELETE INBOX\r\n"
        assert frames([stream]) == [Refusal(b"a", "Not a literal's size", fatal=True)]


def test_a_size_that_cannot_be_dropped_ends_the_connection() -> None:
    stream = b"a X {5001+}\r\nb DELETE INBOX\r\n"
    assert frames([stream]) == [Refusal(b"a", "Command too long", fatal=True)]


def test_large_literals_are_dropped_with_their_command() -> None:
    stream = b"a X {60+}\r\n" + b"\r\nb DELETE INBOX\r\n".ljust(60, b"x") + b" rest\r\nc NOOP\r\n"
    expected = [Refusal(b"a", "Literal too large"), Frame(b"c NOOP")]
    assert frames([stream]) == expected
    assert frames([stream[i : i + 1] for i in range(len(stream))]) == expected


def test_what_follows_a_dropped_literal_is_dropped_as_well() -> None:
    stream = b"a X {60+}\r\n" + b"x" * 60 + b" {16+}\r\nb DELETE INBOX\r\n\r\nc NOOP\r\n"
    assert frames([stream]) == [Refusal(b"a", "Literal too large"), Frame(b"c NOOP")]


def test_a_large_synchronizing_literal_is_refused_before_it_comes() -> None:
    assert frames([b"a X {60}\r\n", b"b NOOP\r\n"]) == [
        Refusal(b"a", "Literal too large"),
        Frame(b"b NOOP"),
    ]


def test_a_client_that_does_not_wait_for_the_refusal_is_cut_off() -> None:
    assert frames([b"a X {60}\r\nb DELETE INBOX\r\n"]) == [
        Refusal(b"a", "Literal too large", fatal=True)
    ]


def test_before_login_literals_are_small_together() -> None:
    assert frames([b"a LOGIN {21}\r\n"], authenticated=False) == [
        Refusal(b"a", "Literal too large")
    ]
    assert frames([b"a LOGIN {15+}\r\n" + b"x" * 15 + b" {6}\r\n"], authenticated=False) == [
        Refusal(b"a", "Literal too large")
    ]
    assert frames([b"a APPEND x {30}\r\n"], authenticated=False) == [
        Refusal(b"a", "Literal too large")
    ]


def test_messages_have_limits_of_their_own() -> None:
    body = b"x" * 1000
    assert frames([b"a append x {1000+}\r\n" + body + b"\r\n"]) == [
        Frame(b"a append x {1000+}\r\n", (body,))
    ]
    too_big = Refusal(b"a", "Message too large: at most 1000 octets", too_big=True)
    assert frames([b"a APPEND x {1001}\r\n"]) == [too_big]
    assert frames([b"a APPEND x {1001+}\r\n" + b"x" * 1001 + b"\r\nb NOOP\r\n"]) == [
        too_big,
        Frame(b"b NOOP"),
    ]
    two = b"a APPEND x {1000+}\r\n" + body + b" {600+}\r\n" + b"x" * 600 + b"\r\nb NOOP\r\n"
    assert frames([two]) == [too_big, Frame(b"b NOOP")]


def test_append_is_recognized_only_where_the_command_stands() -> None:
    assert frames([b"a LOGIN APPEND {60}\r\n"]) == [Refusal(b"a", "Literal too large")]


def test_the_number_of_literals_is_limited() -> None:
    stream = b"a X" + b" {1+}\r\nx" * 5 + b"\r\nb NOOP\r\n"
    assert frames([stream]) == [Refusal(b"a", "Too many literals"), Frame(b"b NOOP")]


@pytest.mark.parametrize("step", [1, 7, 64, 100_000])
def test_long_lines_are_dropped_whole(step: int) -> None:
    stream = b"a X " + b"y" * 900 + b"\r\nb NOOP\r\n"
    pieces = [stream[i : i + step] for i in range(0, len(stream), step)]
    assert frames(pieces) == [Refusal(b"a", "Command line too long"), Frame(b"b NOOP")]


@pytest.mark.parametrize("step", [1, 7, 64, 100_000])
def test_a_long_line_that_ends_in_a_size_has_its_literal_dropped(step: int) -> None:
    stream = b"a X " + b"y" * 900 + b" {16+}\r\nb DELETE INBOX\r\n\r\nc NOOP\r\n"
    pieces = [stream[i : i + step] for i in range(0, len(stream), step)]
    assert frames(pieces) == [Refusal(b"a", "Command line too long"), Frame(b"c NOOP")]


def test_lines_are_long_together_too() -> None:
    stream = b"a X " + b"y" * 100 + b"{1+}\r\n." + b"y" * 100 + b"\r\nb NOOP\r\n"
    assert frames([stream]) == [Refusal(b"a", "Command line too long"), Frame(b"b NOOP")]


def test_an_endless_line_ends_the_connection() -> None:
    found = frames([b"a X "] + [b"y" * 100] * 100)
    assert found == [Refusal(b"a", "Command too long", fatal=True)]


def test_a_dead_framer_takes_nothing() -> None:
    framer = Framer(SMALL)
    framer.receive(b"a X {z}\r\n")
    assert framer.next() == Refusal(b"a", "Not a literal's size", fatal=True)
    framer.receive(b"b NOOP\r\n")
    assert framer.next() is None
    assert framer.next_line() is None


def test_a_refusal_without_a_tag() -> None:
    assert frames([b"{60}\r\n"]) == [Refusal(b"*", "Literal too large")]


def test_discard_forgets_half_a_command() -> None:
    framer = Framer(SMALL)
    framer.receive(b"a X {5+}\r\nab")
    assert framer.next() is None
    framer.discard()
    framer.receive(b"b NOOP\r\n")
    assert framer.next() == Frame(b"b NOOP")


def test_lines_of_answers_are_not_framed() -> None:
    framer = Framer(SMALL)
    framer.receive(b"abc {5}\r\nDONE\r\n")
    assert [framer.next_line(), framer.next_line(), framer.next_line()] == [
        b"abc {5}",
        b"DONE",
        None,
    ]
    framer.receive(b"x" * 101)
    assert framer.next_line() == Refusal(b"*", "Line too long", fatal=True)


def _held(framer: Framer) -> int:
    """Octets a framer holds on to."""
    return sum(
        sys.getsizeof(value) if not isinstance(value, tuple) else sum(map(sys.getsizeof, value))
        for name in Framer.__slots__
        if isinstance(value := getattr(framer, name), bytes | bytearray | tuple)
    )


def test_nothing_is_held_of_what_was_given_out() -> None:
    framer = Framer(Limits())
    framer.receive(b"a NOOP\r\n" * 10_000)
    while framer.next() is not None:
        pass
    assert _held(framer) < 200
    framer.receive(b"DONE\r\n" * 10_000)
    while framer.next_line() is not None:
        pass
    assert _held(framer) < 200


_PIECES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [b"\r\n", b"a X ", b"a APPEND x ", b"{5}\r\n", b"{60+}\r\n", b"{60}\r\n", b"{1000+}\r\n"]
    ),
    st.integers(0, 2000).map(lambda n: b"x" * n),
    st.integers(0, 6000).map(lambda n: b"{%d+}\r\n" % n),
)


@settings(deadline=None, max_examples=300)
@given(st.lists(_PIECES, max_size=40), st.booleans())
def test_memory_is_bounded_whatever_comes(pieces: list[bytes], authenticated: bool) -> None:
    framer = Framer(SMALL)
    framer.authenticated = authenticated
    limit = SMALL.append_total + SMALL.line + 4_000
    for piece in pieces:
        framer.receive(piece)
        while framer.next() is not None:
            pass
        assert _held(framer) < limit


@settings(deadline=None, max_examples=300)
@given(st.lists(_PIECES, max_size=20), st.data())
def test_cuts_change_nothing(pieces: list[bytes], data: st.DataObject) -> None:
    """But for one thing: a client that does not wait for a refusal is caught only when its
    literal has come with it."""
    stream = b"".join(pieces).replace(b"}\r\n", b"+}\r\n").replace(b"++", b"+")
    whole = frames([stream])
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    parts = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert frames(parts) == whole


def test_a_large_literal_costs_linear_time_and_few_objects() -> None:
    size = 8_000_000
    limits = Limits()
    framer = Framer(limits)
    framer.authenticated = True
    framer.receive(b"a APPEND x {%d+}\r\n" % size)
    assert framer.next() is None
    for _ in range(size // 1000):
        framer.receive(b"x" * 1000)
        assert framer.next() is None
    framer.receive(b"\r\n")
    frame = framer.next()
    assert isinstance(frame, Frame)
    assert frame.literals == (b"x" * size,)

"""Smuggling: every way to write a lone dot, and what becomes of other bare CRs and LFs."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.message import header
from alphorn.wire.smtp.content import from_chunks, from_data
from alphorn.wire.smtp.events import Message
from alphorn.wire.smtp.machine import Machine
from alphorn.wire.smtp.profile import Profile
from alphorn.wire.smtp.replies import Refusal
from tests.support.cost import cost
from tests.wire.smtp.support import Server

ENDS = {
    "CRLF": b"\r\n",
    "LF": b"\n",
    "CR": b"\r",
    "CRCR": b"\r\r",
    "LFLF": b"\n\n",
    "LFCR": b"\n\r",
    "CRCRLF": b"\r\r\n",
    "CRLFLF": b"\r\n\n",
    "CRLFCR": b"\r\n\r",
}
SMUGGLED = b"MAIL FROM:<admin@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\nSubject: forged\r\n\r\nx\r\n.\r\n"


def deliver(content: bytes) -> tuple[Server, bytes]:
    """A message with `content` between 354 and the end, which the caller writes too."""
    server = Server(Machine(Profile("mx.example.test")))
    server.run(b"HELO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\n")
    return server, server.run(content)


@pytest.mark.parametrize(("before", "after"), [*product(ENDS, ENDS)])
def test_a_lone_dot_between_any_two_line_ends(before: str, after: str) -> None:
    """Only CRLF.CRLF ends the message; all others make it refused, and nothing of it is run."""
    data = b"Subject: x\r\n\r\nbody" + ENDS[before] + b"." + ENDS[after] + SMUGGLED + b".\r\n"
    server, said = deliver(data)
    really_ends = ENDS[before].endswith(b"\r\n") and ENDS[after].startswith(b"\r\n")
    if really_ends:
        assert len(server.messages) >= 1
        assert b"forged" not in server.messages[0].raw
    else:
        assert server.messages == []
        assert said.startswith(b"554 5.6.0 ")
        assert "Declined DATA 5.6.0" in server.events
        # The smuggled commands were the message's text; the only MAIL is the one before it.
        assert [e for e in server.events if e.startswith("Mail")] == ["Mail <a@b.c>"]


@pytest.mark.parametrize("after", [end for end in ENDS if not ENDS[end].startswith(b"\r\n")])
def test_a_lone_dot_at_the_very_beginning(after: str) -> None:
    server, said = deliver(b"." + ENDS[after] + SMUGGLED)
    assert server.messages == []
    assert said.startswith(b"554 5.6.0 ")


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        (b"a\nb\r\n", b"a\r\nb\r\n"),
        (b"a\rb\r\n", b"a b\r\n"),
        (b"a\r\r\nb\r\n", b"a\r\nb\r\n"),
        (b"a\r\r\r\nb\r\n", b"a\r\nb\r\n"),
        (b"a\r\r\r\r\nb\r\n", b"a \r\nb\r\n"),
        (b"a\n\rb\r\n", b"a\r\n b\r\n"),
        (b"a\r", b"a \r\n"),
        (b"a\n", b"a\r\n"),
        (b"a", b"a\r\n"),
        (b"", b""),
        (b"\n..\n", b"\r\n..\r\n"),
        (b"Subject: x\rBcc: y\r\n\r\n", b"Subject: x Bcc: y\r\n\r\n"),
    ],
)
def test_other_bare_line_ends_are_set_right(sent: bytes, stored: bytes) -> None:
    assert from_chunks(sent, 1000) == stored


def test_dots_of_chunks_are_only_dots() -> None:
    server = Server(Machine(Profile("mx.example.test")))
    body = b"a\n.\nb\r\n.\r\n"
    server.run(b"HELO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\n")
    server.run(b"BDAT %d LAST\r\n" % len(body) + body)
    assert server.messages[0].raw == b"a\r\n.\r\nb\r\n.\r\n"


def test_a_nul_is_refused() -> None:
    server, said = deliver(b"a\0b\r\n.\r\n")
    assert said.startswith(b"554 5.6.0 ")
    assert server.messages == []


@pytest.mark.parametrize("limit", [1, 2, 10, 998])
def test_lines_up_to_the_limit(limit: int) -> None:
    for at in (0, 1, 7):
        lead = b"x\r\n" * at
        good = lead + b"y" * limit + b"\r\n" + lead
        assert from_chunks(good, limit) == good
        with pytest.raises(Refusal):
            from_chunks(lead + b"y" * (limit + 1) + b"\r\n" + lead, limit)


@given(st.lists(st.sampled_from([b"a", b".", b"\r", b"\n", b"\r\n", b"\0", b" "]), max_size=30))
def test_whatever_comes_out_is_from_chunks(pieces: list[bytes]) -> None:
    """Invariant: CRLF only, no NUL, no line too long, the same text apart from line ends."""
    raw = b"".join(pieces)
    try:
        out = from_chunks(raw, 20)
    except Refusal:
        return
    assert out.replace(b"\r\n", b"").isascii()
    assert b"\r" not in out.replace(b"\r\n", b"")
    assert b"\n" not in out.replace(b"\r\n", b"")
    assert not raw or out.endswith(b"\r\n")
    assert all(len(line) <= 20 for line in out.split(b"\r\n"))
    strip = bytes.maketrans(b"", b"")
    assert out.translate(strip, b"\r\n ") == raw.translate(strip, b"\r\n ")


def stuffed(raw: bytes) -> bytes:
    """What a client sends for `raw`, whose lines all end with CRLF (RFC 5321 §4.5.2)."""
    lines = raw.split(b"\r\n")
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines)


@given(st.lists(st.sampled_from([b"", b".", b"..", b"a", b".a", b"a.", b" ."]), max_size=10))
def test_dots_round_trip(lines: list[bytes]) -> None:
    raw = b"".join(line + b"\r\n" for line in lines)
    # A first line that begins with a space is the body's: it gets an empty header before it.
    expected = b"\r\n" + raw if raw.startswith(b" ") else raw
    assert from_data(stuffed(raw), 998) == expected
    server, _ = deliver(stuffed(raw) + b".\r\n")
    assert [message.raw for message in server.messages] == [expected]
    assert isinstance(server.messages[0], Message)


@pytest.mark.parametrize(
    "filler",
    [b"x" * 70 + b"\r\n", b".\n", b"\r", b"..\r\n", b"x\n", b"\r\r\n", b"\r\r\r", b"\n\r\r"],
)
def test_large_messages_take_linear_time(filler: bytes) -> None:
    """8 MB in well under a second, whatever they are made of."""
    data = filler * (8_000_000 // len(filler))

    def read() -> None:
        try:
            from_data(data, 65_536)
        except Refusal:
            pass

    assert cost(read, 1) < 1


@pytest.mark.parametrize(
    "begin", [b" , Boss <boss@bank.test>", b"\tmore of the field before", b" "]
)
def test_a_message_never_continues_the_field_that_is_written_before_it(begin: bytes) -> None:
    raw = begin + b"\r\nSubject: x\r\n\r\nbody\r\n"
    for made in (from_data(raw, 200), from_chunks(raw, 200)):
        assert header.get(b"From: <anna@example.test>\r\n" + made, "From") == "<anna@example.test>"
        assert made == b"\r\n" + raw

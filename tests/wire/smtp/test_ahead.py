"""Clients that do not wait for a reply where they have to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.wire.smtp.events import Close, Declined, Mail, Message, Rcpt
from alphorn.wire.smtp.machine import Machine
from alphorn.wire.smtp.profile import Profile
from alphorn.wire.smtp.replies import Reply

OK = Reply("2.0.0", "OK")
EHLO = b"EHLO client.test\r\n"
SENT = b"MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\n"
BODY = b"From: a@b.test\r\n\r\nhello\r\n.\r\n"


def talk(machine: Machine, *pieces: bytes) -> tuple[bytes, list[object]]:
    """Send the pieces, each after the replies to the one before; all replies, all events."""
    out = b""
    events: list[object] = []
    for piece in pieces:
        machine.receive(piece)
        while (event := machine.next()) is not None:
            events.append(event)
            if isinstance(event, Mail | Rcpt | Message):
                machine.reply(OK)
        out += machine.output()
    return out, events


def strict() -> Machine:
    machine = Machine(Profile("mx.example.test", starttls=True))
    machine.synchronous = True
    return machine


@pytest.mark.parametrize(
    ("pieces", "verb"),
    [
        ([EHLO + SENT], "EHLO"),
        ([b"HELO client.test\r\n" + SENT], "HELO"),
        ([b"HELO client.test\r\n", SENT], "MAIL"),
        ([EHLO, SENT + b"DATA\r\n" + BODY], "DATA"),
        ([EHLO, SENT, b"DATA\r\nF"], "DATA"),
        ([b"NOOP\r\n" + EHLO], "NOOP"),
    ],
)
def test_who_sends_ahead_is_sent_away(pieces: list[bytes], verb: str) -> None:
    machine = strict()
    out, events = talk(machine, *pieces)
    assert out.endswith(
        b"554 5.5.1 You sent more without waiting for the reply to %b\r\n" % verb.encode()
    )
    assert machine.ahead == verb
    declined = [event for event in events if isinstance(event, Declined)]
    assert [event.verb for event in declined] == [verb]
    assert isinstance(events[-1], Close)
    assert not any(isinstance(event, Message) for event in events)


@pytest.mark.parametrize(
    "pieces",
    [
        [EHLO, SENT + b"DATA\r\n", BODY + b"QUIT\r\n"],
        [EHLO, SENT + b"BDAT 6 LAST\r\nA: b\r\nRSET\r\nQUIT\r\n"],
        [EHLO, SENT + b"DATA\r\n", BODY + SENT + b"DATA\r\n", BODY, b"QUIT\r\n"],
        [b"HELO client.test\r\n", b"MAIL FROM:<a@b.test>\r\n", b"RCPT TO:<c@d.test>\r\n",
         b"DATA\r\n", BODY, b"QUIT\r\nmore"],
        [EHLO, b"NOOP\r\nRSET\r\nQUIT\r\nNOOP\r\n"],
    ],
)  # fmt: skip
def test_who_pipelines_as_he_may_is_served(pieces: list[bytes]) -> None:
    machine = strict()
    out, events = talk(machine, *pieces)
    assert machine.ahead == ""
    assert b"\r\n221 " in out
    assert b"554" not in out
    assert not any(isinstance(event, Declined) for event in events)


def test_elsewhere_it_is_only_noted() -> None:
    machine = Machine(Profile("mx.example.test"))
    out, events = talk(machine, EHLO + SENT + b"DATA\r\n" + BODY + b"QUIT\r\n")
    assert machine.ahead == "EHLO"
    assert any(isinstance(event, Message) for event in events)
    assert b"554" not in out


@given(st.lists(st.sampled_from([EHLO, SENT, b"DATA\r\n", BODY, b"BDAT 3\r\nabc", b"x\n"])))
def test_nothing_is_read_behind_what_was_sent_ahead(pieces: list[bytes]) -> None:
    """However it is cut: once sent away, nothing more happens."""
    machine = strict()
    _, events = talk(machine, b"".join(pieces))
    if machine.ahead:
        assert isinstance(events[-1], Close)
        assert talk(machine, EHLO, SENT) == (b"", [])

"""What dialogs do not show: limits of memory, closing, answers that nobody waits for, fuzzing."""

import re
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphorn.wire.smtp import machine as machine_module
from alphorn.wire.smtp.commands import TABLE
from alphorn.wire.smtp.events import Close, Message, StartTls
from alphorn.wire.smtp.limits import AUTH_LINE, Limits
from alphorn.wire.smtp.machine import Machine
from alphorn.wire.smtp.profile import Profile
from alphorn.wire.smtp.replies import Reply
from tests.wire.smtp.support import LISTENERS, SMALL, Server


def server(listener: str = "mx") -> Server:
    profile, secure = LISTENERS[listener]
    return Server(Machine(profile, secure))


def test_every_command_of_the_table_has_a_handler() -> None:
    assert {row.verb for row in TABLE} == {*machine_module._HANDLERS, b"BDAT"}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.verb.decode())
def test_each_command_line_has_its_limit(row) -> None:  # type: ignore[no-untyped-def]
    """One octet less is not too long, whatever else may be wrong with it."""
    for extra in (0, 1):
        run = server("submissions")
        run.run(b"HELO x\r\n")
        line = row.verb + b" " + b"1" * (row.line - len(row.verb) - 3 + extra) + b"\r\n"
        said = run.run(line)
        too_long = b"line is longer than" in said
        assert too_long is bool(extra) or row.verb == b"BDAT"


def test_a_line_without_end_is_not_kept() -> None:
    run = server()
    for _ in range(1000):
        assert run.run(b"x" * 10_000) == b""
        assert len(run.machine._lines.data) <= AUTH_LINE + 10_000
    assert run.run(b"\r\n").startswith(b"500 5.5.2 ")
    assert run.run(b"NOOP\r\n").startswith(b"250 ")


def test_a_message_above_the_limit_is_not_kept() -> None:
    run = server()
    run.run(b"HELO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\n")
    tracemalloc.start()
    try:
        for _ in range(1000):
            assert run.run(b"x" * 10_000) == b""
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()
    assert run.run(b"\r\n.\r\n").startswith(b"552 5.3.4 ")


def test_a_message_in_tiny_pieces_costs_its_size() -> None:
    run = Server(Machine(Profile("mx", Limits(message=200_000))))
    run.run(b"HELO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\n")
    tracemalloc.start()
    try:
        for _ in range(30_000):
            run.run(b"BDAT 3\r\nx\r\n")
        assert tracemalloc.get_traced_memory()[0] < 500_000
    finally:
        tracemalloc.stop()
    run.run(b"BDAT 0 LAST\r\n")
    assert run.messages[0].raw == b"x\r\n" * 30_000


def test_a_message_of_exactly_the_limit_is_taken_doubled_dots_not_counted() -> None:
    run = server()
    body = b".\r\n" * 333 + b"x"
    sent = b"..\r\n" * 333 + b"x"  # 1000 octets of message without the last line end
    run.run(b"HELO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\n")
    assert run.run(sent + b"\r\n.\r\n").startswith(b"552 5.3.4")
    sent = sent[4:]
    run.run(b"MAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\n")
    assert run.run(sent + b"\r\n.\r\n").startswith(b"250 ")
    assert run.messages[0].raw == body[3:] + b"\r\n"


def test_abandoning_a_message_frees_it() -> None:
    run = server()
    run.run(b"HELO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\nabc")
    assert run.machine.buffered == 3
    run.machine.abandon(Reply("4.3.1", "Too much at once"))
    assert run.machine.buffered == 0
    assert run.run(b"def\r\n.\r\n") == b"452 4.3.1 Too much at once\r\n"
    assert run.messages == []


def test_nothing_is_read_while_an_answer_is_due() -> None:
    machine = Machine(Profile("mx"))
    machine.receive(b"HELO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nQUIT\r\n")
    assert machine.next() is not None
    assert machine.waiting
    assert machine.next() is None
    machine.reply(Reply("2.1.0", "ok"))
    assert machine.next() is not None
    machine.reply(Reply("4.3.0", "later"))
    assert isinstance(machine.next(), Close)
    assert machine.next() is None
    assert machine.output().endswith(b"451 4.3.0 later\r\n221 2.0.0 Goodbye\r\n")


def test_closing_from_outside() -> None:
    machine = Machine(Profile("mx"))
    machine.receive(b"HELO x\r\nMAIL FROM:<a@b.c>\r\nQUIT\r\n")
    machine.next()
    machine.close(Reply("4.3.2", "Going down"))
    assert isinstance(machine.next(), Close)
    assert machine.output() == b"250 mx\r\n421 4.3.2 Going down\r\n"
    machine.receive(b"NOOP\r\n")
    assert machine.next() is None
    assert machine.output() == b""


def test_a_421_as_an_answer_ends_the_connection() -> None:
    machine = Machine(Profile("mx"))
    machine.receive(b"HELO x\r\nMAIL FROM:<a@b.c>\r\nNOOP\r\n")
    machine.next()
    machine.reply(Reply("4.3.2", "Going down"))
    assert isinstance(machine.next(), Close)


def test_answers_that_nobody_waits_for_are_the_servers_mistake() -> None:
    machine = Machine(Profile("mx"))
    with pytest.raises(ValueError):
        machine.reply(Reply("2.0.0", "ok"))
    with pytest.raises(ValueError):
        machine.secured()
    with pytest.raises(ValueError):
        machine.logged_in("anna")
    with pytest.raises(ValueError):
        machine.found(b"", 1, ())


@pytest.mark.parametrize(
    ("dialog", "protocol"),
    [
        (b"HELO x\r\n", "SMTP"),
        (b"EHLO x\r\n", "ESMTPS"),
        (b"EHLO x\r\nAUTH PLAIN AGFubmEAcGVuY2ls\r\n", "ESMTPSA"),
        (b"EHLO x\r\nAUTH PLAIN AGFubmEAcGVuY2ls\r\nMAIL FROM:<a@b> SMTPUTF8\r\n", "UTF8SMTPSA"),
    ],
)
def test_the_name_of_the_protocol(dialog: bytes, protocol: str) -> None:
    run = server("submissions")
    run.run(dialog)
    assert run.machine.protocol == protocol


def test_a_name_that_is_none_is_kept_as_far_as_it_can_be_shown() -> None:
    run = server()
    run.run("EHLO Jürgens (Mac)\r\n".encode())
    assert run.machine.helo == "J??rgens??Mac?"
    assert run.run(b"EHLO " + b"x" * 300 + b"\r\n").startswith(b"501 5.5.4 ")


WORDS = [
    b"EHLO x", b"HELO x", b"MAIL FROM:<a@b.c>", b"MAIL FROM:<> SIZE=5 BODY=8BITMIME", b"MAIL FROM:",
    b"RCPT TO:<d@e.f>", b"RCPT TO:<unknown@e.f>", b"RCPT TO:<full@e.f> NOTIFY=NEVER", b"DATA",
    b"BDAT 3", b"BDAT 4 LAST", b"BDAT 0 LAST", b"BDAT", b"RSET", b"NOOP", b"HELP", b"STARTTLS",
    b"AUTH PLAIN AGFubmEAcGVuY2ls", b"AUTH LOGIN", b"AUTH SCRAM-SHA-256 biwsbj1hbm5hLHI9Y2xpZW50",
    b"YW5uYQ==", b"*", b"VRFY x", b"QUIT", b".", b"Subject: x", b"", b"\xff\x00", b"x" * 600,
]  # fmt: skip
REPLY_LINE = re.compile(rb"(?:[2345][0-9][0-9][- ][ -~]*\r\n)*")


@settings(max_examples=300)
@given(
    st.sampled_from(sorted(LISTENERS)),
    st.lists(
        st.builds(
            lambda word, end: word + end,
            st.sampled_from(WORDS) | st.binary(max_size=30),
            st.sampled_from([b"\r\n"] * 8 + [b"\n", b"\r", b"", b"\r\n.\r\n"]),
        ),
        max_size=25,
    ),
    st.integers(1, 50),
)
def test_fuzz(listener: str, pieces: list[bytes], cut: int) -> None:
    """Invariants: nothing raises, what is said is SMTP, no message without sender and recipient,
    none without login on a submission port, nothing after the end."""
    run = server(listener)
    data = b"".join(pieces)
    for at in range(0, len(data), cut):
        said = run.run(data[at : at + cut])
        assert REPLY_LINE.fullmatch(said)
        if run.handshake:
            run.handshake = False
            run.machine.secured()
        assert not (run.closed and run.machine.waiting)
    for message in run.messages:
        assert isinstance(message, Message)
        assert message.envelope.recipients
        assert len(message.raw) <= 1000
    if listener.startswith("submission") and run.messages:
        assert run.machine.identity == "anna"
    if run.closed:
        assert run.events.count("Close") == 1
        assert run.events[-1] == "Close"
        assert run.run(b"NOOP\r\n") == b""


@settings(max_examples=100)
@given(st.lists(st.sampled_from(WORDS), max_size=20), st.data())
def test_pieces_make_no_difference(words: list[bytes], data: st.DataObject) -> None:
    """What is said and what happens depends on the octets alone, not on how they arrive."""
    sent = b"".join(word + b"\r\n" for word in words if word != b"STARTTLS")
    one = server("submissions")
    expected = one.run(sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=6)))
    other = server("submissions")
    said = b""
    for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True):
        said += other.run(sent[start:end])
    # SCRAM's nonce is random; nothing else may differ.
    scram = re.compile(rb"334 [A-Za-z0-9+/=]{20,}")
    assert scram.sub(b"", said) == scram.sub(b"", expected)
    assert other.events == one.events


def test_starttls_waits_for_the_handshake() -> None:
    machine = Machine(LISTENERS["mx"][0])
    machine.receive(b"EHLO x\r\nSTARTTLS\r\nQUIT\r\n")
    assert isinstance(machine.next(), StartTls)
    machine.receive(b"QUIT\r\n")
    assert machine.next() is None
    machine.secured()
    assert machine.next() is None
    assert machine.secure


def test_recipients_beyond_the_limit_are_told_to_the_server_once() -> None:
    """Else one connection could fill the trace as fast as it can write."""
    run = server()
    run.run(b"HELO x\r\nMAIL FROM:<a@b.c>\r\n")
    said = run.run(b"RCPT TO:<d@e.f>\r\n" * 500)
    assert said.count(b"452 4.5.3 ") == 497
    assert len([event for event in run.events if event.startswith("Declined")]) == 1
    assert run.run(b"DATA\r\n").startswith(b"354 ")


def test_recipients_who_cannot_be_had_now_are_not_asked_for_without_end() -> None:
    run = server()
    run.run(b"HELO x\r\nMAIL FROM:<a@b.c>\r\n")
    said = run.run(b"RCPT TO:<full@e.f>\r\n" * 500)
    assert said.count(b"452 4.2.2 ") < SMALL.idle_commands
    assert said.endswith(b"421 4.7.0 Too many commands without a message in one connection\r\n")

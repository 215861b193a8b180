"""Whatever bytes come: no exception, no hang, answers only of the kinds there are."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphorn.wire.imap import commands as c
from alphorn.wire.imap.core import CommandReceived, Fatal, ImapCore, Rejected
from alphorn.wire.imap.framing import Limits
from alphorn.wire.imap.render import tagged
from tests.support.cost import cost, growth
from tests.wire.imap.client import Writer
from tests.wire.imap.driver import SMALL, drain, logged_in
from tests.wire.imap.strategies import commands, tags

_TOKENS = [
    b" ", b"\r\n", b"(", b")", b"[", b"]", b"{3}", b"{3+}\r\n", b"~{1+}\r\n", b'"', b"\\", b"*",
    b"%", b"$", b":", b",", b"<0.5>", b"1", b"4294967296", b"9" * 23, b"NIL", b"\0",
    b"\xff", b"a", b"UID", b"FETCH", b"SEARCH", b"STORE", b"APPEND", b"LIST", b"SELECT", b"BODY[",
    b"HEADER.FIELDS", b"NOT", b"OR", b"RETURN", b"CHARSET", b"+FLAGS", b"\\Seen", b"1-Feb-2020",
    b"INBOX", b"&", b"&AOQ-", b"IDLE", b"DONE", b"AUTHENTICATE", b"PLAIN", b"=", b"STARTTLS", b"ID",
]  # fmt: skip


def _act(core: ImapCore) -> None:
    """Be a server that says yes to everything, and check each event."""
    while (event := core.next_event()) is not None:
        if isinstance(event, Rejected):
            line = tagged(event.tag, event.status, event.text, event.code)
            assert line.count(b"\r\n") == 1
            assert line.isascii()
        if isinstance(event, CommandReceived):
            match event.command:
                case c.Login() | c.Authenticate():
                    core.authenticated()
                case c.StartTls():
                    core.secured()
                case c.Select():
                    core.selected()
                case c.Close() | c.Unselect():
                    core.deselected()


@settings(deadline=None, max_examples=800)
@given(st.lists(st.one_of(st.sampled_from(_TOKENS), st.binary(max_size=10)), max_size=60))
def test_noise(tokens: list[bytes]) -> None:
    for core in (ImapCore(SMALL, secure=False), logged_in(SMALL), logged_in(SMALL, selected=False)):
        core.receive(b"a " + b" ".join(tokens) + b"\r\n")
        _act(core)
        core.receive(b"".join(tokens))
        _act(core)


@settings(deadline=None, max_examples=800)
@given(tags, commands, st.data())
def test_damaged_commands(tag: bytes, command: c.Command, data: st.DataObject) -> None:
    line = Writer(lambda n: data.draw(st.integers(0, n - 1))).write(tag, command)
    at = data.draw(st.integers(0, len(line)))
    until = data.draw(st.integers(at, min(len(line), at + 5)))
    damaged = line[:at] + data.draw(st.sampled_from([b"", *_TOKENS])) + line[until:]
    core = logged_in()
    core.receive(damaged + b"\r\n")
    _act(core)


@pytest.mark.parametrize(
    "text",
    [
        b"(" * 60_000,
        b"SEARCH " + b"(" * 60_000,
        b"SEARCH " + b"NOT " * 15_000,
        b"SEARCH " + b"OR " * 20_000,
        b"FETCH " + b"1:*," * 15_000 + b"1 FLAGS",
        b"FETCH 1 (" + b"FLAGS " * 10_000,
        b"FETCH 1 BODY[" + b"1." * 30_000,
        b"FETCH 1 BODY[HEADER.FIELDS (" + b"a " * 30_000,
        b"FETCH " + b"9" * 60_000,
        b'LOGIN "' + b"\\\\" * 30_000,
        b'LOGIN "' + b"\\a" * 30_000,
        b"LOGIN " + b"{" * 60_000,
        b"LOGIN " + b"{1}" * 20_000 + b".",
        b"STORE 1 FLAGS (" + b"k " * 30_000,
        b"DELETE " + b"&AOQ-" * 12_000,
        b"DELETE " + b"&" * 60_000,
        b"ID (" + b'"a" ' * 15_000,
        b'LIST "" (' + b"* " * 30_000,
        b"x" * 65_000,
    ],
)
def test_hostile_lines_cost_little(text: bytes) -> None:
    def events() -> list[object]:
        core = logged_in()
        core.receive(b"a " + text + b"\r\n")
        return list(drain(core))

    assert cost(events, 0.5) < 0.5
    (event,) = events()
    assert isinstance(event, Rejected | Fatal | CommandReceived)


def test_a_line_in_single_octets_costs_little() -> None:
    def work(octets: int) -> None:
        core = ImapCore(Limits(), secure=True)
        for _ in range(octets):
            core.receive(b"x")
            assert core.next_event() is None

    assert growth(work, 7_500, 60_000, 24) < 24

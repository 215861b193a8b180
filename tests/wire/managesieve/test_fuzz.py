"""Whatever bytes come: no exception, no hang, answers only of the kinds there are, each a line or a
literal; and what a client writes is what the grammar reads."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from alphorn.wire.managesieve import commands as c
from alphorn.wire.managesieve import render
from alphorn.wire.managesieve.core import CommandReceived, Event, ManageSieveCore, Rejected
from alphorn.wire.managesieve.limits import Limits
from alphorn.wire.managesieve.strings import string
from tests.wire.managesieve.driver import logged_in, new, said

_TOKENS = [
    b" ", b"\r\n", b"{3+}\r\n", b"{0+}\r\n", b"{3}", b"{99999999999+}", b"{400+}\r\n", b'"', b"\\",
    b'"a"', b'""', b'"*"', b'"="', b"1", b"9" * 12, b"\0", b"\xff", b"\r", b"\n", b"a",
    b"AUTHENTICATE", b'"PLAIN"', b"STARTTLS", b"LOGOUT", b"CAPABILITY", b"HAVESPACE", b"PUTSCRIPT",
    b"LISTSCRIPTS", b"SETACTIVE", b"GETSCRIPT", b"DELETESCRIPT", b"RENAMESCRIPT", b"CHECKSCRIPT",
    b"NOOP", b"UNAUTHENTICATE", b"AGFubmEAc2VjcmV0",
]  # fmt: skip
_ANSWER = re.compile(
    rb'NO(?: \([A-Z/-]+\))? (?:"(?:[^"\\\r\n]|\\["\\])*"|\{[0-9]+\}\r\n.*)\r\n', re.DOTALL
)


def _act(core: ManageSieveCore) -> list[Event]:
    """Be a server that says yes to everything, and check each event."""
    found = []
    while (event := core.next_event()) is not None:
        found.append(event)
        if isinstance(event, Rejected):
            assert _ANSWER.fullmatch(render.no(event.text, event.code))
        if isinstance(event, CommandReceived):
            match event.command:
                case c.Authenticate():
                    core.authenticated()
                case c.StartTls():
                    core.secured()
                case c.Unauthenticate():
                    core.unauthenticated()
    return found


@settings(deadline=None, max_examples=200)
@given(st.lists(st.one_of(st.sampled_from(_TOKENS), st.binary(max_size=10)), max_size=50))
def test_noise(tokens: list[bytes]) -> None:
    for core in (new(secure=False, starttls=True), new(), logged_in()):
        core.receive(b" ".join(tokens) + b"\r\n")
        _act(core)
        core.receive(b"".join(tokens))
        _act(core)


_names = st.text(st.characters(codec="utf-8"), max_size=20)
_sources = st.binary(max_size=60)
_commands: st.SearchStrategy[c.Command] = st.one_of(
    st.builds(c.HaveSpace, _names, st.integers(0, 0xFFFF_FFFF)),
    st.builds(c.PutScript, _names, _sources),
    st.builds(c.CheckScript, _sources),
    st.builds(c.SetActive, _names),
    st.builds(c.GetScript, _names),
    st.builds(c.DeleteScript, _names),
    st.builds(c.RenameScript, _names, _names),
    st.builds(c.Noop, st.none() | _names),
    st.sampled_from([c.Capability(), c.ListScripts()]),
)


def _written(command: c.Command, literals: bool) -> bytes:
    """The client's side of the grammar."""

    def word(value: object) -> bytes:
        if isinstance(value, int):
            return b"%d" % value
        octets = value.encode() if isinstance(value, str) else bytes(value)  # type: ignore[call-overload]
        if literals or set(octets) & {0, 10, 13}:
            return b"{%d+}\r\n%b" % (len(octets), octets)
        return string(octets)

    values = [getattr(command, field) for field in command.__dataclass_fields__]
    name = type(command).__name__.upper().encode()
    return b" ".join([name, *(word(value) for value in values if value is not None)]) + b"\r\n"


@settings(deadline=None, max_examples=200)
@given(_commands, st.booleans(), st.integers(0, 200))
def test_what_is_written_is_read(command: c.Command, literals: bool, cut: int) -> None:
    data = _written(command, literals)
    core = logged_in(Limits())
    core.receive(data[:cut])
    events = _act(core)
    core.receive(data[cut:])
    events += _act(core)
    assert [event.command for event in events if isinstance(event, CommandReceived)] == [command]


@settings(deadline=None, max_examples=200)
@given(_commands, st.booleans(), st.data())
def test_damaged_commands(command: c.Command, literals: bool, data: st.DataObject) -> None:
    line = _written(command, literals)
    at = data.draw(st.integers(0, len(line)))
    until = data.draw(st.integers(at, min(len(line), at + 5)))
    core = logged_in(Limits())
    core.receive(line[:at] + data.draw(st.sampled_from([b"", *_TOKENS])) + line[until:] + b"\r\n")
    _act(core)


def test_a_connection_ends_with_logout() -> None:
    core = logged_in()
    assert len(said(core, b"LOGOUT\r\nNOOP\r\n")) == 1

"""What a client may write is read as what it meant, in every form and cut anywhere."""

from hypothesis import given, settings
from hypothesis import strategies as st

from alphorn.wire.imap import commands as c
from alphorn.wire.imap.core import CommandReceived, ImapCore
from alphorn.wire.imap.framing import Limits
from tests.wire.imap.client import Writer
from tests.wire.imap.driver import drain, logged_in
from tests.wire.imap.strategies import commands, early_commands, tags


def _choose(data: st.DataObject) -> Writer:
    return Writer(lambda n: data.draw(st.integers(0, n - 1)))


@settings(deadline=None, max_examples=1_500)
@given(tags, commands, st.booleans(), st.data())
def test_commands(tag: bytes, command: c.Command, utf8: bool, data: st.DataObject) -> None:
    writer = _choose(data)
    core = logged_in()
    writer.utf8 = core.utf8 = utf8
    core.receive(writer.write(tag, command))
    (event,) = drain(core)
    assert isinstance(event, CommandReceived), event
    assert (event.tag, event.command) == (tag, command)


@settings(deadline=None, max_examples=300)
@given(tags, early_commands, st.data())
def test_commands_before_login(tag: bytes, command: c.Command, data: st.DataObject) -> None:
    core = ImapCore(Limits(), secure=not isinstance(command, c.StartTls))
    core.receive(_choose(data).write(tag, command))
    (event,) = drain(core)
    assert isinstance(event, CommandReceived), event
    assert (event.tag, event.command) == (tag, command)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(tags, commands), max_size=5), st.data())
def test_pipelines_cut_anywhere(dialog: list[tuple[bytes, c.Command]], data: st.DataObject) -> None:
    modal = c.Idle | c.Logout
    dialog = [(tag, command) for tag, command in dialog if not isinstance(command, modal)]
    writer = _choose(data)
    stream = b"".join(writer.write(tag, command) for tag, command in dialog)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    core = logged_in()
    found = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        core.receive(stream[start:end])
        found += drain(core)
    assert [(event.tag, event.command) for event in found] == dialog  # type: ignore[union-attr]

"""Sequences that would smuggle a message past the end of another, through all that is behind the
port: each way to write a lone dot, with a second message pipelined behind it."""

from itertools import product

import pytest

from tests.servers.smtp.conftest import Guarded
from tests.support.dialog import Dialog
from tests.support.gatehouse import HONEST, letter
from tests.support.mailhouse import ANNA, BERT

ENDS = {
    "CRLF": b"\r\n", "LF": b"\n", "CR": b"\r", "CRCR": b"\r\r", "LFLF": b"\n\n", "LFCR": b"\n\r",
    "CRCRLF": b"\r\r\n", "CRLFLF": b"\r\n\n", "CRLFCR": b"\r\n\r", "NUL": b"\r\0\n",
}  # fmt: skip
SMUGGLED = (
    b"MAIL FROM:<boss@alps.zz>\r\nRCPT TO:<bert@example.test>\r\nDATA\r\n"
    + letter("boss@alps.zz", "Smuggled", to=BERT)
    + b".\r\n"
)
WHOLE = "ends with the first CRLF.CRLF; the rest is commands, of a client that did not wait"


def outcome(before: str, after: str) -> str:
    """What each sequence around the dot comes to."""
    if ENDS[before].endswith(b"\r\n") and ENDS[after].startswith(b"\r\n"):
        return WHOLE
    return "refused"


@pytest.mark.parametrize(("before", "after"), [*product(ENDS, ENDS)])
@pytest.mark.parametrize("greets", ["HELO", "EHLO"])
def test_no_smuggled_message_is_delivered(
    smuggling: Guarded, greets: str, before: str, after: str
) -> None:
    """The second message comes pipelined, in one packet with the first, as a server sends it that
    reads line ends more strictly than the one that it is meant for."""
    guarded = smuggling
    data = letter().rstrip(b"\r\n") + ENDS[before] + b"." + ENDS[after] + SMUGGLED
    had = len(guarded.anna()), len(guarded.bert())
    with Dialog(guarded.server, HONEST) as dialog:
        dialog.reply()
        dialog.ask(f"{greets} mail.alps.zz")
        dialog.ask("MAIL FROM:<carl@alps.zz>")
        dialog.ask(f"RCPT TO:<{ANNA}>")
        dialog.ask("DATA")
        dialog.socket.sendall(data)
        said = [dialog.reply()]
        dialog.say("QUIT")
        while said[-1] != "closed":
            said.append(dialog.reply())
    got = len(guarded.anna()) - had[0], len(guarded.bert()) - had[1]
    if outcome(before, after) == WHOLE:
        # It is no smuggling but a second message of the same client, in plain sight: its commands
        # are answered one by one, and those that may not be sent ahead end the connection.
        assert said[0].startswith("250 2.0.0 Delivered (")
        assert got == (1, 0)
        assert b"Smuggled" not in guarded.anna()[-1]
        assert any(
            reply.startswith("554 5.5.1 You sent more without waiting for the reply to ")
            for reply in said
        )
    else:
        assert said[0].startswith("554 5.6.0 The message has a ")
        assert said[1:] == ["221 2.0.0 Goodbye", "closed"]
        assert got == (0, 0)


@pytest.mark.parametrize(
    "after", [name for name, end in ENDS.items() if not end.startswith(b"\r\n")]
)
def test_a_lone_dot_at_the_very_beginning(smuggling: Guarded, after: str) -> None:
    had = len(smuggling.anna()), len(smuggling.bert())
    with Dialog(smuggling.server, HONEST) as dialog:
        dialog.reply()
        dialog.ask("EHLO mail.alps.zz")
        dialog.ask("MAIL FROM:<carl@alps.zz>")
        dialog.ask(f"RCPT TO:<{ANNA}>")
        dialog.ask("DATA")
        dialog.socket.sendall(b"." + ENDS[after] + SMUGGLED)
        assert dialog.reply().startswith("554 5.6.0 The message has a ")
        assert dialog.ask("QUIT") == "221 2.0.0 Goodbye"
    assert (len(smuggling.anna()), len(smuggling.bert())) == had


@pytest.mark.parametrize("before", ENDS)
@pytest.mark.parametrize("after", ENDS)
def test_what_comes_in_chunks_has_no_end_to_move(
    smuggling: Guarded, before: str, after: str
) -> None:
    """BDAT says how many octets there are; none of them is a command, and what is stored has only
    CRLF, its dots being dots."""
    content = letter().rstrip(b"\r\n") + ENDS[before] + b"." + ENDS[after] + SMUGGLED
    had = len(smuggling.anna()), len(smuggling.bert())
    with Dialog(smuggling.server, HONEST) as dialog:
        dialog.reply()
        dialog.ask("EHLO mail.alps.zz")
        dialog.ask("MAIL FROM:<carl@alps.zz>")
        dialog.ask(f"RCPT TO:<{ANNA}>")
        dialog.say(f"BDAT {len(content)} LAST")
        dialog.socket.sendall(content)
        said = dialog.reply()
        assert dialog.ask("QUIT") == "221 2.0.0 Goodbye"
    got = len(smuggling.anna()) - had[0], len(smuggling.bert()) - had[1]
    if b"\0" in content:
        assert (said[:10], got) == ("554 5.6.0 ", (0, 0))
    else:
        assert (said[:10], got) == ("250 2.0.0 ", (1, 0))
        rest = smuggling.anna()[-1].replace(b"\r\n", b"")
        assert b"\r" not in rest
        assert b"\n" not in rest

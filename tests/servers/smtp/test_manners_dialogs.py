"""What a client is told that does not wait, or asks for many who do not exist, word for word."""

import time
from collections.abc import Callable

import pytest

from alphorn.base.door import Scope
from alphorn.servers.smtp.manners import MannersSettings
from tests.servers.smtp.conftest import Guarded
from tests.support.dialog import Dialog
from tests.support.gatehouse import HONEST, NAMELESS, Guard, letter, limits
from tests.support.mailhouse import ANNA

Open = Callable[..., Guarded]


def test_who_speaks_before_the_greeting(open_gate: Open) -> None:
    guarded = open_gate(Guard(manners=MannersSettings(greeting_delay=5), door=limits(early=2)))
    for _ in range(2):
        with Dialog(guarded.server, NAMELESS) as dialog:
            dialog.say("EHLO mail.alps.zz")
            assert dialog.line() == (
                "554 5.7.1 You spoke before you were greeted, as no mail server does; "
                "help: https://help.alps.zz/manners/"
            )
            assert dialog.line() == "closed"
    refusal = guarded.door.refusal(NAMELESS, Scope.MX)
    assert refusal is not None
    assert refusal.text == (
        f"{NAMELESS} is banned until 2027-01-15 09:00 UTC because it repeatedly spoke before "
        "it was greeted"
    )
    assert guarded.door.refusal(HONEST, Scope.MX) is None


def test_who_waits_is_greeted_after_the_delay(open_gate: Open) -> None:
    guarded = open_gate(Guard(manners=MannersSettings(greeting_delay=0.3)))
    began = time.monotonic()
    with Dialog(guarded.server, NAMELESS) as dialog:
        assert dialog.line() == "220 mx.example.test ESMTP"
    assert time.monotonic() - began >= 0.28


def test_early_talking_can_be_only_noted(open_gate: Open) -> None:
    manners = MannersSettings(greeting_delay=0.3, refuse_early=False, refuse_ahead=False)
    guarded = open_gate(Guard(manners=manners))
    with Dialog(guarded.server, NAMELESS) as dialog:
        dialog.say("HELO mail.alps.zz")
        assert dialog.line() == "220 mx.example.test ESMTP"
        assert dialog.line() == "250 mx.example.test"


@pytest.mark.parametrize(
    ("commands", "verb"),
    [
        ("EHLO mail.alps.zz\r\nMAIL FROM:<carl@alps.zz>\r\n", "EHLO"),
        ("HELO mail.alps.zz\r\nMAIL FROM:<carl@alps.zz>\r\n", "HELO"),
    ],
)
def test_who_does_not_wait_for_replies(guarded: Guarded, commands: str, verb: str) -> None:
    with Dialog(guarded.server, NAMELESS) as dialog:
        dialog.reply()
        dialog.socket.sendall(commands.encode())
        assert dialog.reply() == (
            f"554 5.5.1 You sent more without waiting for the reply to {verb}; "
            "help: https://help.alps.zz/manners/"
        )
        assert dialog.line() == "closed"


def test_replies_to_guessed_addresses_come_ever_slower(open_gate: Open) -> None:
    manners = MannersSettings(greeting_delay=0, tarpit_after=2, tarpit_limit=0.5)
    guarded = open_gate(Guard(manners=manners, door=limits(dictionary=5)))
    took = []
    with Dialog(guarded.server, NAMELESS) as dialog:
        dialog.reply()
        dialog.ask("EHLO mail.alps.zz")
        dialog.ask("MAIL FROM:<carl@alps.zz>")
        for number in range(4):
            began = time.monotonic()
            said = dialog.ask(f"RCPT TO:<guess{number}@example.test>")
            took.append(time.monotonic() - began)
            assert said == (
                f"550 5.1.1 There is no mailbox guess{number}@example.test here; "
                "help: https://help.alps.zz/no-mailbox/"
            )
    assert min(took[2:]) >= 0.48  # less what clocks differ by
    # Connecting anew does not help, and one more is too many.
    with Dialog(guarded.server, NAMELESS) as dialog:
        dialog.reply()
        dialog.ask("EHLO mail.alps.zz")
        dialog.ask("MAIL FROM:<carl@alps.zz>")
        began = time.monotonic()
        assert dialog.ask("RCPT TO:<guess9@example.test>").startswith("550 5.1.1 ")
        assert time.monotonic() - began >= 0.48
    refusal = guarded.door.refusal(NAMELESS, Scope.MX)
    assert refusal is not None
    assert "mail from it was addressed to many mailboxes that do not exist here" in refusal.text
    assert guarded.told().count(("rcpt", "refused", "guess9@example.test")) == 1


def test_the_tarpit_holds_nobody_else_up(open_gate: Open) -> None:
    manners = MannersSettings(greeting_delay=0, tarpit_after=1, tarpit_limit=120)
    guarded = open_gate(Guard(manners=manners))
    guarded.protect("example.test", greylisting=False)
    with Dialog(guarded.server, NAMELESS) as slow:
        slow.reply()
        slow.ask("EHLO mail.alps.zz")
        slow.ask("MAIL FROM:<carl@alps.zz>")
        for number in range(6):
            slow.say(f"RCPT TO:<guess{number}@example.test>")
        with Dialog(guarded.server, HONEST) as dialog:
            dialog.reply()
            began = time.monotonic()
            dialog.ask("EHLO mail.alps.zz")
            dialog.ask("MAIL FROM:<carl@alps.zz>")
            dialog.ask(f"RCPT TO:<{ANNA}>")
            dialog.ask("DATA")
            dialog.send(letter())
            assert dialog.reply().startswith("250 2.0.0 Delivered ")
            assert time.monotonic() - began < 30

"""What strangers are told at RCPT, word for word: for their greetings, by lists in the DNS, by the
greylist and by lists of senders, and at recipients who are guarded otherwise."""

from collections.abc import Callable

import pytest

from alphorn.base.senders import SenderAction
from alphorn.dns.lists import ListZone
from alphorn.message import spam_field
from alphorn.operations.lists import set_senders
from alphorn.store.api import SpecialUse
from tests.servers.smtp.conftest import Guarded
from tests.support.dialog import Dialog
from tests.support.dns import Fault
from tests.support.gatehouse import HONEST, NAMELESS, POOLED, Guard, letter, reverse
from tests.support.mailhouse import ANNA, BERT

Open = Callable[..., Guarded]
JUNK = SpecialUse.JUNK

GREYLISTED = (
    "451 4.7.1 Greylisted, please try again in {} seconds; help: https://help.alps.zz/greylist/"
)


def ask(
    guarded: Guarded,
    source: str = HONEST,
    helo: str = "mail.alps.zz",
    sender: str = "carl@alps.zz",
    recipient: str = ANNA,
) -> str:
    """The reply to one recipient."""
    with Dialog(guarded.server, source) as dialog:
        assert dialog.reply() == "220 mx.example.test ESMTP"
        dialog.ask(f"EHLO {helo}")
        assert dialog.ask(f"MAIL FROM:<{sender}>").startswith("250 ")
        return dialog.ask(f"RCPT TO:<{recipient}>")


def deliver(guarded: Guarded, source: str, message: bytes, sender: str = "carl@alps.zz") -> str:
    with Dialog(guarded.server, source) as dialog:
        dialog.reply()
        dialog.ask("EHLO mail.alps.zz")
        dialog.ask(f"MAIL FROM:<{sender}>")
        said = dialog.ask(f"RCPT TO:<{ANNA}>")
        if not said.startswith("250 "):
            return said
        dialog.ask("DATA")
        dialog.send(message)
        return dialog.reply()


# -- the greeting ----------------------------------------------------------------------------------


def test_a_whole_dialog_with_a_bogus_greeting(guarded: Guarded) -> None:
    guarded.play(
        """
        S 220 mx.example.test ESMTP
        C HELO mon-serveur
        S 250 mx.example.test
        C MAIL FROM:<carl@alps.zz>
        S 250 2.1.0 *
        C RCPT TO:<anna@example.test>
        S 550 5.7.1 <anna@example.test>... Access denied - bogus HELO [mon-serveur];
          help: https://help.alps.zz/helo/
        C DATA
        S 554 5.5.1 No recipient has been accepted; help: https://help.alps.zz/protocol/
        C QUIT
        S 221 2.0.0 Goodbye
        S closed
        """,
        NAMELESS,
    )
    (event,) = [event for event in guarded.house.events if event.stage == "rcpt"]
    assert (event.verdict.value, event.recipient, event.domain) == ("refused", ANNA, "example.test")
    assert event.text.startswith("<anna@example.test>... Access denied - bogus HELO [mon-serveur]")
    assert event.facts["stage"] == "helo"
    assert event.facts["rule"] == "helo-unqualified"
    assert event.facts["peer"] == NAMELESS
    assert event.facts["code"] == 550
    assert event.facts["reasons"] == (
        "The other server introduced itself with a name without a domain, which anybody can have."
    )


@pytest.mark.parametrize(
    ("helo", "rule"),
    [
        ("127.1.9.9", "helo-address"),
        ("10.0.0.256", "helo-address"),
        ("[127.1.9.9]", "helo-literal"),
        ("[IPv6:2001:db8::1]", "helo-literal"),
        ("localhost", "helo-unqualified"),
        ("server", "helo-unqualified"),
        ("mon-serveur", "helo-unqualified"),
        ("mx.example.test", "helo-own-name"),
        ("MX.Example.Test", "helo-own-name"),
        ("example.test", "helo-own-name"),
        ("192.0.2.25", "helo-own-address"),
        ("[192.0.2.25]", "helo-own-address"),
        ("printer.local", "helo-reserved"),
        ("mail.example.com", "helo-reserved"),
        ("gmail.com", "helo-fake"),
        ("ylmf-pc", "helo-fake"),
        ("nowhere.zz", "helo-missing"),
        ("-bad-.zz", "helo-syntax"),
    ],
)
def test_each_bogus_greeting(guarded: Guarded, helo: str, rule: str) -> None:
    said = ask(guarded, NAMELESS, helo)
    assert said == (
        f"550 5.7.1 <{ANNA}>... Access denied - bogus HELO [{helo}]; "
        "help: https://help.alps.zz/helo/"
    )
    assert guarded.house.events[-1].facts["rule"] == rule


def test_each_recipient_is_named(guarded: Guarded) -> None:
    assert ask(guarded, NAMELESS, "friend", recipient=BERT).startswith(f"550 5.7.1 <{BERT}>... ")


@pytest.mark.parametrize("fault", [Fault.SERVFAIL, Fault.TIMEOUT, Fault.REFUSED, Fault.TRUNCATE])
def test_a_greeting_that_the_dns_does_not_tell_of_is_deferred(
    guarded: Guarded, fault: Fault
) -> None:
    guarded.zone["mail.weg.zz"] = fault
    assert ask(guarded, NAMELESS, "mail.weg.zz") == (
        f"451 4.7.1 <{ANNA}>... Your HELO name [mail.weg.zz] could not be looked up for now, "
        "please try again later; help: https://help.alps.zz/helo/"
    )
    assert guarded.told()[-1] == ("rcpt", "deferred", ANNA)
    assert guarded.house.events[-1].facts["rule"] == "helo-dns-failed"


def test_the_check_of_greetings_can_be_off(guarded: Guarded) -> None:
    guarded.protect(ANNA, helo=False)
    assert ask(guarded, NAMELESS, "friend") == GREYLISTED.format(180)
    assert ask(guarded, NAMELESS, "friend", recipient=BERT).startswith("550 5.7.1 ")


def test_who_wants_no_check_does_not_switch_it_off_for_others(guarded: Guarded) -> None:
    """Whoever comes first does not decide what is asked for those after him."""
    guarded.protect(ANNA, helo=False, dns_lists=False, greylisting=False)
    guarded.protect(BERT, greylisting=False)
    with Dialog(guarded.server, NAMELESS) as dialog:
        dialog.reply()
        dialog.ask("EHLO nowhere.zz")
        dialog.ask("MAIL FROM:<carl@alps.zz>")
        assert dialog.ask(f"RCPT TO:<{ANNA}>") == "250 2.1.5 Recipient accepted"
        assert "bogus HELO [nowhere.zz]" in dialog.ask(f"RCPT TO:<{BERT}>")


# -- greylisting -----------------------------------------------------------------------------------


def test_greylisting_from_first_to_last(guarded: Guarded) -> None:
    first = """
        S 220 mx.example.test ESMTP
        C HELO mail.alps.zz
        S 250 mx.example.test
        C MAIL FROM:<carl@alps.zz>
        S 250 2.1.0 *
        C RCPT TO:<anna@example.test>
        S 451 4.7.1 Greylisted, please try again in 180 seconds;
          help: https://help.alps.zz/greylist/
        C QUIT
        S 221 2.0.0 Goodbye
        S closed
        """
    guarded.play(first, HONEST)
    guarded.house.clock.now += 60
    guarded.play(first.replace("180", "120"), HONEST)  # too early
    guarded.house.clock.now += 119
    guarded.play(first.replace("180 seconds", "1 seconds"), HONEST)
    guarded.house.clock.now += 1
    guarded.play(
        """
        S 220 mx.example.test ESMTP
        C HELO mail.alps.zz
        S 250 mx.example.test
        C MAIL FROM:<carl@alps.zz>
        S 250 2.1.0 *
        C RCPT TO:<anna@example.test>
        S 250 2.1.5 Recipient accepted
        C DATA
        S 354 *
        M letter
        S 250 2.0.0 Delivered (*)
        C QUIT
        S 221 2.0.0 Goodbye
        S closed
        """,
        HONEST,
        letter=letter(),
    )
    assert len(guarded.anna()) == 1
    assert [told for told in guarded.told() if told[0] == "rcpt"] == [
        ("rcpt", "deferred", ANNA)
    ] * 3
    (event, *_) = guarded.house.events
    assert event.facts["stage"] == "greylist"
    assert event.facts["reasons"] == (
        "This sender is new; his server was asked to come again in 180 seconds."
    )


def test_a_pair_that_proved_itself_is_not_delayed_again(guarded: Guarded) -> None:
    for sender in ("carl@alps.zz", "dora@alps.zz"):
        assert ask(guarded, sender=sender) == GREYLISTED.format(180)
        guarded.house.clock.now += 200
        assert ask(guarded, sender=sender).startswith("250 ")
    # Whoever else writes from there, to whomever.
    assert ask(guarded, sender="emil@alps.zz", recipient=BERT).startswith("250 ")


def test_the_retry_may_come_from_another_host_of_the_pool(guarded: Guarded) -> None:
    assert ask(guarded, HONEST) == GREYLISTED.format(180)
    guarded.house.clock.now += 200
    assert ask(guarded, POOLED, "out.cloud.zz").startswith("250 ")


def test_without_spf_another_network_is_a_stranger(guarded: Guarded) -> None:
    assert ask(guarded, HONEST, sender="x@plain.zz") == GREYLISTED.format(180)
    guarded.house.clock.now += 200
    assert ask(guarded, POOLED, "out.cloud.zz", sender="x@plain.zz") == GREYLISTED.format(180)
    assert ask(guarded, HONEST, sender="x@plain.zz").startswith("250 ")


def test_answers_to_what_our_user_sent_pass_at_once(guarded: Guarded) -> None:
    """The user writes over the submission port, as people do."""
    with guarded.ports.client("submission") as client:
        client.login(ANNA, "correct horse battery")
        client.sendmail(ANNA, ["Carl@Alps.zz"], letter(ANNA, to="carl@alps.zz"))
    assert ask(guarded, sender="carl@alps.zz").startswith("250 ")
    assert ask(guarded, sender="").startswith("250 ")  # a report on that mail
    assert ask(guarded, sender="dora@alps.zz") == GREYLISTED.format(180)
    assert ask(guarded, sender="carl@alps.zz", recipient=BERT) == GREYLISTED.format(180)


def test_greylisting_off_for_an_address_or_a_domain(guarded: Guarded) -> None:
    guarded.protect(ANNA, greylisting=False)
    assert ask(guarded).startswith("250 ")
    assert ask(guarded, recipient=BERT) == GREYLISTED.format(180)
    guarded.protect("example.test", greylisting=False)
    assert ask(guarded, recipient=BERT).startswith("250 ")
    guarded.protect(ANNA, greylisting=True)
    assert ask(guarded, sender="new@alps.zz") == GREYLISTED.format(180)


def test_a_deferred_recipient_does_not_hold_back_others(guarded: Guarded) -> None:
    guarded.protect(BERT, greylisting=False)
    with Dialog(guarded.server, HONEST) as dialog:
        dialog.reply()
        dialog.ask("EHLO mail.alps.zz")
        dialog.ask("MAIL FROM:<carl@alps.zz>")
        assert dialog.ask(f"RCPT TO:<{ANNA}>") == GREYLISTED.format(180)
        assert dialog.ask(f"RCPT TO:<{BERT}>") == "250 2.1.5 Recipient accepted"
        dialog.ask("DATA")
        dialog.send(letter(to=f"{ANNA}, {BERT}"))
        assert dialog.reply().startswith("250 2.0.0 Delivered ")
    assert (len(guarded.anna()), len(guarded.bert())) == (0, 1)


# -- lists in the DNS ------------------------------------------------------------------------------

BLOCK = ListZone("bl.zz", "block", weight=6.0)
REFUSE = ListZone("strict-bl.zz", "block", refuses=True)
ALLOW = ListZone("wl.zz", "allow", weight=2.0)
HONEST_REVERSED = ".".join(reversed(HONEST.split(".")))


def listed(guarded: Guarded, zone: str) -> None:
    guarded.zone[f"{HONEST_REVERSED}.{zone}"] = {
        "A": ["127.0.0.2"],
        "TXT": [f"See https://{zone}/why"],
    }


def test_a_block_list_that_refuses(open_gate: Open) -> None:
    guarded = open_gate(Guard(zones=(BLOCK, REFUSE, ALLOW)))
    listed(guarded, "strict-bl.zz")
    assert ask(guarded) == (
        f"550 5.7.1 {ANNA}... Access denied - [{HONEST}] is on the block list strict-bl.zz "
        "(See https://strict-bl.zz/why); help: https://help.alps.zz/dns-lists/"
    )
    event = guarded.house.events[-1]
    assert (event.facts["stage"], event.facts["list"]) == ("dns-lists", "strict-bl.zz")
    assert event.facts["reasons"] == "The sending server is on the block list strict-bl.zz."
    guarded.protect(ANNA, dns_lists=False)
    assert ask(guarded) == GREYLISTED.format(180)


def test_a_block_list_that_adds_to_the_score(open_gate: Open) -> None:
    guarded = open_gate(Guard(zones=(BLOCK, REFUSE, ALLOW)))
    guarded.protect("example.test", greylisting=False)
    listed(guarded, "bl.zz")
    assert deliver(guarded, HONEST, letter()).startswith("250 2.0.0 Delivered ")
    (raw,) = guarded.anna(JUNK)
    said = spam_field.read(raw)
    assert said is not None
    listing = ("listed-block", "The sending server is on the block list bl.zz.", 6.0)
    assert listing in [(one.code, one.text, one.score) for one in said.reasons]
    assert not {"listed", "listed-twice"} & {one.code for one in said.reasons}  # it counts once


def test_whoever_wants_no_lists_is_not_judged_by_them(open_gate: Open) -> None:
    guarded = open_gate(Guard(zones=(BLOCK, REFUSE, ALLOW)))
    guarded.protect("example.test", greylisting=False)
    guarded.protect(ANNA, dns_lists=False)
    listed(guarded, "bl.zz")
    assert deliver(guarded, HONEST, letter()).startswith("250 2.0.0 Delivered ")
    assert len(guarded.anna()) == 1
    assert b"bl.zz" not in guarded.anna()[0]


def test_an_allow_list_passes_at_once_whatever_others_say(open_gate: Open) -> None:
    guarded = open_gate(Guard(zones=(BLOCK, REFUSE, ALLOW)))
    listed(guarded, "strict-bl.zz")
    listed(guarded, "wl.zz")
    assert ask(guarded).startswith("250 ")


@pytest.mark.parametrize("fault", [Fault.SERVFAIL, Fault.TIMEOUT])
def test_a_list_that_does_not_answer_says_nothing(open_gate: Open, fault: Fault) -> None:
    guarded = open_gate(Guard(zones=(REFUSE,)))
    guarded.zone[f"{HONEST_REVERSED}.strict-bl.zz"] = fault
    assert ask(guarded) == GREYLISTED.format(180)


def test_a_list_that_lies_about_everybody_says_nothing(open_gate: Open) -> None:
    """A list that is gone answers everybody with the address of some advertisement."""
    guarded = open_gate(Guard(zones=(REFUSE,)))
    guarded.zone[f"{HONEST_REVERSED}.strict-bl.zz"] = {"A": ["192.0.2.66"]}
    assert ask(guarded) == GREYLISTED.format(180)


# -- lists of senders ------------------------------------------------------------------------------


def block(guarded: Guarded, action: SenderAction, *patterns: str) -> None:
    set_senders(guarded.house.installation.control, patterns, action, account=ANNA)


def test_a_blocked_sender_is_refused_at_rcpt(guarded: Guarded) -> None:
    block(guarded, SenderAction.REFUSE, "alps.zz")
    assert ask(guarded) == (
        "550 5.7.1 Mail from this sender is not accepted by this recipient; "
        "help: https://help.alps.zz/sender/"
    )
    event = guarded.house.events[-1]
    assert (event.facts["stage"], event.facts["list"]) == ("lists", "account")
    assert event.facts["reasons"] == "alps.zz is blocked by the account's list."
    assert ask(guarded, recipient=BERT) == GREYLISTED.format(180)


def test_an_allowed_sender_is_not_greylisted_where_spf_proves_him(guarded: Guarded) -> None:
    block(guarded, SenderAction.ALLOW, "carl@alps.zz")
    assert ask(guarded).startswith("250 ")
    assert ask(guarded, NAMELESS) == GREYLISTED.format(180)


# -- who cannot be told the same -------------------------------------------------------------------


@pytest.mark.parametrize("option", ["attachments", "headers", "dmarc", "engines"])
def test_a_recipient_with_other_guards_gets_a_message_of_his_own(
    guarded: Guarded, option: str
) -> None:
    guarded.protect("example.test", greylisting=False)
    guarded.protect(BERT, **{option: False})
    guarded.play(
        """
        S 220 mx.example.test ESMTP
        C HELO mail.alps.zz
        S 250 mx.example.test
        C MAIL FROM:<carl@alps.zz>
        S 250 2.1.0 *
        C RCPT TO:<anna@example.test>
        S 250 2.1.5 Recipient accepted
        C RCPT TO:<bert@example.test>
        S 452 4.5.3 This recipient is guarded otherwise than the first;
          send it a message of its own; help: https://help.alps.zz/recipients/
        C DATA
        S 354 *
        M letter
        S 250 2.0.0 Delivered (*)
        C MAIL FROM:<carl@alps.zz>
        S 250 2.1.0 *
        C RCPT TO:<bert@example.test>
        S 250 2.1.5 Recipient accepted
        C DATA
        S 354 *
        M letter
        S 250 2.0.0 Delivered (*)
        """,
        HONEST,
        letter=letter(),
    )
    assert (len(guarded.anna()), len(guarded.bert())) == (1, 1)


def test_a_refused_recipient_does_not_decide_for_the_next(guarded: Guarded) -> None:
    """What the first *accepted* one agrees to is what counts."""
    guarded.protect("example.test", greylisting=False)
    guarded.protect(BERT, attachments=False)
    block(guarded, SenderAction.REFUSE, "alps.zz")
    with Dialog(guarded.server, HONEST) as dialog:
        dialog.reply()
        dialog.ask("EHLO mail.alps.zz")
        dialog.ask("MAIL FROM:<carl@alps.zz>")
        assert dialog.ask(f"RCPT TO:<{ANNA}>").startswith("550 ")
        assert dialog.ask(f"RCPT TO:<{BERT}>") == "250 2.1.5 Recipient accepted"


def test_a_stranger_without_a_name_is_heard_all_the_same(guarded: Guarded) -> None:
    """That an address has no reverse name is no reason to refuse; it adds to the score."""
    guarded.zone[reverse(NAMELESS)] = Fault.TIMEOUT
    assert ask(guarded, NAMELESS) == GREYLISTED.format(180)


def test_many_senders_in_one_connection(guarded: Guarded) -> None:
    """The client is known by then, the sender is not."""
    guarded.protect("example.test", greylisting=False)
    with Dialog(guarded.server, HONEST) as dialog:
        dialog.reply()
        dialog.ask("EHLO mail.alps.zz")
        for sender in ("carl@alps.zz", "x@plain.zz", "", "y@strict.zz"):
            dialog.ask(f"MAIL FROM:<{sender}>")
            assert dialog.ask(f"RCPT TO:<{ANNA}>") == "250 2.1.5 Recipient accepted"
            dialog.ask("RSET")

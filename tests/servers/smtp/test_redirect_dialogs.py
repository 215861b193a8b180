"""What strangers are told at addresses that lead elsewhere, and at those that reports come to; and
that what is sent on still proves its author at the next server."""

from pathlib import Path

from alphorn.operations import addresses
from alphorn.operations.redirects import pause_target
from tests.servers.smtp.conftest import Guarded
from tests.servers.smtp.serving import serving
from tests.servers.smtp.test_content_dialogs import results, send, taken
from tests.support.dialog import Dialog
from tests.support.gatehouse import HONEST, letter, reverse, signed
from tests.support.mailhouse import ANNA

TEAM = "team@example.test"
FAR = "zoe@far.zz"
FORWARDER = "127.1.2.2"


def lead(guarded: Guarded, *targets: str) -> None:
    addresses.add_redirect(guarded.house.installation.control, TEAM, targets or (FAR,))


def envelope_sender(guarded: Guarded) -> str:
    return guarded.house.queued()[-1].message.envelope.sender


def rcpt(guarded: Guarded, address: str, sender: str = "") -> str:
    guarded.protect("example.test", greylisting=False)
    with Dialog(guarded.server, HONEST) as dialog:
        dialog.reply()
        dialog.ask("EHLO mail.alps.zz")
        dialog.ask(f"MAIL FROM:<{sender}>")
        return dialog.ask(f"RCPT TO:<{address}>")


FORGED = """
    S 220 mx.example.test ESMTP
    C HELO mail.alps.zz
    S 250 mx.example.test
    C MAIL FROM:<>
    S 250 2.1.0 *
    C RCPT TO:<SRS0=aaaaaaaa=aa=alps.zz=carl@example.test>
    S 550 5.1.1 SRS0=aaaaaaaa=aa=alps.zz=carl@example.test is an address for reports that was not
      made here, or was changed on the way; help: https://help.alps.zz/no-mailbox/
    C RCPT TO:<SRS0=abcd=aa=alps.zz=carl@example.test>
    S 550 5.1.1 SRS0=abcd=aa=alps.zz=carl@example.test is an address for reports that was not
      made here; help: https://help.alps.zz/no-mailbox/
    C QUIT
    S 221 2.0.0 Goodbye
    S closed
    """


def test_forged_addresses_for_reports(guarded: Guarded) -> None:
    addresses.add_catch_all(guarded.house.installation.control, "example.test", ANNA)
    guarded.play(FORGED, HONEST)
    assert guarded.house.queued() == guarded.anna() == []


def test_a_report_comes_back_and_nothing_else(guarded: Guarded) -> None:
    lead(guarded)
    assert taken(send(guarded, letter(), TEAM))
    sender = envelope_sender(guarded)
    assert rcpt(guarded, sender, "carl@alps.zz") == (
        f"550 5.1.1 {sender} takes reports of servers only; help: https://help.alps.zz/no-mailbox/"
    )
    assert rcpt(guarded, sender.lower()) == "250 2.1.5 Recipient accepted"
    report = letter("mailer-daemon@alps.zz", "Undeliverable", to=sender)
    assert taken(send(guarded, report, sender, sender=""))
    assert [one.address for one in guarded.house.queued()[-1].recipients] == ["carl@alps.zz"]


def test_after_three_weeks_it_is_too_old(guarded: Guarded) -> None:
    lead(guarded)
    send(guarded, letter(), TEAM)
    guarded.house.clock.now += 22 * 86400
    assert "is valid for 21 days and is older; help: " in rcpt(guarded, envelope_sender(guarded))


def test_spam_is_refused_where_nobody_would_look_into_it(guarded: Guarded) -> None:
    lead(guarded)
    said = send(guarded, letter("boss@careful.zz"), TEAM)
    assert said.startswith(
        "554 5.7.1 The message is taken for spam, and such mail is not sent on to where the "
        "address leads"
    )
    assert guarded.house.queued() == []
    # For an account it is filed instead, hence the two do not share one message.
    with Dialog(guarded.server, HONEST) as dialog:
        dialog.reply()
        dialog.ask("EHLO mail.alps.zz")
        dialog.ask("MAIL FROM:<carl@alps.zz>")
        assert dialog.ask(f"RCPT TO:<{ANNA}>").startswith("250 ")
        assert " 4.5.3 This recipient is guarded otherwise" in dialog.ask(f"RCPT TO:<{TEAM}>")


def test_a_paused_target(guarded: Guarded) -> None:
    lead(guarded)
    pause_target(guarded.house.installation.control, "example.test", FAR, "550 No such user")
    assert send(guarded, letter(), TEAM) == (
        "550 5.2.1 Where team@example.test leads to, mail has been refused for days; "
        "help: https://help.alps.zz/switched-off/"
    )


def test_a_strict_sender_arrives_at_the_next_server(guarded: Guarded, tmp_path: Path) -> None:
    """His domain asks that forged mail be refused. The next server, which is as strict as we are,
    finds the forwarder in order by SPF, and the author proved by the signature."""
    folder = tmp_path / "next"
    folder.mkdir()
    lead(guarded)
    guarded.zone["_dmarc.alps.zz"] = {"TXT": ["v=DMARC1; p=reject; aspf=s; adkim=s"]}
    mail = signed(letter(), "alps.zz", int(guarded.house.clock.now))
    assert taken(send(guarded, mail, TEAM))
    sender = envelope_sender(guarded)
    (sent_on,) = guarded.house.queued_raw()
    assert sent_on.endswith(mail)
    there = Guarded(folder)
    try:
        there.house.installation.domain("far.zz")
        there.house.installation.account(FAR)
        there.zone.update(guarded.zone)
        there.zone["example.test"] = {"TXT": [f"v=spf1 ip4:{FORWARDER} -all"]}
        there.zone[reverse(FORWARDER)] = {"PTR": ["mx.sender.zz"]}
        there.zone["mx.sender.zz"] = {"A": [FORWARDER]}
        there.protect("far.zz", greylisting=False)
        with serving(there.house, folder, guard=there.gate) as there.ports:
            for envelope, says in ((sender, "250 2.0.0 "), ("carl@alps.zz", "250 2.0.0 ")):
                with Dialog(there.server, FORWARDER) as dialog:
                    dialog.reply()
                    dialog.ask("EHLO mx.sender.zz")
                    dialog.ask(f"MAIL FROM:<{envelope}>")
                    assert dialog.ask(f"RCPT TO:<{FAR}>").startswith("250 ")
                    dialog.ask("DATA")
                    dialog.send(sent_on)
                    assert dialog.reply().startswith(says)
        zoe = there.house.view.account_by_address(FAR)
        assert zoe is not None
        rewritten, plain = map(results, there.mail(zoe))
        assert "spf=pass smtp.mailfrom=example.test" in rewritten
        assert "spf=fail" in plain
        for found in (rewritten, plain):
            assert "dkim=pass" in found
            assert "dmarc=pass" in found
    finally:
        there.close()

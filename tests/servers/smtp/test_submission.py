"""The submission ports: who logs in how, and what may leave."""

import smtplib

import pytest

from alphorn.operations import passwords
from tests.servers.smtp.serving import Ports
from tests.support.installation import PASSWORD
from tests.support.mailhouse import ANNA, BERT

MAIL = (
    b"From: anna@example.test\r\nTo: x@other.test\r\nBcc: y@other.test\r\nSubject: Hi\r\n"
    b"\r\nHello\r\n"
)


@pytest.mark.parametrize("port", ["submission", "submissions"])
def test_a_message_goes_into_the_queue(ports: Ports, port: str) -> None:
    with ports.client(port) as client:
        client.login(ANNA, PASSWORD)
        client.ehlo()
        client.mail(ANNA)
        client.rcpt("x@other.test")
        client.rcpt("y@other.test")
        code, text = client.data(MAIL)
    assert code == 250
    assert text.startswith(b"2.0.0 Accepted for sending (")
    (queued,) = ports.house.queued()
    assert [r.address for r in queued.recipients] == ["x@other.test", "y@other.test"]
    assert queued.message.name in text.decode()
    (raw,) = ports.house.queued_raw()
    assert b"127.0.0.1" not in raw
    assert b"client.test" not in raw
    assert b"y@other.test" not in raw
    assert b"with ESMTPSA\r\n" in raw
    assert raw.count(b"DKIM-Signature:") == 2


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_logins_with_passwords(ports: Ports, mechanism: str) -> None:
    with ports.client("submissions") as client:
        client.ehlo()
        client.user, client.password = ANNA, PASSWORD
        method = getattr(client, f"auth_{mechanism.lower()}")
        assert client.auth(mechanism, method) == (235, b"2.7.0 Logged in")


def test_a_device_password(ports: Ports) -> None:
    made = passwords.add_device_password(
        ports.house.installation.control, ANNA, "Laptop", frozenset({"smtp"})
    )
    with ports.client("submission") as client:
        client.login(ANNA, made.password.reveal())


def test_scram_over_the_wire(ports: Ports) -> None:
    from tests.wire.sasl.client import Scram

    scram = Scram(ANNA, PASSWORD)
    with ports.client("submissions") as client:
        client.ehlo()
        code, text = client.docmd("AUTH", "SCRAM-SHA-256 " + scram.first())
        assert code == 334
        code, text = client.docmd(scram.final(text.decode()))
        assert code == 334
        scram.check(text.decode())
        assert client.docmd("") == (235, b"2.7.0 Logged in")
        scram = Scram(ANNA, "wrong")
    with ports.client("submissions") as client:
        client.ehlo()
        code, text = client.docmd("AUTH", "SCRAM-SHA-256 " + scram.first())
        assert client.docmd(scram.final(text.decode()))[0] == 535


def test_wrong_passwords_end_the_connection(ports: Ports) -> None:
    with ports.client("submissions") as client:
        client.ehlo()
        for _ in range(3):
            code, text = client.docmd("AUTH", "PLAIN AGFubmFAZXhhbXBsZS50ZXN0AHdyb25n")
            assert (code, text[:6]) == (535, b"5.7.8 ")
        assert client.docmd("NOOP")[0] == 421


def test_nothing_without_tls_and_login(ports: Ports) -> None:
    client = smtplib.SMTP("localhost", ports.numbers["submission"], timeout=30)
    client.ehlo()
    assert "auth" not in client.esmtp_features
    assert client.docmd("MAIL FROM:<anna@example.test>")[0] == 530
    assert client.docmd("AUTH PLAIN AGFubmFAZXhhbXBsZS50ZXN0AHdyb25n")[0] == 530
    client.close()
    with ports.client("submission") as client:
        client.ehlo()
        assert client.docmd("MAIL FROM:<anna@example.test>") == (
            530, b"5.7.0 Log in first (AUTH)",
        )  # fmt: skip


def test_plaintext_behind_starttls_is_gone(ports: Ports) -> None:
    client = smtplib.SMTP("localhost", ports.numbers["submission"], timeout=30)
    client.ehlo()
    client.send("STARTTLS\r\nNOOP\r\nRSET\r\n")
    assert client.getreply()[0] == 220
    from tests.support.stage import client_context

    context = client_context(ports.files)
    client.sock = context.wrap_socket(client.sock, server_hostname="localhost")
    client.file = None
    # The next reply is EHLO's, and no other is left over.
    code, text = client.docmd("EHLO x")
    assert (code, b"AUTH" in text) == (250, True)
    assert client.docmd("HELP")[0] == 214
    client.close()


@pytest.mark.parametrize(
    ("sender", "recipient", "raw", "status"),
    [
        (BERT, "x@other.test", MAIL, "5.7.1"),
        (ANNA, "nobody@example.test", MAIL, "5.1.1"),
        (ANNA, "x@[127.0.0.1]", MAIL, "5.7.1"),
        (ANNA, "x@other.test", MAIL.replace(b"From: anna", b"From: bert"), "5.7.1"),
        (ANNA, "x@other.test", b"From: a\0b\r\n\r\n", "5.6.0"),
    ],
)
def test_what_may_not_leave(
    ports: Ports, sender: str, recipient: str, raw: bytes, status: str
) -> None:
    with ports.client("submissions") as client:
        client.login(ANNA, PASSWORD)
        client.ehlo()
        replies = [client.mail(sender), client.rcpt(recipient)]
        if replies[-1][0] == 250:
            replies.append(client.data(raw))
    refusal = next(text for code, text in replies if code >= 400)
    assert refusal.startswith(status.encode() + b" ")
    assert ports.house.queued() == []
    assert any(event.facts.get("status") == status for event in ports.house.events)
    assert ports.house.events[-1].account_id == ports.house.anna.id


def test_one_of_ours_is_a_recipient_too(ports: Ports) -> None:
    with ports.client("submissions") as client:
        client.login(ANNA, PASSWORD)
        client.sendmail(ANNA, [BERT], MAIL)
    assert [r.address for r in ports.house.queued()[0].recipients] == [BERT]


def test_too_many_recipients_for_the_plan(ports: Ports) -> None:
    from alphorn.directory.values import PlanLimits
    from alphorn.operations import organizations, plans

    control = ports.house.installation.control
    plans.add_plan(control, "Small", PlanLimits(recipients_per_message=2))
    organizations.set_plan(control, "Acme", "Small")
    with ports.client("submissions") as client:
        client.login(ANNA, PASSWORD)
        client.ehlo()
        client.mail(ANNA)
        replies = [client.rcpt(f"x{n}@other.test") for n in range(3)]
    assert [code for code, _ in replies] == [250, 250, 550]
    assert replies[2][1] == b"5.5.3 At most 2 recipients a message are allowed."


def test_a_login_does_not_outlive_its_connection(ports: Ports) -> None:
    with ports.client("submissions") as client:
        client.login(ANNA, PASSWORD)
    with ports.client("submissions") as client:
        client.ehlo()
        assert client.docmd("MAIL FROM:<anna@example.test>")[0] == 530

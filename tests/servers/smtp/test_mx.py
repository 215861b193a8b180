"""The MX port: what comes in arrives, what is not ours goes nowhere."""

import smtplib
import socket
import threading
from typing import Any

import pytest

from alphorn.base.errors import Unavailable
from alphorn.operations import accounts, addresses, domains, organizations
from alphorn.operations.deliver import Reception
from alphorn.servers.smtp.memory import SMALL as SMALL_MESSAGE
from tests.servers.smtp.serving import Ports, eventually
from tests.support.mailhouse import ANNA, BERT

MAIL = b"From: carl@other.test\r\nSubject: Hi\r\n\r\nHello\r\n"


def rcpt(ports: Ports, address: str, size: int = 0) -> tuple[int, str]:
    """The answer to RCPT for what stands between the angle brackets."""
    with ports.client() as client:
        client.ehlo()
        client.docmd("MAIL FROM:<carl@other.test>" + (f" SIZE={size}" if size else ""))
        code, text = client.docmd(f"RCPT TO:<{address}>")
        return code, text.decode()


def test_a_message_arrives_with_its_trace(ports: Ports) -> None:
    with ports.client() as client:
        client.ehlo()
        client.mail("carl@other.test")
        client.rcpt(ANNA)
        code, text = client.data(MAIL)
    assert code == 250
    assert text.startswith(b"2.0.0 Delivered (")
    transaction = text.decode().partition("(")[2].rstrip(")")
    (raw,) = ports.house.inbox(ports.house.anna)
    head, _, rest = raw.partition(b"From: ")
    assert rest == MAIL.removeprefix(b"From: ")
    lines = head.decode().replace("\r\n\t", " ").split("\r\n")
    assert lines[0] == "Return-Path: <carl@other.test>"
    assert lines[1] == "Delivered-To: anna@example.test"
    assert lines[2].startswith(
        "Received: from client.test ([127.0.0.1]) by mx.example.test (Alphorn) with ESMTP"
        f" id {transaction} for <anna@example.test>; "
    )
    assert [(e.stage, e.transaction) for e in ports.house.events] == [
        ("receive", transaction),
        ("deliver", transaction),
    ]


def test_tls_shows_in_the_received_field(ports: Ports) -> None:
    from tests.support.stage import client_context

    with ports.client() as client:
        client.starttls(context=client_context(ports.files))
        client.sendmail("carl@other.test", [ANNA, BERT], MAIL)
    (raw,) = ports.house.inbox(ports.house.anna)
    assert b"(using TLSv1.3 TLS_" in raw
    assert b"with ESMTPS\r\n" in raw
    assert b"for <" not in raw


def test_a_pipelining_client_in_one_packet(ports: Ports) -> None:
    with ports.connect() as sock:
        sock.sendall(
            b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<anna@example.test>\r\n"
            b"RCPT TO:<no@example.test>\r\nBDAT 11 LAST\r\nFrom: a\r\n\r\nRSET\r\n"
            b"MAIL FROM:<>\r\nRCPT TO:<bert@example.test>\r\n"
            b"BDAT 11 LAST\r\nFrom: b\r\n\r\nQUIT\r\n"
        )
        said = b"".join(iter(lambda: sock.recv(65536), b"")).decode()
    codes = [line[:9] for line in said.splitlines() if line[3] == " "]
    assert codes == [
        "220 mx.ex", "250 HELP", "250 2.1.0", "250 2.1.5", "550 5.1.1", "250 2.0.0", "250 2.0.0",
        "250 2.1.0", "250 2.1.5", "250 2.0.0", "221 2.0.0",
    ]  # fmt: skip
    assert len(ports.house.inbox(ports.house.anna)) == 1
    assert len(ports.house.inbox(ports.house.bert)) == 1


NOT_OURS = (
    "x@other.test",
    "x%other.test@example.test",
    "other.test!x@example.test",
    '"x@other.test"@example.test',
    '"x%other.test"@example.test',
    "@example.test:x@other.test",
    "@mx.example.test,@example.test:x@other.test",
    "x@[127.0.0.1]",
    "x@[IPv6:::1]",
    "anna@example.test.other.test",
    "x%other.test@mx.example.test",
    "example.test!anna@other.test",
    '"anna@example.test"@other.test',
)


def test_no_relaying_in_any_spelling(ports: Ports) -> None:
    """Not even where a catch-all would take whatever stands before the @."""
    addresses.add_catch_all(ports.house.installation.control, "example.test", account=ANNA)
    for address in NOT_OURS:
        ports.house.events.clear()
        code, text = rcpt(ports, address)
        assert (code, text[:6]) == (550, "5.7.1 "), address
        (event,) = ports.house.events
        assert (event.stage, event.text) == ("rcpt", text.removeprefix("5.7.1 "))
        assert event.facts["peer"] == "127.0.0.1"


@pytest.mark.parametrize(
    "address", ["@other.test:anna@example.test", '"anna"@example.test', "ANNA+x@EXAMPLE.TEST"]
)
def test_ours_in_odd_spellings(ports: Ports, address: str) -> None:
    assert rcpt(ports, address)[0] == 250


def test_what_can_be_decided_is_decided_at_rcpt(ports: Ports) -> None:
    control = ports.house.installation.control
    assert rcpt(ports, "nobody@example.test")[1] == (
        "5.1.1 There is no mailbox nobody@example.test here"
    )
    assert rcpt(ports, "nobody@mx.example.test")[1].startswith("5.1.1 ")
    accounts.set_quota(control, BERT, 1000)
    assert rcpt(ports, BERT, size=1001) == (
        552, "5.2.3 The message is larger than the whole mailbox bert@example.test",
    )  # fmt: skip
    assert rcpt(ports, BERT, size=900)[0] == 250
    with ports.client() as client:
        client.sendmail("carl@other.test", [BERT], MAIL + b"x" * 300)
    assert rcpt(ports, BERT, size=900) == (
        452, "4.2.2 The mailbox bert@example.test is full; try again later",
    )  # fmt: skip
    domains.enable_domain(control, "example.test", False)
    assert rcpt(ports, ANNA) == (550, "5.2.1 Mail for this domain is switched off")


def test_an_organization_that_is_switched_off(ports: Ports) -> None:
    organizations.enable_organization(ports.house.installation.control, "Acme", False)
    assert rcpt(ports, ANNA)[0] == 550


def test_a_new_address_works_at_once(ports: Ports) -> None:
    assert rcpt(ports, "new@example.test")[0] == 550
    addresses.add_alias(ports.house.installation.control, "new@example.test", ANNA)
    assert rcpt(ports, "new@example.test")[0] == 250


def test_postmaster_without_domain(ports: Ports) -> None:
    assert rcpt(ports, "postmaster")[0] == 250
    assert rcpt(ports, "postmaster@example.test")[0] in (250, 550)


def test_when_nothing_can_be_stored_the_reply_says_so(ports: Ports) -> None:
    def broken(account_id: int) -> None:
        raise Unavailable("The disk is full.", code="disk-full")

    original = ports.house.store.account
    with ports.client() as client:
        client.ehlo()
        client.mail("carl@other.test")
        client.rcpt(ANNA)
        ports.house.store.account = broken  # type: ignore[method-assign, assignment]
        assert client.data(MAIL) == (452, b"4.3.1 The disk is full.")
        assert client.rcpt(ANNA)[0] == 503
        ports.house.store.account = original  # type: ignore[method-assign]
        client.sendmail("carl@other.test", [ANNA], MAIL)
    assert len(ports.house.inbox(ports.house.anna)) == 1


def test_a_fault_of_ours_is_a_passing_one(ports: Ports, caplog: pytest.LogCaptureFixture) -> None:
    def broken(*args: object, **more: object) -> None:
        raise RuntimeError("a mistake")

    ports.house.delivery.accept = broken  # type: ignore[method-assign, assignment]
    with ports.client() as client:
        client.ehlo()
        client.mail("carl@other.test")
        client.rcpt(ANNA)
        assert client.data(MAIL) == (451, b"4.3.0 Something went wrong here; try again later")
    assert "a mistake" in caplog.text


def test_a_smuggled_message_is_refused_and_traced(ports: Ports) -> None:
    with ports.connect() as sock:
        sock.sendall(
            b"HELO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<anna@example.test>\r\nDATA\r\n"
            b"Hi\n.\r\nMAIL FROM:<admin@b.c>\r\n\r\n.\r\nQUIT\r\n"
        )
        said = b"".join(iter(lambda: sock.recv(65536), b""))
    assert b"\r\n554 5.6.0 " in said
    assert ports.house.inbox(ports.house.anna) == []
    assert [event.stage for event in ports.house.events] == ["data"]


def test_refused_commands_are_traced(ports: Ports) -> None:
    with ports.client() as client:
        client.ehlo()
        client.docmd("MAIL FROM:<a@b..c>")
        client.docmd("MAIL FROM:<a@b.c> SIZE=999999999")
    assert [(event.stage, event.facts["status"]) for event in ports.house.events] == [
        ("mail", "5.1.7"),
        ("mail", "5.3.4"),
    ]
    assert ports.house.events[0].facts["argument"] == "FROM:<a@b..c>"


def test_guessing_addresses_ends_the_connection(ports: Ports) -> None:
    with ports.client() as client:
        client.ehlo()
        client.mail("carl@other.test")
        codes = [client.rcpt(f"user{n}@example.test")[0] for n in range(6)]
    assert codes == [550] * 5 + [421]


def test_a_client_that_leaves_while_its_message_is_stored(ports: Ports) -> None:
    """It is stored all the same: nobody can know whether the reply would have arrived."""
    accept = ports.house.delivery.accept
    begun, go_on = threading.Event(), threading.Event()

    def slow(*args: Any, **more: Any) -> Reception:
        begun.set()
        assert go_on.wait(10)
        return accept(*args, **more)

    ports.house.delivery.accept = slow  # type: ignore[method-assign, assignment]
    with ports.connect() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        sock.sendall(
            b"HELO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<anna@example.test>\r\n"
            b"BDAT 11 LAST\r\nFrom: a\r\n\r\n"
        )
        assert begun.wait(10)
        assert ports.memory.held == 11
    eventually(lambda: not ports.hosts["mx"].connections)
    go_on.set()
    eventually(lambda: ports.memory.held == 0)
    assert len(ports.house.inbox(ports.house.anna)) == 1


@pytest.mark.parametrize("size", [10_000, 190_000])
def test_messages_of_all_bytes_survive(ports: Ports, size: int) -> None:
    body = bytes(range(1, 256)).replace(b"\r", b"").replace(b"\n", b"") * (size // 253)
    lines = b"\r\n".join(body[at : at + 900] for at in range(0, len(body), 900))
    raw = b"Subject: all\r\n\r\n.\r\n..\r\n" + lines + b"\r\n"
    with ports.client() as client:
        client.sendmail("carl@other.test", [ANNA], raw, mail_options=["BODY=8BITMIME"])
    assert ports.house.inbox(ports.house.anna)[0].endswith(raw)


def test_too_much_at_once_is_put_off(ports: Ports) -> None:
    ports.memory._limit = SMALL_MESSAGE + 1000
    ports.on_loop(lambda: ports.memory.change(0, SMALL_MESSAGE))
    large = b"Subject: x\r\n\r\n" + (b"x" * 70 + b"\r\n") * 7800
    with ports.client() as client:
        client.ehlo()
        client.mail("carl@other.test")
        client.rcpt(ANNA)
        assert client.data(large)[1].startswith(b"4.3.1 There is too much mail ")
        client.sendmail("carl@other.test", [ANNA], MAIL)  # small ones still come in
    assert ports.memory.held == SMALL_MESSAGE
    assert len(ports.house.inbox(ports.house.anna)) == 1


def test_smtplib_sees_what_is_offered(ports: Ports) -> None:
    with ports.client() as client:
        client.ehlo()
        assert set(client.esmtp_features) >= {
            "pipelining", "size", "8bitmime", "smtputf8", "enhancedstatuscodes", "chunking", "dsn",
            "limits", "starttls", "help",
        }  # fmt: skip
        assert "auth" not in client.esmtp_features
        with pytest.raises(smtplib.SMTPNotSupportedError):
            client.login(ANNA, "x")

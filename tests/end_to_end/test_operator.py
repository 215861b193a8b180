"""What an operator does while the service runs takes effect at once, and the service can tell what
it did."""

import imaplib
import re
import smtplib

import pytest

from tests.end_to_end.tools import (
    PASSWORD,
    Reader,
    alphorn,
    alphorn_json,
    message,
    reading,
    run_alphorn,
    until,
)
from tests.support.service import Service

OLGA, PAUL = "olga@example.test", "paul@example.test"
GUEST = "guest@example.net"
FAR = "friend@elsewhere.test"
BOTH_WORKERS = 8
"""New connections after which both workers have served at least one, but for rare luck."""


def story(service: Service, transaction: str, *words: str) -> str:
    """Once all the words are in it; the trace is written a moment after the event."""

    def look() -> str:
        done = run_alphorn(service, "trace", "show", transaction)
        return done.stdout if all(word in done.stdout for word in words) else ""

    return until(look, f"{words} in the story of {transaction}")


def test_story_of_a_delivered_message(service: Service) -> None:
    service.send(GUEST, [OLGA], message(GUEST, "A good story"))
    text = story(service, "<A.good.story@example.net>", "Delivered to INBOX")
    for fact in (GUEST, OLGA, "delivered", "A good story", "uid 1"):
        assert fact in text
    assert re.search(r"^ +Message-ID +<?A\.good\.story@example\.net", text, re.M)
    assert "Hello." not in text
    events = alphorn_json(service, "trace", "list", "--address", OLGA)
    (delivered,) = (event for event in events if event["verdict"] == "delivered")
    assert delivered["message_id"].strip("<>") == "A.good.story@example.net"
    with reading(service, OLGA) as inbox:
        received = re.findall(rb"id (\w+)", inbox.raw("A good story"))[0].decode()
    assert delivered["transaction"] == received


def test_story_of_a_refused_message(service: Service) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        service.send(GUEST, ["nobody.at.all@example.test"], message(GUEST, "No story"))
    find = ("trace", "list", "--address", "nobody.at.all@example.test")
    (event,) = until(lambda: alphorn_json(service, *find), "the refusal is told")
    assert (event["verdict"], event["sender"]) == ("refused", GUEST)
    assert "no mailbox nobody.at.all@example.test" in event["text"]
    assert event["facts"]["peer"] == "127.0.0.1"
    assert event["text"] in story(service, event["transaction"])


def test_story_of_a_queued_message(service: Service) -> None:
    with service.submission(PAUL) as client:
        client.sendmail(PAUL, [FAR], message(PAUL, "A long story"))
    text = story(service, "<A.long.story@example.test>", "will try again")
    for fact in ("Accepted for sending", "deferred", FAR, PAUL):
        assert fact in text
    (row,) = alphorn_json(service, "queue", "list", "--address", FAR)
    assert row["message_id"] == "<A.long.story@example.test>"
    assert row["recipients"][0]["status"] == "4.4.3"
    assert alphorn(service, "queue", "remove", row["name"], "--yes") == "1 recipient is removed.\n"
    assert run_alphorn(service, "queue", "show", row["name"]).returncode == 1


def test_doctor_of_a_running_installation(service: Service) -> None:
    """Nothing is wrong but what a test installation cannot have: a DNS that knows it."""
    done = run_alphorn(service, "doctor", "--no-dns")
    assert done.returncode == 0, done.stdout
    assert re.search(r"^ok +ports +The service \(process \d+\) answers", done.stdout, re.M)
    assert " 0 errors" in f" {done.stdout.splitlines()[-1]}"
    done = run_alphorn(service, "doctor")
    assert done.returncode == 1
    assert re.search(r"^ERROR +dns +example.test has no MX record", done.stdout, re.M)


def test_new_address_is_known_to_every_worker_at_once(service: Service) -> None:
    name = "fresh@example.test"
    for _ in range(BOTH_WORKERS):
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            service.send(GUEST, [name], message(GUEST, "too early"))
    alphorn(service, "address", "add", name, "--alias-of", OLGA)
    for number in range(BOTH_WORKERS):
        service.send(GUEST, [name], message(GUEST, f"in time {number}"))
    with reading(service, OLGA) as inbox:
        assert len(inbox.search("SUBJECT", '"in time"')) == BOTH_WORKERS
        assert inbox.search("SUBJECT", '"too early"') == []
    alphorn(service, "address", "remove", name, "--yes")
    for _ in range(BOTH_WORKERS):
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            service.send(GUEST, [name], message(GUEST, "too late"))


def test_new_account_works_at_once(service: Service) -> None:
    address = "newcomer@example.test"
    alphorn(service, "address", "add", address, "--password-stdin", stdin=f"{PASSWORD}\n")
    for _ in range(BOTH_WORKERS):
        service.send(GUEST, [address], message(GUEST, "Welcome"))
        assert can_read(service, address, PASSWORD)
    alphorn(service, "password", "set", address, "--password-stdin", stdin="other good words\n")
    assert can_read(service, address, "other good words")
    assert not can_send(service, address, PASSWORD)
    alphorn(service, "account", "disable", address)
    assert not can_send(service, address, "other good words")


def test_device_password_lives_and_dies(service: Service) -> None:
    made = alphorn_json(service, "device-password", "add", PAUL, "phone")
    secret = made["password"]
    for _ in range(BOTH_WORKERS):
        assert can_read(service, PAUL, secret)
        assert can_send(service, PAUL, secret)
    (listed,) = alphorn_json(service, "device-password", "list", PAUL)
    assert listed["name"] == "phone"
    assert secret not in str(listed)
    alphorn(service, "device-password", "revoke", PAUL, "phone")
    assert not can_read(service, PAUL, secret)
    assert not can_send(service, PAUL, secret)
    assert can_read(service, PAUL, PASSWORD)
    assert secret not in str(service.process.log)


def can_read(service: Service, address: str, password: str) -> bool:
    client = imaplib.IMAP4_SSL(
        service.host, service.ports["imaps"], ssl_context=service.client_context(), timeout=60
    )
    try:
        client.login(address, password)
    except imaplib.IMAP4.error:
        return False
    finally:
        client.shutdown()
    return True


def can_send(service: Service, address: str, password: str) -> bool:
    """Logs in, and has a message accepted."""
    with smtplib.SMTP(service.host, service.ports["submission"], timeout=60) as client:
        client.starttls(context=service.client_context())
        try:
            client.login(address, password)
        except smtplib.SMTPAuthenticationError:
            return False
        client.sendmail(address, [address], message(address, "From my phone"))
    return True


def test_logged_out_everywhere(service: Service) -> None:
    """Sessions that are up end, in whichever worker; the password stays good."""
    readers = [Reader(service, PAUL) for _ in range(4)]
    for reader in readers:
        reader.idle()
    alphorn(service, "account", "log-out", PAUL)
    for reader in readers:
        reader.heard(b"* BYE")
        reader.client.shutdown()
    assert can_read(service, PAUL, PASSWORD)

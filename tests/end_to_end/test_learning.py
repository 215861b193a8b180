"""A person moves mail in a mail program, and the service learns; nothing but sockets in between."""

import imaplib
import sqlite3
from collections.abc import Iterator

import pytest

from alphorn.base.layout import Layout
from alphorn.store.trace import TraceLog
from tests.end_to_end.tools import until
from tests.support.service import Service, running

REPORT = "Reported as phishing: Your account"
ANNA, BERT, OPERATOR = "anna@example.test", "bert@example.test", "operator@example.test"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    accounts = dict.fromkeys((ANNA, BERT, OPERATOR), "correct horse battery")
    folder = tmp_path_factory.mktemp("learning")
    with running(folder, accounts, settings=f'postmaster = "{OPERATOR}"\n') as made:
        yield made


def row(service: Service, address: str, sql: str, *values: object) -> tuple[object, ...] | None:
    """What stands in an account's file."""
    layout = Layout(service.data)
    control = sqlite3.connect(layout.control)
    try:
        (number,) = control.execute(
            "SELECT a.account_id FROM directory_address a JOIN directory_domain d"
            " ON d.id = a.domain_id WHERE a.local = ? AND d.name = ?",
            address.split("@"),
        ).fetchone()
    finally:
        control.close()
    path = layout.accounts / f"{number & 0xFF:02x}" / f"{number}.sqlite"
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        found: tuple[object, ...] | None = connection.execute(sql, values).fetchone()
    finally:
        connection.close()
    return found


def learned(service: Service, address: str) -> tuple[object, ...]:
    """Messages learned as spam and as ham."""
    return row(service, address, "SELECT spam, ham FROM learned") or (0, 0)


def deliver(service: Service, address: str, subject: str, text: str, number: str) -> None:
    message = (
        f"From: Carl <carl@other.example>\r\nTo: {address}\r\nSubject: {subject}\r\n"
        f"Message-ID: <{number}@other.example>\r\n"
        f"Date: Thu, 13 Feb 2025 12:00:00 +0100\r\n\r\n{text}\r\n"
    )
    service.send("carl@other.example", [address], message.encode())


def do(client: imaplib.IMAP4, *command: str) -> None:
    status, answer = client.uid(command[0], *command[1:])
    assert status == "OK", answer


def test_moving_mail_into_junk_and_out_again(service: Service) -> None:
    deliver(service, ANNA, "Cheap watches", "Buy these watches, they are very cheap.", "w1")
    with service.imap(ANNA) as client:
        client.select("INBOX")
        do(client, "MOVE", "1", "Junk")
        until(lambda: learned(service, ANNA) == (1, 0), "it is learned as spam")
        client.select("Junk")
        do(client, "COPY", "1", "INBOX")
        do(client, "STORE", "1", "+FLAGS.SILENT", "(\\Deleted)")
        client.expunge()
        until(lambda: learned(service, ANNA) == (0, 1), "it is learned as wanted")
        client.select("INBOX")
        do(client, "STORE", "1:*", "+FLAGS", "(Junk)")
        until(lambda: learned(service, ANNA) == (1, 0), "it is learned as spam")


def test_whoever_is_answered_is_known_and_his_mail_wanted(service: Service) -> None:
    deliver(service, BERT, "Supper", "Do you come to supper tomorrow at eight?", "s1")
    reply = (
        f"From: {BERT}\r\nTo: carl@other.example\r\nSubject: Re: Supper\r\n"
        "In-Reply-To: <s1@other.example>\r\n\r\nI do, gladly.\r\n"
    )
    with service.submission(BERT) as client:
        client.sendmail(BERT, ["carl@other.example"], reply)
    until(lambda: learned(service, BERT) == (0, 1), "what was answered is learned")
    known = row(service, BERT, "SELECT name FROM noted WHERE book = 'correspondent'")
    assert known == ("carl@other.example",)


def test_phishing_that_is_reported_leaves_and_the_operator_is_told(service: Service) -> None:
    deliver(service, BERT, "Your account", "Log in at http://bank-login.example/now", "p1")
    with service.imap(BERT) as client:
        client.select("INBOX")
        _, (before,) = client.uid("SEARCH", "SUBJECT", '"Your account"')
        do(client, "STORE", before.decode(), "+FLAGS", "($Phishing)")

        def gone() -> bool:
            client.noop()
            return client.uid("SEARCH", "SUBJECT", '"Your account"')[1] == [b""]

        until(gone, "it leaves the mailbox")
        _, listed = client.list()
        assert not [line for line in listed if b"Quarantine" in line]  # type: ignore[operator]
        assert client.select('"/Quarantine"')[0] == "NO"
    until(lambda: service.subjects(OPERATOR) == [REPORT], "the operator is told")
    reported = sqlite3.connect(Layout(service.data).reported)
    try:
        found = reported.execute("SELECT kind, name, good FROM voice").fetchall()
    finally:
        reported.close()
    assert found == [("host", "bank-login.example", 0)]


def test_the_trace_tells_of_it(service: Service) -> None:
    trace = TraceLog(Layout(service.data).trace)
    try:
        until(lambda: any(event.stage == "report" for event in trace.find(limit=1000)), "a trace")
        texts = [event.text for event in trace.find(limit=1000) if event.stage == "learn"]
    finally:
        trace.close()
    assert "Learned as spam" in texts
    assert "Learned as wanted" in texts

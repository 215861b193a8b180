"""A stolen password, a dangerous attachment and wrong records, against the real service.

Mail for elsewhere.test stays in the queue, for the DNS has trouble there.
"""

import email
import email.policy
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.tools import PASSWORD, alphorn, alphorn_json, message, reading, until
from tests.end_to_end.tools import run_alphorn as run
from tests.support import mmdb
from tests.support.dns import DnsServer, Fault
from tests.support.service import HOSTNAME, Service, running

ANNA, BEN, PAUL, MARIA = (f"{name}@example.test" for name in ("anna", "ben", "paul", "maria"))
GUEST = "guest@example.net"
NEW_PASSWORD = "quiet water below"
SETTINGS = f"""\
postmaster = "{PAUL}"
[behaviour]
new_recipients = 10
[submission]
records_check = 1
require_records = {{require}}
[dns]
servers = ["127.0.0.1:{{port}}"]
timeout = 1
"""


def far(count: int, begin: int = 0) -> list[str]:
    return [f"p{number}@elsewhere.test" for number in range(begin, begin + count)]


@contextmanager
def whole(folder: Path, *, require: bool) -> Iterator[tuple[Service, dict[str, Any]]]:
    zone: dict[str, Any] = {"elsewhere.test": Fault.SERVFAIL, HOSTNAME: {"A": ["127.0.0.1"]}}
    people = dict.fromkeys((ANNA, BEN, PAUL, MARIA), PASSWORD)
    with DnsServer(zone) as dns:
        settings = SETTINGS.format(require=str(require).lower(), port=dns.address[1])
        with running(folder, people, settings=settings) as service:
            alphorn(service, "user", "add", MARIA)
            alphorn(service, "user", "join", MARIA, "Acme")
            yield service, zone


def publish(zone: dict[str, Any], service: Service) -> None:
    for record in alphorn_json(service, "domain", "dns", "example.test"):
        records = zone.setdefault(record["name"].rstrip("."), {})
        records.setdefault(record["type"], []).append(record["value"])


def notice(service: Service, address: str, subject: str) -> str:
    with reading(service, address) as inbox:
        raw = inbox.fetch(inbox.wait("SUBJECT", f'"{subject}"'))
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    assert parsed["Return-Path"] == "<>"
    return " ".join(parsed.get_content().split())


def submit(service: Service, sender: str, recipients: list[str], raw: bytes) -> None:
    with service.submission(sender) as client:
        client.sendmail(sender, recipients, raw)


def test_a_stolen_password_does_little_harm(tmp_path: Path) -> None:
    with whole(tmp_path, require=False) as (service, _):
        submit(service, ANNA, far(4), message(ANNA, "Usual"))
        submit(service, ANNA, far(10, 100), message(ANNA, "Unusual"))
        with service.submission(ANNA) as client:
            with pytest.raises(smtplib.SMTPDataError) as slowed:
                client.sendmail(ANNA, far(11, 200), message(ANNA, "Slowed"))
            assert slowed.value.smtp_code // 100 == 4
            assert b"4.7.1 Sending from this account is slowed down" in slowed.value.smtp_error
            assert b"try again in 1 hour" in slowed.value.smtp_error
            with pytest.raises(smtplib.SMTPDataError) as locked:
                client.sendmail(ANNA, far(50, 300), message(ANNA, "Locked"))
            assert locked.value.smtp_code == 550
            assert b"5.7.1 Sending from anna@example.test is locked" in locked.value.smtp_error
            with pytest.raises(smtplib.SMTPSenderRefused) as refused:
                client.sendmail(ANNA, far(1), message(ANNA, "Refused"))
            assert b"Change the password" in refused.value.smtp_error

        # What it gave us before is held; nobody else's is.
        submit(service, BEN, far(1), message(BEN, "Of another"))
        held = alphorn_json(service, "queue", "list", "--held")
        assert sorted(len(entry["recipients"]) for entry in held) == [4, 10]
        assert {entry["sender"] for entry in held} == {ANNA}
        shown = alphorn_json(service, "account", "show", ANNA)
        assert "new" not in shown["sending_lock_reason"]
        assert "never written to before" in shown["sending_lock_reason"]
        assert "Sending locked" in alphorn(service, "account", "show", ANNA)

        # People are told; receiving and reading go on.
        service.send(GUEST, [ANNA], message(GUEST, "Still arrives"))
        assert "Still arrives" in service.subjects(ANNA)
        assert "pass" in notice(service, ANNA, "is slowed down")
        assert "75 addresses" in notice(service, ANNA, "is locked")
        for other in (MARIA, PAUL):
            assert f"alphorn account unlock {ANNA}" in notice(service, other, "is locked")
        told = until(
            lambda: alphorn_json(service, "trace", "list", "--address", ANNA), "the lock is told"
        )
        assert [e for e in told if e["stage"] == "behaviour" and "locked" in e["text"]]

        # Unlocked once the password is another one.
        done = run(service, "account", "unlock", ANNA)
        assert done.returncode == 1
        assert "has not been changed" in done.stderr
        alphorn(service, "password", "set", ANNA, "--password-stdin", stdin=NEW_PASSWORD + "\n")
        alphorn(service, "account", "unlock", ANNA)
        service.accounts = {**service.accounts, ANNA: NEW_PASSWORD}
        submit(service, ANNA, far(4), message(ANNA, "Usual again"))
        assert len(alphorn_json(service, "queue", "list", "--held")) == 2


def test_logins_from_all_over_the_world(tmp_path: Path) -> None:
    """Loopback is large enough for some countries; the file comes while the service runs."""
    names = {
        "127.21.0.0/16": ("CH", {"en": "Switzerland", "de": "Schweiz"}),
        "127.22.0.0/16": ("BR", {"en": "Brazil", "de": "Brasilien"}),
        "127.23.0.0/16": ("IN", {"en": "India", "de": "Indien"}),
        "127.24.0.0/16": ("NZ", {"en": "New Zealand"}),
    }
    settings = (
        f'postmaster = "{PAUL}"\n[behaviour]\ncountries = 2\nlock_factor = 2\n'
        '[geo]\ndatabase = "countries.mmdb"\n'
    )
    people = dict.fromkeys((ANNA, BEN, PAUL), PASSWORD)
    with running(tmp_path, people, settings=settings) as service:
        alphorn(service, "account", "set", ANNA, "--language", "de")
        assert "cannot be read" in run(service, "doctor", "--no-dns").stdout
        mmdb.write(service.data / "countries.mmdb", mmdb.countries(names))
        assert "Test-Country" in run(service, "doctor", "--no-dns").stdout

        def send(country: int) -> None:
            port, source = service.ports["submission"], (f"127.{country}.0.1", 0)
            with smtplib.SMTP(service.host, port, source_address=source) as client:
                client.starttls(context=service.client_context())
                client.login(ANNA, PASSWORD)
                client.sendmail(ANNA, [BEN], message(ANNA, f"From {country}"))

        send(21)
        send(22)
        text = notice(service, ANNA, "ist gebremst")
        assert "aus 2 Ländern an, aus denen das noch nie geschehen war: Schweiz, Brasilien." in text
        send(23)
        with pytest.raises(smtplib.SMTPDataError) as locked:
            send(24)
        said = b" ".join(locked.value.smtp_error.split())
        assert b"from 4 countries from which nobody had logged in before: Switzerland, Bra" in said
        assert "Brasilien, Indien, New Zealand." in notice(service, ANNA, "ist gesperrt")
        assert "Switzerland, Brazil, India, New Zealand." in notice(service, PAUL, "is locked")
        shown = alphorn(service, "account", "show", ANNA)
        for country in ("Switzerland", "Brazil", "India", "New Zealand"):
            assert f"{country} (20" in shown
        told = until(
            lambda: alphorn_json(service, "trace", "list", "--address", ANNA), "the lock is told"
        )
        assert [e for e in told if e["stage"] == "behaviour" and "New Zealand" in e["text"]]


def test_what_is_sent_is_looked_into(tmp_path: Path) -> None:
    program = EmailMessage()
    program["From"], program["To"], program["Subject"] = ANNA, BEN, "A game"
    program.set_content("Have a look")
    program.add_attachment(
        b"MZ" + bytes(200), maintype="application", subtype="octet-stream", filename="game.exe"
    )
    broken = message(ANNA, "Odd", "Hi\r\n", "Subject: Another")
    with whole(tmp_path, require=False) as (service, _), service.submission(ANNA) as client:
        with pytest.raises(smtplib.SMTPDataError) as refused:
            client.sendmail(ANNA, [BEN], program.as_bytes(policy=email.policy.SMTP))
        assert refused.value.smtp_code // 100 == 5
        assert b"5.7.0 The attachment game.exe" in refused.value.smtp_error
        with pytest.raises(smtplib.SMTPDataError) as refused:
            client.sendmail(ANNA, [BEN], broken)
        assert b"5.7.0 Message is rejected by headers rule filter" in refused.value.smtp_error
        client.sendmail(ANNA, [BEN], message(ANNA, "Plain"))
        with reading(service, BEN) as inbox:
            inbox.wait("SUBJECT", '"Plain"')
            assert len(inbox.search("ALL")) == 1


def test_wrong_records_are_told_and_can_stop_mail_until_they_are_repaired(tmp_path: Path) -> None:
    with whole(tmp_path, require=True) as (service, zone):
        text = notice(service, MARIA, "The DNS records of example.test need attention")
        assert "There is no SPF record." in text
        assert 'Publish: example.test. 3600 IN TXT "v=spf1 mx -all"' in text
        assert "A key for DKIM is not published." in text
        assert "There is no DMARC record." in text
        notice(service, PAUL, "The DNS records of example.test need attention")
        with service.submission(ANNA) as client:
            with pytest.raises(smtplib.SMTPDataError) as refused:
                client.sendmail(ANNA, [BEN], message(ANNA, "Too early"))
            assert refused.value.smtp_code == 550
            said = b" ".join(refused.value.smtp_error.split())
            assert b"5.7.1 Mail from example.test is not sent" in said
            assert b"example.test has no SPF record." in said
            publish(zone, service)

            def sent() -> bool:
                try:
                    client.sendmail(ANNA, [BEN], message(ANNA, "Repaired"))
                except smtplib.SMTPDataError:
                    return False
                return True

            until(sent, "mail is sent once the records are right")
        with reading(service, BEN) as inbox:
            inbox.wait("SUBJECT", '"Repaired"')
        with reading(service, MARIA) as inbox:
            assert len(inbox.search("SUBJECT", '"need attention"')) == 1

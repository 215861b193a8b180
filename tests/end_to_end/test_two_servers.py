"""Two installations write to each other, over loopback, with a DNS that says what they ask for.

Anna is at a.test (127.0.0.2), Ben at b.test (127.0.0.3). The DNS has, word for word, what
`alphorn domain dns` prints for each.
"""

import email
import email.policy
import re
import smtplib
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from email.message import EmailMessage
from signal import SIGUSR2
from threading import Thread
from typing import Any

import pytest

from tests.end_to_end.tools import (
    PASSWORD,
    Reader,
    alphorn,
    alphorn_json,
    kill_everything,
    lift_sending_limits,
    message,
    reading,
    run_alphorn,
    until,
)
from tests.mailauth.dkim import independent
from tests.support.dns import DnsServer, Zone
from tests.support.process import Ports
from tests.support.service import Service, running

ANNA, ALMA = "anna@a.test", "alma@a.test"
BEN = "ben@b.test"
PLACES = {"a.test": "127.0.0.2", "b.test": "127.0.0.3"}

LEASE = 30
"""Seconds after which others take over what a dead process was delivering."""

MOST_AT_ONCE = 20
"""Messages on the way to one server at a time, by the settings and two workers."""

SETTINGS = """\
[listen]
addresses = ["{address}"]
[dns]
servers = ["{dns}"]
[queue]
smtp_port = {port}
private_destinations = true
bind_address = ["{address}"]
"""


@dataclass(frozen=True)
class World:
    a: Service
    b: Service
    dns: DnsServer
    zone: dict[str, Any]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    zone: Zone = {}
    with ExitStack() as stack:
        dns = stack.enter_context(DnsServer(zone))
        ports = Ports()
        stack.callback(ports.release)
        people = {"a.test": (ANNA, ALMA), "b.test": (BEN,)}
        a, b = (
            stack.enter_context(
                running(
                    tmp_path_factory.mktemp(domain.partition(".")[0]),
                    dict.fromkeys(people[domain], PASSWORD),
                    settings=SETTINGS.format(
                        address=address, dns=":".join(map(str, dns.address)), port=ports["smtp"]
                    ),
                    host=address,
                    hostname=f"mx.{domain}",
                    ports=ports,
                )
            )
            for domain, address in PLACES.items()
        )
        for service, (domain, address) in zip((a, b), PLACES.items(), strict=True):
            publish(zone, service, domain, address)
        yield World(a, b, dns, zone)


def publish(zone: dict[str, Any], service: Service, domain: str, address: str) -> None:
    zone[f"mx.{domain}"] = {"A": [address]}
    zone[".".join(reversed(address.split("."))) + ".in-addr.arpa"] = {"PTR": [f"mx.{domain}"]}
    for record in alphorn_json(service, "domain", "dns", domain):
        records = zone.setdefault(record["name"].rstrip("."), {})
        records.setdefault(record["type"], []).append(record["value"])


@pytest.fixture(scope="module")
def verifier() -> Iterator[independent.Verifier]:
    if not independent.installed():
        pytest.skip("program absent: python3-dkim")
    verifier = independent.Verifier()
    yield verifier
    verifier.close()


def parsed(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)  # type: ignore[return-value]


def received(raw: bytes) -> list[str]:
    return [" ".join(field.split()) for field in parsed(raw).get_all("Received", [])]


def submit(service: Service, sender: str, recipients: list[str], raw: bytes) -> None:
    """Over 465."""
    with smtplib.SMTP_SSL(
        service.host,
        service.ports["submissions"],
        context=service.client_context(),
        timeout=60,
    ) as client:
        client.login(sender, PASSWORD)
        client.sendmail(sender, recipients, raw)


def keys(zone: dict[str, Any]) -> dict[str, str]:
    """The TXT records that a verifier can ask for."""
    return {
        f"{name}.": records["TXT"][0]
        for name, records in zone.items()
        if "_domainkey" in name and "TXT" in records
    }


def test_a_conversation(world: World, verifier: independent.Verifier) -> None:
    """Over 465 and STARTTLS between the servers, signed by both, in one thread for Anna."""
    question = message(
        ANNA,
        "The hut",
        "Is there room?\r\n",
        f"To: Ben <{BEN}>",
        f"Bcc: {ALMA}",
        "Message-ID: <question@a.test>",
    )
    submit(world.a, ANNA, [BEN, ALMA], question)
    with reading(world.b, BEN) as inbox:
        raw = inbox.fetch(inbox.wait("SUBJECT", '"The hut"'))
    assert verifier.verify(raw, keys(world.zone), 2) == [True, True]
    assert verifier.verify(raw.replace(b"Is there", b"Is no"), keys(world.zone), 2) != [True, True]
    at_ben = parsed(raw)
    assert {
        (tags["a"], tags["d"]) for tags in map(tags_of, at_ben.get_all("DKIM-Signature", []))
    } == {("rsa-sha256", "a.test"), ("ed25519-sha256", "a.test")}
    assert at_ben["Return-Path"] == f"<{ANNA}>"
    assert at_ben["Delivered-To"] == BEN
    assert at_ben["Bcc"] is None
    assert at_ben["Date"] is not None
    at_b, at_a = received(raw)
    assert re.match(
        r"from mx\.a\.test \(.*\[127\.0\.0\.2\]\).* by mx\.b\.test .*with ESMTPS ", at_b
    )
    assert "TLS" in at_b
    assert re.match(r"\(using TLS.*\) by mx\.a\.test .*with ESMTPSA ", at_a)
    with reading(world.a, ALMA) as inbox:  # the blind copy, in A's own house
        assert parsed(inbox.fetch(inbox.wait("SUBJECT", '"The hut"')))["To"] == f"Ben <{BEN}>"

    answer = message(
        BEN,
        "Re: The hut",
        "For two.\r\n",
        f"To: {ANNA}",
        "In-Reply-To: <question@a.test>",
        "References: <question@a.test>",
    )
    with world.b.submission(BEN) as client:
        client.sendmail(BEN, [ANNA], answer)
    with reading(world.a, ANNA) as inbox:
        inbox.client.append("Sent", r"(\Seen)", "", question)
        uid = inbox.wait("HEADER", "In-Reply-To", "question@a.test")
        raw = inbox.fetch(uid)
        assert verifier.verify(raw, keys(world.zone), 2) == [True, True]
        thread = thread_of(inbox, uid)
        inbox.open("Sent")
        assert thread_of(inbox, inbox.search("SUBJECT", '"The hut"')[0]) == thread
    assert_queue_gets_empty(world.a)
    assert_queue_gets_empty(world.b)


def tags_of(field: str) -> dict[str, str]:
    return {
        name.strip(): value.strip()
        for name, _, value in (tag.partition("=") for tag in field.split(";"))
    }


def thread_of(reader: Reader, uid: int) -> str:
    """The thread's identifier (RFC 8474)."""
    _, found = reader.client.uid("FETCH", str(uid), "(THREADID)")
    return re.findall(rb"THREADID \(([^)]+)\)", found[0])[0].decode()


def assert_queue_gets_empty(service: Service) -> None:
    """The recipient has a message a moment before the queue has let it go."""
    until(lambda: not alphorn_json(service, "queue", "list"), "the queue is empty")


def test_unknown_recipient_is_reported_to_the_sender(world: World) -> None:
    submit(world.a, ANNA, ["nobody@b.test"], message(ANNA, "Anybody there"))
    with reading(world.a, ANNA) as inbox:
        uid = inbox.wait("FROM", "mailer-daemon", "TEXT", "nobody@b.test")
        report = parsed(inbox.fetch(uid))
    assert report["Return-Path"] == "<>"
    assert report["To"] == ANNA
    assert report["Auto-Submitted"] == "auto-replied"
    assert report.get_content_type() == "multipart/report"
    assert report.get_param("report-type") == "delivery-status"
    human, status, original = report.iter_parts()
    assert "nobody@b.test" in human.get_content()
    assert status.get_content_type() == "message/delivery-status"
    about_message, about_recipient = status.get_payload()
    assert typed(about_message["Reporting-MTA"]) == ("dns", "mx.a.test")
    assert typed(about_recipient["Final-Recipient"]) == ("rfc822", "nobody@b.test")
    assert about_recipient["Action"] == "failed"
    assert about_recipient["Status"] == "5.1.1"
    assert typed(about_recipient["Remote-MTA"]) == ("dns", "mx.b.test")
    kind, said = typed(about_recipient["Diagnostic-Code"])
    assert (kind, said[:10]) == ("smtp", "550 5.1.1 ")
    assert original.get_content_type() in ("text/rfc822-headers", "message/rfc822")
    assert "Anybody there" in original.as_string()
    assert all(part.defects == [] for part in report.walk())
    assert_queue_gets_empty(world.a)


def typed(field: str) -> tuple[str, str]:
    """The type and the value (RFC 3464 §2.1.2)."""
    kind, _, value = field.partition(";")
    return kind.strip(), value.strip()


def test_own_people_need_no_network(world: World) -> None:
    asked = len(world.dns.questions)
    submit(world.a, ANNA, [ALMA], message(ANNA, "In the house"))
    with reading(world.a, ALMA) as inbox:
        (at_a,) = received(inbox.fetch(inbox.wait("SUBJECT", '"In the house"')))
    assert "with ESMTPSA" in at_a
    assert len(world.dns.questions) == asked
    assert_queue_gets_empty(world.a)


def test_a_redirect_leads_to_the_other_server(world: World) -> None:
    alphorn(world.a, "address", "add", "team@a.test", "--redirect-to", BEN)
    world.a.send("guest@example.net", ["team@a.test"], message("guest@example.net", "Onward"))
    with reading(world.b, BEN) as inbox:
        raw = inbox.fetch(inbox.wait("SUBJECT", '"Onward"'))
    arrived = parsed(raw)
    # In the name of a domain of ours, so that SPF holds; reports find back (SRS).
    assert re.fullmatch(
        r"<SRS0=[^=@]+=[^=@]+=example\.net=guest@a\.test>", arrived["Return-Path"], re.IGNORECASE
    )
    assert arrived.get_all("Delivered-To") == [BEN, "team@a.test"]
    assert len(received(raw)) == 2
    assert_queue_gets_empty(world.a)


def test_a_stream_flows_on_while_the_other_server_is_replaced(world: World) -> None:
    """New workers take over at B, twice, in the middle of it: each message arrives, once."""
    numbers = 60
    with world.a.submission(ANNA) as client:
        seen = 0
        for number in range(numbers):
            client.sendmail(ANNA, [BEN], message(ANNA, f"Stream {number:02}."))
            if number in (10, 35):
                world.b.process.signal(SIGUSR2)
            if number in (30, 55):
                seen = world.b.process.wait_for("new workers have taken over", after=seen)
    assert_queue_gets_empty(world.a)
    arrived = sorted(one for one in world.b.subjects(BEN) if one.startswith("Stream"))
    assert arrived == [f"Stream {number:02}." for number in range(numbers)]


@pytest.mark.soak
def test_what_was_being_sent_survives_kills(world: World) -> None:
    """A is killed in the middle of sending, ten times: all that it took arrives at B, and twice at
    most what was between B's word and A's striking it out."""
    taken: list[str] = []

    def send(turn: int) -> None:
        try:
            client = world.a.submission(ANNA)
            for number in range(1000):
                name = f"Killed {turn}-{number}."
                client.sendmail(ANNA, [BEN], message(ANNA, name))
                taken.append(name)
        except (OSError, smtplib.SMTPServerDisconnected):
            pass  # killed: that is what is tried here

    lift_sending_limits(world.a)
    world.a.process.expect_errors = True
    for turn in range(10):
        sender = Thread(target=send, args=(turn,))
        enough = len(taken) + 20 + 7 * turn
        sender.start()
        until(lambda enough=enough: len(taken) > enough, "messages are taken")
        kill_everything(world.a)
        sender.join()
        world.a.start()
    rest = ("queue", "list", "--address", BEN)
    until(lambda: not alphorn_json(world.a, *rest), "all is delivered", 4 * LEASE)
    arrived = Counter(one for one in world.b.subjects(BEN) if one.startswith("Killed"))
    assert sorted(set(taken) - arrived.keys()) == []
    assert sum(count - 1 for count in arrived.values()) <= 10 * MOST_AT_ONCE


def test_doctor_is_content_with_what_is_published(world: World) -> None:
    """It has no complaint that is an error; and it misses what is taken away."""
    findings = alphorn_json(world.a, "doctor")
    assert {one["level"] for one in findings if one["check"] == "dns"} == {"ok"}, findings
    records = world.zone["a.test"].pop("MX")
    try:
        done = run_alphorn(world.a, "doctor")
    finally:
        world.zone["a.test"]["MX"] = records
    assert done.returncode == 1
    assert "a.test has no MX record" in done.stdout
    assert "Publish: a.test. 3600 IN MX 10 mx.a.test." in done.stdout


def test_what_cannot_be_delivered_waits(world: World) -> None:
    """The other server is down, comes back, and gets the message once.

    Last in this file: a server that refused to be called is left alone for two minutes.
    """
    world.b.process.stop()
    submit(world.a, ANNA, [BEN], message(ANNA, "When you are back"))

    def waiting() -> Any:
        rows = alphorn_json(world.a, "queue", "list")
        return [row for row in rows if row["recipients"][0]["attempts"]]

    (row,) = until(waiting, "a try that failed")
    (recipient,) = row["recipients"]
    assert row["state"] == recipient["state"] == "waiting"
    assert (recipient["address"], recipient["status"]) == (BEN, "4.4.1")
    assert "refused the connection" in row["why"]
    assert row["next_attempt_at"] > row["queued_at"]
    story = alphorn(world.a, "trace", "show", row["transaction"])
    assert "deferred" in story
    assert "refused the connection" in story

    world.b.start()
    assert alphorn_json(world.a, "queue", "retry", row["name"]) == {"recipients": 1}
    with reading(world.b, BEN) as inbox:
        inbox.wait("SUBJECT", '"When you are back"')
        assert_queue_gets_empty(world.a)
        inbox.client.noop()
        assert len(inbox.search("SUBJECT", '"When you are back"')) == 1

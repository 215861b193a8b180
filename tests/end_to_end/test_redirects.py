"""Mail that is sent on or answered, through three installations: whoever writes, we, and where it
leads to.

Carl writes from strict.zz, whose DMARC policy has everything refused that cannot prove it is his;
addresses of ours.zz lead to far.zz. Each is a service of its own at its own address of the
loopback network, checks strangers as on the open network, and publishes in the DNS, word for word,
what it advises to publish.
"""

import re
import smtplib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any

import pytest

from alphorn.app.installation import read_settings
from alphorn.app.services import for_command
from alphorn.base.layout import Layout
from alphorn.base.trace import TraceEvent
from alphorn.directory.setup import close_connections, setup
from alphorn.message import header
from alphorn.operations import addresses, distribution, domains, redirects, responders, scripts
from alphorn.operations.control import Control
from alphorn.operations.owners import mail_of
from alphorn.operations.targets import DAYS, TIMES
from alphorn.sieve.responder import Responder
from alphorn.store.redirects import DAY, Redirects
from alphorn.store.trace import TraceLog
from tests.end_to_end.tools import PASSWORD, message, reading, until
from tests.support.dns import DnsServer, Zone
from tests.support.process import Ports
from tests.support.service import Service, install

CARL, ZOE, YARA = "carl@strict.zz", "zoe@far.zz", "yara@far.zz"
ANNA, BERT, CORA, DORA = (f"{name}@ours.zz" for name in ("anna", "bert", "cora", "dora"))
TEAM, LOST, RING, DESK = (f"{name}@ours.zz" for name in ("team", "lost", "ring", "desk"))
EVERYBODY, UNKNOWN = "everybody@ours.zz", "unknown@ours.zz"
NOBODY, GONE, AROUND = "nobody@far.zz", "gone@far.zz", "ring@far.zz"
PLACES = {"strict.zz": "127.0.0.4", "ours.zz": "127.0.0.5", "far.zz": "127.0.0.6"}
PEOPLE = {"strict.zz": [CARL], "ours.zz": [ANNA, BERT, CORA, DORA], "far.zz": [ZOE, YARA]}
FORGER = "127.0.0.7"
SETTINGS = """\
door.greeting_delay = 0
protection.greylisting = false
[listen]
addresses = ["{address}"]
[dns]
servers = ["{dns}"]
[queue]
smtp_port = {port}
private_destinations = true
bind_address = ["{address}"]
"""
SRS = r"<SRS0=[a-z2-7]{8}=[a-z2-7]{2}=strict\.zz=carl@ours\.zz>"


def leads_of_ours(control: Control) -> None:
    addresses.add_redirect(control, TEAM, [ZOE])
    addresses.add_redirect(control, LOST, [GONE])
    addresses.add_redirect(control, RING, [AROUND])
    redirects.set_redirect(control, ANNA, [ZOE], keep=True)
    redirects.set_redirect(control, BERT, [ZOE], keep=False)
    redirects.set_redirect(control, CORA, [NOBODY], keep=False)
    addresses.add_redirect(control, DESK, [YARA])
    addresses.add_catch_all(control, "ours.zz", DORA)
    distribution.add_list(control, EVERYBODY, [DORA])
    away = Responder("", "Away", "I am away.", subject="Away until Monday", zone="Europe/Zurich")
    made = responders.add_responder(control, DORA, away)
    responders.activate_responder(control, DORA, made.responder.id)


def leads_of_far(control: Control) -> None:
    addresses.add_redirect(control, AROUND, [RING])
    yara = mail_of(control, YARA)
    scripts.put_script(yara, "main", f'require "vacation"; vacation :addresses "{DESK}" "Away.";')
    scripts.activate_script(yara, "main")


LEADS: dict[str, Callable[[Control], None]] = {"ours.zz": leads_of_ours, "far.zz": leads_of_far}


@dataclass(frozen=True)
class World:
    strict: Service
    ours: Service
    far: Service

    def submit(self, recipient: str, subject: str) -> None:
        with self.strict.submission(CARL) as client:
            letter = message(CARL, subject, f"This is {subject}.\r\n.\r\n \r\n", f"To: {recipient}")
            client.sendmail(CARL, [recipient], letter)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    zone: dict[str, Any] = {}
    with ExitStack() as stack:
        dns = stack.enter_context(DnsServer(zone))
        ports = Ports()
        stack.callback(ports.release)
        folders = {domain: tmp_path_factory.mktemp(domain) for domain in PLACES}
        for domain, address in PLACES.items():
            place = {"address": address, "dns": ":".join(map(str, dns.address))}
            install(
                folders[domain],
                dict.fromkeys(PEOPLE[domain], PASSWORD),
                SETTINGS.format(port=ports["smtp"], **place),
                host=address,
                hostname=f"mx.{domain}",
            )
            furnish(folders[domain], domain, address, zone)
        zone["_dmarc.strict.zz"] = {"TXT": ["v=DMARC1; p=reject; adkim=s; aspf=s"]}
        zone["_dmarc.careful.zz"] = {"TXT": ["v=DMARC1; p=quarantine"]}
        zone["mx.forger.zz"] = {"A": [FORGER]}
        zone["7.0.0.127.in-addr.arpa"] = {"PTR": ["mx.forger.zz"]}
        zone["forger.zz"] = {"TXT": ["v=spf1 a:mx.forger.zz -all"]}

        def start(domain: str) -> Service:
            people = dict.fromkeys(PEOPLE[domain], PASSWORD)
            arguments = ("--workers", "1", "--strict")
            return Service(folders[domain], ports, people, arguments, PLACES[domain])

        with ThreadPoolExecutor() as threads:
            services = list(threads.map(start, PLACES))
        for service in services:
            stack.push(service.process.__exit__)
        yield World(*services)


def furnish(folder: Any, domain: str, address: str, zone: Zone) -> None:
    """Where its addresses lead to, and what the DNS says of it."""
    setup(Layout(folder).control)
    services = for_command(folder, read_settings(folder))
    try:
        if domain in LEADS:
            LEADS[domain](services.control)
        records = domains.dns_records(services.control, domain)
    finally:
        services.close()
        close_connections()
    zone[f"mx.{domain}"] = {"A": [address], "TXT": ["v=spf1 a -all"]}
    zone[".".join(reversed(address.split("."))) + ".in-addr.arpa"] = {"PTR": [f"mx.{domain}"]}
    for record in records:
        there: Any = zone.setdefault(record.name, {})
        there.setdefault(record.type, []).append(record.value)


def arrived(service: Service, address: str, subject: str, mailbox: str = "INBOX") -> bytes:
    with reading(service, address, mailbox) as inbox:
        return inbox.fetch(inbox.wait("SUBJECT", f'"{subject}"'))


def signed_part(raw: bytes) -> bytes:
    """From what the sender's own server put on top, to the end."""
    return raw[raw.index(b"DKIM-Signature:") :]


def results(raw: bytes) -> str:
    """What the last server says, in its own field."""
    return " ".join((header.get(raw, "Authentication-Results") or "").split())


def told(service: Service, text: str) -> TraceEvent:
    """The event with this in its text, once there is one."""
    with closing(TraceLog(Layout(service.data).trace)) as trace:

        def look() -> list[TraceEvent]:
            return [event for event in trace.find(limit=1000) if text in event.text]

        return until(look, f"an event with {text!r}")[-1]


def stranger(service: Service) -> smtplib.SMTP:
    """A server that nobody knows anything bad of."""
    return smtplib.SMTP(
        service.host,
        service.ports["smtp"],
        "mx.forger.zz",
        timeout=60,
        source_address=(FORGER, 0),
    )


@pytest.mark.parametrize("address", [TEAM, ANNA, BERT])
def test_a_strict_sender_arrives(world: World, address: str) -> None:
    """In our name by SPF, in his own by DKIM, and for his own domain by DMARC."""
    subject = f"To {address.partition('@')[0]}"
    world.submit(address, subject)
    raw = arrived(world.far, ZOE, subject)
    assert re.fullmatch(SRS, header.get(raw, "Return-Path") or "", re.IGNORECASE)
    said = results(raw)
    assert said.startswith("mx.far.zz; ")
    assert "spf=pass smtp.mailfrom=ours.zz" in said
    assert said.count("dkim=pass") == 2
    assert "header.d=strict.zz" in said
    assert "dmarc=pass header.from=strict.zz" in said
    assert header.get_all(raw, "Delivered-To")[:2] == [ZOE, address]
    assert signed_part(raw).endswith(f"\r\n\r\nThis is {subject}.\r\n.\r\n \r\n".encode())
    told(world.ours, f"Redirected to {ZOE} as SRS0=")


def test_what_stays_here_is_what_goes_on(world: World) -> None:
    """Octet for octet, below the fields that the way adds."""
    world.submit(ANNA, "Twice")
    here, there = arrived(world.ours, ANNA, "Twice"), arrived(world.far, ZOE, "Twice")
    assert signed_part(here) == signed_part(there)
    assert header.get(here, "Return-Path") == f"<{CARL}>"
    assert BERT.encode() not in there
    world.submit(BERT, "Once")
    arrived(world.far, ZOE, "Once")
    assert world.ours.subjects(BERT) == []


def test_what_the_target_refuses_is_reported_to_the_true_sender(world: World) -> None:
    world.submit(LOST, "Astray")
    with reading(world.strict, CARL) as inbox:
        report = inbox.fetch(inbox.wait("FROM", "mailer-daemon@ours.zz", "TEXT", GONE))
    assert header.get(report, "Return-Path") == "<>"
    assert "dmarc=pass header.from=ours.zz" in results(report)
    assert b"Status: 5.1.1" in report
    assert b"Subject: Astray" in report
    told(world.ours, f"Goes back to its true sender {CARL}")


def test_two_who_lead_to_each_other(world: World) -> None:
    """We take it once, and it ends at the second time; the report finds its way through both: what
    far.zz sends on goes in the name of far.zz, and leads back to us."""
    world.submit(RING, "Merry-go-round")
    with reading(world.strict, CARL) as inbox:
        report = inbox.fetch(inbox.wait("FROM", "mailer-daemon@far.zz", "TEXT", "Merry-go-round"))
    assert b"that is a loop" in report
    assert header.get(report, "Return-Path") == "<>"
    assert "dmarc=pass header.from=far.zz" in results(report)
    told(world.ours, f"Redirected to {AROUND}")
    told(world.far, f"Redirected to {RING} as SRS1=")
    told(world.far, "Goes back to its true sender SRS0=")


def test_who_leads_to_the_sender_does_not_send_it_round(world: World) -> None:
    with world.far.submission(ZOE) as client:
        client.sendmail(ZOE, [BERT], message(ZOE, "From myself"))
    arrived(world.ours, BERT, "From myself")
    told(world.ours, f"Not sent on to {ZOE}, who is its sender")
    assert "From myself" not in world.far.subjects(ZOE)


def test_forged_addresses_for_reports_lead_nowhere(world: World) -> None:
    with stranger(world.ours) as client:
        client.ehlo()
        client.mail("")
        code, text = client.rcpt("SRS0=aaaaaaaa=aa=strict.zz=carl@ours.zz")
    assert code == 550
    assert b"that was not made here" in text


def test_spam_is_not_sent_on(world: World) -> None:
    """It claims to be from careful.zz, which asks that such mail be taken for spam."""
    forged = message("boss@careful.zz", "Urgent", "Buy gift cards.\r\n")
    with stranger(world.ours) as client:
        client.sendmail("x@forger.zz", [ANNA], forged)
    assert world.ours.subjects(ANNA, "Junk") == ["Urgent"]
    told(world.ours, f"Not sent on to {ZOE}: it is taken for spam")
    with stranger(world.ours) as client, pytest.raises(smtplib.SMTPDataError) as refused:
        client.sendmail("x@forger.zz", [TEAM], forged)
    assert refused.value.smtp_code == 554
    assert b"such mail is not sent on" in refused.value.smtp_error
    assert "Urgent" not in world.far.subjects(ZOE)


def test_a_target_that_keeps_refusing_is_paused_and_its_owner_told(world: World) -> None:
    """It did so on the days before; today it does once more."""
    with closing(Redirects(Layout(world.ours.data).redirects)) as known:
        for days_ago in sorted((min(n, DAYS) for n in range(1, TIMES)), reverse=True):
            known.refused("ours.zz", NOBODY, now=time.time() - days_ago * DAY)
    world.submit(CORA, "The last straw")
    with reading(world.ours, CORA) as inbox:
        notice = inbox.fetch(inbox.wait("SUBJECT", f'"not sent on to {NOBODY} any more"'))
    assert b"550 5.1.1" in notice
    world.submit(CORA, "Stays here")
    arrived(world.ours, CORA, "Stays here")
    told(world.ours, f"Not sent on to {NOBODY}, which kept refusing mail and is paused")


def test_a_responder_answers_a_strict_sender_once(world: World) -> None:
    world.submit(DORA, "Are you there")
    with reading(world.strict, CARL) as inbox:
        answer = inbox.fetch(inbox.wait("SUBJECT", '"Away until Monday"'))
    assert header.get(answer, "Return-Path") == "<>"
    assert "dmarc=pass header.from=ours.zz" in results(answer)
    assert "spf=pass smtp.helo=mx.ours.zz" in results(answer)
    assert header.get(answer, "Auto-Submitted") == "auto-replied"
    assert header.get(answer, "In-Reply-To") == "<Are.you.there@strict.zz>"
    assert "<Are.you.there@strict.zz>" in (header.get(answer, "References") or "")
    assert DORA in (header.get(answer, "From") or "")
    assert CARL in (header.get(answer, "To") or "")
    world.submit(DORA, "Hello again")
    told(world.ours, f"No automatic answer: {CARL} got one not long ago")
    assert world.strict.subjects(CARL).count("Away until Monday") == 1


@pytest.mark.parametrize(
    ("recipient", "fields", "why"),
    [
        (UNKNOWN, (), "it came by way of the catch-all address"),
        (EVERYBODY, (), "the account is not among the recipients that it names"),
        (DORA, ("List-Id: <dev.strict.zz>",), "it comes from a mailing list or is mass mail"),
    ],
)
def test_whom_a_responder_does_not_answer(
    world: World, recipient: str, fields: tuple[str, ...], why: str
) -> None:
    subject = f"Not to be answered at {recipient.partition('@')[0]}"
    letter = message(CARL, subject, "Hello.\r\n", f"To: {recipient}", *fields)
    with world.strict.submission(CARL) as client:
        client.sendmail(CARL, [recipient], letter)
    arrived(world.ours, DORA, subject)
    told(world.ours, f"No automatic answer: {why}")


def test_an_answer_finds_its_way_back_through_a_redirect(world: World) -> None:
    """Yara answers whoever writes to the address that leads to her: to the sender of ours whom she
    sees, and we to the true one."""
    world.submit(DESK, "To the desk")
    with reading(world.strict, CARL) as inbox:
        answer = inbox.fetch(inbox.wait("FROM", YARA))
    assert header.get(answer, "Return-Path") == "<>"
    assert "dmarc=pass header.from=far.zz" in results(answer)
    assert header.get(answer, "Auto-Submitted") == "auto-replied"
    assert header.get(answer, "In-Reply-To") == "<To.the.desk@strict.zz>"
    told(world.ours, f"Goes back to its true sender {CARL}")

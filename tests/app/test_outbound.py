"""Mail that leaves: from a mail program through submission and the queue to another server.

The service is real and so are the DNS server and the other mail server; signatures are checked by
an independent library with the records that the service says to put into the DNS.
"""

import email
import email.policy
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.mailauth.dkim import independent
from tests.support.dns import DnsServer
from tests.support.service import ALPHORN, HOSTNAME, Service, running
from tests.support.smtpd import SmtpServer, Tls

ANNA = "anna@example.test"
ELSEWHERE = "127.0.0.61"
PATIENCE = 30.0
MESSAGE = (
    b"From: Anna <anna@example.test>\r\nTo: bert@remote.test\r\nSubject: %b\r\n\r\n"
    b"Dear Bert,\r\n.\r\n..dots and  spaces \r\n"
)


@dataclass
class World:
    service: Service
    dns: DnsServer
    server: SmtpServer

    def send(self, recipient: str, subject: bytes) -> None:
        with self.service.submission(ANNA) as client:
            client.sendmail(ANNA, [recipient], MESSAGE % subject)

    def command(self, *words: str) -> str:
        command = [ALPHORN, "--data", str(self.service.data), *words]
        return subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=60
        ).stdout


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("outbound")
    with ExitStack() as stack:
        server = stack.enter_context(SmtpServer(ELSEWHERE, certificate=folder))
        server.script.tls = Tls.GOOD
        zone = {
            "remote.test": {"MX": ["10 mx.remote.test"]},
            "mx.remote.test": {"A": [ELSEWHERE]},
        }
        dns = stack.enter_context(DnsServer(zone, ttl=0))
        settings = (
            f'dns.servers = "127.0.0.1:{dns.address[1]}"\n'
            f"queue.smtp_port = {server.port}\n"
            "queue.private_destinations = true\n"
            f'postmaster = "{ANNA}"\n'
        )
        accounts = {ANNA: "crisp mountain air"}
        service = stack.enter_context(running(folder, accounts, settings=settings))
        yield World(service, dns, server)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_it_arrives_signed_and_encrypted(world: World) -> None:
    if not independent.installed():
        pytest.skip("program absent: python3-dkim")
    before = len(world.server.messages)
    world.send("bert@remote.test", b"signed")
    world.server.wait(lambda: len(world.server.messages) > before)
    arrived = world.server.messages[-1]
    assert arrived.tls
    assert arrived.recipients == ["TO:<bert@remote.test>"]
    assert arrived.data.endswith(b"Dear Bert,\r\n.\r\n..dots and  spaces \r\n")
    shown = json.loads(world.command("domain", "dns", "example.test", "--json"))
    records = {
        record["name"].rstrip(".") + ".": record["value"].replace('" "', "").strip('"')
        for record in shown
        if "_domainkey" in record["name"]
    }
    assert len(records) == 2
    verifier = independent.Verifier()
    try:
        assert verifier.verify(arrived.data, records, 2) == [True, True]
    finally:
        verifier.close()


def test_what_is_refused_comes_back(world: World) -> None:
    world.server.script.rcpt = lambda argument: (
        "550 5.1.1 who?" if "nobody" in argument else "250 2.1.5 ok"
    )
    world.send("nobody@remote.test", b"nobody there")
    until(lambda: len(world.service.subjects(ANNA)) > 0)
    with world.service.imap(ANNA) as inbox:
        inbox.select("INBOX", readonly=True)
        _, found = inbox.fetch("1", "(RFC822)")
    assert isinstance(found[0], tuple)
    report = email.message_from_bytes(found[0][1], policy=email.policy.default)
    assert report.get_content_type() == "multipart/report"
    assert "nobody@remote.test" in str(report)
    assert "5.1.1" in str(report)
    story = world.command("trace", "list", "--address", "nobody@remote.test")
    assert "mx.remote.test does not know this address." in story


def test_what_is_for_the_servers_own_name_stays_here(world: World) -> None:
    """As reports do of what was sent on in its name."""
    world.send(f"postmaster@{HOSTNAME}", b"to the machine")
    until(lambda: "to the machine" in world.service.subjects(ANNA))


def test_an_operator_sees_and_moves_what_waits(world: World) -> None:
    world.dns.zone["late.test"] = {"MX": ["10 dead.test"]}
    world.dns.zone["dead.test"] = {"A": ["127.0.0.62"]}
    world.send("bert@late.test", b"late")
    waiting: list[dict[str, object]] = []

    def tried() -> bool:
        waiting[:] = json.loads(world.command("queue", "list", "--json"))
        return bool(waiting) and bool(waiting[0]["why"])

    until(tried)
    assert "refused the connection" in str(waiting[0]["why"])
    world.dns.zone["late.test"] = {"MX": ["10 mx.remote.test"]}
    world.command("queue", "hold", str(waiting[0]["name"]))
    assert world.command("queue", "release", "--all") == "1 recipient is released.\n"
    before = len(world.server.messages)
    world.command("queue", "retry", "--address", "late.test")
    world.server.wait(lambda: len(world.server.messages) > before)
    until(lambda: world.command("queue", "list") == "The queue is empty.\n")

"""Confidential addresses against the real service: what comes and goes over a gateway only.

The gateway hin is gw.hin.test (127.0.0.41) and calls from 127.0.0.42; beside it, at the same port,
is the open mail server of clinic.test (127.0.0.43), where nothing confidential must ever arrive.
"""

import email
import email.policy
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from alphorn.app.installation import read_settings
from alphorn.app.services import for_command
from alphorn.base.errors import Refused
from alphorn.base.layout import Layout
from alphorn.base.trace import TraceEvent, Verdict
from alphorn.directory.setup import close_connections
from alphorn.message import confidential_field
from alphorn.operations import addresses, confidential, gateways, redirects
from alphorn.queue.listing import Filter
from alphorn.servers.services import Services
from tests.end_to_end.tools import PASSWORD, message, reading, until
from tests.support.authority import Authority, Issued
from tests.support.dns import DnsServer
from tests.support.service import Service, running
from tests.support.smtpd import Act, Script, SmtpServer, Tls, servers_on_one_port

ANNA, BEN, CORA = (f"{name}@example.test" for name in ("anna", "ben", "cora"))
PRACTICE = "practice@example.test"
DOCTOR = "doctor@clinic.test"
GATEWAY, CALLS_FROM, OPEN = "127.0.0.41", "127.0.0.42", "127.0.0.43"
SETTINGS = """\
postmaster = "{ben}"
[dns]
servers = ["127.0.0.1:{dns}"]
timeout = 1
[queue]
smtp_port = {port}
private_destinations = true
"""
MARK = b"X-Alphorn-Confidential"


@dataclass(frozen=True)
class World:
    """Anna and the practice, an alias of hers, are confidential, and so is Cora; Ben is not."""

    service: Service
    parts: Services
    gateway: SmtpServer
    open: SmtpServer
    network: Authority
    folder: Path

    def calling(self, shows: Issued | None = None, source: str = CALLS_FROM) -> smtplib.SMTP:
        """A connection to the MX port after STARTTLS."""
        client = smtplib.SMTP(
            self.service.host,
            self.service.ports["smtp"],
            timeout=20,
            source_address=(source, 0),
            local_hostname="gw.hin.test",
        )
        context = self.service.client_context()
        if shows is not None:
            context.load_cert_chain(*shows.files(self.folder, "shown"))
        client.starttls(context=context)
        return client


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("confidential")
    network = Authority("Health network")
    zone: dict[str, Any] = {
        "gw.hin.test": {"A": [GATEWAY]},
        "clinic.test": {"MX": ["10 mail.clinic.test"]},
        "mail.clinic.test": {"A": [OPEN]},
    }
    with ExitStack() as stack:
        gateway, open_ = map(stack.enter_context, servers_on_one_port(GATEWAY, OPEN))
        gateway.script = Script(tls=Tls.GOOD)
        gateway.context = network.server(folder, "gw.hin.test", asks=network)
        dns = stack.enter_context(DnsServer(zone))
        settings = SETTINGS.format(ben=BEN, dns=dns.address[1], port=gateway.port)
        people = dict.fromkeys((ANNA, BEN, CORA), PASSWORD)
        arguments = ("--workers", "1")
        service = stack.enter_context(
            running(folder, people, settings=settings, arguments=arguments)
        )
        parts = for_command(service.data, read_settings(service.data))
        stack.callback(close_connections)
        stack.callback(parts.close)
        set_up(parts, service.data, network, gateway.port)
        yield World(service, parts, gateway, open_, network, folder)


def set_up(parts: Services, data: Path, network: Authority, port: int) -> None:
    ours, control = network.issue("alphorn.test"), parts.control
    gateways.add_gateway(
        control,
        Layout(data).gateways,
        "hin",
        gateways.Wanted(
            hosts=["gw.hin.test"],
            port=port,
            networks=[CALLS_FROM],
            contact="help@hin.test",
            ca=network.pem,
            certificate=ours.certificate,
            key=ours.key,
        ),
    )
    addresses.add_alias(control, PRACTICE, ANNA)
    for address in (ANNA, PRACTICE, CORA):
        confidential.request(control, address, "hin")
        confidential.approve(control, address)


def submit(world: World, sender: str, recipients: list[str], raw: bytes) -> None:
    with world.service.submission(sender) as client:
        client.sendmail(sender, recipients, raw)


def told(world: World, address: str) -> list[TraceEvent]:
    return world.parts.trace.find(address=address)


def marked(raw: bytes) -> list[str]:
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    return [str(value) for value in parsed.get_all(MARK.decode(), [])]


def test_out_over_the_gateway_with_our_certificate(world: World) -> None:
    before = len(world.gateway.messages)
    submit(world, ANNA, [DOCTOR], message(ANNA, "A finding", "Hello.\r\n", f"{MARK.decode()}: x"))
    world.gateway.wait(lambda: len(world.gateway.messages) > before)
    arrived = world.gateway.messages[-1]
    assert arrived.tls
    assert arrived.client
    assert MARK not in arrived.data
    assert b"DKIM-Signature" in arrived.data
    # In the name of the alias too, by the header alone.
    with world.service.submission(ANNA) as client:
        client.sendmail(ANNA, [DOCTOR], message(PRACTICE, "By alias"))
    world.gateway.wait(lambda: len(world.gateway.messages) > before + 1)
    expected = {
        "Accepted for sending over the secured gateway hin only",
        "gw.hin.test took the message.",
    }
    until(lambda: expected <= {event.text for event in told(world, DOCTOR)}, "the trace says so")
    # Ben's mail goes as ever.
    submit(world, BEN, [DOCTOR], message(BEN, "Lunch"))
    world.open.wait(lambda: len(world.open.messages) == 1)
    assert world.open.messages[0].sender.startswith(f"FROM:<{BEN}>")


def test_inside_it_stays_here_and_is_marked(world: World) -> None:
    before = world.gateway.connections
    submit(world, ANNA, [CORA], message(ANNA, "Among us", "Hi\r\n", f"{MARK.decode()}: forged"))
    with reading(world.service, CORA) as inbox:
        uid = inbox.wait("SUBJECT", '"Among us"')
        assert marked(inbox.fetch(uid)) == ["gateway=hin"]
        assert confidential_field.KEYWORD in inbox.flags(uid)
    assert world.gateway.connections == before


def test_in_from_the_gateway_and_marked(world: World) -> None:
    forged = message(DOCTOR, "A question", "Hello.\r\n", f"{MARK.decode()}: gateway=other")
    with world.calling(world.network.issue("gw.hin.test")) as client:
        client.sendmail(DOCTOR, [PRACTICE], forged)
    with reading(world.service, ANNA) as inbox:
        uid = inbox.wait("SUBJECT", '"A question"')
        assert marked(inbox.fetch(uid)) == ["gateway=hin"]
        assert confidential_field.KEYWORD in inbox.flags(uid)
    until(
        lambda: (
            "A message for 1 recipient has come in over the secured gateway hin"
            in "".join(event.text for event in told(world, DOCTOR))
        ),
        "the trace says how it came",
    )


def test_strangers_are_refused_and_told_whom_to_ask(world: World) -> None:
    def refusal(client: smtplib.SMTP, to: str = ANNA) -> str:
        with client, pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            client.sendmail(DOCTOR, [to], message(DOCTOR, "In the open"))
        code, text = refused.value.recipients[to]
        return f"{code} {text.decode()}"

    said = (
        f"550 5.7.1 {ANNA} takes mail over the secured network only (hin). Send it from within "
        "that network, or ask help@hin.test; "
        f"help: https://{world.service.host}:{world.service.ports['https']}/help/gateway/"
    )
    assert refusal(world.service.smtp()) == said, "without TLS"
    assert refusal(world.calling(source="127.0.0.1")) == said, "from elsewhere"
    assert refusal(world.calling()) == said, "without a certificate"
    other = world.network.issue("another.hin.test")
    assert refusal(world.calling(other)) == said, "with another's certificate"
    with pytest.raises((ssl.SSLError, smtplib.SMTPServerDisconnected, ConnectionError)):
        client = world.calling(Authority("Nobody").issue("gw.hin.test"))
        client.sendmail(DOCTOR, [ANNA], message(DOCTOR, "Forged"))
    # One of ours who is not confidential is told so as well.
    with pytest.raises(smtplib.SMTPDataError) as refused:
        submit(world, BEN, [ANNA], message(BEN, "From next door"))
    assert refused.value.smtp_code == 550
    assert b"takes mail over the secured network only" in refused.value.smtp_error
    # And the network's mail for others here comes in as any other, not marked.
    with world.calling(world.network.issue("gw.hin.test")) as client:
        client.sendmail(DOCTOR, [BEN], message(DOCTOR, "To Ben", "Hi\r\n", f"{MARK.decode()}: x"))
    with reading(world.service, BEN) as inbox:
        assert marked(inbox.fetch(inbox.wait("SUBJECT", '"To Ben"'))) == []


def test_redirects_lead_over_the_gateway_or_nowhere(world: World) -> None:
    control = world.parts.control
    with pytest.raises(Refused, match="does not use the same secured gateway"):
        redirects.set_redirect(control, CORA, [BEN])
    redirects.set_redirect(control, CORA, ["colleague@clinic.test"])
    before = len(world.gateway.messages), world.open.connections
    with world.calling(world.network.issue("gw.hin.test")) as client:
        client.sendmail("nurse@ward.test", [CORA], message("nurse@ward.test", "Go on"))
    world.gateway.wait(lambda: len(world.gateway.messages) > before[0])
    arrived = world.gateway.messages[-1]
    assert arrived.sender.startswith(f"FROM:<{CORA}>")
    assert arrived.recipients[0].startswith("TO:<colleague@clinic.test>")
    assert world.open.connections == before[1]
    redirects.set_redirect(control, CORA, [])


def test_never_another_way_and_the_reason_is_told(world: World) -> None:
    before = world.open.connections
    world.gateway.script.tls = Tls.NONE
    world.gateway.script.rset = Act.DROP  # nor is a connection used that was kept
    try:
        submit(world, ANNA, ["patient@clinic.test"], message(ANNA, "Not in the open"))
        (event,) = until(
            lambda: [
                one for one in told(world, "patient@clinic.test") if one.verdict is Verdict.DEFERRED
            ],
            "it is put off",
        )
        assert "gw.hin.test does not offer TLS, which is required" in event.text
        assert event.facts["status"] == "4.7.10"
        assert world.open.connections == before
    finally:
        world.gateway.script = Script(tls=Tls.GOOD)
    world.parts.queue.retry(Filter(address="patient@clinic.test"))
    world.gateway.wait(
        lambda: any("patient" in "".join(one.recipients) for one in world.gateway.messages)
    )

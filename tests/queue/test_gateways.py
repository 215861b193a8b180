"""Mail that is bound to a gateway: over it, with both certificates, or back to its sender."""

import asyncio
import email
import email.policy
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.base.errors import NotFound
from alphorn.base.trace import TraceEvent, Verdict
from alphorn.directory.gateway_files import GatewayFiles
from alphorn.message.envelope import Envelope, EnvelopeRecipient, Origin, OriginKind
from alphorn.queue.bound import GATEWAY, INSIDE, House, destination, gateway_at, is_inside
from alphorn.queue.dialer import Caller, Dialer
from alphorn.queue.gateways import Gateway, Ways
from alphorn.queue.listing import Filter
from alphorn.queue.pool import Pool
from alphorn.queue.queue import Queue
from alphorn.queue.remote import Attempt, Remote
from alphorn.queue.reports import Voice, final
from alphorn.queue.route import NoRoute, Ourselves, servers
from alphorn.queue.runner import Runner, RunnerLimits
from alphorn.queue.values import Claim, Reply, Result, ours
from alphorn.queue.wireform import body_for_wire
from alphorn.queue.words import DAY
from tests.queue.helpers import MESSAGE, PATIENT, Clock, claim_of, envelope, make_queue, origin
from tests.support.authority import Authority
from tests.support.dns import DnsServer, resolver
from tests.support.smtpd import Script, Tls, servers_on_one_port
from tests.support.stage import on_loop

NOWHERE = Ourselves(frozenset(), lambda _: False)
BOUND = replace(envelope("bert@remote.test", "cora@other.test"), gateway="hin")
CLAIM = claim_of(BOUND, destination=f"{GATEWAY}hin")
ORDINARY = claim_of(envelope("bert@remote.test"))


@cache
def authority(name: str) -> Authority:
    return Authority(name)


class World:
    """The gateway hin is gw.hin.test, and takes clients of its own authority. remote.test has an
    open server beside it at the same port, as MX, where nothing of this must ever arrive."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = Clock()
        self.server, self.open = servers_on_one_port("127.0.0.31", "127.0.0.32")
        self.network, self.other = authority("network"), authority("other")
        self.server.script = Script(tls=Tls.GOOD)
        self.server.context = self.network.server(folder, "gw.hin.test", asks=self.network)
        self.dns = DnsServer(
            {
                "remote.test": {"MX": ["10 open.remote.test"], "A": ["127.0.0.32"]},
                "other.test": {"MX": ["10 open.remote.test"]},
                "open.remote.test": {"A": ["127.0.0.32"]},
                "gw.hin.test": {"A": ["127.0.0.31"]},
                "second.hin.test": {"A": ["127.0.0.31"]},
            },
            ttl=0,
            negative_ttl=0,
        )
        self.files = GatewayFiles.of(folder / "gateways", "hin")
        self.ours = self.network.issue("alphorn.test")
        self.files.put(self.network.pem, self.ours.certificate, self.ours.key)
        self.context = self.files.client_context()
        self.hosts: tuple[str, ...] = ("gw.hin.test",)

    def find(self, name: str) -> Gateway:
        if name != "hin":
            raise NotFound(f"There is no gateway {name} any more.")
        return Gateway(name, self.hosts, self.server.port, self.context)

    def deliver(self, *claims: Claim) -> list[Attempt]:
        async def main() -> list[Attempt]:
            attempts: list[Attempt] = []

            async def record(attempt: Attempt) -> None:
                attempts.append(attempt)

            caller = Caller("mail.example.test", self.server.port, timeouts=PATIENT)
            asked = resolver(self.dns, self.clock)
            ourselves = Ourselves(frozenset(), lambda _: False, private=True)
            remote = Remote(asked, Pool(Dialer(caller)), ourselves, ticks=self.clock)
            ways = Ways(remote, self.find, asked, caller)
            for claim in claims:
                await ways.deliver(claim, body_for_wire(MESSAGE), record)
            await ways.close(1)
            return attempts

        return on_loop("uvloop", main)

    def reply(self) -> Reply:
        """What the whole claim came to, all of it deferred, and nothing went another way."""
        (attempt,) = self.deliver(CLAIM)
        assert {outcome.result for outcome in attempt.outcomes} == {Result.DEFERRED}
        assert len(attempt.outcomes) == 2
        (reply,) = {outcome.reply for outcome in attempt.outcomes}
        assert not self.server.messages
        assert not self.open.connections
        assert not [name for name, kind in self.dns.questions if kind == "MX"]
        return reply


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with ExitStack() as stack:
        world = World(tmp_path)
        for part in (world.server, world.open, world.dns):
            stack.enter_context(part)
        yield world


def test_it_goes_over_the_gateway_with_our_certificate(world: World) -> None:
    (attempt,) = world.deliver(CLAIM)
    assert {outcome.result for outcome in attempt.outcomes} == {Result.RELAYED}
    assert attempt.tls.startswith("TLSv1.")
    (arrived,) = world.server.messages
    assert arrived.data == MESSAGE
    assert len(arrived.recipients) == 2, "whatever their domains"
    assert arrived.client == world.ours.der
    assert not world.open.connections


def test_ordinary_mail_still_goes_where_the_dns_says(world: World) -> None:
    world.deliver(ORDINARY, CLAIM)
    assert len(world.open.messages) == len(world.server.messages) == 1
    assert not world.open.messages[0].client


def test_an_authority_that_is_not_the_gateways(world: World) -> None:
    world.server.context = world.other.server(world.folder, "gw.hin.test")
    reply = world.reply()
    assert reply.enhanced == "4.7.5"
    assert "its certificate is not valid" in reply.text


def test_a_name_that_is_not_the_gateways(world: World) -> None:
    world.hosts = ("second.hin.test",)
    reply = world.reply()
    assert reply.enhanced == "4.7.5"
    assert "second.hin.test" in reply.text
    assert "certificate is not valid" in reply.text


def test_a_certificate_that_has_expired(world: World) -> None:
    old = world.network.issue("gw.hin.test", days=-0.5)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*old.files(world.folder, "old"))
    world.server.context = context
    reply = world.reply()
    assert reply.enhanced == "4.7.5"
    assert "expired" in reply.text


@pytest.mark.parametrize(
    ("tls", "enhanced", "said"),
    [
        (Tls.NONE, "4.7.10", "does not offer TLS"),
        (Tls.REFUSED, "4.7.5", "454"),
        (Tls.BROKEN, "4.7.5", "handshake failed"),
    ],
)
def test_a_gateway_without_tls(world: World, tls: Tls, enhanced: str, said: str) -> None:
    world.server.script.tls = tls
    reply = world.reply()
    assert reply.enhanced == enhanced
    assert said in reply.text


def test_a_gateway_that_does_not_take_our_certificate(world: World) -> None:
    world.server.context = world.network.server(world.folder, "gw.hin.test", asks=world.other)
    reply = world.reply()
    assert reply.enhanced == "4.7.5"
    assert "may not accept our certificate" in reply.text


def test_a_gateway_that_is_down(world: World) -> None:
    world.hosts = ("127.0.0.39",)
    reply = world.reply()
    assert reply.enhanced == "4.4.1"
    assert "refused the connection" in reply.text


def test_a_gateway_that_is_gone(world: World) -> None:
    (attempt,) = world.deliver(replace(CLAIM, destination=f"{GATEWAY}old"))
    assert {outcome.result for outcome in attempt.outcomes} == {Result.DEFERRED}
    assert "There is no gateway old any more" in attempt.outcomes[0].reply.text
    assert not world.open.connections


def test_the_next_server_is_tried_when_one_is_not_in_order(world: World) -> None:
    world.hosts = ("second.hin.test", "gw.hin.test")
    (attempt,) = world.deliver(CLAIM)
    assert {outcome.result for outcome in attempt.outcomes} == {Result.RELAYED}


def test_a_new_certificate_is_used_at_once(world: World) -> None:
    renewed = world.network.issue("alphorn.test")
    world.deliver(CLAIM)
    world.files.put(None, renewed.certificate, renewed.key)
    world.context = world.files.client_context()
    world.deliver(CLAIM)
    assert [one.client for one in world.server.messages] == [world.ours.der, renewed.der]


def test_no_dns_knows_the_destinations(world: World) -> None:
    """Were one looked up by mistake, nothing would be found."""

    async def look(name: str) -> None:
        await servers(name, resolver(world.dns, world.clock), NOWHERE, Random(1))

    for name in (f"{GATEWAY}hin", f"{INSIDE}hin"):
        with pytest.raises(NoRoute) as caught:
            on_loop("uvloop", partial(look, name))
        assert caught.value.reply.enhanced == "5.1.2"


class Postbox:
    """What is delivered here, and traced."""

    def __init__(self) -> None:
        self.mail: list[tuple[str, bytes, Envelope, Origin]] = []
        self.events: list[TraceEvent] = []
        self._happened = threading.Condition()

    def deliver(
        self, raw: bytes, given: Envelope, recipient: EnvelopeRecipient, where: Origin
    ) -> Reply:
        with self._happened:
            self.mail.append((recipient.address, raw, given, where))
            self._happened.notify_all()
        return ours(250, "2.0.0", "delivered")

    def trace(self, event: TraceEvent) -> None:
        with self._happened:
            self.events.append(event)
            self._happened.notify_all()

    async def until(self, condition: Callable[[], bool]) -> None:
        def wait() -> None:
            with self._happened:
                assert self._happened.wait_for(condition, 60), self.events

        await asyncio.to_thread(wait)


def test_at_last_it_is_returned_with_the_reason(world: World) -> None:
    """To a mailbox here, and nothing of it goes out in the open meanwhile."""
    world.server.script.tls = Tls.NONE
    post = Postbox()
    queue = Queue(world.folder / "queue.sqlite", clock=world.clock, house=HOUSE)
    queue.enqueue(MESSAGE, replace(envelope("bert@remote.test"), gateway="hin"), origin=origin())

    def deferred(count: int) -> Callable[[], bool]:
        return lambda: len([e for e in post.events if e.verdict is Verdict.DEFERRED]) == count

    async def main() -> None:
        caller = Caller("mail.example.test", world.open.port, timeouts=PATIENT)
        asked = resolver(world.dns, world.clock)
        ways = Ways(Remote(asked, Pool(Dialer(caller)), NOWHERE), world.find, asked, caller)
        runner = Runner(
            queue,
            ways,
            post.deliver,
            lambda place: is_inside(place) or place == "example.test",
            voice=Voice("mail.example.test"),
            trace=post.trace,
            limits=RunnerLimits(poll=0.05, heartbeat=0.05),
        )
        await runner.start()
        await post.until(deferred(1))
        world.clock.now += DAY / 2
        await post.until(lambda: len(post.mail) == 1)
        world.clock.now += 6 * DAY
        await post.until(deferred(2))
        world.clock.now += DAY
        await post.until(lambda: len(post.mail) == 2)
        await runner.stop(5)

    on_loop("uvloop", main, 60)
    queue.close()
    assert post.events[0].facts["status"] == "4.7.10"
    assert "will try again" in post.events[0].text
    late, failed = post.mail
    for to, _, sent, where in post.mail:
        assert (to, sent.sender, sent.gateway) == ("anna@example.test", "", "hin")
        assert where.kind is OriginKind.REPORT
    assert "delayed" in late[1].decode()
    report = email.message_from_bytes(failed[1], policy=email.policy.default)
    status = "".join(str(part) for part in report.walk() if "status" in part.get_content_type())
    assert "Status: 5.7.10" in status
    assert "gw.hin.test does not offer TLS, which is required" in failed[1].decode()
    assert not world.open.connections


HOUSE = House(
    shares=lambda address, gateway: (address, gateway) == ("cora@example.test", "hin"),
    ours=lambda domain: domain == "example.test",
)


@pytest.mark.parametrize(
    ("address", "gateway", "kind", "where"),
    [
        ("bert@remote.test", "", OriginKind.SUBMITTED, "remote.test"),
        ("bert@remote.test", "hin", OriginKind.SUBMITTED, "gateway:hin"),
        ("bert@[192.0.2.1]", "hin", OriginKind.SUBMITTED, "gateway:hin"),
        ("cora@example.test", "hin", OriginKind.SUBMITTED, "inside:hin"),
        ("cora@example.test", "hin", OriginKind.REDIRECTED, "inside:hin"),
        ("cora@example.test", "other", OriginKind.SUBMITTED, "gateway:other"),
        ("dora@example.test", "hin", OriginKind.SUBMITTED, "gateway:hin"),
        ("dora@example.test", "hin", OriginKind.REPLIED, "gateway:hin"),
        ("dora@example.test", "hin", OriginKind.RECEIVED, "inside:hin"),
        ("dora@example.test", "hin", OriginKind.REPORT, "inside:hin"),
        ("bert@remote.test", "hin", OriginKind.REPORT, "gateway:hin"),
    ],
)
def test_where_a_copy_goes(address: str, gateway: str, kind: OriginKind, where: str) -> None:
    bound = replace(envelope(address), gateway=gateway)
    found = destination(address, bound, origin(kind), HOUSE)
    assert found == where
    assert gateway_at(found) == (gateway if where.startswith(GATEWAY) else "")
    assert is_inside(found) == where.startswith(INSIDE)


@given(st.text(), st.sampled_from(OriginKind), st.text(alphabet="abc-", min_size=1, max_size=5))
def test_what_is_bound_never_goes_to_a_domain(address: str, kind: OriginKind, name: str) -> None:
    where = destination(address, replace(envelope(address), gateway=name), origin(kind), HOUSE)
    assert where in (f"{GATEWAY}{name}", f"{INSIDE}{name}")


@pytest.mark.parametrize(
    ("reply", "as_told"),
    [
        (ours(451, "4.7.5", "no"), ours(550, "5.7.5", "no")),
        (ours(451, "4.4.1", "no"), ours(550, "5.4.1", "no")),
        (Reply(451, "4.2.0", "later", "gw.hin.test"), Reply(451, "4.2.0", "later", "gw.hin.test")),
        (ours(550, "5.1.1", "no"), ours(550, "5.1.1", "no")),
    ],
)
def test_our_own_last_word_is_a_failure(reply: Reply, as_told: Reply) -> None:
    assert final(reply) == as_told


def test_a_queue_of_the_version_before_is_brought_up(tmp_path: Path) -> None:
    queue = make_queue(tmp_path)
    queue.enqueue(MESSAGE, envelope("bert@remote.test"), origin=origin())
    queue.database.write(lambda c: c.execute("ALTER TABLE message DROP COLUMN gateway"))
    queue.database.write(lambda c: c.execute("PRAGMA user_version = 1"))
    queue.close()
    queue = make_queue(tmp_path)
    assert [one.message.envelope.gateway for one in queue.list(Filter())] == [""]
    queue.enqueue(MESSAGE, BOUND, origin=origin())
    assert [one.message.envelope.gateway for one in queue.list(Filter())] == ["", "hin"]
    queue.close()

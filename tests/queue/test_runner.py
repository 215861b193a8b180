"""The whole queue at work: real DNS, real servers, real files; a clock that a test moves."""

import asyncio
import email
import email.policy
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from alphorn.base.errors import Refused, Unavailable
from alphorn.base.trace import TraceEvent, Verdict
from alphorn.message.envelope import Envelope, EnvelopeRecipient, Notify, Origin, OriginKind
from alphorn.queue.dialer import Caller, Dialer
from alphorn.queue.intake import Lifetimes
from alphorn.queue.listing import Filter
from alphorn.queue.pool import Pool
from alphorn.queue.queue import Queue
from alphorn.queue.remote import Remote
from alphorn.queue.reports import Language, Sign, Voice, unsigned
from alphorn.queue.route import Ourselves
from alphorn.queue.runner import Runner, RunnerLimits
from alphorn.queue.schedule import HOUR, MINUTE
from alphorn.queue.values import Outcome, QueuedMessage, Reply
from tests.queue.helpers import MESSAGE, PATIENT, Clock, envelope, origin
from tests.support.dns import DnsServer, resolver
from tests.support.smtpd import Act, Answer, SmtpServer
from tests.support.stage import on_loop

TAKEN = Reply(250, "2.0.0", "delivered")


class World:
    """remote.test is elsewhere, example.test here; what reaches its mailboxes is in `mailboxes`."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.server = SmtpServer("127.0.0.21")
        self.dns = DnsServer(
            {
                "remote.test": {"MX": ["10 mx1.remote.test"]},
                "other.test": {"MX": ["10 mx1.remote.test"]},
                "mx1.remote.test": {"A": ["127.0.0.21"]},
            },
            ttl=0,
            negative_ttl=0,
        )
        self.path = folder / "queue.sqlite"
        self.queue = self.open()
        self.mailboxes: list[tuple[str, bytes, Envelope, Origin]] = []
        self.local: Callable[[str], Reply] = lambda address: TAKEN
        self.events: list[TraceEvent] = []
        self.done: list[tuple[str, Outcome]] = []
        self.sign: Sign = unsigned
        self.language: Language = lambda message: ""
        self._happened = threading.Condition()

    def open(self) -> Queue:
        return Queue(self.path, clock=self.clock, lifetimes=Lifetimes())

    def runner(self, queue: Queue | None = None, limits: RunnerLimits | None = None) -> Runner:
        remote = Remote(
            resolver(self.dns, self.clock),
            Pool(Dialer(Caller("mail.example.test", self.server.port, timeouts=PATIENT))),
            Ourselves(frozenset({"mail.example.test"}), lambda _: False, private=True),
            random=Random(1),
            ticks=self.clock,
        )
        return Runner(
            queue or self.queue,
            remote,
            self.deliver_local,
            lambda domain: domain == "example.test",
            voice=Voice(
                "mail.example.test",
                lambda raw, domain: self.sign(raw, domain),
                lambda message: self.language(message),
            ),
            trace=self.trace,
            done=lambda claim, outcome: self.done.append((claim.message.name, outcome)),
            limits=limits or RunnerLimits(poll=0.05, heartbeat=0.05),
            random=Random(1),
        )

    def deliver_local(
        self, raw: bytes, given: Envelope, recipient: EnvelopeRecipient, where: Origin
    ) -> Reply:
        reply = self.local(recipient.address)
        if reply.positive:
            with self._happened:
                self.mailboxes.append((recipient.address, raw, given, where))
                self._happened.notify_all()
        return reply

    def trace(self, event: TraceEvent) -> None:
        with self._happened:
            self.events.append(event)
            self._happened.notify_all()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return when the condition holds; it is looked at when something was traced."""

        def wait() -> None:
            with self._happened:
                assert self._happened.wait_for(condition, 60), [e.text for e in self.events]

        await asyncio.to_thread(wait)

    async def until_empty(self) -> None:
        async with asyncio.timeout(60):
            while self.queue.health().messages:
                await asyncio.sleep(0.01)

    def texts(self, verdict: Verdict) -> list[str]:
        return [event.text for event in self.events if event.verdict is verdict]

    def count(self, verdict: Verdict) -> int:
        return len(self.texts(verdict))

    @asynccontextmanager
    async def running(self, *runners: Runner) -> AsyncIterator[None]:
        started = runners or (self.runner(),)
        for runner in started:
            await runner.start()
        try:
            yield
        finally:
            for runner in started:
                await runner.stop(5)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with ExitStack() as stack:
        world = World(tmp_path)
        stack.enter_context(world.server)
        stack.enter_context(world.dns)
        yield world
        world.queue.close()


def play(main: Callable[[], Awaitable[None]], loop: str = "uvloop") -> None:
    on_loop(loop, main, 120)


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_a_message_leaves(world: World, loop: str) -> None:
    async def main() -> None:
        async with world.running():
            await asyncio.to_thread(
                world.queue.enqueue, MESSAGE, envelope("bert@remote.test"), origin=origin()
            )
            await world.until_empty()

    play(main, loop)
    (message,) = world.server.messages
    assert message.data == MESSAGE
    (event,) = world.events
    assert event.verdict is Verdict.SENT
    assert event.text == "mx1.remote.test took the message."
    assert event.transaction == "t1"
    assert event.recipient == "bert@remote.test"
    assert event.account_id == 7
    assert event.facts["address"] == "127.0.0.21"
    assert event.facts["reply"] == "taken"


def test_what_was_queued_before_leaves_too(world: World) -> None:
    world.queue.enqueue(MESSAGE, envelope("bert@remote.test"), origin=origin())

    async def main() -> None:
        async with world.running():
            await world.until_empty()

    play(main)
    assert len(world.server.messages) == 1


def test_recipients_at_one_destination_go_in_one_transaction(world: World) -> None:
    world.queue.enqueue(
        MESSAGE,
        envelope("a@remote.test", "b@other.test", "c@remote.test", "d@Remote.Test"),
        origin=origin(),
    )

    async def main() -> None:
        async with world.running():
            await world.until_empty()

    play(main)
    assert sorted(len(message.recipients) for message in world.server.messages) == [1, 3]


def test_our_own_domain_is_reached_without_the_network(world: World) -> None:
    given = envelope("anna@example.test", "bert@EXAMPLE.test", sender="cora@remote.test")
    world.queue.enqueue(MESSAGE, given, origin=origin(OriginKind.REDIRECTED))

    async def main() -> None:
        async with world.running():
            await world.until_empty()

    play(main)
    assert not world.dns.questions
    assert {address for address, *_ in world.mailboxes} == {
        "anna@example.test",
        "bert@EXAMPLE.test",
    }
    _, raw, seen, where = world.mailboxes[0]
    assert (raw, seen.sender, where.kind) == (
        MESSAGE,
        "cora@remote.test",
        OriginKind.REDIRECTED,
    )
    assert world.count(Verdict.DELIVERED) == 2


def test_a_temporary_failure_is_tried_again_when_its_time_comes(world: World) -> None:
    world.server.script.rcpt = "450 4.2.0 Greylisted"
    world.queue.enqueue(MESSAGE, envelope("bert@remote.test"), origin=origin())

    async def main() -> None:
        async with world.running():
            await world.until(lambda: world.count(Verdict.DEFERRED) == 1)
            world.clock.now += 3 * MINUTE
            await asyncio.sleep(0.2)
            assert len(world.server.said("RCPT")) == 1
            world.server.script.rcpt = "250 ok"
            world.clock.now += 3 * MINUTE
            await world.until_empty()

    play(main)
    (text,) = world.texts(Verdict.DEFERRED)
    assert text == (
        "mx1.remote.test wants to see us come back (greylisting); will try again in 5 minutes."
    )


def test_a_server_that_is_not_there_is_told_in_plain_words(world: World) -> None:
    world.dns.zone["mx1.remote.test"] = {"A": ["127.0.0.99"]}
    world.queue.enqueue(MESSAGE, envelope("bert@remote.test"), origin=origin())

    async def main() -> None:
        async with world.running():
            await world.until(lambda: world.count(Verdict.DEFERRED) == 1)

    play(main)
    (text,) = world.texts(Verdict.DEFERRED)
    assert text.startswith("mx1.remote.test [127.0.0.99] refused the connection; will try again in")


def test_our_own_mailboxes_are_tried_again_sooner(world: World) -> None:
    world.local = lambda address: Reply(452, "4.3.1", "The disk is full")
    given = envelope("anna@example.test", sender="bert@remote.test")
    world.queue.enqueue(MESSAGE, given, origin=origin(OriginKind.RECEIVED))

    async def main() -> None:
        async with world.running():
            await world.until(lambda: world.count(Verdict.DEFERRED) == 1)
            world.local = lambda address: TAKEN
            world.clock.now += 70
            await world.until_empty()

    play(main)
    assert len(world.mailboxes) == 1
    assert "The disk is full; will try again in 1 minute." in world.texts(Verdict.DEFERRED)


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (Unavailable("busy"), Verdict.DEFERRED),
        (Refused("no such mailbox"), Verdict.BOUNCED),
        (ValueError("a mistake"), Verdict.DEFERRED),
    ],
)
def test_an_error_of_local_delivery_loses_nothing(
    world: World, error: Exception, verdict: Verdict
) -> None:
    def fail(address: str) -> Reply:
        raise error

    world.local = fail
    given = envelope("anna@example.test", sender="")
    world.queue.enqueue(MESSAGE, given, origin=origin(OriginKind.RECEIVED))

    async def main() -> None:
        async with world.running():
            await world.until(lambda: world.count(verdict) == 1)

    play(main)


def reports(world: World) -> list[email.message.EmailMessage]:
    return [
        email.message_from_bytes(raw, policy=email.policy.default)  # type: ignore[misc]
        for _, raw, given, _ in world.mailboxes
        if given.sender == ""
    ]


def status(report: email.message.EmailMessage) -> list[email.message.Message]:
    """The fields about each recipient (RFC 3464 §2.3)."""
    (part,) = [p for p in report.walk() if p.get_content_type() == "message/delivery-status"]
    return list(part.get_payload())[1:]  # type: ignore[arg-type]


def cannot_sign(raw: bytes, domain: str) -> bytes:
    raise Unavailable("The keys are away.")


@pytest.mark.parametrize(
    ("sign", "author"),
    [
        (lambda raw, domain: f"X-Signed-By: {domain}\r\n".encode(), "example.test"),
        (unsigned, "mail.example.test"),
        (cannot_sign, "mail.example.test"),
    ],
)
def test_a_report_is_in_the_name_of_the_domain_that_signs_it(
    world: World, sign: Sign, author: str
) -> None:
    seen: list[bytes] = []

    def noting(raw: bytes, domain: str) -> bytes:
        seen.append(raw)
        return sign(raw, domain)

    world.sign = noting
    world.server.script.rcpt = "550 5.1.1 No such user"
    world.queue.enqueue(MESSAGE, envelope("bert@remote.test"), origin=origin())

    async def main() -> None:
        async with world.running():
            await world.until_empty()

    play(main)
    (raw,) = (raw for _, raw, given, _ in world.mailboxes if given.sender == "")
    (report,) = reports(world)
    assert report["From"].addresses[0].addr_spec == f"MAILER-DAEMON@{author}"
    assert report["X-Signed-By"] == (author if author == "example.test" else None)
    if author == "example.test":
        assert raw.endswith(b"X-Signed-By: example.test\r\n" + seen[0])


def language_away(message: QueuedMessage) -> str:
    raise Unavailable("The directory is away.")


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        (
            lambda message: "de" if message.envelope.sender == "anna@example.test" else "",
            "Nicht zugestellt",
        ),
        (lambda message: "", "Not delivered"),
        (language_away, "Not delivered"),
    ],
)
def test_a_report_is_in_the_language_of_the_sender(
    world: World, language: Language, subject: str
) -> None:
    world.language = language
    world.server.script.rcpt = "550 5.1.1 No such user"
    world.queue.enqueue(MESSAGE, envelope("bert@remote.test"), origin=origin())

    async def main() -> None:
        async with world.running():
            await world.until_empty()

    play(main)
    (report,) = reports(world)
    assert subject in report["Subject"]


def test_a_failure_is_told_to_the_sender(world: World) -> None:
    world.server.script.rcpt = "550 5.1.1 No such user"
    world.queue.enqueue(MESSAGE, envelope("bert@remote.test"), origin=origin())

    async def main() -> None:
        async with world.running():
            await world.until_empty()

    play(main)
    (report,) = reports(world)
    ((address, raw, given, where),) = world.mailboxes
    assert address == "anna@example.test"
    assert given.recipients[0].notify == {Notify.NEVER}
    assert where.kind is OriginKind.REPORT
    assert where.transaction == "t1"
    assert report["To"] == "anna@example.test"
    (about,) = status(report)
    assert about["Final-Recipient"] == "rfc822;bert@remote.test"
    assert about["Action"] == "failed"
    assert about["Status"] == "5.1.1"
    assert about["Remote-MTA"] == "dns; mx1.remote.test"
    assert about["Diagnostic-Code"] == "smtp; 550 5.1.1 No such user"
    assert b"Subject: Hello" in raw
    assert world.texts(Verdict.BOUNCED) == [
        "mx1.remote.test does not know this address. Delivery has failed."
    ]
    assert "anna@example.test is told that the message could not be delivered." in world.texts(
        Verdict.QUEUED
    )


def test_failures_of_one_message_are_told_together(world: World) -> None:
    world.server.script.rcpt = "550 5.1.1 No such user"
    given = envelope("bert@remote.test", "cora@remote.test", "dora@remote.test")
    world.queue.enqueue(MESSAGE, given, origin=origin())

    async def main() -> None:
        async with world.running():
            await world.until_empty()

    play(main)
    (report,) = reports(world)
    assert len(status(report)) == 3


def test_there_is_no_report_about_a_report(world: World) -> None:
    world.server.script.rcpt = "550 5.1.1 No such user"
    given = envelope("bert@remote.test", sender="cora@remote.test")
    world.queue.enqueue(MESSAGE, given, origin=origin())

    async def main() -> None:
        async with world.running():
            await world.until_empty()

    play(main)
    assert [event.recipient for event in world.events if event.verdict is Verdict.BOUNCED] == [
        "bert@remote.test",
        "cora@remote.test",
    ]
    assert world.texts(Verdict.BOUNCED)[1].endswith("there is no sender to tell.")
    assert [command for command in world.server.said("RCPT") if "cora" in command] == [
        "RCPT TO:<cora@remote.test> NOTIFY=NEVER"
    ]
    assert not world.mailboxes


@pytest.mark.parametrize(
    ("notify", "told"),
    [
        ((), True),
        ((Notify.FAILURE,), True),
        ((Notify.NEVER,), False),
        ((Notify.SUCCESS,), False),
        ((Notify.DELAY,), False),
    ],
)
def test_failures_are_told_to_who_wants_to_know(
    world: World, notify: tuple[Notify, ...], told: bool
) -> None:
    world.server.script.rcpt = "550 5.1.1 No such user"
    world.queue.enqueue(MESSAGE, envelope("bert@remote.test", notify=notify), origin=origin())

    async def main() -> None:
        async with world.running():
            await world.until_empty()

    play(main)
    assert bool(reports(world)) is told


@pytest.mark.parametrize(
    ("recipient", "dsn", "action"),
    [
        ("bert@remote.test", False, "relayed"),
        ("bert@remote.test", True, None),
        ("bert@example.test", False, "delivered"),
    ],
)
def test_success_is_told_where_it_was_asked_for(
    world: World, recipient: str, dsn: bool, action: str | None
) -> None:
    world.server.script.extensions = ("DSN",) if dsn else ()
    given = envelope(recipient, notify=[Notify.SUCCESS], envid="my-id")
    world.queue.enqueue(MESSAGE, given, origin=origin())

    async def main() -> None:
        async with world.running():
            await world.until_empty()

    play(main)
    assert [status(report)[0]["Action"] for report in reports(world)] == (
        [action] if action else []
    )
    if dsn:
        assert world.server.said("RCPT") == ["RCPT TO:<bert@remote.test> NOTIFY=SUCCESS"]


def test_a_delay_is_told_once_after_four_hours(world: World) -> None:
    world.server.script.rcpt = "450 4.2.0 wait"
    given = envelope("bert@remote.test", "cora@remote.test")
    quiet = envelope("dora@remote.test", notify=[Notify.FAILURE])
    world.queue.enqueue(MESSAGE, given, origin=origin())
    world.queue.enqueue(MESSAGE, quiet, origin=origin())

    async def main() -> None:
        async with world.running():
            await world.until(lambda: world.count(Verdict.DEFERRED) == 3)
            world.clock.now += 3.9 * HOUR
            await world.until(lambda: world.count(Verdict.DEFERRED) == 6)
            assert not world.mailboxes
            world.clock.now += 0.2 * HOUR
            await world.until(lambda: bool(world.mailboxes))
            world.clock.now += 5 * HOUR
            await world.until(lambda: world.count(Verdict.DEFERRED) >= 9)

    play(main)
    (report,) = reports(world)
    assert [about["Action"] for about in status(report)] == ["delayed", "delayed"]
    assert status(report)[0]["Will-Retry-Until"]
    assert "anna@example.test is told that the message is late." in world.texts(Verdict.QUEUED)


def test_after_five_days_it_is_given_up(world: World) -> None:
    world.server.script.rcpt = "450 4.2.0 wait"
    world.queue.enqueue(
        MESSAGE, envelope("bert@remote.test", notify=[Notify.FAILURE]), origin=origin()
    )

    async def main() -> None:
        async with world.running():
            for hours in (0, 1, 2, 4, 120):
                world.clock.now += hours * HOUR
                count = world.count(Verdict.DEFERRED)
                await world.until(
                    lambda count=count: (
                        world.count(Verdict.DEFERRED) > count  # type: ignore[misc]
                        or world.count(Verdict.BOUNCED) == 1
                    )
                )
            await world.until_empty()

    play(main)
    (report,) = reports(world)
    (about,) = status(report)
    assert (about["Action"], about["Status"]) == ("failed", "4.2.0")
    assert about["Diagnostic-Code"] == "smtp; 450 4.2.0 wait (tried for 5 days)"


def test_held_messages_wait_until_they_are_released(world: World) -> None:
    name = world.queue.enqueue(MESSAGE, envelope("bert@remote.test"), origin=origin())
    assert world.queue.hold(Filter(name=name)) == 1

    async def main() -> None:
        async with world.running():
            world.queue.enqueue(MESSAGE, envelope("cora@remote.test"), origin=origin())
            await world.until(lambda: world.count(Verdict.SENT) == 1)
            assert world.events[0].recipient == "cora@remote.test"
            await asyncio.to_thread(world.queue.release, Filter(name=name))
            await world.until_empty()

    play(main)
    assert len(world.server.messages) == 2


def test_a_person_may_ask_to_try_now(world: World) -> None:
    world.dns.zone["mx1.remote.test"] = {"A": ["127.0.0.99"]}
    name = world.queue.enqueue(MESSAGE, envelope("bert@remote.test"), origin=origin())

    async def main() -> None:
        async with world.running():
            await world.until(lambda: world.count(Verdict.DEFERRED) == 1)
            world.dns.zone["mx1.remote.test"] = {"A": ["127.0.0.21"]}
            await asyncio.to_thread(world.queue.retry, Filter(name=name))
            await world.until_empty()

    play(main)
    assert len(world.server.messages) == 1


def test_a_message_removed_meanwhile_is_not_sent(world: World) -> None:
    name = world.queue.enqueue(MESSAGE, envelope("bert@remote.test"), origin=origin())

    async def main() -> None:
        world.server.script.rcpt = "450 4.2.0 wait"
        async with world.running():
            await world.until(lambda: world.count(Verdict.DEFERRED) == 1)
            assert await asyncio.to_thread(world.queue.remove, Filter(name=name)) == 1
            world.clock.now += HOUR
            await asyncio.sleep(0.2)

    play(main)
    assert len(world.server.said("RCPT")) == 1
    assert not world.mailboxes


def test_two_runners_never_deliver_twice(world: World) -> None:
    """Two runners with connections of their own to one file, in normal running."""
    other = world.open()
    world.server.script.final = "250 2.0.0 taken"

    async def main() -> None:
        async with world.running(world.runner(), world.runner(other)):
            for number in range(150):
                queue = (world.queue, other)[number % 2]
                given = envelope(f"a{number}@remote.test", f"b{number}@other.test")
                await asyncio.to_thread(queue.enqueue, MESSAGE, given, origin=origin())
            await world.until_empty()

    play(main)
    other.close()
    arrived = [address for message in world.server.messages for address in message.recipients]
    assert len(arrived) == 300
    assert len(set(arrived)) == 300


def test_what_one_destination_may_have_does_not_stop_others(world: World) -> None:
    hang = threading.Event()

    def final(argument: str) -> Answer:
        hang.wait(60)
        return "250 ok"

    world.server.script.final = final
    limits = RunnerLimits(poll=0.05, heartbeat=0.05, connections=10, per_destination=3)
    for number in range(20):
        world.queue.enqueue(MESSAGE, envelope(f"a{number}@remote.test"), origin=origin())
    world.queue.enqueue(MESSAGE, envelope("anna@example.test"), origin=origin())

    async def main() -> None:
        runner = world.runner(limits=limits)
        async with world.running(runner):
            await world.until(lambda: len(world.mailboxes) == 1)
            await asyncio.to_thread(world.server.wait, lambda: len(world.server.said("DATA")) == 3)
            while runner.deliveries > 3:
                await asyncio.sleep(0.01)
            hang.set()
            await world.until_empty()

    play(main)
    assert world.server.most_open == 3


def test_stopping_lets_deliveries_finish(world: World) -> None:
    hang = threading.Event()

    def final(argument: str) -> Answer:
        hang.wait(60)
        return "250 ok"

    world.server.script.final = final
    world.queue.enqueue(MESSAGE, envelope("bert@remote.test"), origin=origin())

    async def main() -> None:
        runner = world.runner()
        await runner.start()
        await asyncio.to_thread(world.server.wait, lambda: bool(world.server.said("DATA")))
        stopping = asyncio.create_task(runner.stop(60))
        await asyncio.sleep(0.05)
        hang.set()
        await stopping

    play(main)
    assert world.queue.health().messages == 0
    assert world.count(Verdict.SENT) == 1


def test_stopping_gives_back_what_does_not_finish(world: World) -> None:
    world.server.script.mail = Act.HANG
    world.queue.enqueue(MESSAGE, envelope("bert@remote.test"), origin=origin())

    async def main() -> None:
        runner = world.runner()
        await runner.start()
        await asyncio.to_thread(world.server.wait, lambda: bool(world.server.said("MAIL")))
        await runner.stop(0.05)
        health = world.queue.health()
        assert (health.waiting, health.claimed) == (1, 0)
        world.server.script.mail = "250 ok"
        async with world.running():
            await world.until_empty()

    play(main)
    assert len(world.server.messages) == 1


def test_a_message_that_cannot_be_read_is_given_up_in_the_end(world: World) -> None:
    world.queue.enqueue(
        MESSAGE, envelope("bert@remote.test", notify=[Notify.FAILURE]), origin=origin()
    )
    world.queue.database.write(lambda c: c.execute("UPDATE content SET zstd = x'00'"))

    async def main() -> None:
        async with world.running():
            for hours in (0, 1, 121):
                world.clock.now += hours * HOUR
                count = world.count(Verdict.DEFERRED)
                await world.until(
                    lambda count=count: (
                        world.count(Verdict.DEFERRED) > count  # type: ignore[misc]
                        or world.count(Verdict.BOUNCED) == 1
                    )
                )
            await world.until_empty()

    play(main)
    (report,) = reports(world)
    assert "damaged" in status(report)[0]["Diagnostic-Code"]


def test_outcomes_are_recorded_when_the_queue_can_be_written_again(world: World) -> None:
    """The disk fills up while a server takes the message: it is recorded later, not sent again."""
    connection = world.queue.database._durable.connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]

    def final(argument: str) -> Answer:
        connection.execute("PRAGMA query_only = 1")
        return "250 ok"

    world.server.script.final = final
    world.queue.enqueue(MESSAGE, envelope("bert@remote.test"), origin=origin())
    assert pages

    async def main() -> None:
        async with world.running():
            await asyncio.to_thread(world.server.wait, lambda: bool(world.server.messages))
            await asyncio.sleep(0.3)
            assert world.queue.health().messages == 1
            connection.execute("PRAGMA query_only = 0")
            await world.until_empty()

    play(main)
    assert len(world.server.messages) == 1


def test_memory_is_bounded(world: World) -> None:
    """Messages that do not fit together go one after another."""
    limits = replace(RunnerLimits(poll=0.05, heartbeat=0.05), memory=500_000)
    big = MESSAGE + b"x" * 300_000 + b"\r\n"
    for number in range(6):
        world.queue.enqueue(big, envelope(f"a{number}@remote.test"), origin=origin())

    async def main() -> None:
        async with world.running(world.runner(limits=limits)):
            await world.until_empty()

    play(main)
    assert len(world.server.messages) == 6
    assert world.server.most_open == 1


def test_of_each_recipient_somebody_is_told_once_how_it_ended(world: World) -> None:
    world.server.script.rcpt = lambda argument: (
        "550 5.1.1 nobody here" if "nobody" in argument else "250 2.1.5 ok"
    )
    world.local = lambda address: Reply(451, "4.2.0", "later")
    recipients = ("bert@remote.test", "nobody@remote.test", "anna@example.test")

    async def main() -> None:
        name = world.queue.enqueue(MESSAGE, envelope(*recipients), origin=origin())
        async with world.running():
            await world.until(lambda: len(world.events) == 3)
        assert sorted(
            (outcome.recipient.envelope.address, outcome.result.value, outcome.reply.enhanced)
            for told, outcome in world.done
            if told == name
        ) == [
            ("bert@remote.test", "relayed", "2.0.0"),
            ("nobody@remote.test", "failed", "5.1.1"),
        ]

    play(main)

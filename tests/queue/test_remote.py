"""Delivery to another domain: real DNS, real servers, several of them going wrong."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from random import Random

import pytest

from alphorn.queue import remote as module
from alphorn.queue.dialer import Caller, Dialer
from alphorn.queue.pool import Pool, PoolLimits
from alphorn.queue.remote import Attempt, Remote
from alphorn.queue.route import Ourselves
from alphorn.queue.values import Claim, Outcome, Result
from alphorn.queue.wireform import body_for_wire
from tests.queue.helpers import MESSAGE, PATIENT, Clock, claim_of, envelope, hasty
from tests.support.dns import DnsServer, Fault, resolver
from tests.support.smtpd import Act, Answer, servers_on_one_port
from tests.support.stage import on_loop


class World:
    """remote.test with three servers, mx1 before mx2 before mx3."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.timeouts = PATIENT
        self.first, self.second, self.third = servers_on_one_port(
            "127.0.0.11", "127.0.0.12", "127.0.0.13"
        )
        self.dns = DnsServer(
            {
                "remote.test": {
                    "MX": ["10 mx1.remote.test", "20 mx2.remote.test", "30 mx3.remote.test"]
                },
                "mx1.remote.test": {"A": ["127.0.0.11"]},
                "mx2.remote.test": {"A": ["127.0.0.12"]},
                "mx3.remote.test": {"A": ["127.0.0.13"]},
            },
            ttl=0,
            negative_ttl=0,
        )

    def deliver(
        self, *claims: Claim, loop: str = "uvloop", limits: PoolLimits | None = None
    ) -> list[Attempt]:
        """Deliver claims one after another through one `Remote`."""

        async def main() -> list[Attempt]:
            attempts: list[Attempt] = []

            async def record(attempt: Attempt) -> None:
                attempts.append(attempt)

            pool = Pool(
                Dialer(Caller("mail.example.test", self.first.port, timeouts=self.timeouts)), limits
            )
            remote = Remote(
                resolver(self.dns, self.clock),
                pool,
                Ourselves(frozenset({"mail.example.test"}), lambda _: False, private=True),
                random=Random(1),
                ticks=self.clock,
            )
            for claim in claims:
                before = len(attempts)
                await remote.deliver(claim, body_for_wire(MESSAGE), record)
                told = [outcome.recipient.id for outcome in outcomes(attempts[before:])]
                assert sorted(told) == [recipient.id for recipient in claim.recipients]
            await pool.close(1)
            return attempts

        return on_loop(loop, main)


def outcomes(attempts: Sequence[Attempt]) -> list[Outcome]:
    return [outcome for attempt in attempts for outcome in attempt.outcomes]


def results(attempts: Sequence[Attempt]) -> list[tuple[Result, str]]:
    told = sorted(outcomes(attempts), key=lambda outcome: outcome.recipient.id)
    return [(outcome.result, outcome.reply.enhanced) for outcome in told]


@pytest.fixture
def world() -> Iterator[World]:
    with ExitStack() as stack:
        world = World()
        for part in (world.first, world.second, world.third, world.dns):
            stack.enter_context(part)
        yield world


ONE = claim_of(envelope("bert@remote.test"))
THREE = claim_of(envelope("bert@remote.test", "cora@remote.test", "dora@remote.test"))


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_the_best_server_gets_it(world: World, loop: str) -> None:
    (attempt,) = world.deliver(THREE, loop=loop)
    assert results([attempt]) == [(Result.RELAYED, "2.0.0")] * 3
    assert attempt.address == "127.0.0.11"
    assert all(outcome.told for outcome in attempt.outcomes)
    assert len(world.first.messages) == 1
    assert len(world.first.messages[0].recipients) == 3
    assert not world.second.connections


def test_who_does_not_know_dsn_does_not_tell(world: World) -> None:
    world.first.script.extensions = ()
    (attempt,) = world.deliver(ONE)
    assert not attempt.outcomes[0].told


@pytest.mark.parametrize(
    ("entry", "answer"),
    [
        ("greeting", "421 4.3.2 busy"),
        ("greeting", "554 5.7.1 blocked"),
        ("greeting", Act.HANG),
        ("ehlo", Act.DROP),
        ("mail", "451 4.3.0 wait"),
        ("mail", "421 4.3.2 closing"),
        ("rcpt", "450 4.2.0 greylisted"),
        ("rcpt", Act.DROP),
        ("data", "451 4.3.0 wait"),
        ("data", Act.RESET),
        ("final", "451 4.3.0 wait"),
    ],
)
def test_after_a_temporary_failure_the_next_server_gets_it(
    world: World, entry: str, answer: Answer
) -> None:
    setattr(world.first.script, entry, answer)
    world.timeouts = hasty(entry) if answer is Act.HANG else PATIENT
    (attempt,) = world.deliver(ONE)
    assert results([attempt]) == [(Result.RELAYED, "2.0.0")]
    assert attempt.address == "127.0.0.12"


def test_a_server_that_is_not_there_is_passed_over(world: World) -> None:
    world.dns.zone["mx1.remote.test"] = {"A": ["127.0.0.99"]}
    (attempt,) = world.deliver(ONE)
    assert attempt.address == "127.0.0.12"


def test_every_address_of_a_server_is_tried(world: World) -> None:
    """IPv6 is tried too; a family that does not work here costs no try."""
    world.dns.zone["mx1.remote.test"] = {
        "A": ["127.0.0.11"],
        "AAAA": [f"2001:db8::{n}" for n in range(1, 20)],
    }
    (attempt,) = world.deliver(ONE)
    assert attempt.address == "127.0.0.11"


def test_a_server_without_an_address_is_passed_over(world: World) -> None:
    del world.dns.zone["mx1.remote.test"]
    world.dns.zone["mx2.remote.test"] = Fault.SERVFAIL
    (attempt,) = world.deliver(ONE)
    assert attempt.address == "127.0.0.13"


@pytest.mark.parametrize("entry", ["mail", "rcpt", "data", "final"])
def test_a_refusal_is_final(world: World, entry: str) -> None:
    setattr(world.first.script, entry, "550 5.7.1 no")
    assert results(world.deliver(ONE)) == [(Result.FAILED, "5.7.1")]
    assert not world.second.connections


@pytest.mark.parametrize("answer", [Act.DROP, Act.HANG, Act.RESET])
def test_after_the_whole_message_was_sent_no_other_server_is_tried(
    world: World, answer: Answer
) -> None:
    world.first.script.final = answer
    world.timeouts = hasty("final") if answer is Act.HANG else PATIENT
    assert results(world.deliver(ONE)) == [(Result.DEFERRED, "4.4.2")]
    assert not world.second.connections


def test_recipients_part_ways(world: World) -> None:
    """One is refused, one accepted, and one deferred, whom the next server takes."""

    def rcpt(argument: str) -> Answer:
        for name, reply in (("bert", "550 5.1.1 who?"), ("cora", "450 4.2.0 wait")):
            if name in argument:
                return reply
        return "250 2.1.5 ok"

    world.first.script.rcpt = rcpt
    attempts = world.deliver(THREE)
    assert results(attempts) == [
        (Result.FAILED, "5.1.1"),
        (Result.RELAYED, "2.0.0"),
        (Result.RELAYED, "2.0.0"),
    ]
    assert [attempt.address for attempt in attempts] == ["127.0.0.11", "127.0.0.12"]
    assert world.second.messages[0].recipients == ["TO:<cora@remote.test>"]


def test_more_recipients_than_a_server_takes_go_in_several_transactions(world: World) -> None:
    ok, full = "250 2.1.5 ok", "452 4.5.3 too many recipients"
    replies = iter([ok, ok, full, full, full, ok, ok, full, ok])
    world.first.script.rcpt = lambda argument: next(replies)
    claim = claim_of(envelope(*(f"r{number}@remote.test" for number in range(5))))
    assert {result for result, _ in results(world.deliver(claim))} == {Result.RELAYED}
    assert world.first.connections == 1
    assert [len(message.recipients) for message in world.first.messages] == [2, 2, 1]


def test_when_all_fail_the_last_word_counts(world: World) -> None:
    world.first.script.rcpt = "450 4.2.0 first"
    world.second.script.greeting = "421 4.3.2 second"
    world.third.script.greeting = Act.DROP
    (attempt,) = world.deliver(ONE)
    assert results([attempt]) == [(Result.DEFERRED, "4.2.0")]
    assert attempt.outcomes[0].reply.host == "mx1.remote.test"


@pytest.mark.parametrize(
    ("domain", "result", "enhanced"),
    [
        ("absent.test", Result.FAILED, "5.1.2"),
        ("null.test", Result.FAILED, "5.1.10"),
        ("broken.test", Result.DEFERRED, "4.4.3"),
        ("noaddress.test", Result.FAILED, "5.4.4"),
        ("halfknown.test", Result.DEFERRED, "4.4.3"),
        ("circle.test", Result.FAILED, "5.4.6"),
        ("latecircle.test", Result.DEFERRED, "4.4.1"),
        ("nobody.test", Result.DEFERRED, "4.4.1"),
    ],
)
def test_destinations_without_a_server(
    world: World, domain: str, result: Result, enhanced: str
) -> None:
    world.dns.zone.update(
        {
            "null.test": {"MX": ["0 ."]},
            "broken.test": Fault.SERVFAIL,
            "noaddress.test": {"MX": ["10 none1.test", "20 none2.test"]},
            "halfknown.test": {"MX": ["10 none1.test", "20 broken.test"]},
            "circle.test": {"MX": ["10 mail.example.test"]},
            "latecircle.test": {"MX": ["10 dead.test", "20 mail.example.test"]},
            "nobody.test": {"MX": ["10 dead.test"]},
            "dead.test": {"A": ["127.0.0.99"]},
        }
    )
    claim = claim_of(envelope(f"bert@{domain}"), destination=domain)
    assert results(world.deliver(claim)) == [(result, enhanced)]


def test_the_number_of_servers_tried_is_bounded(world: World) -> None:
    numbers = range(module.MAX_CONNECTS + 5)
    world.dns.zone["remote.test"] = {"MX": [f"{n} dead{n}.test" for n in numbers]}
    for n in numbers:
        world.dns.zone[f"dead{n}.test"] = {"A": [f"127.0.0.{100 + n}"]}
    world.deliver(ONE)
    asked = [name for name, kind in world.dns.questions if kind == "A"]
    assert len(asked) == module.MAX_CONNECTS


def test_the_number_of_servers_talked_to_is_bounded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_SESSIONS", 2)
    for server in (world.first, world.second):
        server.script.mail = "451 4.3.0 wait"
    assert results(world.deliver(ONE)) == [(Result.DEFERRED, "4.3.0")]
    assert not world.third.connections


def test_a_silent_destination_is_left_alone_for_a_while(world: World) -> None:
    world.dns.zone["remote.test"] = {"MX": ["10 dead.test"]}
    world.dns.zone["dead.test"] = {"A": ["127.0.0.99"]}
    told = results(world.deliver(ONE, ONE, ONE))
    assert told == [(Result.DEFERRED, "4.4.1")] * 3
    assert world.dns.asked("dead.test", "A") == 1


def test_a_person_may_ask_to_try_a_silent_destination_now(world: World) -> None:
    world.dns.zone["remote.test"] = {"MX": ["10 dead.test"]}
    world.dns.zone["dead.test"] = {"A": ["127.0.0.99"]}
    world.deliver(ONE, claim_of(envelope("bert@remote.test"), urgent=True))
    assert world.dns.asked("dead.test", "A") == 2


def test_a_destination_that_talks_is_not_silent(world: World) -> None:
    for server in (world.first, world.second, world.third):
        server.script.mail = "451 4.3.0 wait"
    world.deliver(ONE, ONE)
    assert len(world.first.said("MAIL")) == 2


def test_a_connection_is_used_for_messages_one_after_another(world: World) -> None:
    world.deliver(ONE, ONE, ONE)
    assert world.first.connections == 1
    assert len(world.first.messages) == 3


def test_an_address_literal_is_called_directly(world: World) -> None:
    claim = claim_of(envelope("bert@[127.0.0.12]"), destination="[127.0.0.12]")
    assert results(world.deliver(claim)) == [(Result.RELAYED, "2.0.0")]
    assert len(world.second.messages) == 1

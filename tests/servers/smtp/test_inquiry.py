"""What is asked about a client and a message, of a DNS that a stranger has made slow."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from alphorn.dns.answers import Answer
from alphorn.dns.lists import ListZone
from alphorn.mailauth.spf.result import Spf
from alphorn.policy.helo import Resolved
from alphorn.servers import deadline
from alphorn.servers.smtp import inquiry as module
from alphorn.servers.smtp.inquiry import MAX_SPF, Inquiry, Questions
from tests.support.gatehouse import HONEST, letter, reverse, signed, zone
from tests.support.memorydns import MemoryResolver
from tests.support.stage import Timeless

SECONDS = 15.0

Run = Callable[[Callable[[], Awaitable[None]]], float]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a coroutine; how many seconds it waited, in no time."""

    def waited(main: Callable[[], Awaitable[None]]) -> float:
        with asyncio.Runner(loop_factory=Timeless) as runner:
            loop = runner.get_loop()
            monkeypatch.setattr(module, "monotonic", loop.time)
            monkeypatch.setattr(deadline, "monotonic", loop.time)
            begin = loop.time()
            runner.run(main())  # type: ignore[arg-type]
            return loop.time() - begin

    return waited


class Slow(MemoryResolver):
    """Never answers for names in slow.zz."""

    async def txt(self, name: str) -> Answer[bytes]:
        return await self._wait(name) or await super().txt(name)

    async def ipv4(self, host: str) -> Answer[str]:
        return await self._wait(host) or await super().ipv4(host)

    async def ipv6(self, host: str) -> Answer[str]:
        return await self._wait(host) or await super().ipv6(host)

    async def _wait(self, name: str) -> Any:
        if name.endswith("slow.zz"):
            await asyncio.Event().wait()


def inquiry() -> Inquiry:
    known = zone()
    known[reverse(HONEST)] = {"PTR": ["ptr.slow.zz"]}
    return Inquiry(Questions(Slow(known), "mx.example.test", seconds=SECONDS), HONEST)


async def told(asked: Inquiry) -> None:
    """All the time is used up with what leads to slow.zz."""
    about = await asked.about_client("helo.slow.zz", lists=False, greeted=True)
    assert (about.ptr, about.resolved) == ("", Resolved.FAILED)


def test_who_makes_us_wait_does_not_hide_whom_spf_lets_send(run: Run) -> None:
    async def main() -> None:
        asked = inquiry()
        await told(asked)
        assert (await asked.spf("x@strict.zz", "helo.slow.zz")).result is Spf.FAIL

    assert run(main) == pytest.approx(SECONDS)


def test_who_makes_us_wait_does_not_hide_a_policy(run: Run) -> None:
    async def main() -> None:
        asked = inquiry()
        await told(asked)
        spf = await asked.spf("x@slow.zz", "helo.slow.zz")
        assert spf.result is Spf.TEMPERROR
        found = await asked.proofs(signed(letter("ceo@strict.zz"), "slow.zz", 1), spf)
        (policy,) = found.found
        assert policy.record is not None
        assert policy.record.p == "reject"
        (key,) = found.keys.values()
        assert key.fault is not None

    assert run(main) == pytest.approx(SECONDS + 2 * SECONDS / 3)


def test_the_next_message_has_as_much_time_again(run: Run) -> None:
    async def main() -> None:
        asked = inquiry()
        for sender in ("x@slow.zz", "y@slow.zz"):
            asked.begin()
            assert (await asked.spf(sender, "helo.slow.zz")).result is Spf.TEMPERROR

    assert run(main) == pytest.approx(2 * SECONDS)


LISTS = (ListZone("list.zz", "block"),)


def test_the_next_connection_of_a_client_asks_nothing_again(run: Run) -> None:
    async def main() -> None:
        resolver = MemoryResolver(zone())
        questions = Questions(resolver, "mx.example.test", zones=LISTS)
        facts, counts = [], []
        for _ in range(2):
            asked = Inquiry(questions, HONEST)
            about = await asked.about_client("mail.honest.zz", lists=True, greeted=True)
            facts.append((about, await asked.spf("x@strict.zz", "mail.honest.zz")))
            counts.append(len(resolver.questions))
        assert facts[0] == facts[1]
        assert counts[0] == counts[1] > 0
        other = Inquiry(questions, "192.0.2.250")
        await other.about_client("mail.honest.zz", lists=True, greeted=True)
        assert ("250.2.0.192.list.zz", "A") in resolver.questions

    run(main)


def test_what_the_dns_did_not_say_is_asked_by_the_next_connection(run: Run) -> None:
    async def main() -> None:
        known = zone()
        known[reverse(HONEST)] = {"PTR": ["ptr.slow.zz"]}
        questions = Questions(Slow(known), "mx.example.test", seconds=SECONDS)
        await told(Inquiry(questions, HONEST))
        spf = await Inquiry(questions, HONEST).spf("x@slow.zz", "helo.slow.zz")
        assert spf.result is Spf.TEMPERROR
        assert not len(questions.remembered)

    run(main)


class Remote(MemoryResolver):
    """Has to be waited for, but for what is near."""

    async def txt(self, name: str) -> Answer[bytes]:
        if not name.endswith("near.zz"):
            await asyncio.sleep(0)
        return await super().txt(name)


def test_how_many_senders_the_dns_is_waited_for_in_one_connection(run: Run) -> None:
    async def main() -> None:
        asked = Inquiry(Questions(Remote(zone()), "mx.example.test", seconds=SECONDS), HONEST)
        for number in range(2 * MAX_SPF):
            await asked.spf(f"x@{number}.near.zz", "mail.alps.zz")
        assert not asked.is_spent, "what is known costs nothing"
        for number in range(MAX_SPF):
            assert not asked.is_spent
            for _ in range(2):
                await asked.spf(f"x@{number}.far.zz", "mail.alps.zz")
        assert asked.is_spent

    run(main)

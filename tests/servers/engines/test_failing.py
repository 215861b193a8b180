"""Engines that are not there, say nothing, something else, half of it, too much or too slowly: each
costs a bounded time and little memory, and is told apart."""

import asyncio
import tracemalloc
from collections.abc import Awaitable, Callable, Sequence

import pytest

from alphorn.base.kinds import Endpoint
from alphorn.directory.values import Protection
from alphorn.policy.decision import Act, Decision
from alphorn.policy.engines import EngineVerdict, OnFailure, RspamdRules, Scoring
from alphorn.servers.engines.breaker import HANGS, REST_SECONDS
from alphorn.servers.engines.clamav import Clamd
from alphorn.servers.engines.engines import ClamavPart, Engines, RspamdPart
from alphorn.servers.engines.failure import EngineFailure
from alphorn.servers.engines.rspamd import EngineFacts, Rspamd
from tests.support.engines import Behaviour, free_port, peer, saying, silent
from tests.support.stage import LOOPS, on_loop

pytestmark = pytest.mark.parametrize("loop", sorted(LOOPS))

TIMEOUT = 0.4
PATIENT = 60.0
RAW = b"Subject: x\r\n\r\n" + b"x" * 2_000_000
VERDICT = b'{"score": 2.5, "required_score": 15, "action": "no action"}'
OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n" % len(VERDICT)

Ask = Callable[[Endpoint, float], Awaitable[object]]


async def ask_rspamd(endpoint: Endpoint, timeout: float) -> object:
    return await Rspamd(endpoint, timeout, 2).check(RAW, EngineFacts())


async def ask_clamd(endpoint: Endpoint, timeout: float) -> object:
    return await Clamd(endpoint, timeout, 2).scan(RAW)


ENGINES = pytest.mark.parametrize("ask", [ask_rspamd, ask_clamd], ids=["rspamd", "clamav"])


async def failure(ask: Ask, endpoint: Endpoint, timeout: float = PATIENT) -> EngineFailure:
    """The event loop is given up before our patience is."""
    with pytest.raises(EngineFailure) as caught:
        await ask(endpoint, timeout)
    return caught.value


async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Does not even read."""
    await asyncio.Event().wait()


async def hanging_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """At once, with octets unread, so that the connection is reset."""
    writer.transport.abort()


@ENGINES
def test_nobody_is_there(loop: str, ask: Ask) -> None:
    for endpoint in (Endpoint("127.0.0.1", free_port()), Endpoint(path="/nonexistent/socket")):
        found = on_loop(loop, lambda endpoint=endpoint: failure(ask, endpoint))  # type: ignore[misc]
        assert found.code == "connect"
        assert str(endpoint) in found.text


@ENGINES
@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (silent, "timeout"),
        (deaf, "timeout"),
        (hanging_up, "answer"),
        (saying(), "answer"),
        (saying(b"\xff\x00\xfe garbage \r\n\r\n\x00"), "answer"),
        (saying(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"), "answer"),
        (saying(b"stream: "), "answer"),
        (saying(b"HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n"), "answer"),
        (saying(b"Could not open file ERROR\x00"), "answer"),
        (saying(b"H", pause=0.01, forever=True), "timeout"),
        (saying(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 50_000, forever=True), "answer"),
        (saying(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 5000, forever=True), "answer"),
    ],
)
def test_what_answers_is_of_no_use(loop: str, ask: Ask, behaviour: Behaviour, code: str) -> None:
    async def main() -> EngineFailure:
        async with peer(behaviour) as there:
            timeout = TIMEOUT if code == "timeout" else PATIENT
            return await failure(ask, there.endpoint, timeout)

    assert on_loop(loop, main, PATIENT / 2).code == code


@ENGINES
def test_an_endless_answer_takes_little_memory(loop: str, ask: Ask) -> None:
    head = b"HTTP/1.1 200 OK\r\n\r\n"

    async def main() -> int:
        async with peer(saying(head, b"x" * 65_536, forever=True)) as there:
            tracemalloc.start()
            try:
                await failure(ask, there.endpoint)
                return tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()

    assert on_loop(loop, main) < 6 << 20


@pytest.mark.parametrize("engine", ["rspamd", "clamav"])
def test_who_waits_for_a_place_waits_no_longer(loop: str, engine: str) -> None:
    """Time is not given twice: who did not come in has none left, and does not knock."""

    async def main() -> int:
        async with peer(silent) as there:
            scanner, clamd = Rspamd(there.endpoint, TIMEOUT, 2), Clamd(there.endpoint, TIMEOUT, 2)

            async def one() -> None:
                with pytest.raises(EngineFailure, match="within"):
                    if engine == "rspamd":
                        await scanner.check(b"x", EngineFacts())
                    else:
                        await clamd.scan(b"x")

            await asyncio.gather(*(one() for _ in range(8)))
            return there.connections

    assert on_loop(loop, main) <= 4


def test_places_are_few(loop: str) -> None:
    now = most = 0

    async def counting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await reader.readuntil(bytes(4))
        await asyncio.sleep(0.01)  # so that others could come
        now -= 1
        writer.write(b"stream: OK\x00")
        await writer.drain()

    async def main() -> None:
        async with peer(counting) as there:
            clamd = Clamd(there.endpoint, PATIENT, 3)
            await asyncio.gather(*(clamd.scan(b"x") for _ in range(12)))

    on_loop(loop, main)
    assert most == 3


# -- connections that are kept ---------------------------------------------------------------------


def answering(times: int, more: bytes = b"") -> Behaviour:
    """Rspamd as it might be: answers so often on one connection, then hangs up."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(times):
            head = await reader.readuntil(b"\r\n\r\n")
            fields = dict(line.split(b": ", 1) for line in head.splitlines()[1:] if line)
            await reader.readexactly(int(fields[b"Content-Length"]))
            writer.write(OK + more + b"\r\n" + VERDICT)
            await writer.drain()

    return behave


@pytest.mark.parametrize(
    ("behaviour", "connections"),
    [
        (answering(100), 1),
        (answering(100, b"Connection: close\r\n"), 6),
        (answering(2), 3),  # hangs up without a word: the next question notices and goes elsewhere
    ],
)
def test_connections_are_used_again(loop: str, behaviour: Behaviour, connections: int) -> None:
    async def main() -> int:
        async with peer(behaviour) as there:
            client = Rspamd(there.endpoint, PATIENT, 4)
            for _ in range(6):
                verdict = await client.check(b"x", EngineFacts())
                assert verdict.score == 2.5
            client.close()
            return there.connections

    assert on_loop(loop, main) == connections


# -- all of them together --------------------------------------------------------------------------


def engines(
    rspamd: Endpoint | None,
    clamav: Endpoint | None,
    on_failure: OnFailure,
    seen: list[str],
    timeout: float = PATIENT,
) -> Engines:
    """`timeout` is Rspamd's."""
    return Engines(
        RspamdPart(Rspamd(rspamd, timeout, 4), RspamdRules(on_failure), 1000) if rspamd else None,
        ClamavPart(Clamd(clamav, PATIENT, 4), on_failure, 1000) if clamav else None,
        lambda engine, outcome, seconds: seen.append(f"{engine} {outcome}"),
    )


@pytest.mark.parametrize("on_failure", list(OnFailure))
def test_what_the_operator_says_happens(
    loop: str, on_failure: OnFailure, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[str] = []

    async def main() -> Sequence[tuple[Decision, ...]]:
        async with peer(silent) as one, peer(saying(b"nonsense")) as other:
            asked = engines(one.endpoint, other.endpoint, on_failure, seen, TIMEOUT)
            return [await asked.check(b"x", EngineFacts()) for _ in range(2)]

    for virus, spam in on_loop(loop, main):
        act = Act.DEFER if on_failure is OnFailure.DEFER else Act.PASS
        assert (virus.stage, virus.act, virus.facts["clamav_failure"]) == ("clamav", act, "answer")
        assert (spam.stage, spam.act, spam.facts["rspamd_failure"]) == ("rspamd", act, "timeout")
        assert [reason.code for reason in virus.reasons] == ["virus-unchecked"]
        if act is Act.DEFER:
            assert (virus.basic, virus.status) == (451, "4.7.1")
            assert virus.text == "The message cannot be checked for viruses now; try again later"
    assert sorted(seen) == ["clamav failed"] * 2 + ["rspamd failed"] * 2
    assert len([one for one in caplog.records if one.levelname == "WARNING"]) == 2, "once for each"


def test_one_that_hangs_is_left_alone_until_it_answers(
    loop: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    seen: list[str] = []
    now = 0.0

    async def main() -> None:
        nonlocal now
        async with peer(silent) as hung, peer(answering(2)) as well:
            awake = Rspamd(well.endpoint, PATIENT, 2)

            class Waking(Rspamd):
                """Hangs until its rest is over."""

                async def check(self, raw: bytes, facts: EngineFacts) -> EngineVerdict:
                    if now < REST_SECONDS:
                        return await super().check(raw, facts)
                    return await awake.check(raw, facts)

            asked = Engines(
                RspamdPart(Waking(hung.endpoint, TIMEOUT, HANGS), RspamdRules(), 1000),
                report=lambda engine, outcome, seconds: seen.append(outcome),
                ticks=lambda: now,
            )
            await asyncio.gather(*(asked.check(b"x", EngineFacts()) for _ in range(HANGS)))
            knocked = hung.connections
            (decision,) = await asked.check(b"x", EngineFacts())
            assert (decision.act, decision.facts["rspamd_failure"]) == (Act.PASS, "resting")
            assert hung.connections == knocked
            now = REST_SECONDS
            for _ in range(2):
                (decision,) = await asked.check(b"x", EngineFacts())
                assert decision.facts["rspamd_score"] == 2.5
            awake.close()

    on_loop(loop, main, PATIENT / 2)
    assert seen == ["failed"] * HANGS + ["resting", "answered", "answered"]
    told = [one.message for one in caplog.records if "engine" in one.message]
    assert [one.partition(" engine ")[2][:11] for one in told] == [
        "does not an", "hangs and i", "answers aga"
    ]  # fmt: skip


def test_they_are_asked_at_the_same_time(loop: str) -> None:
    """Neither would hear anything before both have asked."""

    async def main() -> list[str]:
        both = asyncio.Event()

        async def waiting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if one.connections == 2:
                both.set()
            await reader.read(1)
            await both.wait()
            writer.write(b"nonsense")

        async with peer(waiting) as one:
            asked = engines(one.endpoint, one.endpoint, OnFailure.CONTINUE, [])
            decisions = await asked.check(b"x", EngineFacts())
            facts = {name: value for found in decisions for name, value in found.facts.items()}
            return [str(facts[f"{name}_failure"]) for name in ("clamav", "rspamd")]

    assert on_loop(loop, main, PATIENT / 2) == ["answer", "answer"]


def test_what_is_too_large_is_not_shown_to_them(loop: str) -> None:
    seen: list[str] = []

    async def main() -> tuple[Decision, ...]:
        async with peer(silent) as one:
            asked = engines(one.endpoint, one.endpoint, OnFailure.DEFER, seen)
            decisions = await asked.check(b"x" * 1001, EngineFacts())
            assert one.connections == 0
            return decisions

    virus, spam = on_loop(loop, main)
    assert virus.passes
    assert [reason.code for reason in virus.reasons] == ["virus-unchecked"]
    assert spam.passes
    assert sorted(seen) == ["clamav too-large", "rspamd too-large"]


def test_none_is_configured(loop: str) -> None:
    nothing = Engines()
    assert not nothing.needs(Protection())
    assert nothing.scoring is Scoring.ADD
    assert on_loop(loop, lambda: nothing.check(b"x", EngineFacts())) == ()
    nothing.close()


def test_one_is(loop: str) -> None:
    async def main() -> tuple[Decision, ...]:
        async with peer(answering(1)) as one:
            asked = engines(one.endpoint, None, OnFailure.DEFER, [])
            assert asked.needs(Protection())
            assert not asked.needs(Protection(engines=False))
            decisions = await asked.check(b"x", EngineFacts())
            asked.close()
            return decisions

    (decision,) = on_loop(loop, main)
    assert decision.passes
    assert [(reason.code, reason.score) for reason in decision.reasons] == [("rspamd-rest", 2.12)]
    assert decision.facts["rspamd_score"] == 2.5

"""Rspamd: the real one, asked about messages and taught."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from alphorn.base.kinds import Endpoint
from alphorn.base.secret import Secret
from alphorn.policy.decision import Act, Reason
from alphorn.policy.engines import EngineVerdict, RspamdRules, judge_spam
from alphorn.servers.engines.failure import EngineFailure
from alphorn.servers.engines.rspamd import EngineFacts, Learned, Rspamd
from tests.support.engines import GTUBE, PASSWORD, RspamdDaemon
from tests.support.stage import LOOPS, on_loop

T = TypeVar("T")
pytestmark = pytest.mark.program("rspamd")

TRIES = 20
"""It notes a moment later what it has learned."""
LOTTERY = b"Subject: hello\r\nFrom: a@b.test\r\n\r\nYou won in our lottery.\r\n"
FACTS = EngineFacts(
    peer="192.0.2.7",
    helo="mail.b.test",
    ptr="mail.b.test",
    sender="a@b.test",
    recipients=("c@d.test", "e@d.test"),
    user="",
    transaction="ABC123",
)


def with_client(
    endpoint: Endpoint,
    work: Callable[[Rspamd], Awaitable[T]],
    loop: str = "uvloop",
    settings_id: str = "",
    password: Secret | None = None,
) -> T:
    async def main() -> T:
        client = Rspamd(endpoint, 15, 4, settings_id=settings_id, password=password)
        try:
            return await work(client)
        finally:
            client.close()

    return on_loop(loop, main)


def check(
    daemon: RspamdDaemon, raw: bytes, facts: EngineFacts = FACTS, settings_id: str = ""
) -> EngineVerdict:
    return with_client(
        daemon.worker, lambda client: client.check(raw, facts), settings_id=settings_id
    )


def symbols(verdict: EngineVerdict) -> dict[str, Reason]:
    return {symbol.code: symbol for symbol in verdict.symbols}


@pytest.mark.parametrize("loop", sorted(LOOPS))
@pytest.mark.parametrize("unix", [False, True])
def test_a_message_is_examined(rspamd: RspamdDaemon, loop: str, unix: bool) -> None:
    endpoint = rspamd.worker_socket if unix else rspamd.worker
    verdict = with_client(endpoint, lambda client: client.check(LOTTERY, FACTS), loop)
    assert verdict.score == pytest.approx(7.5)
    assert verdict.required == 15
    assert verdict.action == "add header"
    assert not verdict.refuses
    assert not verdict.defers
    found = symbols(verdict)
    assert found["LOTTERY"] == Reason("LOTTERY", "Promises a prize in a lottery.", 7.5)
    assert found["ANYTHING"].score == 0
    decision = judge_spam(verdict, RspamdRules(weight=2))
    assert decision.passes
    assert decision.reasons == (Reason("rspamd-lottery", "Promises a prize in a lottery.", 15.0),)


def test_what_speaks_for_a_message_counts_too(rspamd: RspamdDaemon) -> None:
    verdict = check(rspamd, b"Subject: Our meeting\r\n\r\nNo prizes.\r\n")
    assert verdict.score == pytest.approx(-2.0)
    assert verdict.action == "no action"


def test_it_is_told_of_the_envelope(rspamd: RspamdDaemon) -> None:
    said = symbols(check(rspamd, LOTTERY))["ENVELOPE"].text
    assert said == (
        "Rspamd's rule ENVELOPE (192.0.2.7, "
        "mail.b.test mail.b.test a@b.test c@d.test+e@d.test - ABC123)."
    )


def test_of_our_users_too_and_of_what_has_no_sender(rspamd: RspamdDaemon) -> None:
    facts = EngineFacts(peer="2001:db8::1", user="anna@d.test", recipients=("x@y.test",))
    said = symbols(check(rspamd, LOTTERY, facts))["ENVELOPE"].text
    assert "(2001:db8::1, " in said
    assert said.endswith(" x@y.test anna@d.test -).") or " anna@d.test " in said


def test_names_from_outside_cannot_add_fields(rspamd: RspamdDaemon) -> None:
    facts = EngineFacts(
        peer="192.0.2.7", helo="x\r\nUser: admin\r\nSettings-ID: lenient\r\n\r\n", sender="a@b\nc.d"
    )
    verdict = check(rspamd, LOTTERY, facts)
    found = symbols(verdict)
    assert "LOTTERY" in found
    assert " admin " not in found["ENVELOPE"].text.replace("User: admin", "")


def test_settings_by_their_name(rspamd: RspamdDaemon) -> None:
    assert "LOTTERY" not in symbols(check(rspamd, LOTTERY, settings_id="lenient"))


@pytest.mark.parametrize(
    ("order", "act", "status"),
    [("reject", Act.REFUSE, "5.7.1"), ("soft reject", Act.DEFER, "4.7.1")],
)
def test_what_it_orders_whatever_the_score(
    rspamd: RspamdDaemon, order: str, act: Act, status: str
) -> None:
    verdict = check(rspamd, b"X-Order: " + order.encode() + b"\r\n" + LOTTERY)
    assert verdict.forced
    decision = judge_spam(verdict)
    assert decision.act is act
    assert decision.status == status
    assert decision.text == "Because a rule says so"
    assert judge_spam(verdict, RspamdRules(actions=False)).passes


def test_its_own_test_message_is_refused(rspamd: RspamdDaemon) -> None:
    verdict = check(rspamd, b"Subject: x\r\n\r\n" + GTUBE + b"\r\n")
    assert verdict.refuses


def test_odd_messages_are_answered(rspamd: RspamdDaemon) -> None:
    for raw in (b"\r\n", b"x", b"\x00" * 5000, b"A: " + b"x" * 400_000 + b"\r\n\r\n\xff\r\n"):
        assert check(rspamd, raw).action


def test_many_at_once(rspamd: RspamdDaemon) -> None:
    async def all_of_them(client: Rspamd) -> list[EngineVerdict]:
        return await asyncio.gather(*(client.check(LOTTERY, FACTS) for _ in range(40)))

    verdicts = with_client(rspamd.worker, all_of_them)
    assert {round(verdict.score, 2) for verdict in verdicts} == {7.5}


def test_it_learns(rspamd: RspamdDaemon) -> None:
    words = b"\r\n".join(b"wonderful%d offers for a hundred%d friends" % (n, n) for n in range(30))
    raw = b"Subject: learn\r\nMessage-ID: <learn@b.test>\r\n\r\n" + words

    async def teach(client: Rspamd) -> list[Learned]:
        assert await client.authorized()
        found = [await client.learn(raw, True)]
        while found[-1] is not Learned.KNOWN and len(found) < TRIES:
            found.append(await client.learn(raw, True))
        return [*found, await client.learn(raw, False)]

    first, *_, known, other_way = with_client(rspamd.controller, teach, password=Secret(PASSWORD))
    assert first is Learned.LEARNED
    assert known is Learned.KNOWN
    assert other_way is Learned.LEARNED


@pytest.mark.parametrize("password", [None, Secret("wrong")])
def test_it_learns_from_nobody_else(rspamd: RspamdDaemon, password: Secret | None) -> None:
    async def teach(client: Rspamd) -> bool:
        with pytest.raises(EngineFailure, match=r"40[13]"):
            await client.learn(LOTTERY, True)
        return await client.authorized()

    assert with_client(rspamd.controller, teach, password=password) is False


def test_who_it_is(rspamd: RspamdDaemon) -> None:
    assert with_client(rspamd.worker, lambda client: client.version()).startswith("rspamd")

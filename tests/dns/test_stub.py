"""The stub resolver against a real server on loopback."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
import uvloop

from alphorn.dns.answers import Answer, DnsError, Mx, NoAnswer, NoSuchName, Temporary, Unusable
from alphorn.dns.stub import (
    MAX_ADDRESSES,
    MAX_MX,
    MAX_NEGATIVE_TTL,
    MAX_OF_FAMILY,
    MAX_TTL,
    MAX_TXT,
    TEMPORARY_TTL,
    StubResolver,
)
from tests.support import dns
from tests.support.dns import DnsServer, Fault, Zone, silent_address

ZONE: Zone = {
    "remote.test": {
        "MX": ["20 mx2.remote.test", "10 MX1.remote.test."],
        "TXT": ["v=spf1 -all", "x" * 700, 'quo"te'],
    },
    "mx1.remote.test": {"A": ["127.0.0.2"], "AAAA": ["::1"]},
    "mx2.remote.test": {"A": ["127.0.0.3"]},
    "2.0.0.127.in-addr.arpa": {"PTR": ["mx1.remote.test"]},
    "nomail.test": {"MX": ["0 ."]},
    "odd.test": {"MX": ["0 .", "10 mx1.remote.test"]},
    "silly.test": {"MX": ["10 a\\032b.test", "10 <script>.test"]},
    "alias.test": {"CNAME": ["other.alias.test"]},
    "other.alias.test": {"CNAME": ["remote.test"]},
    "loop.test": {"CNAME": ["loop.test"]},
    "xn--bcher-kva.test": {"A": ["127.0.0.4"]},
    "many.test": {
        "MX": [f"{number} mx{number}.test" for number in range(MAX_MX + 10)],
        "A": [f"127.0.1.{number}" for number in range(MAX_ADDRESSES + 10)],
        "TXT": [str(number) for number in range(MAX_TXT + 10)],
    },
    "crowd.test": {"A": [f"127.1.{n // 250}.{n % 250}" for n in range(MAX_OF_FAMILY + 9)]},
    "half.test": {"A": ["127.0.0.5"], "AAAA": Fault.SERVFAIL},
    "quarter.test": {"AAAA": Fault.SERVFAIL, "TXT": ["x"]},
    "long.test": {"TXT": ["y" * 20_000]},
    "_dmarc.remote.test": {"TXT": ["v=DMARC1; p=none"]},
    **{f"{fault.name.lower().replace('_', '-')}.test": fault for fault in Fault},
}


@pytest.fixture(scope="module")
def server() -> Iterator[DnsServer]:
    with DnsServer(dict(ZONE)) as server:
        yield server


@pytest.fixture
def resolver(server: DnsServer) -> StubResolver:
    return dns.resolver(server)


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(coroutine)


def test_mx_by_preference(resolver: StubResolver) -> None:
    answer = run(resolver.mx("Remote.TEST."))
    assert answer == Answer((Mx(10, "mx1.remote.test"), Mx(20, "mx2.remote.test")), "remote.test")


def test_null_mx(resolver: StubResolver) -> None:
    assert run(resolver.mx("nomail.test")).records == (Mx(0, ""),)


def test_null_mx_beside_others_means_nothing(resolver: StubResolver) -> None:
    assert run(resolver.mx("odd.test")).records == (Mx(10, "mx1.remote.test"),)


def test_hosts_that_are_none_are_unusable(resolver: StubResolver) -> None:
    with pytest.raises(Unusable):
        run(resolver.mx("silly.test"))


def test_addresses_of_both_families(resolver: StubResolver) -> None:
    assert run(resolver.addresses("mx1.remote.test")).records == ("::1", "127.0.0.2")


def test_one_family_is_enough(resolver: StubResolver) -> None:
    assert run(resolver.addresses("half.test")).records == ("127.0.0.5",)


def test_one_family_failing_and_none_of_the_other_is_temporary(resolver: StubResolver) -> None:
    with pytest.raises(Temporary):
        run(resolver.addresses("quarter.test"))


def test_txt_strings_are_joined(resolver: StubResolver) -> None:
    assert set(run(resolver.txt("remote.test")).records) == {
        b"v=spf1 -all",
        b"x" * 700,
        b'quo"te',
    }


def test_names_with_an_underscore(resolver: StubResolver) -> None:
    assert run(resolver.txt("_dmarc.remote.test")).records == (b"v=DMARC1; p=none",)


def test_ptr(resolver: StubResolver) -> None:
    assert run(resolver.ptr("127.0.0.2")).records == ("mx1.remote.test",)
    with pytest.raises(NoSuchName):
        run(resolver.ptr("2001:db8::1"))
    with pytest.raises(NoSuchName):
        run(resolver.ptr("no address"))


def test_aliases_are_followed(resolver: StubResolver) -> None:
    answer = run(resolver.mx("alias.test"))
    assert answer.canonical == "remote.test"
    assert len(answer.records) == 2


def test_unicode_names(resolver: StubResolver) -> None:
    assert run(resolver.addresses("Bücher.test")).records == ("127.0.0.4",)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("absent.test", NoSuchName),
        ("alias.test", NoAnswer),
        ("loop.test", Temporary),
        ("servfail.test", Temporary),
        ("refused.test", Temporary),
        ("timeout.test", Temporary),
        ("garbage.test", Temporary),
        ("wrong-id.test", Temporary),
        ("wrong-name.test", Temporary),
        ("truncate.test", Temporary),
        ("", NoSuchName),
        ("a..b.test", NoSuchName),
        ("a b.test", NoSuchName),
        ("x" * 64 + ".test", NoSuchName),
        ("x." * 130 + "test", NoSuchName),
        ("\N{SNOWMAN}..test", NoSuchName),
    ],
)
def test_what_goes_wrong(resolver: StubResolver, name: str, kind: type[DnsError]) -> None:
    with pytest.raises(DnsError) as caught:
        run(resolver.addresses(name))
    assert type(caught.value) is kind


def test_records_of_other_names_are_not_taken(resolver: StubResolver) -> None:
    with pytest.raises(NoAnswer):
        run(resolver.addresses("extra-name.test"))


def test_long_answers_come_over_tcp(server: DnsServer, resolver: StubResolver) -> None:
    before = server.asked("long.test", "TXT")
    assert run(resolver.txt("long.test")).records == (b"y" * 20_000,)
    assert server.asked("long.test", "TXT") == before + 2


def test_counts_are_bounded(resolver: StubResolver) -> None:
    mx = run(resolver.mx("many.test")).records
    assert mx == tuple(Mx(number, f"mx{number}.test") for number in range(MAX_MX))
    assert len(run(resolver.addresses("many.test")).records) == MAX_ADDRESSES
    assert len(run(resolver.txt("many.test")).records) == MAX_TXT
    assert len(run(resolver.addresses("crowd.test")).records) == MAX_ADDRESSES
    assert len(run(resolver.ipv4("crowd.test")).records) == MAX_OF_FAMILY


def test_ad_is_told() -> None:
    with DnsServer(dict(ZONE), authentic=True) as server:
        assert run(StubResolver([server.address]).mx("remote.test")).authentic


def test_a_silent_server_is_passed_over(server: DnsServer) -> None:
    resolver = StubResolver([silent_address(), server.address], timeout=0.2, lifetime=30)
    assert run(resolver.mx("remote.test")).records


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("name", "kept"),
    [("remote.test", 300), ("absent.test", 60), ("long.test", 60), ("servfail.test", 5)],
)
def test_answers_are_kept_as_long_as_they_may(name: str, kept: int) -> None:
    clock = Clock()
    with DnsServer(dict(ZONE)) as server:
        resolver = dns.resolver(server, clock)

        async def ask() -> None:
            try:
                await resolver.mx(name)
            except DnsError:
                pass

        run(ask())
        asked = server.asked(name, "MX")
        clock.now += kept - 1
        run(ask())
        assert server.asked(name, "MX") == asked
        clock.now += 2
        run(ask())
        assert server.asked(name, "MX") > asked
    assert TEMPORARY_TTL == 5


@pytest.mark.parametrize(
    ("name", "limit"), [("remote.test", MAX_TTL), ("no.test", MAX_NEGATIVE_TTL)]
)
def test_times_to_live_are_cut(name: str, limit: int) -> None:
    clock = Clock()
    with DnsServer(dict(ZONE), ttl=10**8, negative_ttl=10**8) as server:
        resolver = StubResolver([server.address], ticks=clock)

        async def ask() -> None:
            try:
                await resolver.mx(name)
            except DnsError:
                pass

        run(ask())
        clock.now += limit + 1
        run(ask())
        assert server.asked(name, "MX") == 2


def test_a_ttl_of_zero_is_not_kept() -> None:
    with DnsServer(dict(ZONE), ttl=0) as server:
        resolver = StubResolver([server.address])
        run(resolver.mx("remote.test"))
        run(resolver.mx("remote.test"))
        assert server.asked("remote.test", "MX") == 2


def test_the_same_question_at_once_is_asked_once(server: DnsServer) -> None:
    resolver = StubResolver([server.address])
    server.zone["burst.test"] = {"MX": ["1 mx1.remote.test"]}

    async def burst() -> list[Answer[Mx]]:
        return await asyncio.gather(*(resolver.mx("burst.test") for _ in range(50)))

    assert len(run(burst())) == 50
    assert server.asked("burst.test", "MX") == 1


def test_who_gives_up_does_not_take_the_answer_from_others(server: DnsServer) -> None:
    resolver = StubResolver([server.address])
    server.zone["shared.test"] = {"MX": ["1 mx1.remote.test"]}

    async def ask() -> Answer[Mx]:
        first = asyncio.create_task(resolver.mx("shared.test"))
        second = asyncio.create_task(resolver.mx("shared.test"))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert run(ask()).records


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_on_both_event_loops(
    server: DnsServer, new_loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    resolver = StubResolver([server.address])
    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert runner.run(resolver.txt("long.test")).records
        assert runner.run(resolver.mx("remote.test")).records
        assert runner.run(resolver.addresses("mx1.remote.test")).records


def test_questions_that_wait_long_make_room_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers that never answer do not use up the room; within `PATIENCE` nobody is given up."""
    patience = 0.4
    monkeypatch.setattr("alphorn.dns.stub.MAX_ASKED_AT_ONCE", 3)
    monkeypatch.setattr("alphorn.dns.stub.PATIENCE", patience)
    zone: Zone = {f"n{number}.hang.test": Fault.TIMEOUT for number in range(8)}
    zone["good.test"] = {"A": ["192.0.2.1"]}

    async def main(resolver: StubResolver) -> None:
        hanging = [
            asyncio.create_task(resolver.ipv4(f"n{number}.hang.test")) for number in range(8)
        ]
        await asyncio.sleep(0)
        began = time.monotonic()
        assert (await resolver.ipv4("good.test")).records == ("192.0.2.1",)
        # Three rounds of three: those before it had their time too.
        assert 2 * patience - 0.1 <= time.monotonic() - began < 30
        for task in hanging[:6]:
            with pytest.raises(Temporary):
                await task
        for task in hanging:
            task.cancel()

    with DnsServer(zone) as server:
        asyncio.run(main(StubResolver([server.address], timeout=60, lifetime=60)))

"""Which servers are tried, against a real resolver and a real DNS server."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest

from alphorn.dns.stub import StubResolver
from alphorn.queue import route
from alphorn.queue.route import NoRoute, Ourselves, Server, addresses, servers
from tests.support import dns
from tests.support.dns import DnsServer, Fault, Zone

ZONE: Zone = {
    "remote.test": {
        "MX": ["20 mx3.remote.test", "10 mx1.remote.test", "10 mx2.remote.test"],
    },
    "bare.test": {"A": ["192.88.99.1"]},
    "alias.test": {"CNAME": ["remote.test"]},
    "nomail.test": {"MX": ["0 ."]},
    "broken.test": Fault.SERVFAIL,
    "silly.test": {"MX": ["10 <script>.test"]},
    "backup.test": {"MX": ["10 mx1.remote.test", "20 Mail.Example.TEST", "30 mx2.remote.test"]},
    "circle.test": {"MX": ["10 mail.example.test", "20 mx1.remote.test"]},
    "mail.example.test": {"A": ["8.8.4.4"]},
    "mx1.remote.test": {
        "A": ["8.8.8.8", "8.8.8.9"],
        "AAAA": ["2001:4860:4860::1", "2001:4860:4860::2", "2001:4860:4860::3"],
    },
    "hidden.test": {"A": ["10.0.0.1", "127.0.0.1", "169.254.1.1", "192.168.1.1", "0.0.0.0"]},
    "mapped.test": {"AAAA": ["::1", "fe80::1", "fd00::1", "::ffff:10.0.0.1"]},
    "partly.test": {"A": ["10.0.0.1", "8.8.8.8"]},
    "ours.test": {"A": ["8.8.4.4"]},
}
OURSELVES = Ourselves(frozenset({"mail.example.test"}), lambda address: address == "8.8.4.4")


@pytest.fixture(scope="module")
def resolver() -> Iterator[StubResolver]:
    with DnsServer(dict(ZONE)) as server:
        yield dns.resolver(server)


def found(destination: str, resolver: StubResolver, seed: int = 1) -> list[str]:
    route = asyncio.run(servers(destination, resolver, OURSELVES, Random(seed)))
    return [server.name for server in route]


def test_servers_come_by_preference_and_by_chance_among_equals(resolver: StubResolver) -> None:
    orders = Counter(tuple(found("remote.test", resolver, seed)) for seed in range(100))
    assert set(orders) == {
        ("mx1.remote.test", "mx2.remote.test", "mx3.remote.test"),
        ("mx2.remote.test", "mx1.remote.test", "mx3.remote.test"),
    }
    assert min(orders.values()) > 20


def test_without_mx_the_domain_is_its_own_server(resolver: StubResolver) -> None:
    assert found("bare.test", resolver) == ["bare.test"]


def test_an_alias_has_the_servers_of_its_target(resolver: StubResolver) -> None:
    assert len(found("alias.test", resolver)) == 3


def test_of_a_destination_we_are_a_backup_for_only_better_servers_are_tried(
    resolver: StubResolver,
) -> None:
    assert found("backup.test", resolver) == ["mx1.remote.test"]


@pytest.mark.parametrize(
    ("destination", "code", "enhanced"),
    [
        ("nomail.test", 556, "5.1.10"),
        ("absent.test", 550, "5.1.2"),
        ("broken.test", 451, "4.4.3"),
        ("silly.test", 550, "5.4.4"),
        ("circle.test", 554, "5.4.6"),
        ("mail.example.test", 554, "5.4.6"),
        ("[192.0.2]", 553, "5.1.2"),
        ("[ipv6:nonsense]", 553, "5.1.2"),
        ("no name", 550, "5.1.2"),
    ],
)
def test_no_route(resolver: StubResolver, destination: str, code: int, enhanced: str) -> None:
    with pytest.raises(NoRoute) as caught:
        found(destination, resolver)
    assert (caught.value.reply.code, caught.value.reply.enhanced) == (code, enhanced)


@pytest.mark.parametrize(
    ("destination", "address"),
    [("[192.0.2.1]", "192.0.2.1"), ("[ipv6:2001:db8::0:1]", "2001:db8::1")],
)
def test_address_literals(resolver: StubResolver, destination: str, address: str) -> None:
    route = asyncio.run(servers(destination, resolver, OURSELVES, Random(1)))
    assert route == [Server(destination, address)]


def of(name: str, resolver: StubResolver, ourselves: Ourselves = OURSELVES) -> list[str]:
    return list(asyncio.run(addresses(Server(name), "d.test", resolver, ourselves, Random(1))))


def test_families_come_by_turns(resolver: StubResolver) -> None:
    order = of("mx1.remote.test", resolver)
    assert [":" in address for address in order] == [True, False, True, False, True]
    assert len(set(order)) == 5


@pytest.mark.parametrize(
    ("name", "code", "enhanced"),
    [
        ("absent.test", 550, "5.4.4"),
        ("remote.test", 550, "5.4.4"),
        ("broken.test", 451, "4.4.3"),
        ("hidden.test", 550, "5.4.4"),
        ("mapped.test", 550, "5.4.4"),
        ("ours.test", 554, "5.4.6"),
    ],
)
def test_no_address(resolver: StubResolver, name: str, code: int, enhanced: str) -> None:
    with pytest.raises(NoRoute) as caught:
        of(name, resolver)
    assert (caught.value.reply.code, caught.value.reply.enhanced) == (code, enhanced)


def test_nobody_aims_us_at_private_addresses_unless_it_is_wanted(resolver: StubResolver) -> None:
    assert of("partly.test", resolver) == ["8.8.8.8"]
    ourselves = Ourselves(frozenset(), lambda address: False, private=True)
    assert sorted(of("partly.test", resolver, ourselves)) == ["10.0.0.1", "8.8.8.8"]


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("64:ff9b::7f00:1", False),  # 127.0.0.1 by way of NAT64
        ("64:ff9b::a00:1", False),
        ("64:ff9b::808:808", True),
        ("::7f00:1", False),
        ("fec0::1", False),
        ("2002:7f00:1::", False),
        ("::ffff:10.0.0.1", False),
        ("2606:4700::1", True),
    ],
)
def test_private_addresses_in_whatever_wrapping(address: str, public: bool) -> None:
    assert route._public(address) is public

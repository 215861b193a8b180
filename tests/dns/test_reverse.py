"""Names of addresses: confirmed when they lead back."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from alphorn.dns.reverse import MAX_NAMES, Names, Reverse, confirmed_name, find_names
from alphorn.dns.stub import StubResolver
from tests.support import dns
from tests.support.dns import DnsServer, Fault, Zone
from tests.support.memorydns import MemoryResolver

ZONE: Zone = {
    "1.2.0.192.in-addr.arpa": {"PTR": ["Mail.example.test."]},
    "2.2.0.192.in-addr.arpa": {"PTR": ["unknown.example.test", "claims.example.test"]},
    "3.2.0.192.in-addr.arpa": {"PTR": ["claims.example.test", "lost.example.test"]},
    "4.2.0.192.in-addr.arpa": {"PTR": ["lost.example.test", "four.example.test"]},
    "5.2.0.192.in-addr.arpa": Fault.SERVFAIL,
    "6.2.0.192.in-addr.arpa": {"PTR": [*(f"n{n}.example.test" for n in range(9)), "six.test"]},
    "7.2.0.192.in-addr.arpa": {"PTR": ["bad\\032name.test"]},
    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa": {
        "PTR": ["mail.example.test"]
    },
    "mail.example.test": {"A": ["192.0.2.99", "192.0.2.1"], "AAAA": ["2001:db8:0::1"]},
    "claims.example.test": {"A": ["192.0.2.77"], "AAAA": Fault.SERVFAIL},
    "lost.example.test": {"A": Fault.TIMEOUT},
    "four.example.test": {"A": ["192.0.2.4"]},
    "six.test": {"A": ["192.0.2.6"]},
}


@pytest.fixture(params=["memory", "network"])
def resolver(request: pytest.FixtureRequest) -> Iterator[Any]:
    if request.param == "memory":
        yield MemoryResolver(ZONE)
    else:
        with DnsServer(ZONE) as server:
            yield dns.resolver(server)


@pytest.mark.parametrize(
    ("ip", "expected"),
    [
        ("192.0.2.1", Reverse("mail.example.test", True, False)),
        ("::ffff:192.0.2.1", Reverse("mail.example.test", True, False)),
        ("2001:db8::1", Reverse("mail.example.test", True, False)),
        ("192.0.2.2", Reverse("claims.example.test", False, False)),
        ("192.0.2.3", Reverse("claims.example.test", False, True)),
        ("192.0.2.4", Reverse("four.example.test", True, False)),
        ("192.0.2.5", Reverse("", False, True)),
        ("192.0.2.6", Reverse("n0.example.test", False, False)),
        ("192.0.2.8", Reverse("", False, False)),
        ("no address", Reverse("", False, False)),
    ],
)
def test_confirmed_name(resolver: Any, ip: str, expected: Reverse) -> None:
    assert asyncio.run(confirmed_name(ip, resolver)) == expected


def test_names_that_are_no_host_names_are_none() -> None:
    with DnsServer(ZONE) as server:
        stub = StubResolver([server.address])
        assert asyncio.run(confirmed_name("192.0.2.7", stub)) == Reverse("", False, False)


def test_few_names_are_asked_about() -> None:
    resolver = MemoryResolver(ZONE)
    asyncio.run(confirmed_name("192.0.2.6", resolver))
    assert len(resolver.questions) == 1 + MAX_NAMES
    names = asyncio.run(find_names("192.0.2.6", resolver, 10))
    assert names.confirmed == ("six.test",)
    assert len(names.claimed) == 10


def test_no_more_are_asked_about_than_needed() -> None:
    resolver = MemoryResolver(
        {
            "1.2.0.192.in-addr.arpa": {"PTR": ["a.test", "b.test"]},
            "a.test": {"A": ["192.0.2.1"]},
            "b.test": {"A": ["192.0.2.1"]},
        }
    )
    assert asyncio.run(find_names("192.0.2.1", resolver, 10, enough=1)) == Names(
        ("a.test",), ("a.test", "b.test")
    )
    assert ("b.test", "A") not in resolver.questions

"""Truncation, silence, lies and rubbish: each ends as the right error, in every question.

The resolver in memory is held against the real one, so that what is tested with it holds.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from alphorn.dns.answers import DnsError, NoAnswer, NoSuchName, Temporary
from alphorn.dns.stub import StubResolver
from tests.support import dns
from tests.support.dns import DnsServer, Fault, Zone
from tests.support.memorydns import MemoryResolver

ZONE: Zone = {
    **{f"{fault.name.lower().replace('_', '-')}.test": fault for fault in Fault},
    "5.2.0.192.in-addr.arpa": {"PTR": Fault.TIMEOUT},
    "both.test": {"A": ["192.0.2.1", "192.0.2.2"], "AAAA": ["2001:db8::1"]},
    "four.test": {"A": ["192.0.2.1"]},
    "six.test": {"AAAA": ["2001:db8::1"]},
    "mail.test": {"MX": ["10 both.test", "5 four.test."], "TXT": ["a", 'b" \\', "\x00\x96"]},
    "nomail.test": {"MX": ["0 ."]},
    "alias.test": {"CNAME": ["both.test"]},
    "loop.test": {"CNAME": ["loop.test"]},
    "nowhere.test": {"CNAME": ["absent.test"]},
    "half.test": {"A": ["192.0.2.1"], "AAAA": Fault.SERVFAIL},
    "an+odd=name with/all.in\\it.test": {"A": ["192.0.2.3"], "TXT": ["odd"]},
    "6.2.0.192.in-addr.arpa": {"PTR": ["both.test", "Four.test."]},
}
ENDS = {Fault.EXTRA_NAME: NoAnswer, Fault.WRONG_TYPE: NoAnswer}
KINDS = ("mx", "addresses", "ipv4", "ipv6", "txt")
NAMES = [name for name in ZONE if not name.endswith("arpa")] + ["absent.test", "a..test", ""]


@pytest.fixture(scope="module")
def server() -> Iterator[DnsServer]:
    with DnsServer(ZONE) as server:
        yield server


def outcome(resolver: Any, kind: str, name: str) -> Any:
    try:
        records = asyncio.run(getattr(resolver, kind)(name)).records
    except DnsError as error:
        return type(error)
    return records if kind == "mx" else sorted(records)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", Fault)
def test_every_fault_ends_as_an_error(server: DnsServer, fault: Fault, kind: str) -> None:
    resolver = dns.resolver(server)
    name = f"{fault.name.lower().replace('_', '-')}.test"
    assert outcome(resolver, kind, name) is ENDS.get(fault, Temporary)


@pytest.mark.parametrize("kind", KINDS)
def test_memory_answers_as_the_network_does(server: DnsServer, kind: str) -> None:
    memory = MemoryResolver(ZONE)
    stub = dns.resolver(server)
    for name in NAMES:
        assert outcome(memory, kind, name) == outcome(stub, kind, name), name


@pytest.mark.parametrize("address", ["192.0.2.5", "192.0.2.6", "192.0.2.7", "2001:db8::1", "x"])
def test_memory_knows_the_names_of_addresses(server: DnsServer, address: str) -> None:
    stub = dns.resolver(server)
    assert outcome(MemoryResolver(ZONE), "ptr", address) == outcome(stub, "ptr", address)


def test_one_family_alone(server: DnsServer) -> None:
    resolver = StubResolver([server.address])
    assert outcome(resolver, "ipv4", "both.test") == ["192.0.2.1", "192.0.2.2"]
    assert outcome(resolver, "ipv6", "both.test") == ["2001:db8::1"]
    assert outcome(resolver, "ipv6", "four.test") is NoAnswer
    assert outcome(resolver, "ipv4", "six.test") is NoAnswer
    assert outcome(resolver, "ipv4", "absent.test") is NoSuchName


def test_names_that_are_no_host_names_can_be_asked_for(server: DnsServer) -> None:
    resolver = StubResolver([server.address])
    assert outcome(resolver, "txt", "An+odd=name with/all.in\\it.test.") == [b"odd"]
    assert outcome(resolver, "ipv4", "control\x01.test") is NoSuchName
    assert outcome(resolver, "ipv4", "delete\x7f.test") is NoSuchName

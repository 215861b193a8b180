"""Lists in the DNS: what counts as listed, and what never does."""

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest

from alphorn.dns.lists import (
    MAX_REASON,
    Listing,
    ListZone,
    Standing,
    look_up_address,
    look_up_domain,
    read_codes,
    trouble,
)
from tests.support import dns
from tests.support.dns import DnsServer, Fault, Zone
from tests.support.memorydns import MemoryResolver

V6 = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"
ZONE: Zone = {
    "9.2.0.192.bl.test": {"A": ["127.0.0.2"], "TXT": ["Listed, see https://bl.test/192.0.2.9"]},
    "10.2.0.192.bl.test": {"A": ["127.0.0.4", "127.0.0.10"]},
    "11.2.0.192.bl.test": {"A": ["127.255.255.254"], "TXT": ["Public resolvers are not served"]},
    "12.2.0.192.bl.test": {"A": ["203.0.113.80"]},
    "13.2.0.192.bl.test": {"A": ["127.0.0.2", "203.0.113.80"]},
    "14.2.0.192.bl.test": {"A": ["127.0.0.1"]},
    "15.2.0.192.bl.test": {"A": ["127.0.0.255"]},
    "16.2.0.192.bl.test": {"A": Fault.TIMEOUT},
    "17.2.0.192.bl.test": {"A": ["127.0.0.2"], "TXT": Fault.SERVFAIL},
    "18.2.0.192.bl.test": {"A": ["127.0.0.2"], "TXT": ["a\r\nb\x00" + "c" * 900, "\xff"]},
    "19.2.0.192.bl.test": {"TXT": ["no address"]},
    f"{V6}.bl.test": {"A": ["127.0.0.3"]},
    "bad.example.dbl.test": {"A": ["127.0.1.2"]},
    "xn--bcher-kva.example.dbl.test": {"A": ["127.0.1.4"]},
    "9.2.0.192.dbl.test": {"A": ["127.0.1.9"]},
    "9.2.0.192.wl.test": {"A": ["127.0.5.3"]},
}
BLOCK = ListZone("bl.test", "block")
NAMES = ListZone("dbl.test", "block")
ALLOW = ListZone("wl.test", "allow", read_codes("127.0.2.2-127.0.20.3"), 2.0)


def run(question: Coroutine[Any, Any, Listing]) -> Listing:
    return asyncio.run(question)


@pytest.fixture(params=["memory", "network"])
def resolver(request: pytest.FixtureRequest) -> Iterator[Any]:
    if request.param == "memory":
        yield MemoryResolver(ZONE)
    else:
        with DnsServer(ZONE) as server:
            yield dns.resolver(server)


@pytest.mark.parametrize(
    ("ip", "standing"),
    [
        ("192.0.2.9", Standing.LISTED),
        ("::ffff:192.0.2.9", Standing.LISTED),
        ("192.0.2.10", Standing.LISTED),
        ("2001:db8::1", Standing.LISTED),
        ("192.0.2.8", Standing.CLEAR),
        ("2001:db8::2", Standing.CLEAR),
        ("192.0.2.19", Standing.CLEAR),
        ("no address", Standing.CLEAR),
        ("192.0.2.11", Standing.REFUSED),
        ("192.0.2.12", Standing.REFUSED),
        ("192.0.2.13", Standing.REFUSED),
        ("192.0.2.14", Standing.REFUSED),
        ("192.0.2.15", Standing.REFUSED),
        ("192.0.2.16", Standing.UNKNOWN),
    ],
)
def test_addresses(resolver: Any, ip: str, standing: Standing) -> None:
    assert run(look_up_address(ip, BLOCK, resolver)).standing is standing


def test_the_answer_and_the_reason_are_told(resolver: Any) -> None:
    assert run(look_up_address("192.0.2.9", BLOCK, resolver)) == Listing(
        BLOCK, Standing.LISTED, ("127.0.0.2",), "Listed, see https://bl.test/192.0.2.9"
    )
    refused = run(look_up_address("192.0.2.11", BLOCK, resolver))
    assert refused.codes == ("127.255.255.254",)
    assert refused.reason == "Public resolvers are not served"


def test_a_lost_reason_changes_nothing(resolver: Any) -> None:
    listing = run(look_up_address("192.0.2.17", BLOCK, resolver))
    assert (listing.standing, listing.reason) == (Standing.LISTED, "")


def test_a_foreign_reason_is_bounded_and_printable(resolver: Any) -> None:
    reason = run(look_up_address("192.0.2.18", BLOCK, resolver)).reason
    assert len(reason) == MAX_REASON
    assert reason.startswith("abccc")


def test_a_reason_is_asked_for_only_where_wanted() -> None:
    resolver = MemoryResolver(ZONE)
    run(look_up_address("192.0.2.9", BLOCK, resolver, reason=False))
    run(look_up_address("192.0.2.8", BLOCK, resolver))
    assert [kind for _, kind in resolver.questions] == ["A", "A"]


@pytest.mark.parametrize(
    ("domain", "standing"),
    [
        ("bad.example", Standing.LISTED),
        ("BAD.example.", Standing.LISTED),
        ("Bücher.example", Standing.LISTED),
        ("192.0.2.9", Standing.LISTED),
        ("good.example", Standing.CLEAR),
        ("", Standing.CLEAR),
        ("a..b", Standing.CLEAR),
        ("[192.0.2.9]", Standing.CLEAR),
        ("x" * 300, Standing.CLEAR),
    ],
)
def test_domains(resolver: Any, domain: str, standing: Standing) -> None:
    assert run(look_up_domain(domain, NAMES, resolver)).standing is standing


@pytest.mark.parametrize(
    ("codes", "ip", "standing"),
    [
        ("127.0.0.10-127.0.0.11", "192.0.2.10", Standing.LISTED),
        ("127.0.0.10-127.0.0.11", "192.0.2.9", Standing.CLEAR),
        ("127.0.0.4", "192.0.2.10", Standing.LISTED),
        ("127.0.0.0/29", "192.0.2.9", Standing.LISTED),
        ("127.0.1.0/24", "192.0.2.9", Standing.CLEAR),
        ("127.0.0.8, 127.0.0.2", "192.0.2.9", Standing.LISTED),
        ("&6", "192.0.2.9", Standing.LISTED),
        ("&12", "192.0.2.9", Standing.CLEAR),
        ("&8", "192.0.2.10", Standing.LISTED),
        ("127.0.0.0/8", "192.0.2.11", Standing.REFUSED),
        ("&255", "192.0.2.12", Standing.REFUSED),
    ],
)
def test_only_codes_that_count_do(codes: str, ip: str, standing: Standing) -> None:
    zone = ListZone("bl.test", "block", read_codes(codes))
    assert run(look_up_address(ip, zone, MemoryResolver(ZONE))).standing is standing


def test_an_allow_list_is_asked_likewise(resolver: Any) -> None:
    assert run(look_up_address("192.0.2.9", ALLOW, resolver)).standing is Standing.LISTED
    assert run(look_up_address("192.0.2.10", ALLOW, resolver)).standing is Standing.CLEAR


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "127.0.0.2-",
        "127.0.0.3-127.0.0.2",
        "127.0.0.1-127.0.0.2-127.0.0.3",
        "&0",
        "&256",
        "&",
        "128.0.0.1",
        "126.0.0.0-127.0.0.2",
        "127.0.0.2/33",
        "0.0.0.0/0",
        "127.0.0.2 " * 65,
    ],
)
def test_codes_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"^has "):
        read_codes(text)


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ({"2.0.0.127": ["127.0.0.2"]}, ""),
        ({}, "is empty"),
        ({"2.0.0.127": ["127.0.0.2"], "1.0.0.127": ["127.0.0.2"]}, "lists everybody"),
        ({"2.0.0.127": ["127.255.255.254"]}, "does not answer for the resolver"),
        ({"2.0.0.127": ["192.0.2.80"], "1.0.0.127": ["192.0.2.80"]}, "does not answer for the res"),
        ({"2.0.0.127": Fault.SERVFAIL}, "does not answer for now"),
    ],
)
def test_what_speaks_against_a_list(records: dict[str, list[str] | Fault], words: str) -> None:
    zone: Zone = {f"{name}.bl.test": {"A": found} for name, found in records.items()}
    found = asyncio.run(trouble(BLOCK, MemoryResolver(zone)))
    assert words in found
    assert bool(found) is bool(words)


def test_a_list_of_names_is_tried_with_names() -> None:
    good: Zone = {"test.dbl.test": {"A": ["127.0.1.2"]}}
    assert asyncio.run(trouble(NAMES, MemoryResolver(good), names=True)) == ""
    everybody: Zone = {**good, "invalid.dbl.test": {"A": ["127.0.1.2"]}}
    assert "everybody" in asyncio.run(trouble(NAMES, MemoryResolver(everybody), names=True))

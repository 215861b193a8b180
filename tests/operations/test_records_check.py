"""What the records of a domain in the DNS amount to."""

import asyncio

import pytest

from alphorn.operations.records import domain_records
from alphorn.operations.records_check import Checked, check_domain, own_addresses
from tests.support.dns import Fault, Zone
from tests.support.memorydns import MemoryResolver

HOST = "mx.example.test"
DOMAIN = "example.test"
KEYS = (
    ("s1", "v=DKIM1; k=rsa; p=" + "A" * 392),
    ("s2", "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="),
)
RECORDS = domain_records(DOMAIN, HOST, KEYS)
ADDRESSES = ("192.0.2.1", "2001:db8::1")


@pytest.fixture
def zone() -> Zone:
    """Everything as it is advised."""
    zone: Zone = {HOST: {"A": ["192.0.2.1"], "AAAA": ["2001:db8::1"]}}
    for record in RECORDS:
        if record.type in ("MX", "TXT"):
            entry = zone.setdefault(record.name, {})
            assert isinstance(entry, dict)
            entry.setdefault(record.type, []).append(record.value)
    return zone


def look(zone: Zone, domain: str = DOMAIN) -> Checked:
    resolver = MemoryResolver(zone)
    return asyncio.run(check_domain(domain, resolver, HOST, ADDRESSES, RECORDS))


def spf(*texts: str) -> Zone:
    return {DOMAIN: {"MX": [f"10 {HOST}"], "TXT": list(texts)}}


def dmarc(*texts: str) -> Zone:
    return {f"_dmarc.{DOMAIN}": {"TXT": list(texts)}}


def test_what_we_advise_is_right(zone: Zone) -> None:
    assert look(zone) == Checked()


@pytest.mark.parametrize(
    ("change", "code", "grave", "publish", "detail"),
    [
        (spf("hello"), "spf-missing", True, "v=spf1 mx -all", ""),
        (spf("v=spf1 mx -all", "v=spf1 -all"), "spf-several", True, "", "Leave one"),
        (spf("v=spf1 mx foo:bar -all"), "spf-void", True, "", "foo"),
        (spf("v=spf1 ip4:198.51.100.1 -all"), "spf-foreign", True, "v=spf1 mx -all", ""),
        (spf("v=spf1 ip4:192.0.2.1 -all"), "spf-foreign", True, "v=spf1 mx -all", ""),
        (spf("v=spf1 ip4:198.51.100.1 ~all"), "spf-foreign", True, "v=spf1 mx -all", ""),
        (spf("v=spf1 mx ?all"), "spf-unwise", False, "", "?all"),
        (dmarc(), "dmarc-missing", True, "v=DMARC1; p=", ""),
        (dmarc("v=DMARC1; p=none", "v=DMARC1; p=reject"), "dmarc-several", True, "", "Leave one"),
        (dmarc("v=DMARC1 p=none"), "dmarc-void", True, "v=DMARC1; p=", "semicolon"),
        (dmarc("v=DMARC1; p=none; rua=me@example.test"), "dmarc-unwise", False, "", "mailto:"),
        ({f"s1._domainkey.{DOMAIN}": {"A": ["192.0.2.1"]}}, "dkim-missing", True, "k=rsa", ""),
        ({f"s2._domainkey.{DOMAIN}": {"TXT": ["v=DKIM1; p="]}}, "dkim-other", True, "k=ed", ""),
    ],
)
def test_one_thing_wrong(
    zone: Zone, change: Zone, code: str, grave: bool, publish: str, detail: str
) -> None:
    checked = look({**zone, **change})
    (finding,) = checked.findings
    assert (finding.code, finding.grave) == (code, grave)
    assert publish in finding.publish
    assert bool(publish) == bool(finding.publish)
    assert detail in finding.detail
    assert checked.grave == (checked.findings if grave else ())
    assert not checked.unknown


def test_several_things_wrong(zone: Zone) -> None:
    checked = look({**zone, **spf("x"), **dmarc()})
    assert [finding.code for finding in checked.findings] == ["spf-missing", "dmarc-missing"]


def test_a_parents_dmarc_record_holds_for_a_domain_below_it(zone: Zone) -> None:
    below = f"mail.{DOMAIN}"
    zone[below] = {"MX": [f"10 {HOST}"], "TXT": ["v=spf1 mx -all"]}
    assert look(zone, below) == Checked()
    del zone[f"_dmarc.{DOMAIN}"]
    assert [finding.code for finding in look(zone, below).findings] == ["dmarc-missing"]


@pytest.mark.parametrize(
    ("name", "what"),
    [(DOMAIN, "spf"), (f"_dmarc.{DOMAIN}", "dmarc"), (f"s1._domainkey.{DOMAIN}", "dkim")],
)
@pytest.mark.parametrize("fault", [Fault.TIMEOUT, Fault.SERVFAIL])
def test_what_the_dns_does_not_tell_is_no_finding(
    zone: Zone, name: str, what: str, fault: Fault
) -> None:
    checked = look({**zone, name: fault})
    assert not checked.findings
    assert [kind for kind, _ in checked.unknown] == [what]


def test_an_include_that_does_not_answer_is_no_finding(zone: Zone) -> None:
    zone.update(spf("v=spf1 include:slow.test -all"))
    zone["slow.test"] = Fault.TIMEOUT
    checked = look(zone)
    assert not checked.findings
    assert [kind for kind, _ in checked.unknown] == ["spf"]


def test_where_our_own_addresses_are_not_known_the_rest_is_looked_at(zone: Zone) -> None:
    zone[HOST] = Fault.SERVFAIL
    resolver = MemoryResolver(zone)
    addresses = asyncio.run(own_addresses(HOST, resolver))
    assert addresses == ()
    checked = asyncio.run(check_domain(DOMAIN, resolver, HOST, addresses, RECORDS))
    assert not checked.grave

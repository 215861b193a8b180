"""The DNS of a domain, asked of a real server."""

import asyncio

import pytest

from alphorn.cli.checks import names
from alphorn.cli.checks.finding import Level
from alphorn.operations.records import domain_records
from tests.support import dns
from tests.support.dns import DnsServer, Fault, Zone

HOST = "mx.example.test"
DOMAIN = "example.test"
KEYS = (
    ("s1", "v=DKIM1; k=rsa; p=" + "A" * 392),
    ("s2", "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="),
)
RECORDS = domain_records(DOMAIN, HOST, KEYS)


def right_zone() -> Zone:
    """What the advice says is to be published."""
    zone: Zone = {
        HOST: {"A": ["127.0.0.2"]},
        "2.0.0.127.in-addr.arpa": {"PTR": [HOST]},
    }
    for record in RECORDS:
        if record.type in ("MX", "TXT"):
            entry = zone.setdefault(record.name, {})
            assert isinstance(entry, dict)
            entry.setdefault(record.type, []).append(record.value)
    return zone


@pytest.fixture
def zone() -> Zone:
    return right_zone()


def ask(zone: Zone) -> list[tuple[Level, str, str]]:
    with DnsServer(zone) as server:

        async def main() -> list[tuple[Level, str, str]]:
            resolver = dns.resolver(server)
            found = await names.host(HOST, resolver)
            found += await names.domain(DOMAIN, HOST, RECORDS, resolver)
            return [(finding.level, finding.text, finding.advice) for finding in found]

        return asyncio.run(main())


def only(found: list[tuple[Level, str, str]]) -> tuple[Level, str, str]:
    (problem,) = [one for one in found if one[0] is not Level.OK]
    return problem


def test_all_is_well(zone: Zone) -> None:
    assert [level for level, _, _ in ask(zone)] == [Level.OK, Level.OK]


def test_key_may_be_spaced_otherwise(zone: Zone) -> None:
    name = f"s1._domainkey.{DOMAIN}"
    zone[name] = {"TXT": ["v=DKIM1;k=rsa; p = " + "A" * 200 + " " + "A" * 192]}
    assert [level for level, _, _ in ask(zone)] == [Level.OK, Level.OK]


@pytest.mark.parametrize(
    ("name", "entry", "level", "text", "advice"),
    [
        (DOMAIN, {"TXT": ["v=spf1 mx -all"]}, Level.ERROR, "no MX record", "IN MX 10 mx."),
        (
            DOMAIN,
            {"MX": ["10 other.test"], "TXT": ["v=spf1 mx -all"]},
            Level.ERROR,
            "goes to other.test, not to mx.example.test",
            "IN MX",
        ),
        (DOMAIN, {"MX": [f"10 {HOST}"]}, Level.WARNING, "no SPF record", "v=spf1 mx -all"),
        (
            DOMAIN,
            {"MX": [f"10 {HOST}"], "TXT": ["v=spf1 mx -all", "v=spf1 a -all"]},
            Level.ERROR,
            "2 SPF records",
            "Leave one",
        ),
        (f"_dmarc.{DOMAIN}", {"TXT": ["nothing"]}, Level.WARNING, "no DMARC record", "DMARC1"),
        (
            f"s2._domainkey.{DOMAIN}",
            {"A": ["127.0.0.1"]},
            Level.ERROR,
            "s2._domainkey.example.test is not published",
            "k=ed25519",
        ),
        (
            f"s1._domainkey.{DOMAIN}",
            {"TXT": ["v=DKIM1; p=BBBB"]},
            Level.ERROR,
            "is not the one that signs",
            "k=rsa",
        ),
        (f"_dmarc.{DOMAIN}", Fault.SERVFAIL, Level.WARNING, "cannot be told", "resolver"),
        (
            "2.0.0.127.in-addr.arpa",
            {"PTR": ["pool.provider.test"]},
            Level.WARNING,
            "is called pool.provider.test",
            "PTR",
        ),
        (HOST, {"TXT": ["x"]}, Level.ERROR, "no address", "Publish A"),
    ],
)
def test_one_thing_wrong_is_one_finding_with_advice(
    zone: Zone, name: str, entry: object, level: Level, text: str, advice: str
) -> None:
    zone[name] = entry  # type: ignore[assignment]
    found = only(ask(zone))
    assert found[0] is level
    assert text in found[1]
    assert advice in found[2]

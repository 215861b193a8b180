"""Samples of others: whole messages with their DNS, and what receivers reported about real mail."""

import asyncio
import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from alphorn.mailauth.dkim.public import find_keys
from alphorn.mailauth.dkim.signature import parse
from alphorn.mailauth.dkim.verify import check as check_signatures
from alphorn.mailauth.dmarc.author import author
from alphorn.mailauth.dmarc.evaluate import DmarcResult, evaluate, no_author
from alphorn.mailauth.dmarc.tree import find
from alphorn.mailauth.outcome import Outcome
from alphorn.mailauth.spf.check import check as check_spf
from tests.mailauth.dmarc.vouching import dkim, spf
from tests.support.dns import Fault
from tests.support.memorydns import MemoryResolver

pytestmark = pytest.mark.shared

NOW = 1_750_000_000

SYMBOLS = {
    "DMARC_POLICY_ALLOW": (Outcome.PASS, None),
    "DMARC_POLICY_SOFTFAIL": (Outcome.FAIL, "none"),
    "DMARC_POLICY_QUARANTINE": (Outcome.FAIL, "quarantine"),
    "DMARC_POLICY_REJECT": (Outcome.FAIL, "reject"),
    "DMARC_NA": (Outcome.NONE, ""),
}
OTHERWISE = {
    # The suite takes organizational domains from the list of public suffixes. By RFC 9989 §4.10.2
    # a domain whose parents publish nothing is its own, so that its parent cannot vouch for it.
    "DMARC SUBDOMAIN PASS SPF RELAXED ALIGNMENT": (Outcome.FAIL, "reject"),
}


def zone(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for entry in json.loads(path.read_text()):
        records = found.setdefault(entry["name"].lower(), {})
        if entry["rcode"] == "timeout":
            records[entry["type"].upper()] = Fault.TIMEOUT
        elif entry["rcode"] == "noerror":
            records[entry["type"].upper()] = entry["replies"]
        elif entry["rcode"] == "nxdomain" and not records:
            del found[entry["name"].lower()]
    return found


async def whole(raw: bytes, resolver: MemoryResolver, ip: str, sender: str) -> DmarcResult:
    """As a receiver does it: all questions first, then the computing."""
    said = author(raw)
    if not said.domain:
        return no_author(said)
    signatures = parse(raw)
    keys = await find_keys(signatures, resolver)
    by_spf = await check_spf(resolver, ip, sender, "helo.test") if sender else None
    names = [each.domain for each in signatures] + ([by_spf.domain] if by_spf else [])
    found = await find(said.domain, resolver, names)
    return evaluate(found, said.domain, by_spf, check_signatures(raw, signatures, keys, NOW))


def cases(shared: Path) -> Iterator[dict[str, str]]:
    with (shared / "dkim/rspamd/expected.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["suite"] == "115_dmarc":
                yield row


def test_messages_with_their_dns(shared: Path) -> None:
    resolver = MemoryResolver(zone(shared / "dkim/rspamd/dns.json"))
    count = 0
    for row in cases(shared):
        path = shared / "dkim/rspamd" / row["message"]
        if not path.exists():
            path = shared / "mime/rspamd" / row["message"]
        raw = re.sub(rb"\r?\n", b"\r\n", path.read_bytes())
        ip = row["client_ip"] or "203.0.113.1"
        result = asyncio.run(whole(raw, resolver, ip, row["mail_from"]))
        outcome, policy = OTHERWISE.get(row["case"], SYMBOLS[row["expect_symbols"]])
        assert result.outcome is outcome, (row, result)
        assert policy is None or result.policy == policy, (row, result)
        count += 1
    assert count == 8


def test_messages_whose_dns_does_not_answer(shared: Path) -> None:
    """Every question in turn: whatever is lost, nothing fails that did not fail before."""
    records = zone(shared / "dkim/rspamd/dns.json")
    for row in cases(shared):
        path = shared / "dkim/rspamd" / row["message"]
        if not path.exists():
            continue
        raw = re.sub(rb"\r?\n", b"\r\n", path.read_bytes())
        whole_dns = MemoryResolver(records)
        ip = row["client_ip"] or "203.0.113.1"
        before = asyncio.run(whole(raw, whole_dns, ip, row["mail_from"]))
        for name, kind in dict.fromkeys(whole_dns.questions):
            lost = records | {name: {**records.get(name, {}), kind: Fault.TIMEOUT}}
            after = asyncio.run(whole(raw, MemoryResolver(lost), ip, row["mail_from"]))
            if before.outcome is not Outcome.FAIL:
                assert after.outcome is not Outcome.FAIL, (row, name, after)
            assert after.outcome in (before.outcome, Outcome.TEMPERROR), (row, name, after)


def reports(shared: Path) -> Iterator[ElementTree.Element]:
    for path in sorted((shared / "dmarc").rglob("*.xml")):
        try:
            yield ElementTree.fromstring(re.sub(rb'xmlns="[^"]*"', b"", path.read_bytes()))
        except ElementTree.ParseError:
            assert path.name.startswith("invalid")


def test_what_receivers_reported(shared: Path) -> None:
    """Aggregate reports say what SPF and DKIM came to for which domains, and whether that was
    aligned by the record of then (`policy_evaluated`)."""
    count = 0
    for report in reports(shared):
        published = {each.tag: each.text or "" for each in report.find("policy_published") or ()}
        tags = ("p", "sp", "np", "adkim", "aspf")
        text = "; ".join(f"{tag}={published[tag]}" for tag in tags if published.get(tag))
        resolver = MemoryResolver({f"_dmarc.{published['domain']}": {"TXT": [f"v=DMARC1; {text}"]}})
        for record in report.iterfind("record"):
            name = record.findtext("identifiers/header_from", "")
            signed = [
                dkim((each.findtext("result") or "none").lower(), each.findtext("domain") or "")
                for each in record.iterfind("auth_results/dkim")
            ]
            sent = [
                spf((each.findtext("result") or "none").lower(), each.findtext("domain") or "")
                for each in record.iterfind("auth_results/spf")
            ]
            names = [each.domain for each in signed] + [each.domain for each in sent]
            found = asyncio.run(find(name, resolver, names))
            row = record.find("row/policy_evaluated")
            assert row is not None
            for method, result in (
                ("dkim", evaluate(found, name, None, signed)),
                ("spf", evaluate(found, name, sent[0] if sent else None, [])),
            ):
                reported = row.findtext(method, "").lower()
                assert result.outcome == reported, (method, name, result)
                assert result.domain == published["domain"]
            count += 1
    assert count >= 12

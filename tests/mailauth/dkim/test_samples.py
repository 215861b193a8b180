"""Signed messages of other projects' test suites, with the verdict that stands today.

Most of those of mail-dkim were made with SHA-1, with draft versions, or with short keys, and are
refused for that whatever their suite expected when they were written.
"""

import asyncio
import csv
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from alphorn.dns.answers import DnsError, Temporary
from alphorn.mailauth.dkim.verify import DkimResult, check, find_keys, parse
from alphorn.message.line_ends import with_crlf
from tests.mailauth.dkim.independent import Verifier
from tests.mailauth.memory_dns import MemoryDns

pytestmark = pytest.mark.shared

NOW = 1_700_000_000
Zone = dict[str, list[bytes] | DnsError]

MAIL_DKIM = {
    "bad_1.txt": "incomplete",
    "bad_dk_4.txt": "",
    "bad_ietf01_1.txt": "incomplete",
    "bad_ietf01_2.txt": "incomplete",
    "bad_ietf01_3.txt": "incomplete",
    "badkey3_ed25519.txt": "body-changed",
    "badkey4_ed25519.txt": "key-missing",
    "badkey_1.txt": "unknown-version",
    "badkey_11.txt": "key-unsuitable",
    "badkey_12.txt": "sha1",
    "badkey_13.txt": "sha1",
    "badkey_4.txt": "unknown-version",
    "badkey_6.txt": "unknown-version",
    "badkey_7.txt": "unknown-version",
    "badkey_8.txt": "sha1",
    "dk_headers_1.txt": "",
    "good_83176.txt": "sha1",
    "good_dk_1.txt": "",
    "good_dk_2.txt": "",
    "good_dk_3.txt": "",
    "good_dk_5.txt": "",
    "good_dk_yahoo.txt": "",
    "good_ietf00_5.txt": "incomplete",
    "good_ietf01_1.txt": "incomplete",
    "good_qp_1.txt": "sha1",
    "good_qp_2.txt": "sha1",
    "good_rfc4871_4.txt": "sha1",
    "goodkey_1.txt": "sha1",
    "goodkey_ed25519.txt": "pass",
    "ignore_1.txt": "unknown-version",
    "ignore_3.txt": "unknown-version",
    "ignore_4.txt": "unknown-version",
    "ignore_8.txt": "sha1",
    "mine_ietf01_3.txt": "incomplete",
    "mine_ietf05_1.txt": "unknown-version",
    "multiple_2.txt": "sha1 sha1 sha1 malformed",
    "no_body_1.txt": "unknown-version",
    "no_body_2.txt": "unknown-version",
    "no_body_3.txt": "unknown-version",
}

RSPAMD = {
    "arcallow.eml": "key-missing",
    "dkim_broken_key.eml": "key-unsuitable",
    "dkim_huge_hlist.eml": "oversized",
    "dkim_key_wide_ok.eml": "header-changed",
    # Its sixth signature holds; that suite looks at five, we at eight.
    "dkim_many_sigs.eml": "incomplete incomplete incomplete incomplete incomplete pass",
    "dmarc/bad_dkim2.eml": "key-malformed",
    "dmarc/bad_dkim4.eml": "key-malformed",
    "dmarc/dkim_unknown_tags.eml": "pass",
    "dmarc/ed25519_from.eml": "",
    "dmarc/fail_none.eml": "",
    "dmarc/fail_none1.eml": "",
    "dmarc/fail_quarantine.eml": "",
    "dmarc/fail_reject.eml": "",
    "dmarc/good_dkim_highsecure.eml": "pass",
    "dmarc/no_dkim_valid_spf.eml": "",
    "dmarc/onsubdomain_fail.eml": "",
    "dmarc/pass_none.eml": "pass",
    "ed25519-broken.eml": "header-changed header-changed",
    "ed25519.eml": "pass pass",
}

# With their keys in the file; the last is beside the others, for ARC.
STALWART = {
    "dkim/stalwart-mail-auth/002.txt": "pass",
    "dkim/stalwart-mail-auth/003.txt": "pass pass",
    "dkim/stalwart-mail-auth/004.txt": "pass",
    "arc/stalwart-mail-auth/001.txt": "pass pass header-changed",
}

# (message, file with the key record, name of the key) and what comes of it.
RECORDS = [
    ("dkimpy/ed25519test2.msg", "dkimpy/eximtest.dns", "sed._domainkey.test.ex", "pass"),
    ("dkimpy/ed25519test2.msg", "dkimpy/badk.txt", "sed._domainkey.test.ex", "key-unsuitable"),
    ("dkimpy/ed25519test2.msg", "dkimpy/badversion.txt", "sed._domainkey.test.ex", "key-malformed"),
    ("dkimpy/ed25519test2.msg", "dkimpy/test.txt", "sed._domainkey.test.ex", "key-unsuitable"),
    ("dkimpy/ed25519test2.msg", "dkimpy/test_bad.txt", "sed._domainkey.test.ex", "key-malformed"),
    (
        "dkimpy/ed25519test2.msg",
        "dkimpy/test_tlsrpt.txt",
        "sed._domainkey.test.ex",
        "key-unsuitable",
    ),
    (
        "dkimpy/ed25519test2.msg",
        "dkimpy/ed25519test.dns",
        "sed._domainkey.test.ex",
        "header-changed",
    ),
    ("dkimpy/test2.message", "dkimpy/test2.txt", "20120113._domainkey.gmail.com", "header-changed"),
]

# Of the examples of RFC 6376 and RFC 8463; these files hold other signatures of the same messages.
FOOTBALL = {
    "dkimpy/rfc6376.signed.msg": "pass pass",
    "mimekit/rfc8463-example.msg": "pass pass",
    "mailauth/ec/fixtures/signed.eml": "pass pass",
}


DIFFERS = {"sha1", "incomplete", "unknown-version"}
"""What that verifier still accepts."""


def results_of(raw: bytes, zone: Zone) -> tuple[DkimResult, ...]:
    signatures = parse(raw)
    keys = asyncio.run(find_keys(signatures, MemoryDns(zone)))
    return check(raw, signatures, keys, NOW)


def codes_of(raw: bytes, zone: Zone) -> str:
    return " ".join(each.code or each.outcome.value for each in results_of(raw, zone))


def read(path: Path) -> bytes:
    return with_crlf(path.read_bytes())


def mail_dkim_zone(folder: Path) -> Zone:
    zone: Zone = {}
    for line in (folder / "FAKE_DNS.dat").read_text().splitlines():
        name, _, value = line.partition(" ")
        value = value.strip()
        if value.startswith("~~"):
            zone[name] = Temporary(name)
        elif name and not name.startswith("#") and value != "NXDOMAIN":
            zone[name] = [b"" if value == '""' else value.encode()]
    return zone


def rspamd_zone(folder: Path) -> Zone:
    zone: Zone = {}
    for file in ("dns.json", "dns-116_dkim.json"):
        for entry in json.loads((folder / file).read_text()):
            if entry["type"] == "txt" and entry.get("rcode", "noerror") == "noerror":
                zone[entry["name"]] = [text.encode() for text in entry.get("replies", [])]
    return zone


def stalwart(path: Path) -> tuple[Zone, bytes]:
    head, _, message = path.read_bytes().partition(b"\n\n")
    lines = (line.partition(b" ") for line in head.splitlines())
    return {name.decode(): [record] for name, _, record in lines}, with_crlf(message)


@pytest.mark.parametrize(("file", "expected"), MAIL_DKIM.items())
def test_mail_dkim(shared: Path, file: str, expected: str) -> None:
    folder = shared / "dkim/mail-dkim"
    assert codes_of(read(folder / file), mail_dkim_zone(folder)) == expected


def test_what_mail_dkim_expects_of_modern_messages(shared: Path) -> None:
    folder = shared / "dkim/mail-dkim"
    zone = mail_dkim_zone(folder)
    rows = list(csv.DictReader((folder / "expected.csv").read_text().splitlines()))
    assert {row["file"] for row in rows} == set(MAIL_DKIM)
    modern = [row for row in rows if row["modern"] == "yes"]
    assert len(modern) == 5
    for row in modern:
        passes = any(
            each.outcome == "pass" for each in results_of(read(folder / row["file"]), zone)
        )
        assert passes is (row["expected_result_upstream"] == "pass"), row


@pytest.mark.parametrize(("file", "expected"), RSPAMD.items())
def test_rspamd(shared: Path, file: str, expected: str) -> None:
    folder = shared / "dkim/rspamd"
    assert codes_of(read(folder / file), rspamd_zone(folder)) == expected


@pytest.mark.parametrize(("file", "expected"), STALWART.items())
def test_stalwart(shared: Path, file: str, expected: str) -> None:
    zone, message = stalwart(shared / file)
    assert codes_of(message, zone) == expected


@pytest.mark.parametrize(("message", "record", "name", "expected"), RECORDS)
def test_key_records_of_dkimpy(
    shared: Path, message: str, record: str, name: str, expected: str
) -> None:
    zone: Zone = {name: [(shared / "dkim" / record).read_bytes().strip()]}
    assert codes_of(read(shared / "dkim" / message), zone) == expected


def football_zone(shared: Path) -> Zone:
    zone = rspamd_zone(shared / "dkim/rspamd")
    return {name: records for name, records in zone.items() if "football" in name}


@pytest.mark.parametrize(("file", "expected"), FOOTBALL.items())
def test_the_examples_of_the_standards(shared: Path, file: str, expected: str) -> None:
    assert codes_of(read(shared / "dkim" / file), football_zone(shared)) == expected


def test_mimekit_messages_without_their_keys(shared: Path) -> None:
    for file in ("related.msg", "multipart-no-end-boundary.msg"):
        codes = codes_of(read(shared / "dkim/mimekit" / file), {})
        assert set(codes.split()) <= {"key-missing"}


def test_no_file_is_too_odd(shared: Path) -> None:
    """Everything below is taken for a message, keys and pages of text too."""
    files = [path for path in (shared / "dkim").rglob("*") if path.is_file()]
    assert len(files) > 100
    for path in files:
        for raw in (path.read_bytes(), read(path)):
            for result in results_of(raw, {}):
                assert result.outcome != "pass"
                assert result.reason


@pytest.mark.parametrize("form", ["msg", "txt", "eml"])
def test_an_independent_verifier_agrees(shared: Path, verifier: Verifier, form: str) -> None:
    """On every sample that it can read and that both take for a signature of today."""
    zones: list[tuple[bytes, Mapping[str, list[bytes] | DnsError]]] = []
    folder = shared / "dkim"
    if form == "txt":
        zone = mail_dkim_zone(folder / "mail-dkim")
        zones += [(read(folder / "mail-dkim" / file), zone) for file in MAIL_DKIM]
        zones += [stalwart(shared / file)[::-1] for file in STALWART]
    elif form == "eml":
        zone = rspamd_zone(folder / "rspamd")
        zones += [(read(folder / "rspamd" / file), zone) for file in RSPAMD]
    else:
        zones += [(read(folder / file), football_zone(shared)) for file in FOOTBALL]
    compared = 0
    for raw, zone in zones:
        records = {
            f"{name}.": found[0].decode()
            for name, found in zone.items()
            if not isinstance(found, DnsError) and found
        }
        ours = results_of(raw, dict(zone))
        theirs = verifier.verify(raw, records, len(ours))
        for mine, other in zip(ours, theirs, strict=False):
            if mine.code not in DIFFERS:
                assert (mine.outcome == "pass") is (other is True), (mine, other)
                compared += 1
    assert compared >= {"txt": 8, "eml": 8, "msg": 6}[form]

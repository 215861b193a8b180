"""The public suite, and a key to seal with."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from alphorn.dns.answers import DnsError
from alphorn.mailauth.arc.validate import ArcResult, check, find_keys, parse
from alphorn.message.line_ends import with_crlf
from tests.mailauth.dkim.signer import NOW
from tests.mailauth.memory_dns import MemoryDns

Zone = dict[str, list[bytes] | DnsError]


@dataclass(frozen=True)
class Case:
    """`expected` is "none", "pass" or "fail"."""

    name: str
    raw: bytes
    zone: Zone
    expected: str


@dataclass(frozen=True)
class Key:
    domain: str
    selector: str
    private_key_der: bytes


def suite(shared: Path) -> Iterator[Case]:
    text = (shared / "arc/valimail/arc-draft-validation-tests.yml").read_text()
    for scenario in yaml.safe_load_all(text):
        if scenario is None:
            continue
        zone: Zone = {
            name: ["".join(record.split("\n")).encode()]
            for name, record in scenario["txt-records"].items()
        }
        for name, case in scenario["tests"].items():
            # Nothing is expected where the newest seal says itself that the chain had failed.
            expected = (case["cv"] or "fail").lower()
            yield Case(name, with_crlf(case["message"].encode()), zone, expected)


def suite_key(shared: Path, domain: str = "example.org", selector: str = "dummy") -> Key:
    """The suite's sets were sealed with the key that dkimpy's tests use."""
    pem = (shared / "dkim/dkimpy/test.private").read_bytes()
    private = load_pem_private_key(pem, None)
    der = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return Key(domain, selector, der)


def validate(raw: bytes, zone: Zone, now: int = NOW) -> ArcResult:
    chain = parse(raw)
    keys = asyncio.run(find_keys(chain, MemoryDns(zone)))
    return check(raw, chain, keys, now)

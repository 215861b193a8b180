"""Do the records of one of our domains let others believe its mail? SPF, DKIM and DMARC.

    grave      others cannot tell its mail from forged mail, or take it for forged
    not grave  it holds, and could be better

What the DNS does not tell for now is no finding: `unknown` names it.
"""

import re
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from alphorn.dns.answers import DnsError, NoAnswer, NoSuchName, Resolver
from alphorn.mailauth.dmarc import tree
from alphorn.mailauth.dmarc.problems import problems_at
from alphorn.mailauth.dmarc.record import parse as parse_dmarc
from alphorn.mailauth.spf import advice
from alphorn.mailauth.spf.check import check as check_spf
from alphorn.mailauth.spf.record import select
from alphorn.mailauth.spf.result import Spf
from alphorn.operations.records import DKIM_FOLDER, DnsRecord

SPF, DKIM, DMARC = "spf", "dkim", "dmarc"
MAX_DETAIL = 1000
_VOID = (Spf.PERMERROR, Spf.NONE)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `code` is a short stable word ("spf-missing"), `what` the record's
    kind; `text` a sentence, `detail` further ones in plain English, "" for none; `publish` the line
    of a zone file that mends it, "" where there is no single one. `name` is whose record it is."""

    code: str
    what: str
    name: str
    text: str
    detail: str = ""
    publish: str = ""
    grave: bool = True


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found at a domain; `unknown` are (kind, why) of what the DNS did not tell."""

    findings: tuple[Finding, ...] = ()
    unknown: tuple[tuple[str, str], ...] = ()

    @property
    def grave(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.grave)


class _Unknown(Exception):
    """The DNS did not tell."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(why)
        self.what = what
        self.why = why


async def check_domain(
    domain: str,
    resolver: Resolver,
    hostname: str,
    addresses: Sequence[str],
    records: Sequence[DnsRecord],
) -> Checked:
    """`addresses` are those this server sends from, `records` what the domain is to publish
    (`operations.records`). Never raises for any answer of the DNS; asks one thing after another."""
    found: list[Finding] = []
    unknown: list[tuple[str, str]] = []

    async def look(check: Coroutine[Any, Any, Sequence[Finding]]) -> None:
        try:
            found.extend(await check)
        except _Unknown as error:
            unknown.append((error.what, error.why))

    await look(_spf(domain, resolver, hostname, addresses, records))
    for record in records:
        if f".{DKIM_FOLDER}." in record.name:
            await look(_dkim(record, resolver))
    await look(_dmarc(domain, resolver, records))
    return Checked(tuple(found), tuple(unknown))


async def _spf(
    domain: str,
    resolver: Resolver,
    hostname: str,
    addresses: Sequence[str],
    records: Sequence[DnsRecord],
) -> Sequence[Finding]:
    publish = _line(records, "v=spf1")
    texts = select(await _texts(domain, SPF, resolver))
    if not texts:
        return [Finding("spf-missing", SPF, domain, f"{domain} has no SPF record.", "", publish)]
    if len(texts) > 1:
        said = f"{domain} has {len(texts)} SPF records; others then heed none."
        return [Finding("spf-several", SPF, domain, said, "Leave one of them.")]
    sentences = _joined(await advice.problems_of(domain, resolver))
    for address in addresses:
        result = await check_spf(resolver, address, f"postmaster@{domain}", hostname)
        if result.result is Spf.TEMPERROR:
            raise _Unknown(SPF, result.problem)
        if result.result in _VOID:
            said = f"The SPF record of {domain} is not valid."
            return [Finding("spf-void", SPF, domain, said, result.problem or sentences)]
        if result.result is not Spf.PASS:
            said = f"The SPF record of {domain} does not allow {address} to send, which is ours."
            return [Finding("spf-foreign", SPF, domain, said, "", publish)]
    if sentences:
        said = f"The SPF record of {domain} could be better."
        return [Finding("spf-unwise", SPF, domain, said, sentences, grave=False)]
    return ()


async def _dkim(record: DnsRecord, resolver: Resolver) -> Sequence[Finding]:
    """The published key is the one that signs."""
    texts = await _texts(record.name, DKIM, resolver)
    wanted = _tags(record.value.encode()).get(b"p")
    if any(_tags(text).get(b"p") == wanted for text in texts):
        return ()
    name, publish = record.name, record.zone_line()
    if not texts:
        said = f"The DKIM key {name} is not published."
        return [Finding("dkim-missing", DKIM, name, said, "", publish)]
    said = f"The DKIM key at {name} is not the one that signs."
    return [Finding("dkim-other", DKIM, name, said, "", publish)]


async def _dmarc(
    domain: str, resolver: Resolver, records: Sequence[DnsRecord]
) -> Sequence[Finding]:
    """The domain's own record, or one of a parent that holds for it (RFC 9989 §4.10.1)."""
    name = f"_dmarc.{domain}"
    texts = [text.decode("latin-1") for text in await _texts(name, DMARC, resolver)]
    count = sum(parse_dmarc(text) is not None for text in texts)
    sentences = _joined(problems_at(texts))
    if count == 1:
        if not sentences:
            return ()
        said = f"The DMARC record of {domain} could be better."
        return [Finding("dmarc-unwise", DMARC, domain, said, sentences, grave=False)]
    if count > 1:
        said = f"{name} has {count} DMARC records; others then heed none."
        return [Finding("dmarc-several", DMARC, domain, said, "Leave one of them.")]
    found = await tree.find(domain, resolver)
    if found.record is not None:
        return ()
    if found.failure:
        raise _Unknown(DMARC, found.failure)
    publish = _line(records, "v=DMARC1")
    if any("dmarc" in text[:40].lower() for text in texts):
        said = f"The DMARC record of {domain} is not valid."
        return [Finding("dmarc-void", DMARC, domain, said, sentences, publish)]
    said = f"{domain} has no DMARC record."
    return [Finding("dmarc-missing", DMARC, domain, said, "", publish)]


async def _texts(name: str, what: str, resolver: Resolver) -> tuple[bytes, ...]:
    try:
        return (await resolver.txt(name)).records
    except (NoAnswer, NoSuchName):
        return ()
    except DnsError as error:
        raise _Unknown(what, error.text) from error


def _tags(text: bytes) -> dict[bytes, bytes]:
    """A tag list (RFC 6376 §3.2) without white space."""
    pairs = (part.partition(b"=") for part in b"".join(text.split()).split(b";"))
    return {key: value for key, _, value in pairs}


def _line(records: Sequence[DnsRecord], begin: str) -> str:
    return next((each.zone_line() for each in records if each.value.startswith(begin)), "")


def _joined(sentences: Sequence[str]) -> str:
    return re.sub(r"\s+", " ", " ".join(sentences))[:MAX_DETAIL]


async def own_addresses(hostname: str, resolver: Resolver) -> tuple[str, ...]:
    """The addresses that the server's name has; none where the DNS does not tell."""
    try:
        return (await resolver.addresses(hostname)).records
    except DnsError:
        return ()

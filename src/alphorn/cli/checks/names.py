"""Does the DNS say what it has to, so that mail reaches us and others believe ours?"""

import asyncio
from collections.abc import Sequence

from alphorn.base.errors import AlphornError
from alphorn.cli.checks.finding import Finding, error, ok, warning
from alphorn.dns.answers import DnsError, NoAnswer, NoSuchName, Resolver
from alphorn.operations.records import DKIM_FOLDER, DnsRecord


async def host(hostname: str, resolver: Resolver) -> list[Finding]:
    """The server's own name: it has addresses, and they have its name."""
    try:
        addresses = (await resolver.addresses(hostname)).records
    except DnsError as problem:
        return [
            error(
                "dns",
                f"{hostname} has no address in the DNS: {problem.text}",
                f"Publish A (and AAAA) records for {hostname}.",
            )
        ]
    findings = []
    names = await asyncio.gather(
        *(resolver.ptr(address) for address in addresses), return_exceptions=True
    )
    for address, answer in zip(addresses, names, strict=True):
        if isinstance(answer, AlphornError):
            said = "has no name"
        elif isinstance(answer, BaseException):
            raise answer
        elif hostname in answer.records:
            continue
        else:
            said = f"is called {answer.records[0]}"
        findings.append(
            warning(
                "dns",
                f"{address} {said} in the reverse DNS, not {hostname}.",
                "Many servers refuse mail then: have your provider set the PTR record.",
            )
        )
    return findings or [ok("dns", f"{hostname} is {', '.join(addresses)}, and back.")]


async def domain(
    name: str, hostname: str, records: Sequence[DnsRecord], resolver: Resolver
) -> list[Finding]:
    """One of our domains: MX, SPF, DKIM and DMARC are there and right."""
    found = await asyncio.gather(
        _mx(name, hostname, records, resolver),
        _text(name, records, "v=spf1", "SPF", resolver),
        _text(name, records, "v=DMARC1", "DMARC", resolver),
        *(_key(name, record, resolver) for record in records if f".{DKIM_FOLDER}." in record.name),
    )
    findings = [finding for finding in found if finding is not None]
    return findings or [ok("dns", f"{name} has its MX, SPF, DKIM and DMARC records.")]


async def _mx(
    name: str, hostname: str, records: Sequence[DnsRecord], resolver: Resolver
) -> Finding | None:
    advice = _publish(next(record for record in records if record.type == "MX"))
    try:
        hosts = [mx.host for mx in (await resolver.mx(name)).records]
    except (NoAnswer, NoSuchName):
        return error("dns", f"{name} has no MX record: no mail arrives.", advice)
    except DnsError as problem:
        return _unknown(name, "MX", problem)
    if hostname in hosts:
        return None
    others = ", ".join(hosts) or "nowhere"
    return error("dns", f"Mail for {name} goes to {others}, not to {hostname}.", advice)


async def _text(
    name: str, records: Sequence[DnsRecord], begin: str, what: str, resolver: Resolver
) -> Finding | None:
    """SPF or DMARC: there is exactly one, whatever its policy."""
    record = next(record for record in records if record.value.startswith(begin))
    try:
        texts = (await resolver.txt(record.name)).records
    except (NoAnswer, NoSuchName):
        texts = ()
    except DnsError as problem:
        return _unknown(name, what, problem)
    there = [text for text in texts if _begins(text, begin)]
    if len(there) == 1:
        return None
    if there:
        return error(
            "dns",
            f"{record.name} has {len(there)} {what} records; others then heed none.",
            "Leave one of them.",
        )
    return warning("dns", f"{name} has no {what} record.", _publish(record))


async def _key(name: str, record: DnsRecord, resolver: Resolver) -> Finding | None:
    """A DKIM key: the published one is the one that signs."""
    try:
        texts = (await resolver.txt(record.name)).records
    except (NoAnswer, NoSuchName):
        return error("dns", f"The DKIM key {record.name} is not published.", _publish(record))
    except DnsError as problem:
        return _unknown(name, "DKIM", problem)
    wanted = _tags(record.value.encode()).get(b"p")
    if any(_tags(text).get(b"p") == wanted for text in texts):
        return None
    return error(
        "dns", f"The DKIM key at {record.name} is not the one that signs.", _publish(record)
    )


def _tags(text: bytes) -> dict[bytes, bytes]:
    """A tag list (RFC 6376 §3.2) without white space."""
    pairs = (part.partition(b"=") for part in b"".join(text.split()).split(b";"))
    return {key: value for key, _, value in pairs}


def _begins(text: bytes, begin: str) -> bool:
    word = text.partition(b" ")[0].partition(b";")[0]
    return word.lower() == begin.lower().encode()


def _publish(record: DnsRecord) -> str:
    return f"Publish: {record.zone_line()}"


def _unknown(name: str, what: str, problem: DnsError) -> Finding:
    return warning(
        "dns",
        f"Whether {name} has its {what} record cannot be told: {problem.text}",
        "Look at the resolver of this machine, or set dns.servers.",
    )

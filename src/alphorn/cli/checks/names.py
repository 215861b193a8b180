"""Does the DNS say what it has to, so that mail reaches us and others believe ours?"""

import asyncio
from collections.abc import Sequence

from alphorn.base.errors import AlphornError
from alphorn.cli.checks.finding import Finding, error, ok, warning
from alphorn.dns.answers import DnsError, NoAnswer, NoSuchName, Resolver
from alphorn.operations import records_check
from alphorn.operations.records import DnsRecord


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
    mx, checked = await asyncio.gather(
        _mx(name, hostname, records, resolver),
        _checked(name, hostname, records, resolver),
    )
    findings = [mx] if mx is not None else []
    findings += [
        _as_finding(found)
        for found in checked.findings
        if mx is None or found.code != "spf-foreign"  # which may only follow from it
    ]
    findings += [_unknown(name, what.upper(), why) for what, why in checked.unknown]
    return findings or [ok("dns", f"{name} has its MX, SPF, DKIM and DMARC records.")]


async def _checked(
    name: str, hostname: str, records: Sequence[DnsRecord], resolver: Resolver
) -> records_check.Checked:
    addresses = await records_check.own_addresses(hostname, resolver)
    return await records_check.check_domain(name, resolver, hostname, addresses, records)


def _as_finding(found: records_check.Finding) -> Finding:
    advice = f"Publish: {found.publish}" if found.publish else found.detail
    missing = found.code in ("spf-missing", "dmarc-missing")
    text = f"{found.text} {found.detail}" if found.publish and found.detail else found.text
    return (error if found.grave and not missing else warning)("dns", text, advice)


async def _mx(
    name: str, hostname: str, records: Sequence[DnsRecord], resolver: Resolver
) -> Finding | None:
    advice = _publish(next(record for record in records if record.type == "MX"))
    try:
        hosts = [mx.host for mx in (await resolver.mx(name)).records]
    except (NoAnswer, NoSuchName):
        return error("dns", f"{name} has no MX record: no mail arrives.", advice)
    except DnsError as problem:
        return _unknown(name, "MX", problem.text)
    if hostname in hosts:
        return None
    others = ", ".join(hosts) or "nowhere"
    return error("dns", f"Mail for {name} goes to {others}, not to {hostname}.", advice)


def _publish(record: DnsRecord) -> str:
    return f"Publish: {record.zone_line()}"


def _unknown(name: str, what: str, why: str) -> Finding:
    return warning(
        "dns",
        f"Whether {name} has its {what} record cannot be told: {why}",
        "Look at the resolver of this machine, or set dns.servers.",
    )

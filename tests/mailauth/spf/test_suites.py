"""Every case of the public suites for RFC 7208 and RFC 4408, in memory and over a real DNS.

What RFC 7208 decides otherwise, the older suite leaves open: none of its cases has to be left out.
"""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from alphorn.mailauth.spf.check import check
from alphorn.mailauth.spf.result import SpfResult
from tests.mailauth.spf.suite import Case, cases
from tests.support import dns
from tests.support.dns import DnsServer
from tests.support.memorydns import MemoryResolver

pytestmark = pytest.mark.shared

SUITES = (("rfc7208-tests.yml", 203), ("rfc4408-tests.yml", 191))

ODD_HOSTS = {"mx-colon-domain", "mx-colon-domain-ip4mapped"}
"""The stub resolver takes only host names from MX records; this one is "foo:bar/baz"."""


def failures(case: Case, found: SpfResult) -> list[str]:
    wrong = []
    if found.result not in case.results:
        wrong.append(f"{case.name}: {found}, expected {case.results}")
    if case.explanation is not None and "fail" in case.results:
        expected = "" if case.explanation == "DEFAULT" else case.explanation
        if found.explanation != expected:
            wrong.append(f"{case.name}: explained {found.explanation!r}, expected {expected!r}")
    if bool(found.problem) is not (found.result in ("permerror", "temperror")):
        wrong.append(f"{case.name}: {found.result} has the problem {found.problem!r}")
    return wrong


async def verdict(case: Case, resolver: Any) -> SpfResult:
    return await check(resolver, case.ip, case.sender, case.helo, "receiver.test", 1_000_000_000)


@pytest.mark.parametrize(("file", "count"), SUITES)
def test_in_memory(shared: Path, file: str, count: int) -> None:
    seen = list(cases(shared / "spf" / "openspf" / file))
    assert len(seen) == count
    assert [
        problem
        for case in seen
        for problem in failures(case, asyncio.run(verdict(case, MemoryResolver(case.zone))))
    ] == []


def test_over_a_real_dns(shared: Path) -> None:
    seen = list(cases(shared / "spf" / "openspf" / SUITES[0][0]))

    async def run(case: Case, server: DnsServer) -> list[str]:
        server.zone = case.zone
        resolver = dns.resolver(server)
        return failures(case, await verdict(case, resolver))

    with DnsServer({}) as server:
        wrong = {case.name: found for case in seen if (found := asyncio.run(run(case, server)))}
    assert wrong.keys() == ODD_HOSTS, wrong

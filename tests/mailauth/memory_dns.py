"""The DNS out of a dictionary, for code that takes a `Resolver` and needs TXT records alone."""

import asyncio
from collections.abc import Mapping, Sequence

from alphorn.dns.answers import Answer, DnsError, Mx, NoSuchName


class MemoryDns:
    """`records`: the TXT records of each name, or the error that asking for it raises. A name that
    is not there does not exist. What was asked stands in `asked`."""

    def __init__(self, records: Mapping[str, Sequence[bytes] | DnsError]) -> None:
        self.records = records
        self.asked: list[str] = []

    async def txt(self, name: str) -> Answer[bytes]:
        self.asked.append(name)
        await asyncio.sleep(0)
        found = self.records.get(name)
        if found is None:
            raise NoSuchName(f"The name {name} does not exist.")
        if isinstance(found, DnsError):
            raise found
        return Answer(tuple(found), name)

    async def mx(self, domain: str) -> Answer[Mx]:
        raise NoSuchName(domain)

    async def addresses(self, host: str) -> Answer[str]:
        raise NoSuchName(host)

    async def ptr(self, address: str) -> Answer[str]:
        raise NoSuchName(address)

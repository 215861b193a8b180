"""`answers.Resolver` without a network, over the same plain dictionaries as `DnsServer`.

    resolver = MemoryResolver({"remote.test": {"TXT": ["v=spf1 -all"], "MX": Fault.TIMEOUT}})

Names are compared without case and may hold any characters. Every `Fault` ends as `StubResolver`
lets it end (tests/dns/test_faults.py holds the two against each other). What was asked is in
`questions`.
"""

import ipaddress
from typing import Any

from alphorn.dns.answers import Answer, DnsError, Mx, NoAnswer, NoSuchName, Temporary, Unusable
from alphorn.dns.stub import MAX_ADDRESSES, MAX_MX, MAX_OF_FAMILY, MAX_PTR, MAX_TXT
from tests.support.dns import MAX_ALIASES, Fault, Zone

_ENDS: dict[Fault, type[DnsError]] = {
    Fault.EXTRA_NAME: NoAnswer,
    Fault.WRONG_TYPE: NoAnswer,
}


class MemoryResolver:
    def __init__(self, zone: Zone) -> None:
        self.zone: Zone = {name.lower(): records for name, records in zone.items()}
        self.questions: list[tuple[str, str]] = []

    async def mx(self, domain: str) -> Answer[Mx]:
        answer = self._find(domain, "MX")
        found = set()
        for text in answer.records:
            preference, _, host = text.partition(" ")
            found.add(Mx(int(preference), host.lower().removesuffix(".")))
        if len(found) > 1:
            found = {mx for mx in found if mx.host}
        if not found:
            raise Unusable(f"No host in {domain} MX")
        records = sorted(found, key=lambda mx: (mx.preference, mx.host))
        return Answer(tuple(records)[:MAX_MX], answer.canonical)

    async def addresses(self, host: str) -> Answer[str]:
        answers: list[Answer[str]] = []
        errors: list[DnsError] = []
        for ask in (self.ipv6, self.ipv4):
            try:
                answers.append(await ask(host))
            except DnsError as error:
                errors.append(error)
        if not answers:
            raise next((error for error in errors if isinstance(error, Temporary)), errors[0])
        records = [record for answer in answers for record in answer.records[:MAX_ADDRESSES]]
        return Answer(tuple(records), answers[0].canonical)

    async def ipv4(self, host: str) -> Answer[str]:
        answer = self._find(host, "A")
        return Answer(answer.records[:MAX_OF_FAMILY], answer.canonical)

    async def ipv6(self, host: str) -> Answer[str]:
        answer = self._find(host, "AAAA")
        records = tuple(str(ipaddress.IPv6Address(record)) for record in answer.records)
        return Answer(records[:MAX_OF_FAMILY], answer.canonical)

    async def txt(self, name: str) -> Answer[bytes]:
        answer = self._find(name, "TXT")
        records = tuple(record.encode("latin-1") for record in answer.records)
        return Answer(records[:MAX_TXT], answer.canonical)

    async def ptr(self, address: str) -> Answer[str]:
        try:
            name = ipaddress.ip_address(address).reverse_pointer
        except ValueError as error:
            raise NoSuchName(f"{address} is not an IP address.") from error
        answer = self._find(name, "PTR")
        records = sorted({record.lower().removesuffix(".") for record in answer.records})
        return Answer(tuple(records)[:MAX_PTR], answer.canonical)

    def _find(self, name: str, kind: str) -> Answer[Any]:
        name = name.lower().removesuffix(".")
        self.questions.append((name, kind))
        if not all(0 < len(label) < 64 for label in name.split(".")) or len(name) > 253:
            raise NoSuchName(f"{name} cannot be a name in the DNS.")
        for _ in range(MAX_ALIASES):
            records = self.zone.get(name)
            if records is None:
                raise NoSuchName(f"The name {name} does not exist.")
            found = records if isinstance(records, Fault) else records.get(kind)
            if isinstance(found, Fault):
                raise _ENDS.get(found, Temporary)(f"{found.name} for {kind} of {name}")
            if found:
                return Answer(tuple(dict.fromkeys(found)), name)
            aliases = {} if isinstance(records, Fault) else records
            target = aliases.get("CNAME")
            if not target or isinstance(target, Fault):
                raise NoAnswer(f"There is no {kind} of {name}.")
            name = target[0].lower().removesuffix(".")
        raise Temporary(f"The aliases of {name} do not end.")

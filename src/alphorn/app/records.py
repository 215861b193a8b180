"""Looks at the DNS records of our domains now and then, and tells those who manage them."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence

from alphorn.base import settings as table
from alphorn.base.errors import AlphornError
from alphorn.dns.answers import Resolver
from alphorn.operations.records import DnsRecord
from alphorn.operations.records_check import Checked, Finding, check_domain, own_addresses
from alphorn.servers.resolver import resolver
from alphorn.servers.services import Services

FIRST_SECONDS = 300.0
"""After the start: a machine that comes up has other things to do."""
AGAIN_SECONDS = 900.0
"""What was found wrong is looked at again after so long, for it may have been repaired."""
TURN_SECONDS = 60.0
DOMAIN_SECONDS = 60.0
"""How long one domain may take."""

_log = logging.getLogger(__name__)

Domains = Mapping[str, Sequence[DnsRecord]]


class RecordsWatch:
    """In the keeper. `run` goes on until it is cancelled; the control plane and the files are read
    in threads, one domain is asked about after another."""

    def __init__(
        self,
        parts: Services,
        *,
        clock: Callable[[], float] = time.time,
        ask: Callable[[], Resolver] | None = None,
    ) -> None:
        self._parts = parts
        self._clock = clock
        self._ask = ask or (lambda: resolver(parts.settings))
        self._every = float(parts.settings[table.SUBMISSION_RECORDS_CHECK])

    async def run(self) -> None:
        if not self._every:
            await asyncio.Event().wait()
        await asyncio.sleep(min(FIRST_SECONDS, self._every))
        while True:
            try:
                await self.turn()
            except AlphornError as error:
                _log.warning("records in the DNS could not be looked at: %s", error.text)
            await asyncio.sleep(min(TURN_SECONDS, self._every))

    async def turn(self) -> int:
        """Look at all domains for which it is time; how many those were. Raises Unavailable."""
        due = await asyncio.to_thread(self._due)
        if not due:
            return 0
        asked, hostname = self._ask(), self._parts.settings[table.HOSTNAME]
        addresses = await own_addresses(hostname, asked)
        for domain, records in due.items():
            try:
                async with asyncio.timeout(DOMAIN_SECONDS):
                    checked = await check_domain(domain, asked, hostname, addresses, records)
            except TimeoutError:
                continue
            await asyncio.to_thread(self._found, domain, checked)
        return len(due)

    def _due(self) -> Domains:
        from alphorn.directory.setup import close_connections
        from alphorn.operations import domains

        now, records = self._clock(), self._parts.outgoing.records
        try:
            control = self._parts.control
            names = [info.name for info in domains.list_domains(control) if info.enabled]
            records.keep(names, now=now)
            looked = records.looked()
            due = [name for name in names if self._is_due(name, looked.get(name), now)]
            return {name: domains.dns_records(control, name) for name in due}
        finally:
            close_connections()

    def _is_due(self, name: str, looked: float | None, now: float) -> bool:
        if looked is None or looked > now:
            return True
        faulty = bool(self._parts.outgoing.records.fault(name))
        return now - looked >= (min(AGAIN_SECONDS, self._every) if faulty else self._every)

    def _found(self, domain: str, checked: Checked) -> None:
        from alphorn.directory.setup import close_connections
        from alphorn.operations.sending import managers_of_domain

        out = self._parts.outgoing
        known = out.records.fault(domain)
        # What the DNS does not tell for now does not make a fault, nor does it end one.
        fault = refusal(domain, checked.grave) or (known if checked.unknown else "")
        out.records.put(domain, fault, now=self._clock())
        if not checked.findings:
            return
        try:
            managers = managers_of_domain(self._parts.control, domain)
        finally:
            close_connections()
        if out.notices.records(domain, managers, checked.findings):
            codes = ", ".join(finding.code for finding in checked.findings)
            _log.warning("the records of %s need attention: %s", domain, codes)


def refusal(domain: str, grave: Sequence[Finding]) -> str:
    """What those are told who may not send from the domain for this; "" where nothing is grave."""
    if not grave:
        return ""
    said = " ".join(dict.fromkeys(finding.text for finding in grave))
    return (
        f"Mail from {domain} is not sent, for others would take it for forged: {said} Whoever "
        f"manages {domain} was told how to repair it."
    )

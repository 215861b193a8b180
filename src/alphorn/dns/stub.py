"""A stub resolver on dnspython: configured servers, timeouts, TCP where UDP is too small, a cache.

It believes what the resolver says about a name, and nothing else of it: dnspython drops replies to
questions that were not asked, follows at most 16 aliases inside one reply and takes no address
from additional records; here names are checked to be host names, counts are bounded, and times to
live are cut to sane lengths. Questions that are being asked already are not asked twice.
"""

import asyncio
import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import dns.asyncresolver
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver
import dns.reversename
from dns.rdatatype import RdataType

from alphorn.base.address import fold_domain
from alphorn.dns.answers import Answer, DnsError, Mx, NoAnswer, NoSuchName, Temporary, Unusable
from alphorn.dns.cache import Cache

T = TypeVar("T")

DNS_PORT = 53
EDNS_PAYLOAD = 1232
"""Never fragmented on the way (DNS Flag Day 2020)."""

MAX_MX = 64
MAX_ADDRESSES = 32
"""Of each family, to connect to."""

MAX_OF_FAMILY = 256
"""To compare with; SPF sets no limit (RFC 7208 §4.6.4)."""

MAX_TXT = 100
MAX_PTR = 10
MAX_ASKED_AT_ONCE = 200
PATIENCE = 1.0
"""Seconds that a question has in any case; while others wait for room, the one that has waited
longest is given up then. So whoever has us ask servers that never answer does not use up the room:
those that do answer take some milliseconds."""


MAX_TTL = 86400
MAX_NEGATIVE_TTL = 900
TEMPORARY_TTL = 5
"""RFC 2308 §7 allows up to 5 minutes; this is enough to not ask for each of many messages."""

_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*", re.ASCII)
_QUESTION = re.compile(r"(?=.{1,253}\Z)[ !-\-/-~]{1,63}(?:\.[ !-\-/-~]{1,63})*", re.ASCII)
_log = logging.getLogger(__name__)
_LOCAL_SERVER = ("127.0.0.1", DNS_PORT)


@dataclass(frozen=True, slots=True)
class _Failure:
    kind: type[DnsError]
    text: str


class StubResolver:
    """Implements `answers.Resolver`. Use it from one event loop only.

    `servers` are (IP address, port) pairs; None takes those of the system (resolv.conf, read now;
    without one the local machine, as resolv.conf(5) says). `timeout` is for one question to one
    server, `lifetime` for all tries of it, in seconds. `ticks` is the cache's clock.
    """

    def __init__(
        self,
        servers: Sequence[tuple[str, int]] | None = None,
        *,
        timeout: float = 3.0,
        lifetime: float = 10.0,
        cache_octets: int = 8 << 20,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._resolver = _configured(servers)
        self._resolver.timeout = timeout
        self._resolver.lifetime = lifetime
        self._cache: Cache[Answer[Any] | _Failure] = Cache(cache_octets)
        self._asking: dict[tuple[str, RdataType], asyncio.Task[Answer[Any] | _Failure]] = {}
        self._room = asyncio.Semaphore(MAX_ASKED_AT_ONCE)
        self._asked: dict[asyncio.Task[Any], float] = {}
        self._queued = 0
        self._timer: asyncio.TimerHandle | None = None
        self._ticks = ticks

    async def mx(self, domain: str) -> Answer[Mx]:
        return await self._ask(domain, RdataType.MX)

    async def addresses(self, host: str) -> Answer[str]:
        results = await asyncio.gather(
            self._ask(host, RdataType.AAAA), self._ask(host, RdataType.A), return_exceptions=True
        )
        answers = []
        errors = []
        for result in results:
            if isinstance(result, Answer):
                answers.append(result)
            elif isinstance(result, DnsError):
                errors.append(result)
            else:
                raise result
        if not answers:
            raise next((e for e in errors if isinstance(e, Temporary)), errors[0])
        return Answer(
            tuple(record for answer in answers for record in answer.records[:MAX_ADDRESSES]),
            answers[0].canonical,
            all(answer.authentic for answer in answers),
        )

    async def ipv4(self, host: str) -> Answer[str]:
        return await self._ask(host, RdataType.A)

    async def ipv6(self, host: str) -> Answer[str]:
        return await self._ask(host, RdataType.AAAA)

    async def txt(self, name: str) -> Answer[bytes]:
        return await self._ask(name, RdataType.TXT)

    async def ptr(self, address: str) -> Answer[str]:
        try:
            name = dns.reversename.from_address(address).to_text(omit_final_dot=True)
        except (dns.exception.DNSException, ValueError) as error:
            raise NoSuchName(f"{address} is not an IP address.") from error
        return await self._ask(name, RdataType.PTR)

    async def _ask(self, name: str, kind: RdataType) -> Answer[Any]:
        folded = _folded(name)
        if folded is None:
            raise NoSuchName(f"{name} cannot be a name in the DNS.")
        key = (folded, kind)
        outcome = self._cache.get(key, self._ticks())
        if outcome is None:
            asking = self._asking.get(key)
            if asking is None:
                asking = asyncio.create_task(self._ask_servers(folded, kind))
                self._asking[key] = asking
                asking.add_done_callback(lambda _: self._asking.pop(key, None))
            # Others may be waiting for the same answer: whoever gives up leaves the question be.
            outcome = await asyncio.shield(asking)
        if isinstance(outcome, _Failure):
            raise outcome.kind(outcome.text)
        return outcome

    async def _ask_servers(self, name: str, kind: RdataType) -> Answer[Any] | _Failure:
        self._queued += 1
        try:
            if self._room.locked() and self._timer is None:
                self._make_room()
            await self._room.acquire()
        finally:
            self._queued -= 1
        try:
            outcome, ttl, octets = await self._question_in_room(name, kind)
        finally:
            self._room.release()
        if ttl > 0:
            self._cache.put((name, kind), outcome, self._ticks() + ttl, octets)
        return outcome

    async def _question_in_room(
        self, name: str, kind: RdataType
    ) -> tuple[Answer[Any] | _Failure, float, int]:
        task = asyncio.create_task(self._question(name, kind))
        self._asked[task] = time.monotonic()
        try:
            await asyncio.wait((task,))
        finally:
            self._asked.pop(task, None)
            task.cancel()
        if not task.cancelled():
            return task.result()
        text = f"The DNS was too slow to answer for {kind.name} of {name}."
        return _Failure(Temporary, text), TEMPORARY_TTL, 0

    def _make_room(self) -> None:
        """For as many questions as wait, where `PATIENCE` allows it; and again while any does."""
        self._timer = None
        now = time.monotonic()
        for task, since in list(self._asked.items())[: self._queued]:
            if now - since < PATIENCE:
                break
            del self._asked[task]
            task.cancel()
        if self._queued and self._room.locked():
            delay = max(min(self._asked.values(), default=now) + PATIENCE - now, PATIENCE / 10)
            self._timer = asyncio.get_running_loop().call_later(delay, self._make_room)

    async def _question(
        self, name: str, kind: RdataType
    ) -> tuple[Answer[Any] | _Failure, float, int]:
        """The outcome, how long it may be kept, and its size."""
        what = f"{kind.name} of {name}"
        try:
            reply = await self._resolver.resolve(
                dns.name.Name([*name.encode().split(b"."), b""]),
                kind,
                raise_on_no_answer=False,
                search=False,
            )
        except dns.resolver.NXDOMAIN as error:
            ttl = min(_negative_ttl(error), MAX_NEGATIVE_TTL)
            return _Failure(NoSuchName, f"The name {name} does not exist."), ttl, 0
        except (dns.exception.DNSException, OSError, EOFError) as error:
            text = f"The DNS did not answer for {what} ({type(error).__name__})."
            return _Failure(Temporary, text), TEMPORARY_TTL, 0
        if reply.response.flags & dns.flags.TC:
            # dnspython trusts TCP to be complete.
            return _Failure(Temporary, f"The DNS cut its answer for {what}."), TEMPORARY_TTL, 0
        found = reply.chaining_result
        if reply.rrset is None:
            ttl = min(found.minimum_ttl, MAX_NEGATIVE_TTL)
            return _Failure(NoAnswer, f"There is no {what}."), ttl, 0
        ttl = min(found.minimum_ttl, MAX_TTL)
        records = _READERS[kind](reply.rrset)
        if not records:
            text = f"No record can be used in the answer for {what}."
            return _Failure(Unusable, text), ttl, 0
        answer = Answer(
            records,
            found.canonical_name.to_text(omit_final_dot=True).lower(),
            bool(reply.response.flags & dns.flags.AD),
        )
        return answer, ttl, sum(map(_octets, records))


def _configured(servers: Sequence[tuple[str, int]] | None) -> dns.asyncresolver.Resolver:
    resolver = dns.asyncresolver.Resolver(configure=False)
    if servers is None:
        try:
            resolver.read_resolv_conf("/etc/resolv.conf")
        except (dns.resolver.NoResolverConfiguration, ValueError) as error:
            _log.warning("/etc/resolv.conf names no resolver (%s); 127.0.0.1 is asked", error)
            servers = [_LOCAL_SERVER]
    if servers is not None:
        resolver.nameservers = [dns.nameserver.Do53Nameserver(*server) for server in servers]
    resolver.cache = None
    resolver.use_edns(0, 0, EDNS_PAYLOAD)
    resolver.set_flags(dns.flags.RD | dns.flags.AD)
    return resolver


def _folded(name: str) -> str | None:
    if not name.isascii():
        return fold_domain(name)
    folded = name.lower().removesuffix(".")
    return folded if _QUESTION.fullmatch(folded) else None


def _negative_ttl(error: dns.resolver.NXDOMAIN) -> float:
    replies: Mapping[dns.name.Name, dns.message.QueryMessage] = error.kwargs["responses"]
    try:
        return min(reply.resolve_chaining().minimum_ttl for reply in replies.values())
    except (dns.exception.DNSException, ValueError):
        return 0


def _octets(record: Mx | str | bytes) -> int:
    return 80 + len(record.host if isinstance(record, Mx) else record)


def _host(name: dns.name.Name) -> str | None:
    """A host name in lower case; "" for the root; None for what is no host name."""
    try:
        text = name.to_text(omit_final_dot=True).lower()
    except dns.exception.DNSException:
        return None
    if name == dns.name.root:
        return ""
    return text if _NAME.fullmatch(text) else None


def _read_mx(records: Any) -> tuple[Mx, ...]:
    hosts = ((record.preference, _host(record.exchange)) for record in records)
    found = {Mx(preference, host) for preference, host in hosts if host is not None}
    if len(found) > 1:
        # RFC 7505 §3: the root means something only when it stands alone.
        found = {mx for mx in found if mx.host}
    return tuple(sorted(found, key=lambda mx: (mx.preference, mx.host))[:MAX_MX])


def _read_addresses(records: Any) -> tuple[str, ...]:
    return tuple(str(record.address) for record in records)[:MAX_OF_FAMILY]


def _read_txt(records: Any) -> tuple[bytes, ...]:
    return tuple(b"".join(record.strings) for record in records)[:MAX_TXT]


def _read_ptr(records: Any) -> tuple[str, ...]:
    # Servers answer in any order; the same few are to be taken each time.
    return tuple(sorted({host for record in records if (host := _host(record.target))})[:MAX_PTR])


_READERS: dict[RdataType, Callable[[Any], tuple[Any, ...]]] = {
    RdataType.MX: _read_mx,
    RdataType.A: _read_addresses,
    RdataType.AAAA: _read_addresses,
    RdataType.TXT: _read_txt,
    RdataType.PTR: _read_ptr,
}

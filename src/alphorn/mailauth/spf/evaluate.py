"""One record after another, term by term, within the limits (RFC 7208 §4.6 and §5).

A term that the DNS answers with nothing is a void look-up. A term counts once, by the question that
it is: what the hosts of its MX records come to is not counted, so that hosts with addresses of one
family alone harm nobody.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import TypeVar

from alphorn.base.network import address_of
from alphorn.dns.answers import Answer, DnsError, NoAnswer, NoSuchName, Resolver, Temporary
from alphorn.dns.reverse import Names, find_names
from alphorn.mailauth.spf import explanation, macros
from alphorn.mailauth.spf.macros import Template
from alphorn.mailauth.spf.record import Mechanism, Record, parse, select, shown
from alphorn.mailauth.spf.result import Spf

T = TypeVar("T")

MAX_LOOKUPS = 10
MAX_VOID = 2
MAX_MX = 10
MAX_PTR = 10
"""RFC 7208 §4.6.4."""

_NOTHING = (NoSuchName, NoAnswer)
_NO_NAME = "by a name that cannot be one."


class Permanent(Exception):
    """PermError. The text says what is wrong with whose record, and who can repair it."""

    def __init__(self, domain: str, what: str) -> None:
        name = shown(domain)
        super().__init__(
            f"The SPF record of {name} {what} Whoever manages the DNS of {name} can repair it."
        )


class Temporarily(Exception):
    """TempError. The text says what the DNS did not answer."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found for `domain`, whose `record` decided (None: it has none)."""

    result: Spf
    domain: str
    mechanism: str = ""
    record: Record | None = None


class Evaluation:
    """One check, and what it has used of its limits.

    `values` are those of all macro letters but `d` and `p`, which are found here.
    """

    __slots__ = (
        "_address",
        "_client",
        "_domain",
        "_four",
        "_lookups",
        "_names",
        "_resolver",
        "_values",
        "_void",
    )

    def __init__(
        self,
        resolver: Resolver,
        domain: str,
        address: IPv4Address | IPv6Address,
        values: Mapping[str, str],
    ) -> None:
        self._resolver = resolver
        self._domain = domain
        self._client = str(address)
        self._address = int(address)
        self._four = address.version == 4
        self._values = values
        self._names: Names | None = None
        self._lookups = 0
        self._void = 0

    async def host(self, domain: str) -> Verdict:
        """check_host() of a domain. Raises Permanent and Temporarily."""
        record = await self._record(domain)
        if record is None:
            return Verdict(Spf.NONE, domain)
        for mechanism in record.mechanisms:
            if await self._matches(mechanism, domain):
                return Verdict(mechanism.result, domain, mechanism.text, record)
        if record.redirect is None or self._cannot_match(record.redirect):
            return Verdict(Spf.NEUTRAL, domain, "default", record)
        self._count()
        target = await self._target(record.redirect, domain)
        if target is None or not is_host(target):
            raise Permanent(domain, f"leads to another (redirect=) {_NO_NAME}")
        verdict = await self.host(target)
        if verdict.result is Spf.NONE:
            what = f"leads to that of {shown(target)} (redirect=), and there is none."
            raise Permanent(domain, what)
        return verdict

    async def explain(self, verdict: Verdict) -> str:
        """The owner's words about a refusal, "" for all that goes wrong (RFC 7208 §6.2)."""
        record, domain = verdict.record, verdict.domain
        if record is None or record.explanation is None:
            return ""
        target = await self._target(record.explanation, domain)
        if target is None:
            return ""
        try:
            template = explanation.parse((await self._resolver.txt(target)).records)
        except DnsError:
            return ""
        if template is None:
            return ""
        return explanation.bounded(macros.expand(template, await self._filled(template, domain)))

    async def _record(self, domain: str) -> Record | None:
        """RFC 7208 §4.4 to §4.6."""
        try:
            answer = await self._resolver.txt(domain)
        except Temporary as error:
            raise Temporarily(error.text) from error
        except DnsError:
            return None
        records = select(answer.records)
        if not records:
            return None
        if len(records) > 1:
            raise Permanent(domain, "is one of several; a domain has one.")
        record = parse(records[0])
        if record.problems:
            raise Permanent(domain, record.problems[0])
        return record

    # -- mechanisms --

    async def _matches(self, mechanism: Mechanism, domain: str) -> bool:
        name = mechanism.name
        if name == "ip4":
            return self._four and self._address >> mechanism.shift4 == mechanism.network
        if name == "ip6":
            return not self._four and self._address >> mechanism.shift6 == mechanism.network
        if name == "all":
            return True
        self._count()
        template = mechanism.target
        if template is not None and self._cannot_match(template):
            return False
        target = domain if template is None else await self._target(template, domain)
        if name == "include":
            return await self._includes(target, mechanism, domain)
        if target is None:
            return False
        match name:
            case "a":
                found = await self._asked(self._hosts, target)
                return found is not None and self._among(found.records, mechanism)
            case "mx":
                return await self._is_mx(target, mechanism, domain)
            case "exists":
                return await self._asked(self._resolver.ipv4, target) is not None
        return await self._is_named(target)

    async def _includes(self, target: str | None, mechanism: Mechanism, domain: str) -> bool:
        """RFC 7208 §5.2. Errors in the other record come up as they are."""
        if target is None or not is_host(target):
            raise Permanent(domain, f'includes another ("{shown(mechanism.text)}") {_NO_NAME}')
        result = (await self.host(target)).result
        if result is Spf.NONE:
            raise Permanent(domain, f"includes that of {shown(target)}, and there is none.")
        return result is Spf.PASS

    async def _is_mx(self, target: str, mechanism: Mechanism, domain: str) -> bool:
        """RFC 7208 §5.4; a null MX (RFC 7505) has no host."""
        answer = await self._asked(self._resolver.mx, target)
        if answer is None:
            return False
        if len(answer.records) > MAX_MX:
            what = f"allows the mail servers of {shown(target)}, which has more than {MAX_MX}."
            raise Permanent(domain, what)
        for mx in answer.records:
            found = await self._asked(self._hosts, mx.host, void=0) if mx.host else None
            if found is not None and self._among(found.records, mechanism):
                return True
        return False

    async def _is_named(self, target: str) -> bool:
        """RFC 7208 §5.5: where the DNS fails, nothing matches."""
        names = await self._confirmed()
        if not names.claimed and not names.temporary:
            self._count_void()
        return any(_within(name, target) for name in names.confirmed)

    def _among(self, records: tuple[str, ...], mechanism: Mechanism) -> bool:
        shift = mechanism.shift4 if self._four else mechanism.shift6
        network = self._address >> shift
        return any(int(address_of(record)) >> shift == network for record in records)

    # -- questions --

    async def _hosts(self, name: str) -> Answer[str]:
        """Addresses of the client's family."""
        return await (self._resolver.ipv4(name) if self._four else self._resolver.ipv6(name))

    async def _asked(
        self, ask: Callable[[str], Awaitable[Answer[T]]], name: str, void: int = 1
    ) -> Answer[T] | None:
        """None where there is nothing, which counts as `void` look-ups."""
        try:
            return await ask(name)
        except Temporary as error:
            raise Temporarily(error.text) from error
        except _NOTHING:
            self._count_void(void)
        except DnsError:
            pass
        return None

    async def _confirmed(self) -> Names:
        if self._names is None:
            self._names = await find_names(self._client, self._resolver, MAX_PTR)
        return self._names

    # -- macros --

    async def _target(self, template: Template, domain: str) -> str | None:
        """The name to ask for (RFC 7208 §4.8), None where the macros made none."""
        return macros.to_name(macros.expand(template, await self._filled(template, domain)))

    async def _filled(self, template: Template, domain: str) -> Mapping[str, str]:
        if not template.letters:
            return self._values
        values = {**self._values, "d": domain}
        if "p" in template.letters:
            values["p"] = _best((await self._confirmed()).confirmed, domain)
        return values

    def _cannot_match(self, template: Template) -> bool:
        """RFC 8616 §4: a local part outside ASCII is nothing that the DNS could know."""
        return not template.letters.isdisjoint("sl") and not self._values["l"].isascii()

    # -- limits (RFC 7208 §4.6.4) --

    def _count(self) -> None:
        self._lookups += 1
        if self._lookups > MAX_LOOKUPS:
            what = f"takes more than {MAX_LOOKUPS} look-ups in the DNS, with all it includes."
            raise Permanent(self._domain, what)

    def _count_void(self, number: int = 1) -> None:
        self._void += number
        if self._void > MAX_VOID:
            what = f"asks for more than {MAX_VOID} things that the DNS does not have."
            raise Permanent(self._domain, what)


def is_host(name: str) -> bool:
    """Two labels or more of lengths that the DNS takes: what check_host() is for."""
    return "." in name and macros.to_name(name) == name


def _best(names: tuple[str, ...], domain: str) -> str:
    """What %{p} stands for (RFC 7208 §7.3)."""
    if domain in names:
        return domain
    return next((name for name in names if _within(name, domain)), names[0] if names else "unknown")


def _within(name: str, domain: str) -> bool:
    return name == domain or name.endswith("." + domain)

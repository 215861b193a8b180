"""The DNS tree walk (RFC 9989 §4.10): a domain's policy record and its organizational domain.

A walk asks for `_dmarc.` at the domain and at each of its parents up to the top, at most
`MAX_QUERIES` names: of longer domains only the last seven labels are climbed. It ends early at a
record that says `psd=y` or `psd=n`. All walks of one message share what was asked.

Relaxed alignment compares organizational domains, which are the domain itself or lie above it.
Thus an identifier can only be aligned that is, or lies below, the author's organizational domain,
and no other one is walked: the signature of a sending service costs no question.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from alphorn.dns.answers import DnsError, NoSuchName, Resolver, Temporary
from alphorn.mailauth.dmarc import record
from alphorn.mailauth.dmarc.author import domain as as_domain
from alphorn.mailauth.dmarc.record import Record

MAX_QUERIES = 8
MAX_IDENTIFIERS = 20
"""Different domains for which a walk is made; DKIM and SPF give fewer."""

Gather = Callable[..., Awaitable[Sequence[object]]]
"""As `asyncio.gather`: awaits several things at once."""

Asked = dict[str, "Record | Temporary | None"]


@dataclass(frozen=True, slots=True)
class Found:
    """What the DNS says about an author's domain.

    `record` is the one that applies, found at `domain`; None and "" where there is none.
    `organization` is the author's organizational domain, "" where a failure of the DNS hides it.
    `exists` says whether the author's domain does; None where that is not known, or is of no
    consequence.
    `organizations` are the organizational domains of identifiers, "" where a failure hides one.
    `failure` is what kept us from knowing whether a record applies, "" for nothing.
    """

    author: str
    domain: str = ""
    record: Record | None = None
    organization: str = ""
    exists: bool | None = None
    organizations: Mapping[str, str] = field(default_factory=dict)
    failure: str = ""

    @property
    def certain(self) -> bool:
        """Whether no question stayed without an answer on which something might depend."""
        if self.failure or not self.organization or not all(self.organizations.values()):
            return False
        return self.exists is not None or self.record is None or not self.record.np


@dataclass(frozen=True, slots=True)
class Walk:
    """`records` are those at the names that were reached, longest name first; `failed` is the name
    whose answer is missing, "" for none."""

    start: str
    records: tuple[tuple[str, Record], ...]
    failed: str = ""

    def organization(self) -> str:
        """The organizational domain (RFC 9989 §4.10.2), "" where a failure hides it."""
        if self.failed:
            return ""
        for name, found in self.records:
            if found.psd == "n":
                return name
            if found.psd == "y" and name != self.start:
                above = name.count(".") + 1
                return ".".join(self.start.split(".")[-above - 1 :])
        return self.records[-1][0] if self.records else self.start

    def applies(self) -> tuple[str, Record | None]:
        """Where the record that applies was found, and the record (§4.10.1): the author's own,
        else the organizational domain's, else the public suffix's."""
        records = dict(self.records)
        top = self.records[-1][0] if self.records else ""
        for name in (self.start, self.organization(), top):
            if name in records:
                return name, records[name]
        return "", None


async def find(
    domain: str,
    resolver: Resolver,
    identifiers: Iterable[str] = (),
    gather: Gather | None = None,
) -> Found:
    """What is published for an author's domain; never raises for any answer of the DNS.

    `identifiers` are the domains that SPF and DKIM may vouch for: that of the envelope sender and
    the `d=` of every signature, whether it holds or not. With `gather` the questions of a walk are
    asked at once.
    """
    start = as_domain(domain)
    if not start:
        return Found("", failure="There is no author's domain.")
    asker = _Asker(resolver, gather)
    walk = await asker.walk(start)
    name, applied = walk.applies()
    if walk.failed and name != start:
        return Found(start, failure=f"The DNS did not answer for _dmarc.{walk.failed}.")
    if applied is None:
        return Found(start, organization=walk.organization())
    organization = walk.organization()
    exists: bool | None = None
    if name != start and applied.np not in ("", applied.sp or applied.p):
        exists = await _exists(start, resolver)
    organizations: dict[str, str] = {}
    if not (applied.strict_dkim and applied.strict_spf):
        names = dict.fromkeys(map(as_domain, identifiers))
        near = [other for other in names if other and related(other, start, organization)]
        for other in near[:MAX_IDENTIFIERS]:
            organizations[other] = (await asker.walk(other)).organization()
    return Found(start, name, applied, organization, exists, organizations)


def targets(domain: str) -> list[str]:
    """The names that a walk from a domain reaches, that itself first (§4.10 steps 3 to 7)."""
    labels = domain.split(".")
    first = max(1, len(labels) - (MAX_QUERIES - 1))
    return [domain, *(".".join(labels[n:]) for n in range(first, len(labels)))]


def related(identifier: str, author: str, organization: str) -> bool:
    """Whether only a walk can tell if both have the same organizational domain.

    Where the author's is not known it lies somewhere above him, so that a common top is enough.
    """
    if identifier == author:
        return False
    if organization:
        return below(identifier, organization)
    return identifier.rpartition(".")[2] == author.rpartition(".")[2]


def below(name: str, above: str) -> bool:
    """Whether a name is another one, or lies below it."""
    return name == above or name.endswith("." + above)


async def _exists(domain: str, resolver: Resolver) -> bool | None:
    """Whether a name exists, whatever its records (RFC 9989 §3.2.13); None where that cannot be
    found out now."""
    try:
        await resolver.txt(domain)
    except NoSuchName:
        return False
    except Temporary:
        return None
    except DnsError:
        return True
    return True


class _Asker:
    """Asks for records, each at most once."""

    __slots__ = ("_asked", "_gather", "_resolver")

    def __init__(self, resolver: Resolver, gather: Gather | None) -> None:
        self._resolver = resolver
        self._gather = gather
        self._asked: Asked = {}

    async def walk(self, start: str) -> Walk:
        names = targets(start)
        if self._gather is not None:
            new = [name for name in names if name not in self._asked]
            await self._gather(*map(self._ask, new))
        records: list[tuple[str, Record]] = []
        for name in names:
            if name not in self._asked:
                await self._ask(name)
            found = self._asked[name]
            if isinstance(found, Temporary):
                return Walk(start, tuple(records), name)
            if found is not None:
                records.append((name, found))
                if found.psd != "u":
                    break
        return Walk(start, tuple(records))

    async def _ask(self, name: str) -> None:
        answer: Record | Temporary | None
        try:
            answer = record.only((await self._resolver.txt(f"_dmarc.{name}")).records)
        except Temporary as error:
            answer = error
        except DnsError:
            answer = None
        self._asked[name] = answer

"""What is wrong with a domain's own record, and what is unwise, in sentences for its manager."""

from collections import Counter
from collections.abc import Iterator

from alphorn.dns.answers import DnsError, Resolver, Temporary
from alphorn.mailauth.spf import macros
from alphorn.mailauth.spf.evaluate import MAX_LOOKUPS
from alphorn.mailauth.spf.record import QUERYING, Mechanism, Record, parse, select, shown
from alphorn.mailauth.spf.result import Spf

MAX_ADVISED = 450
"""Octets of a record: with names and header it stays within the 512 of old DNS (RFC 7208 §3.4)."""

MAX_RECORDS = 40
"""How many records one look at a domain reads; more than ten are too many already."""

MAX_SENTENCES = 30

WIDE4 = 16
WIDE6 = 96
"""Networks with more bits left open than these (65536 IPv4 addresses, a /32 of IPv6) are much more
than the servers of one house."""

_MECHANISM_NAMES = frozenset(["all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"])


def problems(record: str) -> list[str]:
    """What can be seen in the text alone: first what makes the record void, then what is unwise;
    at most `MAX_SENTENCES`.

    None for a record that is well. Records of other domains that it includes are not asked for.
    """
    octets = record.encode("utf-8", "replace")
    if not select([octets]):
        return [_no_version(record)]
    read = parse(octets)
    found = [f"The record {problem}" for problem in read.problems]
    found += [*_limits(read), *_order(read), *_who(read), *_writing(octets, read)]
    return found[:MAX_SENTENCES]


async def problems_of(domain: str, resolver: Resolver) -> list[str]:
    """The record that a domain has in the DNS, with all that it includes. Never raises."""
    try:
        records = select((await resolver.txt(domain)).records)
    except Temporary:
        return ["The DNS does not answer for now; the record cannot be seen."]
    except DnsError:
        records = []
    if not records:
        return ["There is no SPF record; others cannot tell our mail from forged mail."]
    if len(records) > 1:
        return [f"There are {len(records)} SPF records; there may be one. Join them."]
    found = problems(records[0].decode("utf-8", "replace"))
    walk = _Walk(resolver)
    await walk.visit(domain, parse(records[0]))
    found += walk.problems[:MAX_SENTENCES]
    if walk.lookups > MAX_LOOKUPS >= _lookups(parse(records[0])):
        found.append(
            f"With all that it includes the record takes {walk.lookups} look-ups; "
            f"above {MAX_LOOKUPS} others take it for void. Include less."
        )
    return found


class _Walk:
    """Through all records that one leads to, as if nothing matched before the end."""

    def __init__(self, resolver: Resolver) -> None:
        self.lookups = 0
        self.problems: list[str] = []
        self._resolver = resolver
        self._left = MAX_RECORDS
        self._path: list[str] = []

    async def visit(self, domain: str, record: Record) -> None:
        self.lookups += _lookups(record)
        self._path.append(domain.lower())
        for name in _others(record):
            self._left -= 1
            if self._left < 0:
                return
            if name in self._path:
                self.problems.append(f"The record of {shown(name)} leads back to itself.")
                continue
            other = await self._read(name)
            if other is not None:
                await self.visit(name, other)
        self._path.pop()

    async def _read(self, name: str) -> Record | None:
        whose = shown(name)
        try:
            records = select((await self._resolver.txt(name)).records)
        except Temporary:
            self.problems.append(f"The DNS does not answer for {whose}, which is included.")
            return None
        except DnsError:
            records = []
        if len(records) != 1:
            what = "has no SPF record" if not records else "has several SPF records"
            self.problems.append(f"{whose} is included and {what}; the whole record is void by it.")
            return None
        record = parse(records[0])
        self.problems += [
            f"The record of {whose}, which is included, {problem}" for problem in record.problems
        ]
        return record


def _others(record: Record) -> Iterator[str]:
    """The domains whose records are part of this one, as far as no macro hides them."""
    templates = [each.target for each in record.mechanisms if each.name == "include"]
    if _is_redirected(record):
        templates.append(record.redirect)
    for template in templates:
        if template is not None and not template.letters:
            name = macros.to_name(macros.expand(template, {}))
            if name is not None:
                yield name


def _lookups(record: Record) -> int:
    return sum(each.name in QUERYING for each in record.mechanisms) + _is_redirected(record)


def _is_redirected(record: Record) -> bool:
    return record.redirect is not None and all(each.name != "all" for each in record.mechanisms)


def _no_version(record: str) -> str:
    if record.strip().lower().startswith("v=spf1"):
        return 'The record does not begin with "v=spf1" and a space, so it is none.'
    if record.lower().startswith(("v=spf", "spf2.0", "v=spf2")):
        return f'"{shown(record.split(" ")[0])}" is no version of SPF in use; it is "v=spf1".'
    return 'The record does not begin with "v=spf1".'


def _limits(record: Record) -> Iterator[str]:
    lookups = _lookups(record)
    if lookups > MAX_LOOKUPS:
        yield (
            f"The record takes {lookups} look-ups (include, a, mx, ptr, exists, redirect); "
            f"above {MAX_LOOKUPS} others take it for void."
        )


def _order(record: Record) -> Iterator[str]:
    names = [each.name for each in record.mechanisms]
    if "all" in names:
        after = record.mechanisms[names.index("all") + 1 :]
        if after:
            yield f'What stands after "all" has no effect: {shown(after[0].text)}.'
        if record.redirect is not None:
            yield 'Beside "all", redirect= has no effect.'
    elif record.redirect is None and not record.problems:
        yield 'The record does not end in "-all" or "~all", so it forbids nobody anything.'
    texts = Counter(each.text.lower() for each in record.mechanisms if each.name != "all")
    for text, number in texts.items():
        if number > 1:
            yield f'"{shown(text)}" stands {number} times.'


def _who(record: Record) -> Iterator[str]:
    for each in record.mechanisms:
        text = shown(each.text)
        if each.name == "ptr":
            yield f'"{text}" is slow, not reliable and out of use; name the servers otherwise.'
        if each.target is not None and "p" in each.target.letters:
            yield f'"{text}" uses %{{p}}, which is slow, not reliable and out of use.'
        if each.name == "all" and each.result is Spf.PASS:
            yield '"+all" allows the whole world to send in the name of the domain.'
        elif each.name == "all" and each.result is Spf.NEUTRAL:
            yield '"?all" forbids nobody anything; "-all" or "~all" protects the domain.'
        elif each.result is Spf.PASS and _is_wide(each):
            yield f'"{text}" allows a very large network to send in the name of the domain.'


def _is_wide(mechanism: Mechanism) -> bool:
    return mechanism.shift4 > WIDE4 or mechanism.shift6 > WIDE6


def _writing(octets: bytes, record: Record) -> Iterator[str]:
    if len(octets) > MAX_ADVISED:
        yield (
            f"The record has {len(octets)} characters; above {MAX_ADVISED} some servers cannot "
            "have it in one piece."
        )
    for term in record.ignored:
        name = term.partition("=")[0].lower()
        if name in _MECHANISM_NAMES:
            yield f'"{shown(term)}" has no effect: after {name} stands ":" in place of "=".'
        elif name == "v":
            yield f'"{shown(term)}" stands a second time; two records were perhaps joined.'
        else:
            yield f'"{shown(term)}" has no effect.'

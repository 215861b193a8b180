"""All checks of who sent a message, in two steps.

`ask` asks the DNS for whatever the message's signatures and its author's domain need, and computes
nothing; `settle` computes, and asks nothing. So whoever receives mail can wait for the DNS on an
event loop and hash in a thread. SPF needs no message and comes from before.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from alphorn.dns.answers import Resolver
from alphorn.mailauth.arc import validate as arc
from alphorn.mailauth.arc.chain import Chain
from alphorn.mailauth.dkim import verify as dkim
from alphorn.mailauth.dkim.covered import Covered
from alphorn.mailauth.dkim.public import Gather, Keys
from alphorn.mailauth.dkim.signature import MAX_HEADER, Signature
from alphorn.mailauth.dkim.verify import DkimResult
from alphorn.mailauth.dmarc import evaluate as dmarc
from alphorn.mailauth.dmarc import tree
from alphorn.mailauth.dmarc.author import Author, author
from alphorn.mailauth.dmarc.evaluate import DmarcResult
from alphorn.mailauth.dmarc.record import LEVELS
from alphorn.mailauth.dmarc.tree import Found
from alphorn.mailauth.outcome import Outcome
from alphorn.mailauth.results import Authentication
from alphorn.mailauth.spf.result import SpfResult
from alphorn.message.header import header_end


@dataclass(frozen=True, slots=True)
class Proofs:
    """What the DNS said about a message; `found` has what was published for each domain that its
    author names."""

    author: Author
    signatures: tuple[Signature, ...]
    keys: Keys
    chain: Chain
    chain_keys: Keys
    found: tuple[Found, ...]


@dataclass(frozen=True, slots=True)
class Client:
    """What was found out before the message came: SPF for MAIL FROM (for HELO where the
    reverse-path is empty) and for HELO, and the confirmed name of the client, "" for none."""

    spf: SpfResult | None = None
    helo_spf: SpfResult | None = None
    ptr: str = ""


Policy = Callable[[str, Resolver, Sequence[str], Gather], Awaitable[Found]]
"""As `tree.find`, which may be put behind a memory."""


async def ask(
    raw: bytes,
    spf: SpfResult | None,
    resolver: Resolver,
    gather: Gather,
    policy: Policy = tree.find,
) -> Proofs:
    """`raw` is the message as it came. Never raises DnsError. Of a header no more is read than
    signatures may stand under, so that an event loop can be asked to do it."""
    raw = _head(raw)
    claimed = author(raw)
    signatures, chain = dkim.parse(raw), arc.parse(raw)
    identifiers = [signature.domain for signature in signatures]
    if spf is not None:
        identifiers.append(spf.domain)
    if not signatures and not chain.sets and len(claimed.domains) == 1:
        found = await policy(claimed.domain, resolver, identifiers, gather)
        return Proofs(claimed, (), {}, chain, {}, (found,))
    keys, chain_keys, policies = await gather(
        dkim.find_keys(signatures, resolver, gather),
        arc.find_keys(chain, resolver, gather),
        _policies(claimed.domains, resolver, identifiers, gather, policy),
    )
    return Proofs(claimed, signatures, keys, chain, chain_keys, policies)


def _head(raw: bytes) -> bytes:
    """The header with the empty line behind it, or the beginning of one that is too large."""
    return raw[: header_end(raw, 0, min(len(raw), MAX_HEADER + 4))]


async def _policies(
    domains: Sequence[str],
    resolver: Resolver,
    identifiers: Sequence[str],
    gather: Gather,
    policy: Policy,
) -> tuple[Found, ...]:
    found = await gather(*(policy(name, resolver, identifiers, gather) for name in domains))
    return tuple(found)


def settle(raw: bytes, proofs: Proofs, client: Client, now: int) -> Authentication:
    """The results. `raw` is what `ask` was given; hashing 25 MB takes some 100 ms."""
    covered = Covered(raw)
    signatures = dkim.check(raw, proofs.signatures, proofs.keys, now, covered=covered)
    chain = arc.check(raw, proofs.chain, proofs.chain_keys, now, covered=covered)
    policy, aligned = _settled(proofs, client.spf, signatures)
    return Authentication(
        client.spf, client.helo_spf, signatures, chain, policy, client.ptr, aligned
    )


def _settled(
    proofs: Proofs, spf: SpfResult | None, signatures: Sequence[DkimResult]
) -> tuple[DmarcResult, str]:
    """What DMARC comes to, and the domain that vouches for the author. Of several authors' domains
    the worst result counts, and each has to be vouched for."""
    results = []
    for found in proofs.found:
        policy = dmarc.evaluate(found, found.author, spf, signatures)
        results.append((policy, policy.aligned or dmarc.aligned(found, spf, signatures)))
    if not results:
        return dmarc.no_author(proofs.author), ""
    if len(results) == 1:
        return results[0]
    worst = max(results, key=lambda result: _severity(result[0]))
    return worst[0], worst[1] if all(aligned for _, aligned in results) else ""


def _severity(result: DmarcResult) -> tuple[int, int]:
    return _OUTCOMES.index(result.outcome), LEVELS.index(result.policy or "none")


_OUTCOMES = (Outcome.PASS, Outcome.NONE, Outcome.PERMERROR, Outcome.TEMPERROR, Outcome.FAIL)

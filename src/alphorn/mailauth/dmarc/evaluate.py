"""What DMARC says of a message (RFC 9989 §5.3), from what was found and what SPF and DKIM came to.

Pure. A message fails only where everything that could have let it pass is known: if the DNS kept
us from knowing a domain, its organizational domain, or the result of an aligned check, the outcome
is TEMPERROR and no policy is applied.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from alphorn.mailauth.dkim.verify import DkimResult
from alphorn.mailauth.dmarc import record
from alphorn.mailauth.dmarc.author import Author
from alphorn.mailauth.dmarc.author import domain as as_domain
from alphorn.mailauth.dmarc.tree import Found, related
from alphorn.mailauth.outcome import Outcome
from alphorn.mailauth.spf.result import Spf, SpfResult


@dataclass(frozen=True, slots=True)
class DmarcResult:
    """`policy` is what the domain's owner wants done with mail that fails ("none", "quarantine",
    "reject"), with `t=y` heeded, "" where DMARC does not apply; `published` is the same before
    `t=y` was heeded. `domain` is where the record stands that decided, `aligned` the identifier
    that vouched for `author` ("" for none), `by` "dkim" or "spf". `reason` is a sentence.
    """

    outcome: Outcome
    policy: str
    domain: str
    aligned: str
    reason: str
    author: str = ""
    published: str = ""
    by: str = ""


def evaluate(
    found: Found, from_domain: str, spf: SpfResult | None, dkim: Sequence[DkimResult]
) -> DmarcResult:
    """The result for a message from `from_domain`, for which `found` was found.

    `spf` is the result for MAIL FROM, which is HELO's where the reverse-path is empty; a result for
    HELO beside another MAIL FROM does not count (RFC 9989 §4.3). Identifiers that `find` was not
    told of can pass only where they equal the author's domain.
    """
    author = as_domain(from_domain)
    if not author or author != found.author:
        return no_author(Author("", "There is no author's domain."))
    if found.failure:
        return DmarcResult(Outcome.TEMPERROR, "", "", "", found.failure, author)
    applied = found.record
    if applied is None:
        reason = f"No DMARC record applies to {author}."
        return DmarcResult(Outcome.NONE, "", "", "", reason, author)
    if not applied.usable:
        reason = f"The DMARC record of {found.domain} holds no policy that can be read."
        return DmarcResult(Outcome.PERMERROR, "", found.domain, "", reason, author)

    subdomain = found.domain != author
    published = applied.policy(subdomain=subdomain, exists=found.exists is not False)
    policy = record.milder(published) if applied.testing else published
    unsure: list[str] = []
    for by, name, state, strict in _identifiers(applied, spf, dkim):
        alignment = _aligned(found, name, strict=strict)
        if alignment is False or state is Outcome.FAIL:
            continue
        if alignment is None or state is Outcome.TEMPERROR:
            unsure.append(name)
            continue
        reason = f"{_METHOD[by]} vouches for {name}, which is aligned with {author}."
        return DmarcResult(Outcome.PASS, policy, found.domain, name, reason, author, published, by)
    if unsure:
        reason = f"The DNS did not answer, so that it is not known whether {unsure[0]} is aligned."
        return DmarcResult(Outcome.TEMPERROR, "", found.domain, "", reason, author, published)
    if subdomain and found.exists is None and applied.np not in ("", applied.sp or applied.p):
        reason = f"The DNS did not answer whether {author} exists."
        return DmarcResult(Outcome.TEMPERROR, "", found.domain, "", reason, author)
    reason = f"Neither SPF nor DKIM vouches for a domain that is aligned with {author}."
    return DmarcResult(Outcome.FAIL, policy, found.domain, "", reason, author, published)


def no_author(author: Author) -> DmarcResult:
    """The result for a message whose author's domain cannot be told (RFC 9989 §5.3.1)."""
    return DmarcResult(Outcome.PERMERROR, "", "", "", author.problem)


def aligned(found: Found, spf: SpfResult | None, dkim: Sequence[DkimResult]) -> str:
    """The domain that SPF or DKIM vouches for and that is aligned with the author's in relaxed
    mode, "" for none: what proves an author whose domain has no record."""
    for _, name, state, _ in _identifiers(record.Record(), spf, dkim):
        if state is Outcome.PASS and _aligned(found, name, strict=False):
            return name
    return ""


_METHOD = {"dkim": "DKIM", "spf": "SPF"}
_SPF = {Spf.PASS: Outcome.PASS, Spf.TEMPERROR: Outcome.TEMPERROR}


def _identifiers(
    applied: record.Record, spf: SpfResult | None, dkim: Sequence[DkimResult]
) -> list[tuple[str, str, Outcome, bool]]:
    """Method, domain, PASS or TEMPERROR or FAIL for all else, and whether alignment is strict."""
    found = []
    for signature in dkim:
        state = signature.outcome
        if state not in (Outcome.PASS, Outcome.TEMPERROR):
            state = Outcome.FAIL
        found.append(("dkim", as_domain(signature.domain), state, applied.strict_dkim))
    if spf is not None:
        state = _SPF.get(spf.result, Outcome.FAIL)
        found.append(("spf", as_domain(spf.domain), state, applied.strict_spf))
    return [identifier for identifier in found if identifier[1]]


def _aligned(found: Found, name: str, *, strict: bool) -> bool | None:
    """None where the DNS did not tell. An identical domain is aligned in either mode: whatever the
    organizational domain is, it is the same (RFC 9989 §4.10.2)."""
    if name == found.author:
        return True
    if strict or not related(name, found.author, found.organization):
        return False
    organization = found.organizations.get(name, "")
    if not organization or not found.organization:
        return None
    return organization == found.organization

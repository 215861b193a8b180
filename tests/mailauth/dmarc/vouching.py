"""Results of DKIM and SPF for a domain, as DMARC is given them."""

from dataclasses import dataclass

from alphorn.mailauth.outcome import Outcome


@dataclass(frozen=True)
class D:
    outcome: Outcome
    domain: str


@dataclass(frozen=True)
class S:
    result: str
    domain: str


def dkim(outcome: str, domain: str) -> D:
    return D(Outcome(outcome), domain)


def spf(result: str, domain: str) -> S:
    return S(result, domain)

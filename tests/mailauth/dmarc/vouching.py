"""Results of DKIM and SPF for a domain, as DMARC is given them."""

from alphorn.mailauth.dkim.verify import DkimResult
from alphorn.mailauth.outcome import Outcome
from alphorn.mailauth.spf.result import Spf, SpfResult


def dkim(outcome: str, domain: str) -> DkimResult:
    identity = f"@{domain}"
    return DkimResult(Outcome(outcome), domain, "s", identity, "rsa-sha256", 2048, "", False)


def spf(result: str, domain: str) -> SpfResult:
    return SpfResult(Spf(result), domain, "mailfrom", "192.0.2.1")

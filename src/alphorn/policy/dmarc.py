"""What becomes of a message that nothing proves to be from its author's domain (RFC 9989 §5.3.4).

The author's domain decides, with two exceptions: where the DNS does not answer, whoever could keep
it from answering would else escape the policy, so that the message waits; and where a forwarder
whom this service trusts found the message in order, its broken proofs are the forwarder's doing
(RFC 8617 §7.2.1).
"""

from alphorn.base.address import fold_domain
from alphorn.mailauth import said
from alphorn.mailauth.dmarc.evaluate import DmarcResult
from alphorn.mailauth.outcome import Outcome
from alphorn.mailauth.results import Authentication
from alphorn.policy.decision import Act, Decision, Fact, Reason

STAGE = "dmarc"
QUARANTINE = "dmarc-quarantine"
"""The code of the reason that sends a message to the spam folder, whatever its score."""

_POLICIES = ("quarantine", "reject")


def check(auth: Authentication, trusted: frozenset[str]) -> Decision | None:
    """None where DMARC says nothing. `trusted` are the domains whose seals (ARC) are believed."""
    result = auth.dmarc
    if result is None:
        return None
    if result.outcome is Outcome.TEMPERROR and result.published in _POLICIES:
        return None if believed(auth, trusted) else _unsure(result)
    if result.outcome is not Outcome.FAIL:
        return None
    facts: dict[str, Fact] = {"dmarc_policy": result.policy, "dmarc_domain": result.domain}
    if result.policy not in _POLICIES:
        return Decision(STAGE, facts=facts)
    if forwarder := believed(auth, trusted):
        text = f"{forwarder}, whom this service trusts, found it genuine before sending it on."
        return Decision(STAGE, reasons=(Reason("arc", text),), facts=facts)
    text = (
        f"Nothing proves that it is from {result.author}, and {result.domain} asks to "
        f"{result.policy} such mail (DMARC)."
    )
    if result.policy == "quarantine":
        return Decision(STAGE, reasons=(Reason(QUARANTINE, text),), facts=facts)
    return Decision(
        STAGE,
        Act.REFUSE,
        "5.7.1",
        f"{text} Whoever manages {result.domain} can repair its SPF, DKIM or DMARC records.",
        page="dmarc",
        reasons=(Reason("dmarc-reject", text),),
        facts=facts,
    )


def believed(auth: Authentication, trusted: frozenset[str]) -> str:
    """The trusted forwarder who says that the message was in order when it reached him, the first
    of the chain; "" where there is none. He has to say it once, and of this author: words of a
    stranger that found their way among his results stand beside what he himself found."""
    chain = auth.arc
    if chain is None or chain.outcome is not Outcome.PASS or not chain.sealers or not trusted:
        return ""
    if not all(sealer in trusted for sealer in chain.sealers):
        return ""
    found = [one for one in said.read(chain.results)[1] if one.method == "dmarc"]
    if len(found) != 1 or found[0].outcome != "pass" or auth.dmarc is None:
        return ""
    author = found[0].properties.get("header.from", "")
    return chain.sealers[-1] if fold_domain(author) == fold_domain(auth.dmarc.author) else ""


def _unsure(result: DmarcResult) -> Decision:
    text = f"The DNS does not say for now whether it is from {result.author}."
    return Decision(
        STAGE,
        Act.DEFER,
        "4.7.1",
        f"{text} Please try again later",
        basic=451,
        page="dmarc",
        reasons=(Reason("dmarc-unsure", text),),
        facts={"dmarc_policy": result.published, "dmarc_domain": result.domain},
    )

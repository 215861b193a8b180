"""What the lists of blocked and allowed senders mean for one message and one recipient.

A message names two senders: that of the envelope (MAIL FROM, RFC 5321) and its author (the From
field, RFC 5322). Each is looked up by itself, and for each one entry counts:

    of several entries that fit          the one that counts
    on lists of different scopes         the nearer: account, then domain, then installation
    on one list                          the one that says more: address, then domain, then
                                         subdomains, the longer before the shorter
    an entry that allows, where the      none: it is passed over, and the next one counts
    message does not prove its sender

What the two then say is joined: refused if either is refused, else filed in Spam if either is to be
filed, else allowed if either is allowed. So a refusal of the envelope's sender is certain at RCPT,
before the message is there, unless an entry that allows is nearer; then proof is waited for.

Proof is authentication: of the author, something that authenticated and is aligned with the From
field's domain, as DMARC has it (RFC 9989); of the envelope's sender, an SPF pass for its domain.
That somebody writes his own address on his list, which is how spam "from yourself" gets in, thus
lets in nothing forged. Mail from a domain of ours that nothing proves is marked as forged, and an
entry for its envelope does not help it. While the DNS does not answer, nothing is proved and
nothing forged.

Allowed mail is not held for spam; everything else (attachments, viruses, quotas) is as for others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from alphorn.base.address import fold_domain
from alphorn.base.senders import Scope, SenderAction, SenderMatch
from alphorn.policy.decision import Act, Decision, Reason

STAGE = "lists"
PAGE = "sender"
FORGED_SCORE = 3.0
"""What it adds to a message's score that it claims falsely to be from a domain of ours."""
REFUSAL = "Mail from this sender is not accepted by this recipient."
"""All that a stranger learns: neither whose list it is nor what stands on it."""

_WHOSE = {
    Scope.ACCOUNT: "the account's list",
    Scope.DOMAIN: "the domain's list",
    Scope.INSTALLATION: "the list of this mail service",
}


@dataclass(frozen=True, slots=True)
class SenderFacts:
    """`sender` is the envelope's ("" for the null sender), `author` the address in the From field.

    `aligned` is the domain that authenticated and is aligned with the author's, "" where none is,
    None where that cannot be known now; `spf` the domain that SPF passed for the envelope, "" for
    none; `own` whether the author's domain is one of ours.
    """

    sender: str = ""
    author: str = ""
    aligned: str | None = ""
    spf: str = ""
    own: bool = False


@dataclass(frozen=True, slots=True)
class SenderDecision:
    """At most one of refusal (`decision`), `spam` and `allowed`; `forged` may come with any but
    the last."""

    decision: Decision
    allowed: bool = False
    spam: bool = False
    forged: bool = False


_NOTHING = SenderDecision(Decision(STAGE))


def at_rcpt(matches: Sequence[SenderMatch]) -> Decision:
    """While only the envelope's sender is known; `matches` are its, nearest first."""
    if matches and matches[0].action is SenderAction.REFUSE:
        return _refuse(matches[0], (_listed(matches[0]),))
    return _NOTHING.decision


def decide(
    envelope: Sequence[SenderMatch], author: Sequence[SenderMatch], facts: SenderFacts
) -> SenderDecision:
    """Once the message is there and authenticated; `envelope` and `author` are what fits the two
    senders, nearest first."""
    forged = facts.own and facts.aligned == ""
    if not (forged or envelope or author):
        return _NOTHING
    reasons: list[Reason] = []
    if forged:
        reasons.append(
            Reason(
                "forged",
                f"It says it is from {facts.author}, an address of ours, and nothing proves it.",
                FORGED_SCORE,
            )
        )
    counting = []
    for matches, proved in (
        (envelope, _passed(facts) and not forged),
        (author, bool(facts.aligned)),
    ):
        match = _counting(matches, proved)
        if matches and match is not matches[0]:
            reasons.append(
                Reason(
                    "unproved",
                    f"{matches[0].pattern} is allowed by {_WHOSE[matches[0].scope]}, but nothing "
                    "proves that the message is from there.",
                )
            )
        if match is not None:
            counting.append(match)
    by_action = {match.action: match for match in reversed(counting)}
    for action in (SenderAction.REFUSE, SenderAction.SPAM, SenderAction.ALLOW):
        if action in by_action:
            reasons.append(_listed(by_action[action]))
            break
    else:
        return SenderDecision(_pass(reasons, forged), forged=forged)
    if action is SenderAction.REFUSE:
        return SenderDecision(_refuse(by_action[action], tuple(reasons), forged), forged=forged)
    return SenderDecision(
        _pass(reasons, forged, by_action[action]),
        allowed=action is SenderAction.ALLOW,
        spam=action is SenderAction.SPAM,
        forged=forged,
    )


def _counting(matches: Sequence[SenderMatch], proved: bool) -> SenderMatch | None:
    for match in matches:
        if proved or match.action is not SenderAction.ALLOW:
            return match
    return None


def _passed(facts: SenderFacts) -> bool:
    domain = fold_domain(facts.sender.rpartition("@")[2])
    return bool(facts.spf) and domain is not None and domain == fold_domain(facts.spf)


def _listed(match: SenderMatch) -> Reason:
    said = {
        SenderAction.ALLOW: ("allowed", "is allowed by"),
        SenderAction.REFUSE: ("blocked", "is blocked by"),
        SenderAction.SPAM: ("blocked", "goes to Spam by"),
    }
    code, verb = said[match.action]
    return Reason(f"sender-{code}", f"{match.pattern} {verb} {_WHOSE[match.scope]}.")


def _facts(match: SenderMatch | None, forged: bool) -> dict[str, str | int | float | bool | None]:
    facts: dict[str, str | int | float | bool | None] = {}
    if match is not None:
        facts |= {
            "list": match.scope.name.lower(),
            "pattern": match.pattern,
            "action": match.action.value,
        }
    if forged:
        facts["forged"] = True
    return facts


def _pass(reasons: Sequence[Reason], forged: bool, match: SenderMatch | None = None) -> Decision:
    return Decision(STAGE, reasons=tuple(reasons), facts=_facts(match, forged))


def _refuse(match: SenderMatch, reasons: tuple[Reason, ...], forged: bool = False) -> Decision:
    return Decision(
        STAGE,
        Act.REFUSE,
        status="5.7.1",
        text=REFUSAL,
        page=PAGE,
        reasons=reasons,
        facts=_facts(match, forged),
    )

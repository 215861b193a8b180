"""What is thought of a message for one of its recipients.

His lists of senders, his thresholds for spam with what he and all others have taught, his
categories. Where another recipient takes a message it cannot be refused to this one, and is spam
for him. Behind an address that only leads elsewhere nobody looks into Spam: there it is refused.

Whoever wants nothing judged pays for his lists alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from alphorn.directory.values import AccountInfo, AddressKind, Protection, Route
from alphorn.directory.view import DirectoryView
from alphorn.message import spam_field
from alphorn.operations import categories as learned_categories
from alphorn.operations.acquaintances import Acquaintances, Familiarity
from alphorn.operations.placement import PROMOTIONS, SOCIAL, SPAM, Placement
from alphorn.policy import engines, lists
from alphorn.policy.decision import Act, Decision, Reason
from alphorn.policy.engines import Scoring
from alphorn.policy.lists import SenderDecision, SenderFacts
from alphorn.spam.categories import Category, categorize
from alphorn.spam.observation import Observation
from alphorn.spam.score import Thresholds, judge
from alphorn.store.api import Learned, Store
from alphorn.store.spam_model import SpamModel

STAGE = "spam"
LISTED = "listed-"
"""Reasons of lists in the DNS begin so; each has the weight that the settings give it."""
REPORTED = Reason("sender-reported", "You reported mail of this sender.")
TOO_MUCH = Decision(
    STAGE,
    Act.REFUSE,
    "5.7.1",
    "The message is taken for spam, and its recipient does not take such mail.",
    basic=554,
    page="spam",
)
NOT_SENT_ON = replace(
    TOO_MUCH,
    text="The message is taken for spam, and such mail is not sent on to where the address leads.",
)


@dataclass(frozen=True, slots=True)
class Case:
    """What is the same for all recipients. `sender` is the envelope's, `author` who is said to have
    written it and what proves it. `seen` is None where nobody wants it judged; `keys` are its
    tokens where somebody wants spam judged. `quarantined`: the author's domain asks for that."""

    raw: bytes
    sender: str
    author: SenderFacts
    seen: Observation | None = None
    keys: tuple[int, ...] = ()
    engines: Sequence[Decision] = ()
    quarantined: bool = False

    @property
    def clean(self) -> bool:
        """Whether a scanner for viruses looked at it and found none."""
        return any(one.facts.get(engines.CLAMAV) == "clean" for one in self.engines)


@dataclass(frozen=True, slots=True)
class Judge:
    """One per process; called from threads, waits for the disk. `scoring` is what Rspamd's score is
    to ours."""

    view: DirectoryView
    store: Store
    model: SpamModel
    acquaintances: Acquaintances
    scoring: Scoring

    def place(self, case: Case, route: Route, protection: Protection) -> tuple[Placement, float]:
        """Where it goes, and its score. Raises Unavailable."""
        account, seen, known = route.account, case.seen, Familiarity()
        learned = None
        matched = lists.decide(
            self.view.sender_matches(route, case.sender),
            self.view.sender_matches(route, case.author.author),
            case.author,
        )
        found: list[Reason] = []
        if seen is not None:
            if not protection.dns_lists:
                seen = _unlisted(seen)
            if account is not None and judges(protection):
                learned = self.store.account(account.id).learned()  # read once for all
                known = self.acquaintances.familiarity(
                    account.id, seen.from_address, case.raw, learned
                )
                seen = _with_familiarity(seen, known)
            if protection.spam:
                found = self._judged(case, seen, account, protection, learned)
        reasons = [*matched.decision.reasons, *engines.scored(found, case.engines, self.scoring)]
        score = round(sum(reason.score for reason in reasons), 2)
        if known.blocked:
            reasons.append(REPORTED)
        refusal = _refusal(protection, matched, score, reasons)
        spam = refusal is not None or (
            not matched.allowed
            and (
                matched.spam or known.blocked or case.quarantined or protection.files_as_spam(score)
            )
        )
        if spam and refusal is None and account is None and route.kind is not AddressKind.LIST:
            refusal = replace(NOT_SENT_ON, facts={"score": score}, reasons=against(reasons))
        category = ""
        if seen is not None and account is not None and not spam and not matched.allowed:
            category = self._category(protection, account, seen, reasons, learned)
        if not reasons and not spam and seen is None:
            return Placement(clean=case.clean), score
        kind = SPAM if spam else category
        return (
            Placement(
                kind,
                spam_field.render(
                    score, protection.spam_threshold, SPAM if spam else "ham", reasons, category
                ),
                _why(reasons, matched, case.quarantined, spam, known.blocked),
                refusal,
                bool(case.author.aligned) and (known.knows or known.answered),
                listed=spam and (matched.spam or known.blocked or not matched.decision.passes),
                clean=case.clean,
                facts={
                    "score": score,
                    "threshold": protection.spam_threshold,
                    **matched.decision.facts,
                },
            ),
            score,
        )

    def _judged(
        self,
        case: Case,
        seen: Observation,
        account: AccountInfo | None,
        protection: Protection,
        learned: Learned | None,
    ) -> list[Reason]:
        own = None if account is None else self.store.account(account.id).counts(learned)
        verdict = judge(
            seen,
            self.model.counts(),
            own,
            Thresholds(protection.spam_threshold, protection.refuse_threshold or None),
            case.keys,
        )
        return [Reason(*reason) for reason in verdict.reasons]

    def _category(
        self,
        protection: Protection,
        account: AccountInfo,
        seen: Observation,
        reasons: list[Reason],
        learned: Learned | None,
    ) -> str:
        if not (protection.promotions or protection.social):
            return ""
        mail = self.store.account(account.id)
        found = categorize(seen, learned_categories.corrections(mail, seen, learned))
        wanted = {
            Category.PROMOTIONS: PROMOTIONS if protection.promotions else "",
            Category.SOCIAL: SOCIAL if protection.social else "",
        }.get(found.category, "")
        if wanted:
            reasons += [Reason(*reason) for reason in found.reasons]
        return wanted


def judges(protection: Protection) -> bool:
    """Whether the message itself is looked at for this recipient."""
    return protection.spam or protection.promotions or protection.social


def against(reasons: Sequence[Reason]) -> tuple[Reason, ...]:
    """What speaks against a message, the heaviest first."""
    return tuple(sorted((one for one in reasons if one.score > 0), key=lambda one: -one.score))


def taken_for_spam(placement: Placement) -> bool:
    """And not only refused because of whom it is from."""
    refusal = placement.refusal
    return placement.kind == SPAM and (refusal is None or refusal.stage == STAGE)


def _refusal(
    protection: Protection, matched: SenderDecision, score: float, reasons: Sequence[Reason]
) -> Decision | None:
    if not matched.decision.passes:
        return matched.decision
    if protection.refuses_as_spam(score) and not matched.allowed:
        return replace(TOO_MUCH, facts={"score": score}, reasons=against(reasons))
    return None


def _with_familiarity(seen: Observation, known: Familiarity) -> Observation:
    """A forged address is known to nobody: only what is proved counts, where proof can be had."""
    facts = seen.facts
    trusted = facts.aligned or not facts.authentication_known
    if not known.answered and not (known.knows and trusted):
        return seen
    return seen._replace(
        facts=facts._replace(
            known_correspondent=known.knows and trusted, replied_to_us=known.answered
        )
    )


def _unlisted(seen: Observation) -> Observation:
    """As whoever wants no lists in the DNS sees it."""
    reasons = tuple(one for one in seen.facts.header_reasons if not one[0].startswith(LISTED))
    if len(reasons) == len(seen.facts.header_reasons) and not seen.facts.listed_hosts:
        return seen
    facts = seen.facts._replace(header_reasons=reasons, listed_hosts=frozenset())
    return seen._replace(facts=facts)


def _why(
    reasons: Sequence[Reason],
    matched: SenderDecision,
    quarantined: bool,
    spam: bool,
    blocked: bool,
) -> str:
    if blocked:
        return REPORTED.text
    if matched.spam or not matched.decision.passes:
        return matched.decision.reasons[-1].text
    if quarantined and spam:
        return "the sender's domain asks for it (DMARC)."
    heaviest = max(reasons, key=lambda reason: reason.score, default=None)
    return heaviest.text if spam and heaviest is not None else ""

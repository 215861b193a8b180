"""Rules and classifier joined to one score, and what is to be done at which score."""

from dataclasses import dataclass

from alphorn.spam import classifier, newsletter, rules
from alphorn.spam.classifier import Counts, Evidence
from alphorn.spam.observation import Observation
from alphorn.spam.tokens import tokens
from alphorn.spam.values import Reason

FOLDER = 5.0
MOST_FOR = 7.5
MOST_AGAINST = -6.0
LEAST_WORTH_TELLING = 0.1


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From `folder` on a message goes to the spam folder, from `refuse` on it is refused.

    `refuse` None never refuses.
    """

    folder: float = FOLDER
    refuse: float | None = None


@dataclass(frozen=True, slots=True)
class SpamVerdict:
    """`score` is the sum of the reasons' scores; `probability` what the classifier said alone."""

    score: float
    reasons: tuple[Reason, ...]
    probability: float
    is_spam: bool
    refuse: bool


def judge(
    seen: Observation,
    shared: Counts | None = None,
    own: Counts | None = None,
    thresholds: Thresholds = Thresholds(),
    keys: tuple[int, ...] | None = None,
) -> SpamVerdict:
    """The verdict on a message for one account.

    `shared` are the counts of the installation, `own` those of the account; either may be missing
    or empty. `keys` are the message's tokens where the caller has them already.
    """
    if keys is None:
        keys = tokens(seen)
    evidence = classifier.weigh(keys, shared, own)
    reasons = rules.findings(seen)
    learned = _learned(evidence)
    if learned is not None:
        reasons.append(learned)
        if learned.score > 0:
            reasons += _lessened(evidence, newsletter.resemblance(seen))
    score = round(sum(reason.score for reason in reasons), 2)
    return SpamVerdict(
        score,
        tuple(sorted(reasons, key=lambda reason: -abs(reason.score))),
        evidence.probability,
        score >= thresholds.folder,
        thresholds.refuse is not None and score >= thresholds.refuse,
    )


def points(evidence: Evidence) -> float:
    """What the classifier adds to the score: between MOST_AGAINST and MOST_FOR."""
    return max(MOST_AGAINST, min(MOST_FOR, evidence.points))


def _lessened(evidence: Evidence, doubt: float) -> list[Reason]:
    """What takes `doubt` off the evidence before its bounds, so that it helps least where all that
    was learned agrees; never more than there is."""
    before = points(evidence)
    score = round(max(0.0, min(MOST_FOR, evidence.points - doubt)) - before, 2)
    if score > -LEAST_WORTH_TELLING:
        return []
    return [Reason("like-newsletter", "It is built like a newsletter of its sender.", score)]


def _learned(evidence: Evidence) -> Reason | None:
    if evidence is classifier.NOTHING:
        return None
    score = round(points(evidence), 2)
    if abs(score) < LEAST_WORTH_TELLING:
        return None
    own = abs(evidence.moved) * classifier.GAIN > abs(score) / 2
    if score > 0:
        if own and evidence.moved > 0:
            return Reason("own-spam", "It resembles mail that you marked as spam.", score)
        return Reason("like-spam", "It resembles mail that people marked as spam.", score)
    if own and evidence.moved < 0:
        return Reason("own-wanted", "It resembles mail that you keep.", score)
    return Reason("like-wanted", "It resembles mail that people keep.", score)

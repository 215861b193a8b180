"""What the verdicts of other engines (Rspamd, ClamAV) mean for a message. Pure.

An engine gives a value of this module or fails; here that becomes a `Decision`. An engine that has
not answered is no reason against a message: the operator says whether it then waits or goes on.
What is written here of symbols, viruses and texts comes from outside and is made harmless first.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from alphorn.policy.decision import Act, Decision, Fact, Reason

RSPAMD = "rspamd"
CLAMAV = "clamav"

MAX_TEXT = 200
MAX_NAME = 100
MAX_REASONS = 40
LEAST_WORTH_TELLING = 0.005
"""Scores have two digits."""

_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\xa0\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+"
)
_NO_CODE = re.compile(r"[^a-z0-9]+")
_NO_NAME = re.compile(r"[^!-~]+")

FACT_SCORE = "rspamd_score"


class OnFailure(StrEnum):
    """What becomes of mail while an engine does not answer."""

    CONTINUE = "continue"
    DEFER = "defer"


class Scoring(StrEnum):
    """What an engine's score is to ours."""

    ADD = "add"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class EngineVerdict:
    """What Rspamd says of a message, in its own points.

    `required` is the score from which it refuses (0: it does not say), `action` its word for what
    is to be done, `symbols` what it found, `text` what it wants the sender to be told.
    """

    score: float
    required: float
    action: str
    symbols: tuple[Reason, ...] = ()
    text: str = ""

    @property
    def defers(self) -> bool:
        return self.action == "soft reject"

    @property
    def refuses(self) -> bool:
        return self.action == "reject"

    @property
    def forced(self) -> bool:
        """Whether one of its rules orders the action, whatever the score is."""
        by_score = 0 < self.required <= self.score
        return self.defers or (self.refuses and not by_score)


class Virus(StrEnum):
    CLEAN = "clean"
    INFECTED = "infected"
    TOO_LARGE = "too-large"


@dataclass(frozen=True, slots=True)
class VirusVerdict:
    """What clamd says of a message; `name` is the malware's, where it is infected."""

    outcome: Virus
    name: str = ""


@dataclass(frozen=True, slots=True)
class RspamdRules:
    """`weight` is what a point of Rspamd's counts here; `actions`: what it orders whatever the
    score is is done."""

    on_failure: OnFailure = OnFailure.CONTINUE
    scoring: Scoring = Scoring.ADD
    weight: float = 0.85
    actions: bool = True


def judge_spam(verdict: EngineVerdict, rules: RspamdRules = RspamdRules()) -> Decision:
    """The scores of the reasons add up to what Rspamd's score is worth here.

    A refusal that Rspamd bases on its score alone is left to our thresholds, which each account
    may have its own of.
    """
    reasons = _weighed(verdict, rules.weight)
    facts: dict[str, Fact] = {
        FACT_SCORE: verdict.score,
        "rspamd_required": verdict.required,
        "rspamd_action": verdict.action,
        "rspamd_symbols": " ".join(symbol.code for symbol in verdict.symbols[:MAX_REASONS]),
    }
    if not (rules.actions and verdict.forced):
        return Decision(RSPAMD, reasons=reasons, facts=facts)
    if verdict.defers:
        return Decision(
            RSPAMD,
            Act.DEFER,
            "4.7.1",
            _told(verdict) or "The message cannot be taken now; try again later",
            451,
            page="spam",
            reasons=(*reasons, Reason("rspamd-defers", "Rspamd asks its sender to wait.")),
            facts=facts,
        )
    return Decision(
        RSPAMD,
        Act.REFUSE,
        "5.7.1",
        _told(verdict) or "The message is taken for spam",
        554,
        page="spam",
        reasons=(*reasons, Reason("rspamd-refuses", "A rule of Rspamd refuses it.")),
        facts=facts,
    )


def judge_virus(verdict: VirusVerdict) -> Decision:
    """What is infected is refused; what is too large to be looked into is taken, and that told."""
    match verdict.outcome:
        case Virus.CLEAN:
            return Decision(CLAMAV, facts={CLAMAV: "clean"})
        case Virus.TOO_LARGE:
            text = "The message is too large to be checked for viruses."
            return Decision(
                CLAMAV,
                reasons=(Reason("virus-unchecked", text),),
                facts={"clamav_failure": "too-large"},
            )
    name = name_of(verdict.name) or "unnamed"
    return Decision(
        CLAMAV,
        Act.REFUSE,
        "5.7.0",
        f"The message carries malware ({name})",
        554,
        page="malware",
        reasons=(Reason("virus", f"The message carries malware ({name})."),),
        facts={CLAMAV: name},
    )


_UNANSWERED = {
    RSPAMD: (
        "spam-unchecked",
        "The message cannot be checked for spam now; try again later",
        "The message could not be checked for spam by Rspamd.",
    ),
    CLAMAV: (
        "virus-unchecked",
        "The message cannot be checked for viruses now; try again later",
        "The message could not be checked for viruses.",
    ),
}


def unanswered(stage: str, failure: str, on_failure: OnFailure) -> Decision:
    """The engine of this stage gave no verdict; `failure` is a short word that says why."""
    code, text, sentence = _UNANSWERED[stage]
    reasons = (Reason(code, sentence),)
    facts: dict[str, Fact] = {f"{stage}_failure": failure}
    if on_failure is OnFailure.CONTINUE:
        return Decision(stage, reasons=reasons, facts=facts)
    return Decision(stage, Act.DEFER, "4.7.1", text, 451, reasons=reasons, facts=facts)


def skipped(stage: str) -> Decision:
    """The message is larger than what the engine of this stage is asked about."""
    if stage == CLAMAV:
        return judge_virus(VirusVerdict(Virus.TOO_LARGE))
    return Decision(stage, facts={f"{stage}_failure": "too-large"})


def scored(own: Sequence[Reason], decisions: Iterable[Decision], scoring: Scoring) -> list[Reason]:
    """The reasons whose scores are a message's: `own` are those of the built-in filter for spam.

    Where Rspamd's score replaces ours, it does so when Rspamd has given one.
    """
    found = [decision for decision in decisions if decision.stage == RSPAMD]
    theirs = [reason for decision in found for reason in decision.reasons]
    answered = any(FACT_SCORE in decision.facts for decision in found)
    if scoring is Scoring.REPLACE and answered:
        return theirs
    return [*own, *theirs]


def plain(text: str, limit: int = MAX_TEXT) -> str:
    """Text from outside as one line that can be shown anywhere, cut to so many letters."""
    line = " ".join(_UNPRINTABLE.sub(" ", text[: 4 * limit]).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def name_of(text: str) -> str:
    """A name from outside: printable ASCII without spaces."""
    return _NO_NAME.sub("_", text[:MAX_NAME]).strip("_")


def _told(verdict: EngineVerdict) -> str:
    """What Rspamd wants the sender to be told, as it can stand in a reply (RFC 5321 §4.2)."""
    return verdict.text.replace("…", "...").encode("ascii", "replace").decode()


def _weighed(verdict: EngineVerdict, weight: float) -> tuple[Reason, ...]:
    """What speaks for or against the message, the weightiest first."""
    telling = sorted(
        (
            Reason(f"rspamd-{_NO_CODE.sub('-', symbol.code.lower())}", symbol.text, score)
            for symbol in verdict.symbols
            if abs(score := round(symbol.score * weight, 2)) > LEAST_WORTH_TELLING
        ),
        key=lambda reason: -abs(reason.score),
    )[:MAX_REASONS]
    # Rspamd bounds what a group of symbols may add, and its rules may set the score as a whole.
    rest = round(verdict.score * weight - sum(reason.score for reason in telling), 2)
    if abs(rest) > LEAST_WORTH_TELLING:
        telling.append(Reason("rspamd-rest", "Rspamd's score beside that.", rest))
    return tuple(telling)

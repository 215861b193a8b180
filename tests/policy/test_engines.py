"""What verdicts of other engines mean for a message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.policy import engines
from alphorn.policy.decision import Act, Decision, Reason
from alphorn.policy.engines import (
    EngineVerdict,
    OnFailure,
    RspamdRules,
    Scoring,
    Virus,
    VirusVerdict,
    judge_spam,
    judge_virus,
    plain,
    scored,
    unanswered,
)

OURS = (Reason("like-spam", "It resembles mail that people marked as spam.", 4.0),)


def test_an_infected_message_is_refused() -> None:
    decision = judge_virus(VirusVerdict(Virus.INFECTED, "Win.Test.EICAR_HDB-1"))
    assert decision == Decision(
        "clamav",
        Act.REFUSE,
        "5.7.0",
        "The message carries malware (Win.Test.EICAR_HDB-1)",
        554,
        "malware",
        (Reason("virus", "The message carries malware (Win.Test.EICAR_HDB-1)."),),
        {"clamav": "Win.Test.EICAR_HDB-1"},
    )
    assert judge_virus(VirusVerdict(Virus.INFECTED)).text.endswith("(unnamed)")


def test_a_clean_one_passes_without_a_word() -> None:
    decision = judge_virus(VirusVerdict(Virus.CLEAN))
    assert decision.passes
    assert not decision.reasons
    assert decision.facts == {"clamav": "clean"}


def test_a_large_one_passes_and_that_is_told() -> None:
    decision = judge_virus(VirusVerdict(Virus.TOO_LARGE))
    assert decision.passes
    assert decision.reasons[0].code == "virus-unchecked"
    assert engines.skipped("clamav") == decision
    assert engines.skipped("rspamd").passes


@pytest.mark.parametrize("stage", ["rspamd", "clamav"])
def test_an_engine_that_does_not_answer(stage: str) -> None:
    goes_on = unanswered(stage, "timeout", OnFailure.CONTINUE)
    assert goes_on.passes
    assert goes_on.facts == {f"{stage}_failure": "timeout"}
    assert goes_on.reasons[0].score == 0
    waits = unanswered(stage, "timeout", OnFailure.DEFER)
    assert (waits.act, waits.basic, waits.status) == (Act.DEFER, 451, "4.7.1")
    assert waits.text.endswith("now; try again later")
    assert waits.reasons == goes_on.reasons


def test_symbols_are_reasons_by_their_weight() -> None:
    verdict = EngineVerdict(
        6.0,
        15.0,
        "add header",
        (
            Reason("SMALL", "A little.", 1.0),
            Reason("NOTHING", "Nothing.", 0.0),
            Reason("GOOD", "Good.", -3.0),
            Reason("MUCH", "Much.", 10.0),
        ),
    )
    decision = judge_spam(verdict, RspamdRules(weight=0.5))
    assert decision.passes
    assert decision.reasons == (
        Reason("rspamd-much", "Much.", 5.0),
        Reason("rspamd-good", "Good.", -1.5),
        Reason("rspamd-small", "A little.", 0.5),
        Reason("rspamd-rest", "Rspamd's score beside that.", -1.0),
    )
    assert decision.facts == {
        "rspamd_score": 6.0,
        "rspamd_required": 15.0,
        "rspamd_action": "add header",
        "rspamd_symbols": "SMALL NOTHING GOOD MUCH",
    }


def test_a_refusal_by_score_is_left_to_our_thresholds() -> None:
    by_score = EngineVerdict(20.0, 15.0, "reject")
    assert judge_spam(by_score).passes
    assert sum(reason.score for reason in judge_spam(by_score).reasons) == pytest.approx(17.0)


@pytest.mark.parametrize(
    ("action", "text", "act", "basic", "status"),
    [
        ("reject", "The message is taken for spam", Act.REFUSE, 554, "5.7.1"),
        (
            "soft reject",
            "The message cannot be taken now; try again later",
            Act.DEFER,
            451,
            "4.7.1",
        ),
    ],
)
def test_an_order_is_followed_where_that_is_wanted(
    action: str, text: str, act: Act, basic: int, status: str
) -> None:
    ordered = EngineVerdict(0.0, 15.0, action)
    decision = judge_spam(ordered)
    assert (decision.act, decision.basic, decision.status) == (act, basic, status)
    assert decision.text == text
    assert judge_spam(EngineVerdict(0.0, 15.0, action, text="Owné w…")).text == "Own? w..."
    assert judge_spam(ordered, RspamdRules(actions=False)).passes


def test_scores_are_added_or_replaced() -> None:
    theirs = judge_spam(
        EngineVerdict(2.0, 15.0, "no action", (Reason("A", "A.", 2.0),)), RspamdRules(weight=1)
    )
    clean = judge_virus(VirusVerdict(Virus.CLEAN))
    assert scored(OURS, (clean, theirs), Scoring.ADD) == [*OURS, *theirs.reasons]
    assert scored(OURS, (clean, theirs), Scoring.REPLACE) == [*theirs.reasons]


def test_ours_stays_where_there_is_no_other() -> None:
    silent = unanswered("rspamd", "connect", OnFailure.CONTINUE)
    assert scored(OURS, (silent,), Scoring.REPLACE) == [*OURS, *silent.reasons]
    assert scored(OURS, (), Scoring.REPLACE) == [*OURS]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\nb", "a b"),
        ("  a \x00 b\u2028c ", "a b c"),
        ("\u202egnp.exe", "gnp.exe"),
        ("x" * 300, "x" * 199 + "…"),
        ("", ""),
    ],
)
def test_text_from_outside(text: str, shown: str) -> None:
    assert plain(text) == shown


REASONS = st.lists(
    st.builds(Reason, st.just("X"), st.just("X."), st.floats(-100, 100)), max_size=60
).map(tuple)


@given(REASONS, st.floats(-100, 100), st.floats(0, 10))
def test_reasons_add_up_to_the_score(
    symbols: tuple[Reason, ...], score: float, weight: float
) -> None:
    decision = judge_spam(
        EngineVerdict(score, 15.0, "no action", symbols), RspamdRules(weight=weight)
    )
    assert sum(reason.score for reason in decision.reasons) == pytest.approx(
        score * weight, abs=0.02
    )
    assert len(decision.reasons) <= engines.MAX_REASONS + 1

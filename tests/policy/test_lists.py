"""What counts of the lists of senders, and what only proof lets in."""

from itertools import product

import pytest

from alphorn.base.senders import Scope, SenderAction, SenderMatch
from alphorn.policy.decision import Act
from alphorn.policy.lists import FORGED_SCORE, REFUSAL, SenderFacts, at_rcpt, decide

ALLOW, REFUSE, SPAM = SenderAction.ALLOW, SenderAction.REFUSE, SenderAction.SPAM
PROVED = SenderFacts("news@b.test", "anna@a.test", aligned="a.test", spf="b.test")
UNPROVED = SenderFacts("news@b.test", "anna@a.test")


def entries(*actions: SenderAction) -> tuple[SenderMatch, ...]:
    """Nearest first: one of the account, one of the domain, one of the installation."""
    return tuple(
        SenderMatch(scope, "a.test", action)
        for scope, action in zip(sorted(Scope, reverse=True), actions, strict=False)
    )


def outcome(envelope: tuple[SenderMatch, ...], author: tuple[SenderMatch, ...],
            facts: SenderFacts = PROVED) -> str:  # fmt: skip
    decided = decide(envelope, author, facts)
    said = [
        word
        for word, holds in (
            ("refuse", decided.decision.act is Act.REFUSE),
            ("spam", decided.spam),
            ("allow", decided.allowed),
        )
        if holds
    ]
    assert len(said) <= 1
    return said[0] if said else ""


def test_nobody_on_a_list() -> None:
    decided = decide((), (), PROVED)
    assert decided.decision.passes
    assert decided.decision.reasons == ()
    assert decided.decision.facts == {}
    assert (decided.allowed, decided.spam, decided.forged) == (False, False, False)
    assert at_rcpt(()).passes


def test_the_first_counts_where_there_is_proof() -> None:
    for first, second in product(SenderAction, repeat=2):
        assert outcome(entries(first, second), ()) == first.value
        assert outcome((), entries(first, second)) == first.value


def test_to_be_allowed_takes_proof() -> None:
    for facts in (UNPROVED, SenderFacts("news@b.test", "anna@a.test", aligned=None)):
        assert outcome(entries(ALLOW), entries(ALLOW), facts) == ""
        assert outcome((), entries(ALLOW, REFUSE), facts) == "refuse"
        assert outcome(entries(ALLOW, SPAM), (), facts) == "spam"
        assert outcome(entries(ALLOW, ALLOW, REFUSE), (), facts) == "refuse"
    decided = decide((), entries(ALLOW), UNPROVED)
    assert [reason.code for reason in decided.decision.reasons] == ["unproved"]


def test_each_sender_is_proved_by_its_own() -> None:
    by_author = SenderFacts("news@b.test", "anna@a.test", aligned="a.test")
    by_envelope = SenderFacts("news@b.test", "anna@a.test", spf="B.test.")
    assert outcome((), entries(ALLOW), by_author) == "allow"
    assert outcome(entries(ALLOW), (), by_author) == ""
    assert outcome((), entries(ALLOW), by_envelope) == ""
    assert outcome(entries(ALLOW), (), by_envelope) == "allow"
    for spf in ("other.test", "test", ""):
        facts = SenderFacts("news@b.test", "anna@a.test", spf=spf)
        assert outcome(entries(ALLOW), (), facts) == ""
    assert outcome(entries(ALLOW), (), SenderFacts("", "anna@a.test", spf="")) == ""


@pytest.mark.parametrize(
    ("one", "other", "joined"),
    [(REFUSE, ALLOW, "refuse"), (REFUSE, SPAM, "refuse"), (SPAM, ALLOW, "spam")],
)
def test_the_two_senders_are_joined(one: SenderAction, other: SenderAction, joined: str) -> None:
    assert outcome(entries(one), entries(other)) == joined
    assert outcome(entries(other), entries(one)) == joined


def test_a_refusal_tells_a_stranger_nothing() -> None:
    match = SenderMatch(Scope.ACCOUNT, "news@b.test", REFUSE)
    for decision in (at_rcpt((match,)), decide((match,), (), UNPROVED).decision):
        assert (decision.act, decision.status, decision.text) == (Act.REFUSE, "5.7.1", REFUSAL)
        for secret in ("news", "b.test", "list", "account", "block"):
            assert secret not in decision.text
        assert decision.facts == {"list": "account", "pattern": "news@b.test", "action": "refuse"}
        (reason,) = decision.reasons
        assert reason.code == "sender-blocked"
        assert "news@b.test" in reason.text


def test_at_rcpt_only_what_proof_cannot_change() -> None:
    assert at_rcpt(entries(REFUSE, ALLOW)).act is Act.REFUSE
    assert at_rcpt(entries(ALLOW, REFUSE)).passes
    assert at_rcpt(entries(SPAM, REFUSE)).passes
    for actions in product(SenderAction, repeat=3):
        if at_rcpt(entries(*actions)).act is Act.REFUSE:
            for facts, author in product((PROVED, UNPROVED), SenderAction):
                assert outcome(entries(*actions), entries(author), facts) == "refuse"


def test_mail_from_ourselves_that_nothing_proves_is_forged() -> None:
    for sender, spf in (("anna@a.test", ""), ("x@b.test", "b.test")):
        facts = SenderFacts(sender, "anna@a.test", spf=spf, own=True)
        decided = decide(entries(ALLOW), entries(ALLOW), facts)
        assert decided.forged
        assert not decided.allowed
        assert decided.decision.facts["forged"] is True
        assert decided.decision.reasons[0].code == "forged"
        assert decided.decision.reasons[0].score == FORGED_SCORE
        assert decide((), entries(REFUSE), facts).decision.facts["forged"] is True
    for aligned in ("a.test", None):
        decided = decide((), (), SenderFacts("", "anna@a.test", aligned=aligned, own=True))
        assert not decided.forged
        assert decided.decision.facts == {}
    assert not decide((), (), SenderFacts("", "anna@a.test")).forged

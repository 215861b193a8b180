"""Rules and classifier make one score."""

import random

import pytest

from alphorn.spam import score, table
from alphorn.spam.score import Thresholds, judge
from alphorn.spam.table import Table
from alphorn.spam.tokens import tokens
from alphorn.spam.values import SpamFacts
from tests.spam.mail import html, message, seen

PHISHING = html(
    'Your mailbox: verify your account within 24 hours <a href="http://192.0.2.7/">bank.example</a>',
    sender="PayPal <x@evil.test>",
)
WORDS = [f"word{n}" for n in range(400)]
BAD = [f"pill{n}" for n in range(400)]


def taught(count: int = 60) -> Table:
    counts = Table.create(bytearray(table.size(14)), 14)
    chance = random.Random(1)
    for _ in range(count):
        counts.learn(tokens(seen(message(" ".join(chance.sample(WORDS, 80))))), False)
        bad = message(" ".join(chance.sample(BAD, 80)), sender="x@evil.test")
        counts.learn(tokens(seen(bad)), True)
    return counts


def test_the_score_is_the_sum_of_its_reasons() -> None:
    found = judge(seen(PHISHING, SpamFacts(spf="fail", dmarc="fail")), taught())
    assert found.score == pytest.approx(sum(reason.score for reason in found.reasons), abs=0.01)
    assert [abs(reason.score) for reason in found.reasons] == sorted(
        (abs(reason.score) for reason in found.reasons), reverse=True
    )


def test_before_anything_is_learned_rules_decide() -> None:
    assert judge(seen(PHISHING, SpamFacts(dmarc="fail"))).is_spam
    plain = judge(seen(message()))
    assert (plain.score, plain.reasons, plain.probability) == (0.0, (), 0.5)
    assert not plain.is_spam


def test_what_was_learned_decides_alone_where_it_is_sure() -> None:
    counts = taught()
    bad = judge(seen(message(" ".join(BAD[100:180]), sender="y@evil.test")), counts)
    good = judge(seen(message(" ".join(WORDS[100:180]))), counts)
    assert bad.is_spam
    assert bad.probability > 0.9
    assert bad.reasons[0].code == "like-spam"
    assert not good.is_spam
    assert good.reasons[0].code == "like-wanted"


def test_what_was_learned_is_bounded() -> None:
    counts = taught(300)
    keys = tokens(seen(message(" ".join(BAD))))
    found = judge(seen(message()), counts, keys=keys)
    assert found.score <= score.MOST_FOR
    keys = tokens(seen(message(" ".join(WORDS))))
    assert judge(seen(message()), counts, keys=keys).score >= score.MOST_AGAINST


def test_thresholds_of_the_account() -> None:
    observed = seen(PHISHING, SpamFacts(dmarc="fail"))
    at = judge(observed).score
    assert judge(observed, thresholds=Thresholds(folder=at)).is_spam
    assert not judge(observed, thresholds=Thresholds(folder=at + 0.01)).is_spam
    assert judge(observed, thresholds=Thresholds(refuse=at)).refuse
    assert not judge(observed, thresholds=Thresholds(refuse=at + 0.01)).refuse
    assert not judge(observed).refuse


def test_an_accounts_own_opinion_is_told_as_its_own() -> None:
    own = Table.create(bytearray(table.size(10)), 10)
    news = message("weekly news of the club " * 5, sender="news@club.test")
    own_spam = message("daily offers of the shop " * 5, sender="shop@shop.test")
    for _ in range(8):
        own.learn(tokens(seen(own_spam)), True)
        own.learn(tokens(seen(news)), False)
    assert judge(seen(own_spam), None, own).reasons[0].code == "own-spam"
    assert judge(seen(news), None, own).reasons[0].code == "own-wanted"


def test_a_known_correspondent_is_not_lost_to_words() -> None:
    counts = taught()
    facts = SpamFacts(spf="pass", dmarc="pass", aligned=True, known_correspondent=True)
    raw = message(" ".join(BAD[:80]), sender="carl@new.test")
    assert judge(seen(raw), counts).is_spam
    assert not judge(seen(raw, facts), counts).is_spam

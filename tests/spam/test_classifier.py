"""Learning by counts: what is known moves verdicts, what is not leaves them alone."""

import random

import pytest

from alphorn.spam import classifier, table
from alphorn.spam.classifier import NOTHING, weigh
from alphorn.spam.table import Table
from alphorn.spam.tokens import Tokens

SPAM = range(1000, 1060)
HAM = range(2000, 2060)
COMMON = range(3000, 3100)


def one(words: range, chance: random.Random) -> list[int]:
    return [*chance.sample(words, 30), *chance.sample(COMMON, 40)]


def learned(spam: int, ham: int, seed: int = 1) -> Table:
    counts = Table.create(bytearray(table.size(10)), 10)
    chance = random.Random(seed)
    for _ in range(spam):
        counts.learn(one(SPAM, chance), True)
    for _ in range(ham):
        counts.learn(one(HAM, chance), False)
    return counts


def test_nothing_learned_says_nothing() -> None:
    assert weigh([1, 2, 3]) is NOTHING
    assert weigh([1, 2, 3], learned(0, 0), learned(0, 0)) is NOTHING
    assert weigh([], learned(50, 50)) is NOTHING


def test_what_was_learned_is_told_apart() -> None:
    counts = learned(200, 200)
    chance = random.Random(9)
    spam, ham = weigh(one(SPAM, chance), counts), weigh(one(HAM, chance), counts)
    assert spam.probability > 0.99
    assert spam.points > 7
    assert ham.probability < 0.05
    assert ham.points < -5


def test_unknown_words_say_nothing() -> None:
    found = weigh(list(range(5000, 5200)), learned(200, 200))
    assert found.points == 0
    assert found.probability == 0.5


def test_few_lessons_say_little() -> None:
    chance = random.Random(9)
    few = weigh(one(SPAM, chance), learned(3, 3)).points
    many = weigh(one(SPAM, chance), learned(300, 300)).points
    assert 0 < few < 2 < many


@pytest.mark.parametrize("account", [False, True])
def test_lessons_of_one_kind_alone_condemn_nothing(account: bool) -> None:
    counts = learned(100, 0)
    chance = random.Random(9)
    for _ in range(20):
        keys = one(HAM, chance)
        found = weigh(keys, None, counts) if account else weigh(keys, counts)
        assert found.points < 5


def test_order_does_not_matter_and_lessons_can_be_taken_back() -> None:
    chance = random.Random(4)
    lessons = [(one(SPAM, chance), True) for _ in range(40)]
    lessons += [(one(HAM, chance), False) for _ in range(40)]
    forth = Table.create(bytearray(table.size(10)), 10)
    back = Table.create(bytearray(table.size(10)), 10)
    for keys, spam in lessons:
        forth.learn(keys, spam)
    mistake = one(HAM, chance)
    back.learn(mistake, True)
    for keys, spam in reversed(lessons):
        back.learn(keys, spam)
    back.learn(mistake, True, -1)
    probe = one(SPAM, chance)
    assert weigh(probe, forth) == weigh(probe, back)


def test_an_account_that_disagrees_prevails_for_what_it_knows() -> None:
    """It keeps mail that everybody else calls spam; other spam stays spam for it."""
    shared = learned(300, 300)
    chance = random.Random(7)
    newsletter = [chance.getrandbits(32) for _ in range(20)]
    own = Table.create(bytearray(table.size(10)), 10)
    kept = [[*newsletter, *one(range(1000, 1030), chance)] for _ in range(4)]
    for keys in kept[:3]:
        own.learn(keys, False)
    before, after = weigh(kept[3], shared), weigh(kept[3], shared, own)
    assert before.points > 5 > after.points
    assert after.moved < 0
    assert weigh(one(range(1030, 1060), chance), shared, own).points > 0


def test_one_example_does_not_turn_the_rest_around() -> None:
    shared = learned(300, 300)
    chance = random.Random(3)
    own = Table.create(bytearray(table.size(10)), 10)
    own.learn(one(HAM, chance), True)
    for _ in range(20):
        assert weigh(one(HAM, chance), shared, own).points < 0


def test_an_account_can_move_the_weight_only_so_far() -> None:
    shared = learned(300, 300)
    chance = random.Random(3)
    keys = one(HAM, chance)
    own = Table.create(bytearray(table.size(10)), 10)
    for _ in range(3):
        own.learn(keys, True)
    assert 0 < weigh(keys, shared, own).moved <= classifier.ANY_MOVE + classifier.FREE_MOVE + 1.5


def test_the_senders_own_tokens_count_for_more() -> None:
    shared = learned(300, 300)
    chance = random.Random(3)
    sender = [chance.getrandbits(32) for _ in range(4)]
    own = Table.create(bytearray(table.size(10)), 10)
    own.learn([*sender, *(chance.getrandbits(32) for _ in range(60))], False)
    body = one(SPAM, chance)
    first, last = weigh([*sender, *body], shared, own), weigh([*body, *sender], shared, own)
    assert first.points < last.points


def test_a_large_group_does_not_drown_a_small_one() -> None:
    """What few tokens of the sender say stands beside a thousand words that say the opposite."""
    counts = Table.create(bytearray(table.size(10)), 10)
    sender, words = list(range(10, 20)), list(range(5000, 5600))
    for n in range(100):
        counts.learn(words, True)
        counts.learn([*sender, *words] if n < 60 else sender, False)
    keys = [*sender, *words]
    assert weigh(keys, counts).weight > 0
    assert weigh(Tokens(keys, (len(sender), len(keys))), counts).weight < 0


def test_that_there_is_a_group_at_all_says_less_than_what_is_in_it() -> None:
    """Looks that wanted mail has among little of it count against a message less than looks that
    only unwanted mail has."""
    counts = Table.create(bytearray(table.size(10)), 10)
    sender, there, known, new = 1, 2, list(range(10, 20)), list(range(30, 40))
    for n in range(100):
        counts.learn([sender, there, *(known if n % 2 else new)], True)
        counts.learn([sender, there, *known] if n < 10 else [sender], False)
    condemned = weigh(Tokens([sender, there, *new], (1, 12)), counts).weight
    doubted = weigh(Tokens([sender, there, *known], (1, 12)), counts).weight
    assert 0 < doubted < condemned / 2

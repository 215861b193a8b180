"""How likely a message is spam, from how often its tokens were in spam and in wanted mail.

Only counts are kept, so that learning is incremental, its order does not matter, and what was
learned can be taken back exactly. Each token known gives the logarithm of the ratio of its two
rates, less the rarer it is; their sum over a power of their number is the message's `weight`. That
grows with agreement and hardly with length (words of one message are far from independent). With
newsletters among the wanted mail it ranked better than what it was measured against (the product
of probabilities, Fisher's method) and no worse than a regression, whose weights could not be taken
back; see docs/spam.md.

An account's own counts join the installation's per token: the rates of the installation stand in
for SHARED messages of each kind of its own. Few examples thus shift what is special about them and
leave common words alone, even where all examples are of one kind. By how much the account may move
the weight in all grows with what it has learned. Only the first OWN_TOKENS of a message are looked
up in the account's counts: those of the header, the links and the first words tell nearly all, and
an account need not keep more.
"""

from collections.abc import Sequence
from math import exp, log
from typing import NamedTuple, Protocol

from alphorn.spam.tokens import SENDER

SHARED = 200.0
SHARED_AT_LEAST = 30.0
OWN_TOKENS = 500
OWN_SENDER = 8.0  # what an account knows of a sender counts so many times
LENGTH = 0.8  # the power of the number of tokens that their sum is divided by
SHORT = 30.0  # and this many more, so that few tokens never say much
SEEN = 0.03  # what an unseen word counts as, in messages
RARE = 1.0  # a token seen this often counts half
GAIN = 4.5  # points for the score for one unit of weight
STRANGE = 4.25  # points for a message whose words are known but not from wanted mail
WELL_KNOWN = 0.6  # with this share of its tokens known, a message can be judged by them
ODDS = 0.45  # points to logarithm of odds
ENOUGH = 30  # with as many of each kind learned, a verdict is half as strong as it can be
MOST_SHARED, LEAST_SHARED = 2.0, -5.0  # more would only make it harder to disagree
ANY_MOVE = 0.5  # by how much an account may move the weight in any case,
FREE_MOVE = 1.5  # by how much more where there is something to compare its mail with,
EACH_MOVE = 0.5  # and for each message learned
MOST_MOVE = 12.0
MAX_LOG_ODDS = 20.0


class Counts(Protocol):
    """What was learned; for one account or for all."""

    def totals(self) -> tuple[int, int]:
        """How many messages of spam and of wanted mail were learned."""
        ...

    def lookup(self, keys: Sequence[int]) -> Sequence[tuple[int, int]]:
        """For each token, in how many learned messages of spam and of wanted mail it was."""
        ...


class Evidence(NamedTuple):
    """`points` add to the score, not yet bounded; `probability` says the same between 0 and 1.

    `weight` is positive for spam. A message's points are those of its weight and STRANGE more, as
    far as its words are known: wanted mail is hardly ever neutral, once there is something to
    compare it with. Where little is known all are about nothing, and `probability` 0.5. `share` of
    the tokens had been seen before, times how far the counts can be believed. `moved` is by how
    much the account's own mail changed the weight.
    """

    points: float
    probability: float
    weight: float
    share: float
    moved: float


NOTHING = Evidence(0.0, 0.5, 0.0, 0.0, 0.0)


def weigh(keys: Sequence[int], shared: Counts | None = None, own: Counts | None = None) -> Evidence:
    """What the tokens `keys` say, by the installation's counts and an account's own."""
    spam, ham = shared.totals() if shared is not None else (0, 0)
    own_spam, own_ham = own.totals() if own is not None else (0, 0)
    if not keys or not (spam + ham + own_spam + own_ham):
        return NOTHING
    counts = shared.lookup(keys) if shared is not None and spam + ham else ()
    base = log((ham + 1.0) / (spam + 1.0))
    memo: dict[tuple[int, int], float] = {}
    total, known = 0.0, 0
    for pair in counts:
        value = memo.get(pair)
        if value is None:
            value = memo[pair] = _log_ratio(pair, base)
        if value:
            total += value
            known += 1
    weight = total / (known + SHORT) ** LENGTH
    trust = _trust(spam, ham)
    moved = 0.0
    if own is not None and own_spam + own_ham:
        joined = _joined(
            counts, own.lookup(keys[:OWN_TOKENS]), (spam, ham), (own_spam, own_ham), memo
        )
        known = max(known, joined[1])
        most = _most_move(trust, own_spam, own_ham)
        moved = max(-most, min(most, joined[0] - weight * trust))
    weight = max(LEAST_SHARED, min(MOST_SHARED, weight * trust)) + moved
    share = known / len(keys) * max(trust, _trust(own_spam, own_ham))
    points = GAIN * weight + STRANGE * min(1.0, share / WELL_KNOWN)
    odds = max(-MAX_LOG_ODDS, min(MAX_LOG_ODDS, ODDS * points))
    return Evidence(points, 1.0 / (1.0 + exp(-odds)), weight, share, moved)


def _trust(spam: int, ham: int) -> float:
    """Between 0 and 1: how far counts of so many messages of each kind can be believed."""
    least = min(spam, ham)
    return least / (least + ENOUGH)


def _most_move(trust: float, own_spam: int, own_ham: int) -> float:
    """By how much an account that learned so much may move the weight.

    Examples of one kind alone say nothing of the other, unless the installation does.
    """
    least = min(own_spam, own_ham)
    compared = max(trust, least / (least + 3.0))
    return min(MOST_MOVE, ANY_MOVE + compared * (FREE_MOVE + EACH_MOVE * (own_spam + own_ham)))


def _log_ratio(pair: tuple[int, int], base: float) -> float:
    spam, ham = pair
    seen = spam + ham
    if not seen:
        return 0.0
    return (log((spam + SEEN) / (ham + SEEN)) + base) * seen / (seen + RARE)


def _joined(
    counts: Sequence[tuple[int, int]],
    own: Sequence[tuple[int, int]],
    totals: tuple[int, int],
    own_totals: tuple[int, int],
    memo: dict[tuple[int, int], float],
) -> tuple[float, int]:
    """The weight with each token's rates corrected by the account's, and how many are known."""
    spam, ham = totals[0] + 1.0, totals[1] + 1.0
    trust = _trust(*totals)
    stand_in = SHARED_AT_LEAST + trust * (SHARED - SHARED_AT_LEAST)
    all_spam, all_ham = own_totals[0] + stand_in, own_totals[1] + stand_in
    total, known = 0.0, 0
    for pair in counts[len(own) :]:
        value = memo.get(pair, 0.0) * trust
        if value:
            total += value
            known += 1
    pairs = counts or ((0, 0),) * len(own)
    for place, ((spam_here, ham_here), pair) in enumerate(zip(own, pairs, strict=False)):
        if not (spam_here or ham_here):
            value = memo.get(pair, 0.0) * trust
            if value:
                total += value
                known += 1
            continue
        seen = spam_here + ham_here
        rate_spam, rate_ham = (pair[0] + SEEN) / spam, (pair[1] + SEEN) / ham
        doubt = (1.0 - trust) * (rate_spam + rate_ham) / 2
        in_spam = (spam_here + stand_in * (trust * rate_spam + doubt)) / all_spam
        in_ham = (ham_here + stand_in * (trust * rate_ham + doubt)) / all_ham
        value = log(in_spam / in_ham) * seen / (seen + RARE)
        total += value * OWN_SENDER if place < SENDER else value
        known += 1
    return total / (known + SHORT) ** LENGTH, known

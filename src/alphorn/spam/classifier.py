"""How likely a message is spam, from how often its tokens were in spam and in wanted mail.

Only counts are kept, so that learning is incremental, its order does not matter, and what was
learned can be taken back exactly. Each token known gives the logarithm of the ratio of its two
rates, less the rarer it is. The mean of each group of tokens (sender, subject, links, words, looks;
`tokens.Tokens`) counts by its weight in WEIGHTS, drawn to nothing where the group is small: words
of one message are far from independent, and neither a long text nor much markup is to drown what
sender and subject say. What a message with HTML, links or figures says by having any is said once,
by the group's first token, and taken in part (COMMON) off the others: looks of mail with HTML are
compared with those of other mail with HTML. The sum over the groups is the message's `weight`.
With newsletters among the wanted mail it ranked better than what it was measured against (all
tokens in one sum, the product of probabilities, Fisher's method) and no worse than a regression,
whose weights could not be taken back; see docs/spam.md.

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

from alphorn.spam.table import Table, counts_of, pair_of
from alphorn.spam.tokens import SENDER, Tokens

SHARED = 200.0
SHARED_AT_LEAST = 30.0
OWN_TOKENS = 500
OWN_SENDER = 4.0  # what an account knows of a sender counts so many times
SMALL = 4.0  # a group with so many tokens known counts half
SCALE = 2.8  # from the mean of groups to weight
# How much each group of `tokens.Tokens` counts: habits, the program and pairs more.
WEIGHTS = (1.0, 1.0, 1.0, 1.5, 2.0, 1.0, 1.0, 1.0, 1.0, 2.0)
# How much of what a group's being there says is taken off each of its tokens; the first group, the
# sender's, has no such token.
COMMON = (0.0,) + 9 * (0.4,)
SEEN = 0.03  # what an unseen word counts as, in messages
RARE = 1.0  # a token seen this often counts half
GAIN = 4.5  # points for the score for one unit of weight
STRANGE = 3.25  # points for a message whose words are known but not from wanted mail
WELL_KNOWN = 0.6  # with this share of its tokens known, a message can be judged by them
ODDS = 0.45  # points to logarithm of odds
ENOUGH = 30  # with as many of each kind learned, a verdict is half as strong as it can be
MOST_SHARED, LEAST_SHARED = 2.0, -5.0  # more would only make it harder to disagree
ANY_MOVE = 0.5  # by how much an account may move the weight in any case,
FREE_MOVE = 1.5  # by how much more where there is something to compare its mail with,
EACH_MOVE = 0.5  # and for each message learned
MOST_MOVE = 12.0
MAX_LOG_ODDS = 20.0
MOST_KNOWN = 20_000
"""Pairs of counts whose ratio is remembered."""


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


class Rates:
    """Counts that do not change, with what each pair of them says worked out once: there are few
    different ones. Implements `Counts`; callable from any thread."""

    __slots__ = ("_counts", "_ratios", "_totals")

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._totals = spam, ham = counts.totals()
        self._ratios = _Ratios(log((ham + 1.0) / (spam + 1.0)))

    def totals(self) -> tuple[int, int]:
        return self._totals

    def lookup(self, keys: Sequence[int]) -> Sequence[tuple[int, int]]:
        return self._counts.lookup(keys)

    def ratios(self, keys: Sequence[int]) -> list[float]:
        """For each token the logarithm of the ratio of its two rates, less the rarer it is."""
        counts = self._counts
        if isinstance(counts, Table):
            pairs = counts.pairs(keys)
        else:
            pairs = [pair_of(*pair) for pair in counts.lookup(keys)]
        return list(map(self._ratios.__getitem__, pairs))


class _Ratios(dict[int, float]):
    """By the pair of counts, as `table.pair_of` has it."""

    def __init__(self, base: float) -> None:
        self._base = base

    def __missing__(self, pair: int) -> float:
        spam, ham = counts_of(pair)
        seen = spam + ham
        value = 0.0
        if seen:
            value = (log((spam + SEEN) / (ham + SEEN)) + self._base) * seen / (seen + RARE)
        if len(self) < MOST_KNOWN:
            self[pair] = value
        return value


def weigh(keys: Sequence[int], shared: Counts | None = None, own: Counts | None = None) -> Evidence:
    """What the tokens `keys` say, by the installation's counts and an account's own. Whoever asks
    often gives `shared` as one `Rates`."""
    spam, ham = shared.totals() if shared is not None else (0, 0)
    own_spam, own_ham = own.totals() if own is not None else (0, 0)
    if not keys or not (spam + ham + own_spam + own_ham):
        return NOTHING
    rates = None
    ratios = [0.0] * len(keys)
    if shared is not None and spam + ham:
        rates = shared if isinstance(shared, Rates) else Rates(shared)
        ratios = rates.ratios(keys)
    ends = keys.ends if isinstance(keys, Tokens) else (len(keys),)
    weight, known = _mean(ratios, ends)
    trust = _trust(spam, ham)
    moved = 0.0
    if own is not None and own_spam + own_ham:
        joined, known_here = _joined(keys, ends, ratios, rates, own)
        known = max(known, known_here)
        most = _most_move(trust, own_spam, own_ham)
        moved = max(-most, min(most, joined - weight * trust))
    weight = max(LEAST_SHARED, min(MOST_SHARED, weight * trust)) + moved
    share = known / len(keys) * max(trust, _trust(own_spam, own_ham))
    points = GAIN * weight + STRANGE * min(1.0, share / WELL_KNOWN)
    odds = max(-MAX_LOG_ODDS, min(MAX_LOG_ODDS, ODDS * points))
    return Evidence(points, 1.0 / (1.0 + exp(-odds)), weight, share, moved)


def _mean(values: Sequence[float], ends: Sequence[int]) -> tuple[float, int]:
    """The mean of the groups' weighted means, and how many values are known: 0.0 is not."""
    total, all_known, start = 0.0, 0, 0
    for end, weight, common in zip(ends, WEIGHTS, COMMON, strict=False):
        if end > start:
            group = values[start:end]
            known = len(group) - group.count(0.0)
            all_known += known
            total += weight * (sum(group) - common * known * group[0]) / (known + SMALL)
            start = end
    return SCALE * total / len(ends), all_known


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


def _joined(
    keys: Sequence[int],
    ends: Sequence[int],
    ratios: Sequence[float],
    shared: Rates | None,
    own: Counts,
) -> tuple[float, int]:
    """The weight with each token's rates corrected by the account's, and how many are known."""
    totals = shared.totals() if shared is not None else (0, 0)
    spam, ham = totals[0] + 1.0, totals[1] + 1.0
    trust = _trust(*totals)
    stand_in = SHARED_AT_LEAST + trust * (SHARED - SHARED_AT_LEAST)
    own_spam, own_ham = own.totals()
    all_spam, all_ham = own_spam + stand_in, own_ham + stand_in
    counts = own.lookup(keys[:OWN_TOKENS])
    here = [place for place, pair in enumerate(counts) if pair[0] or pair[1]]
    elsewhere: Sequence[tuple[int, int]] = [(0, 0)] * len(here)
    if shared is not None and here:
        elsewhere = shared.lookup([keys[place] for place in here])
    values = [trust * ratio for ratio in ratios] if trust else [0.0] * len(ratios)
    for place, pair in zip(here, elsewhere, strict=True):
        spam_here, ham_here = counts[place]
        seen = spam_here + ham_here
        rate_spam, rate_ham = (pair[0] + SEEN) / spam, (pair[1] + SEEN) / ham
        doubt = (1.0 - trust) * (rate_spam + rate_ham) / 2
        in_spam = (spam_here + stand_in * (trust * rate_spam + doubt)) / all_spam
        in_ham = (ham_here + stand_in * (trust * rate_ham + doubt)) / all_ham
        value = log(in_spam / in_ham) * seen / (seen + RARE)
        values[place] = value * OWN_SENDER if place < SENDER else value
    return _mean(values, ends)

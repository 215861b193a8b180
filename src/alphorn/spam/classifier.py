"""How likely a message is spam, from how often its tokens were in spam and in wanted mail.

Only counts are kept, so that learning is incremental, its order does not matter, and what was
learned can be taken back exactly. Each token known gives the logarithm of the ratio of its two
rates, less the rarer it is; their sum over the square root of their number is the message's
`weight`. That grows with agreement rather than with length (words of one message are far from
independent), and it ranked mail better than the products of probabilities that it was measured
against; see docs/spam.md.

An account's own counts join the installation's per token: the rates of the installation stand in
for SHARED messages of each kind of its own. Few examples thus shift what is special about them and
leave common words alone, even where all examples are of one kind. By how much the account may move
the weight in all grows with what it has learned.
"""

from collections.abc import Sequence
from math import exp, log, sqrt
from typing import NamedTuple, Protocol

SHARED = 40.0
SEEN = 0.01  # what an unseen word counts as, in messages
RARE = 1.0  # a token seen this often counts half
SCALE = 1.6  # weight to logarithm of odds
MIDDLE = 0.0  # the weight of a message that may as well be spam as not
ENOUGH = 30  # with as many of each kind learned, a verdict is half as strong as it can be
FREE_MOVE = 2.0
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
    """`weight` is positive for spam; `probability` between 0 and 1, 0.5 where nothing is known.

    `known` tokens had been seen before. `moved` is by how much the account's own mail changed the
    weight.
    """

    weight: float
    probability: float
    known: int
    moved: float


NOTHING = Evidence(0.0, 0.5, 0, 0.0)


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
    weight = total / sqrt(known) if known else 0.0
    trust = _trust(spam, ham)
    moved = 0.0
    if own is not None and own_spam + own_ham:
        joined = _joined(counts, own.lookup(keys), (spam, ham), (own_spam, own_ham), memo)
        known = max(known, joined[1])
        most = min(MOST_MOVE, FREE_MOVE + 0.5 * (own_spam + own_ham))
        moved = max(-most, min(most, joined[0] - weight * trust))
    weight = weight * trust + moved
    odds = max(-MAX_LOG_ODDS, min(MAX_LOG_ODDS, SCALE * (weight - MIDDLE)))
    return Evidence(weight, 1.0 / (1.0 + exp(-odds)), known, moved)


def _trust(spam: int, ham: int) -> float:
    """Between 0 and 1: how far counts of so many messages of each kind can be believed."""
    least = min(spam, ham)
    return least / (least + ENOUGH)


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
    all_spam, all_ham = own_totals[0] + SHARED, own_totals[1] + SHARED
    trust = _trust(*totals)
    total, known = 0.0, 0
    for (spam_here, ham_here), pair in zip(own, counts or ((0, 0),) * len(own), strict=True):
        if not (spam_here or ham_here):
            value = memo.get(pair, 0.0) * trust
            if value:
                total += value
                known += 1
            continue
        seen = spam_here + ham_here
        in_spam = (spam_here + SHARED * (pair[0] + SEEN) / spam) / all_spam
        in_ham = (ham_here + SHARED * (pair[1] + SEEN) / ham) / all_ham
        total += log(in_spam / in_ham) * seen / (seen + RARE)
        known += 1
    return (total / sqrt(known) if known else 0.0), known

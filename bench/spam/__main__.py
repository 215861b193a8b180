"""Print how filters do on the same mail: `python -m bench.spam [--folds N] [--seed N] [--alone]`.

The corpora are cut into folds; each fold is judged by what was learned from the others, and every
filter's own default threshold counts. Two more runs learn one corpus and judge the other, which is
twenty years away. See docs/spam.md for what the columns mean.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.spam.corpus import DATA, Sample, folds, load
from bench.spam.filters import Alphorn, AlphornRules, Filter
from bench.spam.peers import PEERS

TEN_KB = range(8_000, 12_000)


@dataclass
class Result:
    """`scores` with the sample; seconds and messages of all, and of those of about 10 KB."""

    scores: list[tuple[Sample, float]] = field(default_factory=list)
    seconds: float = 0.0
    judged: int = 0
    seconds_10k: float = 0.0
    judged_10k: int = 0
    octets: int = 0


def run(one: Filter, parts: Sequence[tuple[list[Sample], list[Sample]]]) -> Result:
    """Learn and judge each pair of lists from nothing."""
    result = Result()
    for learned, judged in parts:
        one.fresh()
        one.learn(learned)
        result.octets = max(result.octets, one.octets())
        usual = [s for s in judged if len(s.raw) in TEN_KB]
        others = [s for s in judged if len(s.raw) not in TEN_KB]
        for samples in (usual, others):
            before = one.seconds
            result.scores += zip(samples, one.judge(samples), strict=True)
            used = one.seconds - before
            result.seconds += used
            result.judged += len(samples)
            if samples is usual:
                result.seconds_10k += used
                result.judged_10k += len(samples)
    return result


def row(name: str, result: Result) -> str:
    wrong: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for sample, score in result.scores:
        total[sample.group] += 1
        wrong[sample.group] += (score >= 0) is not sample.spam
    spam = total["spam"] + total["phishing"]
    missed = wrong["spam"] + wrong["phishing"]
    ten = 1000 * result.seconds_10k / result.judged_10k if result.judged_10k else 0.0
    cells = [
        name,
        share(spam - missed, spam),
        share(total["spam"] - wrong["spam"], total["spam"]),
        share(total["phishing"] - wrong["phishing"], total["phishing"]),
        f"{wrong['easy']} ({1000 * wrong['easy'] / max(1, total['easy']):.1f})",
        f"{wrong['hard']} ({1000 * wrong['hard'] / max(1, total['hard']):.0f})",
        f"{at_one_in_a_thousand(result):.1f} %",
        f"{1000 * result.seconds / max(1, result.judged):.2f}",
        f"{ten:.2f}",
        f"{result.octets / 2**20:.1f}",
    ]
    return "| " + " | ".join(cells) + " |"


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "—"


def at_one_in_a_thousand(result: Result) -> float:
    """The recall at the threshold that loses one of a thousand messages of everyday ham."""
    ham = sorted((score for s, score in result.scores if s.group == "easy"), reverse=True)
    spam = [score for s, score in result.scores if s.spam and s.group != "fixtures"]
    least = ham[len(ham) // 1000]
    return 100 * sum(score > least for score in spam) / max(1, len(spam))


HEAD = """\
| filter | recall | of spam 2002 | of phishing 2021–26 | everyday ham lost (per 1,000) \
| hard ham lost (per 1,000) | recall at 1 in 1,000 everyday ham | CPU ms/message \
| CPU ms at 10 KB | learned MiB |
|---|---|---|---|---|---|---|---|---|---|"""


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m bench.spam", description=__doc__)
    options.add_argument("--folds", type=int, default=5)
    options.add_argument("--seed", type=int, default=20)
    options.add_argument("--alone", action="store_true", help="without other filters")
    options.add_argument("--only", help="the name of one filter")
    chosen = options.parse_args()
    if not DATA.is_dir():
        raise SystemExit(f"No corpora: {DATA} is not there.")
    samples = [sample for sample in load() if sample.group != "fixtures"]
    parts = folds(samples, chosen.folds, chosen.seed)
    crossed = [
        ([s for n, part in enumerate(parts) if n != judged for s in part], parts[judged])
        for judged in range(len(parts))
    ]
    ham = [s for s in samples if not s.spam]
    learned_ham, judged_ham = ham[::2], ham[1::2]
    old = [s for s in samples if s.group == "spam"]
    new = [s for s in samples if s.group == "phishing"]
    rounds = [
        (f"{chosen.folds} folds, seed {chosen.seed}", crossed),
        ("Learned spam of 2002, judged phishing of 2021–26",
         [(learned_ham + old, judged_ham + new)]),
        ("Learned phishing of 2021–26, judged spam of 2002",
         [(learned_ham + new, judged_ham + old)]),
    ]  # fmt: skip
    counted = Counter(sample.group for sample in samples)
    print(", ".join(f"{count} {group}" for group, count in counted.items()), flush=True)
    with tempfile.TemporaryDirectory(prefix="bench-spam-") as name:
        work = Path(name)
        work.chmod(0o755)
        makers: dict[str, Callable[[Path], Filter]] = {
            Alphorn.name: lambda _: Alphorn(),
            AlphornRules.name: lambda _: AlphornRules(),
        }
        for peer in PEERS if not chosen.alone else ():
            if peer.there():
                makers[peer.name] = peer
            else:
                print(f"{peer.name} is not installed and not compared.")
        for title, pairs in rounds:
            print(f"\n{title}:\n\n{HEAD}", flush=True)
            for label, make in makers.items():
                if chosen.only not in (None, label):
                    continue
                one = make(work)
                try:
                    print(row(label, run(one, pairs)), flush=True)
                finally:
                    one.close()


if __name__ == "__main__":
    main()

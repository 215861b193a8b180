"""The filters that are compared: each learns labelled messages, then says what others are."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

from alphorn.message.parse import parse
from alphorn.spam.categories import categorize
from alphorn.spam.features import observe
from alphorn.spam.score import judge
from alphorn.spam.table import Table, size
from alphorn.spam.tokens import tokens
from alphorn.spam.values import SpamFacts
from bench.spam.corpus import Sample

NOTHING_KNOWN = SpamFacts()


class Filter(Protocol):
    """`seconds` is the processor time that judging took, all processes together."""

    name: str
    seconds: float
    judged: int

    def fresh(self) -> None:
        """Forget everything."""
        ...

    def learn(self, samples: Sequence[Sample]) -> None: ...

    def judge(self, samples: Sequence[Sample]) -> list[float]:
        """A score for each; 0 and more is spam."""
        ...

    def octets(self) -> int:
        """How large what was learned is."""
        ...

    def close(self) -> None:
        """End what runs."""
        ...


class Alphorn:
    """The whole of it: look, tokens, rules, classifier, category; nothing known of the sender."""

    name = "Alphorn"

    def __init__(self) -> None:
        self.seconds = 0.0
        self.judged = 0
        self.fresh()

    def fresh(self) -> None:
        self.table = Table.create(bytearray(size()))

    def learn(self, samples: Sequence[Sample]) -> None:
        for sample in samples:
            seen = observe(sample.raw, parse(sample.raw), NOTHING_KNOWN)
            self.table.learn(tokens(seen), sample.spam)

    def judge(self, samples: Sequence[Sample]) -> list[float]:
        entities = [parse(sample.raw) for sample in samples]
        found = []
        begun = time.process_time()
        for sample, entity in zip(samples, entities, strict=True):
            seen = observe(sample.raw, entity, NOTHING_KNOWN)
            found.append(judge(seen, self.table).score - 5.0)
            categorize(seen)
        self.seconds += time.process_time() - begun
        self.judged += len(samples)
        return found

    def octets(self) -> int:
        return size()

    def close(self) -> None:
        """Nothing runs."""


class AlphornRules(Alphorn):
    """Before anything was learned."""

    name = "Alphorn, nothing learned"

    def learn(self, samples: Sequence[Sample]) -> None:
        """It stays as it is."""

    def octets(self) -> int:
        return 0

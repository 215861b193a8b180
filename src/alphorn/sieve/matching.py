"""Match types (RFC 5228 §2.7.1) that always exist, and how a test's keys become a function.

A match type is made for a test once: `MatchType(call, comparator, keys)` gives a `Matcher`, which
takes the run and the values. Values are gone through in their order, and for each the keys.
"""

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from alphorn.sieve.comparators import ASCII_CASEMAP, Comparator
from alphorn.sieve.errors import RunError
from alphorn.sieve.glob import MAX_PATTERN, compile_glob
from alphorn.sieve.run import Run
from alphorn.sieve.texts import Texts

if TYPE_CHECKING:
    from alphorn.sieve.call import Call

Matcher = Callable[[Run, Sequence[str]], bool]
MatchType = Callable[["Call", Comparator, Texts], Matcher]

LONG = 4096
"""Work on a value costs a step for so many characters."""

MANY = 64
"""So many values cost a step, for each `KEYS` that they are compared with."""
KEYS = 8

GLOB_WORK = 1 << 17
"""Comparisons of characters that cost a step."""


def make_matcher(call: "Call", keys: Texts) -> Matcher:
    """The matcher that the tagged arguments of a test ask for; tells what is wrong with them."""
    comparator = chosen_comparator(call)
    tag = call.chosen.get("match-type")
    if tag is None:
        return _counted(is_(call, comparator, keys), 1)
    make: MatchType = tag.plays  # type: ignore[assignment]
    # Equal ones are looked up all at once, others are compared with each key.
    return _counted(make(call, comparator, keys), len(keys.items))


def _counted(match: Matcher, keys: int) -> Matcher:
    """The same, where what a sender puts in by the thousand costs steps: each key, or test, sees
    all of it."""

    def check(run: Run, values: Sequence[str]) -> bool:
        if len(values) * keys > MANY:
            run.spend(len(values) * (1 + keys // KEYS) // MANY)
        return match(run, values)

    return check


def counts(call: "Call") -> bool:
    """Whether the test counts, and so wants all values at once."""
    return call.given("count")


def chosen_comparator(call: "Call") -> Comparator:
    name = call.tag_text("comparator")
    if name is None:
        return ASCII_CASEMAP
    if name.constant is None:
        call.problem("the comparator's name must stand in the script as it is", name.at)
        return ASCII_CASEMAP
    entry = call.scope.language.comparators.get(name.constant)
    if entry is None:
        near = call.scope.language.near(name.constant, call.scope.language.comparators)
        call.problem(f"there is no comparator “{name.constant[:40]}”{near}", name.at)
        return ASCII_CASEMAP
    comparator, capability = entry
    if not call.scope.has(capability):
        call.problem(f'the comparator needs require "{capability}"', name.at)
    return comparator


def for_substrings(call: "Call", comparator: Comparator, match_type: str) -> None:
    if not comparator.substrings:
        call.problem(f"the comparator {comparator.name} cannot be used with :{match_type}")


def is_(call: "Call", comparator: Comparator, keys: Texts) -> Matcher:
    """Equal (RFC 5228 §2.7.1)."""
    fold = comparator.fold
    constant = keys.constant
    if constant is None:

        def check(run: Run, values: Sequence[str]) -> bool:
            if not values:
                return False
            wanted = set(map(fold, keys.get(run)))
            return any(fold(value) in wanted for value in values)

        return check
    wanted = frozenset(map(fold, constant))

    def check_constant(run: Run, values: Sequence[str]) -> bool:
        for value in values:  # noqa: SIM110 - faster than any()
            if fold(value) in wanted:
                return True
        return False

    return check_constant


def contains(call: "Call", comparator: Comparator, keys: Texts) -> Matcher:
    """A part of the value is equal."""
    for_substrings(call, comparator, "contains")
    fold = comparator.fold
    constant = keys.constant
    fixed = None if constant is None else tuple(map(fold, constant))

    def check(run: Run, values: Sequence[str]) -> bool:
        if not values:
            return False
        wanted = tuple(map(fold, keys.get(run))) if fixed is None else fixed
        total = sum(map(len, values))
        if total > LONG:
            run.spend(len(wanted) * total // LONG)
        for value in values:
            folded = fold(value)
            for key in wanted:
                if key in folded:
                    return True
        return False

    return check


def matches(call: "Call", comparator: Comparator, keys: Texts) -> Matcher:
    """With wildcards; what they stand for goes into the match variables (RFC 5229 §3.2)."""
    for_substrings(call, comparator, "matches")
    flags = comparator.flags
    for key in keys.items:
        if key.constant is not None and len(key.constant) > MAX_PATTERN:
            call.problem(f"the pattern is longer than {MAX_PATTERN} characters", key.at)
    capture = call.scope.has("variables")
    most = call.scope.limits.match_values + 1
    constant = keys.constant
    fixed = None if constant is None else tuple(compile_glob(key, flags) for key in constant)

    def check(run: Run, values: Sequence[str]) -> bool:
        if not values:
            return False
        patterns = dynamic(run) if fixed is None else fixed
        work = sum(map(len, values)) * sum([len(pattern.pattern) for pattern in patterns])
        if work > GLOB_WORK:
            run.spend(work // GLOB_WORK)
        for value in values:
            for pattern in patterns:
                match = pattern.match(value)
                if match is not None:
                    if capture:
                        run.matches = (value, *match.groups())[:most]
                    return True
        return False

    def dynamic(run: Run) -> tuple[re.Pattern[str], ...]:
        found = keys.get(run)
        run.spend(sum(1 + len(key) // 8 for key in found))
        if max(map(len, found)) > MAX_PATTERN:
            raise RunError(f"a pattern is longer than {MAX_PATTERN} characters")
        return tuple(compile_glob(key, flags) for key in found)

    return check

"""regex (draft-ietf-sieve-regex): `:regex` with POSIX extended regular expressions.

What an expression may cost is bounded; see `alphorn.sieve.regex`.
"""

from collections.abc import Sequence

from alphorn.sieve.call import Call
from alphorn.sieve.comparators import Comparator
from alphorn.sieve.errors import RunError
from alphorn.sieve.extensions.variables import modifier_tags
from alphorn.sieve.matching import LONG, Matcher, for_substrings
from alphorn.sieve.regex.matcher import Budget, Regex, TooMuch, Wrong, compile_expression
from alphorn.sieve.run import Run
from alphorn.sieve.table import Extension, Tag
from alphorn.sieve.texts import Texts

COMPILING = 50
"""Steps that an expression costs which is known only while the script runs."""
LOOKS = 4
"""Steps that it costs to look at `LONG` characters, whatever is found there."""
FEW = 8
"""Values that are looked at for nothing, where they are short."""
WORK = 100
"""Steps of matching that cost a step of the script."""


def regex(call: Call, comparator: Comparator, keys: Texts) -> Matcher:
    for_substrings(call, comparator, "regex")
    flags = comparator.flags
    limits = call.scope.limits
    constant = keys.constant
    fixed: list[Regex] | None = None if constant is None else []
    for key in keys.items:
        if fixed is not None and key.constant is not None:
            try:
                fixed.append(compile_expression(key.constant, flags, limits.regex))
            except Wrong as error:
                shown = key.constant[:60]
                call.problem(f"the regular expression “{shown}” is wrong: {error}", key.at)
    capture = call.scope.has("variables")
    most = limits.match_values + 1

    def dynamic(run: Run) -> list[Regex]:
        found = []
        for key in keys.get(run):
            run.spend(COMPILING)
            try:
                expression = compile_expression(key, flags, limits.regex)
                run.spend(expression.size)
                found.append(expression)
            except Wrong as error:
                words = f"the regular expression “{key[:60]}” is wrong: {error}"
                raise RunError(words) from error
        return found

    def check(run: Run, values: Sequence[str]) -> bool:
        if not values:
            return False
        expressions = dynamic(run) if fixed is None else fixed
        total = sum(map(len, values))
        if total > LONG:
            run.spend(len(expressions) * total // LONG * LOOKS)
        if len(values) > FEW:
            run.spend(len(expressions) * len(values) // 2)
        for value in values:
            for expression in expressions:
                budget = Budget(limits.regex_work)
                try:
                    holds = expression.search(value, budget)
                    if holds and capture:
                        found = expression.groups(value, budget)
                        if found is not None:
                            run.matches = found[:most]
                except TooMuch:
                    raise RunError(
                        "a regular expression takes too long; fewer repetitions help"
                    ) from None
                run.spend((limits.regex_work - budget.left) // WORK)
                if holds:
                    return True
        return False

    return check


REGEX = Extension(
    "regex",
    "draft-ietf-sieve-regex",
    tags=(
        Tag("regex", ("match",), choice="match-type", plays=regex),
        *modifier_tags("quoteregex"),
    ),
)

"""relational (RFC 5231): by order and by number; and the comparators that are required by name."""

import operator
from collections.abc import Callable, Sequence
from typing import Any

from alphorn.sieve.call import Call
from alphorn.sieve.comparators import ASCII_NUMERIC, Comparator
from alphorn.sieve.matching import LONG, Matcher
from alphorn.sieve.run import Run
from alphorn.sieve.table import Extension, Kind, Tag
from alphorn.sieve.texts import Texts

RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
    "eq": operator.eq,
    "ne": operator.ne,
}


def _relation(call: Call, tag: str) -> Callable[[Any, Any], bool]:
    text = call.tag_text(tag)
    name = text.constant if text is not None else None
    relation = RELATIONS.get(name.lower()) if name is not None else None
    if relation is None:
        shown = f"“{name[:20]}” is none" if name is not None else "it must stand there as it is"
        words = f"':{tag}' takes one of gt, ge, lt, le, eq and ne; {shown}"
        call.problem(words, text.at if text is not None else None)
        return operator.eq
    return relation


def value(call: Call, comparator: Comparator, keys: Texts) -> Matcher:
    """RFC 5231 §4.1."""
    relation = _relation(call, "value")
    order = comparator.order

    def check(run: Run, values: Sequence[str]) -> bool:
        if not values:
            return False
        wanted = [order(key) for key in keys.get(run)]
        ordered = [order(one) for one in values]
        total = sum(map(len, values))
        if total > LONG:
            run.spend(len(wanted) * total // LONG)
        return any(relation(one, key) for one in ordered for key in wanted)

    return check


def count(call: Call, comparator: Comparator, keys: Texts) -> Matcher:
    """How many values there are (RFC 5231 §4.2)."""
    relation = _relation(call, "count")
    order = comparator.order

    def check(run: Run, values: Sequence[str]) -> bool:
        number = order(str(len(values)))
        return any(relation(number, order(key)) for key in keys.get(run))

    return check


RELATIONAL = Extension(
    "relational",
    "RFC 5231",
    tags=(
        Tag("value", ("match",), Kind.TEXT, choice="match-type", plays=value),
        Tag("count", ("match",), Kind.TEXT, choice="match-type", plays=count),
    ),
)
NUMERIC = Extension("comparator-i;ascii-numeric", "RFC 4790 §9.1", comparators=(ASCII_NUMERIC,))
# Scripts use this one without requiring it; there is no harm in that.
UNICODE = Extension("comparator-i;unicode-casemap", "RFC 5051")

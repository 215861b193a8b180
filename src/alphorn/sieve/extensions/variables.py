"""variables (RFC 5229): set and its modifiers, the test of strings. References stand in `texts`."""

import re
from bisect import bisect_right
from collections.abc import Callable
from urllib.parse import quote

from alphorn.sieve.call import Call
from alphorn.sieve.matching import counts, make_matcher
from alphorn.sieve.run import Run
from alphorn.sieve.table import Check, Command, Extension, Kind, Positional, Signal, Step, Tag, Test
from alphorn.sieve.texts import cut, variable_name

Modifier = Callable[[str], str]

_WILDCARD = re.compile(r"[*?\\]")
_SPECIAL = re.compile(r"[][(){}.*+?^$|\\]")

# The higher number is done first; of one number only one can stand (RFC 5229 §4.1).
_ESCAPING = ("quotewildcard", "quoteregex", "encodeurl")
MODIFIERS: dict[str, tuple[int, Modifier]] = {
    "lower": (40, str.lower),
    "upper": (40, str.upper),
    "lowerfirst": (30, lambda text: text[:1].lower() + text[1:]),
    "upperfirst": (30, lambda text: text[:1].upper() + text[1:]),
    "quotewildcard": (20, lambda text: _WILDCARD.sub(r"\\\g<0>", text)),
    "quoteregex": (20, lambda text: _SPECIAL.sub(r"\\\g<0>", text)),
    "encodeurl": (15, lambda text: quote(text, safe="-._~", errors="surrogateescape")),
    "length": (10, lambda text: str(len(text))),
}


def modifier_tags(*names: str) -> tuple[Tag, ...]:
    return tuple(
        Tag(name, ("modifiers",), choice=f"modifier-{MODIFIERS[name][0]}") for name in names
    )


def chosen_modifiers(call: Call) -> list[tuple[str, Modifier]]:
    """Those that stand, in the order of their work."""
    found = [(*MODIFIERS[name], name) for name in call.tags if name in MODIFIERS]
    found.sort(key=lambda one: -one[0])
    return [(name, modifier) for _, modifier, name in found]


def assigner(call: Call, index: int) -> Callable[[Run, str], None]:
    """What sets the variable that a positional argument names, its value modified and cut."""
    name, shared = variable_name(call.optional_text(index), call.scope)
    modifiers = chosen_modifiers(call)

    def assign(run: Run, value: str) -> None:
        most = run.limits.variable
        for which, modifier in modifiers:
            run.spend(len(value) // (64 if which in _ESCAPING else 1024))
            value = _modified(which, modifier, value, most)
        value = cut(value, most)
        if shared or name in run.shared:
            run.globals[name] = value
        else:
            run.variables[name] = value

    return assign


def _modified(which: str, modifier: Modifier, value: str, most: int) -> str:
    """The value modified, cut between what stands for two of its characters."""
    value = value[:most]
    found = modifier(value)
    if len(found) <= most or which not in _ESCAPING:
        return found
    fits = bisect_right(range(len(value)), most, key=lambda size: len(modifier(value[:size]))) - 1
    return modifier(value[: max(fits, 0)])


def set_(call: Call) -> Step:
    """RFC 5229 §4."""
    assign = assigner(call, 0)
    value = call.text(1)

    def step(run: Run) -> Signal:
        assign(run, value.get(run))
        return None

    return step


def string(call: Call) -> Check:
    """RFC 5229 §5; an empty string counts for nothing."""
    source = call.texts(0)
    match = make_matcher(call, call.texts(1))
    if counts(call):
        return lambda run: match(run, [text for text in source.get(run) if text])
    return lambda run: match(run, source.get(run))


VARIABLES = Extension(
    "variables",
    "RFC 5229",
    commands=(Command("set", set_, (Positional("name"), Positional("value")), ("modifiers",)),),
    tests=(
        Test(
            "string",
            string,
            (Positional("source", Kind.TEXTS), Positional("key list", Kind.TEXTS)),
            ("match",),
        ),
    ),
    tags=modifier_tags("lower", "upper", "lowerfirst", "upperfirst", "quotewildcard", "length"),
    by_ihave=False,
)
ENCODED_CHARACTER = Extension("encoded-character", "RFC 5228 §2.4.2.4", by_ihave=False)

"""duplicate (RFC 7352): whether this was seen before. What to remember stands in the result, so
that nothing is remembered of a delivery that fails (§3.1)."""

import hashlib

from alphorn.sieve.actions import Tracked
from alphorn.sieve.call import Call
from alphorn.sieve.run import Run
from alphorn.sieve.table import Check, Extension, Kind, Tag, Test

DEFAULT_PERIOD = 7 * 86400


def duplicate(call: Call) -> Check:
    handle = call.tag_text("handle")
    field = call.tag_text("header")
    unique = call.tag_text("uniqueid")
    last = call.given("last")
    seconds = call.tag_number("seconds")
    longest = call.scope.limits.duplicate_longest
    period = min(DEFAULT_PERIOD if seconds is None else seconds, longest)

    def check(run: Run) -> bool:
        if unique is not None:
            identifier = unique.get(run)
        else:
            name = field.get(run).lower() if field is not None else "message-id"
            values = run.values(name)
            if not values:
                return False
            identifier = values[0]
        key = tracking_key(handle.get(run) if handle is not None else "", identifier)
        if key in run.asked:
            return run.asked[key]
        seen = run.asked[key] = run.environment.seen(key)
        if not seen or last:
            run.tracked[key] = Tracked(key, period, last)
        return seen

    return check


def tracking_key(handle: str, identifier: str) -> str:
    data = f"{len(handle)}:{handle}{identifier}".encode("utf-8", "surrogateescape")
    return hashlib.sha256(data).hexdigest()[:32]


DUPLICATE = Extension(
    "duplicate",
    "RFC 7352",
    tests=(Test("duplicate", duplicate),),
    tags=(
        Tag("handle", ("duplicate",), Kind.TEXT),
        Tag("header", ("duplicate",), Kind.TEXT, choice="identifier"),
        Tag("uniqueid", ("duplicate",), Kind.TEXT, choice="identifier"),
        Tag("seconds", ("duplicate",), Kind.NUMBER),
        Tag("last", ("duplicate",)),
    ),
)

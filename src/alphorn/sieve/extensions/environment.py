"""environment (RFC 5183) and imapsieve (RFC 6785): where and why the script runs.

imapsieve adds no words to the language: its items ("imap.cause") are asked for here, and what has
no sense for a message that is stored already fails there.
"""

from alphorn.sieve.call import Call
from alphorn.sieve.matching import make_matcher
from alphorn.sieve.run import Run
from alphorn.sieve.table import Check, Extension, Kind, Positional, Test

DEFAULTS = {"name": "Alphorn", "location": "MDA", "phase": "during"}
"""For what the environment itself does not say."""


def environment(call: Call) -> Check:
    """An item that is not known matches nothing, and is not counted."""
    name = call.text(0)
    match = make_matcher(call, call.texts(1))

    def check(run: Run) -> bool:
        value = item(run, name.get(run))
        return value is not None and match(run, (value,) if value else ("",))

    return check


def item(run: Run, name: str) -> str | None:
    name = name.lower()
    value = run.environment.item(name)
    return DEFAULTS.get(name) if value is None else value


ENVIRONMENT = Extension(
    "environment",
    "RFC 5183",
    tests=(
        Test(
            "environment",
            environment,
            (Positional("item"), Positional("key list", Kind.TEXTS)),
            ("match",),
        ),
    ),
)
IMAPSIEVE = Extension("imapsieve", "RFC 6785", implies=("environment",))

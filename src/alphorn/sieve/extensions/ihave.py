"""ihave and error (RFC 5463): scripts that ask what there is.

What ihave asks for is enabled from there on; what a script uses that does not exist is then an
error only where it is met. Extensions that change what strings mean cannot be asked for (§4).
"""

from alphorn.sieve.call import Call
from alphorn.sieve.errors import RunError
from alphorn.sieve.run import Run
from alphorn.sieve.table import Check, Command, Extension, Kind, Positional, Signal, Step, Test


def ihave(call: Call) -> Check:
    scope = call.scope
    names = call.texts(0).constant
    if names is None:
        call.problem("the capabilities must stand in the script as they are")
        return lambda run: False
    rows = [scope.language.extensions.get(name) for name in names]
    has_all = all(row is not None and (row.by_ihave or scope.has(row.capability)) for row in rows)
    if has_all:
        for name in names:
            scope.enable(name)
    return lambda run: has_all


def error(call: Call) -> Step:
    """§5: the script fails, with these words."""
    text = call.text(0)

    def step(run: Run) -> Signal:
        raise RunError(text.get(run)[:1000])

    return step


IHAVE = Extension(
    "ihave",
    "RFC 5463",
    commands=(Command("error", error, (Positional("message"),)),),
    tests=(Test("ihave", ihave, (Positional("capabilities", Kind.TEXTS),)),),
)

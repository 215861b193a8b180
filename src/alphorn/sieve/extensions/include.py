"""include (RFC 6609): scripts within scripts. Names are looked up when the script runs."""

import re

from alphorn.sieve.call import Call
from alphorn.sieve.errors import RunError, ScriptError, place
from alphorn.sieve.run import Run
from alphorn.sieve.table import RETURN, Command, Extension, Kind, Positional, Signal, Step, Tag
from alphorn.sieve.texts import variable_name

MAX_NAME = 128
COST = 5

# RFC 5804 §1.6, and the slash, which a file's name cannot have.
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029/]")


def include(call: Call) -> Step:
    """RFC 6609 §3.2."""
    scope = call.scope
    name = call.text(0)
    location = "global" if call.given("global") else "personal"
    once = call.given("once")
    optional = call.given("optional")
    if name.constant is None:
        call.problem("the name of an included script must stand in the script as it is", name.at)
        return lambda run: None
    script = name.constant
    if not script or len(script) > MAX_NAME or _FORBIDDEN.search(script):
        call.problem("this cannot be the name of a script", name.at)
        return lambda run: None
    scope.includes.append((location, script, optional))
    if len(scope.includes) == scope.limits.includes + 1:
        call.problem(f"the script includes more than {scope.limits.includes} others")

    def step(run: Run) -> Signal:
        run.spend(COST)
        if once and (location, script) in run.included:
            return None
        return _run(run, location, script, optional)

    return step


def _run(run: Run, location: str, name: str, optional: bool) -> Signal:
    if (location, name) in run.stack:
        raise RunError(f"the script “{name}” includes itself")
    if len(run.stack) >= run.limits.include_depth:
        raise RunError(f"more than {run.limits.include_depth} scripts include one another")
    try:
        script = run.environment.script(name, location)
    except ScriptError as error:
        words = f"the included script “{name}” has mistakes: {error.problems[0]}"
        raise RunError(words) from error
    if script is None:
        if optional:
            return None
        raise RunError(f"there is no {location} script “{name}” to include")
    outer = (run.variables, run.shared, run.matches, run.name, run.source)
    run.variables, run.shared, run.matches = {}, script.shared, ()
    run.name, run.source = name, script.source
    run.stack.append((location, name))
    run.included.add((location, name))
    try:
        signal = script.body(run)
    except RunError as error:
        if error.at >= 0:
            line, column = place(script.source, error.at)
            error.text = f"in the script “{name}”, line {line}, column {column}: {error.text}"
            error.at = -1
        raise
    finally:
        run.stack.pop()
        run.variables, run.shared, run.matches, run.name, run.source = outer
    return None if signal == RETURN else signal


def return_(call: Call) -> Step:
    """RFC 6609 §3.3; in a script that nobody includes it ends the run."""
    return lambda run: RETURN


def global_(call: Call) -> Step:
    """RFC 6609 §3.4.1. Variables are declared while the script is compiled."""
    call.require("variables", "the global command")
    for name in call.texts(0).items:
        if (
            name.constant is not None
            and name.constant.lower() in call.scope.names - call.scope.shared
        ):
            call.problem(f"“{name.constant[:40]}” is a local variable already", name.at)
            continue
        found, _ = variable_name(name, call.scope)
        if "." in (name.constant or ""):
            call.problem("a global variable is declared without a namespace", name.at)
        if found:
            call.scope.shared.add(found)
    return lambda run: None


INCLUDE = Extension(
    "include",
    "RFC 6609",
    commands=(
        Command("include", include, (Positional("script"),)),
        Command("return", return_),
        Command("global", global_, (Positional("variables", Kind.TEXTS),)),
    ),
    tags=(
        Tag("personal", ("include",), choice="location"),
        Tag("global", ("include",), choice="location"),
        Tag("once", ("include",)),
        Tag("optional", ("include",)),
    ),
)

"""What every script has (RFC 5228): control, keep, discard, redirect and the tests of §5.

if, elsif and else are no rows: the compiler reads them together, as one command. `require` is one,
but does its work while the script is compiled.
"""

from alphorn.sieve.actions import Discard, Keep, Redirect
from alphorn.sieve.call import Call
from alphorn.sieve.comparators import ASCII_CASEMAP, OCTET, UNICODE_CASEMAP
from alphorn.sieve.errors import RunError
from alphorn.sieve.extensions.core_tests import TESTS
from alphorn.sieve.matching import contains, is_, matches
from alphorn.sieve.parts import domain, local_part, whole
from alphorn.sieve.recipients import normalized
from alphorn.sieve.run import Run
from alphorn.sieve.storing import chosen_flags
from alphorn.sieve.table import STOP, Command, Extension, Kind, Positional, Signal, Step, Tag


def require(call: Call) -> Step:
    """RFC 5228 §3.2."""
    scope = call.scope
    if scope.began:
        call.problem("require belongs at the top of the script, before all other commands")
        return lambda run: None
    for name in call.texts(0).items:
        if name.constant is None or not scope.enable(name.constant):
            shown = (name.constant or "")[:60]
            near = scope.language.near(shown, scope.language.capabilities)
            call.problem(f"the extension “{shown}” is not supported{near}", name.at)
    return lambda run: None


def stop(call: Call) -> Step:
    """RFC 5228 §3.3."""
    return lambda run: STOP


def keep(call: Call) -> Step:
    """RFC 5228 §4.3."""
    flags = chosen_flags(call)

    def step(run: Run) -> Signal:
        run.do(Keep(flags(run), message=run.message, line=run.line(call.at)))
        run.keeps = False
        return None

    return step


def discard(call: Call) -> Step:
    """RFC 5228 §4.4."""

    def step(run: Run) -> Signal:
        run.do(Discard(run.line(call.at)))
        run.keeps = False
        return None

    return step


def redirect(call: Call) -> Step:
    """RFC 5228 §4.2; :copy of RFC 3894, :list of RFC 6134 §2.5."""
    copies = call.given("copy")
    to = call.text(0)
    by_list = call.given("list")
    fixed = None
    if to.constant is not None and not by_list:
        try:
            fixed = normalized(to.constant)
            call.scope.redirects.append(fixed)
        except ValueError as error:
            call.problem(f"cannot redirect to “{to.constant[:80]}”: {error}", to.at)

    def step(run: Run) -> Signal:
        if by_list:
            name = to.get(run)
            if run.environment.list_holds(name, "") is None:
                raise RunError(f"there is no external list “{name[:80]}”")
            run.do(Redirect("", name, run.message, run.line(call.at)))
        elif fixed is not None:
            run.do(Redirect(fixed, message=run.message, line=run.line(call.at)))
        else:
            address = to.get(run)
            try:
                address = normalized(address)
            except ValueError as error:
                raise RunError(f"cannot redirect to “{address[:80]}”: {error}") from error
            run.do(Redirect(address, message=run.message, line=run.line(call.at)))
        if not copies:
            run.keeps = False
        return None

    return step


CORE = Extension(
    "",
    "RFC 5228",
    commands=(
        Command("require", require, (Positional("capabilities", Kind.TEXTS),)),
        Command("stop", stop),
        Command("keep", keep),
        Command("discard", discard),
        Command("redirect", redirect, (Positional("address"),)),
    ),
    tests=TESTS,
    tags=(
        Tag("comparator", ("match",), Kind.TEXT),
        Tag("is", ("match",), choice="match-type", plays=is_),
        Tag("contains", ("match",), choice="match-type", plays=contains),
        Tag("matches", ("match",), choice="match-type", plays=matches),
        Tag("all", ("address-part",), choice="address-part", plays=whole),
        Tag("localpart", ("address-part",), choice="address-part", plays=local_part),
        Tag("domain", ("address-part",), choice="address-part", plays=domain),
        Tag("over", ("size",), choice="size"),
        Tag("under", ("size",), choice="size"),
    ),
    comparators=(OCTET, ASCII_CASEMAP, UNICODE_CASEMAP),
)
OCTET_ROW = Extension("comparator-i;octet", "RFC 5228 §2.7.3", silent=True)
ASCII_CASEMAP_ROW = Extension("comparator-i;ascii-casemap", "RFC 5228 §2.7.3", silent=True)

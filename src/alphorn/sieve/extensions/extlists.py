"""extlists (RFC 6134): lists that are kept elsewhere; a list that does not exist holds nothing.

`redirect :list` stands with redirect.
"""

from collections.abc import Sequence

from alphorn.sieve.call import Call
from alphorn.sieve.comparators import Comparator
from alphorn.sieve.matching import Matcher
from alphorn.sieve.run import Run
from alphorn.sieve.table import Check, Extension, Kind, Positional, Tag, Test
from alphorn.sieve.texts import Texts

LISTS = 10
"""Steps that a look-up costs."""


def in_list(call: Call, comparator: Comparator, keys: Texts) -> Matcher:
    """§2.2: whether a list holds a value; the value becomes ${0} (§2.3)."""
    if call.given("comparator"):
        call.problem("':list' takes no comparator; the list compares by itself")
    capture = call.scope.has("variables")

    def check(run: Run, values: Sequence[str]) -> bool:
        for name in keys.get(run):
            for value in values:
                run.spend(LISTS)
                if run.environment.list_holds(name, value):
                    if capture:
                        run.matches = (value,)
                    return True
        return False

    return check


def valid_ext_list(call: Call) -> Check:
    """§2.6: whether all of them exist."""
    names = call.texts(0)
    return lambda run: all(
        run.environment.list_holds(name, "") is not None for name in names.get(run)
    )


EXTLISTS = Extension(
    "extlists",
    "RFC 6134",
    tests=(Test("valid_ext_list", valid_ext_list, (Positional("lists", Kind.TEXTS),)),),
    tags=(
        Tag("list", ("match",), choice="match-type", plays=in_list),
        Tag("list", ("redirect",)),
    ),
)

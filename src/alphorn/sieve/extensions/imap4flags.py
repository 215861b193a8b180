"""imap4flags (RFC 5232): flags for what is stored, in an internal variable or the script's own."""

from alphorn.sieve.call import Call
from alphorn.sieve.matching import counts, make_matcher
from alphorn.sieve.run import Run
from alphorn.sieve.storing import flag_list
from alphorn.sieve.table import Check, Command, Extension, Kind, Positional, Signal, Step, Tag, Test
from alphorn.sieve.texts import Text, Texts, cut, variable_name


def change(call: Call) -> Step:
    """setflag, addflag and removeflag (§3)."""
    named = call.optional_text(0)
    name, shared = variable_name(named, call.scope) if named is not None else ("", False)
    if named is not None:
        call.require("variables", "a variable for flags")
    flags = call.texts(1)
    how = call.name

    def step(run: Run) -> Signal:
        given = flag_list(flags.get(run))
        store = run.globals if shared or name in run.shared else run.variables
        before: tuple[str, ...] = ()
        if how != "setflag":
            before = flag_list((store.get(name, ""),)) if named is not None else run.flags or ()
        if how == "removeflag":
            gone = {flag.lower() for flag in given}
            found = tuple(flag for flag in before if flag.lower() not in gone)
        else:
            found = flag_list((*before, *given))
        if named is not None:
            store[name] = cut(" ".join(found), run.limits.variable)
        else:
            run.flags = found
        return None

    return step


def hasflag(call: Call) -> Check:
    """§4; flags are matched one by one."""
    named = call.positional[0]
    if named is not None:
        call.require("variables", "a variable for flags")
    keys = call.texts(1)
    match = make_matcher(call, keys if counts(call) else _split(keys))
    names = [
        variable_name(name, call.scope)
        for name in (named.items if isinstance(named, Texts) else ())
    ]

    def check(run: Run) -> bool:
        if named is None:
            return match(run, run.flags or ())
        found: list[str] = []
        for name, shared in names:
            store = run.globals if shared or name in run.shared else run.variables
            found += flag_list((store.get(name, ""),))
        return match(run, found)

    return check


def _split(keys: Texts) -> Texts:
    """One key for each flag (§2: several can stand in one string)."""
    items: list[Text] = []
    for key in keys.items:
        if key.constant is None or " " not in key.constant.strip():
            items.append(key)
        else:
            items += [
                Text(key.at, word, lambda run, word=word: word)  # type: ignore[misc]
                for word in key.constant.split()
            ]
    return Texts(keys.at, tuple(items))


_FLAGS = (Positional("variable"), Positional("flags", Kind.TEXTS))
IMAP4FLAGS = Extension(
    "imap4flags",
    "RFC 5232",
    commands=tuple(
        Command(name, change, _FLAGS, optional=1) for name in ("setflag", "addflag", "removeflag")
    ),
    tests=(
        Test(
            "hasflag",
            hasflag,
            (Positional("variables", Kind.TEXTS), Positional("flags", Kind.TEXTS)),
            ("match",),
            optional=1,
        ),
    ),
    tags=(Tag("flags", ("keep", "fileinto", "vacation", "notify"), Kind.TEXTS),),
)

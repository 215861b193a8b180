"""`alphorn script …`: the Sieve scripts that an account's owner writes by hand."""

import re
from argparse import Namespace
from collections.abc import Sequence

from alphorn.base.errors import Refused
from alphorn.cli.account import ADDRESS
from alphorn.cli.arguments import STANDARD_INPUT, read_file
from alphorn.cli.table import JSON, Argument, Command, Context, Json, cell
from alphorn.operations import scripts
from alphorn.operations.owners import mail_of
from alphorn.sieve.errors import Problem, ScriptError
from alphorn.store.limits import MAX_SCRIPT_OCTETS

_NAME = Argument("name", help="the name of the script")
_FILE = Argument(
    "file",
    nargs="?",
    default=STANDARD_INPUT,
    help='the file it is in, or "-" for standard input (else that)',
)
_COLUMNS = {
    "name": "Script",
    "active": "Active",
    "octets": "Octets",
    "changed_at": "Changed (UTC)",
}
_PROBLEM = {"line": "Line", "column": "Column", "text": "What is wrong"}
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def _list(context: Context, args: Namespace) -> int:
    rows: list[dict[str, Json]] = [
        {
            "name": one.name,
            "active": one.active,
            "octets": one.octets,
            "changed_at": one.changed,
        }
        for one in scripts.list_scripts(mail_of(context.services.control, args.address))
    ]
    context.table(args, rows, _COLUMNS, f"{args.address} has no scripts.")
    return 0


def _show(context: Context, args: Namespace) -> int:
    found = scripts.get_script(mail_of(context.services.control, args.address), args.name)
    if args.json:
        context.json(
            {
                "name": found.name,
                "active": found.active,
                "changed_at": found.changed,
                "source": found.source,
            }
        )
        return 0
    source = found.source
    if context.out.isatty():  # nothing in it is to move the cursor
        source = _CONTROLS.sub("?", source.replace("\r\n", "\n"))
    context.out.write(source)
    return 0


def _put(context: Context, args: Namespace) -> int:
    octets = read_file(args.file, MAX_SCRIPT_OCTETS)
    mail = mail_of(context.services.control, args.address)
    warnings = scripts.put_script(mail, args.name, octets)
    if args.activate:
        scripts.activate_script(mail, args.name)
    _warn(context, warnings)
    stored = scripts.get_script(mail, args.name)
    state = "stored, and runs from the next message on" if stored.active else "stored"
    context.note(f"{cell('', stored.name)}: {state}.")
    return 0


def _check(context: Context, args: Namespace) -> int:
    octets = read_file(args.file, MAX_SCRIPT_OCTETS)
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    try:
        warnings = scripts.check_script(mail_of(context.services.control, args.address), octets)
    except ScriptError as error:
        problems = error.problems
    rows: list[dict[str, Json]] = [
        {"line": one.line, "column": one.column, "text": one.text} for one in problems
    ]
    if args.json:
        context.json({"problems": rows, "warnings": list(warnings)})
    else:
        context.table(args, rows, _PROBLEM, "There is nothing wrong with it.")
        _warn(context, warnings)
    return 1 if problems else 0


def _activate(context: Context, args: Namespace) -> int:
    scripts.activate_script(mail_of(context.services.control, args.address), _given(args.name))
    context.note(f"{cell('', args.name)} runs from the next message on.")
    return 0


def _deactivate(context: Context, args: Namespace) -> int:
    scripts.activate_script(mail_of(context.services.control, args.address), "")
    context.note(f"No script of {args.address} runs from the next message on.")
    return 0


def _rename(context: Context, args: Namespace) -> int:
    mail = mail_of(context.services.control, args.address)
    scripts.rename_script(mail, args.name, args.new_name)
    context.note(f"{cell('', args.name)} is called {cell('', args.new_name)} now.")
    return 0


def _remove(context: Context, args: Namespace) -> int:
    scripts.remove_script(mail_of(context.services.control, args.address), args.name)
    context.note(f"{cell('', args.name)} is gone.")
    return 0


def _given(name: str) -> str:
    """Without a name `activate_script` would switch all off."""
    if not name:
        raise Refused("Which script? `alphorn script list` shows them.", code="usage")
    return name


def _warn(context: Context, warnings: Sequence[str]) -> None:
    for warning in warnings:
        context.note(f"Warning: {warning}")


COMMANDS = (
    Command("script list", "list an account's Sieve scripts", _list, (ADDRESS, JSON)),
    Command("script show", "print a script", _show, (ADDRESS, _NAME, JSON)),
    Command(
        "script put",
        "store a script, in place of the one of that name",
        _put,
        (
            ADDRESS,
            _NAME,
            _FILE,
            Argument("--activate", action="store_true", help="run it from the next message on"),
        ),
        "Store a script, in place of the one of that name, which stays as active as it was. A "
        "script with mistakes is not stored; each is told with its line and column. What scripts "
        "can do stands in docs/sieve.md.",
    ),
    Command(
        "script check",
        "say what is wrong with a script, and store nothing",
        _check,
        (ADDRESS, _FILE, JSON),
        "Say what is wrong with a script that this account would have, and store nothing. The exit "
        "code is 1 where it could not be stored.",
    ),
    Command(
        "script activate", "run a script from the next message on", _activate, (ADDRESS, _NAME)
    ),
    Command("script deactivate", "run no script from the next message on", _deactivate, (ADDRESS,)),
    Command(
        "script rename",
        "give a script another name",
        _rename,
        (ADDRESS, _NAME, Argument("new_name", metavar="new-name", help="what it is to be called")),
    ),
    Command(
        "script remove",
        "remove a script that is not active",
        _remove,
        (ADDRESS, _NAME),
    ),
)

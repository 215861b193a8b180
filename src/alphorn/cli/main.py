"""From the tables of commands to a command line: parsing, help, exit codes.

Exit codes: 0 done, 1 refused or failed (one line on standard error says why), 2 wrongly called,
130 interrupted.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from alphorn import __version__
from alphorn.base.errors import AlphornError
from alphorn.base.settings import SettingsError
from alphorn.cli.table import Argument, Command, Context, Group

PROGRAM = "alphorn"
DATA_VARIABLE = "ALPHORN_DATA"
DESCRIPTION = "A complete mail hosting service in one program."
_DATA = Argument(
    "--data",
    metavar="DIR",
    type=Path,
    default=argparse.SUPPRESS,
    help=f"the data folder (else ${DATA_VARIABLE}, /var/lib/alphorn for root, "
    "~/.local/share/alphorn otherwise)",
)


class _Help(argparse.RawDescriptionHelpFormatter):
    """Commands one a line, without a repeated list of names above them."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=min(100, _columns() - 2))


def build(commands: Sequence[Command], groups: Sequence[Group]) -> argparse.ArgumentParser:
    """The parser of the whole command line. A command's row is found in `args.command`."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description=DESCRIPTION,
        formatter_class=_Help,
        epilog=f"{PROGRAM} COMMAND --help says more about each.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    _add(parser, _DATA)
    top = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    below: dict[str, argparse._SubParsersAction[argparse.ArgumentParser]] = {}
    for group in groups:
        one = top.add_parser(
            group.name,
            help=group.help,
            description=_sentence(group.help),
            formatter_class=_Help,
            epilog=f"{PROGRAM} {group.name} COMMAND --help says more about each.",
            allow_abbrev=False,
        )
        _add(one, _DATA)
        below[group.name] = one.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in commands:
        first, _, rest = command.name.partition(" ")
        parent, name = (below[first], rest) if rest else (top, first)
        one = parent.add_parser(
            name,
            help=command.help,
            description=command.description or _sentence(command.help),
            formatter_class=_Help,
            allow_abbrev=False,
        )
        one.set_defaults(command=command)
        for argument in command.arguments:
            _add(one, argument)
        _add(one, _DATA)
    return parser


def run(
    commands: Sequence[Command],
    groups: Sequence[Group],
    open_context: Callable[[Path, Command], Context],
    argv: Sequence[str] | None = None,
) -> int:
    """Parse, call the command, and turn what it raises into an exit code."""
    args = build(commands, groups).parse_args(argv)
    command: Command = args.command
    data = data_folder(getattr(args, "data", None))
    try:
        with open_context(data, command) as context:
            return command.run(context, args)
    except SettingsError as error:
        for text in error.errors:
            print(f"{PROGRAM}: {text}", file=sys.stderr)
        return 1
    except AlphornError as error:
        print(f"{PROGRAM}: {error.text}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Who read our output has seen enough; nothing more is to be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def data_folder(given: Path | None) -> Path:
    """Where the installation lies: as said, as the environment says, or where it is usual."""
    if given is not None:
        return given
    if variable := os.environ.get(DATA_VARIABLE):
        return Path(variable)
    if os.geteuid() == 0:
        return Path("/var/lib/alphorn")
    home = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return Path(home, "alphorn")


def _add(parser: argparse.ArgumentParser, argument: Argument) -> None:
    parser.add_argument(*argument.flags, **argument.options)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].removesuffix(".") + "."


def _columns() -> int:
    try:
        return int(os.environ.get("COLUMNS", "")) or 80
    except ValueError:
        pass
    try:
        return os.get_terminal_size().columns
    except OSError:
        return 80

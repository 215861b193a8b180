"""From the tables of commands to a command line: parsing, help, exit codes.

Exit codes: 0 done, 1 refused or failed (one line on standard error says why), 2 wrongly called,
130 interrupted.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from alphorn import __version__
from alphorn.base.errors import AlphornError
from alphorn.base.settings import SettingsError
from alphorn.cli.table import Argument, Command, Context, Section

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


def build(sections: Sequence[Section], chosen: str | None) -> argparse.ArgumentParser:
    """The parser; only the chosen section's commands are loaded. The row is `args.command`."""
    parser = _Parser(prog=PROGRAM)
    _describe(parser, DESCRIPTION, f"{PROGRAM} COMMAND --help says more about each.")
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    top = parser.add_subparsers(
        title="commands", metavar="COMMAND", required=True, parser_class=_Parser
    )
    for section in sections:
        if section.name != chosen:
            top.add_parser(section.name, help=section.help)
            continue
        commands = section.load()
        if [command.name for command in commands] == [section.name]:
            _fill(top.add_parser(section.name, help=section.help), commands[0])
            continue
        group = top.add_parser(section.name, help=section.help)
        _describe(
            group, _sentence(section.help), f"{PROGRAM} {section.name} COMMAND --help says more."
        )
        below = group.add_subparsers(
            title="commands", metavar="COMMAND", required=True, parser_class=_Parser
        )
        for command in commands:
            name = command.name.removeprefix(section.name).strip()
            _fill(below.add_parser(name, help=command.help), command)
    return parser


def run(
    sections: Sequence[Section],
    open_context: Callable[[Path, Command], Context],
    argv: Sequence[str] | None = None,
) -> int:
    """Parse, call the command, and turn what it raises into an exit code."""
    argv = sys.argv[1:] if argv is None else argv
    try:
        args = build(sections, first_word(argv)).parse_args(argv)
        command: Command = args.command
        with open_context(data_folder(getattr(args, "data", None)), command) as context:
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
        # Who reads our output has seen enough; nothing more is to be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def first_word(argv: Sequence[str]) -> str | None:
    """The section that the command line asks for."""
    words = iter(argv)
    for word in words:
        if word == "--data":
            next(words, None)
        elif not word.startswith("-"):
            return word
    return None


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


class _Parser(argparse.ArgumentParser):
    """Every one takes --data, before the command and after it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=_Help, allow_abbrev=False, **options)
        self.add_argument(*_DATA.flags, **_DATA.options)


def _describe(parser: argparse.ArgumentParser, description: str, epilog: str = "") -> None:
    parser.description = description
    parser.epilog = epilog


def _fill(parser: argparse.ArgumentParser, command: Command) -> None:
    _describe(parser, command.description.strip() or _sentence(command.help))
    parser.set_defaults(command=command)
    for argument in command.arguments:
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

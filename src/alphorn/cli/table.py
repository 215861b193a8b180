"""What a command is: one row of a table, from which parsing, help and the reference page derive.

Each module of this room exports `COMMANDS`, a tuple of `Command`. A command's `run` gets a
`Context` and the parsed arguments and returns the exit code. It opens what it needs through the
context (lazily: help and mistakes cost nothing) and prints through it, so that `--json` gives
programs the same facts that people see.

Errors: a command raises an `AlphornError`; the caller prints its text as one line and exits 1.
"""

import json
import re
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TextIO

from alphorn.base.errors import Refused
from alphorn.base.secret import Secret
from alphorn.base.settings import Settings

if TYPE_CHECKING:
    from alphorn.servers.services import Services

MAX_SECRET = 1024
Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]


class Argument:
    """One argument, as `argparse.ArgumentParser.add_argument` takes it; `help` is required."""

    __slots__ = ("flags", "options")

    def __init__(self, *flags: str, help: str, **options: Any) -> None:
        self.flags = flags
        self.options: Mapping[str, Any] = {"help": help, **options}


JSON = Argument("--json", action="store_true", help="print JSON for programs")


@dataclass(frozen=True, slots=True)
class Command:
    """`name` is the words that call it ("queue list"); `help` is one line in the imperative.

    `description` goes on where one line is not enough. `arguments` gains `--data` by itself.
    """

    name: str
    help: str
    run: Callable[["Context", Namespace], int]
    arguments: tuple[Argument, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """The first word of commands: of one, or of several with a second word.

    `load` gives the commands; it imports their module only when one of them (or its help) is asked
    for, so that no command pays for the others.
    """

    name: str
    help: str
    load: Callable[[], tuple[Command, ...]]


@dataclass(slots=True)
class Context:
    """What a command may use. `services` and `settings` are opened when they are first asked for.

    The openers are injected by the composition root, which alone knows how the parts are built.
    """

    data: Path
    open_settings: Callable[[Path], Settings]
    open_services: Callable[[Path, Settings], "Services"]
    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)
    input: TextIO = field(default_factory=lambda: sys.stdin)
    _settings: Settings | None = None
    _services: "Services | None" = None
    _closing: ExitStack = field(default_factory=ExitStack)

    @property
    def settings(self) -> Settings:
        """Raises `SettingsError`, or `NotFound` where nothing was initialized."""
        if self._settings is None:
            self._settings = self.open_settings(self.data)
        return self._settings

    @property
    def services(self) -> "Services":
        if self._services is None:
            self._services = self.open_services(self.data, self.settings)
            self._closing.callback(self._services.close)
        return self._services

    def __enter__(self) -> "Context":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.close()

    # -- printing --

    def say(self, text: str = "") -> None:
        """A line for people, on standard output."""
        print(text, file=self.out)

    def note(self, text: str) -> None:
        """A remark that is not part of the result, on standard error."""
        print(text, file=self.err)

    def json(self, value: Json) -> None:
        text = json.dumps(value, ensure_ascii=False, indent=2)
        print(_UNSEEN.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text), file=self.out)

    def table(
        self,
        args: Namespace,
        rows: Sequence[Mapping[str, Json]],
        columns: Mapping[str, str],
        empty: str = "Nothing there.",
    ) -> None:
        """Rows as an aligned table under the headings of `columns` (key -> heading), or as JSON.

        JSON has every key of each row, with times as numbers; the table only those of `columns`.
        Keys that end in `_at` hold seconds UTC and are shown as a date.
        """
        if getattr(args, "json", False):
            self.json(list(rows))
        elif not rows:
            self.say(empty)
        else:
            cells = [[cell(key, row.get(key)) for key in columns] for row in rows]
            lines = [[heading.upper() for heading in columns.values()], *cells]
            widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
            for line in lines:
                padded = (text.ljust(width) for text, width in zip(line, widths, strict=True))
                self.say("  ".join(padded).rstrip())

    def record(self, args: Namespace, row: Mapping[str, Json], columns: Mapping[str, str]) -> None:
        """One thing: `heading: value` lines, or a JSON object."""
        if getattr(args, "json", False):
            self.json(row)
            return
        width = max(map(len, columns.values())) + 2
        for key, heading in columns.items():
            self.say(f"{heading + ':':<{width}}{cell(key, row.get(key))}")

    # -- reading --

    def secret(self) -> Secret:
        """The first line of standard input. Raises Refused where it is empty or too long."""
        line = self.input.readline(MAX_SECRET + 2).rstrip("\r\n")
        if not line:
            raise Refused("No password came on standard input.", code="no-password")
        if len(line) > MAX_SECRET:
            raise Refused(f"A password has at most {MAX_SECRET} characters.", code="password")
        return Secret(line)


def cell(key: str, value: Json) -> str:
    """A value as a table shows it to people."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if key.endswith("_at") and isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, str):
        return value.translate(_VISIBLE)
    if isinstance(value, Sequence):
        return ", ".join(cell("", item) for item in value)
    return str(value)


# What moves a terminal's cursor or turns the direction of writing, so that a line shows as another.
_UNSEEN = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_VISIBLE = {
    code: "?" for code in range(0x2070) if code < 32 or _UNSEEN.match(chr(code)) is not None
}

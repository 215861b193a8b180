"""From a table of commands to a command line, and from errors to exit codes."""

import io
import json
from argparse import ArgumentTypeError, Namespace
from pathlib import Path

import pytest

from alphorn.base.errors import NotFound, Refused
from alphorn.base.settings import Settings
from alphorn.cli import main
from alphorn.cli.table import JSON, Argument, Command, Context, Section, cell
from alphorn.cli.trace import moment

CALLS: list[tuple[str, Path, Namespace]] = []


def remember(context: Context, args: Namespace) -> int:
    CALLS.append((args.command.name, context.data, args))
    return 3


def fail(context: Context, args: Namespace) -> int:
    raise NotFound("There is no such goat.")


def interrupt(context: Context, args: Namespace) -> int:
    raise KeyboardInterrupt


SECTIONS = (
    Section(
        "goat",
        "goats and where they are",
        lambda: (
            Command("goat add", "add a goat", remember, (Argument("name", help="its name"), JSON)),
            Command("goat find", "find a goat", fail),
        ),
    ),
    Section("climb", "go up", lambda: (Command("climb", "go up", interrupt),)),
    Section("broken", "never loaded", lambda: pytest.fail("loaded without need")),
)


def open_context(data: Path, command: Command) -> Context:
    def unused(*args: object) -> Settings:
        raise AssertionError

    return Context(data, unused, unused)  # type: ignore[arg-type]


def run(*words: str) -> int:
    CALLS.clear()
    return main.run(SECTIONS, open_context, words)


def test_command_gets_its_arguments_and_only_its_section_is_loaded(tmp_path: Path) -> None:
    assert run("--data", str(tmp_path), "goat", "add", "Heidi", "--json") == 3
    ((name, data, args),) = CALLS
    assert (name, data, args.name, args.json) == ("goat add", tmp_path, "Heidi", True)


@pytest.mark.parametrize("at", range(4))
def test_data_may_stand_anywhere(tmp_path: Path, at: int) -> None:
    words = ["goat", "add", "Heidi"]
    words[at:at] = ["--data", str(tmp_path)]
    assert run(*words) == 3
    assert CALLS[0][1] == tmp_path


def test_errors_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("goat", "find") == 1
    assert capsys.readouterr().err == "alphorn: There is no such goat.\n"
    assert run("climb") == 130


def test_wrong_calls_end_with_2() -> None:
    for words in ((), ("goat",), ("goat", "add"), ("goat", "add", "Heidi", "--jso"), ("fly",)):
        with pytest.raises(SystemExit) as caught:
            run(*words)
        assert caught.value.code == 2


def test_data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert main.data_folder(Path("x")) == Path("x")
    monkeypatch.setenv("ALPHORN_DATA", str(tmp_path))
    assert main.data_folder(None) == tmp_path
    monkeypatch.delenv("ALPHORN_DATA")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert main.data_folder(None) == Path("/var/lib/alphorn")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_DATA_HOME", "/home/anna/.local/share")
    assert main.data_folder(None) == Path("/home/anna/.local/share/alphorn")


def context(text: str = "") -> Context:
    made = open_context(Path(), SECTIONS[1].load()[0])
    made.out = io.StringIO()
    made.input = io.StringIO(text)
    return made


def printed(made: Context) -> str:
    assert isinstance(made.out, io.StringIO)
    return made.out.getvalue()


def test_table_for_people_and_for_programs() -> None:
    rows = [
        {"name": "Heidi", "born_at": 0, "milk": None, "horns": True},
        {"name": "Bla\x1b[2Jnca", "born_at": 86400.5, "milk": 3, "horns": False},
    ]
    columns = {"name": "Name", "born_at": "Born", "milk": "Milk", "horns": "Horns"}
    people = context()
    people.table(Namespace(json=False), rows, columns)
    assert printed(people).splitlines() == [
        "NAME        BORN                 MILK  HORNS",
        "Heidi       1970-01-01 00:00:00  -     yes",
        "Bla?[2Jnca  1970-01-02 00:00:00  3     no",
    ]
    programs = context()
    programs.table(Namespace(json=True), rows, columns)
    assert json.loads(printed(programs)) == rows
    assert "\x1b" not in printed(programs)
    nothing = context()
    nothing.table(Namespace(json=False), [], columns, "No goats.")
    assert printed(nothing) == "No goats.\n"


def test_secret_is_one_line() -> None:
    assert context("rope and crampons\nmore\n").secret().reveal() == "rope and crampons"
    for text in ("", "\n", "x" * 2000):
        with pytest.raises(Refused):
            context(text).secret()


@pytest.mark.parametrize("sign", ["\x1b", "\x7f", "\x9b", "\u2028", "\u202e", "\u2066"])
def test_nothing_steers_the_terminal(sign: str) -> None:
    """What strangers wrote is shown, to people and to programs, as what it is."""
    assert cell("sender", f"a{sign}b") == "a?b"
    programs = context()
    programs.json({"sender": f"a{sign}b", "name": "Bläñca"})
    assert sign not in printed(programs)
    assert json.loads(printed(programs)) == {"sender": f"a{sign}b", "name": "Bläñca"}


def test_cells() -> None:
    assert cell("x", ["a", 1]) == "a, 1"
    assert cell("x", "a\nb") == "a?b"


def test_moments() -> None:
    assert moment("2h", 10_000.0) == 2800.0
    assert moment("3 d", 1e6) == 1e6 - 3 * 86400
    assert moment("2026-01-31 14:00") - moment("2026-01-31") == 14 * 3600
    for wrong in ("yesterday", "2h ago", "2026-13-01", ""):
        with pytest.raises(ArgumentTypeError):
            moment(wrong)

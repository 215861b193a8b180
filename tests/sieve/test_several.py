"""Several scripts for one message, and which line of which decided."""

from dataclasses import replace

import pytest

from alphorn.sieve.actions import FileInto, Keep, Line, Redirect, Reject, Result
from alphorn.sieve.compiler import compile_script
from alphorn.sieve.interpreter import run_all
from tests.sieve.support import MESSAGE, WORLD, do

FILE = 'require ["fileinto", "imap4flags", "editheader", "reject", "variables", "include"];\n'


def together(*sources: str, world=WORLD) -> Result:  # type: ignore[no-untyped-def]
    scripts = [(str(number), compile_script(FILE + one)) for number, one in enumerate(sources)]
    return run_all(scripts, MESSAGE, world)


def test_actions_say_where_they_stand() -> None:
    result = do('require "fileinto";\n\nfileinto\n"Work";\nif true {\n  keep;\n}\n')
    assert [action.line for action in result.actions] == [Line("", 3), Line("", 6)]
    assert do("").actions[0].line is None


def test_actions_of_included_scripts_say_in_which_they_stand() -> None:
    inner = compile_script('require "fileinto";\nfileinto "Work";')
    world = replace(WORLD, scripts={("personal", "more"): inner})
    result = together('include "more";\nredirect "x@y.test";', world=world)
    assert [action.line for action in result.actions] == [Line("more", 2), Line("0", 3)]


def test_an_equal_action_is_done_once_and_the_last_line_counts() -> None:
    result = together('fileinto "Work";', 'fileinto "Work";')
    assert result.actions == (FileInto("Work"),)
    assert result.actions[0].line == Line("1", 2)


def test_flags_and_changes_go_on_and_variables_do_not() -> None:
    result = together('setflag "\\\\Seen"; addheader "X-A" "1"; set "a" "b";', 'fileinto "W${a}";')
    (action,) = result.actions
    assert isinstance(action, FileInto)
    assert (action.mailbox, action.flags) == ("W", ("\\Seen",))
    assert action.message is not None
    assert action.message.head.startswith(b"X-A: 1\r\n")


@pytest.mark.parametrize("first", ["stop;", 'fileinto "Work"; stop;', 'reject "No";'])
def test_stop_and_a_refusal_end_all(first: str) -> None:
    result = together(first, "discard;")
    assert result == together(first)


def test_return_ends_only_the_one() -> None:
    assert together("return;", 'fileinto "Work";').actions == (FileInto("Work"),)


def test_of_one_that_fails_nothing_is_done_and_the_others_stand() -> None:
    result = together(
        'addflag "$a"; redirect "x@y.test";',
        'addflag "$b"; fileinto "Work"; addheader "X" "1"; redirect "${1}nowhere";',
        "discard;",
    )
    assert result.actions == (Redirect("x@y.test"), Keep(("$a",), implicit=True))
    assert result.failed == "1"
    assert result.error is not None
    assert result.error.line == 2


def test_what_an_earlier_one_keeps_is_not_kept_twice() -> None:
    result = together('fileinto "Work";', 'redirect "${1}nowhere";')
    assert result.actions == (FileInto("Work"),)
    assert result.error is not None


def test_a_refusal_beside_what_an_earlier_one_delivers_fails() -> None:
    result = together('fileinto "Work";', 'reject "No";')
    assert result.actions == (FileInto("Work"),)
    assert result.error is not None
    assert "reject cannot stand beside fileinto" in result.error.text
    assert not any(isinstance(action, Reject) for action in result.actions)


def test_each_has_its_own_steps() -> None:
    busy = "keep;" * 6000
    assert together(busy, busy).error is None
    assert together(busy + busy).error is not None

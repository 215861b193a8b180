"""`alphorn script`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alphorn.store.sqlite import SqliteStore
from tests.cli.support import Terminal
from tests.support.installation import Installation

ANNA = "anna@example.test"


@pytest.fixture
def store(installation: Installation, tmp_path: Path) -> Iterator[SqliteStore]:
    """The real one, behind the installation's control."""
    made = SqliteStore(tmp_path / "mail", changed=lambda account, mailbox: None)
    installation.domain()
    installation.account(ANNA)
    object.__setattr__(installation.control, "store", made)
    yield made
    made.close()


def test_the_life_of_a_script(alphorn: Terminal, store: SqliteStore, tmp_path: Path) -> None:
    file = tmp_path / "main.sieve"
    file.write_bytes(b'require "fileinto";\r\nfileinto "Work";\r\n')
    assert alphorn("script", "list", ANNA).out == f"{ANNA} has no scripts.\n"
    assert alphorn("script", "put", ANNA, "main", str(file)).err == "main: stored.\n"
    done = alphorn("script", "put", ANNA, "other", str(file), "--activate")
    assert done.err == "other: stored, and runs from the next message on.\n"
    listed = alphorn("script", "list", ANNA, "--json").json()
    assert [(one["name"], one["active"], one["octets"]) for one in listed] == [
        ("main", False, 39),
        ("other", True, 39),
    ]
    assert alphorn("script", "list", ANNA).out.splitlines()[1].split()[:3] == ["main", "no", "39"]
    assert alphorn("script", "show", ANNA, "main").out == file.read_bytes().decode()
    shown = alphorn("script", "show", ANNA, "other", "--json").json()
    assert (shown["source"], shown["active"]) == (file.read_bytes().decode(), True)
    done = alphorn("script", "remove", ANNA, "other")
    assert (done.code, "is active" in done.err) == (1, True)
    assert alphorn("script", "rename", ANNA, "other", "new").code == 0
    assert alphorn("script", "activate", ANNA, "main").code == 0
    assert alphorn("script", "remove", ANNA, "new").err == "new is gone.\n"
    assert alphorn("script", "deactivate", ANNA).code == 0
    listed = alphorn("script", "list", ANNA, "--json").json()
    assert [(one["name"], one["active"]) for one in listed] == [("main", False)]


def test_mistakes(alphorn: Terminal, store: SqliteStore, tmp_path: Path) -> None:
    file = tmp_path / "bad.sieve"
    file.write_text('keep;\nfileinto "x";\n  nonsense;\n')
    done = alphorn("script", "put", ANNA, "main", str(file))
    assert done.code == 1
    assert done.err.startswith("alphorn: line 2, column 1: ")
    assert "\nline 3, column 3: " in done.err
    done = alphorn("script", "check", ANNA, str(file))
    assert (done.code, len(done.out.splitlines())) == (1, 3)
    done = alphorn("script", "check", ANNA, str(file), "--json")
    assert done.code == 1
    assert '"line": 2' in done.out
    file.write_text('require "include"; include "b";')
    done = alphorn("script", "check", ANNA, str(file))
    assert (done.code, done.out) == (0, "There is nothing wrong with it.\n")
    assert done.err.startswith("Warning: The personal script “b” is included but does not exist")
    file.write_bytes(b"#" * 300_000)
    done = alphorn("script", "put", ANNA, "main", str(file))
    assert (done.code, done.err) == (1, "alphorn: A script has at most 262144 octets.\n")
    absent = str(tmp_path / "absent")
    for words in (
        ("show", ANNA, "x"),
        ("activate", ANNA, "x"),
        ("activate", ANNA, ""),
        ("rename", ANNA, "x", "y"),
        ("remove", ANNA, "x"),
        ("put", ANNA, "x", absent),
        ("list", "x@example.test"),
    ):
        done = alphorn("script", *words)
        assert (done.code, len(done.err.splitlines())) == (1, 1), words
    assert alphorn("script", "list", ANNA, "--json").json() == []

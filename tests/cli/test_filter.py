"""`alphorn filter`, as a person and as a script call it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from alphorn.store.sqlite import SqliteStore
from tests.cli.support import Terminal
from tests.support.installation import Installation

ANNA = "anna@example.test"
MAIL = (
    b"From: Carl <carl@other.test>\r\nTo: anna@example.test\r\nSubject: Your \x1b[2J invoice\r\n"
    b"\r\nHello\r\n"
)


@pytest.fixture(autouse=True)
def store(installation: Installation, alphorn: Terminal, tmp_path: Path) -> Iterator[SqliteStore]:
    """The real one, behind the installation's control."""
    made = SqliteStore(tmp_path / "mail", changed=lambda account, mailbox: None)
    installation.domain()
    installation.account(ANNA)
    object.__setattr__(installation.control, "store", made)
    alphorn.services["view"] = installation.view
    yield made
    made.close()


def bills(alphorn: Terminal) -> None:
    done = alphorn(
        "filter", "add", ANNA, "Bills", "--if", "subject contains invoice or bill", "--if",
        "from ends @other.test", "--any", "--then", "flag", "--then", "move Work/Bills",
    )  # fmt: skip
    assert done.code == 0, done


def test_the_life_of_filters(alphorn: Terminal) -> None:
    assert alphorn("filter", "list", ANNA).out == f"{ANNA} has no filters.\n"
    bills(alphorn)
    done = alphorn("filter", "add", ANNA, "All", "--then", "mark read", "--at", "1", "--off")
    assert [line.split()[:3] for line in done.out.splitlines()[1:]] == [
        ["1", "All", "no"],
        ["2", "Bills", "yes"],
    ]
    assert 'if subject contains "invoice" or "bill", or from ends "@other.test": flag;' in done.out
    shown = alphorn("filter", "show", ANNA, "Bills").out.splitlines()
    assert [line.strip() for line in shown] == [
        "2. Bills",
        "if any holds:",
        'subject contains "invoice" or "bill"',
        'from ends "@other.test"',
        "then:",
        "flag",
        'move "Work/Bills"',
    ]
    assert "(switched off)" in alphorn("filter", "show", ANNA, "1").out
    assert alphorn("filter", "move", ANNA, "Bills", "1").code == 0
    assert alphorn("filter", "on", ANNA, "All").code == 0
    done = alphorn("filter", "replace", ANNA, "2", "--if", "size over 5M", "--then", "delete")
    assert "All     yes  if size over 5242880: delete" in done.out
    assert alphorn("filter", "off", ANNA, "Bills").code == 0
    listed = alphorn("filter", "list", ANNA, "--json").json()["filters"]
    assert [(one["number"], one["name"], one["on"]) for one in listed] == [
        (1, "Bills", False),
        (2, "All", True),
    ]
    assert alphorn("filter", "remove", ANNA, "1").code == 0
    assert len(alphorn("filter", "list", ANNA, "--json").json()["filters"]) == 1


def test_json_in_and_out(alphorn: Terminal, tmp_path: Path) -> None:
    bills(alphorn)
    shown = alphorn("filter", "show", ANNA, "1", "--json").json()
    assert shown["actions"][1] == {"do": "move", "mailbox": "Work/Bills", "create": True}
    file = tmp_path / "filter.json"
    file.write_text(json.dumps(shown))
    assert alphorn("filter", "add", ANNA, "Again", "--input", str(file)).code == 0
    assert alphorn("filter", "replace", ANNA, "1", "--input", str(file), "--name", "x").code == 0
    first, second = alphorn("filter", "list", ANNA, "--json").json()["filters"]
    assert (first["name"], second["name"]) == ("x", "Again")
    assert first["conditions"] == second["conditions"] == shown["conditions"]


def test_sieve_in_and_out(alphorn: Terminal, tmp_path: Path) -> None:
    bills(alphorn)
    source = alphorn("filter", "show", ANNA).out
    assert "# Filter: Bills\nif anyof (" in source
    assert alphorn("filter", "show", ANNA, "--json").json() == {"source": source}
    file = tmp_path / "filters.sieve"
    file.write_text(source.replace("Bills\n", "Invoices\n"))
    assert "Invoices" in alphorn("filter", "put", ANNA, str(file)).out
    file.write_text('if true { keep; }\nif header :count "gt" "to" "5" { keep; }')
    done = alphorn("filter", "put", ANNA, str(file))
    assert (done.code, "line 2" in done.err) == (1, True)
    file.write_bytes(b"\xff")
    assert alphorn("filter", "put", ANNA, str(file)).code == 1
    assert "Invoices" in alphorn("filter", "list", ANNA).out


def test_warnings(alphorn: Terminal) -> None:
    done = alphorn("filter", "add", ANNA, "x", "--then", "redirect anna@gmail.com")
    assert done.code == 0
    assert done.err.startswith("Warning: Gmail shows no copies")


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (("add", ANNA, "x"), 1, "What is it to do?"),
        (
            ("add", ANNA, "x", "--if", "form is y", "--then", "stop"),
            1,
            "--if 1 (form is y): “form”",
        ),
        (("add", ANNA, "x", "--if", "size over 5X", "--then", "stop"), 1, "no size such as 500K"),
        (("add", ANNA, "x", "--if", "date on 5.1.", "--then", "stop"), 1, "no day such as"),
        (("add", ANNA, "x", "--then", "fly"), 1, "--then 1 (fly): “fly” is nothing that"),
        (("add", ANNA, "x", "--then", "redirect me"), 1, "filter 1, action 1, address: "),
        (("add", ANNA, "x", "--then", "stop", "--at", "0"), 2, "between 1 and"),
        (("add", ANNA, "x", "--then", "stop", "--input", "f"), 1, "Either --input or"),
        (("add", ANNA, "x", "--input", "/nowhere/at/all"), 1, "cannot be read"),
        (("add", ANNA, "x", "--input", "/proc/self/cmdline"), 1, "is no JSON"),
        (("show", ANNA, "x"), 1, "There is no filter “x”"),
        (("move", ANNA, "1", "1"), 1, "There is no filter 1"),
        (("list", "nobody@example.test"), 1, "nobody@example.test"),
        (("test", ANNA), 1, "Which message?"),
        (("test", ANNA, "0"), 2, "UID"),
        (("test", ANNA, "1"), 1, "There is no message 1"),
    ],
)
def test_wrong(alphorn: Terminal, words: tuple[str, ...], code: int, error: str) -> None:
    done = alphorn("filter", *words)
    assert done.code == code
    assert error in done.err


def test_what_would_happen(alphorn: Terminal, tmp_path: Path) -> None:
    bills(alphorn)
    alphorn("filter", "add", ANNA, "End", "--if", "to is anna@example.test", "--then", "stop")
    alphorn("filter", "add", ANNA, "Off", "--off", "--then", "delete")
    alphorn("filter", "add", ANNA, "Behind", "--if", "size over 5M", "--then", "delete")
    file = tmp_path / "message.eml"
    file.write_bytes(MAIL)
    done = alphorn("filter", "test", ANNA, "--file", str(file))
    assert done.code == 0
    assert "\x1b" not in done.out
    lines = [line.strip() for line in done.out.splitlines()]
    assert "from carl@other.test to anna@example.test" in lines[0]
    for line in (
        "1. Bills: fits",
        'yes: subject contains "invoice" or "bill"',
        '→ move "Work/Bills"',
        "3. Off: switched off; it would fit",
        "4. Behind: not reached; it does not fit",
        "no: size over 5242880",
        "Filed in Work/Bills by your filter “Bills”, marked flagged",
    ):
        assert line in lines
    row = alphorn("filter", "test", ANNA, "--file", str(file), "--json").json()
    assert row["outcome"] == ["Filed in Work/Bills by your filter “Bills”, marked flagged"]
    assert [one["matches"] for one in row["filters"]] == [True, True, True, False]
    given = alphorn("filter", "test", ANNA, "--file", str(file), "--sender", "x@y.test", "--json")
    assert given.json()["sender"] == "x@y.test"

"""`alphorn responder` and `alphorn signature`, as people and programs use them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from alphorn.queue.queue import Queue
from alphorn.store.sqlite import SqliteStore
from alphorn.store.state import State
from tests.cli.support import Terminal
from tests.support.installation import Installation

ANNA = "anna@example.test"


@pytest.fixture
def anna(installation: Installation, alphorn: Terminal) -> Iterator[Terminal]:
    store = SqliteStore(installation.folder / "mail", clock=installation.clock)
    object.__setattr__(installation.control, "store", store)
    installation.domain()
    installation.account(ANNA)
    queue = Queue(installation.folder / "queue.sqlite")
    state = State(installation.folder / "state.sqlite")
    alphorn.services |= {"queue": queue, "state": state}
    yield alphorn
    queue.close()
    state.close()
    store.close()


def test_from_the_first_to_the_last(anna: Terminal, tmp_path: Path) -> None:
    assert "has no responders" in anna("responder", "list", ANNA).out
    assert anna("signature", "add", ANNA, "Work", "--text", "Anna\nAcme").code == 0
    assert "Anna | Acme" in anna("signature", "list", ANNA).out
    html = tmp_path / "away.html"
    html.write_text("<p>I am away.</p>")
    made = anna(
        *("responder", "add", ANNA, "Away", "--text", "I am away.", "--html-file", str(html)),
        *("--signature", "work", "--subject", "Away", "--start", "2027-01-01"),
        *("--end", "2027-02-01T12:00", "--zone", "Europe/Zurich"),
        *("--window", "mon-fri 18:00-08:00", "--window", "sat,sun"),
        *("--exclude", "boss@b.test", "--exclude", ".c.test", "--json"),
    )
    row = made.json()
    assert (row["active"], row["html"]) == (False, "<p>I am away.</p>")
    assert row["windows"] == ["mon,tue,wed,thu,fri 18:00-08:00", "sun,sat"]
    assert (row["start"], row["end"]) == ("2027-01-01", "2027-02-01 12:00")
    assert row["excluded"] == ["boss@b.test", ".c.test"]
    assert "not active" in made.err
    assert "Ill" in anna("responder", "add", ANNA, "Ill", "--text", "x", "--activate").out
    assert "is active" in anna("responder", "activate", ANNA, "away").err

    listed = anna("responder", "list", ANNA, "--json").json()
    assert [(one["name"], one["active"]) for one in listed] == [("Away", True), ("Ill", False)]
    changed = anna(
        *("responder", "change", ANNA, "Away", "--new-name", "Gone", "--window", "always"),
        *("--exclude", "nobody", "--signature", "", "--html-file", "", "--end", "", "--json"),
    ).json()
    assert (changed["name"], changed["active"], changed["text"]) == ("Gone", True, "I am away.")
    assert [changed[key] for key in ("windows", "excluded", "signature", "html", "end")] == [
        [], [], "", "", "",
    ]  # fmt: skip
    shown = anna("responder", "show", ANNA, "Gone")
    assert "    I am away.\n" in shown.out
    assert "answered nobody" in shown.out
    assert anna("responder", "reset", ANNA, "Gone", "--json").json() == {"forgotten": 0}
    assert "Gone is off" in anna("responder", "deactivate", ANNA).err
    assert "None was active" in anna("responder", "deactivate", ANNA).err
    assert anna("responder", "remove", ANNA, "Gone").code == 0
    assert anna("signature", "change", ANNA, "work", "--text", "Anna B.").code == 0
    assert anna("signature", "show", ANNA, "Work").out == "Anna B.\n"
    assert anna("signature", "remove", ANNA, "Work").code == 0


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--text", ""), "responder.text: is empty"),
        ((), "responder.text: is missing"),
        (("--text", "x", "--start", "soon"), "responder.start: is to be a day"),
        (("--text", "x", "--window", "noday"), "responder.windows[0].weekdays[0]: is to be one of"),
        (("--text", "x", "--window", "8-9"), "responder.windows[0].from: is to be a time"),
        (("--text", "x", "--sender", "me@c.test"), "alphorn responder verify"),
        (("--text", "x", "--signature", "none"), "There is no signature"),
        (("--text", "x", "--text-file", "y"), "Either --text or --text-file"),
        (("--text-file", "/nowhere/at/all"), "cannot be read"),
    ],
)
def test_mistakes_are_told(anna: Terminal, words: tuple[str, ...], error: str) -> None:
    done = anna("responder", "add", ANNA, "Away", *words)
    assert done.code == 1
    assert error in done.err
    assert anna("responder", "list", ANNA, "--json").json() == []


def test_times_are_those_of_the_account_unless_said_otherwise(anna: Terminal) -> None:
    assert anna("account", "set", ANNA, "--zone", "Mars/Olympus").code == 1
    assert anna("account", "set", ANNA, "--zone", "Asia/Tokyo", "--json").json()["zone"]
    for words, zone in (((), "Asia/Tokyo"), (("--zone", "UTC"), "UTC")):
        made = anna("responder", "add", ANNA, f"In {zone}", "--text", "Away", *words, "--json")
        assert made.json()["zone"] == zone
    assert anna("account", "set", ANNA, "--zone", "", "--json").json()["zone"] is None


def test_an_address_elsewhere_is_verified(anna: Terminal) -> None:
    assert "no addresses elsewhere" in anna("responder", "verify", ANNA).out
    asked = anna("responder", "verify", ANNA, "anna@other.test")
    assert "A code is on its way" in asked.err
    queue: Queue = anna.services["queue"]
    raw = queue.content(1)
    assert raw is not None
    code = re.search(rb"[a-z0-9]{5}-[a-z0-9]{5}(?=\r\n)", raw)
    assert code is not None
    wrong = anna("responder", "verify", ANNA, "anna@other.test", "--code", "x")
    assert (wrong.code, "4 more tries" in wrong.err) == (1, True)
    done = anna("responder", "verify", ANNA, "anna@other.test", "--code", code[0].decode())
    assert done.code == 0
    listed = anna("responder", "verify", ANNA, "--json").json()
    assert [(one["address"], one["verified_at"] is None) for one in listed] == [
        ("anna@other.test", False)
    ]
    made = anna("responder", "add", ANNA, "A", "--text", "x", "--sender", "anna@other.test")
    assert made.code == 0
    assert anna("responder", "verify", ANNA, "anna@other.test", "--remove").code == 1

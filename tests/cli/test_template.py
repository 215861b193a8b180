"""`alphorn template …` from a file on the disk to signatures in mailboxes."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alphorn.operations import signatures
from alphorn.store.sqlite import SqliteStore
from tests.cli.support import Terminal
from tests.support.installation import Installation

ANNA, BERT = "anna@example.test", "bert@example.test"


@pytest.fixture
def acme(alphorn: Terminal, installation: Installation) -> Iterator[Terminal]:
    store = SqliteStore(installation.folder / "mail")
    installation.control = replace(installation.control, store=store)
    installation.domain()
    for address in (ANNA, BERT):
        installation.account(address)
    yield alphorn
    store.close()


def test_from_a_file_to_all_of_a_domain(
    acme: Terminal, installation: Installation, tmp_path: Path
) -> None:
    text, html = tmp_path / "s.txt", tmp_path / "s.html"
    text.write_bytes("\ufeffRegards\r\n{name}\r\n{function}\r\n".encode())
    html.write_text("<p>Regards<br>{name}</p>\n<p>{phone}</p>\n")
    row = acme(
        "template", "add", "signature", "Standard", "--organization", "Acme",
        "--text-file", str(text), "--html-file", str(html), "--json",
    ).json()  # fmt: skip
    assert (row["text"], row["domain"]) == ("Regards\n{name}\n{function}", None)
    acme("account", "set", ANNA, "--name", "Anna", "--function", "Boss")
    shown = acme("template", "preview", "standard", ANNA, "--json").json()
    assert (shown["text"], shown["empty"]) == ("Regards\nAnna\nBoss", ["phone"])
    said = acme("template", "preview", "standard", ANNA)
    assert "--- Text\nRegards\nAnna\nBoss" in said.out
    assert "Not known of this person: phone." in said.err

    done = acme("template", "apply", "Standard", "--domain", "example.test", "--preview")
    assert (done.code, "2 made. Nothing was changed" in " ".join(done.err.split())) == (0, True)
    assert signatures.list_signatures(installation.control, ANNA) == ()
    rows = acme("template", "apply", "Standard", "--domain", "example.test", "--json").json()
    assert [(row["account"], row["result"]) for row in rows] == [(ANNA, "made"), (BERT, "made")]
    signatures.change_signature(installation.control, BERT, "Standard", text="Mine")
    done = acme("template", "change", "Standard", "--text", "Bye\n{name}", "--automatic", "yes")
    assert "until it is applied again" in done.err
    done = acme("template", "apply", "Standard", "--account", ANNA, "--account", BERT)
    assert "1 changed, 1 left to their owners." in done.err
    assert "Its owner has changed it." in done.out
    (listed,) = acme("template", "list", "--domain", "example.test", "--json").json()
    assert (listed["uses"], listed["automatic"]) == (2, True)
    assert "Bye\n{name}" in acme("template", "show", str(row["id"])).out
    acme("template", "remove", "Standard", "--yes")
    assert "No template yet" in acme("template", "list").out
    assert signatures.show_signature(installation.control, ANNA, "Standard").text == "Bye\nAnna"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--text", "{nome}", "--domain", "example.test"), "there is no field {nome}"),
        (("--text", "x"), "an organization or for a domain"),
        (("--text", "x", "--text-file", "y", "--domain", "example.test"), "not both"),
        (("--text-file", "-", "--html-file", "-", "--domain", "example.test"), "Only one"),
        (("--text-file", "/nowhere", "--domain", "example.test"), "cannot be read"),
        (("--domain", "example.test"), "says something"),
    ],
)
def test_mistakes_are_said(acme: Terminal, words: tuple[str, ...], says: str) -> None:
    done = acme("template", "add", "signature", "Standard", *words)
    assert done.code == 1
    assert says in done.err


def test_what_fails_is_an_exit_code(acme: Terminal, installation: Installation) -> None:
    acme("template", "add", "signature", "S", "--domain", "example.test", "--text", "x")
    for number in range(30):
        signatures.add_signature(installation.control, ANNA, f"s{number}", "x")
    done = acme("template", "apply", "S", "--domain", "example.test")
    assert (done.code, "1 made, 1 failed." in done.err) == (1, True)

"""`alphorn address …` beyond adding and removing: redirects, lists, temporary ones, tables."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alphorn.operations.redirects import pause_target
from alphorn.store.visitors import Visitors
from tests.cli.support import Terminal
from tests.support.installation import NOW, Installation

ANNA, BERT = "anna@example.test", "bert@example.test"


@pytest.fixture
def acme(alphorn: Terminal, installation: Installation) -> Iterator[Terminal]:
    installation.domain()
    installation.account(ANNA)
    installation.account(BERT)
    alphorn.services["visitors"] = visitors = Visitors(installation.folder / "visitors.sqlite")
    yield alphorn
    visitors.close()


def test_a_redirect_is_made_paused_resumed_and_lifted(
    acme: Terminal, installation: Installation
) -> None:
    done = acme("address", "redirect", ANNA, "--to", "x@gmail.com", "--to", "y@far.test")
    assert done.code == 0
    assert "Gmail shows no copies" in done.err
    shown = acme("address", "show", ANNA, "--json").json()
    assert (shown["redirect_to"], shown["keep"]) == (["x@gmail.com", "y@far.test"], True)
    pause_target(installation.control, "example.test", "y@far.test", "550 no")
    assert acme("address", "show", ANNA, "--json").json()["paused"] == ["y@far.test"]
    assert acme("address", "resume", ANNA, "--json").json()["paused"] == []
    row = acme("address", "redirect", ANNA, "--to", "y@far.test", "--delete", "--json").json()
    assert row["keep"] is False
    row = acme("address", "redirect", ANNA, "--json").json()
    assert (row["redirect_to"], row["keep"]) == ([], True)


def test_lists_and_refused_addresses(acme: Terminal) -> None:
    row = acme(
        "address", "add", "all@example.test", "--member", ANNA, "--member", BERT, "--json"
    ).json()
    assert (row["kind"], row["redirect_to"]) == ("list", [ANNA, BERT])
    row = acme("address", "members", "all@example.test", BERT, "--json").json()
    assert row["redirect_to"] == [BERT]
    row = acme("address", "add", "dead@example.test", "--refused", "--json").json()
    assert row["kind"] == "refused"
    listed = acme("address", "list", "--kind", "refused", "--json").json()
    assert [row["address"] for row in listed] == ["dead@example.test"]


def test_a_temporary_address_from_birth_to_end(acme: Terminal) -> None:
    row = acme("address", "temporary", ANNA, "--label", "Shop", "--messages", "5", "--json").json()
    assert (row["label"], row["messages"], row["expires_at"]) == ("Shop", 5, None)
    shop = row["address"]
    row = acme("address", "change", shop, "--expires", "10 d", "--json").json()
    assert row["expires_at"] == int(NOW) + 10 * 86400
    assert "Nobody has written" in acme("address", "visitors", shop).out
    visitors = acme.services["visitors"]
    visitors.came(row["id"], "info@shop.test", now=NOW)
    visitors.came(row["id"], "x@spam.test", now=NOW + 1)
    done = acme("address", "visitors", shop)
    assert "info@shop.test" in done.out
    assert "was given to shop.test" in done.err
    assert [one["leaked"] for one in acme("address", "visitors", shop, "--json").json()] == [
        False,
        True,
    ]
    assert len(acme("address", "list", "--label", "shop", "--json").json()) == 1
    done = acme("address", "remove", shop, "--yes")
    assert "refused from now on" in done.err
    assert acme("address", "show", shop, "--json").json()["kind"] == "refused"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("x@example.test", "--member", ANNA, "--refused"), "One of"),
        (("x@example.test", "--redirect-to", "a@b.test", "--label", "x"), "for an alias"),
        (("x@example.test", "--messages", "5"), "for an alias"),
        (("*@example.test", "--refused"), "A catch-all leads"),
        (("x@example.test", "--refused", "--name", "X"), "this address is none"),
        (("x@example.test", "--refused", "--phone", "1"), "this address is none"),
    ],
)
def test_what_does_not_go_together(acme: Terminal, words: tuple[str, ...], says: str) -> None:
    done = acme("address", "add", *words)
    assert done.code == 1
    assert says in done.err


def test_a_table_is_looked_at_and_taken(acme: Terminal, tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    head = acme("address", "template").out
    table.write_text(f"{head}carl;;\n".replace(",", ";"))
    done = acme("address", "import", "example.test", str(table), "--preview")
    assert (done.code, "carl@example.test" in done.out) == (0, True)
    assert "Nothing was changed" in done.err
    (row,) = acme("address", "import", "example.test", str(table), "--json").json()
    assert (row["row"], row["address"], row["result"]) == (2, "carl@example.test", "made")
    table.write_text(f"{head}carl\nx..y\n")
    done = acme("address", "import", "example.test", str(table))
    assert done.code == 1
    assert "1 same, 1 wrong; 49 more may be made today" in done.err
    assert acme("address", "import", "example.test", str(tmp_path / "none")).code == 1


def test_an_account_has_a_profile(acme: Terminal) -> None:
    done = acme("address", "add", "dora@example.test", "--function", "Nurse", "--phone", "1 2")
    assert done.code == 0
    place = ("--postal-address", "Rue 1", "--postal-address", "1200 Genève")
    acme("account", "set", "dora@example.test", *place, "--phone", "")
    shown = acme("account", "show", "dora@example.test", "--json").json()
    assert (shown["function"], shown["phone"]) == ("Nurse", "")
    assert shown["postal_address"] == ["Rue 1", "1200 Genève"]

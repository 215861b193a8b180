"""`alphorn protection` and `alphorn sender`, as a person and as a script call them."""

import pytest

from tests.cli.support import Terminal
from tests.support.installation import PASSWORD

ANNA = ("--account", "anna@example.test")


@pytest.fixture
def acme(alphorn: Terminal) -> Terminal:
    assert alphorn("organization", "add", "Acme").code == 0
    assert alphorn("domain", "add", "example.test", "--organization", "Acme").code == 0
    done = alphorn("address", "add", "anna@example.test", "--password-stdin", typed=PASSWORD + "\n")
    assert done.code == 0
    return alphorn


def test_protection_is_set_and_taken_back(acme: Terminal) -> None:
    done = acme(
        "protection", "set", "example.test", "--dns-lists", "off", "--spam-threshold", "6.5"
    )
    assert done.code == 0
    lines = {line.split()[0]: line.split()[1:3] for line in done.out.splitlines()}
    assert lines["dns-lists"] == ["off", "domain"]
    assert lines["spam-threshold"] == ["6.5", "domain"]
    assert lines["helo"] == ["on", "installation"]
    shown = acme("protection", "show", "anna@example.test", "--json").json()
    assert (shown["target"], shown["scope"]) == ("anna@example.test", "account")
    assert shown["settings"]["dns_lists"] == {"value": False, "source": "domain"}
    done = acme("protection", "set", "example.test", "--dns-lists", "inherit", "--json")
    assert done.json()["settings"]["dns_lists"] == {"value": True, "source": "installation"}
    assert done.json()["settings"]["spam_threshold"]["source"] == "domain"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("example.test", "--spam", "perhaps"), 2),
        (("example.test", "--spam-threshold", "many"), 2),
        (("example.test", "--spam-threshold", "nan"), 1),
        (("example.test", "--refuse-threshold", "-1"), 1),
        (("example.org", "--spam", "on"), 1),
        (("example.test", "--colour", "on"), 2),
    ],
)
def test_wrong_settings(acme: Terminal, words: tuple[str, ...], code: int) -> None:
    done = acme("protection", "set", *words)
    assert done.code == code
    assert done.err


def test_senders_are_blocked_allowed_and_forgotten(acme: Terminal) -> None:
    assert acme("sender", "list").out.strip() == "Nobody is on the list."
    assert "refuse" in acme("sender", "block", "news@remote.test", "*.ads.test", *ANNA).out
    (row,) = acme("sender", "block", "--spam", "remote.test", "--json").json()
    assert row["action"] == "spam"
    assert row["scope"] == "installation"
    assert row["warning"] == ""
    allowed = acme("sender", "allow", "example.test", "--domain", "example.test")
    assert "WARNING" in allowed.out
    assert "prove" in allowed.out
    rows = acme("sender", "list", *ANNA, "--json").json()
    assert [row["pattern"] for row in rows] == [".ads.test", "news@remote.test"]
    page = acme("sender", "list", *ANNA, "--limit", "1")
    assert "--after .ads.test" in page.err
    checked = acme("sender", "check", "news@remote.test", *ANNA, "--json").json()
    assert [row["scope"] for row in checked] == ["account", "installation"]
    assert acme("sender", "check", "a@b.test").out.startswith("No list")
    assert acme("sender", "remove", "news@remote.test", ".ads.test", *ANNA).code == 0
    assert acme("sender", "remove", "news@remote.test", *ANNA).code == 1
    assert acme("sender", "block", "no pattern").code == 1
    both = acme("sender", "block", "a@b.test", *ANNA, "--domain", "example.test")
    assert both.code == 1
    assert acme("sender", "list", "--limit", "0").code == 2

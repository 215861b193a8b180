"""The commands that change the control plane, as a person and as a script call them."""

import re

import pytest

from tests.cli.support import MODULES, Terminal
from tests.support.installation import NOW, PASSWORD, Installation


@pytest.fixture
def acme(alphorn: Terminal) -> Terminal:
    assert alphorn("organization", "add", "Acme").code == 0
    assert alphorn("domain", "add", "example.test", "--organization", "Acme").code == 0
    done = alphorn("address", "add", "anna@example.test", "--password-stdin", typed=PASSWORD + "\n")
    assert done.code == 0
    return alphorn


def test_every_command_has_help(alphorn: Terminal) -> None:
    for module in MODULES.values():
        for command in module.COMMANDS:
            done = alphorn(*command.name.split(), "--help")
            assert done.code == 0
            assert command.help.split()[0].capitalize() in done.out


def test_from_nothing_to_an_account(acme: Terminal, installation: Installation) -> None:
    assert installation.view.account_by_address("anna@example.test") is not None
    shown = acme("account", "show", "Anna@Example.test")
    assert "anna@example.test" in shown.out
    assert acme("account", "list", "--json").json()[0]["address"] == "anna@example.test"
    (organization,) = acme("organization", "list", "--json").json()
    assert (organization["domains"], organization["addresses"]) == (1, 1)


def test_a_new_domain_prints_lines_for_its_zone(acme: Terminal) -> None:
    printed = acme("domain", "dns", "example.test").out
    lines = [line for line in printed.splitlines() if not line.startswith(";")]
    assert all(re.fullmatch(r"[a-z0-9._-]+\. 3600 IN (MX|TXT|SRV) .+", line) for line in lines)
    assert len(lines) == 10
    added = acme("domain", "add", "example.org", "--organization", "acme", "--json").json()
    assert added["name"] == "example.org"
    assert [record["type"] for record in added["dns"]].count("SRV") == 5


def test_each_kind_of_address(acme: Terminal) -> None:
    add = ("address", "add")
    for words in (
        ("alias@example.test", "--alias-of", "anna@example.test"),
        ("shop@example.test", "--alias-of", "anna@example.test", "--expires", "30 d"),
        ("info@example.test", "--redirect-to", "a@example.org", "--redirect-to", "b@example.org"),
        ("*@example.test", "--alias-of", "anna@example.test"),
    ):
        done = acme(*add, *words)
        assert (done.code, words[0] in done.out) == (0, True), done
    listed = {row["address"]: row for row in acme("address", "list", "--json").json()}
    assert {address: row["kind"] for address, row in listed.items()} == {
        "*@example.test": "catch-all",
        "alias@example.test": "alias",
        "anna@example.test": "own",
        "info@example.test": "redirect",
        "shop@example.test": "temporary",
    }
    assert listed["info@example.test"]["redirect_to"] == ["a@example.org", "b@example.org"]
    assert listed["shop@example.test"]["expires_at"] == int(NOW) + 30 * 86400
    shown = acme("account", "show", "anna@example.test", "--json").json()
    assert len(shown["addresses"]) == 4


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("x@example.test", "--redirect-to", "a@b.test", "--alias-of", "c@d.test"), "not both"),
        (("x@example.test", "--redirect-to", "a@b.test", "--password-stdin"), "this address is"),
        (("x@example.test", "--redirect-to", "a@b.test", "--expires", "3 d"), "--alias-of"),
        (("x@example.test", "--expires", "3 d"), "--alias-of"),
        (("x@example.test", "--alias-of", "anna@example.test", "--expires", "soon"), "30 d"),
        (("x@example.test", "--alias-of", "anna@example.test", "--name", "X"), "--name"),
        (("*@example.test",), "lead to"),
        (("*@example.test", "--alias-of", "anna@example.test", "--expires", "1 d"), "alias"),
        (("x@example.test", "--password-stdin", "--generate-password"), "not both"),
        (("x@example.test", "--quota", "much"), "text such as"),
        (("b\u00e9n@example.test",), "U+00E9"),
        (("ben@example.org",), "alphorn domain add example.org"),
        (("anna@example.test",), "exists"),
    ],
)
def test_mistakes_say_what_to_do(acme: Terminal, words: tuple[str, ...], says: str) -> None:
    done = acme("address", "add", *words, typed=PASSWORD)
    assert done.code in (1, 2)
    assert says in done.err
    assert "Traceback" not in done.err
    assert done.out == ""


def test_passwords_come_on_standard_input_or_are_made_up(
    acme: Terminal, installation: Installation
) -> None:
    none = acme("address", "add", "ben@example.test")
    assert "password set ben@example.test" in none.err
    empty = acme("password", "set", "ben@example.test", "--password-stdin")
    assert (empty.code, "No password" in empty.err) == (1, True)
    assert acme("password", "set", "ben@example.test").code == 1
    weak = acme("password", "set", "ben@example.test", "--password-stdin", typed="horse77\n")
    assert (weak.code, "too short" in weak.err, "horse77" in weak.err) == (1, True, False)
    done = acme("password", "set", "ben@example.test", "--password-stdin", typed=PASSWORD + "\r\n")
    assert (done.code, PASSWORD in done.out + done.err) == (0, False)
    from alphorn.base.scram import matches

    credentials = installation.view.credentials("ben@example.test")
    assert credentials is not None
    assert credentials.stored_key is not None
    assert matches(PASSWORD, credentials.salt, credentials.iterations, credentials.stored_key)
    made = acme("address", "add", "carl@example.test", "--generate-password", "--json").json()
    credentials = installation.view.credentials("carl@example.test")
    assert credentials is not None
    assert credentials.stored_key is not None
    assert matches(
        made["password"], credentials.salt, credentials.iterations, credentials.stored_key
    )


def test_device_passwords(acme: Terminal) -> None:
    add = ("device-password", "add", "anna@example.test")
    made = acme(*add, "phone", "--protocols", "imap,smtp", "--expires", "2030-12-31", "--json")
    row = made.json()
    assert re.fullmatch(r"[a-z2-7]{5}(-[a-z2-7]{5}){3}", row["password"])
    assert (row["protocols"], row["expires_at"]) == (
        ["imap", "smtp"],
        1_924_992_000,
    )
    assert "not shown again" in made.err
    (listed,) = acme("device-password", "list", "anna@example.test", "--json").json()
    assert "password" not in listed
    table = acme("device-password", "list", "anna@example.test").out
    assert "phone" in table
    assert acme(*add, "Phone").code == 1
    assert acme(*add, "tv", "--protocols", "gopher").code == 1
    assert acme("device-password", "revoke", "anna@example.test", "phone").code == 0
    assert "no device passwords" in acme("device-password", "list", "anna@example.test").out


def test_nothing_is_removed_without_being_sure(acme: Terminal, installation: Installation) -> None:
    remove = ("address", "remove", "anna@example.test")
    for typed in ("", "\n", "yes\n", "ben@example.test\n"):
        done = acme(*remove, typed=typed)
        assert (done.code, "Nothing was removed" in done.err) == (1, True)
        assert "all of its mail" in done.err
    assert installation.view.account_by_address("anna@example.test") is not None
    assert acme(*remove, typed="Anna@example.test\n").code == 0
    assert installation.view.account_by_address("anna@example.test") is None
    assert list(installation.store.accounts()) == []
    assert acme("domain", "remove", "example.test", "--yes").code == 0
    assert acme("organization", "remove", "Acme", typed="acme\n").code == 0


def test_removing_in_the_wrong_order_says_what_is_left(acme: Terminal) -> None:
    done = acme("organization", "remove", "Acme", "--yes")
    assert (done.code, "domain" in done.err) == (1, True)
    done = acme("domain", "remove", "example.test", "--yes")
    assert (done.code, "address list --domain example.test" in done.err) == (1, True)


def test_switching_off_and_on(acme: Terminal, installation: Installation) -> None:
    for words in (
        ("address", "anna@example.test"),
        ("account", "anna@example.test"),
        ("domain", "example.test"),
        ("organization", "Acme"),
    ):
        assert acme(words[0], "disable", words[1]).code == 0
        assert installation.view.route("anna", "example.test") is None
        assert acme(words[0], "enable", words[1]).code == 0
        assert installation.view.route("anna", "example.test") is not None


def test_account_settings(acme: Terminal, installation: Installation) -> None:
    done = acme(
        "account", "set", "anna@example.test", "--name", "Anna E.", "--language", "fr",
        "--quota", "5 GiB", "--json",
    )  # fmt: skip
    row = done.json()
    assert (row["name"], row["language"], row["quota_octets"]) == ("Anna E.", "fr", 5 << 30)
    row = acme("account", "set", "anna@example.test", "--quota", "plan", "--json").json()
    assert (row["name"], row["quota_octets"]) == ("Anna E.", 10 << 30)
    before = installation.view.account_by_address("anna@example.test")
    assert acme("account", "log-out", "anna@example.test").code == 0
    after = installation.view.account_by_address("anna@example.test")
    assert before is not None
    assert after is not None
    assert after.version > before.version


def test_grants(acme: Terminal, installation: Installation) -> None:
    acme("address", "add", "info@example.test", "--redirect-to", "x@example.org")
    assert acme("account", "grant", "anna@example.test", "info@example.test").code == 0
    assert installation.view.may_send_as(1, "info@example.test")
    shown = acme("account", "show", "anna@example.test", "--json").json()
    assert shown["may_write_as"] == ["info@example.test"]
    assert acme("account", "revoke", "anna@example.test", "info@example.test").code == 0
    assert not installation.view.may_send_as(1, "info@example.test")


def test_plans(acme: Terminal) -> None:
    made = acme("plan", "add", "Small", "--storage", "1 GiB", "--catch-all", "no", "--json").json()
    assert (made["storage_octets"], made["catch_all"], made["recipients_per_message"]) == (
        1 << 30, False, 100,
    )  # fmt: skip
    changed = acme("plan", "set", "small", "--address-quota", "1", "--json").json()
    assert (changed["address_quota"], changed["storage_octets"]) == (1, 1 << 30)
    assert acme("organization", "set-plan", "Acme", "small").code == 0
    full = acme("address", "add", "ben@example.test")
    assert (full.code, "1 addresses" in full.err) == (1, True)
    assert acme("plan", "remove", "Small", "--yes").code == 1
    assert acme("plan", "set", "Small", "--recipients-per-message", "0").code == 2
    assert {row["name"] for row in acme("plan", "list", "--json").json()} == {"Small", "Standard"}


def test_users(acme: Terminal) -> None:
    add = ("user", "add", "olga@example.org")
    assert acme(*add, "--password-stdin", "--name", "Olga", typed=PASSWORD).code == 0
    assert acme(*add).code == 1
    assert acme("user", "join", "olga@example.org", "Acme", "--role", "owner").code == 0
    (row,) = acme("user", "list", "--organization", "Acme", "--json").json()
    assert row["memberships"] == [{"organization": "Acme", "role": "owner"}]
    assert "owner of Acme" in acme("user", "show", "olga@example.org").out
    assert acme("user", "join", "olga@example.org", "Acme", "--role", "king").code == 2
    made = acme("user", "password", "olga@example.org", "--generate-password")
    assert re.search(r"Password: +\S{23}", made.out)
    assert acme("user", "leave", "olga@example.org", "Acme").code == 0
    assert acme("user", "disable", "olga@example.org").code == 0
    assert acme("user", "enable", "olga@example.org").code == 0
    assert acme("user", "remove", "olga@example.org", "--yes").code == 0
    assert acme("user", "list", "--json").json() == []


def test_empty_lists_say_how_to_begin(alphorn: Terminal) -> None:
    for section in ("organization", "domain", "address", "account"):
        assert " add " in alphorn(section, "list").out
        assert alphorn(section, "list", "--json").json() == []

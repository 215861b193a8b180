"""The database itself keeps the rules, whoever writes to it."""

import sqlite3
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alphorn.base.address import AddressError, check_local
from tests.support.installation import Installation

ADDRESS = {
    "domain_id": 1, "local": "x", "kind": "alias", "account_id": 1, "redirect_to": "",
    "enabled": 1, "expires": None, "in_bulk": 0, "created": 0, "keep": 1, "messages": None,
    "label": "",
}  # fmt: skip


@pytest.fixture
def acme(installation: Installation) -> Installation:
    installation.domain()
    installation.account("anna@example.test")
    return installation


def _insert(database: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    columns = ", ".join(row)
    marks = ", ".join("?" * len(row))
    database.execute(
        f"INSERT INTO directory_{table} ({columns}) VALUES ({marks})", tuple(row.values())
    )


def _refuses(installation: Installation, table: str, row: dict[str, Any], rule: str) -> None:
    database = sqlite3.connect(installation.database)
    database.execute("PRAGMA foreign_keys=ON")
    try:
        with pytest.raises(sqlite3.IntegrityError, match=rule):
            _insert(database, table, row)
            database.commit()
    finally:
        database.close()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"local": "anna"}, "UNIQUE"),
        ({"local": "Anna"}, "local_rules"),
        ({"local": ""}, "local_rules"),
        ({"local": "a" * 65}, "local_rules"),
        ({"local": ".a"}, "local_rules"),
        ({"local": "a."}, "local_rules"),
        ({"local": "a..b"}, "local_rules"),
        ({"local": "-a"}, "local_rules"),
        ({"local": "a-"}, "local_rules"),
        ({"local": "a+b"}, "local_rules"),
        ({"local": "\u00e9"}, "local_rules"),
        ({"local": "a\n"}, "local_rules"),
        ({"kind": "other"}, "kind_known"),
        ({"kind": "own"}, "UNIQUE"),  # a second own address of the account
        ({"account_id": None}, "leads_somewhere"),
        ({"keep": 0}, "keeps"),
        ({"kind": "redirect", "account_id": None, "redirect_to": "b@x.test", "keep": 0}, "keeps"),
        ({"kind": "redirect", "redirect_to": "b@x.test"}, "leads_somewhere"),
        ({"kind": "list"}, "leads_somewhere"),
        ({"kind": "refused"}, "leads_somewhere"),
        ({"kind": "refused", "account_id": None, "redirect_to": "b@x.test"}, "leads_somewhere"),
        ({"messages": 1}, "temporary_expires"),
        ({"kind": "temporary", "messages": 0}, "messages_some"),
        ({"label": "x" * 101}, "label_length"),
        ({"kind": "redirect"}, "leads_somewhere"),
        ({"kind": "redirect", "account_id": None}, "leads_somewhere"),
        ({"kind": "catch-all", "local": "x"}, "local_rules"),
        ({"kind": "catch-all", "local": "", "account_id": None}, "leads_somewhere"),
        ({"kind": "temporary"}, "temporary_expires"),
        ({"expires": 1}, "temporary_expires"),
        ({"account_id": 99}, "FOREIGN KEY"),
        ({"domain_id": 99}, "FOREIGN KEY"),
    ],
)
def test_addresses(acme: Installation, change: dict[str, Any], rule: str) -> None:
    _refuses(acme, "address", ADDRESS | change, rule)


def test_one_catch_all_a_domain(acme: Installation) -> None:
    row = ADDRESS | {"local": "", "kind": "catch-all"}
    database = sqlite3.connect(acme.database)
    _insert(database, "address", row)
    database.commit()
    database.close()
    _refuses(acme, "address", row, "UNIQUE")


def test_an_own_address_is_switched_off_with_its_account(acme: Installation) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="own_enabled"):
        acme.sql("UPDATE directory_address SET enabled = 0 WHERE kind = 'own'")


@pytest.mark.parametrize(
    ("table", "row", "rule"),
    [
        ("organization", {"name": "ACME", "plan_id": 1, "enabled": 1, "created": 0}, "UNIQUE"),
        ("organization", {"name": "", "plan_id": 1, "enabled": 1, "created": 0}, "name_length"),
        ("domain", {"name": "Example2.test"}, "name_rules"),
        ("domain", {"name": "m\u00fcnchen.test"}, "name_rules"),
        ("domain", {"name": "test"}, "name_rules"),
        ("domain", {"name": "a..test"}, "name_rules"),
        ("domain", {"name": "example.test"}, "UNIQUE"),
        ("devicepassword", {"keyed_hash": b"short"}, "key_lengths"),
        ("devicepassword", {"protocols": ""}, "protocols_some"),
        ("devicepassword", {"account_id": 99}, "FOREIGN KEY"),
        ("membership", {"role": "king"}, "role_known"),
        ("signingkey", {"algorithm": "rsa-sha1"}, "algorithm_known"),
        ("signingkey", {"selector": "a.b"}, "selector_rules"),
        ("directoryversion", {"id": 2, "version": 1}, "one_row"),
    ],
)
def test_other_tables(acme: Installation, table: str, row: dict[str, Any], rule: str) -> None:
    whole: dict[str, dict[str, Any]] = {
        "domain": {"organization_id": 1, "enabled": 1, "created": 0},
        "devicepassword": {
            "account_id": 1, "name": "x", "keyed_hash": b"h" * 32, "stored_key": b"s" * 32,
            "server_key": b"t" * 32, "protocols": "imap", "created": 0,
        },
        "membership": {"user_id": 1, "organization_id": 1},
        "signingkey": {
            "domain_id": 1, "selector": "s", "algorithm": "rsa-sha256", "private_key": b"x",
            "created": 0,
        },
    }  # fmt: skip
    _refuses(acme, table, whole.get(table, {}) | row, rule)


def test_passwords_have_both_keys_or_none(acme: Installation) -> None:
    for change in ("stored_key = NULL", "stored_key = x'00'", "salt = x'00'", "iterations = 0"):
        with pytest.raises(sqlite3.IntegrityError, match="account_verifier"):
            acme.sql(f"UPDATE directory_account SET {change}")
    acme.sql("UPDATE directory_account SET stored_key = NULL, server_key = NULL")


def test_account_ids_are_never_given_again(acme: Installation) -> None:
    from alphorn.operations import accounts

    first = acme.account("ben@example.test")
    accounts.remove_account(acme.control, first.address)
    assert acme.account("carl@example.test").id > first.id


@given(local=st.text("aZ09-_.+@ \u00e9\n", max_size=5) | st.text(max_size=66))
@settings(
    deadline=None,
    max_examples=200,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_database_and_rules_agree(installation: Installation, local: str) -> None:
    """What `check_local` returns can be stored, and what it refuses cannot."""
    if not installation.sql("SELECT 1 FROM directory_domain"):
        installation.domain()
        installation.account("anna@example.test")
    try:
        good = check_local(local) == local
    except AddressError:
        good = False
    database = sqlite3.connect(installation.database)
    try:
        _insert(database, "address", ADDRESS | {"local": local})
    except (sqlite3.IntegrityError, UnicodeEncodeError):
        assert not good or local == "anna"
    else:
        assert good
    finally:
        database.rollback()
        database.close()


def test_migrations_are_current() -> None:
    """The models say nothing that no migration does."""
    from django.core.management import call_command

    call_command("makemigrations", check=True, dry_run=True, verbosity=0)

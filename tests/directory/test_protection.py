"""What guards an address: from account, domain and installation, seen with the next message."""

from dataclasses import fields, replace

import pytest

from alphorn.directory.values import Protection, Route
from alphorn.directory.view import DirectoryView
from alphorn.operations import addresses
from tests.support.installation import Installation

DEFAULT = Protection()


@pytest.fixture
def acme(installation: Installation) -> Installation:
    installation.domain()
    installation.domain("example.org")
    installation.account("anna@example.test")
    addresses.add_alias(installation.control, "shop@example.test", "anna@example.test")
    addresses.add_alias(installation.control, "anna@example.org", "anna@example.test")
    addresses.add_catch_all(installation.control, "example.org", "anna@example.test")
    addresses.add_redirect(installation.control, "info@example.test", ["x@remote.test"])
    return installation


def route(view: DirectoryView, address: str) -> Route:
    local, _, domain = address.rpartition("@")
    found = view.route(local, domain)
    assert found is not None
    return found


def says(acme: Installation, where: str, **said: float) -> None:
    """As somebody without respect would: straight into the database."""
    table, name = where.split()
    key = {
        "domain": "SELECT id FROM directory_domain WHERE name = ?",
        "account": "SELECT account_id FROM directory_address a JOIN directory_domain d"
        " ON d.id = a.domain_id WHERE a.local || '@' || d.name = ?",
        "address": "SELECT a.id FROM directory_address a JOIN directory_domain d"
        " ON d.id = a.domain_id WHERE a.local || '@' || d.name = ?",
    }[table]
    ((identity,),) = acme.sql(key, name)
    columns = ", ".join(said)
    acme.sql(
        f"INSERT INTO directory_protection ({table}_id, {columns}) VALUES (?{', ?' * len(said)})",
        identity,
        *said.values(),
    )
    acme.sql("UPDATE directory_directoryversion SET version = version + 1")


def test_without_a_word_the_installation_decides(acme: Installation) -> None:
    assert acme.view.protection(route(acme.view, "anna@example.test")) == DEFAULT
    strict = replace(DEFAULT, spam_threshold=3.0, greylisting=False)
    view = DirectoryView(acme.database, acme.keys, protection=strict)
    assert view.protection(route(view, "info@example.test")) is strict
    view.close()


@pytest.mark.parametrize("name", [field.name for field in fields(Protection)])
def test_account_before_domain_before_installation(acme: Installation, name: str) -> None:
    default = getattr(DEFAULT, name)
    first = 7.5 if isinstance(default, float) else not default
    account = acme.view.account_by_address("anna@example.test")
    assert account is not None
    says(acme, "domain example.test", **{name: first})
    for address in ("anna@example.test", "shop@example.test", "info@example.test"):
        held = acme.view.protection(route(acme.view, address))
        assert held == replace(DEFAULT, **{name: first}), address
        assert type(getattr(held, name)) is type(default)
    assert acme.view.protection(route(acme.view, "anna@example.org")) == DEFAULT
    says(acme, "account anna@example.test", **{name: default})
    assert acme.view.protection(route(acme.view, "shop@example.test")) == DEFAULT
    assert acme.view.protection(account) == DEFAULT
    assert getattr(acme.view.protection(route(acme.view, "info@example.test")), name) == first


def test_an_address_has_a_word_about_greylisting(acme: Installation) -> None:
    says(acme, "account anna@example.test", greylisting=True)
    says(acme, "address shop@example.test", greylisting=False)
    says(acme, "address @example.org", greylisting=False)
    for address, on in (
        ("anna@example.test", True),
        ("shop+x@example.test", False),
        ("anna@example.org", True),
        ("any@example.org", False),
    ):
        assert acme.view.protection(route(acme.view, address)).greylisting is on, address


def test_scores() -> None:
    held = replace(DEFAULT, spam_threshold=5.0, refuse_threshold=12.0)
    assert [held.files_as_spam(score) for score in (4.9, 5.0, 20)] == [False, True, True]
    assert [held.refuses_as_spam(score) for score in (11.9, 12.0)] == [False, True]
    assert not replace(held, refuse_threshold=0.0).refuses_as_spam(1000)
    assert not replace(held, spam=False).files_as_spam(1000)
    assert not replace(held, spam=False).refuses_as_spam(1000)


def test_it_is_cached(acme: Installation) -> None:
    where = route(acme.view, "anna@example.test")
    says(acme, "account anna@example.test", spam=0)
    assert acme.view.protection(where) is acme.view.protection(where)


def test_the_database_keeps_the_scopes_apart(acme: Installation) -> None:
    import sqlite3

    for columns in ("greylisting", "domain_id, account_id", "address_id, spam"):
        with pytest.raises(sqlite3.IntegrityError):
            acme.sql(
                f"INSERT INTO directory_protection ({columns})"
                f" VALUES ({', '.join('1' for _ in columns.split(','))})"
            )

"""What the hot path sees, and how soon."""

import sqlite3
import time
from pathlib import Path

import pytest

from alphorn.base.errors import Unavailable
from alphorn.directory.keys import KeyRing
from alphorn.directory.values import AddressKind, Route
from alphorn.directory.view import DirectoryView
from alphorn.operations import (
    accounts,
    addresses,
    domains,
    grants,
    organizations,
    passwords,
    plans,
    temporary,
)
from tests.support.cost import cost, promised
from tests.support.installation import NOW, Installation


@pytest.fixture
def acme(installation: Installation) -> Installation:
    installation.domain()
    installation.account("anna@example.test")
    installation.account("ben@example.test")
    return installation


def _where(view: DirectoryView, address: str) -> str | tuple[str, ...] | None:
    """The account's address, or where it is redirected, or None for nowhere."""
    local, _, domain = address.rpartition("@")
    route = view.route(local, domain)
    if route is None:
        return None
    return route.account.address if route.account else route.redirect_to


def test_own_address(acme: Installation) -> None:
    account = acme.view.account_by_address("anna@example.test")
    assert account is not None
    assert acme.view.route("Anna", "EXAMPLE.Test.") == Route(
        address="anna@example.test",
        kind=AddressKind.OWN,
        account=account,
        detail=None,
        redirect_to=(),
        keep=True,
    )
    assert acme.view.account(account.id) == account
    assert account == accounts.show_account(acme.control, "anna@example.test")


def test_detail_goes_to_the_address_before_it(acme: Installation) -> None:
    route = acme.view.route("Anna+Big+News", "example.test")
    assert route is not None
    assert (route.address, route.detail) == ("anna@example.test", "Big+News")
    assert acme.view.route("nobody+anna", "example.test") is None
    assert acme.view.route("+anna", "example.test") is None


@pytest.mark.parametrize(
    "address",
    [
        "nobody@example.test", "anna@example.org", "@example.test", "anna@", "", "anna",
        "anna @example.test", "anna@example.test\0", "*@example.test", "%@example.test",
        "ann\u00e1@example.test", "\u0430nna@example.test", "anna@\u0435xample.test",
        "anna@@example.test", "anna%example.test@example.test", "'; --@example.test",
        "a" * 10_000 + "@example.test", "anna@" + "x" * 10_000,
        "\ud800@example.test", "anna@\ud800",
    ],
)  # fmt: skip
def test_nowhere(acme: Installation, address: str) -> None:
    assert _where(acme.view, address) is None
    assert acme.view.account_by_address(address) is None
    assert acme.view.credentials(address) is None
    assert not acme.view.may_send_as(1, address)


def test_alias_redirect_and_catch_all(acme: Installation) -> None:
    control, view = acme.control, acme.view
    addresses.add_alias(control, "a.nna@example.test", "anna@example.test")
    addresses.add_redirect(control, "info@example.test", ["ben@example.test", "X@example.org"])
    assert _where(view, "other@example.test") is None
    addresses.add_catch_all(control, "example.test", "ben@example.test")
    assert _where(view, "A.Nna+x@example.test") == "anna@example.test"
    assert _where(view, "info@example.test") == ("ben@example.test", "X@example.org")
    caught = view.route("O'Brien+x", "example.test")
    assert caught is not None
    assert caught.kind is AddressKind.CATCH_ALL
    assert (caught.address, caught.detail) == ("o'brien+x@example.test", None)
    assert caught.account is not None
    assert caught.account.address == "ben@example.test"


def test_what_is_switched_off_leads_nowhere_and_not_to_the_catch_all(acme: Installation) -> None:
    control, view = acme.control, acme.view
    addresses.add_alias(control, "alias@example.test", "anna@example.test")
    addresses.add_catch_all(control, "example.test", "ben@example.test")
    addresses.enable_address(control, "alias@example.test", on=False)
    assert _where(view, "alias@example.test") is None
    addresses.enable_address(control, "alias@example.test", on=True)
    addresses.enable_address(control, "anna@example.test", on=False)
    assert _where(view, "alias@example.test") is None
    assert _where(view, "anna@example.test") is None
    assert not view.may_send_as(1, "anna@example.test")
    addresses.enable_address(control, "anna@example.test", on=True)
    assert _where(view, "anna@example.test") == "anna@example.test"


@pytest.mark.parametrize("what", ["domain", "organization"])
def test_a_domain_that_is_off_takes_nothing(acme: Installation, what: str) -> None:
    def switch(on: bool) -> None:
        if what == "domain":
            domains.enable_domain(acme.control, "example.test", on)
        else:
            organizations.enable_organization(acme.control, "acme", on)

    switch(False)
    domain = acme.view.domain("example.test")
    assert domain is not None
    assert not domain.enabled
    account = acme.view.account_by_address("anna@example.test")
    assert account is not None
    assert not account.enabled
    assert _where(acme.view, "anna@example.test") is None
    switch(True)
    assert _where(acme.view, "anna@example.test") == "anna@example.test"


def test_temporary_addresses_end_without_a_change(acme: Installation) -> None:
    end = int(NOW) + 60
    temporary.add_temporary(acme.control, "shop@example.test", "anna@example.test", end)
    addresses.add_catch_all(acme.control, "example.test", "ben@example.test")
    assert _where(acme.view, "shop@example.test") == "anna@example.test"
    acme.clock.now = end - 0.5
    assert _where(acme.view, "shop@example.test") == "anna@example.test"
    acme.clock.now = end
    assert _where(acme.view, "shop@example.test") is None


def test_postmaster_goes_to_the_operator_unless_the_domain_has_one(acme: Installation) -> None:
    view = DirectoryView(acme.database, acme.keys, clock=acme.clock, postmaster="admin@example.org")
    assert _where(acme.view, "postmaster@example.test") is None
    assert _where(view, "PostMaster@example.test") == ("admin@example.org",)
    assert _where(view, "postmaster@example.org") is None
    assert not view.may_send_as(1, "postmaster@example.test")
    addresses.add_alias(acme.control, "postmaster@example.test", "ben@example.test")
    assert _where(view, "postmaster@example.test") == "ben@example.test"
    view.close()


def test_international_domain(acme: Installation) -> None:
    acme.domain("m\u00fcnchen.test")
    acme.account("anna@M\u00dcNCHEN.test")
    for name in ("m\u00fcnchen.test", "xn--mnchen-3ya.test", "XN--MNCHEN-3YA.test"):
        assert _where(acme.view, f"anna@{name}") == "anna@xn--mnchen-3ya.test"
    domain = acme.view.domain("m\u00fcnchen.test")
    assert domain is not None
    assert (domain.name, domain.unicode) == ("xn--mnchen-3ya.test", "m\u00fcnchen.test")


def test_who_may_write_as_whom(acme: Installation) -> None:
    control, view = acme.control, acme.view
    anna = view.account_by_address("anna@example.test")
    ben = view.account_by_address("ben@example.test")
    assert anna is not None
    assert ben is not None
    addresses.add_alias(control, "alias@example.test", "anna@example.test")
    addresses.add_redirect(control, "info@example.test", ["anna@example.test"])
    for address in ("Anna@Example.test", "anna+x@example.test", "alias@example.test"):
        assert view.may_send_as(anna.id, address)
        assert not view.may_send_as(ben.id, address)
    for address in ("info@example.test", "free@example.test", "anna@example.org", ""):
        assert not view.may_send_as(anna.id, address)
    grants.grant_send_as(control, "ben@example.test", "info@example.test")
    grants.grant_send_as(control, "ben@example.test", "anna@example.test")
    for address in ("info@example.test", "info+x@example.test", "anna@example.test"):
        assert view.may_send_as(ben.id, address)
    assert not view.may_send_as(anna.id, "info@example.test")
    grants.revoke_send_as(control, "ben@example.test", "info@example.test")
    assert not view.may_send_as(ben.id, "info@example.test")
    addresses.add_catch_all(control, "example.test", "ben@example.test")
    assert not view.may_send_as(ben.id, "free@example.test")  # it receives only
    assert not view.may_send_as(ben.id, "info@example.test")
    addresses.enable_address(control, "ben@example.test", on=False)
    assert not view.may_send_as(ben.id, "anna@example.test")
    assert not view.may_send_as(99, "anna@example.test")


def test_plan_and_quota_are_seen_at_once(acme: Installation) -> None:
    from dataclasses import replace

    before = acme.view.account_by_address("anna@example.test")
    assert before is not None
    accounts.set_quota(acme.control, "anna@example.test", 5)
    plans.change_plan(acme.control, "standard", replace(before.limits, messages_per_hour=7))
    after = acme.view.account_by_address("anna@example.test")
    assert after is not None
    assert (after.quota_octets, after.limits.messages_per_hour) == (5, 7)
    accounts.set_quota(acme.control, "anna@example.test", None)
    again = acme.view.account(after.id)
    assert again is not None
    assert again.quota_octets == before.quota_octets


def test_signing_keys(acme: Installation) -> None:
    from alphorn.mailauth.dkim.keys import algorithm_of

    keys = acme.view.signing_keys("EXAMPLE.test")
    assert [key.algorithm for key in keys] == ["rsa-sha256", "ed25519-sha256"]
    for key in keys:
        assert algorithm_of(key.private_key_der).value == key.algorithm
        assert "private_key_der" not in repr(key)
    assert acme.view.signing_keys("example.org") == ()
    other = DirectoryView(acme.database, KeyRing(b"o" * 32))
    with pytest.raises(Unavailable) as caught:
        other.signing_keys("example.test")
    assert caught.value.code == "keys"
    other.close()


def test_credentials_do_not_print(acme: Installation) -> None:
    passwords.add_device_password(acme.control, "anna@example.test", "phone")
    credentials = acme.view.credentials("anna@example.test")
    assert credentials is not None
    assert len(credentials.devices) == 1
    for octets in (credentials.salt, credentials.stored_key, credentials.devices[0].keyed_hash):
        assert repr(octets) not in repr(credentials)


def test_removed_is_gone(acme: Installation) -> None:
    assert _where(acme.view, "anna@example.test")
    accounts.remove_account(acme.control, "anna@example.test")
    assert _where(acme.view, "anna@example.test") is None
    assert acme.view.account(1) is None


def test_what_changes_nothing_here_keeps_the_cache(acme: Installation) -> None:
    first = acme.view.account(1)
    acme.sql("UPDATE directory_user SET name = 'x'")
    acme.sql("CREATE TABLE other (a)")
    assert acme.view.account(1) is first


# -- a database that is not well -------------------------------------------------------------------


def test_a_missing_database_is_unavailable_until_it_is_there(acme: Installation) -> None:
    hidden = acme.folder / "elsewhere.sqlite"
    view = DirectoryView(hidden, acme.keys)
    for _ in range(2):
        with pytest.raises(Unavailable) as caught:
            view.route("anna", "example.test")
        assert caught.value.code == "directory"
    assert not hidden.exists()
    backup, source = sqlite3.connect(hidden), sqlite3.connect(acme.database)
    source.backup(backup)
    backup.close()
    source.close()
    assert _where(view, "anna@example.test") == "anna@example.test"
    view.close()


def test_a_locked_database_is_unavailable_until_it_is_free(acme: Installation) -> None:
    acme.close()
    lock = sqlite3.connect(acme.database, isolation_level=None)
    lock.execute("PRAGMA locking_mode=EXCLUSIVE")
    lock.execute("BEGIN IMMEDIATE")
    view = acme.new_view()
    began = time.monotonic()
    with pytest.raises(Unavailable):
        view.account(1)
    assert time.monotonic() - began < 5
    lock.execute("ROLLBACK")
    lock.close()
    assert view.account(1) is not None
    view.close()


def test_a_writer_holds_nobody_up(acme: Installation) -> None:
    writer = sqlite3.connect(acme.database, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE directory_account SET name = 'Zoe'")
    account = acme.view.account(1)
    assert account is not None
    assert account.name == ""
    writer.execute("UPDATE directory_directoryversion SET version = version + 1")
    writer.execute("COMMIT")
    writer.close()
    account = acme.view.account(1)
    assert account is not None
    assert account.name == "Zoe"


def test_garbage_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "control.sqlite"
    path.write_bytes(b"this is no database " * 100)
    view = DirectoryView(path, KeyRing(bytes(32)))
    with pytest.raises(Unavailable):
        view.domain("example.test")
    path.write_bytes(b"")  # a database without tables
    with pytest.raises(Unavailable):
        view.domain("example.test")


# -- bounds and speed ------------------------------------------------------------------------------


def test_a_dictionary_attack_costs_bounded_memory(acme: Installation) -> None:
    view = DirectoryView(acme.database, acme.keys, known=8, unknown=16)
    for number in range(500):
        assert view.route(f"guess{number}", "example.test") is None
        assert view.domain(f"guess{number}.test") is None
        assert view.account(1000 + number) is None
        assert _where(view, "anna@example.test") == "anna@example.test"
    assert max(len(cache) for cache in view._caches) <= 8 + 16
    view.close()


@promised
def test_cached_answers_cost_microseconds(acme: Installation, slack: float) -> None:
    most = 500 * 20e-6 * slack
    assert cost(lambda: [acme.view.route("anna", "example.test") for _ in range(500)], most) < most

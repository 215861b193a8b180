"""Accounts and their mail files."""

from dataclasses import replace

import pytest

from alphorn.base.errors import Exists, NotFound, Refused, Unavailable
from alphorn.base.password import PasswordError
from alphorn.base.secret import Secret
from alphorn.directory.values import PlanLimits
from alphorn.operations import accounts, addresses, grants, passwords, plans
from alphorn.operations.accounts import MAX_AT_ONCE
from alphorn.operations.control import NewAccount
from alphorn.store.sqlite import SqliteStore
from tests.support.installation import PASSWORD, Folders, Installation


@pytest.fixture
def acme(installation: Installation) -> Installation:
    installation.domain()
    return installation


def test_an_account_has_its_file(acme: Installation) -> None:
    new = NewAccount("Anna@Example.test", Secret(PASSWORD), "Anna Example", "de", 2**30)
    made = accounts.add_account(acme.control, new)
    assert (made.address, made.name, made.language, made.quota_octets) == (
        "anna@example.test", "Anna Example", "de", 2**30,
    )  # fmt: skip
    assert made == accounts.show_account(acme.control, "anna@example.test")
    assert made == acme.view.account(made.id)
    assert acme.store.exists(made.id)


def test_no_account_without_a_file(acme: Installation) -> None:
    """Where the file cannot be made, nothing is."""

    class Full(Folders):
        def create(self, account_id: int) -> None:
            raise Unavailable("The disk is full.", code="disk-full")

    full = replace(acme.control, store=Full(acme.folder))  # type: ignore[arg-type]
    with pytest.raises(Unavailable) as caught:
        accounts.add_account(full, NewAccount("anna@example.test"))
    assert caught.value.code == "disk-full"
    assert accounts.list_accounts(acme.control) == ()
    assert acme.view.route("anna", "example.test") is None
    made = acme.account("anna@example.test")
    assert acme.store.exists(made.id)


def test_removed_with_everything_that_leads_to_it(acme: Installation) -> None:
    control = acme.control
    anna = acme.account("anna@example.test")
    acme.account("ben@example.test")
    addresses.add_alias(control, "alias@example.test", "anna@example.test")
    addresses.add_catch_all(control, "example.test", "anna@example.test")
    grants.grant_send_as(control, "ben@example.test", "alias@example.test")
    grants.grant_send_as(control, "anna@example.test", "ben@example.test")
    passwords.add_device_password(control, "anna@example.test", "phone")
    removed = accounts.remove_account(control, "anna@example.test")
    assert removed.account_id == anna.id
    assert removed.addresses == ("anna@example.test", "alias@example.test", "*@example.test")
    assert not acme.store.exists(anna.id)
    assert [info.address for info in addresses.list_addresses(control)] == ["ben@example.test"]
    for table in ("devicepassword", "sendgrant"):
        assert acme.sql(f"SELECT count(*) FROM directory_{table}") == [(0,)]
    with pytest.raises(NotFound):
        accounts.remove_account(control, "anna@example.test")


def test_an_alias_is_no_account(acme: Installation) -> None:
    acme.account("anna@example.test")
    addresses.add_alias(acme.control, "alias@example.test", "anna@example.test")
    with pytest.raises(NotFound, match="alias"):
        accounts.remove_account(acme.control, "alias@example.test")


@pytest.mark.parametrize(
    ("new", "error"),
    [
        (NewAccount("anna@example.org"), NotFound),
        (NewAccount("anna@example.test", Secret("short")), PasswordError),
        (NewAccount("anna@example.test", Secret("Anna@Example.TEST")), PasswordError),
        (NewAccount("anna@example.test", name="a\x1bb"), Refused),
        (NewAccount("anna@example.test", language="tlh"), Refused),
        (NewAccount("anna@example.test", quota_octets=-1), Refused),
    ],
)
def test_refused(acme: Installation, new: NewAccount, error: type[Refused]) -> None:
    with pytest.raises(error):
        accounts.add_account(acme.control, new)
    assert accounts.list_accounts(acme.control) == ()
    assert list(acme.store.accounts()) == []


def test_changes(acme: Installation) -> None:
    control = acme.control
    before = acme.account("anna@example.test")
    accounts.rename_account(control, "anna@example.test", " Anna  E. ")
    accounts.set_language(control, "anna@example.test", "fr")
    after = accounts.set_quota(control, "anna@example.test", 0)
    assert (after.name, after.language, after.quota_octets) == ("Anna E.", "fr", 0)
    assert after.version == before.version
    assert accounts.end_sessions(control, "anna@example.test").version > before.version
    assert acme.view.account(before.id) == accounts.show_account(control, "anna@example.test")


def test_many_at_once_or_none(acme: Installation) -> None:
    control = acme.control
    acme.domain("example.org")
    news = [NewAccount(f"u{n}@example.{'test' if n % 2 else 'org'}") for n in range(10)]
    made = accounts.add_accounts(control, news)
    assert [info.address for info in made] == [new.address for new in news]
    assert all(acme.store.exists(info.id) for info in made)
    with pytest.raises(Exists):
        accounts.add_accounts(control, [NewAccount("new@example.test"), news[3]])
    assert acme.view.route("new", "example.test") is None
    with pytest.raises(Refused) as caught:
        accounts.add_accounts(control, [NewAccount("x@example.test")] * (MAX_AT_ONCE + 1))
    assert caught.value.code == "too-many"


def test_the_plan_limits_what_is_made_in_bulk(acme: Installation) -> None:
    control = acme.control
    limits = replace(PlanLimits(), bulk_creations_per_day=3, address_quota=5)
    plans.change_plan(control, "Standard", limits)
    acme.account("one@example.test")  # not in bulk
    accounts.add_accounts(control, [NewAccount("a@example.test"), NewAccount("b@example.test")])
    news = [NewAccount("c@example.test"), NewAccount("d@example.test")]
    with pytest.raises(Refused) as caught:
        accounts.add_accounts(control, news)
    assert caught.value.code == "bulk-quota"
    acme.clock.now += 86400
    accounts.add_accounts(control, news)
    with pytest.raises(Refused) as caught:
        accounts.add_accounts(control, [NewAccount("e@example.test")])
    assert caught.value.code == "address-quota"


def test_lists_by_organization_and_domain(acme: Installation) -> None:
    control = acme.control
    acme.domain("example.org", "Other")
    acme.account("anna@example.test")
    acme.account("olga@example.org")
    for listed in (
        accounts.list_accounts(control, organization="other"),
        accounts.list_accounts(control, domain="EXAMPLE.org"),
    ):
        assert [info.address for info in listed] == ["olga@example.org"]
    with pytest.raises(NotFound):
        accounts.list_accounts(control, organization="nobody")


def test_with_the_real_store(acme: Installation) -> None:
    store = SqliteStore(acme.folder / "mail")
    control = replace(acme.control, store=store)
    try:
        anna = accounts.add_account(control, NewAccount("anna@example.test"))
        assert store.account(anna.id).mailbox("INBOX").messages == 0
        assert list(store.accounts()) == [anna.id]
        accounts.remove_account(control, "anna@example.test")
        assert not store.exists(anna.id)
    finally:
        store.close()

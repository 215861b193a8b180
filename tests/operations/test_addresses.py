"""Addresses of every kind."""

from dataclasses import replace

import pytest

from alphorn.base.address import AddressError
from alphorn.base.errors import Exists, NotFound, Refused
from alphorn.directory.values import AddressKind, PlanLimits, Role
from alphorn.operations import accounts, addresses, grants, plans, temporary, users
from alphorn.operations.addresses import MAX_REDIRECTS
from alphorn.operations.control import Actor
from alphorn.operations.rights import Forbidden
from tests.support.installation import NOW, Installation

LATER = int(NOW) + 3600


@pytest.fixture
def acme(installation: Installation) -> Installation:
    installation.domain()
    installation.account("anna@example.test")
    return installation


def test_each_kind(acme: Installation) -> None:
    control = acme.control
    alias = addresses.add_alias(control, "A.Lias@Example.test", "ANNA@example.test")
    redirect = addresses.add_redirect(
        control, "info@example.test", ["O'Brien@Example.org", "o@x.test", "o@x.test"]
    )
    shop = temporary.add_temporary(control, "shop@example.test", "anna@example.test", LATER)
    caught = addresses.add_catch_all(control, "example.test", targets=["x@example.org"])
    assert (alias.address, alias.kind, alias.account) == (
        "a.lias@example.test", AddressKind.ALIAS, "anna@example.test",
    )  # fmt: skip
    assert redirect.redirect_to == ("O'Brien@example.org", "o@x.test")
    assert (redirect.account, redirect.account_id) == (None, None)
    assert (shop.kind, shop.expires) == (AddressKind.TEMPORARY, LATER)
    assert (caught.address, caught.kind) == ("*@example.test", AddressKind.CATCH_ALL)
    listed = addresses.list_addresses(control)
    assert [info.address for info in listed] == [
        "*@example.test", "a.lias@example.test", "anna@example.test", "info@example.test",
        "shop@example.test",
    ]  # fmt: skip
    assert listed[1] == addresses.show_address(control, "a.lias@example.test") == alias
    of_anna = addresses.list_addresses(control, account="anna@example.test")
    assert {info.kind for info in of_anna} == {
        AddressKind.OWN, AddressKind.ALIAS, AddressKind.TEMPORARY,
    }  # fmt: skip
    addresses.remove_address(control, "*@example.test")
    with pytest.raises(NotFound):
        addresses.show_address(control, "*@example.test")


@pytest.mark.parametrize(
    "address", ["ann\u00e9@example.test", "a..b@example.test", "a+b@example.test"]
)
def test_the_rules_hold_for_every_kind(acme: Installation, address: str) -> None:
    control = acme.control
    for act in (
        lambda: addresses.add_alias(control, address, "anna@example.test"),
        lambda: addresses.add_redirect(control, address, ["x@example.org"]),
        lambda: temporary.add_temporary(control, address, "anna@example.test", LATER),
        lambda: acme.account(address),
    ):
        with pytest.raises(AddressError):
            act()


def test_no_address_twice(acme: Installation) -> None:
    control = acme.control
    addresses.add_catch_all(control, "example.test", "anna@example.test")
    for act in (
        lambda: acme.account("ANNA@example.test"),
        lambda: addresses.add_alias(control, "anna@example.test", "anna@example.test"),
        lambda: addresses.add_redirect(control, "Anna@example.test", ["x@example.org"]),
        lambda: addresses.add_catch_all(control, "EXAMPLE.test", targets=["x@example.org"]),
    ):
        with pytest.raises(Exists):
            act()


@pytest.mark.parametrize(
    "targets",
    [[], ["A@example.test"], [f"x{n}@example.org" for n in range(MAX_REDIRECTS + 1)]],
)
def test_redirects_that_lead_nowhere(acme: Installation, targets: list[str]) -> None:
    with pytest.raises(Refused) as caught:
        addresses.add_redirect(acme.control, "a@example.test", targets)
    assert caught.value.code == "redirect"
    with pytest.raises(AddressError):
        addresses.add_redirect(acme.control, "a@example.test", ["x@example.org y@example.org"])


def test_a_catch_all_goes_one_way(acme: Installation) -> None:
    with pytest.raises(Refused):
        addresses.add_catch_all(acme.control, "example.test", "anna@example.test", ["x@y.test"])
    with pytest.raises(Refused):
        addresses.add_catch_all(acme.control, "example.test")


@pytest.mark.parametrize("expires", [0, int(NOW), int(NOW) + 20 * 366 * 86400])
def test_temporary_addresses_end_in_time(acme: Installation, expires: int) -> None:
    with pytest.raises(Refused) as caught:
        temporary.add_temporary(acme.control, "t@example.test", "anna@example.test", expires)
    assert caught.value.code == "expiry"


def test_the_plan_limits_addresses_of_every_kind(acme: Installation) -> None:
    control = acme.control
    plans.change_plan(control, "Standard", replace(PlanLimits(), address_quota=2))
    addresses.add_alias(control, "one@example.test", "anna@example.test")
    for act in (
        lambda: acme.account("two@example.test"),
        lambda: addresses.add_alias(control, "two@example.test", "anna@example.test"),
        lambda: addresses.add_redirect(control, "two@example.test", ["x@example.org"]),
        lambda: addresses.add_catch_all(control, "example.test", "anna@example.test"),
    ):
        with pytest.raises(Refused) as caught:
            act()
        assert caught.value.code == "address-quota"
    plans.change_plan(control, "Standard", replace(PlanLimits(), address_quota=0))
    acme.account("two@example.test")


def test_the_plan_may_have_no_catch_all(acme: Installation) -> None:
    plans.change_plan(acme.control, "Standard", replace(PlanLimits(), catch_all=False))
    with pytest.raises(Refused) as caught:
        addresses.add_catch_all(acme.control, "example.test", "anna@example.test")
    assert caught.value.code == "no-catch-all"


def test_organizations_do_not_mix(acme: Installation) -> None:
    acme.domain("example.org", "Other")
    acme.account("olga@example.org")
    control = acme.control
    for act in (
        lambda: addresses.add_alias(control, "x@example.org", "anna@example.test"),
        lambda: addresses.add_catch_all(control, "example.org", "anna@example.test"),
        lambda: grants.grant_send_as(control, "anna@example.test", "olga@example.org"),
    ):
        with pytest.raises(Refused) as caught:
            act()
        assert caught.value.code == "other-organization"


def test_grants(acme: Installation) -> None:
    control = acme.control
    addresses.add_redirect(control, "info@example.test", ["x@example.org"])
    grants.grant_send_as(control, "anna@example.test", "info@example.test")
    with pytest.raises(Exists):
        grants.grant_send_as(control, "anna@example.test", "info@example.test")
    assert grants.list_grants(control, "anna@example.test") == ("info@example.test",)
    grants.revoke_send_as(control, "anna@example.test", "info@example.test")
    with pytest.raises(NotFound):
        grants.revoke_send_as(control, "anna@example.test", "info@example.test")
    addresses.add_catch_all(control, "example.test", targets=["x@example.org"])
    with pytest.raises(Refused):
        grants.grant_send_as(control, "anna@example.test", "*@example.test")


def test_an_own_address_is_not_removed_by_the_way(acme: Installation) -> None:
    with pytest.raises(Refused) as caught:
        addresses.remove_address(acme.control, "anna@example.test")
    assert caught.value.code == "own-address"


def test_switching_an_own_address_switches_the_account(acme: Installation) -> None:
    before = accounts.show_account(acme.control, "anna@example.test")
    assert not addresses.enable_address(acme.control, "anna@example.test", on=False).enabled
    after = accounts.show_account(acme.control, "anna@example.test")
    assert (after.enabled, after.version > before.version) == (False, True)


def test_managers_change_addresses_and_viewers_look(acme: Installation) -> None:
    control = acme.control
    user = users.add_user(control, "olga@example.org")
    olga = control.acting_as(Actor(user_id=user.id))
    assert addresses.list_addresses(olga) == ()
    users.set_membership(control, "olga@example.org", "Acme", Role.VIEWER)
    assert len(addresses.list_addresses(olga)) == 1
    for act in (
        lambda: addresses.add_alias(olga, "x@example.test", "anna@example.test"),
        lambda: addresses.add_redirect(olga, "x@example.test", ["x@example.org"]),
        lambda: addresses.add_catch_all(olga, "example.test", "anna@example.test"),
        lambda: temporary.add_temporary(olga, "x@example.test", "anna@example.test", LATER),
        lambda: addresses.enable_address(olga, "anna@example.test", on=False),
        lambda: addresses.remove_address(olga, "anna@example.test"),
        lambda: grants.grant_send_as(olga, "anna@example.test", "anna@example.test"),
        lambda: accounts.remove_account(olga, "anna@example.test"),
        lambda: accounts.set_quota(olga, "anna@example.test", 1),
    ):
        with pytest.raises(Forbidden):
            act()
    users.set_membership(control, "olga@example.org", "Acme", Role.MANAGER)
    addresses.add_alias(olga, "x@example.test", "anna@example.test")
    acme.domain("example.org", "Other")
    with pytest.raises(Forbidden):
        addresses.add_redirect(olga, "x@example.org", ["x@example.test"])
    with pytest.raises(Forbidden):
        addresses.show_address(control.acting_as(Actor()), "anna@example.test")

"""Temporary addresses: made up, ended, and telling who got them; lists; refused addresses."""

from random import Random

import pytest

from alphorn.base.address import check_local
from alphorn.base.errors import Exists, NotFound, Refused
from alphorn.directory.values import AddressKind
from alphorn.operations import accounts, addresses, distribution, grants, temporary
from alphorn.operations.control import Actor
from alphorn.operations.rights import Forbidden
from alphorn.operations.temporary import USUAL_LIFE_SECONDS, generated
from alphorn.store.visitors import Visitors
from tests.support.installation import NOW, Installation

ANNA, BERT = "anna@example.test", "bert@example.test"


@pytest.fixture
def acme(installation: Installation) -> Installation:
    installation.domain()
    installation.account(ANNA)
    installation.account(BERT)
    return installation


def as_holder(acme: Installation, address: str):  # type: ignore[no-untyped-def]
    account = acme.view.account_by_address(address)
    assert account is not None
    return acme.control.acting_as(Actor(account_id=account.id))


def test_its_holder_makes_one_in_one_click(acme: Installation) -> None:
    anna, bert = as_holder(acme, ANNA), as_holder(acme, BERT)
    made = temporary.make_temporary(anna, ANNA, label="  The   shop ")
    assert (made.kind, made.account, made.label) == (AddressKind.TEMPORARY, ANNA, "The shop")
    assert made.expires == NOW + USUAL_LIFE_SECONDS
    assert made.address.endswith("@example.test")
    assert addresses.show_address(anna, made.address) == made
    assert [info.kind for info in addresses.list_addresses(anna)] == [
        AddressKind.OWN,
        AddressKind.TEMPORARY,
    ]
    assert addresses.list_addresses(anna, label="SHOP") == (made,)
    assert addresses.list_addresses(anna, kind=AddressKind.TEMPORARY) == (made,)
    assert addresses.list_addresses(bert, kind=AddressKind.TEMPORARY) == ()
    for act in (
        lambda: temporary.make_temporary(bert, ANNA),
        lambda: temporary.change_temporary(bert, made.address, label="x"),
        lambda: addresses.show_address(bert, made.address),
        lambda: addresses.remove_address(bert, made.address),
    ):
        with pytest.raises(Forbidden):
            act()
    changed = temporary.change_temporary(anna, made.address, label="", messages=3)
    assert (changed.label, changed.messages, changed.expires) == ("", 3, made.expires)
    assert addresses.remove_address(anna, made.address).address == made.address


def test_made_up_names_are_addresses_and_differ() -> None:
    random = Random(1)
    names = {generated(random.choice) for _ in range(1000)}
    assert len(names) == 1000
    assert all(check_local(name) == name for name in names)


def test_a_name_that_is_taken_is_not_made_up_again(acme: Installation) -> None:
    first = temporary.make_temporary(acme.control, ANNA, choose=Random(1).choice)
    random = Random(1)
    second = temporary.make_temporary(acme.control, ANNA, choose=random.choice)
    assert first.address != second.address


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        ({"expires": int(NOW)}, "expiry"),
        ({"messages": 0}, "messages"),
        ({"messages": 10**9}, "messages"),
        ({"label": "x" * 101}, "name"),
    ],
)
def test_ends_and_labels_that_cannot_be(
    acme: Installation, ending: dict[str, int], code: str
) -> None:
    with pytest.raises(Refused) as caught:
        temporary.make_temporary(acme.control, ANNA, **ending)  # type: ignore[arg-type]
    assert caught.value.code == code
    with pytest.raises(Refused):
        temporary.add_temporary(acme.control, "x@example.test", ANNA)
    with pytest.raises(Refused):
        temporary.change_temporary(acme.control, ANNA, label="x")


def test_a_removed_one_is_refused_and_never_falls_to_the_catch_all(acme: Installation) -> None:
    control, view = acme.control, acme.view
    addresses.add_catch_all(control, "example.test", BERT)
    temporary.add_temporary(control, "shop@example.test", ANNA, messages=5)
    grants.grant_send_as(control, BERT, "shop@example.test")
    addresses.remove_address(control, "shop@example.test")
    assert view.route("shop", "example.test") is None
    assert addresses.show_address(control, "shop@example.test").kind is AddressKind.REFUSED
    with pytest.raises(Exists, match="remove"):
        addresses.add_alias(control, "shop@example.test", ANNA)
    addresses.remove_address(control, "shop@example.test")
    with pytest.raises(NotFound):
        addresses.show_address(control, "shop@example.test")
    assert view.route("shop", "example.test") is not None


def test_with_its_account_it_is_refused_too(acme: Installation) -> None:
    control, view = acme.control, acme.view
    addresses.add_catch_all(control, "example.test", BERT)
    temporary.add_temporary(control, "shop@example.test", ANNA, messages=5)
    addresses.add_alias(control, "alias@example.test", ANNA)
    removed = accounts.remove_account(control, ANNA)
    assert removed.addresses == (ANNA, "shop@example.test", "alias@example.test")
    assert view.route("shop", "example.test") is None
    assert view.route("alias", "example.test") is not None
    assert view.route("anna", "example.test") is not None


def test_a_dead_address_is_refused(acme: Installation) -> None:
    addresses.add_catch_all(acme.control, "example.test", BERT)
    info = addresses.add_refused(acme.control, "dead@example.test")
    assert (info.kind, info.account, info.redirect_to) == (AddressKind.REFUSED, None, ())
    assert acme.view.route("dead", "example.test") is None
    bert = acme.view.account_by_address(BERT)
    assert bert is not None
    assert not acme.view.may_send_as(bert.id, "dead@example.test")


def test_lists(acme: Installation) -> None:
    control = acme.control
    info = distribution.add_list(control, "all@example.test", [ANNA, BERT, ANNA])
    assert (info.kind, info.redirect_to) == (AddressKind.LIST, (ANNA, BERT))
    assert distribution.set_members(control, "all@example.test", [BERT]).redirect_to == (BERT,)
    acme.domain("example.org", "Other")
    acme.account("olga@example.org")
    addresses.add_alias(control, "alias@example.test", ANNA)
    for members in ([], ["olga@example.org"], ["x@other.test"], ["alias@example.test"]):
        with pytest.raises(Refused):
            distribution.set_members(control, "all@example.test", members)
    with pytest.raises(Refused) as caught:
        distribution.set_members(control, "alias@example.test", [ANNA])
    assert caught.value.code == "kind"
    accounts.remove_account(control, BERT)
    assert addresses.show_address(control, "all@example.test").redirect_to == ()
    assert acme.view.route("all", "example.test") is None


def test_hosts_of_one_shop_leak_nothing(acme: Installation) -> None:
    visitors = Visitors(acme.folder / "visitors.sqlite")
    shop = temporary.make_temporary(acme.control, ANNA)
    for n, sender in enumerate(
        ("", "info@shop.test", "x@mail.shop.test", "x@a.b.shop.test", "a@othershop.test", "b@test")
    ):
        visitors.came(shop.id, sender, now=NOW + n)
    known = temporary.known_of(acme.control, visitors, shop.address)
    assert known.given_to == "shop.test"
    assert [one.sender for one in known.leaked] == ["a@othershop.test", "b@test"]
    uk = temporary.make_temporary(acme.control, ANNA)
    for n, sender in enumerate(("a@shop.co.uk", "b@mail.shop.co.uk", "c@other.co.uk")):
        visitors.came(uk.id, sender, now=NOW + n)
    known = temporary.known_of(acme.control, visitors, uk.address)
    assert [one.sender for one in known.leaked] == ["c@other.co.uk"]
    visitors.close()

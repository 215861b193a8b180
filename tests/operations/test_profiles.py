"""What templates say of a person, and who may change it."""

import pytest

from alphorn.base.errors import Refused
from alphorn.directory.values import Profile, Role
from alphorn.operations import accounts, users
from alphorn.operations.control import Actor, NewAccount
from alphorn.operations.profiles import set_profile, show_profile
from alphorn.operations.rights import Forbidden
from tests.support.installation import Installation

ANNA = "anna@example.test"


@pytest.fixture
def acme(installation: Installation) -> Installation:
    installation.domain()
    installation.account(ANNA)
    return installation


def test_it_is_changed_piece_by_piece(acme: Installation) -> None:
    assert show_profile(acme.control, ANNA) == Profile()
    set_profile(acme.control, ANNA, function="  Accounting  ", phone="+41 22 1")
    set_profile(acme.control, ANNA, postal_address="Rue 1\r\n\r\n 1200  Genève \n")
    assert show_profile(acme.control, ANNA) == Profile(
        "Accounting", "+41 22 1", "Rue 1\n1200 Genève"
    )
    assert set_profile(acme.control, ANNA, phone="").phone == ""


def test_an_account_is_born_with_it(acme: Installation) -> None:
    new = NewAccount("bert@example.test", profile=Profile("Director"))
    accounts.add_account(acme.control, new)
    assert show_profile(acme.control, "bert@example.test").function == "Director"


@pytest.mark.parametrize(
    "wrong",
    [
        Profile(function="x" * 101),
        Profile(phone="1" * 51),
        Profile(phone="1\x002"),
        Profile(postal_address="x" * 501),
        Profile(postal_address="x\n" * 9),
        Profile(postal_address="a\x1bb"),
    ],
)
def test_what_it_cannot_be(acme: Installation, wrong: Profile) -> None:
    with pytest.raises(Refused) as caught:
        set_profile(
            acme.control,
            ANNA,
            function=wrong.function,
            phone=wrong.phone,
            postal_address=wrong.postal_address,
        )
    assert caught.value.code == "profile"
    assert show_profile(acme.control, ANNA) == Profile()


def test_who_may(acme: Installation) -> None:
    control = acme.control
    anna = acme.view.account_by_address(ANNA)
    assert anna is not None
    holder = control.acting_as(Actor(account_id=anna.id))
    assert show_profile(holder, ANNA) == Profile()
    with pytest.raises(Forbidden):
        set_profile(holder, ANNA, phone="1")
    vera = users.add_user(control, "vera@who.test")
    users.set_membership(control, "vera@who.test", "Acme", Role.VIEWER)
    with pytest.raises(Forbidden):
        set_profile(control.acting_as(Actor(user_id=vera.id)), ANNA, phone="1")
    stranger = users.add_user(control, "x@who.test")
    with pytest.raises(Forbidden):
        show_profile(control.acting_as(Actor(user_id=stranger.id)), ANNA)

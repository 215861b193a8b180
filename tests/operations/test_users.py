"""Users of the Manager."""

import pytest

from alphorn.base.address import AddressError
from alphorn.base.errors import Exists, NotFound, Refused
from alphorn.base.password import PasswordError
from alphorn.base.scram import matches
from alphorn.base.secret import Secret
from alphorn.directory.values import MembershipInfo, Role
from alphorn.operations import organizations, users
from alphorn.operations.control import Actor
from alphorn.operations.rights import Forbidden
from tests.support.installation import ITERATIONS, PASSWORD, Installation


def test_the_first_administrator_is_made_once(installation: Installation) -> None:
    control = installation.control
    made = users.first_administrator(control, "Root@Example.org", Secret(PASSWORD))
    assert (made.email, made.operator, made.enabled) == ("root@example.org", True, True)
    with pytest.raises(Exists):
        users.first_administrator(control, "other@example.org", None)
    ((salt, iterations, stored_key),) = installation.sql(
        "SELECT salt, iterations, stored_key FROM directory_user"
    )
    assert iterations == ITERATIONS
    assert isinstance(salt, bytes)
    assert isinstance(stored_key, bytes)
    assert matches(PASSWORD, salt, ITERATIONS, stored_key)


def test_what_is_refused(installation: Installation) -> None:
    control = installation.control
    users.add_user(control, "olga@example.org", name="Olga")
    with pytest.raises(Exists):
        users.add_user(control, "OLGA@example.org")
    with pytest.raises(AddressError):
        users.add_user(control, "olga")
    with pytest.raises(PasswordError):
        users.add_user(control, "ole@example.org", Secret("ole@example.org"))
    with pytest.raises(NotFound):
        users.show_user(control, "nobody@example.org")
    with pytest.raises(NotFound):
        users.set_membership(control, "olga@example.org", "Acme", Role.OWNER)


def test_the_last_operator_stays(installation: Installation) -> None:
    control = installation.control
    users.first_administrator(control, "root@example.org", None)
    for act in (
        lambda: users.remove_user(control, "root@example.org"),
        lambda: users.enable_user(control, "root@example.org", on=False),
    ):
        with pytest.raises(Refused) as caught:
            act()
        assert caught.value.code == "last-operator"
    users.add_user(control, "two@example.org", operator=True)
    users.remove_user(control, "root@example.org")
    assert [info.email for info in users.list_users(control)] == ["two@example.org"]


def test_memberships(installation: Installation) -> None:
    control = installation.control
    acme = organizations.add_organization(control, "Acme")
    organizations.add_organization(control, "Other")
    user = users.add_user(control, "olga@example.org")
    users.set_membership(control, "olga@example.org", "Acme", Role.VIEWER)
    users.set_membership(control, "olga@example.org", "Other", Role.VIEWER)
    users.set_membership(control, "olga@example.org", "acme", Role.OWNER)
    in_acme = MembershipInfo(acme.id, "Acme", Role.OWNER)
    assert len(users.show_user(control, "olga@example.org").memberships) == 2
    olga = control.acting_as(Actor(user_id=user.id))
    # An owner sees the people of his organization, and not where else they belong.
    assert [info.memberships for info in users.list_users(olga, "Acme")] == [(in_acme,)]
    users.add_user(control, "ole@example.org")
    users.set_membership(olga, "ole@example.org", "Acme", Role.MANAGER)
    for act in (
        lambda: users.set_membership(olga, "ole@example.org", "Other", Role.MANAGER),
        lambda: users.list_users(olga),
        lambda: users.add_user(olga, "friend@example.org"),
        lambda: users.show_user(olga, "ole@example.org"),
        lambda: users.remove_user(olga, "ole@example.org"),
        lambda: users.set_user_password(olga, "ole@example.org", Secret(PASSWORD)),
    ):
        with pytest.raises(Forbidden):
            act()
    assert users.show_user(olga, "olga@example.org").id == user.id
    users.set_user_password(olga, "olga@example.org", Secret(PASSWORD))

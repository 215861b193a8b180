"""Organizations, plans and who may change them."""

from dataclasses import replace

import pytest

from alphorn.base.errors import Exists, NotFound, Refused
from alphorn.directory.values import PlanLimits, Role
from alphorn.operations import domains, organizations, plans, users
from alphorn.operations.control import Actor
from alphorn.operations.rights import RIGHTS, Forbidden, Right
from tests.support.installation import Installation


def test_life_of_an_organization(installation: Installation) -> None:
    control = installation.control
    made = organizations.add_organization(control, "  Acme \t Ltd ")
    assert (made.name, made.plan, made.limits) == ("Acme Ltd", "Standard", PlanLimits())
    assert organizations.show_organization(control, "ACME ltd") == made
    with pytest.raises(Exists):
        organizations.add_organization(control, "acme LTD")
    renamed = organizations.rename_organization(control, "Acme Ltd", "ACME Ltd")
    assert renamed.name == "ACME Ltd"
    organizations.add_organization(control, "Other")
    with pytest.raises(Exists):
        organizations.rename_organization(control, "Other", "acme ltd")
    assert [info.name for info in organizations.list_organizations(control)] == [
        "ACME Ltd",
        "Other",
    ]
    domains.add_domain(control, "example.test", "Other")
    with pytest.raises(Refused) as caught:
        organizations.remove_organization(control, "Other")
    assert caught.value.code == "in-use"
    organizations.remove_organization(control, "acme ltd")
    with pytest.raises(NotFound):
        organizations.show_organization(control, "Acme Ltd")


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "a\x00b", "a\u200eb"])
def test_names(installation: Installation, name: str) -> None:
    with pytest.raises(Refused) as caught:
        organizations.add_organization(installation.control, name)
    assert caught.value.code == "name"


def test_plans(installation: Installation) -> None:
    control = installation.control
    limits = PlanLimits(address_quota=3, catch_all=False)
    assert plans.add_plan(control, "Small", limits).limits == limits
    with pytest.raises(Exists):
        plans.add_plan(control, "SMALL", limits)
    organizations.add_organization(control, "Acme", plan="small")
    with pytest.raises(Refused):
        plans.remove_plan(control, "Small")
    assert organizations.set_plan(control, "Acme", "Standard").plan == "Standard"
    plans.remove_plan(control, "Small")
    with pytest.raises(NotFound):
        organizations.set_plan(control, "Acme", "Small")
    with pytest.raises(Refused):
        plans.remove_plan(control, "Standard")
    changed = plans.change_plan(control, "standard", replace(limits, messages_per_day=0))
    assert changed.organizations == 1
    assert plans.list_plans(control) == (changed,)


@pytest.mark.parametrize(
    "limits",
    [
        PlanLimits(address_quota=-1),
        PlanLimits(storage_octets=2**60),
        PlanLimits(recipients_per_message=0),
        PlanLimits(recipients_per_message=1001),
    ],
)
def test_limits_make_sense(installation: Installation, limits: PlanLimits) -> None:
    with pytest.raises(Refused) as caught:
        plans.add_plan(installation.control, "Odd", limits)
    assert caught.value.code == "limits"


def test_rights_of_roles(installation: Installation) -> None:
    """What each role may do, and that a right ends when it is taken away."""
    control = installation.control
    for name in ("Acme", "Other"):
        organizations.add_organization(control, name)
    user = users.add_user(control, "olga@example.org")
    olga = control.acting_as(Actor(user_id=user.id))

    def may_rename() -> bool:
        try:
            organizations.rename_organization(olga, "Acme", "Acme")
        except Forbidden:
            return False
        return True

    assert not may_rename()
    assert organizations.list_organizations(olga) == ()
    for role in Role:
        users.set_membership(control, "olga@example.org", "Acme", role)
        assert may_rename() is (Right.ORGANIZATION in RIGHTS[role])
        assert [info.name for info in organizations.list_organizations(olga)] == ["Acme"]
        with pytest.raises(Forbidden):
            organizations.rename_organization(olga, "Other", "Mine")
        with pytest.raises(Forbidden):
            organizations.add_organization(olga, "Mine")
        with pytest.raises(Forbidden):
            organizations.set_plan(olga, "Acme", "Standard")
        with pytest.raises(Forbidden):
            plans.list_plans(olga)
    users.set_membership(control, "olga@example.org", "Acme", Role.OWNER)
    assert may_rename()
    users.enable_user(control, "olga@example.org", on=False)
    assert not may_rename()
    users.enable_user(control, "olga@example.org", on=True)
    assert may_rename()
    users.remove_membership(control, "olga@example.org", "Acme")
    assert not may_rename()


def test_nobody_may_do_nothing(installation: Installation) -> None:
    installation.domain()
    nobody = installation.control.acting_as(Actor())
    assert organizations.list_organizations(nobody) == ()
    assert domains.list_domains(nobody) == ()
    with pytest.raises(Forbidden):
        organizations.show_organization(nobody, "Acme")
    unknown = installation.control.acting_as(Actor(user_id=99))
    assert organizations.list_organizations(unknown) == ()


def test_operators_among_users_may_do_everything(installation: Installation) -> None:
    user = users.first_administrator(installation.control, "root@example.org", None)
    root = installation.control.acting_as(Actor(user_id=user.id))
    organizations.add_organization(root, "Acme")
    assert len(organizations.list_organizations(root)) == 1
    assert plans.list_plans(root)

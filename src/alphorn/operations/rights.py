"""Who may do what: roles give rights in one organization, operators may do everything.

Each operation calls one of these first, inside its transaction, so that a right that was taken away
a moment ago is gone.
"""

from enum import Enum

from alphorn.base.errors import Refused
from alphorn.directory.orm import Membership, User
from alphorn.directory.values import Role
from alphorn.operations.control import Actor


class Right(Enum):
    """What somebody may do in an organization; the values complete "you may not ..."."""

    SEE = "see this organization"
    ADDRESSES = "change addresses and accounts of this organization"
    DOMAINS = "change domains of this organization"
    MEMBERS = "change who may manage this organization"
    ORGANIZATION = "change this organization"


RIGHTS: dict[Role, frozenset[Right]] = {
    Role.OWNER: frozenset(Right),
    Role.MANAGER: frozenset({Right.SEE, Right.ADDRESSES, Right.DOMAINS}),
    Role.VIEWER: frozenset({Right.SEE}),
}


MANAGING = tuple(role.value for role, rights in RIGHTS.items() if Right.ADDRESSES in rights)
"""The roles of those who manage an organization, as rows have them."""


class Forbidden(Refused):
    """The actor may not do this."""

    code = "forbidden"


def has(actor: Actor, right: Right, organization_id: int) -> bool:
    if actor.operator:
        return True
    if actor.user_id is None:
        return False
    if User.objects.filter(pk=actor.user_id, enabled=True, operator=True).exists():
        return True
    role = (
        Membership.objects.filter(
            user_id=actor.user_id,
            user__enabled=True,
            organization_id=organization_id,
            organization__enabled=True,
        )
        .values_list("role", flat=True)
        .first()
    )
    return role is not None and right in RIGHTS[Role(role)]


def require(actor: Actor, right: Right, organization_id: int) -> None:
    """Raises Forbidden."""
    if not has(actor, right, organization_id):
        raise Forbidden(f"You may not {right.value}.")


def require_holder(actor: Actor, account_id: int, organization_id: int) -> None:
    """For what an account's holder may do to it, as well as whoever manages it."""
    if actor.account_id is None or actor.account_id != account_id:
        require(actor, Right.ADDRESSES, organization_id)


def require_operator(actor: Actor) -> None:
    """For what concerns the whole installation. Raises Forbidden."""
    if actor.operator:
        return
    if (
        actor.user_id is not None
        and User.objects.filter(pk=actor.user_id, enabled=True, operator=True).exists()
    ):
        return
    raise Forbidden("Only an operator of this installation may do that.")


def visible_organizations(actor: Actor) -> frozenset[int] | None:
    """Which organizations the actor may see; None means all."""
    if actor.operator:
        return None
    if actor.user_id is None:
        return frozenset()
    user = User.objects.filter(pk=actor.user_id, enabled=True).first()
    if user is None:
        return frozenset()
    if user.operator:
        return None
    return frozenset(
        user.memberships.filter(organization__enabled=True).values_list(
            "organization_id", flat=True
        )
    )

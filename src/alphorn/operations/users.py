"""Users: people who sign in to the Manager, and what they may do in which organization."""

from alphorn.base import address as rules
from alphorn.base.errors import Exists, Refused
from alphorn.base.secret import Secret
from alphorn.directory.orm import Membership, User, change, reading
from alphorn.directory.rows import user_info, user_infos
from alphorn.directory.values import Role, UserInfo
from alphorn.operations import find
from alphorn.operations.control import Control
from alphorn.operations.rights import Right, require, require_operator
from alphorn.operations.verifier import Verifier, make


def first_administrator(control: Control, email: str, password: Secret | None) -> UserInfo:
    """The operator that a new installation begins with. Raises Exists where there is one,
    AddressError, PasswordError."""
    return _add(control, email, password, name="", operator=True, first=True)


def add_user(
    control: Control,
    email: str,
    password: Secret | None = None,
    *,
    name: str = "",
    operator: bool = False,
) -> UserInfo:
    """Without a password he cannot sign in yet; without a membership he sees nothing.

    Raises Exists, AddressError, PasswordError, Refused("name"), Forbidden.
    """
    return _add(control, email, password, name=name, operator=operator, first=False)


def _add(
    control: Control,
    email: str,
    password: Secret | None,
    *,
    name: str,
    operator: bool,
    first: bool,
) -> UserInfo:
    email = str(rules.parse_foreign(email.strip())).lower()
    name = find.name(name, "user") if name.strip() else ""
    verifier = make(password, control.iterations, email, name)
    with change():
        require_operator(control.actor)
        if first and User.objects.filter(operator=True).exists():
            raise Exists("This installation has an administrator already.", code="administrator")
        if User.objects.filter(email=email).exists():
            raise Exists(f"There is a user {email} already.")
        row = User.objects.create(
            email=email,
            name=name,
            operator=operator,
            salt=verifier.salt,
            iterations=verifier.iterations,
            stored_key=verifier.stored_key,
            server_key=verifier.server_key,
            created=control.now(),
        )
        return user_info(row)


def set_user_password(control: Control, email: str, password: Secret) -> UserInfo:
    """By an operator, or by the user himself. Raises PasswordError, NotFound, Forbidden."""
    with reading():
        name = find.user(email).name
    verifier: Verifier = make(password, control.iterations, email, name)
    with change():
        row = find.user(email)
        if control.actor.user_id != row.pk:
            require_operator(control.actor)
        row.salt = verifier.salt
        row.iterations = verifier.iterations
        row.stored_key = verifier.stored_key
        row.server_key = verifier.server_key
        row.save(update_fields=["salt", "iterations", "stored_key", "server_key"])
        return user_info(row)


def enable_user(control: Control, email: str, on: bool) -> UserInfo:
    """Switched off, he cannot sign in. Raises NotFound, Refused("last-operator"), Forbidden."""
    with change():
        require_operator(control.actor)
        row = find.user(email)
        if not on:
            _not_the_last_operator(row)
        row.enabled = on
        row.save(update_fields=["enabled"])
        return user_info(row)


def remove_user(control: Control, email: str) -> UserInfo:
    """With his memberships. Raises NotFound, Refused("last-operator"), Forbidden."""
    with change():
        require_operator(control.actor)
        row = find.user(email)
        _not_the_last_operator(row)
        info = user_info(row)
        row.delete()
        return info


def set_membership(control: Control, email: str, organization: str, role: Role) -> UserInfo:
    """Give the user this role in the organization, instead of what he had there.

    Raises NotFound, Forbidden.
    """
    with change():
        owner = find.organization(organization)
        require(control.actor, Right.MEMBERS, owner.pk)
        row = find.user(email)
        Membership.objects.update_or_create(
            user=row, organization=owner, defaults={"role": role.value}
        )
        return user_info(row, owner.pk)


def remove_membership(control: Control, email: str, organization: str) -> UserInfo:
    """Raises NotFound, Forbidden."""
    with change():
        owner = find.organization(organization)
        require(control.actor, Right.MEMBERS, owner.pk)
        row = find.user(email)
        row.memberships.filter(organization=owner).delete()
        return user_info(row, owner.pk)


def show_user(control: Control, email: str) -> UserInfo:
    with reading():
        row = find.user(email)
        if control.actor.user_id != row.pk:
            require_operator(control.actor)
        return user_info(row)


def list_users(control: Control, organization: str | None = None) -> tuple[UserInfo, ...]:
    """All users, for operators; those of one organization for whoever may change them."""
    with reading():
        rows = User.objects.order_by("email")
        if organization is None:
            require_operator(control.actor)
            return user_infos(rows)
        owner = find.organization(organization)
        require(control.actor, Right.MEMBERS, owner.pk)
        return user_infos(rows.filter(memberships__organization=owner), owner.pk)


def _not_the_last_operator(row: User) -> None:
    others = User.objects.filter(operator=True, enabled=True).exclude(pk=row.pk)
    if row.operator and not others.exists():
        raise Refused(f"{row.email} is the last operator.", code="last-operator")

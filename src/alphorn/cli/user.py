"""`alphorn user …`: people who sign in to the Manager, and what they may do."""

from argparse import Namespace

from alphorn.cli.arguments import PASSWORD, password, required_password, shown_once
from alphorn.cli.confirm import YES, confirm
from alphorn.cli.table import JSON, Argument, Command, Context, Json
from alphorn.directory.values import Role, UserInfo
from alphorn.operations import users

_EMAIL = Argument("email", help="the address to sign in with")
_ORGANIZATION = Argument("organization", help="the organization")
_COLUMNS = {
    "email": "User",
    "name": "Name",
    "operator": "Operator",
    "roles": "Roles",
    "enabled": "On",
}


def _row(info: UserInfo) -> dict[str, Json]:
    return {
        "id": info.id,
        "email": info.email,
        "name": info.name,
        "operator": info.operator,
        "enabled": info.enabled,
        "memberships": [
            {"organization": member.organization, "role": member.role.value}
            for member in info.memberships
        ],
        "roles": [f"{member.role.value} of {member.organization}" for member in info.memberships],
    }


def _show(context: Context, args: Namespace, info: UserInfo) -> int:
    context.record(args, _row(info), _COLUMNS)
    return 0


def _add(context: Context, args: Namespace) -> int:
    secret = password(context, args)
    made = users.add_user(
        context.services.control, args.email, secret, name=args.name, operator=args.operator
    )
    once = shown_once(args, secret)
    context.record(args, _row(made) | once, _COLUMNS | dict.fromkeys(once, "Password"))
    return 0


def _password(context: Context, args: Namespace) -> int:
    secret = required_password(context, args)
    info = users.set_user_password(context.services.control, args.email, secret)
    once = shown_once(args, secret)
    if args.json or once:
        columns = {"email": "User"} | dict.fromkeys(once, "Password")
        context.record(args, {"email": info.email} | once, columns)
    context.note(f"{info.email} has a new password.")
    return 0


def _list(context: Context, args: Namespace) -> int:
    rows = [_row(info) for info in users.list_users(context.services.control, args.organization)]
    context.table(args, rows, _COLUMNS, "Nobody.")
    return 0


def _show_one(context: Context, args: Namespace) -> int:
    return _show(context, args, users.show_user(context.services.control, args.email))


def _enable(context: Context, args: Namespace) -> int:
    return _show(context, args, users.enable_user(context.services.control, args.email, on=True))


def _disable(context: Context, args: Namespace) -> int:
    return _show(context, args, users.enable_user(context.services.control, args.email, on=False))


def _remove(context: Context, args: Namespace) -> int:
    control = context.services.control
    info = users.show_user(control, args.email)
    confirm(context, args, info.email, f"This removes the user {info.email}.")
    users.remove_user(control, info.email)
    context.note(f"{info.email} is removed.")
    return 0


def _join(context: Context, args: Namespace) -> int:
    control = context.services.control
    role = Role(args.role)
    return _show(context, args, users.set_membership(control, args.email, args.organization, role))


def _leave(context: Context, args: Namespace) -> int:
    control = context.services.control
    return _show(context, args, users.remove_membership(control, args.email, args.organization))


COMMANDS = (
    Command(
        "user add",
        "add a user",
        _add,
        (
            _EMAIL,
            *PASSWORD,
            Argument("--name", default="", help="the person's name"),
            Argument(
                "--operator", action="store_true", help="may do everything in this installation"
            ),
            JSON,
        ),
    ),
    Command(
        "user list",
        "list the users",
        _list,
        (
            Argument("--organization", metavar="NAME", help="only those of this organization"),
            JSON,
        ),
    ),
    Command("user show", "show one user", _show_one, (_EMAIL, JSON)),
    Command("user password", "give a user a new password", _password, (_EMAIL, *PASSWORD, JSON)),
    Command(
        "user join",
        "give a user a role in an organization",
        _join,
        (
            _EMAIL,
            _ORGANIZATION,
            Argument(
                "--role",
                choices=[role.value for role in Role],
                default=Role.MANAGER.value,
                help="what the user may do there (else manager)",
            ),
            JSON,
        ),
    ),
    Command(
        "user leave",
        "take a user's role in an organization away",
        _leave,
        (_EMAIL, _ORGANIZATION, JSON),
    ),
    Command("user enable", "let a user sign in again", _enable, (_EMAIL, JSON)),
    Command("user disable", "keep a user from signing in", _disable, (_EMAIL, JSON)),
    Command("user remove", "remove a user", _remove, (_EMAIL, YES)),
)

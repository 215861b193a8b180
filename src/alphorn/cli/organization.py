"""`alphorn organization …`: who owns domains and accounts."""

from argparse import Namespace

from alphorn.cli.confirm import YES, confirm
from alphorn.cli.table import JSON, Argument, Command, Context, Json
from alphorn.directory.values import STANDARD_PLAN, OrganizationInfo
from alphorn.operations import organizations

_NAME = Argument("name", help="its name")
_COLUMNS = {
    "name": "Organization",
    "plan": "Plan",
    "domains": "Domains",
    "addresses": "Addresses",
    "address_quota": "Of at most",
    "enabled": "On",
}


def _row(info: OrganizationInfo) -> dict[str, Json]:
    return {
        "id": info.id,
        "name": info.name,
        "enabled": info.enabled,
        "plan": info.plan,
        "domains": info.domains,
        "addresses": info.addresses,
        "address_quota": info.limits.address_quota,
        "created_at": info.created,
    }


def _show(context: Context, args: Namespace, info: OrganizationInfo) -> int:
    context.record(args, _row(info), _COLUMNS | {"created_at": "Since"})
    return 0


def _add(context: Context, args: Namespace) -> int:
    made = organizations.add_organization(context.services.control, args.name, args.plan)
    return _show(context, args, made)


def _list(context: Context, args: Namespace) -> int:
    rows = [_row(info) for info in organizations.list_organizations(context.services.control)]
    context.table(args, rows, _COLUMNS, "No organization yet; say: alphorn organization add NAME")
    return 0


def _show_one(context: Context, args: Namespace) -> int:
    control = context.services.control
    return _show(context, args, organizations.show_organization(control, args.name))


def _rename(context: Context, args: Namespace) -> int:
    control = context.services.control
    renamed = organizations.rename_organization(control, args.name, args.new_name)
    return _show(context, args, renamed)


def _plan(context: Context, args: Namespace) -> int:
    control = context.services.control
    return _show(context, args, organizations.set_plan(control, args.name, args.plan))


def _enable(context: Context, args: Namespace) -> int:
    control = context.services.control
    return _show(context, args, organizations.enable_organization(control, args.name, on=True))


def _disable(context: Context, args: Namespace) -> int:
    control = context.services.control
    return _show(context, args, organizations.enable_organization(control, args.name, on=False))


def _remove(context: Context, args: Namespace) -> int:
    control = context.services.control
    info = organizations.show_organization(control, args.name)
    confirm(context, args, info.name, f"This removes the organization {info.name}.")
    organizations.remove_organization(control, info.name)
    context.note(f"{info.name} is removed.")
    return 0


COMMANDS = (
    Command(
        "organization add",
        "add an organization",
        _add,
        (
            _NAME,
            Argument("--plan", default=STANDARD_PLAN, help=f"its plan (else {STANDARD_PLAN})"),
            JSON,
        ),
    ),
    Command("organization list", "list the organizations", _list, (JSON,)),
    Command("organization show", "show one organization", _show_one, (_NAME, JSON)),
    Command(
        "organization rename",
        "give an organization another name",
        _rename,
        (_NAME, Argument("new_name", help="its new name"), JSON),
    ),
    Command(
        "organization set-plan",
        "put an organization under another plan",
        _plan,
        (_NAME, Argument("plan", help="the plan"), JSON),
    ),
    Command("organization enable", "switch an organization on again", _enable, (_NAME, JSON)),
    Command(
        "organization disable",
        "switch an organization off: no mail, no logins, nothing is lost",
        _disable,
        (_NAME, JSON),
    ),
    Command("organization remove", "remove an empty organization", _remove, (_NAME, YES)),
)

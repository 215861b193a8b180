"""`alphorn plan …`: what organizations may do."""

from argparse import Namespace
from dataclasses import asdict, replace

from alphorn.base import kinds
from alphorn.cli.arguments import OCTETS, read_by
from alphorn.cli.confirm import YES, confirm
from alphorn.cli.table import JSON, Argument, Command, Context, Json
from alphorn.directory.values import PlanInfo, PlanLimits
from alphorn.operations import plans

_NAME = Argument("name", help="its name")
_NUMBER = kinds.whole(0, plans.MAX_NUMBER)
_COLUMNS = {
    "name": "Plan",
    "organizations": "Organizations",
    "address_quota": "Addresses",
    "storage_octets": "Octets an account",
    "catch_all": "Catch-all",
    "recipients_per_message": "Recipients",
    "messages_per_hour": "Messages an hour",
    "messages_per_day": "A day",
    "bulk_creations_per_day": "In bulk a day",
}
_LIMITS = (
    Argument(
        "--address-quota",
        type=read_by(_NUMBER),
        metavar="N",
        help="how many addresses an organization may have",
    ),
    Argument(
        "--storage",
        dest="storage_octets",
        type=read_by(OCTETS),
        metavar="OCTETS",
        help='how much mail an account may hold, such as "10 GiB"',
    ),
    Argument(
        "--catch-all",
        choices=("yes", "no"),
        help="whether a domain may have an address that catches everything else",
    ),
    Argument(
        "--recipients-per-message",
        type=read_by(kinds.whole(1, plans.MAX_RECIPIENTS)),
        metavar="N",
        help="how many recipients a message that is sent may have",
    ),
    Argument(
        "--messages-per-hour",
        type=read_by(_NUMBER),
        metavar="N",
        help="how many messages an account may send in an hour",
    ),
    Argument(
        "--messages-per-day",
        type=read_by(_NUMBER),
        metavar="N",
        help="how many messages an account may send in a day",
    ),
    Argument(
        "--bulk-creations-per-day",
        type=read_by(_NUMBER),
        metavar="N",
        help="how many addresses may be made in bulk in a day",
    ),
)
_ZERO = "A limit of 0 means none; a limit that is not named stays as it is."


def _row(info: PlanInfo) -> dict[str, Json]:
    row: dict[str, Json] = {"id": info.id, "name": info.name}
    return row | asdict(info.limits) | {"organizations": info.organizations}


def _limits(args: Namespace, before: PlanLimits) -> PlanLimits:
    given = {
        name: getattr(args, name)
        for name in asdict(before)
        if name != "catch_all" and getattr(args, name) is not None
    }
    if args.catch_all is not None:
        given["catch_all"] = args.catch_all == "yes"
    return replace(before, **given)


def _show(context: Context, args: Namespace, info: PlanInfo) -> int:
    context.record(args, _row(info), _COLUMNS)
    return 0


def _add(context: Context, args: Namespace) -> int:
    limits = _limits(args, PlanLimits())
    return _show(context, args, plans.add_plan(context.services.control, args.name, limits))


def _set(context: Context, args: Namespace) -> int:
    control = context.services.control
    limits = _limits(args, plans.show_plan(control, args.name).limits)
    return _show(context, args, plans.change_plan(control, args.name, limits))


def _show_one(context: Context, args: Namespace) -> int:
    return _show(context, args, plans.show_plan(context.services.control, args.name))


def _list(context: Context, args: Namespace) -> int:
    rows = [_row(info) for info in plans.list_plans(context.services.control)]
    context.table(args, rows, _COLUMNS)
    return 0


def _remove(context: Context, args: Namespace) -> int:
    control = context.services.control
    info = plans.show_plan(control, args.name)
    confirm(context, args, info.name, f"This removes the plan {info.name}.")
    plans.remove_plan(control, info.name)
    context.note(f"{info.name} is removed.")
    return 0


COMMANDS = (
    Command(
        "plan add",
        "add a plan",
        _add,
        (_NAME, *_LIMITS, JSON),
        "Add a plan. A limit of 0 means none; what is not named is as in the plan Standard.",
    ),
    Command("plan set", "change a plan", _set, (_NAME, *_LIMITS, JSON), f"Change a plan. {_ZERO}"),
    Command("plan list", "list the plans", _list, (JSON,)),
    Command("plan show", "show one plan", _show_one, (_NAME, JSON)),
    Command("plan remove", "remove a plan that nobody is under", _remove, (_NAME, YES)),
)

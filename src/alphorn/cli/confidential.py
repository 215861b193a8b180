"""`alphorn confidential …`: addresses that send and receive over a secured gateway only."""

from argparse import Namespace
from collections.abc import Callable

from alphorn.cli.table import JSON, Argument, Command, Context, Json
from alphorn.directory.values import ConfidentialInfo, ConfidentialState
from alphorn.operations import confidential

_ADDRESS = Argument("address", help="such as practice@example.org")
_NOTE = Argument("--note", metavar="WORDS", default="", help="what others are to know about it")
_COLUMNS = {
    "address": "Address",
    "gateway": "Gateway",
    "state": "State",
    "asked_by": "Asked by",
    "asked_at": "At (UTC)",
    "asked_note": "Note",
    "decided_by": "Decided by",
    "decided_at": "At (UTC)",
    "decided_note": "Note",
}


def _row(info: ConfidentialInfo) -> dict[str, Json]:
    return {
        "address": info.address,
        "gateway": info.gateway,
        "state": info.state.value,
        "asked_by": info.asked_by,
        "asked_at": info.asked,
        "asked_note": info.asked_note,
        "decided_by": info.decided_by,
        "decided_at": info.decided,
        "decided_note": info.decided_note,
    }


def _list(context: Context, args: Namespace) -> int:
    found = confidential.list_confidential(
        context.services.control,
        organization=args.organization,
        gateway=args.gateway,
        state=ConfidentialState(args.state) if args.state else None,
    )
    context.table(args, [_row(one) for one in found], _COLUMNS, "Nobody asked for any.")
    return 0


def _request(context: Context, args: Namespace) -> int:
    control = context.services.control
    made = confidential.request(control, args.address, args.gateway, args.note)
    context.record(args, _row(made), _COLUMNS)
    if not args.json:
        context.note(f"It holds once it is approved: alphorn confidential approve {made.address}")
    return 0


def _decide(
    context: Context, args: Namespace, act: Callable[..., ConfidentialInfo]
) -> ConfidentialInfo:
    services = context.services
    return act(services.control, args.address, args.note, services.outgoing.notices.decided)


def _approve(context: Context, args: Namespace) -> int:
    made = _decide(context, args, confidential.approve)
    context.record(args, _row(made), _COLUMNS)
    return 0


def _refuse(context: Context, args: Namespace) -> int:
    made = _decide(context, args, confidential.refuse)
    context.record(args, _row(made), _COLUMNS)
    return 0


def _withdraw(context: Context, args: Namespace) -> int:
    made = _decide(context, args, confidential.withdraw)
    context.record(args, _row(made), _COLUMNS)
    return 0


COMMANDS = (
    Command(
        "confidential list",
        "list confidential addresses, and those that are to be",
        _list,
        (
            Argument("--organization", metavar="NAME", help="only those of this organization"),
            Argument("--gateway", metavar="NAME", help="only those of this gateway"),
            Argument(
                "--state",
                choices=[state.value for state in ConfidentialState],
                help="only those that are so",
            ),
            JSON,
        ),
    ),
    Command(
        "confidential request",
        "ask that an address use a secured gateway only",
        _request,
        (
            _ADDRESS,
            Argument("--gateway", metavar="NAME", required=True, help="the gateway it is to use"),
            _NOTE,
            JSON,
        ),
        "Ask that an address send and receive over a secured gateway only. Nothing changes until an"
        "\noperator approves.",
    ),
    Command(
        "confidential approve",
        "let an address use its gateway only, as was asked",
        _approve,
        (_ADDRESS, _NOTE, JSON),
    ),
    Command(
        "confidential refuse",
        "refuse what was asked for an address",
        _refuse,
        (_ADDRESS, _NOTE, JSON),
    ),
    Command(
        "confidential withdraw",
        "take a request back, or make a confidential address an ordinary one",
        _withdraw,
        (_ADDRESS, _NOTE, JSON),
    ),
)

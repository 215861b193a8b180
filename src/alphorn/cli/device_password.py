"""`alphorn device-password …`: generated passwords, one for each mail program."""

from argparse import Namespace

from alphorn.cli.account import ADDRESS
from alphorn.cli.arguments import expiry
from alphorn.cli.table import JSON, Argument, Command, Context, Json
from alphorn.directory.values import DevicePasswordInfo, LoginProtocol
from alphorn.operations import passwords

_NAME = Argument("name", help='what it is for, such as "phone"')
_COLUMNS = {
    "name": "Device",
    "protocols": "For",
    "created_at": "Since (UTC)",
    "last_used_at": "Last used (UTC)",
    "expires_at": "Ends (UTC)",
}


def _row(info: DevicePasswordInfo) -> dict[str, Json]:
    return {
        "id": info.id,
        "name": info.name,
        "protocols": sorted(info.protocols),
        "created_at": info.created,
        "last_used_at": info.last_used,
        "expires_at": info.expires,
    }


def _add(context: Context, args: Namespace) -> int:
    control = context.services.control
    expires = expiry(context, args.expires)
    protocols = args.protocols.split(",") if args.protocols else tuple(LoginProtocol)
    made = passwords.add_device_password(control, args.address, args.name, protocols, expires)
    context.record(
        args,
        _row(made.info) | {"password": made.password.reveal()},
        {"name": "Device", "protocols": "For", "password": "Password"},
    )
    context.note("This password is not shown again.")
    return 0


def _list(context: Context, args: Namespace) -> int:
    listed = passwords.list_device_passwords(context.services.control, args.address)
    rows = [_row(info) for info in listed]
    context.table(args, rows, _COLUMNS, f"{args.address} has no device passwords.")
    return 0


def _revoke(context: Context, args: Namespace) -> int:
    info = passwords.revoke_device_password(context.services.control, args.address, args.name)
    context.note(f"The device password {info.name} of {args.address} opens nothing any more.")
    return 0


COMMANDS = (
    Command(
        "device-password add",
        "make a password for one mail program and print it",
        _add,
        (
            ADDRESS,
            _NAME,
            Argument(
                "--protocols",
                metavar="LIST",
                help=f"some of {','.join(LoginProtocol)}; else all of them",
            ),
            Argument("--expires", metavar="WHEN", help='after "30 d", or with the day 2030-12-31'),
            JSON,
        ),
    ),
    Command("device-password list", "list an account's device passwords", _list, (ADDRESS, JSON)),
    Command("device-password revoke", "revoke a device password", _revoke, (ADDRESS, _NAME)),
)

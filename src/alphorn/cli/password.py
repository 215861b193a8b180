"""`alphorn password …`: what people log in with to read and send mail."""

from argparse import Namespace

from alphorn.cli.account import ADDRESS
from alphorn.cli.arguments import PASSWORD, required_password, shown_once
from alphorn.cli.table import JSON, Command, Context
from alphorn.operations import passwords


def _set(context: Context, args: Namespace) -> int:
    secret = required_password(context, args)
    info = passwords.set_password(context.services.control, args.address, secret)
    once = shown_once(args, secret)
    if args.json or once:
        columns = {"address": "Account"} | dict.fromkeys(once, "Password")
        context.record(args, {"address": info.address} | once, columns)
    context.note(f"{info.address} has a new password; whoever is logged in has to log in again.")
    return 0


COMMANDS = (
    Command("password set", "give an account a new password", _set, (ADDRESS, *PASSWORD, JSON)),
)

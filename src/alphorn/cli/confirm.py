"""Asking before something is gone for good."""

from argparse import Namespace

from alphorn.base.errors import Refused
from alphorn.cli.table import Argument, Context

YES = Argument("--yes", action="store_true", help="do not ask; for scripts")
MAX_ANSWER = 1000


def confirm(context: Context, args: Namespace, name: str, what_happens: str) -> None:
    """Go on only when the name is typed once more, or with --yes. Raises Refused("unconfirmed")."""
    if args.yes:
        return
    print(what_happens, file=context.err)
    print(f"To go on, type {name}: ", end="", file=context.err, flush=True)
    answer = context.input.readline(MAX_ANSWER).strip()
    if answer.lower() != name.lower():
        if not answer:
            print(file=context.err)
        raise Refused("Nothing was removed. (In scripts say --yes.)", code="unconfirmed")

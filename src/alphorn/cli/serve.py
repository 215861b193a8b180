"""`alphorn serve`, and telling the service that runs to reload or to restart.

How a service is built is the composition root's business; it injects that here.
"""

import os
import signal
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable
from pathlib import Path

from alphorn.base.errors import NotFound, Refused
from alphorn.base.kinds import MAX_PORT
from alphorn.base.layout import Layout
from alphorn.base.settings import ROLES
from alphorn.cli.table import Argument, Command, Context
from alphorn.servers import lock
from alphorn.servers.launch import Launch

MAX_WORKERS = 256
DEMO_WORKERS = 2

Serve = Callable[[Launch], int]


def commands(serve: Serve, check: Serve, demo: Serve) -> tuple[Command, ...]:
    """`serve` runs the service, `check` only sees whether it could, `demo` makes the sample data
    first; each returns the exit code."""

    def run(context: Context, args: Namespace) -> int:
        if args.strict and not args.local:
            raise Refused("--strict says something only together with --local.", code="usage")
        if args.demo:
            launch = Launch(
                context.data if "data" in args else demo_folder(),
                local=True,
                workers=DEMO_WORKERS if args.workers is None else args.workers,
                port_offset=args.port_offset,
            )
        else:
            launch = Launch(
                context.data,
                local=args.local,
                strict=args.strict,
                workers=args.workers,
                port_offset=args.port_offset,
                roles=args.roles,
            )
        if args.check:
            return check(launch)
        return demo(launch) if args.demo else serve(launch)

    return (Command("serve", "run the service", run, _ARGUMENTS, _DESCRIPTION),)


def demo_folder() -> Path:
    """Where the demo keeps its mail between two runs."""
    home = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return Path(home, "alphorn-demo")


def _reload(context: Context, args: Namespace) -> int:
    os.kill(_service(context), signal.SIGHUP)
    context.note("The service was told to read its settings again; its log says how that went.")
    return 0


def _restart(context: Context, args: Namespace) -> int:
    os.kill(_service(context), signal.SIGUSR2)
    context.note("The service was told to restart; its log says how that went.")
    return 0


def _service(context: Context) -> int:
    pid = lock.holder(Layout(context.data).run)
    if pid is None:
        raise NotFound(f"No service runs with the data in {context.data}.", code="not-running")
    return pid


def _number(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise ArgumentTypeError(f"is to be a number between {low} and {high}")
        return int(text)

    return read


def _roles(text: str) -> tuple[str, ...]:
    roles = tuple(dict.fromkeys(text.replace(",", " ").split()))
    unknown = [role for role in roles if role not in ROLES]
    if unknown or not roles:
        raise ArgumentTypeError(f"are to be some of {', '.join(ROLES)}")
    return roles


_DESCRIPTION = """\
Run the service until Ctrl-C or SIGTERM. Ports below 1024 need root, which is given up
once they are bound; --local needs none.

SIGHUP (or `alphorn reload`) reads the settings again, SIGUSR2 (or `alphorn restart`) takes a
new version of the program into use; neither refuses a connection or loses a message.
"""

_ARGUMENTS = (
    Argument(
        "--demo",
        action="store_true",
        help="everything on localhost with sample mail: try it in one minute",
    ),
    Argument(
        "--local",
        action="store_true",
        help="high ports on 127.0.0.1 only: 2525, 2465, 2587, 2143, 2993, ...",
    ),
    Argument(
        "--strict",
        action="store_true",
        help="with --local: treat clients on loopback like all others",
    ),
    Argument(
        "--workers",
        metavar="N",
        type=_number(0, MAX_WORKERS),
        help="how many worker processes; 0 for one a core (else the setting workers)",
    ),
    Argument(
        "--port-offset",
        metavar="N",
        type=_number(0, MAX_PORT),
        default=0,
        help="add N to every port, so that several instances run beside each other",
    ),
    Argument(
        "--roles",
        metavar="ROLE,...",
        type=_roles,
        help=f"only these of {', '.join(ROLES)} (else the setting roles)",
    ),
    Argument(
        "--check",
        action="store_true",
        help="only see whether the settings are right, and say what is wrong",
    ),
)

RELOAD = (
    Command(
        "reload",
        "make the service read its settings and certificate again",
        _reload,
    ),
)
RESTART = (
    Command(
        "restart",
        "take a new version of the program into use, without interruption",
        _restart,
    ),
)

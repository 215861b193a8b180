"""`alphorn gateway …`: the secured gateways of this installation."""

import asyncio
from argparse import Namespace
from pathlib import Path

from alphorn.base import settings as table
from alphorn.base.errors import Refused
from alphorn.base.layout import Layout
from alphorn.cli.checks import gateways as checks
from alphorn.cli.checks.finding import Finding, Level
from alphorn.cli.confirm import YES, confirm
from alphorn.cli.table import JSON, Argument, Command, Context, Json
from alphorn.directory.gateway_files import MAX_OCTETS, GatewayFiles
from alphorn.directory.values import GatewayInfo
from alphorn.operations import gateways
from alphorn.servers.certificate import describe
from alphorn.servers.resolver import resolver

_COLUMNS = {
    "name": "Name",
    "hosts": "Servers",
    "port": "Port",
    "clients": "Recognized by",
    "networks": "Calls from",
    "contact": "Contact",
    "certificate_expires_at": "Our certificate ends (UTC)",
}
_NAME = Argument("name", help="a short name such as hin, in letters, digits and hyphens")
_WHAT = (
    Argument(
        "--host",
        action="append",
        metavar="NAME",
        help="a server of it, by the name in its certificate (may be said several times)",
    ),
    Argument("--port", type=int, metavar="NUMBER", help="where the servers listen (else 25)"),
    Argument("--ca", type=Path, metavar="FILE", help="the authority that vouches for it, in PEM"),
    Argument("--certificate", type=Path, metavar="FILE", help="ours for it, with chain, in PEM"),
    Argument("--key", type=Path, metavar="FILE", help="the key to ours, in PEM, no password"),
    Argument(
        "--network",
        action="append",
        metavar="NETWORK",
        help="where it calls from, such as 192.0.2.0/28 (may be said several times)",
    ),
    Argument(
        "--client",
        action="append",
        metavar="NAME",
        help="by which certificate it is recognized when it calls: a name in it, sha256:DIGEST,"
        " or any (of its authority); else the names of its servers",
    ),
    Argument(
        "--no-client-certificate",
        action="store_true",
        help="recognize it by its networks and TLS alone, where it has no certificate",
    ),
    Argument(
        "--contact", metavar="ADDRESS", help="whom strangers are told to ask (else the postmaster)"
    ),
    JSON,
)


def _row(context: Context, info: GatewayInfo) -> dict[str, Json]:
    held = GatewayFiles.of(Layout(context.data).gateways, info.name)
    try:
        expires: float | None = describe(held.certificate.read_bytes()).expires
    except (OSError, ValueError):
        expires = None
    return {
        "name": info.name,
        "hosts": list(info.hosts),
        "port": info.port,
        "clients": list(info.clients) or "its networks alone",
        "networks": list(info.networks),
        "contact": info.contact,
        "certificate_expires_at": expires,
        "created_at": info.created,
    }


def _wanted(args: Namespace) -> gateways.Wanted:
    if args.client and args.no_client_certificate:
        raise Refused("Say --client or --no-client-certificate, not both.", code="gateway")
    return gateways.Wanted(
        hosts=args.host,
        port=args.port,
        clients=() if args.no_client_certificate else args.client,
        networks=args.network,
        contact=args.contact,
        ca=_content(args.ca),
        certificate=_content(args.certificate),
        key=_content(args.key),
    )


def _content(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            return file.read(MAX_OCTETS + 1)
    except OSError as error:
        why = error.strerror or str(error)
        raise Refused(f"{path} cannot be read: {why}.", code="gateway-files") from error


def _folder(context: Context) -> Path:
    return Layout(context.data).gateways


def _list(context: Context, args: Namespace) -> int:
    found = gateways.list_gateways(context.services.control)
    context.table(args, [_row(context, one) for one in found], _COLUMNS, "There is no gateway.")
    return 0


def _add(context: Context, args: Namespace) -> int:
    wanted = _wanted(args)
    control = context.services.control
    made = gateways.add_gateway(control, _folder(context), args.name, wanted)
    context.record(args, _row(context, made), _COLUMNS)
    if not args.json:
        context.note(f"Try it now: alphorn gateway check {made.name}")
    return 0


def _change(context: Context, args: Namespace) -> int:
    wanted = _wanted(args)
    control = context.services.control
    made = gateways.change_gateway(control, _folder(context), args.name, wanted)
    context.record(args, _row(context, made), _COLUMNS)
    return 0


def _remove(context: Context, args: Namespace) -> int:
    what = f"The gateway {args.name} and its files, among them a private key, will be gone."
    confirm(context, args, args.name, what)
    removed = gateways.remove_gateway(context.services.control, _folder(context), args.name)
    context.note(f"The gateway {removed.name} is removed.")
    return 0


def _check(context: Context, args: Namespace) -> int:
    services, settings = context.services, context.settings
    gateway = services.gateways.find(args.name.strip().lower())
    own, bind = settings[table.HOSTNAME], settings[table.QUEUE_BIND_ADDRESS]
    findings = asyncio.run(checks.reach(gateway, own, bind, resolver(settings)))
    if args.json:
        context.json([_finding(finding) for finding in findings])
    else:
        for finding in findings:
            context.say(f"{finding.level.value:<8} {finding.check}: {finding.text}")
            if finding.advice:
                context.say(f"{'':<8} -> {finding.advice}")
    return 1 if any(finding.level is Level.ERROR for finding in findings) else 0


def _finding(finding: Finding) -> dict[str, Json]:
    return {
        "server": finding.check,
        "level": finding.level.value,
        "text": finding.text,
        "advice": finding.advice,
    }


COMMANDS = (
    Command("gateway list", "list the secured gateways", _list, (JSON,)),
    Command(
        "gateway add",
        "set up a secured gateway",
        _add,
        (_NAME, *_WHAT),
        "Set up a secured gateway, over which alone confidential addresses send and receive. Its "
        "files are\ncopied into the data folder.",
    ),
    Command(
        "gateway change",
        "change a secured gateway, or give it new certificates",
        _change,
        (_NAME, *_WHAT),
        "Change what is said of a secured gateway and leave the rest. A list that is given takes "
        "the place of\nthe former one.",
    ),
    Command(
        "gateway remove",
        "remove a secured gateway that no address uses",
        _remove,
        (_NAME, YES),
    ),
    Command(
        "gateway check",
        "connect to the servers of a gateway and say what is wrong",
        _check,
        (_NAME, JSON),
        "Connect to each server of a gateway as the queue does: TLS with its certificate verified "
        "and ours\nshown. Nothing is sent. Exit code 1 where one of them cannot be used.",
    ),
)

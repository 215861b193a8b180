"""`alphorn blocked`: whether mail from an IP address is blocked here, in words for anybody."""

import asyncio
from argparse import ArgumentTypeError, Namespace

from alphorn.base import settings as table
from alphorn.base.address import fold_domain
from alphorn.base.errors import Unavailable
from alphorn.base.layout import Layout
from alphorn.cli.table import JSON, Argument, Command, Context
from alphorn.dns.lists import ListZone
from alphorn.operations import door
from alphorn.servers.rates import Rates
from alphorn.servers.resolver import resolver
from alphorn.servers.zones import zones as configured


def _blocked(context: Context, args: Namespace) -> int:
    settings = context.settings
    zones = [ListZone(zone, "block") for zone in args.list or ()] or [
        zone for zone in configured(settings) if zone.kind == "block"
    ]
    limit = settings[table.DOOR_CONNECTIONS]
    rates = _rates(context, limit)

    def connections(client: str, now: float) -> tuple[int, int]:
        return (rates.count(client, now) if rates is not None else 0), limit

    async def ask() -> door.Answer:
        asked = resolver(settings) if zones else None
        return await door.blocked(context.services.door, args.address, asked, zones, connections)

    try:
        answer = asyncio.run(ask())
    finally:
        if rates is not None:
            rates.close()
    if args.json:
        context.json(answer.facts())
    else:
        for sentence in answer.sentences:
            context.say(sentence)
    return 0


def _rates(context: Context, limit: int) -> Rates | None:
    """Those of the running service; None where it does not run."""
    path = Layout(context.data).rates
    if not path.exists():
        return None
    try:
        return Rates(path, limit, context.settings[table.DOOR_CONNECTIONS_WINDOW])
    except Unavailable:
        return None


def _zone(text: str) -> str:
    folded = fold_domain(text)
    if folded is None:
        raise ArgumentTypeError(f"{text!r} is no domain name")
    return folded


COMMANDS = (
    Command(
        "blocked",
        "say whether mail from an IP address is blocked here, and why",
        _blocked,
        (
            Argument("address", metavar="ADDRESS", help="an IP address"),
            Argument(
                "--list",
                type=_zone,
                action="append",
                metavar="ZONE",
                help="ask this block list in the DNS too; can be given several times",
            ),
            JSON,
        ),
        "Say whether mail from an IP address is blocked or delayed here, and why, in words that "
        "may be passed on to anybody.",
    ),
)

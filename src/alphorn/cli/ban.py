"""`alphorn ban …`: client networks that may not connect, who they are and why."""

from argparse import Namespace

from alphorn.base import kinds
from alphorn.base.door import Ban, Evidence, Offence, Scope
from alphorn.cli.arguments import read_by
from alphorn.cli.table import JSON, Argument, Command, Context, Json
from alphorn.operations import door
from alphorn.policy import bans

LIMIT = 1000
MAX_LIMIT = 100_000
_NETWORK = Argument(
    "network", metavar="NETWORK", help="an IP address, or a network such as 192.0.2.0/24"
)
_COLUMNS = {
    "network": "Network",
    "since_at": "Since (UTC)",
    "until_at": "Until (UTC)",
    "closed": "Closed to",
    "why": "Why",
}
_DETAILS = {
    "network": "Network",
    "banned": "Banned",
    "ban": "Ban of",
    "since_at": "Since (UTC)",
    "until_at": "Until (UTC)",
    "closed": "Closed to",
    "why": "Why",
    "times": "Times in a row",
    "note": "Note",
    "standing": "Its name",
    "good": "Good messages",
    "spam": "Spam",
    "unknown": "Unknown recipients",
    "refused": "Otherwise refused",
    "exempt": "Exempt",
}
_EVIDENCE = {
    "offence": "Offence",
    "count": "Count",
    "since_at": "First (UTC)",
    "last_at": "Last (UTC)",
    "sample": "The last one",
}
_CLOSED = {Scope.MX: "mail", Scope.LOGINS: "logins", Scope.ALL: "everything"}


def _why(ban: Ban) -> str:
    if ban.offence is Offence.OPERATOR:
        return ban.note or "an operator decided so"
    counted = ", ".join(map(bans.counted, ban.evidence))
    again = f", the {ban.times}. time in a row" if ban.times > 1 else ""
    return f"{bans.because(ban.offence)} ({counted}{again})"


def _row(ban: Ban) -> dict[str, Json]:
    return {
        "network": ban.network,
        "since_at": ban.since,
        "until_at": ban.until,
        "closed": _CLOSED[ban.scope],
        "scope": ban.scope.value,
        "offence": ban.offence.value,
        "why": _why(ban),
        "times": ban.times,
        "note": ban.note,
        "evidence": [_evidence(one) for one in ban.evidence],
    }


def _evidence(one: Evidence) -> dict[str, Json]:
    return {
        "offence": one.offence.value,
        "count": one.count,
        "since_at": one.since,
        "last_at": one.last,
        "sample": one.sample,
    }


def _list(context: Context, args: Namespace) -> int:
    found = door.list_bans(context.services.door, over=args.over, limit=args.limit)
    context.table(args, [_row(ban) for ban in found], _COLUMNS, "Nobody is banned.")
    if len(found) == args.limit and not args.json:
        context.note(f"Only {args.limit} bans are shown; --limit shows more.")
    return 0


def _add(context: Context, args: Namespace) -> int:
    ban = door.add_ban(
        context.services.door,
        args.network,
        args.time,
        scope=Scope(args.only) if args.only else Scope.ALL,
        note=args.note,
    )
    context.record(args, _row(ban), _COLUMNS)
    return 0


def _remove(context: Context, args: Namespace) -> int:
    name = door.remove_ban(context.services.door, args.network)
    context.note(f"{name} may connect again.")
    return 0


def _show(context: Context, args: Namespace) -> int:
    report = door.show_network(context.services.door, args.network)
    ban = report.bans[0] if report.bans else report.last
    tally = report.tally
    evidence = [_evidence(one) for one in (report.evidence or (ban.evidence if ban else ()))]
    row: dict[str, Json] = {
        **(_row(ban) if ban is not None else {}),
        "network": report.network,
        "ban": ban.network if ban is not None else None,
        "banned": bool(report.bans),
        "standing": report.standing.value,
        "good": round(tally.good, 1),
        "spam": round(tally.spam, 1),
        "unknown": round(tally.unknown, 1),
        "refused": round(tally.refused, 1),
        "exempt": report.exempt,
        "evidence": evidence,
        "bans": [_row(one) for one in report.bans],
    }
    context.record(args, row, _DETAILS)
    if not args.json and evidence:
        context.say()
        context.table(args, evidence, _EVIDENCE)
    return 0


def _limit(text: str) -> int:
    number = int(text)
    if not 1 <= number <= MAX_LIMIT:
        raise ValueError
    return number


COMMANDS = (
    Command(
        "ban list",
        "list who is banned and why, newest first",
        _list,
        (
            Argument("--over", action="store_true", help="also those whose ban has ended"),
            Argument(
                "--limit",
                type=_limit,
                default=LIMIT,
                metavar="N",
                help=f"at most so many (else {LIMIT})",
            ),
            JSON,
        ),
    ),
    Command(
        "ban add",
        "ban an address or a network for a while",
        _add,
        (
            _NETWORK,
            Argument(
                "--time",
                type=read_by(kinds.seconds(1, door.MAX_BAN_SECONDS)),
                default=7 * 86400,
                metavar="TIME",
                help='for how long, such as "4 h" or "30 d" (else 7 days)',
            ),
            Argument(
                "--only",
                choices=(Scope.MX.value, Scope.LOGINS.value),
                help="only from sending mail here (mx), or only from logging in (logins)",
            ),
            Argument(
                "--note",
                default="",
                metavar="TEXT",
                help="why; shown to operators, not to whoever is banned",
            ),
            JSON,
        ),
        "Ban an address or a network for a while. Who is banned hears until when; workers know of "
        "it within a second.",
    ),
    Command(
        "ban remove",
        "lift a ban, and forget what was counted against the network",
        _remove,
        (_NETWORK,),
    ),
    Command("ban show", "show what is known of a network", _show, (_NETWORK, JSON)),
)

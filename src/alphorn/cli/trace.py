"""`alphorn trace …`: what became of a message, and why."""

import re
import time
from argparse import ArgumentTypeError, Namespace
from collections.abc import Sequence
from datetime import datetime

from alphorn.base.trace import TraceEvent, Verdict
from alphorn.cli.table import JSON, Argument, Command, Context, Json, cell
from alphorn.operations import trace

LIMIT = 200
MAX_LIMIT = trace.MAX_EVENTS
_AGO = re.compile(r"([0-9]{1,6})\s*(min|h|d)")
_SECONDS = {"min": 60, "h": 3600, "d": 86400}
_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d")
_COLUMNS = {
    "time_at": "Time",
    "transaction": "Transaction",
    "stage": "Stage",
    "verdict": "Verdict",
    "recipient": "Recipient",
    "text": "What happened",
}


def _list(context: Context, args: Namespace) -> int:
    account = None
    if args.account is not None:
        from alphorn.operations import accounts

        account = accounts.show_account(context.services.control, args.account).id
    events = trace.find_events(
        context.services.trace,
        trace.EVERYTHING,
        trace.Question(
            transaction=args.transaction,
            message_id=args.message_id,
            address=args.address,
            account_id=account,
            domain=args.domain,
            stage=args.stage,
            verdict=args.verdict,
            since=args.since,
            until=args.until,
            limit=args.limit,
        ),
    )
    rows = [_row(event) for event in events]
    context.table(args, rows, _COLUMNS, "Nothing in the trace matches.")
    if len(events) == args.limit and not args.json:
        context.note(f"Only {args.limit} events are shown; --limit shows more.")
    return 0


def _show(context: Context, args: Namespace) -> int:
    events = trace.story(context.services.trace, trace.EVERYTHING, args.message)
    if args.json:
        context.json([_row(event) for event in events])
        return 0
    before = ""
    for event in events:
        if event.transaction != before:
            if before:
                context.say()
            before = event.transaction
            _head(context, [other for other in events if other.transaction == before])
        _tell(context, event)
    return 0


def _head(context: Context, events: Sequence[TraceEvent]) -> None:
    """Of one transaction; its first events are older than what the message says of itself."""
    context.say(f"{events[0].transaction}")
    context.say(f"  from        {cell('', events[0].sender or '<>')}")
    for message_id in dict.fromkeys(event.message_id for event in events if event.message_id):
        context.say(f"  Message-ID  {cell('', message_id)}")


def _tell(context: Context, event: TraceEvent) -> None:
    recipient = f" {cell('', event.recipient)}:" if event.recipient else ""
    when = cell("time_at", event.time)
    context.say(f"  {when}  {event.verdict.value:<9}{recipient} {cell('', event.text)}")
    facts = ", ".join(
        f"{key} {cell('', value)}"
        for key, value in event.facts.items()
        if value is not None and value != ""
    )
    if facts:
        context.say(f"  {'':<19}  {'':<9} ({facts})")


def _row(event: TraceEvent) -> dict[str, Json]:
    return {
        "time_at": event.time,
        "transaction": event.transaction,
        "stage": event.stage,
        "verdict": event.verdict.value,
        "text": event.text,
        "sender": event.sender,
        "recipient": event.recipient,
        "message_id": event.message_id,
        "account_id": event.account_id,
        "domain": event.domain,
        "facts": dict(event.facts),
    }


def moment(text: str, now: float | None = None) -> float:
    """Seconds UTC of "2026-01-31", "2026-01-31 14:00" (local time), or of "2 h" (ago)."""
    if ago := _AGO.fullmatch(text.strip()):
        return (time.time() if now is None else now) - int(ago[1]) * _SECONDS[ago[2]]
    for form in _FORMATS:
        try:
            return datetime.strptime(text.strip(), form).astimezone().timestamp()
        except ValueError:
            continue
    raise ArgumentTypeError('is to be such as "2026-01-31", "2026-01-31 14:00", "30min" or "2d"')


def _limit(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MAX_LIMIT:
        raise ArgumentTypeError(f"is to be a number between 1 and {MAX_LIMIT}")
    return int(text)


COMMANDS = (
    Command(
        "trace list",
        "list what happened, newest last",
        _list,
        (
            Argument("--address", metavar="A", help="to or from this address"),
            Argument("--message-id", metavar="ID", help="of the message with this Message-ID"),
            Argument("--transaction", metavar="T", help="in this transaction"),
            Argument("--domain", metavar="NAME", help="that concern this domain of ours"),
            Argument("--account", metavar="A", help="that concern this account"),
            Argument(
                "--stage", metavar="S", help='of this stage, such as "rcpt", "deliver" or "queue"'
            ),
            Argument(
                "--verdict",
                metavar="V",
                type=Verdict,
                choices=list(Verdict),
                help="only these: " + ", ".join(verdict.value for verdict in Verdict),
            ),
            Argument(
                "--since", metavar="WHEN", type=moment, help='from then on, such as "2h" or a date'
            ),
            Argument("--until", metavar="WHEN", type=moment, help="up to then"),
            Argument(
                "--limit",
                metavar="N",
                type=_limit,
                default=LIMIT,
                help=f"at most so many (else {LIMIT})",
            ),
            JSON,
        ),
    ),
    Command(
        "trace show",
        "tell the whole story of one message",
        _show,
        (
            Argument("message", metavar="MESSAGE", help="a transaction or a Message-ID"),
            JSON,
        ),
    ),
)

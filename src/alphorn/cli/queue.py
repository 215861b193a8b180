"""`alphorn queue …`: mail that waits to leave, and what an operator does with it."""

from argparse import Namespace

from alphorn.base.errors import Refused
from alphorn.cli.confirm import YES, confirm
from alphorn.cli.table import JSON, Argument, Command, Context, Json
from alphorn.queue.listing import MAX_LISTED, Filter, Listed, Recipient
from alphorn.queue.replies import problem_of
from alphorn.queue.values import State
from alphorn.queue.words import reason

SHOWN_RECIPIENTS = 2
_COLUMNS = {
    "name": "Name",
    "queued_at": "Since (UTC)",
    "sender": "From",
    "to": "To",
    "state": "State",
    "next_attempt_at": "Next try (UTC)",
    "why": "Why",
}
_DETAILS = {
    "name": "Name",
    "queued_at": "Since (UTC)",
    "expires_at": "Given up (UTC)",
    "sender": "From",
    "origin": "Origin",
    "message_id": "Message-ID",
    "transaction": "Transaction",
    "octets": "Octets",
}
_RECIPIENT = {
    "address": "Recipient",
    "state": "State",
    "attempts": "Tries",
    "attempted_at": "Last try (UTC)",
    "next_attempt_at": "Next try (UTC)",
    "why": "Why",
}
_STATES = {
    State.FAILED: "failed",
    State.RELAYED: "relayed",
    State.DELIVERED: "delivered",
}


def _recipient(recipient: Recipient) -> dict[str, Json]:
    last = recipient.last
    negative = last is not None and not last.positive
    return {
        "address": recipient.address,
        "state": _state(recipient),
        "attempts": recipient.attempts,
        "attempted_at": recipient.attempted,
        "next_attempt_at": _next(recipient),
        "why": reason(last) if last is not None and negative else None,
        "problem": problem_of(last).name.lower() if last is not None and negative else None,
        "code": last.code if last else None,
        "status": last.enhanced if last else None,
        "reply": last.text if last else None,
        "host": last.host if last else None,
    }


def _state(recipient: Recipient) -> str:
    if recipient.state is not State.WAITING:
        return f"{_STATES[recipient.state]}, to be reported"
    if recipient.claimed:
        return "being tried"
    return "held" if recipient.held else "waiting"


def _next(recipient: Recipient) -> float | None:
    """None where nothing is going to be tried by itself."""
    waits = recipient.state is State.WAITING and not recipient.held and not recipient.claimed
    return recipient.next_attempt if waits else None


def _row(listed: Listed) -> dict[str, Json]:
    """Of the recipients, the one who is tried next speaks for the message."""
    message = listed.message
    recipients = [_recipient(recipient) for recipient in listed.recipients]
    first = min(recipients, key=_urgency, default=None)
    addresses = [recipient.address for recipient in listed.recipients]
    more = len(addresses) - SHOWN_RECIPIENTS
    return {
        "name": message.name,
        "queued_at": message.created,
        "expires_at": message.expires,
        "sender": message.envelope.sender or "<>",
        "to": ", ".join(addresses[:SHOWN_RECIPIENTS]) + (f" and {more} more" if more > 0 else ""),
        "state": first["state"] if first else None,
        "next_attempt_at": first["next_attempt_at"] if first else None,
        "why": first["why"] if first else None,
        "octets": message.size,
        "origin": message.origin.kind.value,
        "message_id": message.origin.message_id,
        "transaction": message.origin.transaction,
        "account_id": message.origin.account_id,
        "recipients": recipients,
    }


def _urgency(recipient: dict[str, Json]) -> tuple[bool, float]:
    at = recipient["next_attempt_at"]
    return (recipient["state"] != "being tried", at if isinstance(at, int | float) else 1e18)


def _list(context: Context, args: Namespace) -> int:
    which = Filter(address=args.address or "", held=True if args.held else None)
    found = context.services.queue.list(which, args.limit)
    context.table(args, [_row(entry) for entry in found], _COLUMNS, "The queue is empty.")
    if len(found) == args.limit and not args.json:
        context.note(f"Only {args.limit} messages are shown; --limit shows more.")
    return 0


def _show(context: Context, args: Namespace) -> int:
    row = _row(context.services.queue.show(args.name))
    if args.json:
        context.json(row)
        return 0
    context.record(args, row, _DETAILS)
    context.say()
    recipients = row["recipients"]
    assert isinstance(recipients, list)
    context.table(args, recipients, _RECIPIENT)
    context.say()
    context.say(f"Its story: alphorn trace show {row['transaction']}")
    return 0


def _retry(context: Context, args: Namespace) -> int:
    count = sum(context.services.queue.retry(which) for which in _chosen(context, args))
    return _told(context, args, count, "to be tried now")


def _hold(context: Context, args: Namespace) -> int:
    count = sum(context.services.queue.hold(which) for which in _chosen(context, args))
    return _told(context, args, count, "held")


def _release(context: Context, args: Namespace) -> int:
    count = sum(context.services.queue.release(which) for which in _chosen(context, args))
    return _told(context, args, count, "released")


def _remove(context: Context, args: Namespace) -> int:
    chosen = _chosen(context, args)
    queue = context.services.queue
    messages = [entry.message.name for which in chosen for entry in queue.list(which)]
    if messages:
        what = "this message" if len(messages) == 1 else f"these {len(messages)} messages"
        word = messages[0] if len(messages) == 1 else str(len(messages))
        confirm(
            context,
            args,
            word,
            f"This removes {what} from the queue; recipients do not get them, and nobody is told.",
        )
    return _told(context, args, sum(map(queue.remove, chosen)), "removed")


def _told(context: Context, args: Namespace, count: int, what: str) -> int:
    if args.json:
        context.json({"recipients": count})
    else:
        context.say(f"{count} recipient{'s are' if count != 1 else ' is'} {what}.")
    return 0


def _chosen(context: Context, args: Namespace) -> list[Filter]:
    """What the arguments name. Raises Refused where they name nothing, NotFound for a name that
    is not in the queue."""
    if sum((bool(args.name), args.address is not None, args.all)) != 1:
        raise Refused("Say which messages: their names, --address, or --all.", code="usage")
    if args.all:
        return [Filter()]
    if args.address is not None:
        return [Filter(address=args.address)]
    return [Filter(name=context.services.queue.show(name).message.name) for name in args.name]


def _limit(text: str) -> int:
    number = int(text)
    if not 1 <= number <= MAX_LISTED:
        raise ValueError
    return number


_ADDRESS = Argument(
    "--address",
    metavar="ADDRESS",
    help="those from or to this address, or this domain",
)
_WHICH = (
    Argument("name", nargs="*", metavar="NAME", help="as `alphorn queue list` shows it"),
    _ADDRESS,
    Argument("--all", action="store_true", help="the whole queue"),
    JSON,
)
COMMANDS = (
    Command(
        "queue list",
        "list the messages that wait, oldest first",
        _list,
        (
            _ADDRESS,
            Argument("--held", action="store_true", help="only those that are held"),
            Argument(
                "--limit",
                type=_limit,
                default=1000,
                metavar="NUMBER",
                help=f"at most so many (1000; up to {MAX_LISTED})",
            ),
            JSON,
        ),
    ),
    Command(
        "queue show",
        "show one message and what became of each recipient so far",
        _show,
        (Argument("name", metavar="NAME", help="as `alphorn queue list` shows it"), JSON),
    ),
    Command("queue retry", "try now, before all others", _retry, _WHICH),
    Command(
        "queue hold",
        "keep back until released",
        _hold,
        _WHICH,
        "Held messages are not tried; their time runs on. An attempt that is being made goes on.",
    ),
    Command("queue release", "let go what is held", _release, _WHICH),
    Command(
        "queue remove",
        "remove without delivering; the sender is not told",
        _remove,
        (*_WHICH, YES),
    ),
)

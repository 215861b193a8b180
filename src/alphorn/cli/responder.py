"""`alphorn responder …`: auto-replies of an account, of which one is active at a time."""

from argparse import ArgumentTypeError, Namespace
from collections.abc import Sequence

from alphorn.cli.account import ADDRESS
from alphorn.cli.arguments import read_text, text_given
from alphorn.cli.table import JSON, Argument, Command, Context, Json, cell
from alphorn.message.envelope import Envelope, Origin
from alphorn.operations import accounts, responders, signatures
from alphorn.operations.responders import ResponderInfo
from alphorn.operations.responding import Sender
from alphorn.operations.sender_proof import ProofParts
from alphorn.sieve import responder as model
from alphorn.sieve.responder import MAX_HTML, MAX_TEXT
from alphorn.sieve.responder_times import NO_ZONE, WEEKDAYS, window_as_json

ALWAYS, NOBODY = "always", "nobody"
_NAME = Argument("name", help="the name of the responder, or its id")
_CONTENT = (
    Argument("--text", metavar="TEXT", help="what it says"),
    Argument("--text-file", metavar="FILE", help='the same from a file, "-" for standard input'),
    Argument("--html-file", metavar="FILE", help='the same in HTML, from a file ("" for none)'),
    Argument("--signature", metavar="NAME", help='which signature stands below it ("" for none)'),
    Argument("--subject", metavar="TEXT", help='its subject (else "Auto:" and the message\'s)'),
    Argument(
        "--start",
        metavar="WHEN",
        help="the day or minute it begins with, such as 2030-12-24 or 2030-12-24T18:00",
    ),
    Argument("--end", metavar="WHEN", help="the day or minute it ends with, which is within"),
    Argument(
        "--zone",
        metavar="ZONE",
        help="the time zone of all times, such as Europe/Zurich (else that of the account, or UTC)",
    ),
    Argument(
        "--window",
        metavar="WHEN",
        action="append",
        help='only then, each week: "mon-fri 18:00-08:00", "sat,sun", "12:00-13:00"; '
        f'several times for several; "{ALWAYS}" for none',
    ),
    Argument("--sender", metavar="ADDRESS", help="another address it answers from, if verified"),
    Argument(
        "--exclude",
        metavar="SENDER",
        action="append",
        help="an address, a domain, or .example.org for its subdomains, that gets no answer; "
        f'several times for several; "{NOBODY}" for none',
    ),
)
_COLUMNS = {
    "name": "Responder",
    "active": "Active",
    "running": "Answers now",
    "start": "From",
    "end": "Until",
    "zone": "Zone",
}
_RECORD = {
    **_COLUMNS,
    "windows": "Only",
    "subject": "Subject",
    "sender": "Sender",
    "excluded": "No answer for",
    "signature": "Signature",
    "id": "Id",
}
_ANSWERED = {"sender": "Sender", "answered_at": "Answered (UTC)", "again_at": "Again from (UTC)"}
_SENDER = {"address": "Address", "verified_at": "Verified (UTC)", "expires_at": "Code until (UTC)"}


def _row(info: ResponderInfo) -> dict[str, Json]:
    one = info.responder
    return {
        "id": one.id,
        "name": one.name,
        "active": info.active,
        "running": info.running,
        "over": info.over,
        "start": model.shown_moment(one.start),
        "end": model.shown_moment(one.end),
        "zone": one.zone,
        "windows": [_shown_window(window_as_json(window)) for window in one.windows],
        "subject": one.subject,
        "sender": one.sender,
        "excluded": list(one.excluded),
        "signature": one.signature,
        "text": one.text,
        "html": one.html,
    }


def _list(context: Context, args: Namespace) -> int:
    found = responders.list_responders(context.services.control, args.address)
    rows = [_row(info) for info in found]
    context.table(args, rows, _COLUMNS, f"{args.address} has no responders.")
    return 0


def _show(context: Context, args: Namespace) -> int:
    control = context.services.control
    info = responders.show_responder(control, args.address, args.name)
    answered: list[dict[str, Json]] = [
        {"sender": one.sender, "answered_at": one.at, "again_at": one.again_at}
        for one in responders.answered_by(control, args.address, args.name)
    ]
    if args.json:
        context.json(_row(info) | {"answered": answered})
        return 0
    context.record(args, _row(info), _RECORD)
    context.say()
    for line in info.responder.text.splitlines():
        context.say(f"    {cell('', line) if line else ''}".rstrip())
    context.say()
    context.table(args, answered, _ANSWERED, "It has answered nobody within its period.")
    return 0


def _add(context: Context, args: Namespace) -> int:
    control = context.services.control
    zone = accounts.show_account(control, args.address).zone or NO_ZONE
    given = {"zone": zone} | _given(context, args) | {"id": "new", "name": args.name}
    info = responders.add_responder(control, args.address, model.checked(given))
    return _said(context, args, info)


def _change(context: Context, args: Namespace) -> int:
    control = context.services.control
    old = responders.show_responder(control, args.address, args.name).responder
    given = model.as_json(old) | _given(context, args)
    if args.new_name is not None:
        given["name"] = args.new_name
    info = responders.change_responder(control, args.address, old.id, model.checked(given))
    return _said(context, args, info)


def _said(context: Context, args: Namespace, info: ResponderInfo) -> int:
    if args.activate:
        info = responders.activate_responder(
            context.services.control, args.address, info.responder.id
        )
    context.record(args, _row(info), _RECORD)
    if not info.active:
        context.note("It is not active: alphorn responder activate switches it on.")
    return 0


def _remove(context: Context, args: Namespace) -> int:
    gone = responders.remove_responder(context.services.control, args.address, args.name)
    context.note(f"{cell('', gone.name)} is gone.")
    return 0


def _activate(context: Context, args: Namespace) -> int:
    info = responders.activate_responder(context.services.control, args.address, args.name)
    name = cell("", info.responder.name)
    context.note(
        f"{name} answers from now on; no other one does."
        if info.running
        else f"{name} is active, and answers when its time comes; no other one does."
    )
    return 0


def _deactivate(context: Context, args: Namespace) -> int:
    off = responders.deactivate_responder(context.services.control, args.address)
    context.note(f"{cell('', off.name)} is off." if off else "None was active.")
    return 0


def _reset(context: Context, args: Namespace) -> int:
    count = responders.reset_responder(context.services.control, args.address, args.name)
    if args.json:
        context.json({"forgotten": count})
    else:
        context.note(f"{count} senders are forgotten; each gets an answer again.")
    return 0


def _verify(context: Context, args: Namespace) -> int:
    control, services = context.services.control, context.services
    if args.sender is None:
        return _senders(context, args, responders.list_senders(control, args.address))
    if args.remove:
        gone = responders.remove_sender(control, args.address, args.sender)
        context.note(f"Nothing is answered from {cell('', gone.address)} any more.")
        return 0
    if args.code is not None:
        found = responders.verify_sender(control, args.address, args.sender, args.code)
        return _senders(context, args, (found,))

    def enqueue(raw: bytes, envelope: Envelope, origin: Origin) -> str:
        return services.queue.enqueue(raw, envelope, origin=origin)

    parts = ProofParts(enqueue, services.state)
    asked = responders.prove_sender(control, parts, args.address, args.sender)
    _senders(context, args, (asked,))
    context.note(
        f"A code is on its way to {asked.address}. Then say: alphorn responder verify "
        f"{args.address} {asked.address} --code CODE"
    )
    return 0


def _senders(context: Context, args: Namespace, found: Sequence[Sender]) -> int:
    rows: list[dict[str, Json]] = [
        {
            "address": one.address,
            "verified_at": one.verified or None,
            "expires_at": one.expires or None,
        }
        for one in found
    ]
    context.table(args, rows, _SENDER, "There are no addresses elsewhere.")
    return 0


# -- what was said, as JSON ------------------------------------------------------------------------


def _given(context: Context, args: Namespace) -> dict[str, object]:
    """Only what was given. Raises Refused."""
    given: dict[str, object] = {
        name: value
        for name in ("subject", "start", "end", "zone", "sender")
        if (value := getattr(args, name)) is not None
    }
    if (text := text_given(args.text, args.text_file, MAX_TEXT)) is not None:
        given["text"] = text
    if args.html_file is not None:
        given["html"] = read_text(args.html_file, MAX_HTML) if args.html_file else ""
    if args.window is not None:
        said = [] if args.window == [ALWAYS] else args.window
        given["windows"] = list(map(_window, said))
    if args.exclude is not None:
        given["excluded"] = [] if args.exclude == [NOBODY] else args.exclude
    if args.signature is not None:
        given["signature"] = (
            signatures.show_signature(context.services.control, args.address, args.signature).id
            if args.signature
            else ""
        )
    return given


def _window(text: str) -> dict[str, object]:
    """ "mon-fri 18:00-08:00" as `responder_times.checked_window` takes it; that checks the rest."""
    found: dict[str, object] = {}
    for word in text.lower().split():
        if word[0].isdigit():
            begins, _, ends = word.partition("-")
            found |= {"from": begins, "to": ends}
        else:
            found["weekdays"] = [day for one in word.split(",") for day in _days(one)]
    return found


def _days(text: str) -> list[str]:
    first, hyphen, last = text.partition("-")
    if not hyphen or first not in WEEKDAYS or last not in WEEKDAYS:
        return [text]
    begin, end = WEEKDAYS.index(first), WEEKDAYS.index(last)
    return [WEEKDAYS[(begin + number) % 7] for number in range((end - begin) % 7 + 1)]


def _shown_window(window: dict[str, object]) -> str:
    days = window["weekdays"]
    assert isinstance(days, list)
    hours = f"{window['from']}-{window['to']}"
    return " ".join(word for word in (",".join(days), hours) if word and word != "00:00-24:00")


def _code(text: str) -> str:
    if len(text) > 100:
        raise ArgumentTypeError("is longer than a code")
    return text


_ACTIVATE = Argument("--activate", action="store_true", help="switch it on at once")

COMMANDS = (
    Command("responder list", "list the responders of an account", _list, (ADDRESS, JSON)),
    Command(
        "responder show",
        "show a responder, and whom it answered when",
        _show,
        (ADDRESS, _NAME, JSON),
    ),
    Command(
        "responder add",
        "make a responder",
        _add,
        (ADDRESS, _NAME, *_CONTENT, _ACTIVATE, JSON),
        description="""
Make a responder. It says --text, or what stands in --text-file, from --start to --end, both
within, and only in its windows if it has some. Of several one is active at a time.
""",
    ),
    Command(
        "responder change",
        "change a responder; what is not given stays",
        _change,
        (
            ADDRESS,
            _NAME,
            Argument("--new-name", metavar="NAME", help="what it is called from now on"),
            *_CONTENT,
            _ACTIVATE,
            JSON,
        ),
    ),
    Command("responder remove", "remove a responder", _remove, (ADDRESS, _NAME)),
    Command(
        "responder activate",
        "switch a responder on, and the one before off",
        _activate,
        (ADDRESS, _NAME),
    ),
    Command("responder deactivate", "switch off the one that is on", _deactivate, (ADDRESS,)),
    Command(
        "responder reset",
        "forget whom a responder answered",
        _reset,
        (ADDRESS, _NAME, JSON),
    ),
    Command(
        "responder verify",
        "prove that an address elsewhere is the owner's",
        _verify,
        (
            ADDRESS,
            Argument("sender", nargs="?", help="the address elsewhere; without it all are listed"),
            Argument("--code", type=_code, help="the code that came there"),
            Argument("--remove", action="store_true", help="nothing is answered from there again"),
            JSON,
        ),
        description="""
Prove that an address elsewhere is the owner's, so that a responder may answer from it. The first
call sends a code there; the second one says it, with --code. It holds for a day.
""",
    ),
)

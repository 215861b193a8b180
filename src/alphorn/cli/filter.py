"""`alphorn filter …`: the filters that an account's owner makes, as others do by clicking."""

import json
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable
from typing import TypeVar

from alphorn.base.errors import Refused
from alphorn.base.numbers import MAX_NUMBER
from alphorn.cli.account import ADDRESS
from alphorn.cli.arguments import read_file
from alphorn.cli.table import JSON, Argument, Command, Context, Json, cell
from alphorn.operations import filter_trial, filters
from alphorn.operations.filter_trial import Asked, FilterTrial, Sample, Trial
from alphorn.operations.filters import FiltersInfo
from alphorn.sieve.filters import words
from alphorn.sieve.filters.errors import FilterError
from alphorn.sieve.filters.limits import MAX_FILTERS, MAX_OCTETS
from alphorn.sieve.filters.model import Filter, Match
from alphorn.sieve.filters.plain import from_plain, to_plain
from alphorn.store.api import INBOX

_T = TypeVar("_T")

_ITS_NUMBER = "its number, or its name where no other has it"
_WHICH = Argument("filter", help=_ITS_NUMBER)
_COLUMNS = {"number": "No", "name": "Filter", "on": "On", "words": "What it does"}
_ASKED = {True: "yes", False: "no", None: "cannot be told"}


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= MAX_FILTERS:
        raise ArgumentTypeError(f"is to be a number between 1 and {MAX_FILTERS}")
    return int(text)


def _uid(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:11]) <= MAX_NUMBER:
        raise ArgumentTypeError("is to be the UID of a message")
    return int(text)


_MADE_OF = (
    Argument(
        "--if",
        dest="conditions",
        metavar="CONDITION",
        action="append",
        help='such as "from ends @acme.test" or "subject contains invoice"; several times for '
        "several; without it the filter is for every message",
    ),
    Argument(
        "--then",
        dest="actions",
        metavar="ACTION",
        action="append",
        help='such as "move Work" or "mark read"; several times for several',
    ),
    Argument("--any", action="store_true", help="where any of the conditions holds, not all"),
    Argument("--off", action="store_true", help="switched off for now"),
    Argument(
        "--input",
        metavar="FILE",
        help='take the filter from JSON as `alphorn filter show --json` prints it, "-" for '
        "standard input",
    ),
)
_ABOUT = f"""
A condition is WHAT HOW VALUE, such as `from ends @acme.test`, `not to is list@acme.test`,
`header X-Kind exists`, `size over 5M`, `has attachment`, `list is dev.acme.test`,
`weekday is saturday or sunday`, `time between 22:00 and 06:00`, `detail is shop`. Several values
have “or” between them; one with “or” in it stands in quotation marks.

An action is one of: move MAILBOX, copy MAILBOX, flag, flag KEYWORD, mark read, redirect ADDRESS,
redirect ADDRESS without copy, reject TEXT, delete, delete for good, stop.

docs/filters.md has all of them. An account has at most {MAX_FILTERS} filters.
"""


# -- showing ---------------------------------------------------------------------------------------


def _row(number: int, one: Filter) -> dict[str, Json]:
    return {"number": number} | dict(to_plain(one))


def _tell(context: Context, args: Namespace, info: FiltersInfo) -> int:
    if args.json:
        context.json(
            {
                "filters": [_row(number, one) for number, one in enumerate(info.filters, 1)],
                "warnings": list(info.warnings),
            }
        )
        return 0
    rows: list[dict[str, Json]] = [
        {"number": number, "name": one.name, "on": one.on, "words": words.filter_words(one)}
        for number, one in enumerate(info.filters, 1)
    ]
    context.table(args, rows, _COLUMNS, f"{args.address} has no filters.")
    for warning in info.warnings:
        context.note(f"Warning: {cell('', warning)}")
    return 0


def _list(context: Context, args: Namespace) -> int:
    return _tell(context, args, filters.list_filters(context.services.control, args.address))


def _show(context: Context, args: Namespace) -> int:
    info = filters.list_filters(context.services.control, args.address)
    if args.filter is None:
        if args.json:
            context.json({"source": info.source})
        elif context.out.isatty():  # nothing in it is to move the cursor
            for line in info.source.splitlines():
                context.say(cell("", line) if line else "")
        else:
            context.out.write(info.source)
        return 0
    at = filters.find_filter(info.filters, args.filter)
    one = info.filters[at]
    if args.json:
        context.json(_row(at + 1, one))
        return 0
    context.say(f"{at + 1}. {cell('', one.name)}{'' if one.on else ' (switched off)'}")
    if one.conditions:
        context.say("   if all of these hold:" if one.match is Match.ALL else "   if any holds:")
    else:
        context.say("   for every message")
    for condition in one.conditions:
        context.say(f"     {cell('', words.condition_words(condition))}")
    context.say("   then:")
    for action in one.actions:
        context.say(f"     {cell('', words.action_words(action))}")
    return 0


# -- changing --------------------------------------------------------------------------------------


def _made(args: Namespace, name: str | None) -> Filter:
    """The filter that the arguments describe."""
    if args.input is not None:
        if args.conditions or args.actions or args.any or args.off:
            raise Refused("Either --input or --if, --then, --any and --off.", code="usage")
        return _from_json(args.input, name)
    if not args.actions:
        raise Refused('What is it to do? Say --then, such as --then "move Work".', code="usage")
    conditions = tuple(
        _read("--if", words.condition, number, text)
        for number, text in enumerate(args.conditions or (), 1)
    )
    actions = tuple(
        _read("--then", words.action, number, text) for number, text in enumerate(args.actions, 1)
    )
    match = Match.ANY if args.any else Match.ALL
    return Filter(
        name or "", match if conditions else Match.EVERY, conditions, actions, not args.off
    )


def _read(option: str, read: Callable[[str], _T], number: int, text: str) -> _T:
    try:
        return read(text)
    except FilterError as error:
        raise FilterError((), f"{option} {number} ({text[:60]}): {error.words}.") from None


def _from_json(file: str, name: str | None) -> Filter:
    octets = read_file(file, MAX_OCTETS)
    if len(octets) > MAX_OCTETS:
        raise Refused(f"{file} is too large for a filter.", code="file")
    try:
        value = json.loads(octets)
    except (ValueError, RecursionError) as error:
        raise Refused(f"{file} is no JSON: {error}.", code="file") from None
    if isinstance(value, dict):
        value.pop("number", None)
        if name is not None:
            value["name"] = name
    return from_plain(value)


def _add(context: Context, args: Namespace) -> int:
    new = _made(args, args.name)
    control = context.services.control
    return _tell(context, args, filters.add_filter(control, args.address, new, number=args.at))


def _replace(context: Context, args: Namespace) -> int:
    control = context.services.control
    name = args.name
    if name is None and args.input is None:
        before = filters.list_filters(control, args.address).filters
        name = before[filters.find_filter(before, args.filter)].name
    new = _made(args, name)
    return _tell(context, args, filters.replace_filter(control, args.address, args.filter, new))


def _move(context: Context, args: Namespace) -> int:
    control = context.services.control
    return _tell(context, args, filters.move_filter(control, args.address, args.filter, args.to))


def _switch(on: bool) -> Callable[[Context, Namespace], int]:
    def switch(context: Context, args: Namespace) -> int:
        control = context.services.control
        info = filters.switch_filter(control, args.address, args.filter, on)
        return _tell(context, args, info)

    return switch


def _remove(context: Context, args: Namespace) -> int:
    control = context.services.control
    return _tell(context, args, filters.remove_filter(control, args.address, args.filter))


def _put(context: Context, args: Namespace) -> int:
    octets = read_file(args.file, MAX_OCTETS)
    try:
        source = octets.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(f"{args.file} is not UTF-8.", code="file") from None
    info = filters.replace_all(context.services.control, args.address, source)
    return _tell(context, args, info)


# -- trying ----------------------------------------------------------------------------------------


def _test(context: Context, args: Namespace) -> int:
    if (args.uid is None) == (args.file is None):
        raise Refused("Which message? Either a UID or --file.", code="usage")
    raw = None
    if args.file is not None:
        raw = read_file(args.file, filter_trial.MAX_OCTETS)
        if len(raw) > filter_trial.MAX_OCTETS:
            raise Refused(f"{args.file} is too large for a message.", code="file")
    services = context.services
    sample = Sample(args.uid or 0, args.mailbox, raw, args.sender, args.to)
    trial = filter_trial.try_out(services.control, services.view, args.address, sample)
    if args.json:
        context.json(_trial_row(trial))
        return 0
    context.say(f"“{cell('', trial.subject)}” from {cell('', trial.sender)} to {trial.recipient}")
    if trial.fault:
        context.say(f"The filters cannot be read one by one: {cell('', trial.fault)}")
    for one in trial.filters:
        context.say()
        context.say(f"{one.number}. {cell('', one.name)}: {_verdict(one)}")
        for asked in one.asked:
            context.say(f"     {_ASKED[asked.holds]}: {cell('', asked.words)}")
        if one.acts:
            for does in one.does:
                context.say(f"   → {cell('', does)}")
    context.say()
    for line in trial.outcome:
        context.say(cell("", line))
    for line in trial.notes:
        context.say(f"Note: {cell('', line)}")
    return 0


def _verdict(one: FilterTrial) -> str:
    fits = "fits" if one.matches else "does not fit"
    if one.reached:
        return fits
    return (
        f"{'not reached' if one.on else 'switched off'}; it {'would fit' if one.matches else fits}"
    )


def _trial_row(trial: Trial) -> dict[str, Json]:
    return {
        "subject": trial.subject,
        "sender": trial.sender,
        "recipient": trial.recipient,
        "filters": [
            {
                "number": one.number,
                "name": one.name,
                "on": one.on,
                "reached": one.reached,
                "matches": one.matches,
                "conditions": list(map(_asked_row, one.asked)),
                "actions": list(one.does),
            }
            for one in trial.filters
        ],
        "outcome": list(trial.outcome),
        "notes": list(trial.notes),
        "fault": trial.fault,
    }


def _asked_row(asked: Asked) -> dict[str, Json]:
    return {"condition": asked.words, "holds": asked.holds}


COMMANDS = (
    Command("filter list", "list an account's filters in their order", _list, (ADDRESS, JSON)),
    Command(
        "filter show",
        "print a filter, or the Sieve that all of them are",
        _show,
        (ADDRESS, Argument("filter", nargs="?", help=_ITS_NUMBER), JSON),
    ),
    Command(
        "filter add",
        "make a filter",
        _add,
        (
            ADDRESS,
            Argument("name", help="what it is called"),
            *_MADE_OF,
            Argument(
                "--at", type=_number, metavar="NUMBER", help="before the others from there on"
            ),
            JSON,
        ),
        f"Make a filter, behind all others.\n{_ABOUT}",
    ),
    Command(
        "filter replace",
        "put another filter in the place of one",
        _replace,
        (ADDRESS, _WHICH, Argument("--name", help="what it is to be called"), *_MADE_OF, JSON),
        f"Put another filter in the place of one.\n{_ABOUT}",
    ),
    Command(
        "filter move",
        "let a filter run earlier or later",
        _move,
        (
            ADDRESS,
            _WHICH,
            Argument("to", type=_number, metavar="NUMBER", help="the number it is to have"),
            JSON,
        ),
    ),
    Command("filter on", "switch a filter on", _switch(True), (ADDRESS, _WHICH, JSON)),
    Command(
        "filter off", "switch a filter off, and keep it", _switch(False), (ADDRESS, _WHICH, JSON)
    ),
    Command("filter remove", "remove a filter", _remove, (ADDRESS, _WHICH, JSON)),
    Command(
        "filter put",
        "replace all filters by those of a Sieve text",
        _put,
        (
            ADDRESS,
            Argument(
                "file",
                nargs="?",
                default="-",
                help='the file, or "-" for standard input (else that)',
            ),
            JSON,
        ),
        "Replace all filters by those of a Sieve text, such as `alphorn filter show` prints. What "
        "filters cannot say is told with line and column, and nothing is changed; `alphorn script` "
        "takes any Sieve.",
    ),
    Command(
        "filter test",
        "say what would happen to a message",
        _test,
        (
            ADDRESS,
            Argument("uid", nargs="?", type=_uid, metavar="UID", help="its number in the mailbox"),
            Argument(
                "--mailbox", metavar="NAME", default=INBOX, help=f"where it is (else {INBOX})"
            ),
            Argument("--file", metavar="FILE", help='another message, "-" for standard input'),
            Argument("--sender", metavar="ADDRESS", help="who sent it (else what delivery noted)"),
            Argument("--to", metavar="ADDRESS", help="to which address (else what delivery noted)"),
            JSON,
        ),
        "Say what the account's filters, its script and its responder would do with a message if "
        "it came in now, and which filter fits. Nothing is done.",
    ),
)

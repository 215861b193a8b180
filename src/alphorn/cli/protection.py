"""`alphorn protection …`: what guards a domain, an account or an address."""

from argparse import SUPPRESS, ArgumentTypeError, Namespace

from alphorn.cli.table import JSON, Argument, Command, Context, Json
from alphorn.operations import protection
from alphorn.operations.protection import OPTIONS, Option, ProtectionInfo, Value

INHERIT = "inherit"
_WORDS: dict[str, bool | None] = {"on": True, "off": False, INHERIT: None}
_TARGET = Argument(
    "target",
    metavar="DOMAIN|ADDRESS",
    help="a domain, or an address; an account's own address stands for the account",
)
_COLUMNS = {"setting": "Setting", "value": "Value", "source": "From", "text": "Meaning"}


def _switch(text: str) -> bool | None:
    if text not in _WORDS:
        raise ArgumentTypeError(f"{text!r} is to be on, off or {INHERIT}")
    return _WORDS[text]


def _score(text: str) -> float | None:
    if text == INHERIT:
        return None
    try:
        return float(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is to be a score such as 5.0, or {INHERIT}") from None


def _flag(option: Option) -> str:
    return "--" + option.name.replace("_", "-")


def _argument(option: Option) -> Argument:
    kind = f"SCORE|{INHERIT}" if option.is_score else f"on|off|{INHERIT}"
    return Argument(
        _flag(option),
        dest=option.name,
        type=_score if option.is_score else _switch,
        default=SUPPRESS,
        metavar=kind,
        help=option.text,
    )


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}"


def _tell(context: Context, args: Namespace, info: ProtectionInfo) -> int:
    values: dict[str, Value] = {name: getattr(info.held, name) for name in info.source}
    if args.json:
        settings: dict[str, Json] = {
            name: {"value": value, "source": info.source[name]} for name, value in values.items()
        }
        context.json({"target": info.target, "scope": info.scope, "settings": settings})
        return 0
    rows = [
        {
            "setting": _flag(option).removeprefix("--"),
            "value": _shown(values[option.name]),
            "source": info.source[option.name],
            "text": option.text,
        }
        for option in OPTIONS
    ]
    context.table(args, rows, _COLUMNS)
    return 0


def _show(context: Context, args: Namespace) -> int:
    control = context.services.control
    return _tell(context, args, protection.show_protection(control, args.target))


def _set(context: Context, args: Namespace) -> int:
    said = {option.name: getattr(args, option.name) for option in OPTIONS if option.name in args}
    control = context.services.control
    return _tell(context, args, protection.set_protection(control, args.target, said))


COMMANDS = (
    Command(
        "protection show",
        "show what guards a domain, an account or an address, and where it is set",
        _show,
        (_TARGET, JSON),
    ),
    Command(
        "protection set",
        "set what guards a domain, an account or an address",
        _set,
        (_TARGET, *map(_argument, OPTIONS), JSON),
        description=f"""
Set what guards a domain, an account or an address, from the next message on. What the account says
goes before what its domain says, and that before the settings of the installation; `{INHERIT}`
takes a word back. For an address that is no account's own, only greylisting can be set; its word
about that goes before all others.
""",
    ),
)

"""`alphorn sender …`: who is blocked and who is allowed, for an account, a domain or everybody."""

from argparse import ArgumentTypeError, Namespace
from collections.abc import Sequence

from alphorn.base.senders import SenderAction
from alphorn.cli.table import JSON, Argument, Command, Context, Json
from alphorn.operations import lists
from alphorn.operations.lists import SenderRuleInfo

LIMIT = 1000
_PATTERNS = Argument(
    "patterns",
    metavar="SENDER",
    nargs="+",
    help="an address, a domain, or .example.org for the subdomains of a domain",
)
_WHOSE = (
    Argument("--account", metavar="A", help="on the list of the account with this own address"),
    Argument("--domain", metavar="NAME", help="on the list of this domain"),
)
_COLUMNS = {
    "pattern": "Sender",
    "action": "Action",
    "scope": "List",
    "whose": "Of",
    "warning": "Warning",
}
_ABOUT = """
Without --account and --domain it is the list of the whole installation. A nearer list goes before
another: account, domain, installation; on one list an address goes before a domain, and that
before `.example.org`, the subdomains. To be allowed keeps mail from being held for spam, if it
proves to be from that sender (DMARC's alignment, or SPF for the envelope's).
"""


def _row(info: SenderRuleInfo) -> dict[str, Json]:
    return {
        "pattern": info.pattern,
        "action": info.action.value,
        "scope": info.scope.name.lower(),
        "whose": info.whose,
        "created_at": info.created,
        "warning": info.warning,
    }


def _tell(context: Context, args: Namespace, infos: Sequence[SenderRuleInfo], empty: str) -> int:
    columns = dict(_COLUMNS)
    if not any(info.warning for info in infos):
        del columns["warning"]
    context.table(args, [_row(info) for info in infos], columns, empty)
    return 0


def _put(context: Context, args: Namespace, action: SenderAction) -> int:
    infos = lists.set_senders(
        context.services.control, args.patterns, action, account=args.account, domain=args.domain
    )
    return _tell(context, args, infos, "")


def _allow(context: Context, args: Namespace) -> int:
    return _put(context, args, SenderAction.ALLOW)


def _block(context: Context, args: Namespace) -> int:
    return _put(context, args, SenderAction.SPAM if args.spam else SenderAction.REFUSE)


def _remove(context: Context, args: Namespace) -> int:
    control = context.services.control
    lists.remove_senders(control, args.patterns, account=args.account, domain=args.domain)
    context.note(f"{', '.join(args.patterns)}: no longer on the list.")
    return 0


def _list(context: Context, args: Namespace) -> int:
    infos = lists.list_senders(
        context.services.control,
        account=args.account,
        domain=args.domain,
        after=args.after,
        limit=args.limit,
    )
    _tell(context, args, infos, "Nobody is on the list.")
    if len(infos) == args.limit and not args.json:
        context.note(f"Only {args.limit} are shown; --after {infos[-1].pattern} goes on.")
    return 0


def _check(context: Context, args: Namespace) -> int:
    control = context.services.control
    infos = lists.matching(control, args.sender, account=args.account, domain=args.domain)
    return _tell(context, args, infos, "No list says anything of this sender.")


def _limit(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= lists.MAX_RULES:
        raise ArgumentTypeError(f"is to be a number between 1 and {lists.MAX_RULES}")
    return int(text)


COMMANDS = (
    Command(
        "sender allow",
        "let mail from a sender in that proves to be from him",
        _allow,
        (_PATTERNS, *_WHOSE, JSON),
        description=f"Let mail from a sender in that proves to be from him.\n{_ABOUT}",
    ),
    Command(
        "sender block",
        "refuse mail from a sender, or file it in Spam",
        _block,
        (
            _PATTERNS,
            *_WHOSE,
            Argument("--spam", action="store_true", help="file it in Spam instead of refusing it"),
            JSON,
        ),
        description=f"Refuse mail from a sender, or file it in Spam.\n{_ABOUT}",
    ),
    Command("sender remove", "take senders off the list", _remove, (_PATTERNS, *_WHOSE)),
    Command(
        "sender list",
        "list who is blocked and who is allowed",
        _list,
        (
            *_WHOSE,
            Argument("--after", metavar="SENDER", default="", help="only those after this one"),
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
        "sender check",
        "show what the lists say of a sender, what counts first",
        _check,
        (Argument("sender", metavar="ADDRESS", help="a sender's address"), *_WHOSE, JSON),
    ),
)

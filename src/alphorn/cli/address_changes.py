"""`alphorn address …`: redirects, lists and temporary addresses, and how addresses are shown."""

from argparse import Namespace

from alphorn.cli.arguments import expiry
from alphorn.cli.table import JSON, Argument, Command, Context, Json
from alphorn.directory.values import AddressInfo
from alphorn.operations import distribution, redirects, temporary

COLUMNS = {
    "address": "Address",
    "kind": "Kind",
    "account": "Account",
    "redirect_to": "Leads to",
    "keep": "Keeps a copy",
    "expires_at": "Ends (UTC)",
    "messages": "After messages",
    "label": "Label",
    "paused": "Paused",
    "enabled": "On",
}
ADDRESS = Argument("address", help="such as info@example.org")
EXPIRES = Argument(
    "--expires",
    metavar="WHEN",
    help='an alias that ends: after "30 d", or with the day 2030-12-31',
)
MESSAGES = Argument(
    "--messages", type=int, metavar="NUMBER", help="an alias that ends after so many messages"
)
LABEL = Argument("--label", metavar="WORDS", help="what a temporary address was given out for")


def row(info: AddressInfo) -> dict[str, Json]:
    return {
        "id": info.id,
        "address": info.address,
        "kind": info.kind.value,
        "account": info.account,
        "account_id": info.account_id,
        "redirect_to": list(info.redirect_to),
        "keep": info.keep,
        "paused": list(info.paused),
        "enabled": info.enabled,
        "expires_at": info.expires,
        "messages": info.messages,
        "label": info.label,
        "created_at": info.created,
    }


def say(context: Context, args: Namespace, info: AddressInfo) -> int:
    context.record(args, row(info), COLUMNS)
    for warning in info.warnings:
        context.note(warning)
    return 0


def _redirect(context: Context, args: Namespace) -> int:
    control = context.services.control
    info = redirects.set_redirect(control, args.address, args.to or (), keep=not args.delete)
    return say(context, args, info)


def _resume(context: Context, args: Namespace) -> int:
    control = context.services.control
    return say(context, args, redirects.resume_redirect(control, args.address, args.target or ()))


def _members(context: Context, args: Namespace) -> int:
    info = distribution.set_members(context.services.control, args.address, args.account)
    return say(context, args, info)


def _temporary(context: Context, args: Namespace) -> int:
    info = temporary.make_temporary(
        context.services.control,
        args.account,
        domain=args.domain,
        label=args.label or "",
        expires=expiry(context, args.expires),
        messages=args.messages,
    )
    return say(context, args, info)


def _change(context: Context, args: Namespace) -> int:
    info = temporary.change_temporary(
        context.services.control,
        args.address,
        label=args.label,
        expires=expiry(context, args.expires),
        messages=args.messages,
    )
    return say(context, args, info)


def _visitors(context: Context, args: Namespace) -> int:
    services = context.services
    known = temporary.known_of(services.control, services.visitors, args.address)
    context.table(
        args,
        [
            {
                "sender": one.sender,
                "messages": one.messages,
                "first_at": one.first,
                "last_at": one.last,
                "leaked": one in known.leaked,
            }
            for one in known.visitors
        ],
        {
            "sender": "Sender",
            "messages": "Messages",
            "first_at": "First (UTC)",
            "last_at": "Last (UTC)",
            "leaked": "Leaked to",
        },
        f"Nobody has written to {known.address.address} yet.",
    )
    if known.leaked:
        context.note(
            f"{known.address.address} was given to {known.given_to}, as it seems, and others have "
            "it now."
        )
    return 0


COMMANDS = (
    Command(
        "address redirect",
        "send mail for an address on to others, or stop that",
        _redirect,
        (
            ADDRESS,
            Argument(
                "--to",
                action="append",
                metavar="ADDRESS",
                help="where to (may be said several times); without it the redirect ends",
            ),
            Argument("--delete", action="store_true", help="keep no copy in the account behind it"),
            JSON,
        ),
    ),
    Command(
        "address resume",
        "try paused targets of a redirect again",
        _resume,
        (
            ADDRESS,
            Argument(
                "--target",
                action="append",
                metavar="ADDRESS",
                help="one to which a filter or script leads (may be said several times)",
            ),
            JSON,
        ),
        "Try the targets of a redirect again that were paused because they kept refusing mail.",
    ),
    Command(
        "address members",
        "say to which accounts a list leads",
        _members,
        (
            ADDRESS,
            Argument("account", nargs="+", help="an account, by its own address"),
            JSON,
        ),
    ),
    Command(
        "address temporary",
        "make up a temporary address",
        _temporary,
        (
            Argument("account", help="whose it is to be, by the account's own address"),
            Argument("--domain", metavar="NAME", help="another domain than the account's own"),
            LABEL,
            EXPIRES,
            MESSAGES,
            JSON,
        ),
        "Make up a temporary address for an account, to be given out somewhere. Without an end it "
        "ends after 90 days.",
    ),
    Command(
        "address change",
        "change the label or the end of a temporary address",
        _change,
        (ADDRESS, LABEL, EXPIRES, MESSAGES, JSON),
    ),
    Command(
        "address visitors",
        "show who wrote to a temporary address, and who leaked it",
        _visitors,
        (ADDRESS, JSON),
    ),
)

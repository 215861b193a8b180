"""`alphorn address …`: accounts, aliases, redirects, catch-alls and temporary addresses."""

from argparse import Namespace

from alphorn.base.errors import Refused
from alphorn.cli import account
from alphorn.cli.arguments import ORGANIZATION, PASSWORD, expiry, password, shown_once
from alphorn.cli.confirm import YES, confirm
from alphorn.cli.table import JSON, Argument, Command, Context, Json
from alphorn.directory.values import AddressInfo, AddressKind
from alphorn.operations import accounts, addresses
from alphorn.operations.control import NewAccount

CATCH_ALL = "*@"

_ADDRESS = Argument(
    "address", help="such as anna@example.org; *@example.org catches whatever is nobody's"
)
_COLUMNS = {
    "address": "Address",
    "kind": "Kind",
    "account": "Account",
    "redirect_to": "Leads to",
    "expires_at": "Ends (UTC)",
    "enabled": "On",
}


def _row(info: AddressInfo) -> dict[str, Json]:
    return {
        "id": info.id,
        "address": info.address,
        "kind": info.kind.value,
        "account": info.account,
        "account_id": info.account_id,
        "redirect_to": list(info.redirect_to),
        "enabled": info.enabled,
        "expires_at": info.expires,
        "created_at": info.created,
    }


def _add(context: Context, args: Namespace) -> int:
    if args.alias_of is None and not args.redirect_to:
        return _add_account(context, args)
    for option, given in (
        ("--password-stdin", args.password_stdin),
        ("--generate-password", args.generate_password),
        ("--name", args.name is not None),
        ("--language", args.language is not None),
        ("--quota", "quota" in args),
    ):
        if given:
            raise Refused(f"{option} is for an account; this address is none.", code="usage")
    control = context.services.control
    expires = expiry(context, args.expires)
    if expires is not None and (args.alias_of is None or args.address.startswith(CATCH_ALL)):
        raise Refused("--expires is for an alias: say --alias-of too.", code="usage")
    if args.address.startswith(CATCH_ALL):
        domain = args.address.removeprefix(CATCH_ALL)
        made = addresses.add_catch_all(control, domain, args.alias_of, args.redirect_to or ())
    elif args.alias_of is not None and args.redirect_to:
        raise Refused("Either --alias-of or --redirect-to, not both.", code="usage")
    elif args.redirect_to:
        made = addresses.add_redirect(control, args.address, args.redirect_to)
    elif expires is not None:
        made = addresses.add_temporary(control, args.address, args.alias_of, expires)
    else:
        made = addresses.add_alias(control, args.address, args.alias_of)
    context.record(args, _row(made), _COLUMNS)
    return 0


def _add_account(context: Context, args: Namespace) -> int:
    if args.address.startswith(CATCH_ALL):
        raise Refused(
            "Where shall it lead to? Say --alias-of ACCOUNT or --redirect-to ADDRESS.",
            code="usage",
        )
    if args.expires is not None:
        raise Refused("--expires is for an alias: say --alias-of too.", code="usage")
    secret = password(context, args)
    new = NewAccount(
        args.address,
        secret,
        args.name or "",
        args.language or "en",
        getattr(args, "quota", None),
    )
    made = accounts.add_account(context.services.control, new)
    once = shown_once(args, secret)
    context.record(
        args,
        account.row(made) | {"kind": AddressKind.OWN.value} | once,
        {"address": "Account", "name": "Name"} | dict.fromkeys(once, "Password"),
    )
    if secret is None:
        context.note(
            f"It has no password yet; say: alphorn password set {made.address} --password-stdin"
        )
    return 0


def _list(context: Context, args: Namespace) -> int:
    listed = addresses.list_addresses(
        context.services.control,
        organization=args.organization,
        domain=args.domain,
        account=args.account,
    )
    context.table(
        args,
        [_row(info) for info in listed],
        _COLUMNS,
        "No address yet; say: alphorn address add anna@example.org --password-stdin",
    )
    return 0


def _show(context: Context, args: Namespace) -> int:
    info = addresses.show_address(context.services.control, args.address)
    context.record(args, _row(info), _COLUMNS | {"created_at": "Since (UTC)"})
    return 0


def _enable(context: Context, args: Namespace) -> int:
    info = addresses.enable_address(context.services.control, args.address, on=True)
    context.record(args, _row(info), _COLUMNS)
    return 0


def _disable(context: Context, args: Namespace) -> int:
    info = addresses.enable_address(context.services.control, args.address, on=False)
    context.record(args, _row(info), _COLUMNS)
    return 0


def _remove(context: Context, args: Namespace) -> int:
    control = context.services.control
    info = addresses.show_address(control, args.address)
    if info.kind is AddressKind.OWN:
        return account.remove(context, args)
    confirm(context, args, info.address, f"This removes the address {info.address}.")
    addresses.remove_address(control, info.address)
    context.note(f"{info.address} is removed.")
    return 0


COMMANDS = (
    Command(
        "address add",
        "add an account, an alias, a redirect, a catch-all or a temporary address",
        _add,
        (
            _ADDRESS,
            *PASSWORD,
            account.NAME,
            account.LANGUAGE,
            account.QUOTA,
            Argument("--alias-of", metavar="ACCOUNT", help="another name for this account"),
            Argument(
                "--redirect-to",
                action="append",
                metavar="ADDRESS",
                help="no mailbox: its mail goes on to this address (may be said several times)",
            ),
            Argument(
                "--expires",
                metavar="WHEN",
                help='an alias that ends: after "30 d", or with the day 2030-12-31',
            ),
            JSON,
        ),
        "Add an address. Without --alias-of and --redirect-to it is an account: something that a "
        "person logs in to, with mail in it.",
    ),
    Command(
        "address list",
        "list the addresses",
        _list,
        (
            ORGANIZATION,
            Argument("--domain", metavar="NAME", help="only those of this domain"),
            Argument("--account", metavar="ADDRESS", help="only those that lead to this account"),
            JSON,
        ),
    ),
    Command("address show", "show one address", _show, (_ADDRESS, JSON)),
    Command("address enable", "switch an address on again", _enable, (_ADDRESS, JSON)),
    Command(
        "address disable",
        "switch an address off; an account's own switches the account off",
        _disable,
        (_ADDRESS, JSON),
    ),
    Command(
        "address remove",
        "remove an address; an account's own removes its mail too",
        _remove,
        (_ADDRESS, YES),
    ),
)

"""`alphorn address …`: making, listing, switching and removing addresses of every kind.

What changes one afterwards is in `cli.address_changes`, files of many in `cli.address_import`.
"""

from argparse import Namespace

from alphorn.base.errors import Refused
from alphorn.cli import account, address_changes, address_import
from alphorn.cli.address_changes import COLUMNS, EXPIRES, LABEL, MESSAGES, row, say
from alphorn.cli.arguments import ORGANIZATION, PASSWORD, expiry, password, shown_once
from alphorn.cli.confirm import YES, confirm
from alphorn.cli.table import JSON, Argument, Command, Context
from alphorn.directory.values import AddressInfo, AddressKind, Profile
from alphorn.operations import accounts, addresses, distribution, temporary
from alphorn.operations.control import NewAccount

CATCH_ALL = "*@"

_ADDRESS = Argument(
    "address", help="such as anna@example.org; *@example.org catches whatever is nobody's"
)


def _add(context: Context, args: Namespace) -> int:
    if not (args.alias_of or args.redirect_to or args.member or args.refused):
        return _add_account(context, args)
    for option, given in (
        ("--password-stdin", args.password_stdin),
        ("--generate-password", args.generate_password),
        ("--name", args.name is not None),
        ("--language", args.language is not None),
        ("--quota", "quota" in args),
        ("--function", args.function is not None),
        ("--phone", args.phone is not None),
        ("--postal-address", args.postal_address is not None),
    ):
        if given:
            raise Refused(f"{option} is for an account; this address is none.", code="usage")
    if sum(map(bool, (args.alias_of or args.redirect_to, args.member, args.refused))) > 1:
        raise Refused("One of --alias-of and --redirect-to, --member, --refused.", code="usage")
    ending = args.expires is not None or args.messages is not None or args.label is not None
    if ending and (args.alias_of is None or args.address.startswith(CATCH_ALL)):
        raise Refused(
            "--expires, --messages and --label are for an alias: say --alias-of too.", code="usage"
        )
    return say(context, args, _made(context, args))


def _made(context: Context, args: Namespace) -> AddressInfo:
    control = context.services.control
    if args.address.startswith(CATCH_ALL):
        if args.member or args.refused:
            raise Refused("A catch-all leads to an account or to other addresses.", code="usage")
        domain = args.address.removeprefix(CATCH_ALL)
        return addresses.add_catch_all(control, domain, args.alias_of, args.redirect_to or ())
    if args.member:
        return distribution.add_list(control, args.address, args.member)
    if args.refused:
        return addresses.add_refused(control, args.address)
    if args.alias_of is None:
        return addresses.add_redirect(control, args.address, args.redirect_to)
    if args.redirect_to:
        raise Refused(
            "Either --alias-of or --redirect-to, not both; to do both, add the alias and then say: "
            "alphorn address redirect",
            code="usage",
        )
    expires = expiry(context, args.expires)
    if expires is None and args.messages is None:
        return addresses.add_alias(control, args.address, args.alias_of)
    return temporary.add_temporary(
        control,
        args.address,
        args.alias_of,
        expires,
        messages=args.messages,
        label=args.label or "",
    )


def _add_account(context: Context, args: Namespace) -> int:
    if args.address.startswith(CATCH_ALL):
        raise Refused(
            "Where shall it lead to? Say --alias-of ACCOUNT or --redirect-to ADDRESS.",
            code="usage",
        )
    if args.expires is not None or args.messages is not None or args.label is not None:
        raise Refused(
            "--expires, --messages and --label are for an alias: say --alias-of too.", code="usage"
        )
    secret = password(context, args)
    new = NewAccount(
        args.address,
        secret,
        args.name or "",
        args.language or "en",
        getattr(args, "quota", None),
        Profile(args.function or "", args.phone or "", account.postal(args) or ""),
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
        kind=AddressKind(args.kind) if args.kind else None,
        label=args.label,
    )
    context.table(
        args,
        [row(info) for info in listed],
        COLUMNS,
        "No address yet; say: alphorn address add anna@example.org --password-stdin",
    )
    return 0


def _show(context: Context, args: Namespace) -> int:
    info = addresses.show_address(context.services.control, args.address)
    context.record(args, row(info), COLUMNS | {"created_at": "Since (UTC)"})
    return 0


def _enable(context: Context, args: Namespace) -> int:
    info = addresses.enable_address(context.services.control, args.address, on=True)
    context.record(args, row(info), COLUMNS)
    return 0


def _disable(context: Context, args: Namespace) -> int:
    info = addresses.enable_address(context.services.control, args.address, on=False)
    context.record(args, row(info), COLUMNS)
    return 0


def _remove(context: Context, args: Namespace) -> int:
    control = context.services.control
    info = addresses.show_address(control, args.address)
    if info.kind is AddressKind.OWN:
        return account.remove(context, args)
    confirm(context, args, info.address, f"This removes the address {info.address}.")
    left = addresses.remove_address(control, info.address)
    if left.kind is not info.kind:
        context.note(
            f"{info.address} is refused from now on, whatever the domain's catch-all takes; "
            "removed once more it is free again."
        )
    else:
        context.note(f"{info.address} is removed.")
    return 0


COMMANDS = (
    Command(
        "address add",
        "add an account, an alias, a redirect, a list, a catch-all or a temporary address",
        _add,
        (
            _ADDRESS,
            *PASSWORD,
            account.NAME,
            account.LANGUAGE,
            account.QUOTA,
            *account.PROFILE,
            Argument("--alias-of", metavar="ACCOUNT", help="another name for this account"),
            Argument(
                "--redirect-to",
                action="append",
                metavar="ADDRESS",
                help="no mailbox: its mail goes on to this address (may be said several times)",
            ),
            Argument(
                "--member",
                action="append",
                metavar="ACCOUNT",
                help="a list that leads to this account (may be said several times)",
            ),
            Argument(
                "--refused",
                action="store_true",
                help="takes nothing, though the domain may have a catch-all",
            ),
            EXPIRES,
            MESSAGES,
            LABEL,
            JSON,
        ),
        "Add an address. Without --alias-of, --redirect-to, --member and --refused it is an "
        "account: something that a person logs in to, with mail in it.",
    ),
    Command(
        "address list",
        "list the addresses",
        _list,
        (
            ORGANIZATION,
            Argument("--domain", metavar="NAME", help="only those of this domain"),
            Argument("--account", metavar="ADDRESS", help="only those that lead to this account"),
            Argument(
                "--kind", choices=[kind.value for kind in AddressKind], help="only those of a kind"
            ),
            Argument("--label", metavar="WORDS", help="only those with these words in the label"),
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
    *address_changes.COMMANDS,
    *address_import.COMMANDS,
)

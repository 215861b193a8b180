"""`alphorn account …`: what people log in to. `alphorn address add` makes one."""

from argparse import SUPPRESS, Namespace
from datetime import UTC, datetime

from alphorn.base import settings as table
from alphorn.cli.arguments import OCTETS, ORGANIZATION, read_by
from alphorn.cli.confirm import YES, confirm
from alphorn.cli.table import JSON, Argument, Command, Context, Json
from alphorn.directory.values import LANGUAGES, AccountInfo, Profile
from alphorn.operations import accounts, addresses, grants, profiles

PLAN_QUOTA = "plan"

ADDRESS = Argument("address", help="its own address, such as anna@example.org")
NAME = Argument("--name", help="the person's name")
LANGUAGE = Argument("--language", choices=LANGUAGES, help="the person's language")
ZONE = Argument(
    "--zone",
    metavar="NAME",
    help="the time zone of its filters and scripts, such as Europe/Zurich; empty for the server's",
)
QUOTA = Argument(
    "--quota",
    type=read_by(OCTETS, none=PLAN_QUOTA),
    default=SUPPRESS,
    metavar="OCTETS",
    help='how much mail it may hold, such as "5 GiB"; 0 for no limit, '
    f"{PLAN_QUOTA} for what the plan says",
)
PROFILE = (
    Argument("--function", metavar="WORDS", help='what the person does, such as "Accounting"'),
    Argument("--phone", metavar="NUMBER", help="the person's telephone number"),
    Argument(
        "--postal-address",
        action="append",
        metavar="LINE",
        help="a line of the postal address (say it once for each line)",
    ),
)
_GRANTED = Argument("granted", metavar="other-address", help="the address to write as")
_COLUMNS = {
    "address": "Account",
    "name": "Name",
    "language": "Language",
    "zone": "Time zone",
    "quota_octets": "Quota in octets",
    "enabled": "On",
}

_LOCK = {
    "address": "Account",
    "sending_locked_at": "Sending locked (UTC)",
    "sending_lock_reason": "Because",
}


def row(info: AccountInfo) -> dict[str, Json]:
    return {
        "id": info.id,
        "address": info.address,
        "name": info.name,
        "language": info.language,
        "zone": info.zone or None,
        "organization_id": info.organization_id,
        "quota_octets": info.quota_octets,
        "enabled": info.enabled,
        "sending_locked_at": info.sending_lock.since if info.sending_lock else None,
        "sending_lock_reason": info.sending_lock.reason if info.sending_lock else None,
    }


_PROFILE_COLUMNS = {
    "function": "Function",
    "phone": "Telephone",
    "postal_address": "Postal address",
}


def profile_row(profile: Profile) -> dict[str, Json]:
    return {
        "function": profile.function,
        "phone": profile.phone,
        "postal_address": profile.postal_address.splitlines(),
    }


def postal(args: Namespace) -> str | None:
    """As `PROFILE` says it; None where it does not."""
    return None if args.postal_address is None else "\n".join(args.postal_address)


def _show(context: Context, args: Namespace, info: AccountInfo) -> int:
    context.record(args, row(info), _COLUMNS)
    return 0


def _list(context: Context, args: Namespace) -> int:
    listed = accounts.list_accounts(
        context.services.control, organization=args.organization, domain=args.domain
    )
    context.table(
        args,
        [row(info) for info in listed],
        _COLUMNS,
        "No account yet; say: alphorn address add anna@example.org --password-stdin",
    )
    return 0


def _show_one(context: Context, args: Namespace) -> int:
    control = context.services.control
    shown = row(accounts.show_account(control, args.address))
    shown |= profile_row(profiles.show_profile(control, args.address))
    led = addresses.list_addresses(control, account=args.address)
    shown["addresses"] = [info.address for info in led]
    shown["may_write_as"] = list(grants.list_grants(control, args.address))
    columns = _COLUMNS | _PROFILE_COLUMNS
    columns |= {"addresses": "Addresses", "may_write_as": "May write as"}
    if context.settings[table.GEO_DATABASE] is not None:
        info = accounts.show_account(control, args.address)
        seen = context.services.outgoing.watch.countries(info.id)
        shown["countries"] = [
            f"{country.name('en')} ({datetime.fromtimestamp(last, UTC):%Y-%m-%d})"
            for country, last in seen
        ]
        columns |= {"countries": "Logged in from"}
    if shown["sending_locked_at"] is not None:
        columns |= {"sending_locked_at": "Sending locked (UTC)", "sending_lock_reason": "Because"}
    context.record(args, shown, columns)
    return 0


def _set(context: Context, args: Namespace) -> int:
    control = context.services.control
    if args.name is not None:
        accounts.rename_account(control, args.address, args.name)
    if args.language is not None:
        accounts.set_language(control, args.address, args.language)
    if args.zone is not None:
        accounts.set_zone(control, args.address, args.zone)
    if "quota" in args:
        accounts.set_quota(control, args.address, args.quota)
    if not (args.function is None and args.phone is None and args.postal_address is None):
        profiles.set_profile(
            control,
            args.address,
            function=args.function,
            phone=args.phone,
            postal_address=postal(args),
        )
    shown = row(accounts.show_account(control, args.address))
    shown |= profile_row(profiles.show_profile(control, args.address))
    context.record(args, shown, _COLUMNS | _PROFILE_COLUMNS)
    return 0


def _switch(context: Context, args: Namespace, *, on: bool) -> int:
    control = context.services.control
    info = accounts.show_account(control, args.address)
    addresses.enable_address(control, info.address, on=on)
    return _show(context, args, accounts.show_account(control, args.address))


def _enable(context: Context, args: Namespace) -> int:
    return _switch(context, args, on=True)


def _disable(context: Context, args: Namespace) -> int:
    return _switch(context, args, on=False)


def _log_out(context: Context, args: Namespace) -> int:
    info = accounts.end_sessions(context.services.control, args.address)
    context.note(f"Whoever is logged in to {info.address} has to log in again.")
    return 0


def _lock(context: Context, args: Namespace) -> int:
    from alphorn.operations.sending import lock_sending

    services = context.services
    done = lock_sending(services.control, services.outgoing.sending, args.address, args.reason)
    context.record(args, row(done.account), _LOCK)
    if not done.new:
        context.note(f"Sending from {done.account.address} was locked already.")
        return 0
    context.note(
        f"{done.told} people are told. Of its mail {done.held} recipients are held: alphorn queue "
        f"list --held --address {done.account.address}"
    )
    return 0


def _unlock(context: Context, args: Namespace) -> int:
    from alphorn.operations.sending import unlock_sending

    services = context.services
    done = unlock_sending(
        services.control,
        services.outgoing.sending,
        args.address,
        anyway=args.anyway,
        release=args.release,
    )
    context.record(args, row(done.account), _LOCK)
    if args.release:
        context.note(f"{done.released} recipients of mail that was held go on.")
    else:
        context.note(
            "What was held of its mail is held still. Look at it with\n"
            f"    alphorn queue list --held --address {done.account.address}\n"
            "and let it go or remove it with `alphorn queue release` and `alphorn queue remove`."
        )
    return 0


def remove(context: Context, args: Namespace) -> int:
    """Also what `alphorn address remove` does with an account's own address."""
    control = context.services.control
    info = accounts.show_account(control, args.address)
    leading = addresses.list_addresses(control, account=info.address)
    others = [found.address for found in leading if found.address != info.address]
    also = f" with its addresses {', '.join(others)}" if others else ""
    confirm(
        context,
        args,
        info.address,
        f"This removes the account {info.address}{also} and all of its mail, for good.",
    )
    accounts.remove_account(control, info.address)
    context.note(f"{info.address} and its mail are removed.")
    return 0


def _grant(context: Context, args: Namespace) -> int:
    grants.grant_send_as(context.services.control, args.address, args.granted)
    context.note(f"{args.address} may write as {args.granted}.")
    return 0


def _revoke(context: Context, args: Namespace) -> int:
    grants.revoke_send_as(context.services.control, args.address, args.granted)
    context.note(f"{args.address} may no longer write as {args.granted}.")
    return 0


COMMANDS = (
    Command(
        "account list",
        "list the accounts",
        _list,
        (
            ORGANIZATION,
            Argument("--domain", metavar="NAME", help="only those of this domain"),
            JSON,
        ),
    ),
    Command("account show", "show one account", _show_one, (ADDRESS, JSON)),
    Command(
        "account set",
        "change the name, language, time zone, quota or profile of an account",
        _set,
        (
            ADDRESS,
            NAME,
            LANGUAGE,
            ZONE,
            QUOTA,
            *PROFILE,
            JSON,
        ),
        "Change what an account has of its own. Function, telephone and postal address are what "
        "templates say of the person (`alphorn template`); empty words take one away.",
    ),
    Command("account enable", "switch an account on again", _enable, (ADDRESS, JSON)),
    Command(
        "account disable",
        "switch an account off: no mail, no logins, nothing is lost",
        _disable,
        (ADDRESS, JSON),
    ),
    Command(
        "account lock",
        "lock an account's sending: it sends nothing more, and goes on receiving",
        _lock,
        (
            ADDRESS,
            Argument(
                "--reason",
                default="It was locked by whoever runs this service.",
                metavar="TEXT",
                help="why, in a sentence: the owner and those who manage the account are told",
            ),
            JSON,
        ),
        "Lock an account's sending. What it gave us in the last hour and has not left yet is\n"
        "held. Its owner, those who manage its organization and the postmaster are told. What an\n"
        "operator locked, an operator unlocks.",
    ),
    Command(
        "account unlock",
        "unlock an account's sending: it may send again",
        _unlock,
        (
            ADDRESS,
            Argument(
                "--anyway",
                action="store_true",
                help="though its password was not changed since sending was locked",
            ),
            Argument(
                "--release", action="store_true", help="let go what was held of its mail, too"
            ),
            JSON,
        ),
        "Unlock an account's sending. Where it was locked because the account behaved oddly, its\n"
        "password is to be changed first. What it did before does not count against it any more.",
    ),
    Command("account log-out", "end all sessions of an account", _log_out, (ADDRESS,)),
    Command("account remove", "remove an account with its mail", remove, (ADDRESS, YES)),
    Command(
        "account grant", "let an account write as another address", _grant, (ADDRESS, _GRANTED)
    ),
    Command("account revoke", "take such a grant back", _revoke, (ADDRESS, _GRANTED)),
)

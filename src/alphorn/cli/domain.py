"""`alphorn domain …`: domains, and what they need in the DNS."""

from argparse import Namespace
from collections.abc import Sequence

from alphorn.cli.arguments import ORGANIZATION
from alphorn.cli.confirm import YES, confirm
from alphorn.cli.table import JSON, Argument, Command, Context, Json
from alphorn.directory.values import DomainInfo
from alphorn.operations import domains
from alphorn.operations.records import DnsRecord

_NAME = Argument("name", help="the domain, such as example.org")
_COLUMNS = {"name": "Domain", "unicode": "Shown as", "enabled": "On"}


def _row(info: DomainInfo) -> dict[str, Json]:
    return {
        "id": info.id,
        "name": info.name,
        "unicode": info.unicode,
        "organization_id": info.organization_id,
        "enabled": info.enabled,
    }


def _record_rows(records: Sequence[DnsRecord]) -> list[Json]:
    return [
        {
            "name": record.name,
            "type": record.type,
            "value": record.value,
            "why": record.why,
            "line": record.zone_line(),
        }
        for record in records
    ]


def _print_records(context: Context, records: Sequence[DnsRecord]) -> None:
    for record in records:
        context.say(f"; {record.why}")
        context.say(record.zone_line())


def _show(context: Context, args: Namespace, info: DomainInfo) -> int:
    context.record(args, _row(info), _COLUMNS)
    return 0


def _add(context: Context, args: Namespace) -> int:
    made = domains.add_domain(context.services.control, args.name, args.organization)
    if args.json:
        context.json(_row(made.domain) | {"dns": _record_rows(made.records)})
        return 0
    context.note(f"{made.domain.unicode} is here. Put these lines into its zone in the DNS:\n")
    _print_records(context, made.records)
    context.note(f"\n`alphorn domain dns {made.domain.name}` shows them again.")
    return 0


def _dns(context: Context, args: Namespace) -> int:
    records = domains.dns_records(context.services.control, args.name)
    if args.json:
        context.json(_record_rows(records))
    else:
        _print_records(context, records)
    return 0


def _list(context: Context, args: Namespace) -> int:
    listed = domains.list_domains(context.services.control, args.organization)
    context.table(
        args,
        [_row(info) for info in listed],
        _COLUMNS,
        "No domain yet; say: alphorn domain add example.org --organization NAME",
    )
    return 0


def _show_one(context: Context, args: Namespace) -> int:
    return _show(context, args, domains.show_domain(context.services.control, args.name))


def _enable(context: Context, args: Namespace) -> int:
    control = context.services.control
    return _show(context, args, domains.enable_domain(control, args.name, on=True))


def _disable(context: Context, args: Namespace) -> int:
    control = context.services.control
    return _show(context, args, domains.enable_domain(control, args.name, on=False))


def _remove(context: Context, args: Namespace) -> int:
    control = context.services.control
    info = domains.show_domain(control, args.name)
    confirm(context, args, info.name, f"This removes the domain {info.name} and its keys for DKIM.")
    domains.remove_domain(control, info.name)
    context.note(f"{info.name} is removed.")
    return 0


COMMANDS = (
    Command(
        "domain add",
        "add a domain and print what to put into the DNS",
        _add,
        (
            _NAME,
            Argument(
                "--organization", required=True, metavar="NAME", help="the organization it is of"
            ),
            JSON,
        ),
    ),
    Command("domain list", "list the domains", _list, (ORGANIZATION, JSON)),
    Command("domain show", "show one domain", _show_one, (_NAME, JSON)),
    Command("domain dns", "print what a domain needs in the DNS", _dns, (_NAME, JSON)),
    Command("domain enable", "switch a domain on again", _enable, (_NAME, JSON)),
    Command(
        "domain disable",
        "switch a domain off: no mail, no logins, nothing is lost",
        _disable,
        (_NAME, JSON),
    ),
    Command("domain remove", "remove a domain without addresses", _remove, (_NAME, YES)),
)

"""`alphorn doctor`: what is wrong with this installation, and what to do."""

import asyncio
import os
import time
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterator

from alphorn.base import settings as table
from alphorn.base.errors import AlphornError
from alphorn.base.layout import Layout
from alphorn.base.settings import SettingsError
from alphorn.cli.checks import certificate, engines, gateways, geo, machine, mail, names, ports
from alphorn.cli.checks.finding import Finding, Level, error
from alphorn.cli.table import JSON, Argument, Command, Context
from alphorn.servers import status
from alphorn.servers.engines import settings as configured
from alphorn.servers.launch import Launch
from alphorn.servers.listeners import bindings
from alphorn.servers.resolver import resolver
from alphorn.servers.tls import tls_files

Check = Callable[[Context], Iterator[Finding]]
_MARKS = {Level.OK: "ok", Level.WARNING: "warning", Level.ERROR: "ERROR"}
_COLOURS = {Level.OK: "\x1b[32m", Level.WARNING: "\x1b[33m", Level.ERROR: "\x1b[31m"}
_PLAIN = "\x1b[0m"


def run(context: Context, args: Namespace) -> int:
    findings = list(_settings(context))
    if not findings:
        for check in CHECKS if args.dns else CHECKS[:-1]:
            findings += _guarded(check, context)
    if args.json:
        context.json(
            [
                {
                    "check": finding.check,
                    "level": finding.level.value,
                    "text": finding.text,
                    "advice": finding.advice,
                }
                for finding in findings
            ]
        )
    else:
        _print(context, findings)
    return 1 if any(finding.level is Level.ERROR for finding in findings) else 0


def _settings(context: Context) -> Iterator[Finding]:
    try:
        assert context.settings
    except SettingsError as problem:
        for text in problem.errors:
            yield error("settings", text, f"Correct {Layout(context.data).settings}.")
    except AlphornError as problem:
        yield error("settings", problem.text, "Set it up: alphorn init")


def _guarded(check: Check, context: Context) -> list[Finding]:
    """A check that cannot be made is a finding, not the end."""
    findings: list[Finding] = []
    try:
        findings.extend(check(context))
    except (AlphornError, OSError) as problem:
        text = problem.text if isinstance(problem, AlphornError) else str(problem)
        name = check.__name__.removeprefix("_")
        findings.append(error(name, text, "Solve this first, then look again."))
    return findings


def _print(context: Context, findings: list[Finding]) -> None:
    colours = context.out.isatty() and "NO_COLOR" not in os.environ
    for finding in findings:
        mark = f"{_MARKS[finding.level]:<8}"
        if colours:
            mark = f"{_COLOURS[finding.level]}{mark}{_PLAIN}"
        context.say(f"{mark} {finding.check:<12} {finding.text}")
        if finding.advice:
            context.say(f"{'':<22}-> {finding.advice}")
    counts = Counter(finding.level for finding in findings)
    context.say()
    if not counts[Level.ERROR] and not counts[Level.WARNING]:
        context.say("All is well.")
    else:
        context.say(f"{counts[Level.ERROR]} errors, {counts[Level.WARNING]} warnings.")


def _permissions(context: Context) -> Iterator[Finding]:
    return machine.permissions(Layout(context.data))


def _disk(context: Context) -> Iterator[Finding]:
    return machine.disk(context.data)


def _clock(context: Context) -> Iterator[Finding]:
    return machine.clock(Layout(context.data), time.time())


def _ports(context: Context) -> Iterator[Finding]:
    settings = context.settings
    roles = Launch(context.data).active_roles(settings)
    wanted = bindings(settings, roles, local=False, offset=0)
    return ports.check(wanted, status.read(Layout(context.data).run))


def _certificate(context: Context) -> Iterator[Finding]:
    settings = context.settings
    files = tls_files(context.data, settings)
    return certificate.check(files, settings[table.HOSTNAME], time.time())


def _queue(context: Context) -> Iterator[Finding]:
    return mail.queue(context.services.queue.health(), time.time())


def _store(context: Context) -> Iterator[Finding]:
    from alphorn.operations import accounts

    control = context.services.control
    known = [account.id for account in accounts.list_accounts(control)]
    return mail.accounts(context.services.store, known)


def _gateways(context: Context) -> Iterator[Finding]:
    known = context.services.view.gateways()
    return gateways.files(Layout(context.data).gateways, known, time.time())


def _countries(context: Context) -> Iterator[Finding]:
    path = context.settings[table.GEO_DATABASE]
    return geo.check(context.data / path if path is not None else None, time.time())


def _engines(context: Context) -> Iterator[Finding]:
    settings = context.settings

    async def ask() -> list[Finding]:
        return await engines.check(
            configured.scanner(settings),
            configured.controller(settings),
            configured.virus_scanner(settings),
            time.time(),
        )

    return iter(asyncio.run(ask()))


def _dns(context: Context) -> Iterator[Finding]:
    from alphorn.operations import domains

    settings, control = context.settings, context.services.control
    hostname = settings[table.HOSTNAME]
    wanted = {
        domain.name: domains.dns_records(control, domain.name)
        for domain in domains.list_domains(control)
        if domain.enabled
    }

    async def ask() -> list[Finding]:
        asked = resolver(settings)
        groups = await asyncio.gather(
            names.host(hostname, asked),
            *(names.domain(name, hostname, records, asked) for name, records in wanted.items()),
        )
        return [finding for group in groups for finding in group]

    return iter(asyncio.run(ask()))


CHECKS: tuple[Check, ...] = (
    _permissions,
    _disk,
    _clock,
    _ports,
    _certificate,
    _queue,
    _store,
    _gateways,
    _countries,
    _engines,
    _dns,
)

COMMANDS = (
    Command(
        "doctor",
        "say what is wrong with this installation, and what to do",
        run,
        (
            JSON,
            Argument(
                "--no-dns",
                dest="dns",
                action="store_false",
                help="do not ask the DNS",
            ),
        ),
        "Look at settings, permissions, disk, clock, ports, certificate, queue, mailboxes, "
        "gateways,\nengines, the database of countries and the DNS of each domain. Exit code 1 "
        "where something is\nan error; warnings give 0.",
    ),
)

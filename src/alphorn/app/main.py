"""The entry point: `alphorn` on the command line.

Commands are imported when they are asked for, so that `serve` does not carry the ORM and `--help`
is quick.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from alphorn.app.installation import read_settings
from alphorn.base.settings import Settings
from alphorn.cli import main as command_line
from alphorn.cli.table import Command, Context, Section
from alphorn.servers import privileges

if TYPE_CHECKING:
    from alphorn.servers.services import Services


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code. What it writes is for its own user only."""
    os.umask(0o077)
    return command_line.run(sections(), open_context, argv)


def sections() -> tuple[Section, ...]:
    """All commands, in the order of the help."""
    return (
        Section("serve", "run the service", _serve),
        Section("init", "set up an installation", _init),
        Section("organization", "who owns domains and accounts", _organization),
        Section("domain", "mail domains, and what they need in the DNS", _domain),
        Section("address", "addresses and where they lead", _address),
        Section("account", "mailboxes with a password", _account),
        Section("password", "passwords of accounts", _password),
        Section("device-password", "passwords for single mail programs", _device_password),
        Section("plan", "what organizations may use", _plan),
        Section("user", "who manages what", _user),
        Section("gateway", "secured gateways", _gateway),
        Section("confidential", "addresses that use a secured gateway only", _confidential),
        Section("protection", "what guards domains, accounts and addresses", _protection),
        Section("sender", "who is blocked and who is allowed", _sender),
        Section("filter", "filters of accounts, as made by clicking", _filter),
        Section("script", "Sieve scripts that owners of accounts write by hand", _script),
        Section("responder", "auto-replies, of which one is active at a time", _responder),
        Section("signature", "what stands below what an account writes", _signature),
        Section("template", "signatures and auto-replies for many people at once", _template),
        Section("spam", "what is learned of spam, and reports of phishing", _spam),
        Section("queue", "mail that waits to leave", _queue),
        Section("trace", "what became of a message", _trace),
        Section("ban", "client networks that may not connect", _ban),
        Section("blocked", "whether mail from an IP address is blocked here, and why", _blocked),
        Section("doctor", "what is wrong with this installation, and what to do", _doctor),
        Section("reload", "take changed settings and certificates into use", _reload),
        Section("restart", "take a new version of the program into use", _restart),
    )


def open_context(data: Path, command: Command) -> Context:
    """Root acts as the owner of the data, so that no file in it becomes root's by accident; only
    the service itself begins as root, for its ports."""
    if command.name not in ("serve", "reload", "restart") and data.exists():
        owner = privileges.account_for("", data)
        if owner is not None:
            privileges.become(owner)
    return Context(data=data, open_settings=read_settings, open_services=_open_services)


def _open_services(data: Path, settings: Settings) -> "Services":
    from alphorn.app.services import for_command

    return for_command(data, settings)


def _serve() -> tuple[Command, ...]:
    from alphorn.app import demo, service
    from alphorn.cli import serve

    return serve.commands(service.serve, service.check, demo.serve)


def _init() -> tuple[Command, ...]:
    from alphorn.cli import init

    return init.COMMANDS


def _organization() -> tuple[Command, ...]:
    from alphorn.cli import organization

    return organization.COMMANDS


def _domain() -> tuple[Command, ...]:
    from alphorn.cli import domain

    return domain.COMMANDS


def _address() -> tuple[Command, ...]:
    from alphorn.cli import address

    return address.COMMANDS


def _account() -> tuple[Command, ...]:
    from alphorn.cli import account

    return account.COMMANDS


def _password() -> tuple[Command, ...]:
    from alphorn.cli import password

    return password.COMMANDS


def _device_password() -> tuple[Command, ...]:
    from alphorn.cli import device_password

    return device_password.COMMANDS


def _plan() -> tuple[Command, ...]:
    from alphorn.cli import plan

    return plan.COMMANDS


def _user() -> tuple[Command, ...]:
    from alphorn.cli import user

    return user.COMMANDS


def _protection() -> tuple[Command, ...]:
    from alphorn.cli import protection

    return protection.COMMANDS


def _sender() -> tuple[Command, ...]:
    from alphorn.cli import sender

    return sender.COMMANDS


def _filter() -> tuple[Command, ...]:
    from alphorn.cli import filter as filters

    return filters.COMMANDS


def _script() -> tuple[Command, ...]:
    from alphorn.cli import script

    return script.COMMANDS


def _responder() -> tuple[Command, ...]:
    from alphorn.cli import responder

    return responder.COMMANDS


def _signature() -> tuple[Command, ...]:
    from alphorn.cli import signature

    return signature.COMMANDS


def _template() -> tuple[Command, ...]:
    from alphorn.cli import template

    return template.COMMANDS


def _spam() -> tuple[Command, ...]:
    from alphorn.cli import spam

    return spam.COMMANDS


def _gateway() -> tuple[Command, ...]:
    from alphorn.cli import gateway

    return gateway.COMMANDS


def _confidential() -> tuple[Command, ...]:
    from alphorn.cli import confidential

    return confidential.COMMANDS


def _queue() -> tuple[Command, ...]:
    from alphorn.cli import queue

    return queue.COMMANDS


def _trace() -> tuple[Command, ...]:
    from alphorn.cli import trace

    return trace.COMMANDS


def _ban() -> tuple[Command, ...]:
    from alphorn.cli import ban

    return ban.COMMANDS


def _blocked() -> tuple[Command, ...]:
    from alphorn.cli import blocked

    return blocked.COMMANDS


def _doctor() -> tuple[Command, ...]:
    from alphorn.cli import doctor

    return doctor.COMMANDS


def _reload() -> tuple[Command, ...]:
    from alphorn.cli import serve

    return serve.RELOAD


def _restart() -> tuple[Command, ...]:
    from alphorn.cli import serve

    return serve.RESTART

"""`alphorn init`: from nothing to an installation that can be started.

The settings file is written last, so that a folder with one in it is complete; what an earlier
attempt left behind is used or made anew.
"""

import json
import os
import secrets
import time
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from alphorn.base import address as addresses
from alphorn.base.errors import Exists, Refused
from alphorn.base.kinds import HOST
from alphorn.base.layout import Layout
from alphorn.base.secret import Secret
from alphorn.base.settings import parse
from alphorn.cli.table import Argument, Command, Context
from alphorn.directory import keys
from alphorn.servers.certificate import self_made

PRIVATE = 0o600
LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
GENERATED_CHARACTERS = 20

SETTINGS_TEMPLATE = """\
# The settings of this Alphorn. docs/settings.md tells what can be set; after a change
# `alphorn serve --check` says what is wrong and `alphorn reload` takes it into use.

hostname = {hostname}
postmaster = {postmaster}
"""


def run(context: Context, args: Namespace) -> int:
    from alphorn.directory.setup import migrate, setup
    from alphorn.operations import users

    hostname = _hostname(args.hostname)
    email = str(addresses.parse_foreign(args.admin_email))
    layout = Layout(context.data)
    if layout.settings.exists():
        raise Exists(f"{context.data} holds an installation already.", code="initialized")
    password = context.secret() if args.admin_password_stdin else None
    generated = password is None
    if password is None:
        password = _generated()
    text = SETTINGS_TEMPLATE.format(hostname=json.dumps(hostname), postmaster=json.dumps(email))
    settings = parse(text)
    prepare_files(layout, [hostname])
    setup(layout.control)
    migrate()
    services = context.open_services(context.data, settings)
    try:
        users.first_administrator(services.control, email, password)
    finally:
        services.close()
    write_private(layout.settings, text.encode())
    _report(context, hostname, email, password if generated else None)
    return 0


def prepare_files(layout: Layout, names: Sequence[str]) -> None:
    """The folders, the master key and a certificate for these names, each unless it is there."""
    layout.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    layout.root.chmod(0o700)
    layout.accounts.mkdir(mode=0o700, exist_ok=True)
    if not (layout.keys / keys.FILE_NAME).exists():
        keys.create(layout.keys)
    certificate, key = layout.tls / "certificate.pem", layout.tls / "key.pem"
    if not (certificate.exists() and key.exists()):
        layout.tls.mkdir(mode=0o700, exist_ok=True)
        certificate_pem, key_pem = self_made(names, time.time())
        write_private(key, key_pem)
        write_private(certificate, certificate_pem)


def write_private(path: Path, data: bytes) -> None:
    """A file that only its owner reads; complete or not there at all, durable on return."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _hostname(text: str) -> str:
    try:
        hostname = HOST.read(text)
    except ValueError as error:
        raise Refused(f"{text!r} {error}.", code="hostname") from error
    if "." not in hostname:
        raise Refused(
            f"{hostname!r} is to be a full name with a domain, such as mail.example.org.",
            code="hostname",
        )
    return hostname


def _generated() -> Secret:
    return Secret("".join(secrets.choice(LETTERS) for _ in range(GENERATED_CHARACTERS)))


def _report(context: Context, hostname: str, email: str, password: Secret | None) -> None:
    say = context.say
    data = f" --data {context.data}"
    say(f"Alphorn is set up in {context.data}.")
    say()
    say(f"  administrator   {email}")
    if password is not None:
        say(f"  password        {password.reveal()}   (shown this once)")
    say("  certificate     self-made: mail programs will warn about it until you set")
    say("                  tls.certificate and tls.key to one that others trust")
    say()
    say("Put this into the DNS (with the addresses of this machine):")
    say()
    say(f"  {hostname}.  A      192.0.2.1          the IPv4 address of this machine")
    say(f"  {hostname}.  AAAA   2001:db8::1        its IPv6 address, where it has one")
    say(f'  {hostname}.  TXT    "v=spf1 a -all"    its own reports come from here')
    say(f"  and at your provider the reverse name (PTR) of both: {hostname}")
    say()
    say("Then:")
    say()
    say(f"  alphorn{data} organization add Acme")
    say(f"  alphorn{data} domain add example.org --organization Acme     (prints its records)")
    say(f"  alphorn{data} address add anna@example.org --password-stdin")
    say(f"  alphorn{data} serve")
    say(f"  alphorn{data} doctor                     says what is still missing")


COMMANDS = (
    Command(
        "init",
        "set up an installation: settings, keys, certificate, first administrator",
        run,
        (
            Argument("hostname", metavar="HOSTNAME", help="the name of this server in the DNS"),
            Argument(
                "--admin-email",
                metavar="E",
                required=True,
                help="the first administrator; mail for postmaster goes there too",
            ),
            Argument(
                "--admin-password-stdin",
                action="store_true",
                help="read his password from standard input (else one is made and shown)",
            ),
        ),
    ),
)

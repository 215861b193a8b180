"""`alphorn serve --demo`: everything on localhost, with people and mail to look at.

The data is made once and kept; a folder that holds a real installation is never touched.
"""

import os
import shutil
import sys
import time
from collections.abc import Sequence
from typing import TextIO

from alphorn.app import samples, service
from alphorn.base.errors import Refused
from alphorn.base.layout import Layout
from alphorn.base.secret import Secret
from alphorn.base.settings import Settings
from alphorn.servers import lock
from alphorn.servers.launch import Launch
from alphorn.servers.listeners import Bound

DOMAIN = "example.test"
HOSTNAME = f"mail.{DOMAIN}"
PASSWORD = "alpenglow"  # noqa: S105 - printed for everybody; the demo answers on loopback only
MARK = "demo"
COMPLETE = "demo-complete"

SETTINGS = f"""\
# The settings of the Alphorn demo; docs/settings.md tells what else can be set.

hostname = "{HOSTNAME}"
postmaster = "{samples.ANNA}@{DOMAIN}"

# Mail for other servers stays in the queue, because the DNS server below is not there. Without
# this line it would leave your machine for good.
[dns]
servers = ["127.0.0.1:9"]
"""


def serve(launch: Launch) -> int:
    """Make the data unless it is there, and run the service on it."""
    layout = launch.layout
    make_folder(layout)
    return service.run(
        launch,
        lambda settings: populate(layout, settings),
        lambda bound: Guide(bound, layout, sys.stdout).print(),
    )


def make_folder(layout: Layout) -> None:
    """Settings, keys and certificate. Raises Refused where the folder holds something else."""
    from alphorn.cli.init import prepare_files, write_private

    mark = layout.root / MARK
    if (layout.root / COMPLETE).exists() or lock.holder(layout.run) is not None:
        return
    if mark.exists():  # the first start was interrupted: begin anew
        shutil.rmtree(layout.root)
    elif layout.root.exists() and any(layout.root.iterdir()):
        raise Refused(
            f"{layout.root} holds something else; the demo wants a folder of its own.",
            code="not-demo",
        )
    layout.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(mark, b"This folder belongs to `alphorn serve --demo` and may be deleted.\n")
    prepare_files(layout, [HOSTNAME, "localhost", "127.0.0.1"])
    write_private(layout.settings, SETTINGS.encode())


def populate(layout: Layout, settings: Settings) -> None:
    """The organization, its people and their mail, unless they are there.

    Runs in a process of its own: the ORM is not to be in the memory of the service.
    """
    from alphorn.app.services import for_command
    from alphorn.directory.setup import migrate, setup
    from alphorn.operations import accounts, domains, organizations
    from alphorn.operations.control import NewAccount

    setup(layout.control)
    migrate()
    complete = layout.root / COMPLETE
    if complete.exists():
        return
    parts = for_command(layout.root, settings)
    control = parts.control
    try:
        organizations.add_organization(control, "Demo")
        domains.add_domain(control, DOMAIN, "Demo")
        made = {
            local: accounts.add_account(
                control, NewAccount(f"{local}@{DOMAIN}", Secret(PASSWORD), name=name)
            ).id
            for local, name in samples.NAMES.items()
        }
        samples.fill(parts.store, made, time.time())
        complete.touch()
    finally:
        parts.close()


def _program() -> str:
    """How this program is called here."""
    return "alphorn" if shutil.which("alphorn") else os.path.relpath(sys.argv[0])


class Guide:
    """What a visitor is told: where to look, how to log in, what to try."""

    def __init__(self, bound: Sequence[Bound], layout: Layout, out: TextIO) -> None:
        self._ports = {one.binding.listener.name: one.binding.port for one in bound}
        self._address = bound[0].binding.address
        self._layout = layout
        self._out = out
        colours = out.isatty() and "NO_COLOR" not in os.environ
        self._bold, self._dim, self._plain = (
            ("\x1b[1m", "\x1b[2m", "\x1b[0m") if colours else ("", "", "")
        )

    def print(self) -> None:
        ports, address = self._ports, self._address
        accounts = "  ".join(f"{local}@{DOMAIN}" for local in samples.NAMES)
        lines = [
            "",
            f"  {self._bold}Alphorn is up.{self._plain}  Ctrl-C stops it.",
            "",
            f"  accounts    {accounts}",
            f"  password    {PASSWORD}   (all three)",
            "",
            f"  {address}   port",
            f"    mail arrives  {ports['smtp']}",
            f"    sending       {ports['submissions']} (TLS)  {ports['submission']} (STARTTLS)",
            f"    reading       {ports['imaps']} (TLS)  {ports['imap']} (STARTTLS)",
            f"    Sieve rules   {ports['sieve']} (STARTTLS)",
            f"    web pages     https://{address}:{ports['https']}/",
            f"    figures       http://{address}:{ports['metrics']}/metrics",
            "",
        ]
        for number, (what, command) in enumerate(self._commands(), 1):
            lines += [f"  {number}. {what}", f"     {self._bold}{command}{self._plain}", ""]
        lines += [
            f"  {self._dim}The certificate is self-made. All data is in {self._layout.root};",
            "  delete that to begin anew. What became of each message, from another terminal:",
            f"  {_program()} --data {self._layout.root} trace list{self._plain}",
            "",
        ]
        print("\n".join(lines), file=self._out, flush=True)

    def _commands(self) -> tuple[tuple[str, str], ...]:
        """With curl where it is, else with Python, which is there."""
        anna = f"{samples.ANNA}@{DOMAIN}"
        ports, address = self._ports, self._address
        titles = (
            "Send Anna a message, as another server would:",
            "List her mailbox:",
            "Read the first message in it:",
        )
        if shutil.which("curl"):
            inbox = f"imaps://{address}:{ports['imaps']}/INBOX"
            commands = (
                r"printf 'From: you@example.net\nSubject: Hello\n\nIt works.\n' | "
                f"curl --crlf smtp://{address}:{ports['smtp']} --mail-from you@example.net "
                f"--mail-rcpt {anna} -T -",
                f"curl -sk -u {anna}:{PASSWORD} {inbox} -X 'FETCH 1:* (FLAGS ENVELOPE)'",
                f"curl -sk -u {anna}:{PASSWORD} '{inbox};MAILINDEX=1'",
            )
        else:
            login = (
                f'import imaplib; m=imaplib.IMAP4("{address}",{ports["imap"]}); '
                f'm.login("{anna}","{PASSWORD}"); m.select(); '
            )
            commands = (
                f'python3 -c \'import smtplib; smtplib.SMTP("{address}",{ports["smtp"]})'
                f'.sendmail("you@example.net","{anna}",'
                '"From: you@example.net\\r\\nSubject: Hello\\r\\n\\r\\nIt works.")\'',
                f'python3 -c \'{login}print(*m.fetch("1:*","(FLAGS ENVELOPE)")[1],sep="\\n")\'',
                f'python3 -c \'{login}print(m.fetch("1","(RFC822)")[1][0][1].decode())\'',
            )
        return tuple(zip(titles, commands, strict=True))

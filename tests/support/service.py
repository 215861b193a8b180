"""The real service in a folder of its own, on ports of its own, with chosen accounts.

    with running(tmp_path, {"anna@example.test": "secret words"}) as service:
        service.send("x@example.net", ["anna@example.test"], b"Subject: Hi\r\n\r\nHi\r\n")
        with service.imap("anna@example.test") as client:
            ...

It is ready when the block begins, it is stopped when it ends, and the test fails where the service
logged an error that was not expected (`service.process.expect_errors = True`).
"""

import imaplib
import smtplib
import ssl
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from alphorn.base.layout import Layout
from tests.support.process import Ports, ServiceProcess

HOST = "127.0.0.1"
HOSTNAME = "mx.example.test"
ITERATIONS = 1000
"""Passwords cost little in tests."""
ALPHORN = str(Path(sys.executable).with_name("alphorn"))


class Service:
    """A service that runs. `accounts` are addresses and their passwords."""

    def __init__(
        self,
        data: Path,
        ports: Ports,
        accounts: Mapping[str, str],
        arguments: Sequence[str],
        host: str = HOST,
    ) -> None:
        self.data = data
        self.ports = ports
        self.accounts = accounts
        self.host = host
        self._arguments = [
            "--data", str(data), "serve", "--local", "--port-offset", str(ports.offset), *arguments
        ]  # fmt: skip
        self.process = self.start()

    def start(self) -> ServiceProcess:
        """Begin (again): in the beginning, and after the process was stopped or killed."""
        self.process = ServiceProcess([ALPHORN, *self._arguments])
        self.process.wait_for("ready: ")
        return self.process

    def client_context(self) -> ssl.SSLContext:
        """Trusts this service's certificate and nothing else."""
        return ssl.create_default_context(cafile=Layout(self.data).tls / "certificate.pem")

    def smtp(self) -> smtplib.SMTP:
        """A connection to the MX port."""
        return smtplib.SMTP(self.host, self.ports["smtp"], timeout=60)

    def submission(self, address: str) -> smtplib.SMTP:
        """Logged in on the submission port, after STARTTLS."""
        client = smtplib.SMTP(self.host, self.ports["submission"], timeout=60)
        client.starttls(context=self.client_context())
        client.login(address, self.accounts[address])
        return client

    def send(self, sender: str, recipients: Sequence[str], message: bytes) -> None:
        """To the MX port, in a connection of its own; raises what smtplib raises."""
        with self.smtp() as client:
            client.sendmail(sender, recipients, message)

    def imap(self, address: str) -> imaplib.IMAP4:
        """Logged in, over TLS."""
        client = imaplib.IMAP4_SSL(
            self.host, self.ports["imaps"], ssl_context=self.client_context(), timeout=60
        )
        client.login(address, self.accounts[address])
        return client

    def subjects(self, address: str, mailbox: str = "INBOX") -> list[str]:
        """Of all messages in a mailbox, in order."""
        with self.imap(address) as client:
            client.select(mailbox, readonly=True)
            _, found = client.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
        return [
            part[1].decode().partition(":")[2].strip() for part in found if isinstance(part, tuple)
        ]


def install(
    data: Path,
    accounts: Mapping[str, str],
    settings: str = "",
    *,
    host: str = HOST,
    hostname: str = HOSTNAME,
) -> None:
    """Settings, keys, certificate and control plane, as `init` and the other commands make them."""
    from alphorn.app.installation import read_settings
    from alphorn.app.services import for_command
    from alphorn.base.secret import Secret
    from alphorn.cli.init import prepare_files
    from alphorn.directory.setup import close_connections, migrate, setup
    from alphorn.operations import accounts as operations
    from alphorn.operations import domains, organizations
    from alphorn.operations.control import NewAccount

    layout = Layout(data)
    prepare_files(layout, [hostname, "localhost", host])
    layout.settings.write_text(f'hostname = "{hostname}"\nlog.format = "json"\n{settings}')
    setup(layout.control)
    migrate()
    services = for_command(data, read_settings(data))
    try:
        control = replace(services.control, iterations=ITERATIONS)
        organizations.add_organization(control, "Acme")
        for domain in dict.fromkeys(address.rpartition("@")[2] for address in accounts):
            domains.add_domain(control, domain, "Acme")
        for address, password in accounts.items():
            operations.add_account(control, NewAccount(address, Secret(password)))
    finally:
        services.close()
        close_connections()


@contextmanager
def running(
    folder: Path,
    accounts: Mapping[str, str],
    *,
    settings: str = "",
    arguments: Sequence[str] = ("--workers", "2"),
    host: str = HOST,
    hostname: str = HOSTNAME,
    ports: Ports | None = None,
) -> Iterator[Service]:
    """Install in `folder`/data and serve. `settings` is TOML, `arguments` go to `alphorn serve`.

    `host` is the address it is reached at; one that is not `HOST` has to stand in the settings too.
    Services at different addresses can share `ports`, which are then the caller's to release.
    """
    data = folder / "data"
    install(data, accounts, settings, host=host, hostname=hostname)
    own = Ports() if ports is None else None
    try:
        service = Service(data, ports or own, accounts, arguments, host)
        try:
            yield service
        finally:
            kind, error, trace = sys.exc_info()
            service.process.__exit__(kind, error, trace)
    finally:
        if own is not None:
            own.release()

"""Does the service answer on its ports, or could it have them?"""

import socket
import ssl
from collections.abc import Iterable, Iterator, Sequence

from alphorn.base.errors import Refused
from alphorn.cli.checks.finding import Finding, error, ok, warning
from alphorn.servers.listeners import Binding, Security, bind
from alphorn.servers.status import Status

ANSWER_SECONDS = 5.0
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to ask, not where to listen
_GREETINGS = {
    "smtp": b"220 ",
    "submission": b"220 ",
    "imap": b"* OK ",
    "sieve": b'"IMPLEMENTATION" "Alphorn"',
    "http": b"HTTP/1.1 308 ",
    "https": b"HTTP/1.1 ",
}
_ASKED = b"HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
"""Of those who speak when they are spoken to."""


def check(wanted: Sequence[Binding], status: Status | None) -> Iterator[Finding]:
    """Asks each port of the service that runs; where none runs, tries to bind them."""
    if status is None:
        yield warning("ports", "The service does not run.", "Start it: alphorn serve")
        yield from _bindable(wanted)
        return
    silent = [
        (binding, problem)
        for binding in status.bindings
        if (problem := _problem(binding)) is not None
    ]
    for binding, problem in silent:
        yield error(
            "ports", f"{binding} does not answer: {problem}", "Look into the log of the service."
        )
    if not silent:
        names = ", ".join(f"{b.listener.name} {b.port}" for b in _unique(status.bindings))
        yield ok("ports", f"The service (process {status.pid}) answers on {names}.")


def _bindable(wanted: Iterable[Binding]) -> Iterator[Finding]:
    try:
        for bound in bind(wanted, tolerant=True):
            bound.socket.close()
    except Refused as refused:
        yield error(
            "ports",
            refused.text,
            "Stop the other program, start Alphorn as root, or move the listeners in the settings.",
        )


def _unique(bindings: Iterable[Binding]) -> Iterator[Binding]:
    seen = set()
    for binding in bindings:
        if (binding.listener.name, binding.port) not in seen:
            seen.add((binding.listener.name, binding.port))
            yield binding


def _problem(binding: Binding) -> str | None:
    """What is wrong with what answers there; None when it is Alphorn as it should be."""
    where = (_ANY.get(binding.address, binding.address), binding.port)
    try:
        with socket.create_connection(where, timeout=ANSWER_SECONDS) as connection:
            if binding.listener.security is Security.IMPLICIT:
                context = ssl.create_default_context()
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE  # the certificate has a check of its own
                with context.wrap_socket(connection) as secure:
                    return _greeting(binding, secure)
            return _greeting(binding, connection)
    except OSError as problem:
        return problem.strerror or str(problem)


def _greeting(binding: Binding, connection: socket.socket) -> str | None:
    expected = _GREETINGS.get(binding.listener.name)
    if expected is None:
        return None
    if expected.startswith(b"HTTP"):
        connection.sendall(_ASKED)
    said = connection.recv(1024)
    return None if said.startswith(expected) else f"it says {said[:60]!r}"

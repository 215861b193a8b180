"""Time, shutdown and waiting, over real sockets; swaks as a client that others wrote."""

import socket
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from alphorn.operations.deliver import Reception
from alphorn.servers.smtp.service import Timing
from tests.servers.smtp.serving import Ports, eventually, serving
from tests.support.installation import PASSWORD
from tests.support.mailhouse import ANNA, BERT, MailHouse

READY = b"HELO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<anna@example.test>\r\n"
MESSAGE = b"BDAT 11 LAST\r\nFrom: a\r\n\r\n"


def everything(sock: socket.socket) -> bytes:
    """All that is said until the end of the connection."""
    return b"".join(iter(lambda: sock.recv(65536), b""))


class Gate:
    """Holds deliveries until it is opened."""

    def __init__(self, ports: Ports) -> None:
        self.begun, self._open = threading.Event(), threading.Event()
        accept = ports.house.delivery.accept

        def slow(*args: Any, **more: Any) -> Reception:
            self.begun.set()
            assert self._open.wait(60)
            return accept(*args, **more)

        ports.house.delivery.accept = slow  # type: ignore[method-assign, assignment]

    def open(self) -> None:
        self._open.set()


def shut_down(ports: Ports, name: str = "mx") -> None:
    def work() -> None:
        for connection in list(ports.hosts[name].connections):
            connection.shutdown()

    ports.on_loop(work)


def test_silence_ends_the_connection(house: MailHouse, tmp_path: Path) -> None:
    with serving(house, tmp_path, timing=Timing(silence=1)) as ports, ports.connect() as sock:
        sock.sendall(b"NOOP\r\n")
        assert everything(sock).endswith(
            b"250 2.0.0 OK\r\n421 4.4.2 You were silent for too long\r\n"
        )


def test_a_command_that_never_ends(house: MailHouse, tmp_path: Path) -> None:
    """A little now and then does not count as progress."""
    with serving(house, tmp_path, timing=Timing(silence=1)) as ports, ports.connect() as sock:
        sock.settimeout(0.02)
        said = b""
        while b"421" not in said:
            sock.sendall(b"x")
            try:
                said += sock.recv(1000)
            except TimeoutError:
                continue
        assert said.endswith(b"421 4.4.2 This takes too long\r\n")


def test_a_message_that_never_ends(house: MailHouse, tmp_path: Path) -> None:
    timing = Timing(silence=30, message=0.3)
    with serving(house, tmp_path, timing=timing) as ports, ports.connect() as sock:
        sock.sendall(READY + b"DATA\r\n")
        sock.settimeout(0.02)
        said = b""
        while b"421" not in said:
            sock.sendall(b"x\r\n")
            try:
                said += sock.recv(1000)
            except TimeoutError:
                continue
        assert said.endswith(b"421 4.4.2 This takes too long\r\n")
    assert house.inbox(house.anna) == []


def test_our_own_work_is_no_silence(house: MailHouse, tmp_path: Path) -> None:
    with serving(house, tmp_path, timing=Timing(silence=1)) as ports, ports.connect() as sock:
        gate = Gate(ports)
        sock.sendall(READY + MESSAGE)
        assert gate.begun.wait(60)
        with ports.connect() as other:
            assert b"421" in everything(other)  # the time has passed for a silent client
        gate.open()
        assert b"250 2.0.0 Delivered (" in everything(sock)


def test_a_stop_between_commands(ports: Ports) -> None:
    with ports.connect() as sock:
        sock.sendall(READY + b"DATA\r\nFrom: half\r\n")
        eventually(lambda: ports.memory.held > 0)
        shut_down(ports)
        assert everything(sock).endswith(b"421 4.3.2 The service is stopping; connect again\r\n")
    assert ports.memory.held == 0
    assert ports.house.inbox(ports.house.anna) == []


def test_a_stop_while_a_message_is_stored_finishes_it(ports: Ports) -> None:
    gate = Gate(ports)
    with ports.connect() as sock:
        sock.sendall(READY + MESSAGE + b"MAIL FROM:<a@b.c>\r\n")
        assert gate.begun.wait(60)
        shut_down(ports)
        gate.open()
        said = everything(sock).split(b"\r\n")
    assert said[-3].startswith(b"250 2.0.0 Delivered (")
    assert said[-2:] == [b"421 4.3.2 The service is stopping; connect again", b""]
    assert len(ports.house.inbox(ports.house.anna)) == 1


def test_nothing_overtakes_a_message(ports: Ports) -> None:
    gate = Gate(ports)
    with ports.connect() as sock:
        sock.sendall(READY + MESSAGE + b"NOOP\r\nQUIT\r\n")
        assert gate.begun.wait(60)
        gate.open()
        said = everything(sock).decode().splitlines()
    assert [line[:3] for line in said] == ["220", "250", "250", "250", "250", "250", "221"]
    assert "Delivered" in said[4]


def test_sessions_do_not_wait_for_each_other(ports: Ports) -> None:
    gate = Gate(ports)
    with ports.connect() as sock, ports.connect() as other:
        sock.sendall(READY + MESSAGE)
        assert gate.begun.wait(60)
        other.sendall(b"NOOP\r\nQUIT\r\n")
        assert b"221 2.0.0 Goodbye" in everything(other)
        gate.open()


def swaks(ports: Ports, name: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (
            "swaks", "--server", "127.0.0.1", "--port", str(ports.numbers[name]), "--ehlo",
            "client.test", "--header", "Subject: swaks", "--body", "one\n.two\n", *options,
        ),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )  # fmt: skip


@pytest.mark.program("swaks")
@pytest.mark.parametrize("options", [(), ("--pipeline",), ("--tls",), ("--protocol", "SMTP")])
def test_swaks_delivers(ports: Ports, options: tuple[str, ...]) -> None:
    done = swaks(ports, "mx", "--from", "a@b.c", "--to", f"{ANNA},{BERT}", *options)
    assert done.returncode == 0, done.stdout
    for account in (ports.house.anna, ports.house.bert):
        (raw,) = ports.house.inbox(account)
        assert b"\r\none\r\n.two\r\n" in raw


@pytest.mark.program("swaks")
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize(("name", "tls"), [("submission", "--tls"), ("submissions", "--tlsc")])
def test_swaks_submits(ports: Ports, mechanism: str, name: str, tls: str) -> None:
    done = swaks(
        ports, name, tls, "--from", ANNA, "--to", "x@other.test", "--auth", mechanism,
        "--auth-user", ANNA, "--auth-password", PASSWORD,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    (raw,) = ports.house.queued_raw()
    assert b"\r\none\r\n.two\r\n" in raw


@pytest.mark.program("swaks")
def test_swaks_is_refused(ports: Ports) -> None:
    done = swaks(ports, "mx", "--from", "a@b.c", "--to", "x@other.test")
    assert done.returncode == 24
    assert "<** 550 5.7.1 Mail for other domains is not taken here" in done.stdout

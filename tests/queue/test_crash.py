"""Killed with SIGKILL in the middle of deliveries, nothing is lost; a second copy is possible only
of what a server took and was not recorded yet."""

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from alphorn.queue.claims import LEASE
from alphorn.queue.queue import Queue
from tests.conftest import ROOT
from tests.queue.helpers import MESSAGE, envelope, origin
from tests.support.dns import DnsServer
from tests.support.smtpd import SmtpServer

SHORT_LEASE = 1.5
MESSAGES = 120
AT_ONCE = 10
"""Deliveries to one destination at a time: so many can be in the air when the process dies."""


@contextmanager
def worker(
    path: Path, dns: DnsServer, server: SmtpServer, lease: float = LEASE
) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.queue.worker"),
            *(str(path), str(dns.address[1]), str(server.port), str(lease)),
        ],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    try:
        yield process
    finally:
        if process.poll() is None:
            process.communicate(timeout=60)
        assert process.stdin is not None
        process.stdin.close()
        process.stdout.close()


@pytest.mark.parametrize("kills", [2, pytest.param(100, marks=pytest.mark.soak)])
def test_killed_in_the_middle_nothing_is_lost(tmp_path: Path, kills: int) -> None:
    path = tmp_path / "queue.sqlite"
    queue = Queue(path)
    zone = {"remote.test": {"MX": ["10 mx.remote.test"]}, "mx.remote.test": {"A": ["127.0.0.31"]}}
    with DnsServer(zone) as dns, SmtpServer("127.0.0.31") as server:
        for number in range(kills):
            names = [f"k{number}m{count}@remote.test" for count in range(MESSAGES)]
            for name in names:
                queue.enqueue(MESSAGE, envelope(name), origin=origin())
            arrived = len(server.messages)
            with worker(path, dns, server, SHORT_LEASE) as process:
                # A different moment each time: after 5, 22, 39, ... messages.
                moment = arrived + 5 + (number * 17) % (MESSAGES - 20)
                server.wait(lambda moment=moment: len(server.messages) >= moment)  # type: ignore[misc]
                process.send_signal(signal.SIGKILL)
                process.wait()
            assert queue.health().messages > 0
            with worker(path, dns, server, SHORT_LEASE):
                until_empty(queue)
        copies = Counter(address for message in server.messages for address in message.recipients)
        assert len(copies) == kills * MESSAGES
        assert sum(copies.values()) - len(copies) <= kills * AT_ONCE
        assert max(copies.values()) <= 2
    queue.close()


def until_empty(queue: Queue) -> None:
    deadline = time.monotonic() + 60
    while queue.health().messages:
        assert time.monotonic() < deadline, queue.health()
        time.sleep(0.02)


def test_workers_side_by_side_deliver_everything_once(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite"
    queue = Queue(path)
    zone = {"remote.test": {"MX": ["10 mx.remote.test"]}, "mx.remote.test": {"A": ["127.0.0.32"]}}
    with DnsServer(zone) as dns, SmtpServer("127.0.0.32") as server:
        with worker(path, dns, server), worker(path, dns, server):
            for number in range(200):
                queue.enqueue(MESSAGE, envelope(f"m{number}@remote.test"), origin=origin())
            until_empty(queue)
        arrived = [message.recipients[0] for message in server.messages]
        assert len(arrived) == 200
        assert len(set(arrived)) == 200
    queue.close()

"""Everything is killed at once, supervisor and workers, while mail pours in from all sides.

What was acknowledged is there after the next start, once: messages to the MX port, messages that
are appended over IMAP, and those submitted, which are in the queue or delivered. What was under way
may be there too, once.
"""

import imaplib
import random
import smtplib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.tools import (
    NO_DNS,
    PASSWORD,
    alphorn_json,
    kill_everything,
    lift_sending_limits,
    message,
    run_alphorn,
    until,
)
from tests.support.service import Service, running

ANNA, BEN = "anna@example.test", "ben@example.test"
GUEST = "guest@example.net"
FAR = "friend@elsewhere.test"
ACCOUNTS = dict.fromkeys((ANNA, BEN), PASSWORD)
AT_LEAST = 30
"""Acknowledgements in a round before the kill."""

AT_ONCE = 8
"""Messages that the queue is delivering at a time in this test. Between the moment when one is in
the mailbox and that when the queue strikes it out a kill leads to a second copy (RFC 1047)."""

LEASE = 60
"""Seconds after which at the latest what a dead process was delivering is delivered by others."""


class Ledger:
    """What was begun and what was acknowledged, by the names of the messages."""

    def __init__(self) -> None:
        self.begun: set[str] = set()
        self.acknowledged: set[str] = set()
        self._changed = threading.Condition()

    def begin(self, name: str) -> None:
        self.begun.add(name)

    def acknowledge(self, name: str) -> None:
        with self._changed:
            self.acknowledged.add(name)
            self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.acknowledged) >= count, 60)

    def of(self, kind: str) -> tuple[set[str], set[str]]:
        """Begun and acknowledged names of this kind."""
        return (
            {name for name in self.begun if name.startswith(f"{kind} ")},
            {name for name in self.acknowledged if name.startswith(f"{kind} ")},
        )


class Load:
    """Senders of several kinds, each in a thread, until the service is gone.

    The first word of a name is its kind: "mx" goes to Anna and Ben at once, "append" into Anna's
    Archive, "local" from Anna to Ben, "far" from Anna to somebody elsewhere.
    """

    def __init__(self, service: Service, ledger: Ledger, turn: int) -> None:
        self._service = service
        self._ledger = ledger
        self._turn = turn
        self._faults: list[Exception] = []
        work: list[tuple[str, Callable[[str], None]]] = [
            ("mx", self._deliver),
            ("mx", self._deliver_on_new_connections),
            ("append", self._append),
            ("local", self._submit),
            ("far", self._submit),
        ]
        self._threads = [
            threading.Thread(target=self._run, args=(run, f"{kind} {turn}.{number}"))
            for number, (kind, run) in enumerate(work)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()
        assert self._faults == []

    def _run(self, work: Callable[[str], None], name: str) -> None:
        try:
            work(name)
        except (OSError, smtplib.SMTPServerDisconnected, imaplib.IMAP4.abort):
            pass  # killed: that is what is tried here
        except Exception as fault:
            self._faults.append(fault)

    def _names(self, prefix: str) -> Iterator[str]:
        """Each is acknowledged when the next is asked for."""
        number = 0
        while True:
            name = f"{prefix}.{number}"
            self._ledger.begin(name)
            yield name
            self._ledger.acknowledge(name)
            number += 1

    def _deliver(self, prefix: str) -> None:
        client = self._service.smtp()
        for name in self._names(prefix):
            client.sendmail(GUEST, [ANNA, BEN], message(GUEST, name))

    def _deliver_on_new_connections(self, prefix: str) -> None:
        for name in self._names(prefix):
            client = self._service.smtp()
            client.sendmail(GUEST, [ANNA, BEN], message(GUEST, name))
            client.close()

    def _append(self, prefix: str) -> None:
        client = self._service.imap(ANNA)
        for name in self._names(prefix):
            said, _ = client.append("Archive", "", "", message(ANNA, name))
            assert said == "OK"

    def _submit(self, prefix: str) -> None:
        to = BEN if prefix.startswith("local") else FAR
        client = self._service.submission(ANNA)
        for name in self._names(prefix):
            client.sendmail(ANNA, [to], message(ANNA, name))


def check(service: Service, ledger: Ledger, kills: int) -> None:
    # The queue first: what goes from it into a mailbox meanwhile is then seen in both.
    queued = Counter(map(name_of, alphorn_json(service, "queue", "list", "--limit", "10000")))
    at_anna, at_ben = (Counter(service.subjects(address)) for address in (ANNA, BEN))
    archive = Counter(service.subjects(ANNA, "Archive"))
    for found, kind in ((at_anna, "mx"), (at_ben, "mx"), (archive, "append"), (queued, "far")):
        begun, acknowledged = ledger.of(kind)
        assert sorted(acknowledged - found.keys()) == [], f"{kind} is lost"
        assert [name for name in begun if found[name] > 1] == [], f"{kind} is there twice"
    begun, acknowledged = ledger.of("local")
    assert sorted(acknowledged - at_ben.keys() - queued.keys()) == [], "submitted mail is lost"
    twice = [name for name in begun if at_ben[name] > 1]
    assert len(twice) <= kills * AT_ONCE


def name_of(row: dict[str, Any]) -> str:
    """The message's name, of which its Message-ID is made."""
    return str(row["message_id"]).removeprefix("<").partition("@")[0].replace(".", " ", 1)


def run_rounds(folder: Path, rounds: int, *, patient: bool) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    ledger = Ledger()
    with running(folder, ACCOUNTS, settings=NO_DNS) as service:
        lift_sending_limits(service)
        for turn in range(rounds):
            load = Load(service, ledger, turn)
            load.start()
            ledger.wait_for(len(ledger.acknowledged) + AT_LEAST + chance.randrange(100))
            time.sleep(chance.uniform(0, 0.02))
            kill_everything(service)
            load.join()
            service.start()
            check(service, ledger, turn + 1)
        for kind in ("mx", "append", "local", "far"):
            assert len(ledger.of(kind)[1]) >= rounds, kind
        found = run_alphorn(service, "doctor", "--no-dns")
        assert found.returncode == 0, found.stdout
        if patient:
            rest = ("queue", "list", "--address", BEN)
            until(lambda: not alphorn_json(service, *rest), "all for Ben is delivered", LEASE)
            assert ledger.of("local")[1] <= set(service.subjects(BEN))


def test_what_was_acknowledged_survives_three_kills(tmp_path: Path) -> None:
    run_rounds(tmp_path, 3, patient=False)


@pytest.mark.soak
def test_what_was_acknowledged_survives_fifty_kills(tmp_path: Path) -> None:
    run_rounds(tmp_path, 50, patient=True)

"""Processes are killed at any moment (SIGKILL) while they work; what they told of is there."""

import multiprocessing
import os
import random
import select
import signal
from pathlib import Path

import pytest

from alphorn.base.flags import Flag
from alphorn.store.api import Account, Column
from alphorn.store.sqlite import SqliteStore
from tests.store import workload
from tests.store.mail import EVERY, NOW

PROCESSES = 2
THREADS = 2
ROUNDS_PER_ACCOUNT = 20


class Told:
    """What the killed processes told, of all rounds on one account."""

    def __init__(self) -> None:
        self.acts: dict[str, set[str]] = {}

    def hear(self, lines: bytes) -> None:
        for line in lines.decode().splitlines():
            act, name = line.split(" ")
            self.acts.setdefault(name, set()).add(act)

    def check(self, account: Account) -> None:
        assert account.check() == []
        there: dict[str, tuple[str, int]] = {}
        for mailbox in ("INBOX", "Archive"):
            columns = (Column.FLAGS, Column.SUBJECT, Column.RAW)
            for flags, subject, octets in account.fetch(
                account.mailbox(mailbox).id, EVERY, columns
            ):
                name = str(subject)
                assert name not in there
                assert octets == workload.message(name)
                there[name] = mailbox, int(str(flags))
        filed = self._filed(account)
        for name, acts in self.acts.items():
            if workload.DELIVERED in acts:
                assert name in filed
            elif workload.EXPUNGED in acts:
                assert name not in there
            elif name not in there:
                # It was moved, and the process was killed before it told that it was expunged.
                assert workload.MOVED in acts
            else:
                mailbox, flags = there[name]
                assert mailbox == "Archive" or workload.MOVED not in acts
                assert flags & Flag.SEEN or workload.SEEN not in acts

    def _filed(self, account: Account) -> set[str]:
        """What was delivered, wholly: into each of the mailboxes, and remembered."""
        names = {mailbox.name for mailbox in account.mailboxes()}
        found: list[set[str]] = []
        for place in workload.FILED:
            mailbox = account.mailbox(place).id if place in names else 0
            rows = (
                list(account.fetch(mailbox, EVERY, (Column.SUBJECT, Column.RAW))) if mailbox else []
            )
            assert all(octets == workload.message(str(subject)) for subject, octets in rows)
            found.append({str(subject) for subject, _ in rows})
            assert len(found[-1]) == len(rows)
        first, second = found
        assert first == second
        assert all(account.remembered(name, NOW) for name in first)
        return first


def kill_one_round(folder: Path, account_id: int, name: str, seconds: float, told: Told) -> None:
    """Start fresh processes, kill them after so many seconds of work, and listen to what they told
    until then."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.store.workload"])
    reading, writing = context.Pipe(duplex=False)
    with reading:
        with writing:
            processes = [
                context.Process(
                    target=workload.work,
                    args=(str(folder), account_id, f"{name}.{n}", THREADS, writing),
                )
                for n in range(PROCESSES)
            ]
            for process in processes:
                process.start()
        assert select.select([reading], [], [], 30)[0], "nothing was told: they do not work"
        select.select([], [], [], seconds)
        for process in processes:
            process.kill()
        for process in processes:
            process.join()
            assert process.exitcode == -signal.SIGKILL
        told.hear(b"".join(iter(lambda: os.read(reading.fileno(), 1 << 16), b"")))


def kill_rounds(folder: Path, rounds: int) -> int:
    """How many acts were told of in so many rounds, all of which were found done."""
    chance = random.Random()
    acts = 0
    told = Told()
    for n in range(rounds):
        account_id = n // ROUNDS_PER_ACCOUNT
        if n % ROUNDS_PER_ACCOUNT == 0:
            told = Told()
            store = SqliteStore(folder)
            store.create(account_id)
            store.close()
        kill_one_round(folder, account_id, f"r{n}", chance.uniform(0, 0.12), told)
        store = SqliteStore(folder)
        told.check(store.account(account_id))
        store.close()
        if n % ROUNDS_PER_ACCOUNT == ROUNDS_PER_ACCOUNT - 1 or n == rounds - 1:
            acts += sum(map(len, told.acts.values()))
    return acts


def test_nothing_told_is_lost_when_processes_are_killed(tmp_path: Path) -> None:
    assert kill_rounds(tmp_path / "accounts", 100) > 300


@pytest.mark.soak
def test_nothing_told_is_lost_in_a_thousand_rounds(tmp_path: Path) -> None:
    assert kill_rounds(tmp_path / "accounts", 1000) > 3000

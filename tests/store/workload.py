"""What a process does to an account until it is killed: several threads append, deliver, flag, move
and expunge messages of their own, and tell of each act once it has returned."""

import os
import threading
from collections.abc import Callable
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path

from alphorn.base.flags import Flag
from alphorn.message.summarize import summarize
from alphorn.store.api import Account, Copy, FlagAction, NewMessage, Remembered
from alphorn.store.sqlite import SqliteStore
from tests.store.mail import NOW, raw, uids

APPENDED, SEEN, MOVED, EXPUNGED, DELIVERED = "A", "S", "M", "E", "D"
FILED = ("Filed/one", "Filed/two")
"""Where each message is delivered to, in one transaction."""

FOREVER = 1 << 40
"""Seconds UTC, far away."""


def message(name: str) -> bytes:
    """The message of this name, 1 to 9 KB; now and then a large one."""
    number = sum(name.encode())
    lines = 3000 if number % 40 == 7 else 20 + number % 120
    return raw(name, f"{name} " + "some words and others\r\n" * lines, number=name)


class Teller:
    """Writes lines to a pipe; one write is whole or not at all."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __call__(self, act: str, name: str) -> None:
        os.write(self._descriptor, f"{act} {name}\n".encode())


def work(folder: str, account_id: int, name: str, threads: int, pipe: Connection) -> None:
    """Never returns; the process is to be killed."""
    store = SqliteStore(Path(folder))
    store.start()
    tell = Teller(pipe.fileno())

    def forever(step: Callable[[Account, int], object]) -> None:
        for n in count():
            step(store.account(account_id), n)

    for thread in range(threads):
        own = f"{name}-{thread}"
        target = _lives(own, tell)
        threading.Thread(target=forever, args=(target,), daemon=True).start()
    forever(lambda account, n: account.index(200))


def _lives(own: str, tell: Teller) -> Callable[[Account, int], None]:
    """The life of one message after the other."""

    def step(account: Account, n: int) -> None:
        name = f"{own}-{n}"
        inbox = account.mailbox("INBOX").id
        archive = account.mailbox("Archive").id
        octets = message(name)
        new = NewMessage(octets, summarize(octets), NOW)
        (added,) = account.append(inbox, [new])
        tell(APPENDED, name)
        if n % 4 == 1:
            filed = f"{name}-filed"
            octets = message(filed)
            new = NewMessage(octets, summarize(octets), NOW)
            copies = [Copy(place, new, create=True) for place in FILED]
            account.deliver(copies, None, [Remembered(filed, FOREVER)])
            tell(DELIVERED, filed)
        if n % 2:
            account.flag(inbox, uids(added.uid), FlagAction.ADD, Flag.SEEN)
            tell(SEEN, name)
        if n % 3 == 0:
            ((_, uid),) = account.move(inbox, uids(added.uid), archive)
            tell(MOVED, name)
            if n % 4 == 0:
                account.flag(archive, uids(uid), FlagAction.ADD, Flag.DELETED)
                account.expunge(archive, uids(uid))
                tell(EXPUNGED, name)

    return step

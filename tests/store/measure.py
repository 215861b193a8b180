"""Measures the store by itself: `python -m tests.store.measure [--mail FOLDER]`. Not a test.

Times are the best of several runs, in milliseconds of the clock, with processor time beside them
where others may disturb. FOLDER holds real messages (files, or archives of them) for the use of
disk; without it that part is left out. The mailbox of 20,000 messages is made up, the same each
time: 5 KB on average, a twelfth with an attachment.
"""

import argparse
import random
import shutil
import tarfile
import tempfile
import threading
import time
from base64 import encodebytes
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from re import sub

from alphorn.base import query as q
from alphorn.base.numbers import NumberSet
from alphorn.message.summarize import summarize
from alphorn.store.api import Column, FlagAction, NewMessage, SortKey
from alphorn.store.prepared import prepare
from alphorn.store.sqlite import SqliteStore
from tests.store.mail import EVERY, NOW

MESSAGES = 20_000
INBOX = 1


class Writer:
    """Makes mail of made-up words with the frequencies of a language."""

    def __init__(self) -> None:
        chance = self.chance = random.Random(2)
        syllables = [a + b for a in "bdfgklmnprstv" for b in "aeiou"]
        self.words = [
            "".join(chance.choices(syllables, k=chance.randint(1, 4))) for _ in range(8000)
        ]
        weights = [1 / (n + 5) for n in range(len(self.words))]
        self.sentences = [
            " ".join(chance.choices(self.words, weights, k=chance.randint(5, 18))).capitalize()
            + "."
            for _ in range(4000)
        ]

    def text(self, size: int) -> str:
        lines: list[str] = []
        while sum(map(len, lines)) < size:
            lines += (self.chance.choice(self.sentences) for _ in range(10))
        return "\r\n".join(lines)[:size]

    def person(self) -> str:
        first, last = self.chance.choices(self.words, k=2)
        return f"{first.title()} {last.title()} <{first}.{last}@remote.test>"

    def message(self, n: int, size: int, *, attachment: int = 0, more: str = "") -> bytes:
        chance = self.chance
        subject = "Invoice" if n % 50 == 7 else " ".join(chance.choices(self.words, k=5))
        head = (
            f"Received: from mx.remote.test (mx.remote.test [192.0.2.{n % 250}])\r\n"
            f"\tby relay.remote.test with ESMTPS id {chance.getrandbits(40):010x}\r\n"
            f"\tfor <user@bench.test>; Thu, {1 + n % 28} Oct 2026 10:{n % 60:02d}:00 +0000\r\n"
            f"From: {self.person()}\r\nTo: {self.person()}, {self.person()}\r\n"
            f"Subject: {subject} {n}\r\n"
            f"Date: Thu, {1 + n % 28} Oct 2026 10:{n % 60:02d}:00 +0000\r\n"
            f"Message-ID: <{n}@remote.test>\r\nMIME-Version: 1.0\r\n"
            + (f"References: <{max(0, n - chance.randint(1, 300))}@remote.test>\r\n" * (n % 5 < 2))
        )
        word = "zyxwrareword\r\n" if n % 1000 == 501 else ""
        text = self.text(max(300, size - len(head) - attachment)) + f"\r\n{word}{more}"
        if not attachment:
            return f"{head}Content-Type: text/plain; charset=utf-8\r\n\r\n{text}".encode()
        octets = encodebytes(chance.randbytes(attachment * 3 // 4)).decode().replace("\n", "\r\n")
        return (
            f'{head}Content-Type: multipart/mixed; boundary="=_{n}"\r\n\r\n--=_{n}\r\n'
            f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n--=_{n}\r\n"
            f'Content-Type: application/pdf; name="{n}.pdf"\r\n'
            f"Content-Transfer-Encoding: base64\r\n\r\n{octets}\r\n--=_{n}--\r\n"
        ).encode()

    def mailbox(self) -> Iterator[bytes]:
        for n in range(MESSAGES):
            attachment = self.chance.randint(15_000, 30_000) if n % 12 == 0 else 0
            size = self.chance.choice([1600, 2200, 3000, 3500, 4500, 6000]) + attachment
            yield self.message(n, size, attachment=attachment)


def new(octets: bytes) -> NewMessage:
    return NewMessage(octets, summarize(octets), NOW)


def measure(name: str, work: Callable[[], object], runs: int = 7, unit: float = 1e3) -> None:
    clock, processor = [], []
    for _ in range(runs):
        began, used = time.perf_counter(), time.process_time()
        work()
        processor.append(time.process_time() - used)
        clock.append(time.perf_counter() - began)
    what = {1e3: "ms", 1e6: "us"}[unit]
    print(f"{name:56} {min(clock) * unit:9.2f} {what}   processor {min(processor) * unit:9.2f}")


def octets_on_disk(folder: Path) -> int:
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file())


def delivering(folder: Path) -> None:
    """Durable appends of 10 KB, one message each, to 50 accounts in turn."""
    writer = Writer()
    store = SqliteStore(folder / "delivering")
    for account_id in range(50):
        store.create(account_id)
    accounts = [store.account(account_id) for account_id in range(50)]
    count = 3000
    for threads in (1, 4):
        messages = [new(writer.message(10**6 * threads + n, 10_240)) for n in range(count)]
        began, used = time.perf_counter(), time.process_time()

        def work(start: int, messages: list[NewMessage] = messages, step: int = threads) -> None:
            for n in range(start, count, step):
                accounts[n % 50].append(INBOX, [messages[n]])

        workers = [threading.Thread(target=work, args=(n,)) for n in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        clock, processor = time.perf_counter() - began, time.process_time() - used
        print(
            f"{f'append 10 KB to 50 accounts, {threads} threads':56} {count / clock:9.0f} a second"
            f"   processor {processor / count * 1e6:6.0f} us each"
        )
    same = [new(writer.message(9 * 10**6 + n, 10_240)) for n in range(1000)]
    began = time.perf_counter()

    def one(start: int) -> None:
        for message in same[start::8]:
            accounts[0].append(INBOX, [message])

    workers = [threading.Thread(target=one, args=(n,)) for n in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    rate = 1000 / (time.perf_counter() - began)
    print(f"{'append 10 KB to one account, 8 threads':56} {rate:9.0f} a second")
    batch = same[:200]
    measure("of that: hash, compress, arrange (200)", lambda: [prepare(m) for m in batch])
    store.close()


def reading(folder: Path) -> None:
    root = folder / "reading"
    store = SqliteStore(root)
    store.create(1)
    account = store.account(1)
    messages = list(Writer().mailbox())
    total = sum(map(len, messages))
    for start in range(0, MESSAGES, 500):
        account.append(INBOX, [new(octets) for octets in messages[start : start + 500]])
    began = time.process_time()
    account.index(MESSAGES)
    each = (time.process_time() - began) / MESSAGES * 1e6
    print(f"{'index 20,000 messages, processor':56} {each:9.0f} us each")
    store.close()
    print(f"{'disk, octets per octet (made-up mail)':56} {octets_on_disk(root) / total:9.3f}")

    def first_sight() -> None:
        fresh = SqliteStore(root)
        fresh.account(1).snapshot(INBOX)
        fresh.close()

    measure("open the account and take a snapshot of 20,000", first_sight)
    store = SqliteStore(root)
    account = store.account(1)
    c = Column

    def fetch_all(columns: Sequence[Column]) -> int:
        return sum(1 for _ in account.fetch(INBOX, EVERY, columns))

    status = (c.UID, c.FLAGS, c.KEYWORDS)
    envelope = (*status, c.INTERNAL_DATE, c.SIZE, c.ENVELOPE)
    for name, columns in (
        ("UID FLAGS KEYWORDS", status),
        ("... INTERNAL_DATE SIZE ENVELOPE", envelope),
        ("UID STRUCTURE", (c.UID, c.STRUCTURE)),
        ("UID HEADER", (c.UID, c.HEADER)),
    ):
        measure(f"fetch {name} of 20,000", partial(fetch_all, columns))
    busy = threading.Event()

    def spin() -> None:
        while not busy.is_set():
            sum(range(1000))

    spinner = threading.Thread(target=spin)
    spinner.start()
    measure(
        "the first again, beside a thread that is busy",
        lambda: list(account.fetch(INBOX, EVERY, status)),
    )
    busy.set()
    spinner.join()
    some = NumberSet(((1000, 1499),))
    measure("fetch RAW of 500", lambda: list(account.fetch(INBOX, some, (c.UID, c.RAW))))
    one = NumberSet(((777, 777),))
    measure("fetch UID FLAGS of one", lambda: list(account.fetch(INBOX, one, status)), 500, 1e6)
    measure("modseq", lambda: account.modseq(INBOX), 500, 1e6)
    measure("the number of the owner's rules", account.rules_version, 500, 1e6)
    searches: list[tuple[str, q.Query]] = [
        ("TEXT, a rare word", q.Text("zyxwrareword")),
        ("TEXT, in no message", q.Text("nowhere to be found")),
        ("TEXT, in most messages", q.Text("ba")),
        ("TEXT, two frequent words", q.Text("ba de")),
        ("SUBJECT, 400 hits", q.Header("subject", "invoice")),
        ("FROM", q.Header("from", "ba@remote")),
        ("UNSEEN", q.Not(q.Flagged(1))),
    ]
    for name, query in searches:
        measure(f"search {name}", partial(account.search, INBOX, query, NOW), 5)
    everything = range(1, MESSAGES + 1)
    measure(
        "sort by subject", lambda: account.sort(INBOX, everything, [(SortKey.SUBJECT, False)]), 3
    )

    def flag_all() -> None:
        account.flag(INBOX, EVERY, FlagAction.REPLACE, 0)
        account.flag(INBOX, EVERY, FlagAction.ADD, 1)

    measure("flag 20,000, twice", flag_all, 3)
    archive = account.mailbox("Archive").id
    measure("copy 20,000", lambda: account.copy(INBOX, EVERY, archive), 1)
    measure("move 20,000", lambda: account.move(archive, EVERY, INBOX), 1)
    low = NumberSet(((1, MESSAGES),))
    account.flag(INBOX, low, FlagAction.ADD, 8)
    measure("expunge 20,000 of 40,000 copies", lambda: account.expunge(INBOX), 1)
    measure("snapshot, all UIDs in a row", lambda: account.snapshot(INBOX))
    account.flag(INBOX, NumberSet.of(range(MESSAGES + 1, 2 * MESSAGES, 3)), FlagAction.ADD, 8)
    account.expunge(INBOX)
    measure("snapshot of 13,333, with gaps", lambda: account.snapshot(INBOX))
    store.close()


def _real(folder: Path) -> Iterator[bytes]:
    """Messages in files, and in archives; lines end with CRLF as on the wire."""
    for file in sorted(folder.rglob("*")):
        if file.name.endswith(".tar.xz"):
            with tarfile.open(file, "r:xz") as archive:
                for member in archive:
                    data = archive.extractfile(member)
                    if data is not None:
                        yield _crlf(data.read())
        elif file.is_file() and file.suffix not in (".md", ".tsv", ".json", ".xml", ".txt", ".bin"):
            yield _crlf(file.read_bytes())


def _crlf(octets: bytes) -> bytes:
    if octets.startswith(b"From "):
        octets = octets.partition(b"\n")[2]
    return sub(rb"\r?\n", b"\r\n", octets)


def disk(folder: Path, mail: Path) -> None:
    root = folder / "disk"
    store = SqliteStore(root)
    store.create(1)
    account = store.account(1)
    total = count = 0
    for name in ("spamham", "phishing", "mime", "maildir", "bounce"):
        for octets in _real(mail / name):
            account.append(INBOX, [new(octets)])
            total += len(octets)
            count += 1
    store.close_idle(0)
    print(
        f"{f'disk, {count} real messages, not indexed yet':56} {octets_on_disk(root) / total:9.3f}"
    )
    account = store.account(1)
    account.index(count)
    store._file(1).tidy()
    store.close()
    print(
        f"{f'disk, {count} real messages, with the index':56} {octets_on_disk(root) / total:9.3f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mail", type=Path, help="folder of real messages")
    mail: Path | None = parser.parse_args().mail
    folder = Path(tempfile.mkdtemp(prefix="measure-"))
    try:
        delivering(folder)
        reading(folder)
        if mail is not None:
            disk(folder, mail)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()

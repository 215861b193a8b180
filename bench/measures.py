"""The measures: each takes a running server and yields (name, value, unit) rows.

Times are milliseconds, rates per second, processor costs milliseconds of the server's own
processes. `counted` means: counted in the mailboxes over IMAP, not in replies.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import corpora, procs
from bench.client import Client
from bench.peers import base

FIELDS = "FROM TO CC SUBJECT DATE MESSAGE-ID REFERENCES"
Row = tuple[str, float, str]


@dataclass(frozen=True)
class Run:
    """Messages a second, the servers' processor time in milliseconds a message, octets sent."""

    rate: float
    processor: float
    octets: float


@dataclass(frozen=True)
class Sizes:
    small: int = 6000
    protected: int = 2000
    large: int = 1500
    box: int = 20_000
    append: int = 1500
    seconds: float = 5
    idle: int = 2000
    real: int = 4000

    @staticmethod
    def quick() -> Sizes:
        return Sizes(
            small=400, protected=400, large=100, box=1000, append=200, seconds=1, idle=100, real=300
        )


class Bench:
    def __init__(
        self, server: base.Server, generator: Path, work: Path, sizes: Sizes, shared: Path
    ) -> None:
        self.server, self.generator, self.work, self.sizes, self.shared = (
            server,
            generator,
            work,
            sizes,
            shared,
        )

    def load(self, *words: object, first: int = 1, **variables: str) -> dict[str, float]:
        """Run the generator; its line of results. Raises RuntimeError when anything failed."""
        fixed = {
            "FIRST": str(first),
            "PASSWORD": self.server.password,
            "USERS": str(base.USERS - first + 1),
        }
        environment = {**os.environ, **fixed, **variables}
        done = subprocess.run(
            [str(self.generator), *map(str, words)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=900,
        )
        if done.returncode:
            raise RuntimeError(done.stderr.strip())
        result: dict[str, float] = json.loads(done.stdout)
        if result["failed"]:
            raise RuntimeError(f"{result['failed']} failed: {result['problem']}")
        return result

    def client(self, number: int = 1) -> Client:
        return Client(self.server.imap).login(self.server.user(number), self.server.password)

    def corpus(self, octets: int) -> Path:
        return corpora.write(self.work / f"deliveries-{octets}", corpora.deliveries(octets))

    def counted(self, clients: list[Client]) -> int:
        total = 0
        for client in clients:
            reply = client.command("STATUS INBOX (MESSAGES)")
            total += int(reply.split(b"(MESSAGES ", 1)[1].split(b")", 1)[0])
        return total

    def delivered(
        self, clients: list[Client], count: int, corpus: Path, how: str, **variables: str
    ) -> Run:
        """One run of 20 sessions, until its last message is counted in the mailboxes."""
        before, cpu = self.counted(clients), procs.processor_seconds(self.server.roots())
        begin = time.monotonic()
        result = self.load("deliver", self.server.smtp, 20, count, corpus, how, **variables)
        while (missing := before + count - self.counted(clients)) > 0:
            if time.monotonic() - begin > 600:
                raise RuntimeError(f"mail was lost: {missing} missing")
            time.sleep(0.1)
        took = time.monotonic() - begin
        cpu = procs.processor_seconds(self.server.roots()) - cpu
        return Run(count / took, cpu / count * 1000, result["octets"])

    def rest(self) -> Iterator[Row]:
        time.sleep(2)
        yield "memory at rest", procs.pss(self.server.roots()) / 2**20, "MiB PSS"

    def deliver(self) -> Iterator[Row]:
        """Messages a second until the last one is counted in the mailboxes."""
        clients = [self.client(n) for n in range(1, base.USERS + 1)]
        sent, disk = 0.0, procs.allocated(*self.server.mail())
        for octets, label, count in (
            (10_240, "10 KB", self.sizes.small),
            (102_400, "100 KB", self.sizes.large),
        ):
            for how in ("new", "keep"):
                name = f"deliver {label}, {'new' if how == 'new' else 'kept'} connections"
                run = self.delivered(clients, count, self.corpus(octets), how)
                yield name, run.rate, "msg/s"
                yield f"{name}: processor", run.processor, "ms/msg"
                sent += run.octets
        for client in clients:
            client.close()
        os.sync()
        yield (
            "disk, delivered mail",
            (procs.allocated(*self.server.mail()) - disk) / sent,
            "octets/octet",
        )

    def mailbox(self) -> Iterator[Row]:
        """One mailbox of 20,000 messages: first sight, then warm, then searches and changes."""
        box = corpora.write(
            self.work / f"box-{self.sizes.box}", corpora.big_mailbox(self.sizes.box)
        )
        result = self.load("append", self.server.imap, 1, self.sizes.box, box, "Big", first=2)
        yield "fill a mailbox over IMAP", result["done"] / result["seconds"], "msg/s"
        self.server.settle(2, "Big")
        fetches = {
            "FETCH 1:* (UID FLAGS)": "FETCH 1:* (UID FLAGS)",
            "FETCH 1:* ENVELOPE": "FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)",
            "FETCH 1:* 7 header fields": f"FETCH 1:* (UID BODY.PEEK[HEADER.FIELDS ({FIELDS})])",
        }
        client = self.client(2)
        yield "SELECT, first sight", client.timed("SELECT Big")[0], "ms"
        for name, command in fetches.items():
            yield f"{name}, first", client.timed(command)[0], "ms"
        client.close()
        times: dict[str, list[float]] = {}
        for _ in range(5):
            client = self.client(2)
            times.setdefault("SELECT", []).append(client.timed("SELECT Big")[0])
            for name, command in fetches.items():
                times.setdefault(name, []).append(client.timed(command)[0])
            times.setdefault("500 bodies", []).append(
                client.timed("UID FETCH 1:500 (BODY.PEEK[])")[0]
            )
            for name, command in (
                ("SEARCH SUBJECT", 'SEARCH SUBJECT "invoice"'),
                ("SEARCH TEXT", f'SEARCH TEXT "{corpora.RARE_WORD}"'),
            ):
                took, reply = client.timed(command)
                hits = len(reply.partition(b"\r\n")[0].split()) - 2
                if hits != len(
                    range(
                        3 if "SUBJECT" in name else 77,
                        self.sizes.box,
                        50 if "SUBJECT" in name else 1000,
                    )
                ):
                    raise RuntimeError(f"{name} found {hits}")
                times.setdefault(name, []).append(took)
            client.close()
        for name, values in times.items():
            yield f"{name}, warm", statistics.median(values), "ms"
        client = self.client(2)
        client.command("SELECT Big")
        yield "STORE 1:* +FLAGS (\\Seen)", client.timed("STORE 1:* +FLAGS (\\Seen)")[0], "ms"
        client.close()

    def append(self) -> Iterator[Row]:
        for sessions in (1, 10):
            count, first = (self.sizes.append, 3) if sessions == 1 else (self.sizes.append * 3, 21)
            words = (sessions, count, self.corpus(10_240), "Filed")
            result = self.load("append", self.server.imap, *words, first=first)
            yield (
                f"APPEND 10 KB, {sessions} connection{'s' * (sessions > 1)}",
                result["done"] / result["seconds"],
                "msg/s",
            )

    def login(self) -> Iterator[Row]:
        for number in range(1, base.USERS + 1):  # first sight of a mailbox is another measure
            client = self.client(number)
            client.command("SELECT INBOX")
            client.close()
        kinds: dict[str, dict[str, str]] = {"account password": {}}
        if device := self.server.device_passwords():
            path = self.server.state / "device-passwords"
            path.write_text("\n".join(device) + "\n")
            kinds["device password"] = {"PASSWORDS": str(path)}
        for kind, variables in kinds.items():
            for how, port in (("plain", self.server.imap), ("tls", self.server.imaps)):
                result = self.load("login", port, 10, self.sizes.seconds, how, **variables)
                name = f"logins{' over TLS' if how == 'tls' else ''}, {kind}"
                yield name, result["done"] / result["seconds"], "/s"

    def commands(self) -> Iterator[Row]:
        client = self.client(1)
        few = self.counted([client]) < 10
        client.close()
        if few:
            self.load("deliver", self.server.smtp, 10, base.USERS * 20, self.corpus(10_240), "keep")
            time.sleep(5)
        for mode, name in (("noop", "NOOP"), ("flags", "FETCH n FLAGS")):
            result = self.load(mode, self.server.imap, 10, self.sizes.seconds)
            yield f"{name}, 10 connections", result["done"] / result["seconds"], "/s"

    def idle(self) -> Iterator[Row]:
        time.sleep(2)
        before, clients = procs.pss(self.server.roots()), []
        for number in range(self.sizes.idle):
            client = self.client(1 + number % base.USERS)
            client.command("SELECT INBOX")
            client.buffer = bytearray()
            client.socket.sendall(b"i IDLE\r\n")
            if not client.socket.recv(400).startswith(b"+"):
                raise RuntimeError("IDLE was refused")
            clients.append(client)
        time.sleep(3)
        grown = procs.pss(self.server.roots()) - before
        yield (
            f"memory per idle connection, {self.sizes.idle} of them",
            grown / len(clients) / 1024,
            "KiB PSS",
        )
        for client in clients:
            client.close()

    def rested(self) -> int:
        """What all mail takes on disk, once nothing is tidied up any more in the background."""
        before, quiet, begin = -1, 0, time.monotonic()
        while quiet < 10 and time.monotonic() - begin < 300:
            os.sync()
            now = procs.allocated(*self.server.mail())
            before, quiet = now, quiet + 1 if now == before else 0
            time.sleep(2)
        return before

    def real(self) -> Iterator[Row]:
        """What rests on disk for real mail, in one account, its index included."""
        if not self.shared.is_dir():
            return
        path = corpora.write(self.work / "real", corpora.real_mail(self.shared))
        count = min(corpora.octets(path)[0], self.sizes.real)
        if not count:
            raise RuntimeError(f"there is no mail in {self.shared}")
        disk = self.rested()
        sent = self.load("append", self.server.imap, 1, count, path, "Real", first=49)["octets"]
        self.server.settle(49, "Real")
        yield (
            "disk, real mail",
            (self.rested() - disk) / sent,
            "octets/octet",
        )


MEASURES = ("rest", "idle", "deliver", "mailbox", "append", "login", "commands", "real")

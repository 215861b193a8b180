"""Where the processor time of a guarded delivery goes: python -m bench.stages [--signed]

The sessions, the guards and the store are the service's own, built as a worker builds them, in one
process with its event loop; only the sockets are missing, and threads, so that each piece of time
can be told apart. A stage's time is that of its function without the stages that it calls. What
`other threads` take (writing the trace, packing mail) happens beside the delivery.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import functools
import importlib
import inspect
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path
from typing import Any

import uvloop

from alphorn.app.installation import read_settings
from alphorn.app.parts import WorkerParts
from alphorn.servers.bus import Bus
from alphorn.servers.connection import Peer
from alphorn.servers.launch import Launch
from alphorn.servers.metrics import Metrics
from alphorn.servers.processes import Job
from alphorn.servers.worker import Seat
from bench import names, strangers
from bench.peers import base
from bench.peers.protected import Protected

# Label, then where its functions are: "module:name" or "module:Class.name".
STAGES = {
    "dialog": (
        "alphorn.wire.smtp.machine:Machine.receive",
        "alphorn.wire.smtp.machine:Machine.next",
        "alphorn.wire.smtp.machine:Machine.output",
        "alphorn.wire.smtp.machine:Machine.reply",
    ),
    "recipient: route, settings": (
        "alphorn.operations.deliver:Delivery.route",
        "alphorn.directory.view:DirectoryView.protection",
        "alphorn.operations.examine:guards",
    ),
    "lists of senders": (
        "alphorn.directory.view:DirectoryView.sender_matches",
        "alphorn.policy.lists:at_rcpt",
        "alphorn.policy.lists:decide",
    ),
    "client: reverse, greeting, DNS lists": (
        "alphorn.servers.smtp.inquiry:Inquiry.about_client",
        "alphorn.policy.helo:check",
    ),
    "SPF": ("alphorn.servers.smtp.inquiry:Inquiry.spf",),
    "door: standing, exempt": (
        "alphorn.operations.doorkeeper:Doorkeeper.standing",
        "alphorn.operations.doorkeeper:Doorkeeper.exempt",
    ),
    "greylist": ("alphorn.operations.doorkeeper:Doorkeeper.greylist",),
    "DNS for DKIM, ARC, DMARC": ("alphorn.servers.smtp.inquiry:Inquiry.proofs",),
    "DKIM, ARC, From: parse": (
        "alphorn.mailauth.dkim.verify:parse",
        "alphorn.mailauth.arc.validate:parse",
        "alphorn.mailauth.proofs:author",
    ),
    "DKIM, ARC: check": (
        "alphorn.mailauth.dkim.verify:check",
        "alphorn.mailauth.arc.validate:check",
    ),
    "DMARC": (
        "alphorn.mailauth.dmarc.evaluate:evaluate",
        "alphorn.mailauth.dmarc.evaluate:aligned",
    ),
    "MIME": ("alphorn.operations.examine:parse",),
    "headers": ("alphorn.policy.headers:check",),
    "attachments": ("alphorn.policy.attachments:check",),
    "observe": ("alphorn.operations.examine:observe",),
    "reported": ("alphorn.store.reported:Reported.voices",),
    "tokens": ("alphorn.operations.examine:tokens",),
    "judge": ("alphorn.operations.judging:judge",),
    "classifier": ("alphorn.spam.classifier:weigh",),
    "what the account learned": (
        "alphorn.operations.acquaintances:Acquaintances.familiarity",
        "alphorn.operations.categories:corrections",
    ),
    "categories": ("alphorn.operations.judging:categorize",),
    "fields": (
        "alphorn.operations.examine:authentication_results",
        "alphorn.operations.examine:received_spf",
        "alphorn.operations.examine:without_forged",
        "alphorn.message.spam_field:render",
        "alphorn.message.spam_field:without",
        "alphorn.message.received:field",
    ),
    "door: came": ("alphorn.operations.doorkeeper:Doorkeeper.came",),
    "trace": ("alphorn.store.trace:TraceLog.add",),
    "summary": ("alphorn.operations.piece:summarize",),
    "append": ("alphorn.store.account:SqlAccount.append",),
    "deliver, the rest": ("alphorn.operations.deliver:Delivery.accept",),
    "examine, the rest": ("alphorn.operations.examine:Examiner.examine",),
}


class Clock:
    """Processor time of this thread by stage, each without the stages within it."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self._stack: list[str] = []
        self._since = 0

    def enter(self, label: str) -> None:
        now = time.thread_time_ns()
        if self._stack:
            self.spent[self._stack[-1]] += now - self._since
        self._stack.append(label)
        self._since = now

    def leave(self) -> None:
        now = time.thread_time_ns()
        self.spent[self._stack.pop()] += now - self._since
        self._since = now

    def install(self) -> None:
        for label, places in STAGES.items():
            for place in places:
                module, _, path = place.partition(":")
                owner: Any = importlib.import_module(module)
                *classes, name = path.split(".")
                for one in classes:
                    owner = getattr(owner, one)
                setattr(owner, name, self._timed(label, getattr(owner, name)))

    def _timed(self, label: str, function: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def in_steps(*args: Any, **more: Any) -> Any:
                return await _Steps(self, label, function(*args, **more))

            return in_steps

        @functools.wraps(function)
        def timed(*args: Any, **more: Any) -> Any:
            self.enter(label)
            try:
                return function(*args, **more)
            finally:
                self.leave()

        return timed


class _Steps(Awaitable[Any]):
    """Runs a coroutine and counts what it takes between its waits."""

    def __init__(self, clock: Clock, label: str, awaited: Awaitable[Any]) -> None:
        self._clock, self._label, self._awaited = clock, label, awaited

    def __await__(self) -> Generator[Any, Any, Any]:
        inner = self._awaited.__await__()
        step: Callable[[], Any] = functools.partial(next, inner)
        while True:
            self._clock.enter(self._label)
            try:
                waits_for = step()
            except StopIteration as stop:
                return stop.value
            finally:
                self._clock.leave()
            try:
                value = yield waits_for
            except BaseException as error:
                step = functools.partial(inner.throw, error)  # type: ignore[attr-defined]
            else:
                step = functools.partial(inner.send, value)  # type: ignore[attr-defined]


class Wire:
    """The other side of a session, in memory; work that would go to a thread is done at once."""

    peer = Peer("127.0.0.1", 40_000, "127.0.0.1", 25)
    tls = False

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.said = b""
        self.wanted = 0
        self.heard: asyncio.Future[None] = loop.create_future()

    def write(self, data: bytes) -> None:
        self.said += data
        self._look()

    async def replies(self, count: int) -> list[int]:
        """The codes of so many replies."""
        self.wanted = count
        self.heard = self.loop.create_future()
        self._look()
        await asyncio.wait_for(self.heard, 60)
        said, self.said = self.said, b""
        return [int(line[:3]) for line in said.split(b"\r\n") if line[3:4] == b" "]

    def _look(self) -> None:
        ended = sum(line[3:4] == b" " for line in self.said.split(b"\r\n"))
        if ended >= self.wanted > 0 and not self.heard.done():
            self.heard.set_result(None)

    def run(self, work: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        done = self.loop.create_future()
        try:
            done.set_result(work(*args))
        except Exception as error:
            done.set_exception(error)
        return done

    run_long = run

    def pause(self, ended: Callable[[], None] | None = None) -> None: ...

    def resume(self) -> None: ...

    def close(self) -> None: ...

    def abort(self) -> None: ...

    def timeout(self, seconds: float) -> None: ...

    async def drain(self) -> None: ...

    def tls_info(self) -> None: ...


async def send(parts: WorkerParts, number: int, raw: bytes) -> int:
    """One message over a new connection; the last reply's code."""
    wire, session = Wire(asyncio.get_running_loop()), parts.sessions["smtp"]()
    session.connected(wire)
    await wire.replies(1)
    session.received(f"EHLO {names.HELO}\r\n".encode())
    await wire.replies(1)
    user = f"user{1 + number % base.USERS}@{base.DOMAIN}"
    session.received(f"MAIL FROM:<{names.SENDER}>\r\nRCPT TO:<{user}>\r\nDATA\r\n".encode())
    codes = await wire.replies(3)
    if codes[-1] != 354:
        session.closed()
        return codes[1]
    session.received(raw + b".\r\n")
    (code,) = await wire.replies(1)
    session.received(b"QUIT\r\n")
    await wire.replies(1)
    session.closed()
    return code


async def become_known(parts: WorkerParts) -> None:
    letters = list(strangers.mail(base.USERS, 2000, seed=23))
    waiting = list(range(base.USERS))
    for _ in range(4):
        codes = [await send(parts, number, letters[number]) for number in waiting]
        waiting = [n for n, code in zip(waiting, codes, strict=True) if code != 250]
        if not waiting:
            return
        await asyncio.sleep(11)
    raise RuntimeError(f"still a stranger to {len(waiting)} accounts: {codes}")


def rows(clock: Clock, total: int, process: int, count: int) -> str:
    spent = [(label, clock.spent[label]) for label in STAGES]
    lines = ["| stage | µs a message |", "|---|---|"]
    lines += [f"| {label} | {value / count / 1000:.0f} |" for label, value in spent]
    rest = total - sum(value for _, value in spent)
    lines.append(f"| session, event loop, the rest | {rest / count / 1000:.0f} |")
    lines.append(f"| **in all** | **{total / count / 1000:.0f}** |")
    lines.append(f"| other threads | {(process - total) / count / 1000:.0f} |")
    return "\n".join(lines)


async def measure(state: Path, options: argparse.Namespace, work: Path) -> str:
    launch = Launch(state / "data", local=True, strict=True)
    metrics = Metrics(state / "metrics", fresh=True)
    metrics.become(0)
    bus = Bus(state / "bus")
    seat = Seat(0, Job.WORKER, launch, read_settings(launch.data), (), None, metrics, 0, 0)  # type: ignore[arg-type]
    parts = WorkerParts(seat, bus)
    try:
        await become_known(parts)
        signer = strangers.key(work) if options.signed else None
        messages = list(strangers.mail(options.count, 10_240, signer))
        for number, raw in enumerate(messages[: options.count // 10]):
            await send(parts, number, raw)
        clock = Clock()
        profile = cProfile.Profile() if options.profile else None
        if profile is not None:
            profile.enable()
        else:
            clock.install()
        begin, process = time.thread_time_ns(), time.process_time_ns()
        for number, raw in enumerate(messages):
            if await send(parts, number, raw) != 250:
                raise RuntimeError("a message was refused")
        total, process = time.thread_time_ns() - begin, time.process_time_ns() - process
        if profile is not None:
            profile.disable()
            profile.dump_stats(options.profile)
            return f"Written to {options.profile}."
        return rows(clock, total, process, len(messages))
    finally:
        parts.close()
        bus.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.stages", description=__doc__)
    parser.add_argument("--signed", action="store_true", help="messages with a DKIM signature")
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--profile", type=Path, help="write cProfile's figures there instead")
    options = parser.parse_args()
    work = Path(tempfile.gettempdir(), f"alphorn-bench-{os.getuid()}")
    work.mkdir(exist_ok=True)
    state = Path(tempfile.mkdtemp(prefix="stages-", dir=work))
    server = names.Names(work / "names", strangers.record(strangers.key(work)))
    server.start()
    try:
        Protected(state).install()
        print(uvloop.run(measure(state, options, work)))
    finally:
        server.stop()
        shutil.rmtree(state, ignore_errors=True)


if __name__ == "__main__":
    main()

"""The SMTP ports over real sockets, with everything real behind them, in a thread of their own."""

import asyncio
import smtplib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import uvloop

from alphorn.servers.host import Host
from alphorn.servers.smtp import service as smtp
from alphorn.servers.smtp.gate import Gate
from alphorn.servers.smtp.memory import Memory
from alphorn.servers.smtp.room import Room
from alphorn.servers.smtp.service import Role, SmtpService, Timing
from alphorn.servers.smtp.session import SmtpSession
from alphorn.servers.tls import TlsFiles
from alphorn.wire.smtp.limits import Limits
from alphorn.wire.smtp.profile import Profile
from tests.support.mailhouse import HOSTNAME, MailHouse
from tests.support.stage import certificate_files, client_context, stage

SMALL = Limits(message=600_000, recipients=100, errors=5, refusals=5)
MECHANISMS = ("SCRAM-SHA-256", "PLAIN", "LOGIN")
PROFILES = {
    "mx": Profile(HOSTNAME, SMALL, starttls=True),
    "submission": Profile(HOSTNAME, SMALL, True, MECHANISMS, tls_first=True, login_first=True),
}


@dataclass
class Ports:
    house: MailHouse
    files: TlsFiles
    loop: asyncio.AbstractEventLoop
    hosts: dict[str, Host]
    numbers: dict[str, int]
    memory: Memory

    def connect(self, name: str = "mx") -> socket.socket:
        """A connection, greeting not yet read."""
        return socket.create_connection(("127.0.0.1", self.numbers[name]), timeout=30)

    def client(self, name: str = "mx") -> smtplib.SMTP:
        """smtplib at a port; on `submission` after STARTTLS."""
        context = client_context(self.files)
        if name == "submissions":
            return smtplib.SMTP_SSL(
                "localhost", self.numbers[name], "client.test", timeout=30, context=context
            )
        client = smtplib.SMTP("localhost", self.numbers[name], "client.test", timeout=30)
        if name == "submission":
            client.starttls(context=context)
        return client

    def on_loop(self, work) -> None:  # type: ignore[no-untyped-def]
        """Call `work` on the server's event loop, and wait for it."""
        done = threading.Event()

        def run() -> None:
            work()
            done.set()

        self.loop.call_soon_threadsafe(run)
        assert done.wait(10)


def eventually(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Return as soon as the condition holds; fail where it does not come to hold."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.002)


def service(
    house: MailHouse, role: Role, memory: Memory, timing: Timing, gate: Gate | None = None
) -> SmtpService:
    """`gate` guards the MX port, and learns on the others who of ours has written to whom."""
    mx = role is smtp.MX
    url = gate.help.url if gate is not None else None
    if gate is not None:
        house.on_sent = lambda account_id, raw, envelope: gate.door.wrote(
            envelope.sender, [recipient.address for recipient in envelope.recipients]
        )
    return SmtpService(
        role=role,
        profile=PROFILES[role.name] if url is None else replace(PROFILES[role.name], help_url=url),
        timing=timing,
        memory=memory,
        room=Room(lambda account_id: house.store.account(account_id).usage().octets),
        view=house.view,
        delivery=house.delivery,
        submission=house.submission,
        authenticator=house.authenticator,
        trace=house.events.append,
        clock=house.clock,
        gate=gate if mx else None,
    )


@contextmanager
def serving(
    house: MailHouse,
    folder: Path,
    memory: int = 1 << 30,
    timing: Timing | None = None,
    guard: Callable[[asyncio.AbstractEventLoop], Gate] | None = None,
) -> Iterator[Ports]:
    """`guard` makes what guards the MX port, on the event loop; None: nothing does."""
    files = certificate_files(folder, "localhost")
    ready = threading.Event()
    found: list[Ports] = []
    shared = Memory(memory)
    times = timing or Timing()

    async def main(stop: asyncio.Event) -> None:
        gate = guard(asyncio.get_running_loop()) if guard is not None else None
        mx = service(house, smtp.MX, shared, times, gate)
        submission = service(house, smtp.SUBMISSION, shared, times, gate)
        async with AsyncExitStack() as stack:
            hosts, numbers = {}, {}
            for name, made, implicit in (
                ("mx", mx, False),
                ("submission", submission, False),
                ("submissions", submission, True),
            ):
                hosts[name], numbers[name] = await stack.enter_async_context(
                    stage(lambda made=made: SmtpSession(made), files, implicit_tls=implicit)
                )
            loop = asyncio.get_running_loop()
            found.append(Ports(house, files, loop, hosts, numbers, shared))
            ready.set()
            await stop.wait()

    stop: list[asyncio.Event] = []

    def run() -> None:
        async def with_stop() -> None:
            stop.append(asyncio.Event())
            await main(stop[0])

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(with_stop())

    thread = threading.Thread(target=run, name="smtp-under-test")
    thread.start()
    try:
        assert ready.wait(10)
        yield found[0]
    finally:
        if found:
            found[0].loop.call_soon_threadsafe(stop[0].set)
        thread.join(60)
        assert not thread.is_alive()

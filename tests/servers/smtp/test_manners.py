"""Early talkers, clients that do not wait, and the tarpit: the parts, joined as a session joins
them, over real sockets."""

import asyncio
import time
from asyncio import Future
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from alphorn.base.door import Offence, Scope
from alphorn.base.network import Networks
from alphorn.operations.doorkeeper import Doorkeeper, DoorSettings
from alphorn.policy import bans, reputation
from alphorn.servers.connection import IO
from alphorn.servers.pauses import Pauses
from alphorn.servers.smtp.manners import (
    EARLY,
    MAX_OF_MESSAGE,
    Guest,
    Manners,
    MannersSettings,
)
from alphorn.store.door import Door
from alphorn.store.history import network_name
from alphorn.wire.smtp.events import Close, Mail, Message, Rcpt
from alphorn.wire.smtp.machine import Machine
from alphorn.wire.smtp.profile import Profile
from alphorn.wire.smtp.replies import Reply
from tests.support.stage import LOOPS, on_loop, stage

LOCAL = "127.0.0.1"
OK = Reply("2.0.0", "OK")
NOBODY = Reply("5.1.1", "There is no such mailbox")
SETTINGS = MannersSettings(greeting_delay=0.2, tarpit_after=2, tarpit_limit=0.3)
GREETING = b"220 mx.example.test ESMTP\r\n"
REFUSED = EARLY.encode()


class Visit:
    """A session that takes mail for anybody but `unknown…`."""

    def __init__(self, manners: Manners) -> None:
        self.manners = manners
        self.over = False
        self.greeted = False
        self.busy = False

    def connected(self, io: IO) -> None:
        self.io = io
        self.machine = Machine(Profile("mx.example.test"))
        self.guest: Guest = self.manners.arrives(io.peer.address)
        self.machine.synchronous = self.guest.strict
        pause = self.guest.greeting()
        if pause is None:
            self.greet()
        else:
            pause.add_done_callback(lambda _: self.greet())

    def greet(self) -> None:
        if not self.over:
            self.greeted = True
            self.machine.greet()
            self.advance()

    def received(self, data: bytes) -> None:
        if not self.greeted:
            reply = self.guest.spoke()
            if reply is not None:
                self.greeted = True
                self.machine.close(reply)
                self.advance()
                return
        self.machine.receive(data)
        if self.greeted and not self.busy:
            self.advance()

    def advance(self) -> None:
        close = False
        while (event := self.machine.next()) is not None:
            match event:
                case Rcpt(path):
                    reply = NOBODY if path.local.startswith("unknown") else OK
                    pause = self.guest.answer(reply, path.address)
                    if pause is None:
                        self.machine.reply(reply)
                    else:
                        self.busy = True
                        self.io.pause()
                        pause.add_done_callback(partial(self.answered, reply))
                case Mail() | Message():
                    self.machine.reply(OK)
                case Close():
                    close = True
        self.io.write(self.machine.output())
        if close:
            self.over = True
            self.io.close()

    def answered(self, reply: Reply, pause: "Future[None]") -> None:
        self.busy = False
        if not self.over:
            self.machine.reply(reply)
            self.io.resume()
            self.advance()

    def secured(self) -> None: ...

    def timed_out(self) -> None: ...

    def closed(self) -> None:
        self.over = True
        self.guest.left(self.machine.ahead)

    def shutdown(self) -> None:
        self.io.abort()


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Doorkeeper]:
    limits = {Offence.EARLY: 2, Offence.AHEAD: 2, Offence.DICTIONARY: 100}
    settings = DoorSettings(
        bans=bans.Settings(limits=limits), reputation=reputation.Settings(good=2)
    )
    made = Doorkeeper(Door(tmp_path / "door.sqlite"), settings)
    yield made
    made.close()


Talk = Callable[[int], Awaitable[None]]


class Noted(Pauses):
    """Each pause is told to a list, in seconds."""

    def __init__(self, loop: asyncio.AbstractEventLoop, limit: int, begun: list[float]) -> None:
        super().__init__(loop, limit)
        self._begun = begun

    def begin(self, seconds: float) -> "Future[None] | None":
        self._begun.append(seconds)
        return super().begin(seconds)


def play(
    keeper: Doorkeeper, talk: Talk, settings: MannersSettings = SETTINGS, pauses: int = 100
) -> list[float]:
    """The pauses that were made."""
    begun: list[float] = []

    async def main() -> None:
        manners = Manners(keeper, settings, Noted(asyncio.get_running_loop(), pauses, begun))
        async with stage(lambda: Visit(manners)) as (_, port):
            await talk(port)

    on_loop(sorted(LOOPS)[1], main)
    return begun


async def say(port: int, *pieces: bytes, wait: bool = True) -> bytes:
    """Send the pieces, waiting for a line before each where `wait`; all that was said."""
    reader, writer = await asyncio.open_connection(LOCAL, port)
    said = b""
    for piece in pieces:
        if wait:
            said += await reader.readline()
        writer.write(piece)
    said += await reader.read()
    writer.close()
    return said


def test_a_stranger_waits_for_the_greeting_and_is_served(keeper: Doorkeeper) -> None:
    async def talk(port: int) -> None:
        begin = time.monotonic()
        assert await say(port, b"QUIT\r\n") == GREETING + b"221 2.0.0 Goodbye\r\n"
        assert time.monotonic() - begin >= 0.19

    play(keeper, talk)
    assert keeper.bans.evidence(LOCAL) == []


def test_who_speaks_early_is_sent_away_and_banned_in_the_end(keeper: Doorkeeper) -> None:
    async def talk(port: int) -> None:
        for n in range(2):
            assert keeper.refusal(LOCAL, Scope.MX) is None
            said = await say(port, b"EHLO x\r\n", b"QUIT\r\n", wait=False)
            assert said == REFUSED, n

    play(keeper, talk, replace(SETTINGS, greeting_delay=60))
    assert [(one.offence, one.count) for one in keeper.bans.evidence(LOCAL)] == [(Offence.EARLY, 2)]
    assert keeper.refusal(LOCAL, Scope.MX) is not None


def test_early_talkers_are_only_noted_where_that_is_set(keeper: Doorkeeper) -> None:
    async def talk(port: int) -> None:
        said = await say(port, b"QUIT\r\n", wait=False)
        assert said == GREETING + b"221 2.0.0 Goodbye\r\n"

    play(keeper, talk, replace(SETTINGS, refuse_early=False, greeting_delay=1))
    assert [one.offence for one in keeper.bans.evidence(LOCAL)] == [Offence.EARLY]


@pytest.mark.parametrize("why", ["good", "exempt", "off", "full"])
def test_who_does_not_wait_for_the_greeting(keeper: Doorkeeper, why: str) -> None:
    settings = SETTINGS
    if why == "good":
        for _ in range(3):
            keeper.came(LOCAL, reputation.GOOD)
    elif why == "exempt":
        keeper.settings = replace(keeper.settings, exempt=Networks([LOCAL]))
    elif why == "off":
        settings = replace(SETTINGS, greeting_delay=0)

    async def talk(port: int) -> None:
        reader, writer = await asyncio.open_connection(LOCAL, port)
        begin = time.monotonic()
        assert await reader.readline() == GREETING
        assert time.monotonic() - begin < 15
        writer.close()

    play(keeper, talk, replace(settings, greeting_delay=settings.greeting_delay and 60),
         0 if why == "full" else 100)  # fmt: skip


def test_who_leaves_before_the_greeting(keeper: Doorkeeper) -> None:
    async def talk(port: int) -> None:
        _, writer = await asyncio.open_connection(LOCAL, port)
        writer.close()
        await writer.wait_closed()
        assert await say(port, b"QUIT\r\n")

    play(keeper, talk)
    assert keeper.bans.evidence(LOCAL) == []


def test_who_does_not_wait_for_a_reply_is_counted_once_a_connection(keeper: Doorkeeper) -> None:
    quick = replace(SETTINGS, greeting_delay=0)

    async def talk(port: int) -> None:
        said = await say(port, b"EHLO x\r\nMAIL FROM:<a@b.test>\r\nQUIT\r\n")
        assert said.endswith(b"554 5.5.1 You sent more without waiting for the reply to EHLO\r\n")

    play(keeper, talk, quick)
    (evidence,) = keeper.bans.evidence(LOCAL)
    assert (evidence.offence, evidence.count, evidence.sample) == (
        Offence.AHEAD, 1, "after EHLO",
    )  # fmt: skip


def test_replies_to_guesses_come_ever_slower_over_all_connections(keeper: Doorkeeper) -> None:
    quick = replace(SETTINGS, greeting_delay=0)
    mail = b"EHLO x\r\n", b"MAIL FROM:<a@b.test>\r\n"

    async def guess(port: int, count: int) -> list[float]:
        reader, writer = await asyncio.open_connection(LOCAL, port)
        await reader.readline()
        for line in mail:
            writer.write(line)
            while not (await reader.readline()).startswith(b"250 "):
                pass
        times = []
        for n in range(count):
            begin = time.monotonic()
            writer.write(b"RCPT TO:<unknown%d@example.test>\r\n" % n)
            assert (await reader.readline()).startswith(b"550 5.1.1")
            times.append(time.monotonic() - begin)
        writer.write(b"RCPT TO:<anna@example.test>\r\n")
        begin = time.monotonic()
        assert (await reader.readline()).startswith(b"250 ")
        times.append(time.monotonic() - begin)
        writer.close()
        return times

    async def talk(port: int) -> None:
        first = await guess(port, 4)
        assert min(first[2:4]) >= 0.29, "after two the limit is reached at once here"
        second = await guess(port, 1)
        assert second[0] >= 0.29, "connecting anew does not help"

    assert play(keeper, talk, quick) == [0.3] * 3, "who exists is not waited for"


def test_delays_double_up_to_the_limit(keeper: Doorkeeper) -> None:
    begun: list[float] = []

    class Noting:
        def begin(self, seconds: float) -> "Future[Any] | None":
            begun.append(seconds)
            return None

    settings = MannersSettings(tarpit_after=3, tarpit_limit=20)
    guest = Manners(keeper, settings, Noting()).arrives("192.0.2.1")  # type: ignore[arg-type]
    for n in range(40):
        guest.answer(NOBODY, f"unknown{n}@example.test")
        guest.answer(OK, "anna@example.test")
    assert begun == [1.0, 2.0, 4.0, 8.0, 16.0] + [20.0] * 32


def test_one_long_list_of_recipients_does_not_have_a_whole_provider_banned(
    keeper: Doorkeeper,
) -> None:
    patient = replace(SETTINGS, tarpit_after=1000)
    guest = Manners(keeper, patient, None).arrives("192.0.2.1")  # type: ignore[arg-type]
    for message in (1, 2):
        guest.begins("carl@large.test")
        for n in range(100):
            guest.answer(NOBODY, f"unknown{n}@example.test")
        (evidence,) = keeper.bans.evidence("192.0.2.1")
        assert evidence.count == message * MAX_OF_MESSAGE


def test_reports_on_forged_mail_hardly_count_against_honest_servers(keeper: Doorkeeper) -> None:
    patient = replace(SETTINGS, tarpit_after=1000)
    guest = Manners(keeper, patient, None).arrives("192.0.2.1")  # type: ignore[arg-type]
    for n in range(20):
        guest.begins("")
        guest.answer(NOBODY, f"forged{n}@example.test")
    (evidence,) = keeper.bans.evidence("192.0.2.1")
    assert (evidence.count, round(evidence.level)) == (20, 4)
    assert keeper.history.of([network_name("192.0.2.1")], keeper.clock())[0].unknown == 0


def test_a_good_name_is_not_slowed_down(keeper: Doorkeeper) -> None:
    for _ in range(100):
        keeper.came("192.0.2.1", reputation.GOOD)

    async def talk(port: int) -> None:
        manners = Manners(keeper, SETTINGS, Pauses(asyncio.get_running_loop()))
        guest = manners.arrives("192.0.2.1")
        assert [guest.answer(NOBODY, "x@example.test") for _ in range(10)] == [None] * 10
        other = manners.arrives("192.0.2.2")
        assert [other.answer(NOBODY, "x@example.test") is None for _ in range(3)] == [
            True, True, False,
        ]  # fmt: skip

    play(keeper, talk)

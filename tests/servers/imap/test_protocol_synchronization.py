"""Clients that believe only what they are told keep a true picture of a mailbox that all of them
change at once (RFC 9051 §5.2, §7.5; RFC 7162 §3.1).

Each client keeps its own list of messages from EXISTS, EXPUNGE and FETCH responses, as a mail
program does. At every response it checks what the protocol promises: message numbers exist, a
number keeps its UID, EXPUNGE never comes while FETCH, STORE or SEARCH run, mod-sequences only grow.
At the end it must know, without asking, what a client that comes fresh is told.
"""

import random
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.servers.imap.house import House
from tests.servers.imap.play import Client, logged_in
from tests.servers.imap.responses import response
from tests.support.stage import on_loop

FLAGS = ("\\Seen", "\\Flagged", "\\Answered", "\\Draft", "work", "$Label")
KEEPS_NUMBERS = ("FETCH", "STORE", "SEARCH")


@dataclass
class Message:
    """What the client knows; None where it was not told."""

    uid: int | None = None
    flags: frozenset[str] | None = None
    modseq: int = 0


@dataclass
class Believer:
    client: Client
    condstore: bool
    messages: list[Message] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    found: list[int] = field(default_factory=list)
    tags: int = 0

    async def do(self, command: str) -> str:
        """Run a command and take in all that is told; what stands after the tag."""
        self.tags += 1
        tag = f"t{self.tags}"
        self.log.append(f"C: {tag} {command}")
        self.client.send(f"{tag} {command}\r\n".encode())
        while True:
            got = await response(self.client)
            self.log.append(f"S: {got.text.decode()}")
            if got.text.startswith(tag.encode() + b" "):
                return got.text.decode().partition(" ")[2]
            self.take_in(command.split(" ")[0], got.value)

    def take_in(self, running: str, value: list[Any]) -> None:
        match value:
            case [number, "EXISTS"]:
                count = int(number)
                assert count >= len(self.messages), "EXISTS may not shrink a mailbox"
                self.messages += [Message() for _ in range(count - len(self.messages))]
            case [number, "EXPUNGE"]:
                assert running not in KEEPS_NUMBERS, f"EXPUNGE during {running}"
                del self.messages[self._at(number)]
            case [number, "FETCH", items]:
                pairs = dict(zip(items[::2], items[1::2], strict=True))
                self._fetched(self.messages[self._at(number)], pairs)
            case ["SEARCH", *numbers]:
                self.found = [int(number) for number in numbers]

    def _at(self, number: str) -> int:
        assert 1 <= int(number) <= len(self.messages), f"there is no message {number}"
        return int(number) - 1

    def _fetched(self, message: Message, items: dict[str, Any]) -> None:
        if "UID" in items:
            uid = int(items["UID"])
            assert message.uid in (None, uid), "a message number has changed its message"
            message.uid = uid
        if "FLAGS" in items:
            message.flags = frozenset(items["FLAGS"])
        if "MODSEQ" in items:
            modseq = int(items["MODSEQ"][0])
            assert modseq >= message.modseq
            message.modseq = modseq

    # -- what mail programs do --

    async def look_at_new(self) -> None:
        """Ask for what the client does not know yet of messages it was told of."""
        unknown = [n for n, m in enumerate(self.messages, 1) if m.uid is None or m.flags is None]
        if unknown:
            await self.do(f"FETCH {unknown[0]}:{unknown[-1]} (UID FLAGS)")

    def silently(self, where: list[Message], sign: str, flag: str) -> None:
        """After .SILENT the client works out the new flags by itself."""
        for message in where:
            if message.flags is not None:
                one = frozenset({flag})
                message.flags = message.flags | one if sign == "+" else message.flags - one

    async def store(self, pick: random.Random) -> None:
        low = pick.randint(1, len(self.messages))
        high = min(low + pick.choice((0, 0, 1, 3)), len(self.messages))
        sign, flag = pick.choice("+-"), pick.choice((*FLAGS, "\\Deleted"))
        silent = pick.random() < 0.5
        where = self.messages[low - 1 : high]
        item = f"{sign}FLAGS{'.SILENT' if silent else ''} ({flag})"
        if pick.random() < 0.5 or any(message.uid is None for message in where):
            await self.do(f"STORE {low}:{high} {item}")
        else:
            await self.do(f"UID STORE {where[0].uid}:{where[-1].uid} {item}")
        if silent:
            self.silently(where, sign, flag)

    async def act(self, pick: random.Random) -> None:
        count = len(self.messages)
        acts = ["NOOP", "APPEND", "APPEND", "EXPUNGE", "SEARCH ALL", "UID SEARCH DELETED", "IDLE"]
        if count:
            acts += ["STORE"] * 8 + ["COPY", "MOVE", "READ", "READ", "FETCH", "UID FETCH"]
        match pick.choice(acts):
            case "APPEND":
                await self.do("APPEND INBOX (\\Seen) {16+}\r\nSubject: x\r\n\r\nhi")
            case "STORE":
                await self.store(pick)
            case "COPY":
                await self.do(f"COPY {pick.randint(1, count)} INBOX")
            case "MOVE":
                await self.do(f"MOVE {pick.randint(1, count)} Archive")
            case "READ":
                await self.do(f"FETCH {pick.randint(1, count)} BODY[TEXT]")
            case "FETCH":
                await self.do("FETCH 1:* (FLAGS UID)")
            case "UID FETCH":
                await self.do("UID FETCH 1:* (FLAGS)")
            case "IDLE":
                await self.idle()
            case "SEARCH ALL":
                await self.do("SEARCH ALL")
                assert all(1 <= number <= len(self.messages) for number in self.found)
            case command:
                await self.do(command)
        await self.look_at_new()

    async def idle(self) -> None:
        self.log.append("C: i IDLE")
        self.client.send(b"i IDLE\r\n")
        while not (got := await self.client.line()).startswith(b"+ "):
            raise AssertionError(got)
        self.client.send(b"DONE\r\n")
        while True:
            got = await response(self.client)
            self.log.append(f"S: {got.text.decode()}")
            if got.text.startswith(b"i "):
                return
            self.take_in("IDLE", got.value)

    def known(self) -> dict[int | None, frozenset[str] | None]:
        return {message.uid: message.flags for message in self.messages}


async def believer(port: int, *, condstore: bool) -> Believer:
    client = await logged_in(port)
    made = Believer(client, condstore)
    await made.do("SELECT INBOX (CONDSTORE)" if condstore else "SELECT INBOX")
    await made.look_at_new()
    return made


@pytest.mark.parametrize("seed", range(6))
def test_everyone_knows_the_truth_at_the_end(house: House, seed: int) -> None:
    async def main() -> None:
        pick = random.Random(seed)
        async with house.serving() as port, house.serving(house.new_store()) as other:
            everyone = [await believer(p, condstore=p == other) for p in (port, other, port)]
            try:
                for _ in range(150):
                    await pick.choice(everyone).act(pick)
                for each in everyone:
                    await each.do("NOOP")
                    await each.look_at_new()
                for each in everyone:
                    await each.do("NOOP")
                fresh = await believer(port, condstore=False)
            except AssertionError as error:
                raise AssertionError("\n".join(everyone[0].log[-20:])) from error
            for number, each in enumerate(everyone):
                story = "\n".join(each.log[-30:])
                assert each.known() == fresh.known(), f"client {number}\n{story}"

    on_loop("uvloop", main)


def test_a_store_that_changes_nothing_hides_no_change_of_others(house: House) -> None:
    """The mailbox's mod-sequence after it is the mark of somebody else's change."""

    async def main() -> None:
        async with house.serving() as port:
            first = await believer(port, condstore=False)
            for _ in range(2):
                await first.do("APPEND INBOX (\\Seen) {16+}\r\nSubject: x\r\n\r\nhi")
            await first.look_at_new()
            second = await believer(port, condstore=False)
            await second.do("STORE 1 +FLAGS.SILENT (\\Flagged)")
            await first.do("STORE 2 +FLAGS.SILENT (\\Seen)")
            await first.do("NOOP")
            assert first.messages[0].flags == {"\\Seen", "\\Flagged"}

    on_loop("uvloop", main)


def test_reading_a_message_hides_no_change_of_others(house: House) -> None:
    """The same where \\Seen is set by reading: FETCH tells of it, and of what others did."""

    async def main() -> None:
        async with house.serving() as port:
            first = await believer(port, condstore=True)
            for _ in range(2):
                await first.do("APPEND INBOX {16+}\r\nSubject: x\r\n\r\nhi")
            await first.look_at_new()
            second = await believer(port, condstore=False)
            await second.do("STORE 1:2 +FLAGS.SILENT (\\Flagged)")
            await first.do("FETCH 2 BODY[]")
            assert [m.flags for m in first.messages] == [
                {"\\Flagged"},
                {"\\Seen", "\\Flagged"},
            ]
            await second.do("NOOP")
            assert second.messages[1].flags == {"\\Seen", "\\Flagged"}

    on_loop("uvloop", main)

"""What others do reaches a client: other sessions, other workers, in time and in order."""

import asyncio

from alphorn.base.flags import Flag
from alphorn.base.numbers import NumberSet
from alphorn.message.summarize import summarize
from alphorn.store.api import Account, FlagAction, NewMessage
from tests.servers.imap.house import House
from tests.servers.imap.play import logged_in, mail
from tests.servers.imap.responses import fetched
from tests.support.stage import on_loop

RAW = mail("plain")


def fill(account: Account, count: int) -> int:
    """Messages 1 to `count` in INBOX; its id."""
    inbox = account.mailbox("INBOX").id
    message = NewMessage(RAW, summarize(RAW), 1_700_000_000)
    account.append(inbox, [message] * count)
    return inbox


def test_an_idle_client_hears_of_another_worker_within_a_second(house: House) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with house.serving() as port, house.serving(house.new_store()) as other:
            idler, writer = await logged_in(port), await logged_in(other)
            await idler.do("SELECT INBOX")
            idler.send(b"i IDLE\r\n")
            assert await idler.line() == b"+ idling"
            for count in range(1, 4):
                begin = loop.time()
                await writer.append("plain")
                assert await idler.line() == b"* %d EXISTS" % count
                assert loop.time() - begin < 1

    on_loop("uvloop", main)


def test_an_idle_client_finds_by_itself_what_nobody_hinted_at(house: House) -> None:
    async def main() -> None:
        async with house.serving() as port:
            client = await logged_in(port)
            await client.do("SELECT INBOX")
            client.send(b"i IDLE\r\n")
            assert await client.line() == b"+ idling"
            house._subscribers.clear()  # hints get lost from here on
            await asyncio.to_thread(fill, house.store.account(house.account.id), 1)
            for _ in range(3):
                house.services[0].registry.tick()
            assert await client.line() == b"* 1 EXISTS"

    on_loop("uvloop", main)


def test_a_burst_is_told_in_one_go(house: House) -> None:
    async def main() -> None:
        async with house.serving() as port:
            client = await logged_in(port)
            await client.do("SELECT INBOX")
            client.send(b"i IDLE\r\n")
            assert await client.line() == b"+ idling"
            account = house.store.account(house.account.id)
            for _ in range(30):
                fill(account, 1)  # the loop hears nothing of it before the last
            assert await client.line() == b"* 30 EXISTS"
            client.send(b"DONE\r\n")
            assert await client.line() == b"i OK IDLE done"

    on_loop("uvloop", main)


def test_large_mailboxes_with_gaps(house: House) -> None:
    """More messages than one portion holds, of which every third has been expunged."""
    account = house.store.account(house.account.id)
    inbox = fill(account, 4500)
    gone = NumberSet.of(range(3, 4501, 3))
    account.flag(inbox, gone, FlagAction.ADD, Flag.DELETED)
    account.expunge(inbox, gone)
    uids = [uid for uid in range(1, 4501) if uid % 3]

    async def main() -> None:
        async with house.serving() as port:
            client, other = await logged_in(port), await logged_in(port)
            await client.do("SELECT INBOX")
            await other.do("SELECT INBOX")
            views = [
                connection._session.view  # type: ignore[union-attr]
                for connection in house.hosts[0].connections
            ]
            assert views[0].uids is views[1].uids, "one copy serves both"
            found = await fetched(client, "FETCH 1:* (UID FLAGS)")
            assert [int(items["UID"]) for items in found.values()] == uids
            assert list(found) == list(range(1, 3001))
            found = await fetched(client, "UID FETCH 100:200,4000:* ENVELOPE")
            assert [int(items["UID"]) for items in found.values()] == [
                uid for uid in uids if 100 <= uid <= 200 or uid >= 4000
            ]
            lines = await client.do("STORE 1:* +FLAGS (\\Seen)")
            assert len(lines) == 3001
            lines = await other.do("NOOP")
            assert len(lines) == 3001
            assert lines[2999] == b"* 3000 FETCH (UID 4499 FLAGS (\\Seen))"
            await client.do("STORE 1:2999 +FLAGS.SILENT (\\Deleted)")
            lines = await client.do("EXPUNGE")
            assert lines[0] == b"* 2999 EXPUNGE"
            assert len(lines) == 3000
            found = await fetched(other, "UID FETCH 1:* UID")
            assert [int(items["UID"]) for items in found.values()] == [4499]

    on_loop("uvloop", main)


def test_messages_that_go_while_their_bodies_are_fetched(house: House) -> None:
    """Those that are gone are left out; the command says so at its end."""
    account = house.store.account(house.account.id)
    raw = b"Subject: x\r\n\r\n" + b"z" * 400_000
    inbox = account.mailbox("INBOX").id
    account.append(inbox, [NewMessage(raw, summarize(raw), 0)] * 40)

    async def main() -> None:
        async with house.serving() as port:
            client = await logged_in(port)
            await client.do("SELECT INBOX")
            client.writer.transport.pause_reading()  # type: ignore[attr-defined]
            client.send(b"a FETCH 1:40 BODY.PEEK[]\r\n")
            (connection,) = house.hosts[0].connections
            while not connection._congested:
                await asyncio.sleep(0)
            last = NumberSet.of([40])
            await asyncio.to_thread(account.flag, inbox, last, FlagAction.ADD, Flag.DELETED)
            await asyncio.to_thread(account.expunge, inbox, last)
            client.writer.transport.resume_reading()  # type: ignore[attr-defined]
            for number in range(1, 40):
                assert await client.line() == b"* %d FETCH (BODY[] {400014}" % number
                assert await client.octets(len(raw)) == raw
                assert await client.line() == b")"
            assert (await client.line()).startswith(b"a OK [EXPUNGEISSUED] ")
            assert (await client.do("NOOP"))[0] == b"* 40 EXPUNGE"

    on_loop("uvloop", main)


def test_clients_that_change_one_mailbox_at_once_agree_at_the_end(house: House) -> None:
    """Each acts at random and believes only what it is told; then all know the same."""

    async def act(port: int, seed: int) -> list[bytes]:
        client = await logged_in(port)
        await client.do("SELECT INBOX")
        for step in range(25):
            match (step + seed) % 5:
                case 0:
                    await client.append("plain")
                case 1:
                    await client.do(f"UID STORE {step + 1}:* +FLAGS (\\Flagged k{seed})")
                case 2:
                    await client.do(f"UID STORE {seed + step + 1} +FLAGS (\\Deleted)")
                case 3:
                    await client.do("EXPUNGE")
                case 4:
                    await client.do(f"UID MOVE {step + 1} Archive")
        return []

    async def main() -> None:
        async with house.serving() as port, house.serving(house.new_store()) as other:
            watcher = await logged_in(port)
            await watcher.do("SELECT INBOX")
            await asyncio.gather(*(act(port if n % 2 else other, n) for n in range(4)))
            lines = await watcher.do("NOOP")
            fresh = await logged_in(other)
            await fresh.do("SELECT INBOX")
            known = await fetched(watcher, "FETCH 1:* (UID FLAGS)")
            assert known == await fetched(fresh, "FETCH 1:* (UID FLAGS)")
            exists = [line for line in lines if line.endswith(b"EXISTS")]
            assert exists[-1] == b"* %d EXISTS" % len(known)

    on_loop("uvloop", main)


def test_kept_lines_are_those_of_this_state_and_of_this_client(house: House) -> None:
    """Kept lines are used for no other state, and by nobody who numbers messages otherwise."""
    account = house.store.account(house.account.id)
    inbox = fill(account, 600)

    async def main() -> None:
        async with house.serving() as port:
            first, second = await logged_in(port), await logged_in(port)
            for client in (first, second):
                await client.do("SELECT INBOX")
            before = await first.do("FETCH 1:* (UID FLAGS)")
            assert await second.do("FETCH 1:* (UID FLAGS)") == before
            await first.do("STORE 7 +FLAGS.SILENT (\\Flagged)")
            after = await first.do("FETCH 1:* (UID FLAGS)")
            assert after[6] == b"* 7 FETCH (UID 7 FLAGS (\\Flagged))"
            assert after[:6] + after[7:] == before[:6] + before[7:]
            gone = NumberSet.of([3])
            account.flag(inbox, gone, FlagAction.ADD, Flag.DELETED)
            account.expunge(inbox, gone)
            await first.do("NOOP")
            told = await first.do("FETCH 1:* (UID FLAGS)")
            assert told[2].startswith(b"* 3 FETCH (UID 4 ")
            untold = await second.do("FETCH 1:* (UID FLAGS)")
            assert b"* 4 FETCH (UID 4 FLAGS ())" in untold

    on_loop("uvloop", main)

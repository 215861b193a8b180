"""Strangers without manners, in a process of their own.

    python -m tests.end_to_end.mob SMTP-PORT SUBMISSIONS-PORT SECONDS

Each connection comes from 127.2.0.0/15 and behaves in one of the ways of `WAYS`. How many there are
at a time, and in all, is bounded. At the end it prints as JSON how often each way was gone, and how
often each reply was heard.
"""

import asyncio
import json
import random
import ssl
import sys
import time
from asyncio import StreamReader, StreamWriter
from base64 import b64encode
from collections import Counter
from collections.abc import Awaitable, Callable

AT_ONCE = 250
MOST = 200_000
PACE = 0.01
"""Seconds between two new connections at least."""
RECIPIENT = "anna@example.test"

Way = Callable[["Stranger"], Awaitable[None]]


class Stranger:
    def __init__(self, reader: StreamReader, writer: StreamWriter, chance: random.Random) -> None:
        self.reader, self.writer, self.chance = reader, writer, chance
        self.heard: Counter[str] = Counter()

    async def hear(self) -> str:
        """One reply's last line; empty at the end."""
        while line := (await self.reader.readline()).decode("latin-1"):
            if line[3:4] != "-":
                self.heard[line[:9].strip()] += 1
                return line
        return ""

    async def say(self, line: str) -> str:
        self.writer.write(line.encode() + b"\r\n")
        return await self.hear()

    async def begin(self, helo: str, sender: str) -> bool:
        await self.hear()
        await self.say(f"EHLO {helo}")
        return (await self.say(f"MAIL FROM:<{sender}>")).startswith("250")


async def comes_and_goes(who: Stranger) -> None:
    await asyncio.sleep(who.chance.random())
    if who.chance.random() < 0.5:
        who.writer.transport.abort()


async def speaks_early(who: Stranger) -> None:
    await who.say("EHLO mail.alps.zz")


async def talks_garbage(who: Stranger) -> None:
    await who.hear()
    for _ in range(20):
        who.writer.write(who.chance.randbytes(who.chance.randrange(1, 5000)))
        await who.writer.drain()
        await asyncio.sleep(0.01)


async def takes_it_for_the_web(who: Stranger) -> None:
    await who.hear()
    await who.say("GET / HTTP/1.1\r\nHost: mx.example.test\r\n\r\n")


async def speaks_slowly(who: Stranger) -> None:
    await who.hear()
    for octet in b"EHLO mail.alps.zz\r\nMAIL FROM:<slow@alps.zz>\r\n":
        who.writer.write(bytes((octet,)))
        await who.writer.drain()
        await asyncio.sleep(0.1)


async def hangs_on(who: Stranger) -> None:
    """Says hardly anything until he is tired of it."""
    await who.hear()
    await who.say("EHLO mail.wild.zz")
    while True:
        who.writer.write(b"N")
        await who.writer.drain()
        await asyncio.sleep(1)


async def sends_slowly(who: Stranger) -> None:
    if await who.begin("mail.wild.zz", "x@wild.zz"):
        await who.say("RCPT TO:<open@example.test>")
        if (await who.say("DATA")).startswith("354"):
            who.writer.write(b"From: x@wild.zz\r\nSubject: slow\r\n\r\n")
            while True:
                who.writer.write(b"a line\r\n")
                await who.writer.drain()
                await asyncio.sleep(0.2)


async def guesses_passwords(who: Stranger) -> None:
    """At the submission port, of an account that exists and of others. Its owner is logged in: for
    who comes anew the account is closed for a while."""
    await who.hear()
    await who.say("EHLO mail.alps.zz")
    for _ in range(10):
        name = who.chance.choice(("bert", "info", "admin", "sales"))
        word = b64encode(f"\0{name}@example.test\0pass{who.chance.randrange(1000)}".encode())
        said = await who.say(f"AUTH PLAIN {word.decode()}")
        assert not said.startswith("2"), said
        if not said or said.startswith("421"):
            return


async def guesses_addresses(who: Stranger) -> None:
    if await who.begin("mail.wild.zz", "guess@wild.zz"):
        for _ in range(30):
            name = "".join(who.chance.choices("abcdefghijklmnop", k=6))
            if not (await who.say(f"RCPT TO:<{name}@example.test>")).startswith("5"):
                return


async def guesses_in_one_piece(who: Stranger) -> None:
    if await who.begin("mail.wild.zz", "guess@wild.zz"):
        names = (f"user{who.chance.randrange(1000)}" for _ in range(50))
        who.writer.write("".join(f"RCPT TO:<{n}@example.test>\r\n" for n in names).encode())
        while await who.hear():
            pass


async def has_a_false_name(who: Stranger) -> None:
    name = who.chance.choice(("localhost", "[127.0.0.1]", "mx.example.test", "nowhere.zz"))
    if await who.begin(name, "x@wild.zz"):
        await who.say(f"RCPT TO:<{RECIPIENT}>")


async def has_a_dns_that_hangs(who: Stranger) -> None:
    number = who.chance.randrange(10_000)
    if await who.begin(f"mail{number}.hang.zz", f"x@{number}.hang.zz"):
        await who.say(f"RCPT TO:<{RECIPIENT}>")


async def forges_mail(who: Stranger) -> None:
    """To somebody without a greylist, from a domain that wants such mail refused."""
    if await who.begin("mail.wild.zz", "x@wild.zz"):
        await who.say("RCPT TO:<open@example.test>")
        if (await who.say("DATA")).startswith("354"):
            body = "Send money now.\r\n" * who.chance.randrange(1, 2000)
            await who.say(f"From: boss@strict.zz\r\nSubject: Now\r\n\r\n{body}.")


async def sends_half_a_message(who: Stranger) -> None:
    if await who.begin("mail.wild.zz", "x@wild.zz"):
        await who.say("RCPT TO:<open@example.test>")
        if (await who.say("DATA")).startswith("354"):
            who.writer.write(b"From: x@wild.zz\r\nSubject: half\r\n\r\n" + b"x" * 50_000)
            await asyncio.sleep(0.5)
            who.writer.transport.abort()


WAYS: tuple[Way, ...] = (
    comes_and_goes,
    speaks_early,
    talks_garbage,
    takes_it_for_the_web,
    speaks_slowly,
    hangs_on,
    sends_slowly,
    guesses_passwords,
    guesses_addresses,
    guesses_in_one_piece,
    has_a_false_name,
    has_a_dns_that_hangs,
    forges_mail,
    sends_half_a_message,
)


SECURE = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
SECURE.check_hostname, SECURE.verify_mode = False, ssl.CERT_NONE


async def visit(
    ports: tuple[int, int], number: int, gone: Counter[str], heard: Counter[str]
) -> None:
    chance = random.Random(number)
    way = WAYS[number % len(WAYS)]
    # Some networks come again and again, others once.
    again = chance.random() < 0.5
    source = (
        f"127.2.{chance.randrange(4)}.9" if again else f"127.3.{number >> 8 & 255}.{number & 255}"
    )
    try:
        async with asyncio.timeout(8):
            secure = way is guesses_passwords
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", ports[secure], local_addr=(source, 0), ssl=SECURE if secure else None
            )
    except (OSError, TimeoutError) as error:
        heard[type(error).__name__] += 1
        return
    who = Stranger(reader, writer, chance)
    gone[way.__name__] += 1
    try:
        async with asyncio.timeout(8):
            await way(who)
    except (OSError, ValueError, TimeoutError) as error:
        who.heard[type(error).__name__] += 1
    finally:
        writer.transport.abort()
        heard.update(who.heard)


async def main(ports: tuple[int, int], seconds: float) -> None:
    gone: Counter[str] = Counter()
    heard: Counter[str] = Counter()
    room = asyncio.Semaphore(AT_ONCE)
    until = time.monotonic() + seconds
    number = 0
    async with asyncio.TaskGroup() as group:

        async def one(number: int) -> None:
            try:
                await visit(ports, number, gone, heard)
            finally:
                room.release()

        while time.monotonic() < until and number < MOST:
            await room.acquire()
            group.create_task(one(number))
            number += 1
            await asyncio.sleep(PACE)
    print(json.dumps({"visits": number, "ways": gone, "heard": heard}))


if __name__ == "__main__":
    asyncio.run(main((int(sys.argv[1]), int(sys.argv[2])), float(sys.argv[3])))

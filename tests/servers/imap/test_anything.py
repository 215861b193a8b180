"""Whatever a client says, in any order: each command has one answer, and none is our mistake."""

import asyncio
import logging
import random

import pytest

from tests.servers.imap.house import House
from tests.servers.imap.play import Client, logged_in
from tests.support.stage import on_loop

WORDS: dict[str, tuple[str, ...]] = {
    "set": ("1", "1:*", "*", "2:4,9", "4294967295", "$", "*:3", "1:2,2:3", "5:1"),
    "mailbox": ("INBOX", "Sent", "nowhere", '"a/b"', "a/b/c", "*", '""', "&AOk-", "&bad", "Sent/x"),
    "flags": ("(\\Seen)", "()", "(\\Deleted)", "\\Flagged", "(a b $C)", "(\\Recent)", "(\\*)"),
    "sign": ("+", "-", ""),
    "silent": ("", ".SILENT"),
    "uid": ("", "UID "),
    "item": (
        "FLAGS", "FAST", "FULL", "ENVELOPE", "(UID BODY.PEEK[])", "BODY[1]", "BODY[TEXT]<1.3>",
        "(BODYSTRUCTURE PREVIEW)", "RFC822", "(BINARY.SIZE[1] BINARY[1])", "BODY[HEADER]",
        "(MODSEQ) (CHANGEDSINCE 2)", "(EMAILID THREADID SAVEDATE)", "BODY[2.1.MIME]", "NONSENSE",
        "BODY.PEEK[HEADER.FIELDS (x)]", "(UID", "BODY[",
    ),
    "key": (
        "ALL", "UNSEEN 1:*", "OR SEEN NOT DELETED", 'TEXT "hello"', "UID 1:3", "$", "MODSEQ 1",
        "HEADER to mooch", "SINCE 1-Jan-2000", "(ALL (SEEN))", "EMAILID M1", "BODY meet", "99",
        "RETURN (SAVE) ALL", "RETURN (MIN MAX COUNT) ALL", "KEYWORD a", "YOUNGER 10", "OLDER",
    ),
    "pattern": ("*", "%", "a*", "%/%", '""', "INBOX", "(a b*)"),
    "status": ("(MESSAGES)", "(UIDNEXT UNSEEN SIZE HIGHESTMODSEQ)", "()", "(RECENT MAILBOXID)"),
}  # fmt: skip
COMMANDS = (
    "NOOP", "CHECK", "CAPABILITY", "ID NIL", "NAMESPACE", "ENABLE CONDSTORE", "EXPUNGE", "CLOSE",
    "UNSELECT", "SELECT Archive", "SELECT INBOX", "EXAMINE INBOX (CONDSTORE)",
    "{uid}FETCH {set} {item}", "{uid}STORE {set} {sign}FLAGS{silent} {flags}",
    "{uid}STORE {set} (UNCHANGEDSINCE 3) {sign}FLAGS{silent} {flags}", "{uid}COPY {set} {mailbox}",
    "{uid}MOVE {set} {mailbox}", "{uid}SEARCH {key}", "UID EXPUNGE {set}", "CREATE {mailbox}",
    "DELETE {mailbox}", "RENAME {mailbox} {mailbox}", "SUBSCRIBE {mailbox}", "LSUB {mailbox} *",
    "UNSUBSCRIBE {mailbox}", 'LIST "" {pattern}', "LIST (SUBSCRIBED) {mailbox} {pattern}",
    "LIST {mailbox} {pattern} RETURN (STATUS {status})", "STATUS {mailbox} {status}",
    "APPEND {mailbox} {flags} {{4+}}\r\na:b\r\n", "IDLE\r\nDONE", "LOGIN a b", "",
)  # fmt: skip


def some_command(chance: random.Random) -> str:
    picked = {name: chance.choice(words) for name, words in WORDS.items()}
    return chance.choice(COMMANDS).format(**picked)


async def say(client: Client, chance: random.Random, count: int) -> list[bytes]:
    """Say so many commands, some at once; the ends of their answers."""
    ends: list[bytes] = []
    said = 0
    while said < count:
        burst = min(chance.randint(1, 5), count - said)
        tags = [b"t%d" % (said + n) for n in range(burst)]
        for tag in tags:
            client.send(tag + b" " + some_command(chance).encode() + b"\r\n")
        said += burst
        client.send(b"flush NOOP\r\n")
        lines = await client.until(b"flush")
        got = [line for line in lines if line.partition(b" ")[0] in tags]
        assert [line.partition(b" ")[0] for line in got] == tags, lines
        ends += got
    return ends


@pytest.mark.parametrize("seed", range(6))
def test_every_command_has_one_answer(
    house: House, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with house.serving() as port:
            clients = [await logged_in(port) for _ in range(3)]
            for _ in range(4):
                await clients[0].append("parts")
            chances = [random.Random(f"{seed} {n}") for n in range(3)]
            ends = await asyncio.gather(
                *(say(client, chance, 120) for client, chance in zip(clients, chances, strict=True))
            )
            assert not [line for lines in ends for line in lines if b"SERVERBUG" in line]

    with caplog.at_level(logging.WARNING):
        on_loop("uvloop", main, seconds=60)
    assert not caplog.records

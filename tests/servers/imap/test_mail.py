"""FETCH over mail as it is: every reply can be read by a strict client and holds what was sent."""

import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from alphorn.message.summarize import summarize
from alphorn.servers.imap.commands.append import with_crlf
from alphorn.store.api import NewMessage
from tests.servers.imap.house import House
from tests.servers.imap.play import logged_in
from tests.servers.imap.responses import fetched
from tests.support.stage import on_loop

ODD = [
    b"",
    b"\r\n",
    b"no header at all",
    b"Subject: only a header",
    b"Subject: \xff\xfe\x80 octets\r\n\r\n\xff\xfe",
    b"Subject: nul\x00nul\r\n\r\nnul\x00nul",
    b'From: "quote\\" (\r\nTo: <<<>>>,,;:\r\nSubject: =?utf-8?q?=0d=0aX:_y?=\r\n\r\nbody',
    b"Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n",
    b"Content-Type: multipart/mixed; boundary=x\r\n\r\n",
    b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n--x\r\n--x--\r\n",
    b"Content-Type: message/rfc822\r\n\r\n",
    b"Content-Type: text/plain; charset={5}\r\nContent-Id: {3}\r\n\r\n{100}\r\n",
    b'Content-Type: x/y; name="(\\"\r\nContent-Disposition: attachment; filename=")"\r\n\r\n)',
    b"Subject: " + b"long " * 2000 + b"\r\n\r\nx",
    b"Content-Type: multipart/mixed; boundary=a\r\n\r\n"
    + b"".join(b"--a\r\nContent-Type: message/rfc822\r\n\r\n" for _ in range(30)),
]

ITEMS = "UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY BODYSTRUCTURE PREVIEW EMAILID THREADID"
SECTIONS = (
    "BODY.PEEK[] BODY.PEEK[HEADER] BODY.PEEK[TEXT] BODY.PEEK[1] BODY.PEEK[1.MIME] BODY.PEEK[2.1]"
    " BODY.PEEK[1.HEADER] BODY.PEEK[HEADER.FIELDS (SUBJECT FROM)] BODY.PEEK[]<3.7>"
    " BODY.PEEK[HEADER.FIELDS.NOT (SUBJECT)]"
)


def _corpus(shared: Path) -> Iterator[bytes]:
    for archive in sorted(shared.glob("mime/**/*.tar.xz")):
        with tarfile.open(archive) as members:
            for member in members:
                if member.isfile() and 0 < member.size < 500_000:
                    file = members.extractfile(member)
                    assert file is not None
                    yield file.read()
    for path in sorted(shared.glob("mime/**/*")):
        if path.is_file() and path.suffix != ".xz" and path.stat().st_size < 500_000:
            yield path.read_bytes()


def check(house: House, messages: list[bytes]) -> None:
    account = house.store.account(house.account.id)
    inbox = account.mailbox("INBOX").id
    raws = [with_crlf(raw) for raw in messages]
    account.append(inbox, [NewMessage(raw, summarize(raw), 1_700_000_000) for raw in raws])

    async def main() -> None:
        async with house.serving() as port:
            client = await logged_in(port)
            await client.do("SELECT INBOX")
            simple = await fetched(client, f"FETCH 1:* ({ITEMS})")
            bodies = await fetched(client, f"FETCH 1:* ({SECTIONS})")
            headers = await fetched(
                client, "FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT FROM)] BODY.PEEK[HEADER])"
            )
            assert list(simple) == list(bodies) == list(headers) == list(range(1, len(raws) + 1))
            for raw, one, two, three in zip(
                raws, simple.values(), bodies.values(), headers.values(), strict=True
            ):
                assert int(one["RFC822.SIZE"]) == len(raw)
                assert len(one["ENVELOPE"]) == 10
                assert two["BODY[]"] == raw
                assert two["BODY[HEADER]"] + two["BODY[TEXT]"] == raw
                assert two["BODY[]<3>"] == raw[3:10]
                for item, value in three.items():
                    assert two[item] == value, "from the header alone as from the message"
                only, others = (
                    two["BODY[HEADER.FIELDS (SUBJECT FROM)]"],
                    two["BODY[HEADER.FIELDS.NOT (SUBJECT)]"],
                )
                assert re.match(rb"(?i)(subject|from)[ \t]*:|\r\n", only)
                assert not re.search(rb"(?im)^subject[ \t]*:", others)

    on_loop("uvloop", main, seconds=120)


def test_odd_mail_of_our_own(house: House) -> None:
    check(house, [raw for raw in ODD if raw])


@pytest.mark.shared
def test_mail_from_the_corpora(house: House, shared: Path) -> None:
    messages = list(_corpus(shared))
    assert len(messages) > 300
    check(house, messages)

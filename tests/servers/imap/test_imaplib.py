"""The standard library's client against the server: the way scripts use it."""

import asyncio
import imaplib
from collections.abc import Callable

from tests.servers.imap.house import ADDRESS, House
from tests.servers.imap.play import mail
from tests.support.installation import PASSWORD
from tests.support.stage import on_loop


def with_imaplib(house: House, act: Callable[[imaplib.IMAP4], None]) -> None:
    def client(port: int) -> None:
        with imaplib.IMAP4("127.0.0.1", port, timeout=30) as connection:
            act(connection)

    async def main() -> None:
        async with house.serving() as port:
            await asyncio.to_thread(client, port)

    on_loop("uvloop", main)


def test_a_day_with_imaplib(house: House) -> None:
    def act(client: imaplib.IMAP4) -> None:
        assert client.login(ADDRESS, PASSWORD)[0] == "OK"
        assert client.create("Work")[0] == "OK"
        assert client.list()[0] == "OK"
        for flags in ("", "\\Seen", "\\Flagged"):
            status, data = client.append("Work", flags, "", mail("parts"))
            assert status == "OK"
            assert b"APPENDUID" in data[0]
        assert client.select("Work") == ("OK", [b"3"])
        assert client.search(None, "UNSEEN") == ("OK", [b"1 3"])
        assert client.uid("SEARCH", "SUBJECT", '"minutes"') == ("OK", [b"1 2 3"])
        status, fetched = client.fetch("1", "(BODY.PEEK[] FLAGS)")
        assert status == "OK"
        assert isinstance(fetched[0], tuple)
        assert fetched[0][1] == mail("parts")
        assert client.store("1:2", "+FLAGS", "\\Deleted")[0] == "OK"
        assert client.expunge() == ("OK", [b"2", b"1"])
        assert client.copy("1", "INBOX")[0] == "OK"
        assert client.status("INBOX", "(MESSAGES)") == ("OK", [b"INBOX (MESSAGES 1)"])
        assert client.close()[0] == "OK"
        assert client.delete("Work")[0] == "OK"

    with_imaplib(house, act)


def test_logging_in_by_authenticate(house: House) -> None:
    def act(client: imaplib.IMAP4) -> None:
        secret = f"\0{ADDRESS}\0{PASSWORD}".encode()
        assert client.authenticate("PLAIN", lambda challenge: secret)[0] == "OK"
        assert client.enable("IMAP4rev2")[0] == "OK"
        assert client.noop()[0] == "OK"

    with_imaplib(house, act)

"""One person with two mail programs at once: Python's imaplib, twice, on the same mailbox."""

import time
from collections.abc import Iterator

import pytest

from tests.end_to_end.tools import Reader, message, reading
from tests.support.service import Service

CARL = "carl@example.test"
DORA = "dora@example.test"
GUEST = "guest@example.net"


@pytest.fixture
def pair(service: Service) -> Iterator[tuple[Reader, Reader]]:
    """Two connections with the INBOX open; five messages are in it, a different one each time."""
    with reading(service, CARL) as one, reading(service, CARL) as two:
        with service.smtp() as client:
            for word in ("goat", "cow", "sheep", "marmot", "ibex"):
                letter = message(GUEST, f"A {word}", f"I saw a {word} today.\r\n")
                client.sendmail(GUEST, [CARL], letter)
        for reader in (one, two):
            reader.wait("SUBJECT", "ibex")
        yield one, two
        one.client.uid("STORE", "1:*", "+FLAGS.SILENT", r"(\Deleted)")
        one.client.expunge()


def test_what_one_does_the_other_sees(pair: tuple[Reader, Reader]) -> None:
    """Flags, keywords, a new mailbox, copies, moves, deletion: each told to the idling other."""
    one, two = pair
    uids = one.search("ALL")
    assert len(uids) == 5
    two.idle()

    one.client.uid("STORE", str(uids[1]), "+FLAGS", r"(\Flagged $Label1)")
    assert rb"\Flagged" in two.heard(b"* 2 FETCH")
    one.client.create("Trips")
    said, _ = one.client.uid("COPY", f"{uids[0]},{uids[1]}", "Trips")
    assert said == "OK"
    said, _ = one.client.uid("MOVE", str(uids[2]), "Trips")
    assert said == "OK"
    two.heard(b"* 3 EXPUNGE")
    one.client.uid("STORE", str(uids[4]), "+FLAGS", r"(\Deleted)")
    two.heard(b"* 4 FETCH")
    one.client.expunge()
    two.heard(b"* 4 EXPUNGE")
    one.client.append("INBOX", r"(\Seen)", '"01-Feb-2003 04:05:06 +0100"', message(CARL, "A draft"))
    two.heard(b"* 4 EXISTS")
    two.done()
    assert two.search("ALL") == one.search("ALL")
    assert two.flags(uids[1]) == {"\\Flagged", "$Label1"}
    two.open("Trips")
    assert [two.search("SUBJECT", word) for word in ("goat", "cow", "sheep", "ibex")] == [
        [1], [2], [3], []
    ]  # fmt: skip
    assert two.flags(2) == {"\\Flagged", "$Label1"}
    two.client.close()
    two.client.delete("Trips")
    two.open("INBOX")


def test_search_finds_and_fetch_shows(pair: tuple[Reader, Reader]) -> None:
    one, _ = pair
    (uid,) = one.search("BODY", "marmot")
    assert one.search("TEXT", "marmot") == one.search("SUBJECT", "MARMOT") == [uid]
    assert one.search("UNSEEN", "FROM", GUEST, "NOT", "SUBJECT", "marmot", "LARGER", "10") == [
        other for other in one.search("ALL") if other != uid
    ]
    assert one.fetch(uid, "BODY.PEEK[TEXT]") == b"I saw a marmot today.\r\n"
    assert one.fetch(uid, "BODY.PEEK[TEXT]<8.6>") == b"marmot"
    assert one.flags(uid) == set()
    assert one.fetch(uid, "BODY[HEADER.FIELDS (SUBJECT)]") == b"Subject: A marmot\r\n\r\n"
    assert one.flags(uid) == {"\\Seen"}
    assert one.search("SEEN") == [uid]


@pytest.mark.parametrize(
    "seconds", [pytest.param(1, id="a second", marks=pytest.mark.soak), pytest.param(20, id="time")]
)
def test_arrival_is_told_to_every_idler_within(
    service: Service, pair: tuple[Reader, Reader], seconds: float
) -> None:
    for reader in pair:
        reader.idle()
    for turn in range(3):
        service.send(GUEST, [CARL], message(GUEST, f"Turn {turn}"))
        begin = time.monotonic()
        for reader in pair:
            reader.heard(b"* %d EXISTS" % (6 + turn))
        assert time.monotonic() - begin < seconds
    for reader in pair:
        reader.done()


def test_readonly_changes_nothing(service: Service) -> None:
    service.send(GUEST, [DORA], message(GUEST, "Look but do not touch"))
    client = service.imap(DORA)
    client.select("INBOX", readonly=True)
    client.fetch("1", "(RFC822)")
    assert client.store("1", "+FLAGS", r"(\Deleted)")[0] == "NO"
    client.logout()
    with reading(service, DORA) as inbox:
        assert inbox.flags(1) == set()

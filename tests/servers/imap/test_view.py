"""What a client is told of a mailbox that others change, and when (RFC 9051 §7.5.1)."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from alphorn.base.flags import Flag
from alphorn.base.numbers import NumberSet
from alphorn.servers.imap.uids import packed
from alphorn.servers.imap.view import View
from alphorn.store.api import Changes, Mailbox, Snapshot, Status


def mailbox(modseq: int) -> Mailbox:
    return Mailbox(7, "INBOX", None, True, 99, 50, modseq, 0, 0, 0, 0)


def view_of(uids: Sequence[int], modseq: int = 10) -> View:
    return View(Snapshot(mailbox(modseq), uids, None, ("$Work",)), packed(uids), writable=True)


def changes(modseq: int, changed: Sequence[Status] = (), expunged: Sequence[int] = ()) -> Changes:
    return Changes(mailbox(modseq), tuple(changed), NumberSet.of(expunged))


def test_new_messages_and_flags() -> None:
    view = view_of([3, 5])
    told = view.apply(
        changes(12, [Status(5, Flag.SEEN, (), 11), Status(8, 0, (), 12)]),
        expunge=True,
        modseqs=False,
    )
    assert told == [b"* 3 EXISTS\r\n", b"* 2 FETCH (UID 5 FLAGS (\\Seen))\r\n"]
    assert list(view.uids) == [3, 5, 8]
    assert view.modseq == 12


def test_expunges_are_told_from_the_highest_number_down() -> None:
    view = view_of([1, 2, 3, 4])
    told = view.apply(changes(11, expunged=[2, 4]), expunge=True, modseqs=False)
    assert told == [b"* 4 EXPUNGE\r\n", b"* 2 EXPUNGE\r\n"]
    assert list(view.uids) == [1, 3]


def test_expunges_wait_where_numbers_must_not_change() -> None:
    view = view_of([1, 2, 3])
    assert view.apply(changes(11, expunged=[2]), expunge=False, modseqs=False) == []
    told = view.apply(changes(12, [Status(9, 0, (), 12)]), expunge=False, modseqs=False)
    assert told == [b"* 4 EXISTS\r\n"], "the message that has gone still has its number"
    assert view.tell_gone() == [b"* 2 EXPUNGE\r\n"]
    assert list(view.uids) == [1, 3, 9]
    assert view.tell_gone() == []


def test_a_message_that_came_and_went_unseen_is_not_mentioned() -> None:
    view = view_of([1])
    assert view.apply(changes(13, expunged=[2, 3]), expunge=True, modseqs=False) == []
    assert not view.gone


def test_own_changes_are_not_told_again() -> None:
    view = view_of([1, 2])
    told = view.apply(
        changes(12, [Status(1, Flag.SEEN, (), 11), Status(2, Flag.SEEN, (), 12)]),
        own=12,
        expunge=True,
        modseqs=True,
    )
    assert told == [b"* 1 FETCH (UID 1 FLAGS (\\Seen) MODSEQ (11))\r\n"]


def test_a_new_keyword_is_announced_before_it_is_used() -> None:
    view = view_of([1])
    told = view.apply(
        changes(11, [Status(1, 0, ("$Work", "urgent"), 11)]), expunge=True, modseqs=False
    )
    assert told == [
        b"* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Work urgent)\r\n",
        b"* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Work urgent \\*)]"
        b" These are kept\r\n",
        b"* 1 FETCH (UID 1 FLAGS ($Work urgent))\r\n",
    ]
    assert not view.new_keywords([Status(1, 0, ("urgent",), 12)])


class Client:
    """A client that only believes what it is told."""

    def __init__(self, uids: Sequence[int]) -> None:
        self.uids: list[int | None] = list(uids)

    def hear(self, lines: Sequence[bytes]) -> None:
        for line in lines:
            words = line.split()
            number = int(words[1])
            if words[2] == b"EXISTS":
                assert number >= len(self.uids)
                self.uids += [None] * (number - len(self.uids))
            elif words[2] == b"EXPUNGE":
                del self.uids[number - 1]
            else:
                uid = int(words[4])
                assert self.uids[number - 1] in (None, uid)
                self.uids[number - 1] = uid


@given(st.data())
def test_a_client_that_believes_what_it_hears_knows_the_mailbox(data: st.DataObject) -> None:
    uids = sorted(data.draw(st.sets(st.integers(1, 12))))
    there, uidnext, modseq = list(uids), 13, 10
    view, client = view_of(uids), Client(uids)
    for _ in range(data.draw(st.integers(0, 8))):
        gone = data.draw(st.sets(st.sampled_from(there))) if there else set()
        new = data.draw(st.integers(0, 3))
        born = list(range(uidnext, uidnext + new))
        uidnext += new
        there = [uid for uid in there if uid not in gone] + born
        modseq += 1
        flagged = data.draw(st.sets(st.sampled_from(there))) if there else set()
        statuses = [Status(uid, 0, (), modseq) for uid in sorted({*flagged, *born})]
        may_expunge = data.draw(st.booleans())
        client.hear(
            view.apply(changes(modseq, statuses, sorted(gone)), expunge=may_expunge, modseqs=False)
        )
        assert len(client.uids) == len(view.uids)
    client.hear(view.tell_gone())
    assert list(view.uids) == there
    assert [uid for uid in client.uids if uid is not None] == [
        uid for uid, heard in zip(there, client.uids, strict=True) if heard is not None
    ]

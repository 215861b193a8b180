"""Messages: appended, read, copied, moved and expunged."""

import threading

import pytest

from alphorn.base.errors import NotFound, OverQuota, Refused
from alphorn.base.flags import Flag
from alphorn.base.numbers import NumberSet
from alphorn.message.summarize import summarize
from alphorn.store import limits
from alphorn.store.api import Account, Column, FlagAction, Mailbox, NewMessage, SpecialUse
from tests.store.conftest import Clock
from tests.store.mail import EVERY, NOW, new, numbered, raw, uids

EVERYTHING = tuple(Column)


def read(account: Account, mailbox_id: int, *columns: Column) -> list[tuple[object, ...]]:
    return list(account.fetch(mailbox_id, EVERY, columns))


def test_append_finds_its_mailbox_by_name(account: Account, inbox: int) -> None:
    account.create("Projects/Alps")
    account.append("inbox", [new()])
    account.append("Projects/Alps", [new(), new()])
    assert account.mailbox("INBOX").messages == 1
    assert account.mailbox("Projects/Alps").messages == 2


@pytest.mark.parametrize("name", ["Nowhere", "", "a//b", "\0"])
def test_append_into_no_mailbox(account: Account, name: str) -> None:
    with pytest.raises(NotFound):
        account.append(name, [new()])
    with pytest.raises(NotFound):
        account.append(999, [new()])


def test_append_by_use_finds_the_mailbox_that_has_it(account: Account) -> None:
    before = account.mailboxes()
    account.append(SpecialUse.JUNK, [new()])
    junk = account.special(SpecialUse.JUNK)
    assert junk is not None
    assert (junk.name, junk.messages) == ("Junk", 1)
    assert len(account.mailboxes()) == len(before)


def test_append_by_use_makes_a_mailbox_once(account: Account) -> None:
    (first,) = account.append(SpecialUse.PROMOTIONS, [new()])
    (second,) = account.append(SpecialUse.PROMOTIONS, [new()])
    made = account.special(SpecialUse.PROMOTIONS)
    assert made is not None
    assert (made.name, made.messages, made.subscribed) == ("Promotions", 2, True)
    assert (first.uid, second.uid, first.uidvalidity) == (1, 2, second.uidvalidity)


def test_append_by_use_takes_a_mailbox_of_that_name(account: Account) -> None:
    own = account.create("Social")
    account.append(SpecialUse.SOCIAL, [new()])
    found = account.special(SpecialUse.SOCIAL)
    assert found is not None
    assert (found.id, found.messages) == (own.id, 1)


def test_append_by_use_leaves_a_mailbox_with_another_use(account: Account) -> None:
    account.delete("Archive")
    account.create("Social", SpecialUse.ARCHIVE)
    account.append(SpecialUse.SOCIAL, [new()])
    found = account.special(SpecialUse.SOCIAL)
    assert found is not None
    assert found.name == "Social 2"
    archive = account.special(SpecialUse.ARCHIVE)
    assert archive is not None
    assert (archive.name, archive.messages) == ("Social", 0)


def test_append_says_where_the_message_is(account: Account, inbox: int) -> None:
    before = account.mailbox("INBOX")
    first, second = account.append(inbox, numbered(2))
    after = account.mailbox("INBOX")
    assert (first.uid, second.uid) == (1, 2)
    assert first.uidvalidity == before.uidvalidity
    assert before.highest_modseq < first.modseq <= second.modseq == after.highest_modseq
    assert first.email_id != second.email_id
    assert (after.uidnext, after.messages, after.unseen) == (3, 2, 2)
    assert account.append(inbox, []) == ()


def test_every_column_of_a_message(account: Account, inbox: int, clock: Clock) -> None:
    message = raw("Größe", "Guten Tag.", number="x", more="Cc: Carl <carl@example.test>\r\n")
    summary = summarize(message)
    clock.now = NOW + 50
    (added,) = account.append(
        inbox,
        [NewMessage(message, summary, NOW - 7, Flag.SEEN | Flag.DRAFT, frozenset(("b", "A")))],
    )
    (row,) = account.fetch(inbox, uids(added.uid), EVERYTHING)
    assert dict(zip(EVERYTHING, row, strict=True)) == {
        Column.UID: added.uid,
        Column.FLAGS: Flag.SEEN | Flag.DRAFT,
        Column.KEYWORDS: "A b",
        Column.MODSEQ: added.modseq,
        Column.INTERNAL_DATE: NOW - 7,
        Column.SIZE: len(message),
        Column.SAVE_DATE: NOW + 50,
        Column.EMAIL_ID: added.email_id,
        Column.THREAD_ID: added.thread_id,
        Column.ENVELOPE: summary.envelope,
        Column.STRUCTURE: summary.structure,
        Column.PARTS: summary.parts,
        Column.HEADER_SIZE: summary.header_size,
        Column.PREVIEW: summary.preview,
        Column.HEADER: message[: summary.header_size],
        Column.RAW: message,
        Column.HAS_ATTACHMENT: False,
        Column.SENT: NOW,
        Column.SUBJECT: "Größe",
    }
    assert isinstance(row[EVERYTHING.index(Column.HAS_ATTACHMENT)], bool)


@pytest.mark.parametrize("count", [5, 250])
def test_columns_come_as_asked_for_however_many_rows(
    account: Account, inbox: int, count: int
) -> None:
    messages = numbered(count)
    account.append(inbox, messages)
    for column in EVERYTHING:
        alone = read(account, inbox, column)
        assert alone == [(row[1],) for row in read(account, inbox, Column.UID, column)]
    for mix in (
        (Column.RAW, Column.UID, Column.HEADER, Column.UID, Column.SIZE),
        (Column.PREVIEW, Column.FLAGS, Column.STRUCTURE, Column.HAS_ATTACHMENT),
        (Column.HEADER, Column.SENT),
        (Column.KEYWORDS, Column.KEYWORDS),
    ):
        rows = read(account, inbox, *mix)
        assert len(rows) == count
        for at, column in enumerate(mix):
            assert [row[at] for row in rows] == [row[0] for row in read(account, inbox, column)]
    assert [row[0] for row in read(account, inbox, Column.RAW)] == [m.raw for m in messages]


def test_fetch_takes_any_set(account: Account, inbox: int) -> None:
    account.append(inbox, numbered(60))
    account.flag(inbox, uids(*range(10, 20)), FlagAction.ADD, Flag.DELETED)
    account.expunge(inbox)
    here = [*range(1, 10), *range(20, 61)]
    for wanted in (
        NumberSet(),
        uids(5),
        uids(15),
        uids(1, 3, 5, 7, 9, 11, 30, 60, 61),
        NumberSet(((5, 25), (50, 4_000_000_000))),
        NumberSet(((100, 200),)),
        EVERY,
    ):
        found = [row[0] for row in account.fetch(inbox, wanted, (Column.UID,))]
        assert found == [uid for uid in here if uid in wanted]
        found = [row[0] for row in account.fetch(inbox, wanted, (Column.UID, Column.HEADER))]
        assert found == [uid for uid in here if uid in wanted]


def test_fetch_in_portions(account: Account, inbox: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However small the portions are, all messages come, each once, in order."""
    account.append(inbox, numbered(100))
    account.flag(inbox, uids(*range(3, 90, 7)), FlagAction.ADD, Flag.DELETED)
    gone = account.expunge(inbox)
    here = [uid for uid in range(1, 101) if uid not in gone]
    for name in ("LIGHT_ROWS", "HEAVY_ROWS", "BODY_ROWS"):
        monkeypatch.setattr(f"alphorn.store.fetching.{name}", 7)
    monkeypatch.setattr("alphorn.store.fetching._FEW", 3)
    for column in (Column.SIZE, Column.ENVELOPE, Column.STRUCTURE, Column.HEADER, Column.RAW):
        # A list of columns not asked for before: plans are kept.
        rows = read(account, inbox, Column.UID, column, Column.UID, column)
        assert [row[0] for row in rows] == here


def test_fetch_of_what_changed(account: Account, inbox: int) -> None:
    account.append(inbox, numbered(40))
    before = account.modseq(inbox)
    account.flag(inbox, uids(7, 30), FlagAction.ADD, Flag.SEEN)
    found = list(account.fetch(inbox, EVERY, (Column.UID, Column.FLAGS), before))
    assert found == [(7, Flag.SEEN), (30, Flag.SEEN)]
    assert list(account.fetch(inbox, uids(7, 8), (Column.UID,), before)) == [(7,)]


def test_a_fetch_goes_on_while_messages_go(account: Account, inbox: int) -> None:
    account.append(inbox, numbered(30, size=2000))
    rows = account.fetch(inbox, EVERY, (Column.UID, Column.RAW))
    assert next(rows)[0] == 1
    account.flag(inbox, uids(*range(10, 20)), FlagAction.ADD, Flag.DELETED)
    account.expunge(inbox)
    account.index(1000)
    assert {*range(2, 10), *range(20, 31)} >= {row[0] for row in rows} >= {*range(20, 31)}


def test_an_unfinished_fetch_holds_nothing_up(account: Account, inbox: int) -> None:
    account.append(inbox, numbered(30))
    rows = account.fetch(inbox, EVERY, (Column.UID, Column.RAW))
    next(rows)
    account.append(inbox, numbered(5, start=50))
    account.move(inbox, EVERY, account.mailbox("Trash").id)
    account.delete("Trash")
    assert account.check() == []


def test_an_unknown_mailbox_has_no_messages(account: Account) -> None:
    with pytest.raises(NotFound):
        account.append(999, [new()])
    with pytest.raises(NotFound):
        account.flag(999, EVERY, FlagAction.ADD, 1)
    with pytest.raises(NotFound):
        account.copy(999, EVERY, 1)
    with pytest.raises(NotFound):
        account.copy(1, EVERY, 999)
    assert list(account.fetch(999, EVERY, (Column.UID,))) == []


def test_a_message_of_any_octets_comes_back_as_it_was(account: Account, inbox: int) -> None:
    messages = [
        b"",
        b"\r\n",
        b"\x00",
        bytes(range(256)) * 10,
        b"Subject: " + b"x" * 100_000,
        b"a: b\r\n\r\n" + b"\x00\xff" * 200_000,
        "Subject: ä\udcff\r\n\r\n".encode("utf-8", "surrogateescape"),
        b"Subject: =?utf-8?B?7aCA?= =?utf-8?Q?=00?=\r\nMessage-ID: <\xff\xfe>\r\n\r\nx",
    ]
    account.append(inbox, [new(message) for message in messages])
    assert [row[0] for row in read(account, inbox, Column.RAW)] == messages
    account.append(inbox, numbered(120, size=1000))
    account.index(1000)
    assert [row[0] for row in read(account, inbox, Column.RAW)][: len(messages)] == messages
    headers = [row[0] for row in read(account, inbox, Column.HEADER)][: len(messages)]
    assert headers == [message[: summarize(message).header_size] for message in messages]
    assert account.check() == []


# -- snapshots --


def test_a_snapshot_without_gaps_is_a_range(account: Account, inbox: int) -> None:
    assert list(account.snapshot(inbox).uids) == []
    account.append(inbox, numbered(50))
    snapshot = account.snapshot(inbox)
    assert snapshot.uids == range(1, 51)
    account.flag(inbox, uids(*range(1, 6), 50), FlagAction.ADD, Flag.DELETED)
    account.expunge(inbox)
    assert account.snapshot(inbox).uids == range(6, 50)
    account.flag(inbox, uids(20), FlagAction.ADD, Flag.DELETED)
    account.expunge(inbox)
    found = account.snapshot(inbox).uids
    assert not isinstance(found, range)
    assert list(found) == [*range(6, 20), *range(21, 50)]
    assert account.mailbox("INBOX").uidnext == 51


def test_the_first_unseen_message(account: Account, inbox: int) -> None:
    def first() -> int | None:
        return account.snapshot(inbox).first_unseen

    def change(action: FlagAction, *numbers: int) -> None:
        account.flag(inbox, uids(*numbers), action, Flag.SEEN)

    assert first() is None
    account.append(inbox, [new(flags=Flag.SEEN), new(raw("a")), new(raw("b"))])
    assert first() == 2
    change(FlagAction.ADD, 2)
    assert first() == 3
    change(FlagAction.ADD, 3)
    assert first() is None
    account.append(inbox, [new(raw("c"), flags=Flag.SEEN), new(raw("d")), new(raw("e"))])
    assert first() == 5
    change(FlagAction.REMOVE, 1, 4)
    assert first() == 1
    account.flag(inbox, uids(1, 5), FlagAction.ADD, Flag.DELETED)
    account.expunge(inbox)
    assert first() == 4
    archive = account.mailbox("Archive").id
    account.copy(inbox, EVERY, archive)
    assert account.snapshot(archive).first_unseen == 3
    account.move(inbox, uids(4), archive)
    assert first() == 6
    assert account.check() == []


# -- one body, many copies --


def test_equal_messages_share_one_body(account: Account, inbox: int) -> None:
    archive = account.mailbox("Archive").id
    for message in (new(raw(number=5)), new(raw("without an identifier"))):
        first = account.append(inbox, [message])[0]
        again = account.append(archive, [message])[0]
        assert (again.email_id, again.thread_id) == (first.email_id, first.thread_id)
    both = [new(raw("twice at once")), new(raw("twice at once"))]
    a, b = account.append(inbox, both)
    assert a.email_id == b.email_id
    different = account.append(inbox, [new(raw("other text", number=5))])[0]
    assert different.email_id not in (a.email_id, first.email_id)


def test_a_body_stays_as_long_as_one_copy_does(account: Account, inbox: int) -> None:
    archive = account.mailbox("Archive").id
    message = new(raw("kept", number=1))
    first = account.append(inbox, [message])[0]
    account.copy(inbox, EVERY, archive)
    account.flag(inbox, EVERY, FlagAction.ADD, Flag.DELETED)
    account.expunge(inbox)
    assert read(account, archive, Column.RAW, Column.EMAIL_ID) == [(message.raw, first.email_id)]
    account.flag(archive, EVERY, FlagAction.ADD, Flag.DELETED)
    account.expunge(archive)
    assert account.check() == []
    again = account.append(inbox, [message])[0]
    assert again.email_id != first.email_id
    assert read(account, inbox, Column.RAW) == [(message.raw,)]


# -- quota --


def test_usage_counts_each_copy(account: Account, inbox: int) -> None:
    message = new()
    account.append(inbox, [message])
    account.copy(inbox, EVERY, account.mailbox("Archive").id)
    usage = account.usage()
    assert (usage.octets, usage.messages) == (2 * len(message.raw), 2)
    account.flag(inbox, EVERY, FlagAction.ADD, Flag.DELETED)
    account.expunge(inbox)
    assert account.usage().octets == len(message.raw)


def test_what_passes_the_quota_is_refused_whole(account: Account, inbox: int) -> None:
    messages = numbered(3)
    total = sum(len(message.raw) for message in messages)
    for attempt in range(2):
        with pytest.raises(OverQuota) as failure:
            account.append(inbox, messages, quota=total - 1)
        assert failure.value.code == "quota"
        assert account.usage().messages == 0, attempt
    account.append(inbox, messages, quota=total)
    archive = account.mailbox("Archive").id
    with pytest.raises(OverQuota):
        account.copy(inbox, EVERY, archive, quota=2 * total - 1)
    assert account.usage().octets == total
    account.copy(inbox, EVERY, archive, quota=2 * total)
    account.move(inbox, EVERY, archive)  # needs no room
    assert account.usage().octets == 2 * total
    assert account.check() == []


def test_uids_end_at_32_bits(account: Account, inbox: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alphorn.store.appending.MAX_UID", 5)
    account.append(inbox, numbered(4))
    archive = account.mailbox("Archive").id
    for attempt in (
        lambda: account.append(inbox, [new()]),
        lambda: (account.copy(inbox, EVERY, archive), account.copy(inbox, EVERY, archive)),
    ):
        with pytest.raises(Refused) as failure:
            attempt()
        assert failure.value.code == "limit"
    assert limits.MAX_UID == 2**32 - 1


# -- copy and move --


def test_copies_keep_what_is_the_messages_own(account: Account, inbox: int, clock: Clock) -> None:
    archive = account.mailbox("Archive").id
    account.append(archive, numbered(2, start=100))
    account.append(
        inbox,
        [
            new(raw("a"), flags=Flag.SEEN, keywords=frozenset(("Work",)), date=NOW - 9),
            new(raw("b"), flags=Flag.FLAGGED | Flag.DELETED),
            new(raw("c")),
        ],
    )
    clock.now += 100
    assert list(account.copy(inbox, uids(1, 2, 3, 77), archive)) == [(1, 3), (2, 4), (3, 5)]
    same = (Column.FLAGS, Column.KEYWORDS, Column.INTERNAL_DATE, Column.EMAIL_ID, Column.RAW)
    assert read(account, archive, *same)[2:] == read(account, inbox, *same)
    assert read(account, archive, Column.SAVE_DATE)[2:] == [(NOW + 100,)] * 3
    assert account.mailbox("Archive").unseen == 4
    assert account.mailbox("Archive").deleted == 1
    assert account.snapshot(archive).keywords == ("Work",)
    assert account.check() == []


def test_a_copy_into_its_own_mailbox(account: Account, inbox: int) -> None:
    account.append(inbox, numbered(3))
    assert list(account.copy(inbox, EVERY, inbox)) == [(1, 4), (2, 5), (3, 6)]
    assert list(account.move(inbox, uids(2, 5), inbox)) == [(2, 7), (5, 8)]
    assert list(account.snapshot(inbox).uids) == [1, 3, 4, 6, 7, 8]
    assert account.check() == []


def test_nothing_to_copy(account: Account, inbox: int) -> None:
    archive = account.mailbox("Archive").id
    before = account.mailboxes()
    assert list(account.copy(inbox, EVERY, archive)) == []
    assert list(account.move(inbox, NumberSet(), archive)) == []
    assert account.expunge(inbox) == NumberSet()
    assert account.mailboxes() == before


def test_move(account: Account, inbox: int) -> None:
    archive = account.mailbox("Archive").id
    messages = numbered(6)
    account.append(inbox, messages)
    before = account.modseq(inbox)
    moved = account.move(inbox, NumberSet(((2, 3), (5, 5))), archive)
    assert list(moved) == [(2, 1), (3, 2), (5, 3)]
    assert list(account.snapshot(inbox).uids) == [1, 4, 6]
    assert read(account, archive, Column.RAW) == [(messages[n].raw,) for n in (1, 2, 4)]
    changes = account.changes(inbox, before)
    assert (changes.changed, changes.expunged) == ((), uids(2, 3, 5))
    assert account.modseq(inbox) > before
    assert account.check() == []


def test_expunge_takes_what_is_deleted(account: Account, inbox: int) -> None:
    account.append(inbox, numbered(6))
    account.flag(inbox, uids(1, 3, 5), FlagAction.ADD, Flag.DELETED)
    assert account.expunge(inbox, uids(2, 3, 4, 99)) == uids(3)
    assert account.expunge(inbox) == uids(1, 5)
    mailbox = account.mailbox("INBOX")
    assert (mailbox.messages, mailbox.deleted, mailbox.uidnext) == (3, 0, 7)
    assert account.check() == []


def test_no_uid_is_given_twice(account: Account, inbox: int) -> None:
    given: set[int] = set()
    for n in range(4):
        added = account.append(inbox, numbered(2, start=10 * n))
        assert not given & {one.uid for one in added}
        given |= {one.uid for one in added}
        account.flag(inbox, EVERY, FlagAction.ADD, Flag.DELETED)
        account.expunge(inbox)


def test_threads_append_at_the_same_time(account: Account, inbox: int) -> None:
    def work(start: int) -> None:
        for message in numbered(20, start=start):
            account.append(inbox, [message])

    workers = [threading.Thread(target=work, args=(100 * n,)) for n in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    rows = read(account, inbox, Column.UID, Column.RAW)
    assert [row[0] for row in rows] == list(range(1, 121))
    assert {row[1] for row in rows} == {
        m.raw for n in range(6) for m in numbered(20, start=100 * n)
    }
    assert account.check() == []


def test_counters_of_the_mailbox(account: Account, inbox: int) -> None:
    def seen_by_the_mailbox() -> Mailbox:
        return account.mailbox("INBOX")

    messages = [new(raw(str(n)), flags=flags) for n, flags in enumerate((0, 1, 8, 9))]
    account.append(inbox, messages)
    mailbox = seen_by_the_mailbox()
    assert (mailbox.messages, mailbox.unseen, mailbox.deleted) == (4, 2, 2)
    assert mailbox.octets == sum(len(message.raw) for message in messages)
    account.flag(inbox, EVERY, FlagAction.REPLACE, Flag.SEEN)
    mailbox = seen_by_the_mailbox()
    assert (mailbox.messages, mailbox.unseen, mailbox.deleted) == (4, 0, 0)

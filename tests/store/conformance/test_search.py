"""Searching and sorting. Whatever the index holds, answers are the same: each search is made with
young messages only, with some packed, and with all packed that fill a pack."""

import random
from collections.abc import Callable
from datetime import date

import pytest

from alphorn.base import query as q
from alphorn.base.flags import Flag
from alphorn.base.numbers import NumberSet
from alphorn.message.summarize import summarize
from alphorn.store.api import Account, Column, FlagAction, NewMessage, SortKey
from alphorn.store.limits import MAX_NEEDLE
from tests.store.conftest import Clock
from tests.store.mail import EVERY, NOW, new, numbered, raw, uids

DAY = 86400


def packed(account: Account) -> None:
    """Make the messages so far part of packs: enough others come after them, elsewhere."""
    trash = account.mailbox("Trash").id
    account.append(trash, numbered(100, start=1_000_000, size=2000))
    account.index(10_000)


@pytest.fixture(params=["young", "packed"])
def settle(request: pytest.FixtureRequest) -> Callable[[Account], None]:
    return packed if request.param == "packed" else lambda account: None


Settle = Callable[[Account], None]


def find(account: Account, mailbox_id: int, query: q.Query) -> list[int]:
    return list(account.search(mailbox_id, query, NOW))


TEXTS = [
    "The quick brown fox",
    "jumps over the lazy dog",
    "Straßenbahn nach Zürich",
    "e\u0301cole et cole\u0301optère",
    "日本語のメールを検索する",
    "Ｆｕｌｌ-width ﬁne ligature",
    "one\r\ntwo   three\tfour",
    "price: $1,234.56 (net)",
    "a\u00adb\u200bc invisible",
    "",
]

CASES = [
    ("quick brown", [1]),
    ("QUICK BROWN", [1]),
    ("uick bro", [1]),
    ("brown quick", []),
    ("the", [1, 2]),
    ("o", [1, 2, 4, 7]),
    ("STRASSENBAHN", [3]),
    ("zu\u0308rich", [3]),
    ("zurich", []),
    ("École", [4]),
    ("\u00e9o", [4]),
    ("メール", [5]),
    ("検索", [5]),
    ("本", [5]),
    ("full-width fine", [6]),
    ("one two three four", [7]),
    ("two \r\n three", [7]),
    ("$1,234.56 (net)", [8]),
    ("1234", []),
    ("abc invisible", [9]),
    (" dog", [2]),
    ("dog ", []),
    ("fox\x00", []),
    ("x" * 5000, []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_text_is_found_as_people_read_it(
    account: Account, inbox: int, settle: Settle, text: str, expected: list[int]
) -> None:
    account.append(inbox, [new(raw("nil", t, sender="q@q.q", to="q@q.q")) for t in TEXTS])
    settle(account)
    assert find(account, inbox, q.Body(text)) == expected


def test_header_body_and_text(account: Account, inbox: int, settle: Settle) -> None:
    account.append(
        inbox,
        [
            new(raw("Invoice 17", "Please pay soon.", number=1)),
            new(raw("Hello", "The invoice is attached.", number=2)),
            new(raw("Hello", "Nothing here.", sender="Invoice Robot <robot@example.test>")),
            new(raw("=?utf-8?Q?R=C3=A9sum=C3=A9?=", "Bye.", more="X-Thing: invoice-a\r\n")),
            new(raw("none", "no", more="DKIM-Signature: v=1; d=invoice.example.test\r\n")),
            new(raw("none", "no", more="X-Empty:\r\nX-Folded: in\r\n voice,\r\n\tlast\r\n")),
        ],
    )
    settle(account)
    for query, expected in (
        (q.Text("invoice"), [1, 2, 3, 4]),
        (q.Body("invoice"), [2]),
        (q.Header("Subject", "invoice"), [1]),
        (q.Header("FROM", "invoice robot"), [3]),
        (q.Header("from", "robot@example"), [3]),
        (q.Header("subject", "résumé"), [4]),
        (q.Header("x-thing", "INVOICE-A"), [4]),
        (q.Header("x-thing", ""), [4]),
        (q.Header("x-empty", ""), [6]),
        (q.Header("x-empty", "a"), []),
        (q.Header("x-folded", "in voice, last"), [6]),
        (q.Header("x-fold", ""), []),
        (q.Header("thing", ""), []),
        (q.Header("x-", "thing"), []),
        (q.Header("dkim-signature", "invoice.example"), [5]),
        (q.Header("dkim-signature", ""), [5]),
        (q.Header("Message-ID", "<2@example.test>"), [2]),
        (q.Header("received", ""), []),
        (q.Header("no such: name", ""), []),
        (q.Header("", ""), []),
        (q.Text("subject: invoice"), [1]),
        (q.Text(""), [1, 2, 3, 4, 5, 6]),
        (q.Body(""), [1, 2, 3, 4, 5, 6]),
    ):
        assert find(account, inbox, query) == expected, query


def test_a_hit_never_spans_messages_or_fields(account: Account, inbox: int, settle: Settle) -> None:
    account.append(inbox, [new(raw("left", "the end")), new(raw("right", "begins"))])
    settle(account)
    for text in ("end begins", "end\x00begins", "endfrom", "test to: bert", "left date"):
        assert find(account, inbox, q.Text(text)) == []


def test_what_the_columns_say(account: Account, inbox: int, clock: Clock) -> None:
    sizes = [10, 1000, 5000]
    account.append(
        inbox,
        [
            new(raw(str(n), "x" * size), flags=flags, keywords=words, date=NOW - n * DAY)
            for n, (size, flags, words) in enumerate(
                zip(
                    sizes,
                    (Flag.SEEN, Flag.SEEN | Flag.FLAGGED, 0),
                    (frozenset(("Work",)), frozenset(("work-2", "a%b")), frozenset(("a_b",))),
                    strict=True,
                )
            )
        ],
    )
    octets = [int(str(row[0])) for row in account.fetch(inbox, EVERY, (Column.SIZE,))]
    modseqs = [int(str(row[0])) for row in account.fetch(inbox, EVERY, (Column.MODSEQ,))]
    today = date(2023, 11, 14)
    internal, sent, saved = q.DateField.INTERNAL, q.DateField.SENT, q.DateField.SAVED
    for query, expected in (
        (q.All(), [1, 2, 3]),
        (q.Uids(uids(1, 3, 9)), [1, 3]),
        (q.Uids(NumberSet()), []),
        (q.Uids(NumberSet.of(range(1, 4000, 2))), [1, 3]),
        (q.Flagged(Flag.SEEN), [1, 2]),
        (q.Flagged(Flag.SEEN | Flag.FLAGGED), [2]),
        (q.Not(q.Flagged(Flag.SEEN)), [3]),
        (q.Keyword("WORK"), [1]),
        (q.Keyword("work-2"), [2]),
        (q.Keyword("wor"), []),
        (q.Keyword("a%b"), [2]),
        (q.Keyword("a_b"), [3]),
        (q.Larger(octets[0]), [2, 3]),
        (q.Smaller(octets[1]), [1]),
        (q.DateRange(internal, today, None), [1]),
        (q.DateRange(internal, None, today), [2, 3]),
        (q.DateRange(internal, date(2023, 11, 13), today), [2]),
        (q.DateRange(sent, today, None), [1, 2, 3]),
        (q.DateRange(saved, today, None), [1, 2, 3]),
        (q.DateRange(saved, None, today), []),
        (q.Younger(DAY), [1]),
        (q.Younger(DAY + 1), [1, 2]),
        (q.ModSeq(modseqs[1]), [2, 3]),
        (q.And(()), [1, 2, 3]),
        (q.Or(()), []),
        (q.Not(q.Or((q.Keyword("work"), q.Larger(octets[1])))), [2]),
    ):
        assert find(account, inbox, query) == expected, query


def test_the_sent_date_is_the_day_in_its_own_zone(account: Account, inbox: int) -> None:
    dates = ("14 Nov 2023 23:30:00 -0500", "15 Nov 2023 00:30:00 +0500", "no date at all")
    account.append(inbox, [new(f"Date: {d}\r\n\r\n".encode()) for d in dates])
    sent = q.DateField.SENT
    on = q.DateRange(sent, date(2023, 11, 14), date(2023, 11, 15))
    assert find(account, inbox, on) == [1]
    assert find(account, inbox, q.DateRange(sent, date(2023, 11, 15), None)) == [2]
    assert find(account, inbox, q.Not(on)) == [2, 3]


def test_identities(account: Account, inbox: int) -> None:
    archive = account.mailbox("Archive").id
    account.append(inbox, numbered(3))
    account.copy(inbox, uids(2), archive)
    email, thread = next(iter(account.fetch(inbox, uids(2), (Column.EMAIL_ID, Column.THREAD_ID))))
    for mailbox, expected in ((inbox, [2]), (archive, [1])):
        assert find(account, mailbox, q.MessageIdentity("EMAILID", str(email))) == expected
        assert find(account, mailbox, q.MessageIdentity("threadid", str(thread))) == expected
    for kind, identifier in (("EMAILID", "x"), ("EMAILID", ""), ("EMAILID", "9" * 30), ("?", "1")):
        assert find(account, inbox, q.MessageIdentity(kind, identifier)) == []


def test_copies_are_found_where_they_are(account: Account, inbox: int, settle: Settle) -> None:
    archive = account.mailbox("Archive").id
    account.append(inbox, [new(raw("a", "needle")), new(raw("b", "hay"))])
    account.copy(inbox, EVERY, archive)
    account.copy(inbox, EVERY, archive)
    settle(account)
    assert find(account, inbox, q.Text("needle")) == [1]
    assert find(account, archive, q.Text("needle")) == [1, 3]
    account.flag(inbox, EVERY, FlagAction.ADD, Flag.DELETED)
    account.expunge(inbox)
    assert find(account, inbox, q.Text("needle")) == []
    assert find(account, archive, q.Body("needle")) == [1, 3]


WORDS = ["alpha", "beta", "gamma", "delta", "alphabet", "gammon", "bet", "Ärger", "straße"]


def test_trees_of_queries_mean_what_they_say(account: Account, inbox: int, settle: Settle) -> None:
    """Random trees, compared with a plain evaluation in Python."""
    chance = random.Random(7)
    messages = []
    for n in range(60):
        flags = chance.randrange(32)
        subject, text = (" ".join(chance.choices(WORDS, k=3)) for _ in "ab")
        messages.append(
            (new(raw(subject, text, number=n), flags=flags, date=NOW - n * DAY), subject, text)
        )
    account.append(inbox, [message for message, _, _ in messages])
    settle(account)

    def leaf() -> tuple[q.Query, set[int]]:
        word = chance.choice([*WORDS, "a", "et", "amma", "RGER", "zzz"])
        key = word.casefold()
        match chance.randrange(5):
            case 0:
                return q.Body(word), {
                    n for n, (_, _, t) in enumerate(messages, 1) if key in t.casefold()
                }
            case 1:
                return q.Header("subject", word), {
                    n for n, (_, s, _) in enumerate(messages, 1) if key in s.casefold()
                }
            case 2:
                bit = 1 << chance.randrange(5)
                return q.Flagged(bit), {
                    n for n, (m, _, _) in enumerate(messages, 1) if m.flags & bit
                }
            case 3:
                chosen = {chance.randrange(1, 80) for _ in range(20)}
                return q.Uids(NumberSet.of(chosen)), chosen & set(range(1, 61))
            case _:
                seconds = chance.randrange(70) * DAY
                return q.Younger(seconds), {
                    n for n, (m, _, _) in enumerate(messages, 1) if m.internal_date > NOW - seconds
                }

    def tree(depth: int) -> tuple[q.Query, set[int]]:
        kind = chance.randrange(4) if depth else 3
        if kind == 3:
            return leaf()
        if kind == 2:
            query, found = tree(depth - 1)
            return q.Not(query), set(range(1, 61)) - found
        parts = [tree(depth - 1) for _ in range(chance.randrange(1, 4))]
        if kind == 0:
            return q.And(tuple(p for p, _ in parts)), set.intersection(*(f for _, f in parts))
        return q.Or(tuple(p for p, _ in parts)), set.union(*(f for _, f in parts))

    for _ in range(150):
        query, expected = tree(3)
        assert find(account, inbox, query) == sorted(expected), query


def test_the_length_of_what_is_searched_is_limited(account: Account, inbox: int) -> None:
    account.append(inbox, [new(raw("a", "x" * 3000))])
    assert find(account, inbox, q.Body("x" * MAX_NEEDLE)) == [1]
    assert find(account, inbox, q.Body("x" * (MAX_NEEDLE + 1))) == []


# -- the index --


def test_indexing_is_done_once(account: Account, inbox: int) -> None:
    assert account.index(1000) == 0
    account.append(inbox, numbered(300, size=2000))
    done = account.index(100)
    assert 100 <= done < 200
    done += account.index(10_000)
    assert 200 < done <= 300
    assert account.index(10_000) == 0
    assert account.check() == []


def test_the_index_follows_what_goes(account: Account, inbox: int) -> None:
    """Contents go one by one, by packs and altogether; the rest stays readable and findable."""
    messages = numbered(200, size=1500)
    account.append(inbox, messages)
    account.index(1000)
    chance = random.Random(3)
    left = list(range(1, 201))
    while left:
        gone = set(chance.sample(left, min(len(left), chance.choice((1, 5, 60)))))
        account.flag(inbox, NumberSet.of(gone), FlagAction.ADD, Flag.DELETED)
        account.expunge(inbox)
        left = [uid for uid in left if uid not in gone]
        if chance.random() < 0.7:
            account.index(1000)
        assert account.check() == []
        rows = account.fetch(inbox, EVERY, (Column.UID, Column.RAW))
        assert list(rows) == [(uid, messages[uid - 1].raw) for uid in left]
        assert find(account, inbox, q.Body("this is message 1")) == [
            uid for uid in left if str(uid - 1).startswith("1")
        ]
    account.index(1000)
    account.append(inbox, messages[:3])
    assert find(account, inbox, q.Text("number 2")) == [203]


def test_large_messages(account: Account, inbox: int, settle: Settle) -> None:
    large = raw("large", "needle " + "hay " * 50_000 + "pin", number=1)
    account.append(inbox, [new(large), new(raw("small", "needle"))])
    settle(account)
    assert find(account, inbox, q.Body("hay pin")) == [1]
    assert find(account, inbox, q.Text("needle")) == [1, 2]
    columns = (Column.RAW, Column.HEADER)
    ((whole, header), _) = account.fetch(inbox, EVERY, columns)
    assert whole == large
    assert header == large[: summarize(large).header_size]
    account.move(inbox, uids(1), account.mailbox("Trash").id)
    trash = account.mailbox("Trash").id
    account.flag(trash, EVERY, FlagAction.ADD, Flag.DELETED)
    account.expunge(trash)
    account.index(100)
    assert account.check() == []


# -- sorting --


def test_sorting_by_every_key(account: Account, inbox: int) -> None:
    def message(subject: str, sender: str, to: str, cc: str, day: int) -> bytes:
        return (
            f"From: {sender}\r\nTo: {to}\r\nCc: {cc}\r\nSubject: {subject}\r\n"
            f"Date: {day} Nov 2023 10:00:00 +0000\r\n\r\n" + "x" * day
        ).encode()

    given = [
        message("Re: banana", "Zoe <adam@example.test>", "x@a.test", "c@c.test", 13),
        message("apple", "zed@example.test", "Aunt <z@a.test>", "b@c.test", 11),
        message("Fwd: Apple", "Émile <bob@example.test>", "y@a.test", "a@c.test", 12),
    ]
    account.append(
        inbox,
        [NewMessage(m, summarize(m), NOW + at) for m, at in zip(given, (5, 9, 1), strict=True)],
    )
    for key, expected in (
        (SortKey.ARRIVAL, [3, 1, 2]),
        (SortKey.DATE, [2, 3, 1]),
        (SortKey.FROM, [1, 3, 2]),
        (SortKey.TO, [1, 3, 2]),
        (SortKey.CC, [3, 2, 1]),
        (SortKey.SUBJECT, [2, 3, 1]),
        (SortKey.DISPLAY_FROM, [3, 2, 1]),
        (SortKey.DISPLAY_TO, [2, 1, 3]),
    ):
        found = list(account.sort(inbox, [1, 2, 3], [(key, False)]))
        assert found == expected, key
    by_subject = [(SortKey.SUBJECT, True), (SortKey.ARRIVAL, False)]
    assert list(account.sort(inbox, [1, 2, 3], by_subject)) == [1, 3, 2]
    assert list(account.sort(inbox, [3, 1, 9], [(SortKey.SIZE, True)])) in ([1, 3], [3, 1])
    assert list(account.sort(inbox, [], [(SortKey.SIZE, True)])) == []


def test_equal_messages_stay_in_the_order_of_the_mailbox(account: Account, inbox: int) -> None:
    account.append(inbox, [new(raw("same", "x")) for _ in range(9)])
    for reverse in (False, True):
        found = account.sort(inbox, range(1, 10), [(SortKey.SUBJECT, reverse)])
        assert list(found) == list(range(1, 10))


def test_a_message_without_a_date_sorts_by_arrival(account: Account, inbox: int) -> None:
    account.append(
        inbox,
        [
            new(b"Date: 14 Nov 2023 10:00:00 +0000\r\n\r\n", date=NOW),
            new(b"Subject: none\r\n\r\n", date=NOW - 2 * DAY),
        ],
    )
    assert list(account.sort(inbox, [1, 2], [(SortKey.DATE, False)])) == [2, 1]

"""What an account learns: a message counts once, and models and books stay within their bounds."""

import random

import pytest

from alphorn.base.errors import Exists, NotFound, Refused
from alphorn.store import books, learning
from alphorn.store.api import (
    Account,
    Book,
    Column,
    Judgement,
    Learned,
    Lesson,
    SpecialUse,
    Store,
    Taught,
)
from tests.store.conftest import Clock
from tests.store.mail import EVERY, NOW, new, raw, uids
from tests.support.cost import cost, promised

BIG = (1 << 64) - 3


def spam(message: int, *tokens: int, by_person: bool = True) -> Lesson:
    return Lesson(message, tokens, True, by_person)


def ham(message: int, *tokens: int, by_person: bool = True) -> Lesson:
    return Lesson(message, tokens, False, by_person)


def test_an_account_that_never_learned_anything(account: Account) -> None:
    assert account.learned() == Learned(0, 0, 0, 0)
    counts = account.counts()
    assert counts.totals() == (0, 0)
    assert list(counts.lookup([1, 2, 3])) == [(0, 0)] * 3
    assert account.judgements([1]) == {}
    assert not account.knows("anna@example.test")
    assert account.check() == []


def test_tokens_are_counted_once_a_message(account: Account) -> None:
    taught = account.learn([spam(1, 10, 11, 11), spam(2, 10), ham(3, 10, 12)])
    assert list(taught) == [Taught(None, True), Taught(None, True), Taught(None, False)]
    counts = account.counts()
    assert counts.totals() == (2, 1)
    assert list(counts.lookup([12, 10, 11, 99, 10])) == [(0, 1), (2, 1), (1, 0), (0, 0), (2, 1)]
    assert account.learned() == Learned(2, 1, 3, 0)


def test_a_message_that_is_moved_to_and_fro(account: Account) -> None:
    account.learn([ham(9, 10)])
    for _ in range(3):
        account.learn([spam(1, 10, 11)])
    assert list(account.counts().lookup([10, 11])) == [(1, 1), (1, 0)]
    assert list(account.learn([spam(1, 10, 11)])) == [Taught(True, True)]
    assert list(account.learn([ham(1, 10, 11)])) == [Taught(True, False)]
    assert account.counts().totals() == (0, 2)
    assert list(account.counts().lookup([10, 11])) == [(0, 2), (0, 1)]
    assert account.judgements([1, 2, 9]) == {1: Judgement(False, True), 9: Judgement(False, True)}
    assert list(account.learn([Lesson(1, (10, 11), None)])) == [Taught(False, None)]
    assert list(account.learn([Lesson(1, (10, 11), None)])) == [Taught(None, None)]
    assert account.learned() == Learned(0, 1, 1, 0)
    assert list(account.counts().lookup([10, 11])) == [(0, 1), (0, 0)]


def test_the_same_message_several_times_in_one_lesson(account: Account) -> None:
    taught = account.learn([spam(1, 10), ham(1, 10), spam(1, 10), spam(1, 10)])
    assert list(taught) == [
        Taught(None, True),
        Taught(True, False),
        Taught(False, True),
        Taught(True, True),
    ]
    assert account.learned() == Learned(1, 0, 1, 0)
    assert list(account.counts().lookup([10])) == [(1, 0)]


def test_what_a_person_said_stands(account: Account) -> None:
    account.learn([spam(1, 10)])
    assert list(account.learn([ham(1, 10, by_person=False)])) == [Taught(True, True)]
    assert account.judgements([1]) == {1: Judgement(True, True)}
    account.learn([ham(2, 20, by_person=False)])
    assert list(account.learn([ham(2, 20)])) == [Taught(False, False)]
    assert account.judgements([2]) == {2: Judgement(False, True)}
    assert account.counts().totals() == (1, 1)
    account.learn([ham(3, 30, by_person=False), spam(3, 30)])
    assert list(account.counts().lookup([30])) == [(1, 0)]


def test_keys_of_any_64_bits(account: Account) -> None:
    account.learn([spam(BIG, BIG, 0, 1 << 63, -5)])
    assert list(account.counts().lookup([BIG, 0, 1 << 63, -5, 3])) == [(1, 0)] * 4 + [(0, 0)]
    assert list(account.counts().lookup([BIG - (1 << 64)])) == [(1, 0)]
    assert account.judgements([BIG]) == {BIG: Judgement(True, True)}


def test_unlearning_tokens_that_are_not_there_leaves_no_debt(account: Account) -> None:
    account.learn([spam(1, 10, 11)])
    account.learn([Lesson(1, (10, 12), None)])
    account.learn([ham(2, 12)])
    assert list(account.counts().lookup([10, 11, 12])) == [(0, 0), (1, 0), (0, 1)]
    assert account.learned() == Learned(0, 1, 2, 0)


def test_the_model_is_bounded_and_rare_old_tokens_go_first(
    account: Account, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "MAX_TOKENS", 800)
    monkeypatch.setattr(learning, "MAX_JUDGED", 40)
    often = list(range(300))
    account.learn([spam(1, *often), spam(2, *often)])
    for n in range(3, 100):
        clock.now = NOW + n * 86400
        account.learn([ham(n, *(1000 * n + m for m in range(50)))])
        learned = account.learned()
        assert learned.tokens <= 800
    assert list(account.counts().lookup(often)) == [(2, 0)] * 300
    assert list(account.counts().lookup([99_000, 99_049])) == [(0, 1)] * 2
    assert list(account.counts().lookup([3000])) == [(0, 0)]
    known = account.judgements(range(1, 100))
    assert 99 in known
    assert 1 not in known
    assert len(known) <= 40
    account.unlearn_all()
    assert account.learned() == Learned(0, 0, 0, 0)
    assert account.judgements(range(1, 100)) == {}
    assert account.check() == []


@promised
def test_a_large_model_is_quick(account: Account, slack: float) -> None:
    rng = random.Random(7)
    keys = [rng.getrandbits(64) for _ in range(100_000)]
    account.learn([spam(n, *keys[n * 1000 : n * 1000 + 1000]) for n in range(100)])
    counts = account.counts()
    asked = rng.sample(keys, 500)
    assert cost(lambda: counts.lookup(asked), 0.002 * slack) < 0.002 * slack


def test_books(account: Account, clock: Clock) -> None:
    account.note(Book.CORRESPONDENT, ["bert@example.test", "carl@example.test"])
    clock.now = NOW + 5
    account.note(Book.CORRESPONDENT, ["carl@example.test"])
    account.note(Book.CATEGORY, ["list:news.example.test"], "social")
    account.note(Book.CATEGORY, ["list:news.example.test"], "inbox")
    assert account.knows("Bert@Example.test")
    assert not account.knows("list:news.example.test")
    assert [tuple(entry) for entry in account.entries(Book.CORRESPONDENT, 10)] == [
        ("carl@example.test", "", NOW + 5, 2),
        ("bert@example.test", "", NOW, 1),
    ]
    assert len(account.entries(Book.CORRESPONDENT, 1)) == 1
    (entry,) = account.noted(Book.CATEGORY, ["list:news.example.test", "x"]).values()
    assert (entry.value, entry.times) == ("inbox", 2)
    assert account.learned().names == 3
    assert account.strike(Book.CORRESPONDENT, ["bert@example.test", "nobody"]) == 1
    assert not account.knows("bert@example.test")
    assert account.learned() == Learned(0, 0, 0, 2)
    account.note(Book.BLOCKED, [])
    account.note(Book.BLOCKED, ["", "x" * 1000, "\ud800\x00"])
    assert account.learned().names == 3
    assert list(account.noted(Book.BLOCKED, [str(n) for n in range(2000)])) == []


def test_books_are_bounded(account: Account, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "MAX_NOTED", 80)
    account.note(Book.BLOCKED, ["kept"])
    for n in range(200):
        clock.now = NOW + n
        account.note(Book.CORRESPONDENT, [f"a{n}@example.test"])
    entries = account.entries(Book.CORRESPONDENT, 1000)
    assert 70 <= len(entries) <= 80
    assert entries[0].name == "a199@example.test"
    assert account.learned().names == len(entries) + 1


def test_messages_are_located_by_their_message_id(account: Account, inbox: int) -> None:
    archive = account.mailbox("Archive").id
    account.append(inbox, [new(raw("first", number=1)), new(raw("other", number=3))])
    reply = raw("Re: first", number=2, more="In-Reply-To: <1@example.test>\r\n")
    account.append(archive, [new(reply)])
    account.copy(inbox, uids(1), archive)
    assert sorted(account.locate("1@example.test")) == [(inbox, 1), (archive, 2)]
    assert list(account.locate("2@example.test")) == [(archive, 1)]
    assert list(account.locate("nobody@example.test")) == []
    assert list(account.locate("")) == []
    account.move(inbox, uids(1), archive)
    assert sorted(account.locate("1@example.test")) == [(archive, 2), (archive, 3)]


def test_the_quarantine_is_hidden(account: Account, inbox: int) -> None:
    before = [mailbox.name for mailbox in account.mailboxes()]
    account.append(inbox, [new(raw("phish")), new(raw("good"))])
    hidden = account.quarantine()
    assert hidden == account.quarantine()
    assert hidden.special_use is SpecialUse.QUARANTINE
    account.move(inbox, uids(1), hidden.id)
    assert [mailbox.name for mailbox in account.mailboxes()] == before
    for name in (hidden.name, "Quarantine"):
        with pytest.raises(NotFound):
            account.mailbox(name)
        with pytest.raises((Refused, NotFound)):
            account.rename(name, "Elsewhere")
        with pytest.raises((Refused, NotFound)):
            account.delete(name)
    with pytest.raises(Refused):
        account.create("Mine", SpecialUse.QUARANTINE)
    with pytest.raises((Refused, Exists)):
        account.create(hidden.name)
    assert account.subscriptions() == before
    ((subject,),) = account.fetch(hidden.id, EVERY, (Column.SUBJECT,))
    assert subject == "phish"
    assert account.usage().messages == 2
    account.move(hidden.id, EVERY, inbox)
    assert account.mailbox("INBOX").messages == 2
    assert account.check() == []


def test_what_was_learned_outlives_the_handle(store: Store) -> None:
    store.account(1).learn([spam(1, 10)])
    store.close_idle(0)
    assert store.account(1).counts().totals() == (1, 0)
    store.create(2)
    assert store.account(2).learned() == Learned(0, 0, 0, 0)

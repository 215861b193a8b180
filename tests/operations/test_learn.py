"""What messages teach: once, to whom they should, and never against a person's word."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alphorn.base.errors import NotFound
from alphorn.base.numbers import NumberSet
from alphorn.operations import categories, learn
from alphorn.operations.study import message_key, study, transaction_of
from alphorn.spam.categories import Category
from alphorn.store.api import Book, SpecialUse
from alphorn.store.reported import Kind, Name
from tests.support.mailhouse import ANNA, BERT
from tests.support.school import EVERY, School, message, proven

PILLS = "Cheap pills and watches without any prescription, order now at http://pills.test/"


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    made = School(tmp_path)
    yield made
    made.close()


def uids(*numbers: int) -> NumberSet:
    return NumberSet.of(numbers)


def test_a_message_is_learned_once_and_the_other_way_round(school: School) -> None:
    school.lay(message(1, text=PILLS), message(2))
    anna, inbox = school.house.anna.id, school.box()
    assert school.learning.learn(anna, inbox, EVERY, True) == (2, 0)
    assert school.learning.learn(anna, inbox, EVERY, True) == (0, 2)
    assert school.totals() == (2, 0)
    assert school.learning.learn(anna, inbox, uids(2), False) == (1, 0)
    assert school.totals() == (1, 1)
    tokens = study(message(1, text=PILLS)).tokens
    assert {pair[0] for pair in school.mail().counts().lookup(tokens)} == {1}
    assert school.learning.learn(anna, inbox, uids(2), None) == (1, 0)
    assert school.totals() == (1, 0)
    assert school.house.told("learn") == [
        "info: Learned as spam",
        "info: Learned as spam",
        "info: Learned as wanted",
        "info: Unlearned",
    ]
    event = school.house.events[0]
    assert (event.transaction, event.message_id) == ("TRANSACTION1", "1@other.test") or (
        event.message_id == "<1@other.test>"
    )
    assert (event.account_id, event.recipient, event.domain) == (anna, ANNA, "example.test")


def test_what_is_not_there_teaches_nothing(school: School) -> None:
    assert school.learning.learn(school.house.anna.id, school.box(), EVERY, True) == (0, 0)
    assert school.learning.learn(school.house.anna.id, 999, EVERY, True) == (0, 0)
    with pytest.raises(NotFound):
        school.learning.learn(999, 1, EVERY, True)


def test_only_what_counted_so_is_unlearned(school: School) -> None:
    school.lay(message(1), message(2))
    anna, inbox = school.house.anna.id, school.box()
    assert school.learning.unlearn(anna, inbox, EVERY, True) == (0, 0)
    school.learning.learn(anna, inbox, uids(1), True)
    school.learning.learn(anna, inbox, uids(2), False)
    assert school.learning.unlearn(anna, inbox, EVERY, True) == (1, 0)
    assert school.totals() == (0, 1)


def test_a_conclusion_never_overrules_and_is_limited(school: School) -> None:
    anna, inbox = school.house.anna.id, school.box()
    school.lay(*(message(n, text=f"Text number {n}") for n in range(learn.CONCLUDED_A_DAY + 5)))
    school.learning.learn(anna, inbox, uids(1), True)
    assert school.learning.conclude(anna, inbox, uids(1)) == (0, 1)
    assert school.totals() == (1, 0)
    done = school.learning.conclude(anna, inbox, EVERY.of(range(2, 36)))
    assert done == (learn.CONCLUDED_A_DAY - 1, 0)
    assert school.totals() == (1, learn.CONCLUDED_A_DAY - 1)
    assert school.learning.conclude(anna, inbox, uids(35)) == (0, 0)
    school.house.clock.now += 2 * learn.DAY
    assert school.learning.conclude(anna, inbox, uids(35)) == (1, 0)
    # Nobody else is told of what was only concluded.
    assert school.lessons.status().lessons == 1


def test_the_others_learn_when_two_agree(school: School) -> None:
    anna, bert = school.house.anna.id, school.house.bert.id
    for account_id in (anna, bert):
        school.lay(message(1, text=PILLS), account_id=account_id)
    school.learning.learn(anna, school.box(), EVERY, True)
    school.lessons.merge()
    assert school.model.counts().totals() == (0, 0)
    school.learning.learn(bert, school.box(account_id=bert), EVERY, True)
    school.lessons.merge()
    assert school.model.counts().totals() == (1, 0)
    assert school.house.events[-1].facts == {"installation": "counted"}
    school.learning.learn(bert, school.box(account_id=bert), EVERY, None)
    school.lessons.merge()
    assert school.model.counts().totals() == (0, 0)
    school.house.clock.now += 10_000
    assert school.learning.merge_if_due() == 0


def test_engines_are_told_what_people_say_and_no_more(school: School) -> None:
    told: list[tuple[bytes, bool]] = []

    def tell(raw: bytes, spam: bool) -> None:
        told.append((raw, spam))

    learning = learn.Learning(replace(school.learning.parts, tell=tell))
    several = [message(n, text=f"Text number {n}") for n in range(30)]
    school.lay(*several)
    anna, inbox = school.house.anna.id, school.box()
    learning.conclude(anna, inbox, uids(1))
    assert told == []
    for _ in range(2):
        learning.learn(anna, inbox, uids(1), True)
    learning.learn(anna, inbox, uids(1), False)
    learning.learn(anna, inbox, uids(1), None)
    assert told == [(several[0], True), (several[0], False)]
    learning.learn(anna, inbox, EVERY, True)
    assert len(told) == 2 + 20  # one account says so much a day


def test_operators_train_for_all_or_for_one(school: School) -> None:
    several = [message(n, text=f"{PILLS} number {n}") for n in range(120)]
    assert school.learning.train(several, True) == (120, 0)
    assert school.learning.train(several, True) == (0, 120)
    assert school.model.counts().totals() == (120, 0)
    assert school.totals() == (0, 0)
    assert school.learning.train(several[:60], False, school.house.anna.id) == (60, 0)
    assert school.totals() == (0, 60)


def test_taking_mail_out_of_junk_defends_its_sender_and_hosts(school: School) -> None:
    host = Name(Kind.HOST, "pills.test")
    sender = Name(Kind.SENDER, "carl@other.test")
    raw = message(1, text=PILLS, fields=proven("other.test"))
    school.reported.report([host, sender], 99, 7, now=school.house.clock())
    school.lay(raw)
    school.learning.learn(school.house.anna.id, school.box(), EVERY, False)
    voices = school.reported.voices([host, sender], now=school.house.clock())
    assert [one.defenders for one in voices.values()] == [1, 1]


def test_whom_one_writes_to_one_knows(school: School) -> None:
    anna = school.house.anna.id
    school.lay(message(1), message(2, text="Another text altogether, about the weather."))
    assert school.acquaintances.familiarity(anna, "carl@other.test", message(3)) == (
        False,
        False,
        False,
    )
    reply = b"From: anna@example.test\r\nIn-Reply-To: <1@other.test>\r\n\r\nHi\r\n"
    school.acquaintances.sent(anna, reply, ["Carl@Other.Test", ANNA])
    mail = school.mail()
    assert [entry.name for entry in mail.entries(Book.CORRESPONDENT, 10)] == ["carl@other.test"]
    assert school.acquaintances.familiarity(anna, "carl@other.test", message(3)) == (
        True,
        False,
        False,
    )
    assert school.totals() == (0, 1)
    judged = mail.judgements([message_key(message(1))])
    assert [tuple(one) for one in judged.values()] == [(False, False)]
    school.acquaintances.sent(anna, reply, ["carl@other.test"])
    assert school.totals() == (0, 1)
    mail.note(Book.BLOCKED, ["eve@far.test"])
    assert school.acquaintances.familiarity(anna, "eve@far.test", message(3)).blocked


@pytest.mark.parametrize(
    ("to", "author", "answers"),
    [
        ("To: dora@far.test", "dora@far.test", True),
        ("To: info@far.test", "Dora@far.test", True),
        ("To: dora@mail.far.test", "eve@far.test", True),
        ('Cc: "A, B" <x@y.test>,\r\n Dora <dora@far.test>', "dora@far.test", True),
        ("Bcc: dora@far.test", "dora@far.test", True),
        ("To: dora@far.test", "eve@elsewhere.test", False),
        ("To: dora@gmail.com", "eve@gmail.com", False),
        ("To: dora@gmail.com", "dora@gmail.com", True),
        ("To: dora", "eve", False),
        ("X-To: dora@far.test", "dora@far.test", False),
    ],
)
def test_an_answer_to_own_mail_is_known(
    school: School, to: str, author: str, answers: bool
) -> None:
    """By whom it was sent to: its Message-ID is known to all who ever saw it."""
    anna = school.house.anna.id
    own = message(7, sender=ANNA, fields=f"{to}\r\n").replace(b"\r\nTo: anna@example.test", b"")
    school.lay(own, use=SpecialUse.SENT)
    school.mail().note(Book.CORRESPONDENT, ["somebody@else.test"])
    answer = message(8, sender=author, fields="In-Reply-To: <7@other.test>\r\n")
    assert school.acquaintances.familiarity(anna, author, answer) == (False, answers, False)
    assert not school.acquaintances.familiarity(anna, author, message(9, sender=author)).answered
    school.mail().note(Book.CORRESPONDENT, [author.lower()])
    assert school.acquaintances.familiarity(anna, author.lower(), answer).answered


def test_who_answers_spam_does_not_want_it(school: School) -> None:
    school.lay(message(1), use=SpecialUse.JUNK)
    reply = b"From: anna@example.test\r\nReferences: <0@x> <1@other.test>\r\n\r\nStop\r\n"
    school.acquaintances.sent(school.house.anna.id, reply, ["carl@other.test"])
    assert school.totals() == (0, 0)
    school.lay(message(1))
    school.acquaintances.sent(school.house.anna.id, reply, ["carl@other.test"])
    assert school.totals() == (0, 1)


def test_who_writes_to_many_knows_none(school: School) -> None:
    many = [f"x{n}@far.test" for n in range(40)]
    school.acquaintances.sent(school.house.anna.id, message(1, sender=ANNA), many)
    assert not school.mail().knows("x1@far.test")
    school.acquaintances.sent(school.house.anna.id, message(1, sender=ANNA), [ANNA, BERT])
    assert [entry.name for entry in school.mail().entries(Book.CORRESPONDENT, 9)] == [BERT]


@pytest.mark.parametrize(
    ("sender", "fields", "name"),
    [
        ("news@shop.test", "", "domain:shop.test"),
        ("news@shop.test", "List-Id: Offers <offers.shop.test>\r\n", "list:offers.shop.test"),
        ("friend@gmail.com", "", "address:friend@gmail.com"),
    ],
)
def test_what_a_correction_is_kept_by(school: School, sender: str, fields: str, name: str) -> None:
    raw = message(1, sender=sender, fields=fields)
    school.lay(raw)
    mail = school.mail()
    assert categories.corrections(mail, study(raw).seen) == {}
    assert categories.correct(mail, school.box(), EVERY, Category.PROMOTIONS) == 1
    assert categories.corrections(mail, study(raw).seen) == {name: Category.PROMOTIONS}
    categories.correct(mail, school.box(), EVERY, Category.NONE)
    assert categories.corrections(mail, study(raw).seen) == {name: Category.NONE}
    assert categories.corrections(mail, study(message(2)).seen) == {}


def test_the_transaction_is_that_of_our_own_field() -> None:
    assert transaction_of(message(12)) == "TRANSACTION12"
    assert transaction_of(b"From: a\r\n\r\n") == ""
    assert transaction_of(b"Received: " + b"id " * 100_000 + b"\r\n\r\n") == ""

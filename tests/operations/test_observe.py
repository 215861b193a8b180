"""What people do with their mail, told by whichever program, and what it teaches."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from alphorn.base.errors import Unavailable
from alphorn.base.flags import Flag
from alphorn.base.numbers import NumberSet
from alphorn.operations import learn, observe, quarantine
from alphorn.store.api import Book, FlagAction, SpecialUse
from tests.support.school import EVERY, School, message

JUNK = SpecialUse.JUNK


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    made = School(tmp_path)
    yield made
    made.close()


def move(school: School, source: SpecialUse | None, target: SpecialUse | None) -> None:
    """Anna moves all there is, as a program with MOVE does."""
    from_, to = school.box(source), school.box(target)
    pairs = school.mail().move(from_, EVERY, to)
    school.observer.moved(school.house.anna.id, from_, to, pairs)
    school.settle()


def flag(school: School, mailbox: int, action: FlagAction, *words: str, flags: int = 0) -> None:
    keywords = frozenset(words)
    done = school.mail().flag(mailbox, EVERY, action, flags, keywords)
    anna = school.house.anna.id
    school.observer.flagged(anna, mailbox, done.changed, action, flags, keywords)
    school.settle()


def test_into_junk_and_out_again(school: School) -> None:
    school.lay(message(1), message(2, text="Something else entirely, with other words."))
    move(school, None, JUNK)
    assert school.totals() == (2, 0)
    move(school, JUNK, None)
    assert school.totals() == (0, 2)
    move(school, None, JUNK)
    assert school.totals() == (2, 0)
    assert school.counted == {"learned": 6}


def test_emptying_junk_says_nothing(school: School) -> None:
    school.lay(message(1), use=JUNK)
    move(school, JUNK, SpecialUse.TRASH)
    assert school.totals() == (0, 0)
    move(school, SpecialUse.TRASH, SpecialUse.ARCHIVE)
    assert school.totals() == (0, 0)
    assert school.counted == {}


def test_spam_from_any_mailbox(school: School) -> None:
    school.lay(message(1), use=SpecialUse.TRASH)
    move(school, SpecialUse.TRASH, JUNK)
    assert school.totals() == (1, 0)


def test_a_copy_into_junk_is_a_word(school: School) -> None:
    school.lay(message(1))
    pairs = school.mail().copy(school.box(), EVERY, school.box(JUNK))
    school.observer.copied(school.house.anna.id, school.box(), school.box(JUNK), pairs)
    school.settle()
    assert school.totals() == (1, 0)
    flag(school, school.box(), FlagAction.ADD, flags=Flag.DELETED)
    assert school.totals() == (1, 0)
    assert school.counted == {"learned": 1}


def test_a_copy_out_of_junk_is_a_move_once_the_original_is_deleted(school: School) -> None:
    school.lay(message(1), message(2, text="Other words, about other things."), use=JUNK)
    anna, junk, inbox = school.house.anna.id, school.box(JUNK), school.box()
    pairs = school.mail().copy(junk, EVERY, inbox)
    school.observer.copied(anna, junk, inbox, pairs)
    school.settle()
    assert school.totals() == (0, 0)
    school.observer.flagged(anna, junk, NumberSet.of([1]), FlagAction.ADD, Flag.DELETED, ())
    school.settle()
    assert school.totals() == (0, 1)
    school.observer.flagged(anna, junk, NumberSet.of([1]), FlagAction.ADD, Flag.DELETED, ())
    school.settle()
    assert school.counted == {"learned": 1}
    # Taken off, or set somewhere else, it says nothing.
    school.observer.flagged(anna, junk, NumberSet.of([2]), FlagAction.REMOVE, Flag.DELETED, ())
    school.observer.flagged(anna, inbox, NumberSet.of([2]), FlagAction.ADD, Flag.DELETED, ())
    school.settle()
    assert school.totals() == (0, 1)
    school.observer.flagged(anna, junk, NumberSet.of([2]), FlagAction.REPLACE, Flag.DELETED, ())
    school.settle()
    assert school.totals() == (0, 2)


def test_copies_are_forgotten_after_a_while(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observe, "COPY_SECONDS", 0.0)
    school.lay(message(1), use=JUNK)
    anna, junk, inbox = school.house.anna.id, school.box(JUNK), school.box()
    school.observer.copied(anna, junk, inbox, school.mail().copy(junk, EVERY, inbox))
    school.settle()
    school.observer.flagged(anna, junk, EVERY, FlagAction.ADD, Flag.DELETED, ())
    school.settle()
    assert school.totals() == (0, 0)


@pytest.mark.parametrize("word", ["$Junk", "Junk", "$JUNK"])
def test_words_for_spam(school: School, word: str) -> None:
    school.lay(message(1))
    flag(school, school.box(), FlagAction.ADD, word, "other")
    assert school.totals() == (1, 0)
    flag(school, school.box(), FlagAction.REMOVE, word)
    assert school.totals() == (0, 0)


@pytest.mark.parametrize("word", ["$NotJunk", "NonJunk", "NotJunk"])
def test_words_for_wanted_mail(school: School, word: str) -> None:
    school.lay(message(1), use=JUNK)
    flag(school, school.box(JUNK), FlagAction.ADD, word)
    assert school.totals() == (0, 1)


def test_thunderbird_changes_its_mind(school: School) -> None:
    """It sets one word and takes the other away, in whichever order."""
    school.lay(message(1))
    flag(school, school.box(), FlagAction.ADD, "Junk")
    flag(school, school.box(), FlagAction.ADD, "NonJunk")
    flag(school, school.box(), FlagAction.REMOVE, "Junk")
    assert school.totals() == (0, 1)
    flag(school, school.box(), FlagAction.REMOVE, "NonJunk")
    flag(school, school.box(), FlagAction.ADD, "Junk")
    assert school.totals() == (1, 0)


def test_programs_that_call_everything_wanted_do_not_flood_the_model(school: School) -> None:
    count = learn.CONCLUDED_A_DAY + 20
    school.lay(*(message(n, text=f"Text number {n}") for n in range(count)))
    flag(school, school.box(), FlagAction.ADD, "NonJunk")
    assert school.totals() == (0, learn.CONCLUDED_A_DAY)
    assert school.lessons.status().lessons == 0  # nobody said anything


def test_other_flags_cost_nothing(school: School) -> None:
    school.lay(message(1))
    flag(school, school.box(), FlagAction.ADD, "$Forwarded", flags=Flag.SEEN | Flag.DELETED)
    flag(school, school.box(), FlagAction.REPLACE, flags=Flag.SEEN)
    assert school.observer._thread is None


def test_appended_to_junk(school: School) -> None:
    anna = school.house.anna.id
    uids = school.lay(message(1), use=JUNK)
    school.observer.appended(anna, "Archive", [1])
    school.observer.appended(anna, "Junk", uids)
    school.settle()
    assert school.totals() == (1, 0)
    school.observer.appended(anna, school.box(JUNK), uids)
    school.settle()
    assert school.counted == {"learned": 1, "known": 1}


def test_categories(school: School) -> None:
    school.lay(message(1, sender="news@shop.test"))
    move(school, None, SpecialUse.PROMOTIONS)
    entries = {entry.name: entry.value for entry in school.mail().entries(Book.CATEGORY, 9)}
    assert entries == {"domain:shop.test": "promotions"}
    move(school, SpecialUse.PROMOTIONS, SpecialUse.ARCHIVE)
    move(school, SpecialUse.ARCHIVE, SpecialUse.SOCIAL)
    move(school, SpecialUse.SOCIAL, None)
    entries = {entry.name: entry.value for entry in school.mail().entries(Book.CATEGORY, 9)}
    assert entries == {"domain:shop.test": "inbox"}
    assert school.totals() == (0, 0)


def test_from_junk_into_promotions_is_both(school: School) -> None:
    school.lay(message(1, sender="news@shop.test"), use=JUNK)
    move(school, JUNK, SpecialUse.PROMOTIONS)
    assert school.totals() == (0, 1)
    assert [entry.value for entry in school.mail().entries(Book.CATEGORY, 9)] == ["promotions"]


def test_phishing_by_keyword(school: School) -> None:
    school.lay(message(1, text="http://evil.test/"))
    flag(school, school.box(), FlagAction.ADD, "$Phishing")
    assert [one.uid for one in quarantine.held(school.mail())] == [1]
    assert school.totals() == (1, 0)
    assert school.counted == {"reported": 1}
    assert len(school.house.queued()) == 1


def test_phishing_moved_into_junk(school: School) -> None:
    school.lay(message(1, text="http://evil.test/"), message(2, text="Quite different words."))
    school.mail().flag(school.box(), NumberSet.of([1]), FlagAction.ADD, 0, frozenset({"$phishing"}))
    move(school, None, JUNK)
    assert len(quarantine.held(school.mail())) == 1
    assert school.mail().mailbox("Junk").messages == 1
    assert school.totals() == (2, 0)


def test_mail_that_was_sent(school: School) -> None:
    school.observer.sent(school.house.anna.id, message(1), ["dora@far.test"])
    school.settle()
    assert school.mail().knows("dora@far.test")


def test_what_has_gone_meanwhile_is_no_failure(
    school: School, caplog: pytest.LogCaptureFixture
) -> None:
    anna, inbox, junk = school.house.anna.id, school.box(), school.box(JUNK)
    school.observer.moved(anna, inbox, junk, [(1, 1)])
    school.observer.moved(anna, inbox, 999, [(1, 1)])
    school.observer.moved(999, inbox, junk, [(1, 1)])
    school.observer.flagged(anna, inbox, NumberSet.of([5]), FlagAction.ADD, 0, {"$Phishing"})
    school.settle()
    assert caplog.text == ""
    assert school.counted == {}


def test_a_failure_is_counted_and_the_next_one_is_learned(
    school: School, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    school.lay(message(1))
    for error in (Unavailable("The disk is full."), RuntimeError("a mistake")):

        def fail(*_: object, error: Exception = error) -> None:
            raise error

        with monkeypatch.context() as patched:
            patched.setattr(school.acquaintances, "sent", fail)
            school.observer.sent(school.house.anna.id, b"", [])
            school.settle()
    move(school, None, JUNK)
    assert school.counted == {"failed": 2, "learned": 1}
    assert "could not learn" in caplog.text


def test_what_waits_is_bounded_and_nobody_waits(
    school: School, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    at_it, go_on = threading.Event(), threading.Event()

    def slow(*_: object) -> None:
        at_it.set()
        go_on.wait(30)

    monkeypatch.setattr(observe, "MAX_WAITING", 10)
    monkeypatch.setattr(school.acquaintances, "sent", slow)
    anna = school.house.anna.id
    school.observer.sent(anna, b"", [])
    assert at_it.wait(30)
    for _ in range(30):
        school.observer.moved(anna, 1, 4, [(1, 1), (2, 2)])
    assert school.counted == {"dropped": 40}
    assert not school.observer.settle(0)
    go_on.set()
    school.settle()
    school.observer.close()
    assert "40 messages are not learned from" in caplog.text


def test_of_a_whole_archive_only_so_much_is_learned(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observe, "MAX_MESSAGES", 3)
    school.lay(*(message(n, text=f"Text number {n}") for n in range(10)))
    move(school, None, JUNK)
    assert school.totals() == (3, 0)
    assert school.counted == {"dropped": 7, "learned": 3}


def test_what_waits_is_done_before_the_end(school: School) -> None:
    school.lay(message(1))
    pairs = school.mail().move(school.box(), EVERY, school.box(JUNK))
    school.observer.moved(school.house.anna.id, school.box(), school.box(JUNK), pairs)
    school.observer.close()
    assert school.totals() == (1, 0)
    school.observer.moved(school.house.anna.id, school.box(), school.box(JUNK), pairs)
    assert school.counted == {"learned": 1, "dropped": 1}

"""What accounts teach the installation: nobody alone, nobody too much, nothing twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alphorn.base.errors import Unavailable
from alphorn.store import spam_lessons
from alphorn.store.spam_lessons import MAX_A_DAY, OPERATOR, Fate, SpamLessons
from alphorn.store.spam_model import SpamModel
from tests.store.mail import NOW

DAY = 86400
WORDS = list(range(100, 200))


class Class:
    """Accounts with their organizations, a file of lessons, and the model."""

    def __init__(self, folder: Path) -> None:
        self.model = SpamModel(folder / "spam.model", bits=10)
        self.lessons = SpamLessons(folder / "spam.sqlite", self.model)
        self.now = float(NOW)
        self._message = 0

    def says(
        self,
        account: int,
        keys: list[int],
        *,
        spam: bool = True,
        organization: int = 1,
        message: int | None = None,
    ) -> Fate:
        if message is None:
            self._message += 1
            message = self._message
        return self.lessons.teach(account, organization, message, keys, spam, now=self.now)

    def counts(self, *keys: int) -> list[tuple[int, int]]:
        self.lessons.merge()
        return list(self.model.counts().lookup(keys))


@pytest.fixture
def classroom(tmp_path: Path) -> Iterator[Class]:
    made = Class(tmp_path)
    yield made
    made.lessons.close()


def test_nobody_teaches_alone(classroom: Class) -> None:
    for _ in range(10):
        assert classroom.says(1, WORDS) is Fate.ALONE
    assert classroom.counts(100) == [(0, 0)]
    assert classroom.says(2, WORDS) is Fate.COUNTED
    assert classroom.counts(100, 199, 5) == [(1, 0), (1, 0), (0, 0)]
    assert classroom.model.counts().totals() == (1, 0)
    assert classroom.says(1, WORDS) is Fate.COUNTED  # the model knows them now
    assert classroom.counts(100) == [(2, 0)]


def test_one_kind_is_no_consent_to_the_other(classroom: Class) -> None:
    classroom.says(1, WORDS, spam=True)
    assert classroom.says(2, WORDS, spam=False) is Fate.ALONE
    assert classroom.counts(100) == [(0, 0)]
    assert classroom.says(3, WORDS, spam=False) is Fate.COUNTED
    assert classroom.counts(100) == [(0, 1)]


def test_only_what_others_said_too_counts(classroom: Class) -> None:
    classroom.says(1, WORDS)
    poison = [7, 8, 9]
    assert classroom.says(2, WORDS + poison) is Fate.COUNTED
    assert classroom.counts(100, *poison) == [(1, 0), (0, 0), (0, 0), (0, 0)]
    assert classroom.says(2, [*WORDS[:10], *range(1000, 1100)]) is Fate.ALONE
    assert classroom.counts(100) == [(1, 0)]


def test_where_there_are_several_organizations_two_of_them_must_agree(classroom: Class) -> None:
    classroom.says(9, [1], organization=2)
    classroom.says(1, WORDS, organization=1)
    assert classroom.says(2, WORDS, organization=1) is Fate.ALONE
    assert classroom.says(9, WORDS, organization=2) is Fate.COUNTED


def test_the_operator_needs_nobodys_consent(classroom: Class) -> None:
    for _ in range(3 * MAX_A_DAY):
        assert classroom.says(OPERATOR, WORDS, organization=0) is Fate.COUNTED
    assert classroom.counts(100) == [(3 * MAX_A_DAY, 0)]


def test_an_account_teaches_so_much_a_day(classroom: Class) -> None:
    classroom.says(2, WORDS)
    fates = [classroom.says(1, WORDS) for _ in range(MAX_A_DAY + 5)]
    assert fates == [Fate.COUNTED] * MAX_A_DAY + [Fate.LIMIT] * 5
    assert classroom.says(1, WORDS, spam=False) is Fate.ALONE


def test_and_has_so_much_of_a_share(classroom: Class) -> None:
    for _ in range(3000):
        classroom.says(OPERATOR, WORDS, organization=0)
    classroom.lessons.merge()
    for _ in range(30):
        classroom.now += DAY
        for _ in range(MAX_A_DAY):
            classroom.says(1, WORDS)
    ((spam, _),) = classroom.counts(100)
    assert spam == 3000 + 60  # one in fifty
    classroom.now += (spam_lessons.KEEP_LESSONS + 1) * DAY
    classroom.lessons.purge(classroom.now)
    assert classroom.says(1, WORDS) is Fate.COUNTED


def test_the_same_message_counts_once(classroom: Class) -> None:
    classroom.says(2, WORDS)
    assert classroom.says(1, WORDS, message=(1 << 64) - 77) is Fate.COUNTED
    assert classroom.says(1, WORDS, message=(1 << 64) - 77) is Fate.KNOWN
    assert classroom.counts(100) == [(1, 0)]
    classroom.says(OPERATOR, WORDS, spam=False, message=5)
    assert classroom.says(1, WORDS, spam=False, message=(1 << 64) - 77) is Fate.ALONE
    assert classroom.counts(100) == [(0, 1)]


def test_what_was_taken_back(classroom: Class) -> None:
    classroom.says(2, WORDS)
    classroom.says(1, WORDS, message=(1 << 64) - 77)
    assert classroom.counts(100) == [(1, 0)]
    assert classroom.lessons.take_back(1, (1 << 64) - 77, WORDS, now=classroom.now)
    assert not classroom.lessons.take_back(1, (1 << 64) - 77, WORDS, now=classroom.now)
    assert classroom.counts(100) == [(0, 0)]
    assert classroom.model.counts().totals() == (0, 0)
    assert classroom.lessons.take_back(2, 1, WORDS, now=classroom.now)  # it never counted
    assert classroom.counts(100) == [(0, 0)]


def test_lessons_are_merged_once_whoever_does_it(tmp_path: Path) -> None:
    first, second = Class(tmp_path), Class(tmp_path)
    for n in range(10):
        first.lessons.teach(OPERATOR, 0, n, WORDS, True, now=NOW)
    assert first.lessons.merge() + second.lessons.merge() == 10
    assert first.lessons.merge() == second.lessons.merge() == 0
    assert first.counts(100) == [(10, 0)]
    assert first.lessons.status() == (0, 0, 10, 0)
    first.lessons.close()
    second.lessons.close()


def test_a_merge_that_died_before_it_cleaned_up_counts_nothing_twice(classroom: Class) -> None:
    for n in range(3):
        classroom.lessons.teach(OPERATOR, 0, n, WORDS, True, now=NOW)
    rows = _waiting(classroom)
    classroom.lessons.merge()
    with classroom.lessons._file.transaction() as connection:
        connection.executemany("INSERT INTO waiting VALUES (?, ?, ?, ?, ?)", rows)
    assert classroom.lessons.merge() == 0
    assert classroom.counts(100) == [(3, 0)]
    assert _waiting(classroom) == []


def _waiting(classroom: Class) -> list[tuple[object, ...]]:
    return classroom.lessons._file.rows("SELECT * FROM waiting")


def test_a_new_file_of_lessons_is_not_taken_for_the_old_one(tmp_path: Path) -> None:
    old = Class(tmp_path)
    for n in range(5):
        old.lessons.teach(OPERATOR, 0, n, WORDS, True, now=NOW)
    assert old.counts(100) == [(5, 0)]
    old.lessons.close()
    for path in tmp_path.glob("spam.sqlite*"):
        path.unlink()
    new = Class(tmp_path)
    new.lessons.teach(OPERATOR, 0, 9, WORDS, True, now=NOW)
    assert new.counts(100) == [(6, 0)]
    new.lessons.close()


def test_when_it_is_time(classroom: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not classroom.lessons.due(classroom.now)
    classroom.says(OPERATOR, WORDS)
    assert not classroom.lessons.due(classroom.now)
    assert classroom.lessons.due(classroom.now + spam_lessons.MERGE_SECONDS)
    monkeypatch.setattr(spam_lessons, "MERGE_LESSONS", 2)
    classroom.says(OPERATOR, WORDS)
    assert classroom.lessons.due(classroom.now)
    classroom.lessons.merge()
    assert not classroom.lessons.due(classroom.now)


def test_what_waits_is_bounded(classroom: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spam_lessons, "MAX_WAITING", 3)
    classroom.says(2, WORDS)
    fates = [classroom.says(1, WORDS) for _ in range(5)]
    assert fates == [Fate.COUNTED] * 3 + [Fate.LIMIT] * 2


def test_votes_are_forgotten(classroom: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    classroom.says(1, WORDS)
    classroom.now += (spam_lessons.KEEP_VOTES + 1) * DAY
    classroom.lessons.purge(classroom.now)
    assert classroom.says(2, WORDS) is Fate.ALONE
    assert classroom.lessons.status().votes == len(WORDS)
    monkeypatch.setattr(spam_lessons, "MAX_VOTES", 30)
    classroom.lessons.purge(classroom.now)
    assert classroom.lessons.status().votes == 30


def test_a_message_without_tokens_teaches_nothing(classroom: Class) -> None:
    assert classroom.says(OPERATOR, []) is Fate.ALONE
    assert classroom.lessons.merge() == 0


def test_where_the_file_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "spam.sqlite").write_bytes(b"x" * 10_000)
    with pytest.raises(Unavailable):
        Class(tmp_path).says(1, WORDS)

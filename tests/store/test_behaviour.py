"""What is kept of how accounts behave: counted in their windows, bounded, shared by processes."""

import multiprocessing
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from alphorn.base.behaviour import NOTHING
from alphorn.base.country import Country
from alphorn.base.errors import Unavailable
from alphorn.store import behaviour
from alphorn.store.behaviour import DAY, HOUR, Behaviours

NOW = 1_800_000_000.0 // HOUR * HOUR + 100
ANNA, BERT = 1, 2
BRAZIL = Country("BR", {"en": "Brazil", "de": "Brasilien"})
CHAD = Country("TD")


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Behaviours]:
    made = Behaviours(tmp_path / "behaviour.sqlite")
    yield made
    made.close()


def people(count: int, begin: int = 0) -> list[str]:
    return [f"p{number}@remote.test" for number in range(begin, begin + count)]


def test_nothing_is_known_of_a_new_account(file: Behaviours) -> None:
    assert file.history(ANNA, now=NOW) == NOTHING


def test_whom_it_never_wrote_to_counts_for_an_hour(file: Behaviours) -> None:
    assert file.asked(ANNA, people(10), None, now=NOW).strangers == 10
    again = file.asked(ANNA, [*people(10), "P3@Remote.Test", "new@remote.test"], None, now=NOW + 60)
    assert again.strangers == 11
    assert file.history(BERT, now=NOW).strangers == 0
    assert file.history(ANNA, now=NOW + HOUR).strangers == 1
    assert file.history(ANNA, now=NOW + HOUR + 60).strangers == 0
    assert file.asked(ANNA, people(10), None, now=NOW + DAY).strangers == 0


def test_the_most_of_an_hour_of_earlier_weeks_is_usual(file: Behaviours) -> None:
    file.asked(ANNA, people(40), 7, now=NOW)
    file.asked(ANNA, people(20, 100), None, now=NOW + 3 * HOUR)
    for hours, strangers, spam in ((4, 0, 0), (22, 0, 0), (24, 40, 1), (20 * 24, 40, 1)):
        history = file.history(ANNA, now=NOW + hours * HOUR)
        assert (history.usual_strangers, history.usual_spam) == (strangers, spam), hours
    assert file.history(ANNA, now=NOW + 31 * DAY).usual_strangers == 0


def test_hours_in_which_it_was_slowed_down_are_not_usual(file: Behaviours) -> None:
    file.asked(ANNA, people(500), None, now=NOW)
    file.slowed(ANNA, now=NOW + 1)
    file.slowed(ANNA, now=NOW + 2)
    file.asked(ANNA, people(30, 1000), None, now=NOW + 2 * HOUR)
    file.slowed(ANNA, now=NOW + 5 * HOUR)
    assert file.history(ANNA, now=NOW + 6 * HOUR).slow_hours == 2
    assert file.history(ANNA, now=NOW + 25 * HOUR).slow_hours == 1
    assert file.history(ANNA, now=NOW + 2 * DAY).usual_strangers == 30


def test_a_message_or_address_counts_once_however_often_it_is_tried(file: Behaviours) -> None:
    for at in range(5):
        file.asked(ANNA, ["x@remote.test"], 42, now=NOW + at)
        file.refused(ANNA, "nobody@example.test", now=NOW + at)
    file.asked(ANNA, ["x@remote.test"], 43, now=NOW)
    file.refused(ANNA, "NOBODY@example.test", now=NOW)
    file.refused(ANNA, "none@example.test", now=NOW)
    history = file.history(ANNA, now=NOW + 10)
    assert (history.spam, history.refused) == (2, 2)
    history = file.history(ANNA, now=NOW + HOUR + 10)
    assert (history.spam, history.refused) == (0, 0)


def test_networks_count_where_they_are_new(file: Behaviours) -> None:
    for place in ("192.0.0.0/16", "198.51.0.0/16", "192.0.0.0/16"):
        file.logged_in(ANNA, place, now=NOW)
    assert file.history(ANNA, now=NOW + 1).networks == 2
    file.logged_in(ANNA, "192.0.0.0/16", now=NOW + 2 * HOUR)
    assert file.history(ANNA, now=NOW + 2 * HOUR).networks == 0


def test_countries_count_where_they_are_new(file: Behaviours) -> None:
    file.logged_in(ANNA, "192.0.0.0/16", CHAD, now=NOW)
    file.logged_in(ANNA, "192.1.0.0/16", BRAZIL, now=NOW + 1)
    file.logged_in(ANNA, "192.2.0.0/16", BRAZIL, now=NOW + 2)
    file.logged_in(ANNA, "192.3.0.0/16", now=NOW + 3)
    assert file.history(ANNA, now=NOW + 4).countries == (CHAD, BRAZIL)
    assert file.history(BERT, now=NOW + 4).countries == ()
    file.logged_in(ANNA, "192.0.0.0/16", CHAD, now=NOW + 2 * HOUR)
    assert file.history(ANNA, now=NOW + 2 * HOUR).countries == ()
    assert file.countries(ANNA) == [(CHAD, NOW + 2 * HOUR), (BRAZIL, NOW + 2)]
    assert file.countries(BERT) == []


def test_a_file_of_the_first_version_goes_on(tmp_path: Path) -> None:
    old = Behaviours(tmp_path / "old.sqlite")
    old.logged_in(ANNA, "192.0.0.0/16", now=NOW)
    old.close()
    with sqlite3.connect(tmp_path / "old.sqlite") as connection:
        connection.execute("DROP TABLE country")
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    file = Behaviours(tmp_path / "old.sqlite")
    file.logged_in(ANNA, "192.1.0.0/16", BRAZIL, now=NOW)
    assert file.history(ANNA, now=NOW).networks == 2
    assert file.history(ANNA, now=NOW).countries == (BRAZIL,)
    file.close()


def test_bounces_are_a_share_of_the_last_recipients(file: Behaviours) -> None:
    file.settled(ANNA, 1000, 0, now=NOW)
    for _ in range(100):
        file.settled(ANNA, 1, 1, now=NOW)
    history = file.history(ANNA, now=NOW)
    good = history.settled - history.bounced
    assert 0.6 < history.bounced / history.settled < 1
    file.settled(ANNA, 300, 0, now=NOW)
    assert file.history(ANNA, now=NOW).bounced < 5 < good
    later = file.history(ANNA, now=NOW + behaviour.HALF_LIFE)
    assert later.settled == pytest.approx(file.history(ANNA, now=NOW).settled / 2)


def test_the_clock_may_be_set_back(file: Behaviours) -> None:
    file.asked(ANNA, people(10), 1, now=NOW + 10 * DAY)
    history = file.history(ANNA, now=NOW)
    assert (history.strangers, history.spam) == (0, 0)


def test_forgiven(file: Behaviours) -> None:
    file.asked(ANNA, people(10), 1, now=NOW)
    file.refused(ANNA, "x@example.test", now=NOW)
    file.logged_in(ANNA, "192.0.0.0/16", BRAZIL, now=NOW)
    file.settled(ANNA, 10, 10, now=NOW)
    file.slowed(ANNA, now=NOW)
    file.asked(BERT, people(3), None, now=NOW)
    file.forgive(ANNA)
    assert file.history(ANNA, now=NOW) == NOTHING
    assert file.asked(ANNA, people(10), None, now=NOW).strangers == 0
    assert file.history(BERT, now=NOW).strangers == 3


def test_rows_of_an_account_are_bounded(
    file: Behaviours, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(behaviour, "MAX_CORRESPONDENTS", 20)
    monkeypatch.setattr(behaviour, "MAX_PLACES", 5)
    monkeypatch.setattr(behaviour, "MAX_COUNTRIES", 4)
    monkeypatch.setattr(behaviour, "MAX_MARKS", 7)
    for number in range(50):
        file.asked(ANNA, people(3, 3 * number), number, now=NOW + number)
        file.refused(ANNA, f"{number}@example.test", now=NOW + number)
        country = Country(chr(65 + number % 26) + chr(65 + number // 26))
        file.logged_in(ANNA, f"10.{number}.0.0/16", country, now=NOW + number)
    history = file.history(ANNA, now=NOW + 50)
    assert (history.strangers, history.spam, history.refused, history.networks) == (20, 7, 7, 5)
    assert len(history.countries) == 4
    # The oldest have gone, the newest are known.
    assert file.asked(ANNA, people(3, 147), None, now=NOW + 2 * HOUR).strangers == 0
    assert file.asked(ANNA, people(3, 0), None, now=NOW + 2 * HOUR).strangers == 3


def test_purging(file: Behaviours, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(behaviour, "PORTION", 10)
    file.asked(ANNA, people(35), 1, now=NOW)
    file.logged_in(ANNA, "192.0.0.0/16", CHAD, now=NOW)
    file.settled(ANNA, 1, 0, now=NOW)
    assert file.purge(NOW + 1) == 0
    assert file.purge(NOW + 2 * HOUR) == 1  # the mark
    assert file.purge(NOW + 401 * DAY) == 35 + 1 + 1 + 1 + 1
    assert file.history(ANNA, now=NOW) == NOTHING


def _write(path: Path, begin: int) -> None:
    file = Behaviours(path)
    for number in range(50):
        file.asked(ANNA, [f"p{begin + number}@remote.test"], None, now=NOW)
    file.close()


def test_processes_count_together(tmp_path: Path) -> None:
    path = tmp_path / "behaviour.sqlite"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(path, 100 * n)) for n in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    file = Behaviours(path)
    assert file.history(ANNA, now=NOW).strangers == 150
    file.close()


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    file = Behaviours(tmp_path / "missing" / "behaviour.sqlite")
    with pytest.raises(Unavailable):
        file.asked(ANNA, people(1), None, now=NOW)


def test_nobody_can_read_from_it_to_whom_was_written(tmp_path: Path) -> None:
    file = Behaviours(tmp_path / "behaviour.sqlite")
    file.asked(ANNA, ["secret.friend@remote.test"], None, now=NOW)
    file.refused(ANNA, "secret.friend@example.test", now=NOW)
    file.close()
    for path in tmp_path.iterdir():
        assert b"secret" not in path.read_bytes()

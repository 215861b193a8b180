"""What redirection and temporary addresses have to remember, for all processes."""

from pathlib import Path

import pytest

from alphorn.base.errors import Unavailable
from alphorn.store import redirects, visitors
from alphorn.store.redirects import DAY, KEEP_REFUSALS, KEEP_SENDERS, Redirects, Refusals
from alphorn.store.visitors import Visitor, Visitors

NOW = 1_800_000_000.0 // DAY * DAY


def test_true_senders_are_kept_for_a_time(tmp_path: Path) -> None:
    file, other = (Redirects(tmp_path / "redirects.sqlite") for _ in range(2))
    file.keep("token", "Carl@Other.test", now=NOW)
    file.keep("token", "Carl@Other.test", now=NOW + 5 * DAY)
    assert other.kept("token") == "Carl@Other.test"
    assert other.kept("another") == ""
    file.purge(NOW + KEEP_SENDERS + DAY)
    assert other.kept("token") == "Carl@Other.test"
    file.purge(NOW + KEEP_SENDERS + 6 * DAY)
    assert other.kept("token") == ""
    file.close()
    other.close()


def test_refusals_in_a_row_are_counted_by_days(tmp_path: Path) -> None:
    file = Redirects(tmp_path / "redirects.sqlite")
    counts = [
        file.refused("example.test", "x@far.test", now=NOW + at)
        for at in (0, 10, DAY - 1, DAY, 3 * DAY)
    ]
    assert counts == [
        Refusals(1, 1), Refusals(2, 1), Refusals(3, 1), Refusals(4, 2), Refusals(5, 3),
    ]  # fmt: skip
    assert file.refused("example.org", "x@far.test", now=NOW) == Refusals(1, 1)
    file.taken("example.test", "x@far.test")
    assert file.refused("example.test", "x@far.test", now=NOW + 3 * DAY) == Refusals(1, 1)
    late = NOW + 4 * DAY + KEEP_REFUSALS
    assert file.refused("example.test", "x@far.test", now=late) == Refusals(1, 1)
    file.close()


def test_the_oldest_goes_where_there_is_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redirects, "MAX_SENDERS", 10)
    file = Redirects(tmp_path / "redirects.sqlite")
    for n in range(25):
        file.keep(f"t{n}", "x@y.test", now=NOW + n)
    file.purge(NOW + 30)
    assert [n for n in range(25) if file.kept(f"t{n}")] == list(range(15, 25))
    file.close()


def test_visitors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitors, "MAX_SENDERS", 2)
    file, other = (Visitors(tmp_path / "visitors.sqlite") for _ in range(2))
    assert (file.taken(7), file.of(7)) == (0, ())
    for n, sender in enumerate(("A@x.test", "b@x.test", "c@x.test", "a@X.test")):
        file.came(7, sender, now=NOW + n)
    file.came(8, "c@x.test", now=NOW)
    assert other.taken(7) == 4
    assert other.of(7) == (
        Visitor("a@x.test", 2, NOW, NOW + 3),
        Visitor("b@x.test", 1, NOW + 1, NOW + 1),
    )
    file.purge(NOW + visitors.KEEP_SECONDS + 2)
    assert [one.sender for one in other.of(7)] == ["a@x.test"]
    assert other.taken(7) == 4
    file.close()
    other.close()


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    file, seen = Redirects(tmp_path / "no" / "file"), Visitors(tmp_path / "no" / "file")
    for act in (
        lambda: file.keep("t", "x@y.test", now=NOW),
        lambda: file.kept("t"),
        lambda: file.refused("d", "t", now=NOW),
        lambda: file.taken("d", "t"),
        lambda: file.purge(NOW),
        lambda: seen.came(1, "x", now=NOW),
        lambda: seen.taken(1),
        lambda: seen.of(1),
        lambda: seen.purge(NOW),
    ):
        with pytest.raises(Unavailable):
            act()

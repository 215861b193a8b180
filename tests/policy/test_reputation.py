"""What is thought of a network after what has come from it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.base.door import Tally
from alphorn.policy.reputation import GOOD, REFUSED, SPAM, UNKNOWN, Settings, Standing, standing

NOW = 1_700_000_000.0
SETTINGS = Settings(good=20, half_life=1000)


def tally(good: float = 0, spam: float = 0, unknown: float = 0, refused: float = 0) -> Tally:
    return Tally(good, spam, unknown, refused, NOW)


@pytest.mark.parametrize(
    ("seen", "thought"),
    [
        (tally(), Standing.UNKNOWN),
        (tally(good=0.5), Standing.UNKNOWN),
        (tally(good=1), Standing.MIXED),
        (tally(good=20), Standing.GOOD),
        (tally(good=1000, spam=40), Standing.GOOD),
        (tally(good=1000, spam=60), Standing.MIXED),
        (tally(good=100, unknown=20), Standing.GOOD),
        (tally(good=3, spam=5), Standing.BAD),
        (tally(good=6, spam=5), Standing.MIXED),
        (tally(spam=4), Standing.MIXED),
        (tally(unknown=20), Standing.BAD),
        (tally(refused=5), Standing.BAD),
    ],
)
def test_standing(seen: Tally, thought: Standing) -> None:
    assert standing(seen, NOW, SETTINGS) is thought


def test_everything_is_forgiven_in_time() -> None:
    assert standing(tally(spam=8), NOW + 600, SETTINGS) is Standing.BAD
    assert standing(tally(spam=8), NOW + 2000, SETTINGS) is Standing.MIXED
    assert standing(tally(spam=8), NOW + 10_000, SETTINGS) is Standing.UNKNOWN


def test_a_clock_that_was_set_back_changes_nothing() -> None:
    assert tally(good=5).faded(NOW - 5000, 1000) == tally(good=5)


@given(st.lists(st.tuples(st.floats(0, 5000), st.sampled_from([GOOD, SPAM, UNKNOWN, REFUSED]))))
def test_counts_fade_and_add_up_in_any_order(events: list[tuple[float, Tally]]) -> None:
    """Counting each event when it comes is the same as fading each by its own age."""
    running, now = Tally(at=NOW), NOW
    for gap, what in events:
        now += gap
        running = running.faded(now, 1000).plus(what)
    end = now + 100
    at, whole = NOW, 0.0
    for gap, _ in events:
        at += gap
        whole += 0.5 ** ((end - at) / 1000)
    assert running.faded(end, 1000).weight == pytest.approx(whole)

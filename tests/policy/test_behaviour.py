"""What counts amount to: well, slowed down, locked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.base.behaviour import History
from alphorn.base.country import Country, named
from alphorn.policy.behaviour import HOUR, WELL, Level, Limits, cut, decide, place_of

LIMITS = Limits(strangers=100, networks=6, countries=4, spam=10, refused=30, least_bounces=20)


def abroad(count: int) -> tuple[Country, ...]:
    return tuple(
        Country(f"A{chr(65 + n)}", {"en": f"Land {n}", "de": f"Landschaft {n}"})
        for n in range(count)
    )


@pytest.mark.parametrize(
    ("history", "level", "code"),
    [
        (History(), Level.OK, ""),
        (History(strangers=99), Level.OK, ""),
        (History(strangers=100), Level.SLOW, "strangers"),
        (History(strangers=299), Level.SLOW, "strangers"),
        (History(strangers=300), Level.LOCKED, "strangers"),
        (History(strangers=300, usual_strangers=200), Level.OK, ""),
        (History(strangers=600, usual_strangers=200), Level.SLOW, "strangers"),
        (History(strangers=1800, usual_strangers=200), Level.LOCKED, "strangers"),
        (History(strangers=100, usual_strangers=10), Level.SLOW, "strangers"),
        (History(networks=5), Level.OK, ""),
        (History(networks=6), Level.SLOW, "networks"),
        (History(networks=18), Level.LOCKED, "networks"),
        (History(countries=abroad(3)), Level.OK, ""),
        (History(countries=abroad(4)), Level.SLOW, "countries"),
        (History(countries=abroad(11)), Level.SLOW, "countries"),
        (History(countries=abroad(12)), Level.LOCKED, "countries"),
        (History(spam=9), Level.OK, ""),
        (History(spam=10), Level.SLOW, "spam"),
        (History(spam=20, usual_spam=7), Level.OK, ""),
        (History(spam=30), Level.LOCKED, "spam"),
        (History(refused=30), Level.SLOW, "refused"),
        (History(refused=90), Level.LOCKED, "refused"),
        (History(settled=100, bounced=29), Level.OK, ""),
        (History(settled=100, bounced=30), Level.SLOW, "bounces"),
        (History(settled=19, bounced=19), Level.OK, ""),
        (History(settled=100, bounced=64), Level.SLOW, "bounces"),
        (History(settled=100, bounced=65), Level.LOCKED, "bounces"),
        (History(settled=40, bounced=40), Level.SLOW, "bounces"),
        (History(strangers=100, slow_hours=3), Level.SLOW, "strangers"),
        (History(strangers=100, slow_hours=4), Level.LOCKED, "persists"),
        (History(slow_hours=20), Level.OK, ""),
    ],
)
def test_levels(history: History, level: Level, code: str) -> None:
    found = decide(history, LIMITS)
    assert found.level is level
    assert (found.reasons[0].code if found.reasons else "") == code
    assert (found.wait > 0) == bool(code)
    for reason in found.reasons:
        assert {reason.code, f"{reason.code}-limit"} <= found.facts.keys()
        assert reason.text.endswith(".")


def test_all_that_is_wrong_is_told_the_gravest_first() -> None:
    found = decide(History(strangers=100, spam=30, refused=30), LIMITS)
    assert found.level is Level.LOCKED
    assert [reason.code for reason in found.reasons] == ["spam", "strangers", "refused"]
    assert "30 messages looked like spam" in found.reasons[0].text
    assert found.facts["strangers"] == 100


def test_nothing_locks_where_nothing_is_to() -> None:
    limits = Limits(locks=False)
    found = decide(History(strangers=10_000, slow_hours=24), limits)
    assert found.level is Level.SLOW
    assert [reason.code for reason in found.reasons] == ["strangers"]


def test_what_is_not_looked_at() -> None:
    limits = Limits(strangers=0, networks=0, countries=0, spam=0, refused=0, bounces=0)
    everything = History(10_000, 0, 100, 500, 0, 500, 100, 100, 24, abroad(20))
    assert decide(everything, limits) is WELL
    assert decide(everything, Limits()).level is Level.LOCKED


def test_many_bounces_take_longer_to_be_forgotten() -> None:
    assert decide(History(settled=100, bounced=80), LIMITS).wait == 2 * 86400
    assert decide(History(settled=21, bounced=20.5), LIMITS).wait >= HOUR


@pytest.mark.parametrize(
    ("limit", "fraction", "left"),
    [(500, 0.1, 50), (100, 0.1, 10), (4, 0.1, 1), (1, 0.01, 1), (0, 0.1, 50), (7, 1.0, 7)],
)
def test_what_is_left_of_a_plan(limit: int, fraction: float, left: int) -> None:
    assert cut(limit, fraction) == left


@pytest.mark.parametrize(
    ("peer", "place"),
    [
        ("192.0.2.77", "192.0.0.0/16"),
        ("::ffff:192.0.2.77", "192.0.0.0/16"),
        ("2001:db8:1:2::3", "2001:db8::/32"),
        ("fe80::1%eth0", "fe80::/32"),
        ("webmail", "webmail"),
        ("x" * 500, "x" * 64),
    ],
)
def test_places(peer: str, place: str) -> None:
    assert place_of(peer) == place


counts = st.integers(0, 100_000)
weights = st.floats(0, 1e6)


@given(
    st.builds(
        History,
        counts,
        counts,
        counts,
        counts,
        counts,
        counts,
        weights,
        weights,
        st.integers(0, 24),
        st.integers(0, 26).map(abroad),
    ),
    st.builds(
        Limits,
        counts,
        st.floats(1, 100),
        st.integers(0, 100),
        st.floats(0, 1),
        st.integers(1, 100),
        counts,
        counts,
        st.floats(1, 3),
        st.integers(0, 24),
        st.floats(0.01, 1),
        st.booleans(),
        st.integers(0, 80),
    ),
)
def test_any_counts_give_an_answer_that_says_why(history: History, limits: Limits) -> None:
    found = decide(history, limits)
    assert bool(found.reasons) == (found.level is not Level.OK)
    assert 0 <= found.wait <= 86400 * 25
    if not limits.locks:
        assert found.level is not Level.LOCKED


@given(counts, counts, counts)
def test_more_is_never_better(strangers: int, more: int, usual: int) -> None:
    before = decide(History(strangers=strangers, usual_strangers=usual), LIMITS).level
    after = decide(History(strangers=strangers + more, usual_strangers=usual), LIMITS).level
    assert after >= before


def test_countries_are_named_where_they_are_a_reason() -> None:
    found = decide(History(countries=abroad(4)), LIMITS)
    assert found.reasons[0].text.endswith(
        "from 4 countries from which nobody had logged in before: Land 0, Land 1, Land 2, Land 3."
    )
    assert found.countries == abroad(4)
    assert decide(History(strangers=100, countries=abroad(3)), LIMITS).countries == ()
    assert named(abroad(2), "de") == "Landschaft 0, Landschaft 1"
    assert named(abroad(2), "it") == "Land 0, Land 1"
    assert named((Country("CH"),), "it") == "CH"
    assert named(abroad(11), "en").endswith("Land 9, …")

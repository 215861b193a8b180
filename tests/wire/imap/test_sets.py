"""Sequence sets become numbers where `*` and `$` are known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.base.numbers import NumberSet
from alphorn.wire.imap.sets import STAR, SequenceSet


@pytest.mark.parametrize(
    ("ranges", "highest", "expected"),
    [
        (((1, 3),), 5, "1:3"),
        (((3, 1),), 5, "1:3"),
        (((4, 9),), 5, "4:9"),
        (((2, STAR),), 5, "2:5"),
        (((STAR, 2),), 5, "2:5"),
        (((7, STAR),), 5, "5:7"),  # RFC 9051 §9: the higher of both is included whichever it is
        (((STAR, STAR),), 5, "5"),
        (((1, STAR), (3, 4)), 0, "3:4"),
        (((STAR, STAR),), 0, ""),
        (((5, 5), (1, 2), (3, 3)), 9, "1:3,5"),
    ],
)
def test_resolve(ranges: tuple[tuple[int, int], ...], highest: int, expected: str) -> None:
    assert str(SequenceSet(ranges).resolve(highest)) == expected


def test_saved_result() -> None:
    saved = NumberSet.of([3, 4])
    assert SequenceSet(saved=True).resolve(9, saved) == saved
    assert SequenceSet(saved=True).resolve(9) == NumberSet()


_NUMBERS = st.one_of(st.just(STAR), st.integers(1, 30))


@given(st.lists(st.tuples(_NUMBERS, _NUMBERS), min_size=1, max_size=6), st.integers(1, 30))
def test_resolve_is_the_union(ranges: list[tuple[int, int]], highest: int) -> None:
    meant: set[int] = set()
    for low, high in ranges:
        ends = sorted((low or highest, high or highest))
        meant.update(range(ends[0], ends[1] + 1))
    assert list(SequenceSet(tuple(ranges)).resolve(highest)) == sorted(meant)


def test_has_star() -> None:
    assert SequenceSet(((1, STAR),)).has_star
    assert not SequenceSet(((1, 2),)).has_star
    assert not SequenceSet(saved=True).has_star

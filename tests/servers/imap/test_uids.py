"""Sequences of UIDs against the plain list they stand for."""

from array import array

from hypothesis import given, settings
from hypothesis import strategies as st

from alphorn.base.numbers import NumberSet
from alphorn.servers.imap import uids as u

uid_sets = st.sets(st.integers(1, 60)).map(sorted)
number_sets = st.lists(st.tuples(st.integers(1, 70), st.integers(1, 70)), max_size=4).map(
    NumberSet.from_ranges
)


@given(uid_sets)
def test_packing_keeps_the_uids_and_is_a_range_without_gaps(uids: list[int]) -> None:
    packed = u.packed(uids)
    assert list(packed) == uids
    gapless = not uids or uids[-1] - uids[0] + 1 == len(uids)
    assert isinstance(packed, range if gapless else array)


@given(uid_sets, st.integers(0, 70))
def test_the_number_of_a_uid(uids: list[int], uid: int) -> None:
    assert u.number_of(u.packed(uids), uid) == (uids.index(uid) + 1 if uid in uids else 0)


@given(uid_sets, number_sets)
def test_numbers_stand_for_the_uids_at_their_places(uids: list[int], numbers: NumberSet) -> None:
    meant = u.of_numbers(u.packed(uids), numbers)
    assert [uid for uid in uids if uid in meant] == [
        uid for number, uid in enumerate(uids, 1) if number in numbers
    ]


@given(uid_sets, number_sets)
def test_sets_of_uids(uids: list[int], wanted: NumberSet) -> None:
    packed = u.packed(uids)
    there = [uid for uid in uids if uid in wanted]
    assert u.count_in(packed, wanted) == len(there)
    assert list(u.numbers_in(packed, wanted)) == [uids.index(uid) + 1 for uid in there]
    assert list(u.without(packed, wanted)) == [uid for uid in uids if uid not in wanted]
    known = u.known(packed, wanted)
    assert list(known) == [n for n in wanted if uids and n <= uids[-1]]


@given(uid_sets, st.lists(st.integers(1, 5), max_size=5))
def test_newer_uids_go_behind(uids: list[int], steps: list[int]) -> None:
    new, last = [], uids[-1] if uids else 0
    for step in steps:
        last += step
        new.append(last)
    assert list(u.extended(u.packed(uids), new)) == uids + new


@given(uid_sets, st.data())
def test_numbers_of_rows(uids: list[int], data: st.DataObject) -> None:
    rows = sorted(data.draw(st.sets(st.sampled_from(uids)))) if uids else []
    expected = [uids.index(uid) + 1 for uid in rows]
    assert list(u.numbers_of_rows(u.packed(uids), rows)) == expected


@settings(max_examples=5)
@given(st.integers(2, 5))
def test_few_rows_far_apart_are_found_one_by_one(step: int) -> None:
    uids = u.packed(range(1, 5000, step))
    rows = [uids[10], uids[400]]
    assert list(u.numbers_of_rows(uids, rows)) == [11, 401]


def test_no_copy_where_nothing_changes() -> None:
    uids = u.packed([1, 3, 5])
    assert u.packed(uids) is uids
    assert u.without(uids, NumberSet.of([2, 4])) is uids
    assert u.extended(uids, []) is uids

"""The table of counts: as a dictionary while there is room, and of fixed size always."""

import mmap
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphorn.spam import table
from alphorn.spam.table import Table, TableError

KEYS = st.integers(1, 2**32 - 1)


def made(bits: int = 6) -> Table:
    return Table.create(bytearray(table.size(bits)), bits)


@settings(max_examples=100)
@given(
    st.lists(st.tuples(st.frozensets(KEYS, max_size=8), st.booleans(), st.booleans()), max_size=12)
)
def test_counts_as_a_dictionary_would(
    lessons: list[tuple[frozenset[int], bool, bool]],
) -> None:
    """Learned and taken back in any order; 96 tokens at most find room in 2,048 cells."""
    counts = made(8)
    expected: dict[int, list[int]] = {}
    totals = [0, 0]
    for keys, spam, back in lessons:
        side = 0 if spam else 1
        steps = (1, -1) if back else (1,)
        for step in steps:
            counts.learn(sorted(keys), spam, step)
            totals[side] += step
            for key in keys:
                expected.setdefault(key, [0, 0])[side] += step
    keys_known = list(expected)
    assert counts.totals() == tuple(totals)
    assert counts.lookup(keys_known) == [tuple(expected[key]) for key in keys_known]


def test_unknown_tokens_are_none() -> None:
    counts = made()
    counts.learn([1, 2, 3], True)
    assert counts.lookup([4, 1, 0]) == [(0, 0), (1, 0), (0, 0)]
    assert counts.lookup([]) == []
    assert counts.lookup([7]) == [(0, 0)]


def test_counts_never_fall_below_zero() -> None:
    counts = made()
    counts.learn([5], True, -1)
    counts.learn([5], True)
    counts.learn([5], True, -1)
    counts.learn([5], True, -1)
    assert counts.totals() == (0, 0)
    assert counts.lookup([5]) == [(0, 0)]


def test_when_full_the_rarest_makes_room() -> None:
    counts = made(0)  # one bucket
    for key in range(table.SLOTS):
        counts.learn([key], True, key + 2)
    counts.learn([99], False)
    assert counts.lookup([99, 0]) == [(0, 1), (0, 0)]
    assert counts.lookup([1, 7]) == [(3, 0), (9, 0)]


def test_it_goes_on_learning_far_beyond_its_size() -> None:
    counts = made(4)
    chance = random.Random(1)
    often = [chance.getrandbits(32) for _ in range(20)]
    for _ in range(300):
        counts.learn([*often, *(chance.getrandbits(32) for _ in range(10))], False)
    assert counts.filled() == 1.0
    assert sum(ham > 250 for _, ham in counts.lookup(often)) >= 18


def test_totals_and_counts_are_halved_before_they_overflow() -> None:
    counts = made()
    counts.learn([11], True, table.LIMIT - 1)
    counts.learn([12], False, 101)
    assert counts.totals() == (table.LIMIT - 1, 101)
    counts.learn([11], True)
    assert counts.totals() == (table.LIMIT // 2, 50)
    assert counts.lookup([11, 12]) == [(table.LIMIT // 2, 0), (0, 50)]


def test_halving_leaves_every_token_in_its_place() -> None:
    counts = made(10)
    chance = random.Random(2)
    keys = [chance.getrandbits(32) for _ in range(500)]
    counts.learn(keys, True, 10)
    counts.learn([1], False, table.LIMIT)
    assert counts.lookup(keys) == [(5, 0)] * len(keys)


def test_it_lives_in_a_mapped_file(tmp_path: Path) -> None:
    path = tmp_path / "table"
    path.write_bytes(bytes(table.size(4)))
    with path.open("r+b") as file:
        mapped = mmap.mmap(file.fileno(), 0)
        Table.create(memoryview(mapped), 4).learn([1, 2], False)
        mapped.flush()
    assert Table(bytearray(path.read_bytes())).lookup([2]) == [(0, 1)]


def test_the_default_is_below_20_megabytes() -> None:
    assert table.size() < 20_000_000


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:40],
        lambda data: data[:-8],
        lambda data: b"X" + data[1:],
        lambda data: data[:8] + b"\xff" + data[9:],
        lambda data: data[:12] + b"\x30" + data[13:],
        lambda data: b"",
    ],
)
def test_another_format_is_refused(damage) -> None:  # type: ignore[no-untyped-def]
    data = bytearray(table.size(4))
    Table.create(data, 4)
    with pytest.raises(TableError):
        Table(bytearray(damage(bytes(data))))

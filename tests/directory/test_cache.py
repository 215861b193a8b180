"""The bounded cache."""

import pytest

from alphorn.directory.cache import Cache


def test_loads_once_and_forgets_the_least_used() -> None:
    asked: list[int] = []

    def load(key: int) -> int | None:
        asked.append(key)
        return key * 2 if key < 100 else None

    cache = Cache(load, found=2, absent=2)
    assert [cache.get(key) for key in (1, 2, 1, 3)] == [2, 4, 2, 6]
    assert asked == [1, 2, 3]
    assert [cache.get(1), cache.get(2)] == [2, 4]
    assert asked == [1, 2, 3, 2]
    assert [cache.get(key) for key in (100, 101, 100, 102, 100)] == [None] * 5
    assert asked == [1, 2, 3, 2, 100, 101, 102]
    assert len(cache) == 4
    cache.clear()
    assert len(cache) == 0


def test_absent_keys_do_not_push_out_present_ones() -> None:
    cache = Cache(lambda key: "here" if key == 0 else None, found=1, absent=1)
    first = cache.get(0)
    for key in range(1, 1000):
        assert cache.get(key) is None
    assert cache.get(0) is first


def test_errors_are_not_remembered() -> None:
    answers: list[Exception | str] = [ValueError("once"), "then"]

    def load(key: int) -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    cache = Cache(load, 1, 1)
    with pytest.raises(ValueError, match="once"):
        cache.get(1)
    assert cache.get(1) == "then"

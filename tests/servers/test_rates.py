"""How often clients connect, counted by all workers together."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphorn.base.errors import Unavailable
from alphorn.servers.rates import Rates

NOW = 1_700_000_000.0


def test_so_many_in_a_window_then_one_as_each_share_passes(tmp_path: Path) -> None:
    rates = Rates(tmp_path / "rates", 5, 10)
    assert [rates.take("192.0.2.1", NOW) for _ in range(5)] == [0.0] * 5
    assert rates.take("192.0.2.1", NOW) == pytest.approx(2)
    assert rates.count("192.0.2.1", NOW) == 5
    assert rates.take("192.0.2.1", NOW + 2) == 0
    assert rates.take("192.0.2.1", NOW + 2) == pytest.approx(2)
    assert rates.count("192.0.2.1", NOW + 100) == 0
    assert [rates.take("192.0.2.1", NOW + 100) for _ in range(6)][:5] == [0.0] * 5
    rates.close()


def test_networks_are_counted_each(tmp_path: Path) -> None:
    rates = Rates(tmp_path / "rates", 1, 10)
    assert rates.take("192.0.2.1", NOW) == 0
    assert rates.take("192.0.2.2", NOW) == 0
    assert rates.take("2001:db8::1", NOW) == 0
    assert rates.take("2001:db8::2", NOW) > 0, "one /64 is one client"
    rates.close()


def test_processes_count_together(tmp_path: Path) -> None:
    rates = Rates(tmp_path / "rates", 3, 10)
    rates.take("192.0.2.1", NOW)
    pid = os.fork()
    if pid == 0:
        other = Rates(tmp_path / "rates", 3, 10)
        waits = [other.take("192.0.2.1", NOW) for _ in range(3)]
        os._exit(0 if waits[:2] == [0.0, 0.0] and waits[2] > 0 else 1)
    _, ending = os.waitpid(pid, 0)
    assert ending == 0
    assert rates.take("192.0.2.1", NOW) > 0
    rates.close()


def test_a_clock_that_was_wrong_locks_nobody_out(tmp_path: Path) -> None:
    rates = Rates(tmp_path / "rates", 1, 10)
    rates.take("192.0.2.1", NOW + 10_000)
    assert rates.take("192.0.2.1", NOW) == 0
    rates.close()


@pytest.mark.parametrize("content", [b"", b"something else", b"x" * (32 + 8 * 65536)])
def test_a_file_that_is_none_of_ours_is_made_anew(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rates"
    path.write_bytes(content)
    rates = Rates(path, 1, 10)
    assert rates.take("192.0.2.1", NOW) == 0
    assert rates.take("192.0.2.1", NOW) > 0
    rates.close()


def test_no_place_for_the_file(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        Rates(tmp_path / "none" / "rates", 1, 10)


@settings(deadline=None, max_examples=50)
@given(
    limit=st.integers(1, 20),
    gaps=st.lists(st.floats(0, 30), max_size=60),
)
def test_no_window_has_more_than_twice_and_waiting_helps(
    tmp_path_factory: pytest.TempPathFactory, limit: int, gaps: list[float]
) -> None:
    rates = Rates(tmp_path_factory.mktemp("rates") / "rates", limit, 10)
    now, taken = NOW, []
    for gap in gaps:
        now += gap
        wait = rates.take("192.0.2.1", now)
        if not wait:
            taken.append(now)
        else:
            assert 0 < wait <= 10
            now += wait + 1e-3
            assert rates.take("192.0.2.1", now) == 0
            taken.append(now)
        assert sum(now - 10 < at <= now for at in taken) <= 2 * limit
    rates.close()

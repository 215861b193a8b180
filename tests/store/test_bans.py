"""Bans and offences: known to all processes within a second, remembered for the next time."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alphorn.base.door import Ban, Evidence, Offence, Scope
from alphorn.base.errors import Unavailable
from alphorn.store import bans as module
from alphorn.store.bans import REFRESH_SECONDS, Bans
from alphorn.store.door import Door

NOW = 1_700_000_000.0
HOUR = 3600.0
EVIDENCE = Evidence(Offence.SPAM, 31, NOW - 60, NOW, 30.5, "a message")
BAN = Ban("192.0.2.1", NOW, NOW + HOUR, Offence.SPAM, Scope.MX, 2, (EVIDENCE,), "a note")


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    made = Door(tmp_path / "door.sqlite")
    yield made
    made.close()


@pytest.fixture
def bans(door: Door) -> Bans:
    return Bans(door)


def test_a_ban_is_kept_as_it_is(bans: Bans) -> None:
    bans.put(BAN)
    assert bans.last("192.0.2.1") == BAN
    assert bans.last("192.0.2.2") is None
    assert list(bans.listed(NOW)) == [BAN]


@pytest.mark.parametrize(
    ("network", "inside", "outside"),
    [
        ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
        ("192.0.2.0/24", "192.0.2.200", "192.0.3.1"),
        ("2001:db8::/64", "2001:db8::1:2", "2001:db8:0:1::1"),
        ("2001:db8::7", "2001:db8::7", "2001:db8::8"),
    ],
)
def test_it_holds_for_the_network(bans: Bans, network: str, inside: str, outside: str) -> None:
    ban = replace(BAN, network=network)
    bans.put(ban)
    assert list(bans.matching(inside, NOW)) == [ban]
    assert list(bans.matching(outside, NOW)) == []
    assert list(bans.matching("no address", NOW)) == []
    assert list(bans.matching(inside, NOW + HOUR)) == []


def test_several_networks_hold_at_once(bans: Bans) -> None:
    wide = replace(BAN, network="192.0.2.0/24", scope=Scope.LOGINS)
    bans.put(wide)
    bans.put(BAN)
    assert {ban.network for ban in bans.matching("192.0.2.1", NOW)} == {
        "192.0.2.0/24",
        "192.0.2.1",
    }


def test_other_processes_learn_of_bans_and_of_their_end(tmp_path: Path, bans: Bans) -> None:
    other_door = Door(tmp_path / "door.sqlite")
    other = Bans(other_door)
    assert list(other.matching("192.0.2.1", NOW)) == []
    bans.put(BAN)
    later = NOW + REFRESH_SECONDS
    assert list(other.matching("192.0.2.1", later)) == [BAN]
    longer = replace(BAN, until=NOW + 2 * HOUR)
    bans.put(longer)
    assert list(other.matching("192.0.2.1", later + 1)) == [longer]
    assert bans.remove("192.0.2.1")
    assert list(other.matching("192.0.2.1", later + 2)) == []
    assert list(bans.matching("192.0.2.1", later)) == []
    assert bans.last("192.0.2.1") is None, "a lifted ban does not make the next one longer"
    assert not bans.remove("192.0.2.1")
    other_door.close()


def test_bans_that_ended_are_listed_on_request(bans: Bans) -> None:
    old = replace(BAN, network="192.0.2.9", since=NOW - 3 * HOUR, until=NOW - HOUR)
    bans.put(old)
    bans.put(BAN)
    assert list(bans.listed(NOW)) == [BAN]
    assert list(bans.listed(NOW, over=True)) == [BAN, old]
    assert list(bans.listed(NOW, over=True, limit=1)) == [BAN]


def test_offences_fill_a_measure_that_empties(bans: Bans) -> None:
    def offend(at: float) -> Evidence:
        return bans.offended(
            "192.0.2.1", Offence.EARLY, NOW + at, limit=6, window=60, sample=f"at {at}"
        )

    assert offend(0) == Evidence(Offence.EARLY, 1, NOW, NOW, 1.0, "at 0")
    assert offend(0).level == 2
    assert offend(10).level == 2  # one went out in ten seconds
    third = offend(10)
    assert (third.count, third.since, third.last, third.level) == (4, NOW, NOW + 10, 3.0)
    anew = offend(100)
    assert (anew.count, anew.since, anew.level) == (1, NOW + 100, 1.0)
    assert list(bans.evidence("192.0.2.1")) == [anew]
    assert bans.evidence("192.0.2.2") == []


def test_a_measure_under_a_clock_that_was_set_back(bans: Bans) -> None:
    bans.offended("n", Offence.EARLY, NOW, limit=5, window=60)
    assert bans.offended("n", Offence.EARLY, NOW - 1000, limit=5, window=60).level == 2


def test_samples_are_short_and_storable(bans: Bans) -> None:
    sample = "\udcff" * 1000
    evidence = bans.offended("n", Offence.SPAM, NOW, limit=5, window=60, sample=sample)
    assert len(evidence.sample) == module.MAX_SAMPLE
    assert bans.evidence("n")[0].sample == evidence.sample


def test_purging(bans: Bans) -> None:
    bans.put(replace(BAN, network="192.0.2.9", until=NOW - HOUR))
    bans.put(BAN)
    bans.offended("a", Offence.SPAM, NOW - HOUR, limit=5, window=60)
    bans.offended("b", Offence.SPAM, NOW, limit=5, window=60)
    assert bans.purge(NOW - 60, NOW - 60) == 2
    assert [ban.network for ban in bans.listed(NOW, over=True)] == ["192.0.2.1"]
    assert bans.evidence("a") == []
    assert bans.evidence("b") != []


def test_both_tables_are_bounded(bans: Bans, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BANS", 1)
    monkeypatch.setattr(module, "MAX_OFFENCES", 1)
    bans.put(BAN)
    bans.put(replace(BAN, until=NOW + 5))
    with pytest.raises(Unavailable) as failure:
        bans.put(replace(BAN, network="192.0.2.2"))
    assert failure.value.code == "full"
    bans.offended("a", Offence.SPAM, NOW, limit=5, window=60)
    bans.offended("a", Offence.SPAM, NOW, limit=5, window=60)
    with pytest.raises(Unavailable):
        bans.offended("b", Offence.SPAM, NOW, limit=5, window=60)
    bans.remove("192.0.2.1")
    bans.purge(NOW, NOW + 1)
    bans.put(replace(BAN, network="192.0.2.2"))
    bans.offended("b", Offence.SPAM, NOW, limit=5, window=60)


def test_without_the_file_what_is_known_stays_in_force(tmp_path: Path) -> None:
    door = Door(tmp_path / "door.sqlite")
    bans = Bans(door)
    bans.put(BAN)
    assert list(bans.matching("192.0.2.1", NOW)) == [BAN]
    door.close()
    for path in tmp_path.iterdir():
        path.unlink()
    tmp_path.joinpath("door.sqlite").mkdir()
    with pytest.raises(Unavailable):
        bans.matching("192.0.2.1", NOW + 5)
    assert list(bans.matching("192.0.2.1", NOW + 5.1)) == [BAN]

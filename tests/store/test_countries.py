"""The operator's database of countries: in whatever state it is, and whenever it is replaced."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alphorn.base.country import Country
from alphorn.base.errors import Refused
from alphorn.store.countries import LOOK_SECONDS, Countries, CountryFile, country_of
from tests.support import mmdb

PEER = "192.0.2.1"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "countries.mmdb"


@pytest.fixture
def countries(path: Path, clock: Clock) -> Iterator[Countries]:
    made = Countries(path, clock)
    yield made
    made.close()


def code(countries: Countries, peer: str = PEER) -> str:
    found = countries.of(peer)
    return found.code if found is not None else ""


def test_where_clients_are(countries: Countries, path: Path) -> None:
    mmdb.write(path, mmdb.countries())
    found = countries.of("::ffff:192.0.2.1")
    assert found is not None
    assert (found.code, found.name("de"), found.name("it")) == ("CH", "Schweiz", "Switzerland")
    assert code(countries, "2001:db8::1%eth0") == "NZ"
    for peer in ("127.0.0.1", "::1", "x", ""):
        assert code(countries, peer) == ""


def test_without_a_path_nothing_is_known() -> None:
    assert Countries(None).of(PEER) is None


def test_a_file_that_comes_goes_and_is_replaced(
    countries: Countries, path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert code(countries) == ""
    mmdb.write(path, mmdb.countries())
    clock.now += LOOK_SECONDS - 1
    assert code(countries) == ""
    clock.now += 1
    assert code(countries) == "CH"
    mmdb.write(path, mmdb.countries({"192.0.0.0/8": ("AT", {})}))
    assert code(countries) == "CH"
    clock.now += LOOK_SECONDS
    assert code(countries) == "AT"
    path.write_bytes(b"")
    clock.now += LOOK_SECONDS
    assert code(countries) == code(countries) == ""
    mmdb.write(path, mmdb.countries())
    clock.now += LOOK_SECONDS
    assert code(countries) == "CH"
    path.unlink()
    clock.now += LOOK_SECONDS
    assert code(countries) == ""
    told = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert [level for level, _ in told] == ["WARNING", "INFO", "INFO", "WARNING", "INFO", "WARNING"]
    assert "No such file" in told[0][1]
    assert "cut short" in told[3][1]


def test_a_file_that_is_overwritten_while_it_is_read(
    countries: Countries, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """In place, as a download does: shorter, then with something else in it."""
    path.write_bytes(mmdb.countries())
    assert code(countries) == "CH"
    os.truncate(path, 10)
    assert code(countries) == ""
    path.write_bytes(b"\xff" * 20_000)
    assert code(countries) == ""
    assert len([record for record in caplog.records if "is damaged" in record.getMessage()]) == 1
    assert code(countries, "no address") == ""


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (None, "No such file"),
        (b"", "not in MaxMind DB format"),
        (b"<html>Please log in</html>", "not in MaxMind DB format"),
        (mmdb.countries()[:-1000], "not in MaxMind DB format"),
        (
            mmdb.database({"10.0.0.0/8": {"autonomous_system_number": 7}}, kind="GeoLite2-ASN"),
            "says nothing of countries (GeoLite2-ASN)",
        ),
        (mmdb.database({}), "says nothing of countries"),
        (mmdb.database({"10.0.0.0/8": b"\xff\xff\xff\xff"}), "leads out of it"),
    ],
)
def test_what_cannot_be_used(path: Path, octets: bytes | None, words: str) -> None:
    if octets is not None:
        path.write_bytes(octets)
    with pytest.raises(Refused) as caught:
        CountryFile(path)
    assert words in caught.value.text
    assert str(path) in caught.value.text


def test_a_folder_or_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (tmp_path, pipe):
        with pytest.raises(Refused):
            CountryFile(path)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"country": {"iso_code": "ch", "names": {"en": "Switzerland", "ja": "スイス"}}},
         Country("CH", {"en": "Switzerland"})),
        ({"country": {"iso_code": "CH"}}, Country("CH")),
        ({"country": "CH", "country_name": "Switzerland"}, Country("CH")),
        ({"country": "Switzerland", "country_code": "CH"}, Country("CH")),
        ({"country": {"iso_code": "CH", "names": {"en": "x\n", "de": 7, "fr": "y" * 80}}},
         Country("CH", {"fr": "y" * 60})),
        ({"country": {"iso_code": "CHE", "names": {}}}, None),
        ({"country": {"iso_code": "ÄÖ"}}, None),
        ({"country": {"iso_code": 7}}, None),
        ({"country": {"names": {"en": "Nowhere"}}}, None),
        ({"registered_country": {"iso_code": "CH"}}, None),
        ({"country": ["CH"]}, None),
        ({}, None),
        ("CH", None),
        (None, None),
    ],
)  # fmt: skip
def test_what_a_record_says(record: Any, expected: Country | None) -> None:
    assert country_of(record) == expected

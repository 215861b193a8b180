"""The database of countries: absent, of another kind, old."""

from pathlib import Path

from alphorn.cli.checks import geo
from alphorn.cli.checks.finding import Finding, Level
from tests.support import mmdb

NOW = mmdb.BUILT + 30 * geo.DAY


def found(path: Path | None, now: float = NOW) -> Finding:
    (finding,) = geo.check(path, now)
    return finding


def test_nothing_is_asked_where_none_is_set() -> None:
    assert list(geo.check(None, NOW)) == []


def test_absent_or_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / "countries.mmdb"
    finding = found(path)
    assert (finding.level, "No such file" in finding.text) == (Level.ERROR, True)
    assert "geo.database" in finding.advice
    path.write_bytes(mmdb.database({"10.0.0.0/8": "x"}, kind="GeoLite2-ASN"))
    assert "GeoLite2-ASN" in found(path).text


def test_its_age(tmp_path: Path) -> None:
    path = mmdb.write(tmp_path / "countries.mmdb", mmdb.countries(kind="GeoLite2-Country"))
    finding = found(path)
    assert finding.level is Level.OK
    assert "GeoLite2-Country of 2026-05-28" in finding.text
    assert found(path, mmdb.BUILT + 183 * geo.DAY).level is Level.OK
    finding = found(path, mmdb.BUILT + 184 * geo.DAY)
    assert finding.level is Level.WARNING
    assert "184 days old" in finding.text
    assert str(path) in finding.advice
    mmdb.write(path, mmdb.countries(built=0))
    assert found(path).level is Level.OK

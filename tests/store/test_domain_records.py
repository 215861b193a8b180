"""What was found of our domains in the DNS, for all processes."""

from pathlib import Path

import pytest

from alphorn.base.errors import Unavailable
from alphorn.store.domain_records import KEEP_SECONDS, MAX_TEXT, DomainRecords

NOW = 1_800_000_000.0


def test_found_replaced_and_forgotten(tmp_path: Path) -> None:
    file, other = (DomainRecords(tmp_path / "records.sqlite") for _ in range(2))
    assert file.fault("example.test") == ""
    file.put("example.test", "It has no SPF record.", now=NOW)
    file.put("fine.test", "", now=NOW)
    assert other.fault("Example.Test") == "It has no SPF record."
    assert other.fault("fine.test") == ""
    assert other.looked() == {"example.test": NOW, "fine.test": NOW}
    file.put("example.test", "", now=NOW + 10)
    assert other.fault("example.test") == ""
    file.put("example.test", "x" * 10_000, now=NOW + 20)
    assert len(other.fault("example.test")) == MAX_TEXT
    file.keep(["example.test"], now=NOW + 30)
    assert other.looked() == {"example.test": NOW + 20}
    file.keep(["example.test"], now=NOW + KEEP_SECONDS + 30)
    assert other.looked() == {}
    for one in (file, other):
        one.close()


def test_a_file_that_cannot_be_read_stops_no_mail(tmp_path: Path) -> None:
    file = DomainRecords(tmp_path / "missing" / "records.sqlite")
    assert file.fault("example.test") == ""
    with pytest.raises(Unavailable):
        file.looked()
    with pytest.raises(Unavailable):
        file.put("example.test", "", now=NOW)

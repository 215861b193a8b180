"""The keeper's look at the records of our domains: when, what is remembered, who is told."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from alphorn.app.records import AGAIN_SECONDS, RecordsWatch
from alphorn.base import settings as table
from alphorn.base.settings import Settings
from alphorn.directory.values import Role
from alphorn.operations import domains, users
from alphorn.operations.notices import WEEK, Notices
from alphorn.store.domain_records import DomainRecords
from tests.support.dns import Fault, Zone
from tests.support.mailhouse import HOSTNAME, MailHouse
from tests.support.memorydns import MemoryResolver

DOMAIN = "example.test"
EVERY = 6 * 3600


class Keeper:
    def __init__(self, folder: Path) -> None:
        self.house = house = MailHouse(folder)
        control = house.installation.control
        users.add_user(control, "maria@office.test")
        users.set_membership(control, "maria@office.test", "Acme", Role.OWNER)
        self.records = DomainRecords(folder / "records.sqlite")
        notices = Notices(
            house.view, house.state, house._enqueue, hostname=HOSTNAME, clock=house.clock
        )
        self.zone: Zone = {HOSTNAME: {"A": ["192.0.2.1"]}}
        parts = SimpleNamespace(
            settings=Settings.of({table.HOSTNAME: HOSTNAME}),
            control=control,
            outgoing=SimpleNamespace(records=self.records, notices=notices),
        )
        self.watch = RecordsWatch(
            parts,  # type: ignore[arg-type]
            clock=house.clock,
            ask=lambda: MemoryResolver(self.zone),
        )

    def turn(self, later: float = 0) -> int:
        self.house.clock.now += later
        return asyncio.run(self.watch.turn())

    def publish(self) -> None:
        for record in domains.dns_records(self.house.installation.control, DOMAIN):
            entry = self.zone.setdefault(record.name, {})
            assert isinstance(entry, dict)
            entry.setdefault(record.type, []).append(record.value)

    def told(self) -> int:
        return len(self.house.queued())

    def close(self) -> None:
        self.records.close()
        self.house.close()


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    made = Keeper(tmp_path)
    yield made
    made.close()


def test_right_records_are_looked_at_now_and_then(keeper: Keeper) -> None:
    keeper.publish()
    assert [keeper.turn(), keeper.turn(), keeper.turn(EVERY - 1), keeper.turn(1)] == [1, 0, 0, 1]
    assert keeper.records.fault(DOMAIN) == ""
    assert keeper.told() == 0


def test_wrong_ones_are_told_once_a_week_and_looked_at_soon_again(keeper: Keeper) -> None:
    assert keeper.turn() == 1
    assert "has no SPF record" in keeper.records.fault(DOMAIN)
    assert keeper.told() == 1
    assert keeper.turn(AGAIN_SECONDS - 1) == 0
    assert keeper.turn(1) == 1
    assert keeper.told() == 1
    keeper.turn(WEEK)
    assert keeper.told() == 2
    keeper.publish()
    keeper.turn(AGAIN_SECONDS)
    assert keeper.records.fault(DOMAIN) == ""


def test_what_the_dns_does_not_tell_neither_makes_a_fault_nor_ends_one(keeper: Keeper) -> None:
    right = keeper.zone
    keeper.publish()
    everything = dict.fromkeys(right, Fault.SERVFAIL)
    keeper.zone = {**everything}
    keeper.turn()
    assert keeper.records.fault(DOMAIN) == ""
    keeper.zone = {**right, DOMAIN: {"MX": ["10 x.test"]}}
    keeper.turn(EVERY)
    assert "has no SPF record" in keeper.records.fault(DOMAIN)
    keeper.zone = {**everything}
    keeper.turn(AGAIN_SECONDS)
    assert "has no SPF record" in keeper.records.fault(DOMAIN)
    keeper.zone = right
    keeper.turn(AGAIN_SECONDS)
    assert keeper.records.fault(DOMAIN) == ""


def test_what_could_be_better_stops_no_mail(keeper: Keeper) -> None:
    keeper.publish()
    keeper.zone[f"_dmarc.{DOMAIN}"] = {"TXT": ["v=DMARC1; p=none; pct=20"]}
    keeper.turn()
    assert keeper.records.fault(DOMAIN) == ""
    assert keeper.told() == 1


def test_a_domain_that_is_gone_is_forgotten(keeper: Keeper) -> None:
    control = keeper.house.installation.control
    domains.add_domain(control, "old.test", "Acme")
    assert keeper.turn() == 2
    assert set(keeper.records.looked()) == {DOMAIN, "old.test"}
    domains.remove_domain(control, "old.test")
    keeper.turn(1)
    assert set(keeper.records.looked()) == {DOMAIN}

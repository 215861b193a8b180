"""Small parts of the composition root, each by itself."""

import asyncio
import multiprocessing
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from alphorn.app.housekeeping import Housekeeping
from alphorn.app.installation import read_settings
from alphorn.app.own_addresses import OwnAddresses
from alphorn.app.services import build, for_command
from alphorn.base.layout import Layout
from alphorn.base.trace import TraceEvent, Verdict
from alphorn.servers.bus import Bus
from alphorn.servers.listeners import BY_NAME, Binding, Bound
from alphorn.store import sqlite_keeper, trace_file
from alphorn.store.api import INBOX
from tests.store.mail import numbered
from tests.support.service import install

ANNA = "anna@example.test"
NOW = 1_800_000_000.0
MONTH = 31 * 86400


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("parts") / "data"
    install(data, {ANNA: "crisp mountain air"})
    return data


def own(*addresses: str) -> OwnAddresses:
    smtp = [Bound(Binding(BY_NAME["smtp"], one, 25), None) for one in addresses]  # type: ignore[arg-type]
    imap = Bound(Binding(BY_NAME["imap"], "127.0.0.9", 143), None)  # type: ignore[arg-type]
    return OwnAddresses([*smtp, imap])


def test_own_addresses_are_those_of_the_mx_port() -> None:
    assert own("127.0.0.2")("127.0.0.2")
    assert not own("127.0.0.2")("127.0.0.3")
    assert not own("127.0.0.2")("127.0.0.9")
    assert own("0.0.0.0")("127.0.0.3")
    assert not own("0.0.0.0")("192.0.2.1")
    assert not own()("127.0.0.1")


def trace_an_old_event(data: Path) -> None:
    services = for_command(data, read_settings(data))
    services.record(TraceEvent(NOW - MONTH, "T1", "test", Verdict.INFO, "long ago"))
    services.record(TraceEvent(NOW, "T2", "test", Verdict.INFO, "just now"))
    services.close()


def test_the_keeper_forgets_what_is_old(data: Path) -> None:
    """Workers leave it to him."""
    services = for_command(data, read_settings(data))
    trace_an_old_event(data)
    Housekeeping(services, keeps=False, clock=lambda: NOW).turn()
    assert len(services.trace.find(transaction="T1", limit=9)) == 1
    Housekeeping(services, keeps=True, clock=lambda: NOW).turn()
    assert services.trace.find(transaction="T1", limit=9) == []
    assert len(services.trace.find(transaction="T2", limit=9)) == 1
    services.close()


def test_the_keeper_makes_the_trace_quick_to_search(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_file, "SEGMENT_EVENTS", 10)
    services = for_command(data, read_settings(data))
    for n in range(30):
        services.record(TraceEvent(NOW + n, f"T{n}", "test", Verdict.INFO, "many"))
    services.trace.flush()

    def segments() -> int:
        with closing(sqlite3.connect(Layout(data).trace)) as connection:
            ((count,),) = connection.execute("SELECT count(*) FROM segment")
        return int(count)

    Housekeeping(services, keeps=False, clock=lambda: NOW).turn()
    assert segments() == 0
    Housekeeping(services, keeps=True, clock=lambda: NOW).turn()
    assert segments() == 2
    services.close()


def test_what_is_traced_is_counted(data: Path) -> None:
    counted: list[TraceEvent] = []
    layout = Layout(data)
    services = build(
        layout, read_settings(data), Bus(layout.bus), serves=False, count_event=counted.append
    )
    event = TraceEvent(NOW, "T3", "test", Verdict.INFO, "counted")
    services.record(event)
    assert counted == [event]
    services.close()


def write(data: Path, account_id: int) -> None:
    services = for_command(data, read_settings(data))
    services.store.account(account_id).append(INBOX, numbered(300, size=3000))
    services.close()


def test_the_keeper_looks_after_what_other_processes_write(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_keeper, "QUIET_SECONDS", 0.05)
    monkeypatch.setattr(sqlite_keeper, "LOOK_SECONDS", 0.01)
    layout = Layout(data)
    writer = multiprocessing.get_context("spawn").Process(target=write, args=(data, 7))

    def packed() -> int:
        with closing(sqlite3.connect(layout.accounts / "07" / "7.sqlite")) as file:
            return int(file.execute("SELECT COUNT(*) FROM pack").fetchone()[0])

    async def main() -> None:
        bus = Bus(layout.bus)
        bus.attach(asyncio.get_running_loop())
        keeper = build(layout, read_settings(data), bus, serves=True, tends=True)
        keeper.store.create(7)
        assert packed() == 0
        writer.start()
        async with asyncio.timeout(30):
            while not packed():
                await asyncio.sleep(0.01)
        keeper.close()
        bus.close()

    asyncio.run(main())
    writer.join(60)
    assert writer.exitcode == 0

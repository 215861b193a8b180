"""What the servers ask and tell at the door, over the real file."""

import logging
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alphorn.base.door import Offence, Scope
from alphorn.base.network import Networks
from alphorn.operations.authenticate import Login
from alphorn.operations.doorkeeper import Doorkeeper, DoorSettings
from alphorn.policy import bans, greylist, reputation
from alphorn.policy.greylist import Facts
from alphorn.policy.reputation import Standing
from alphorn.store.door import Door

NOW = 1_700_000_000.0
CLIENT = "192.0.2.1"
FACTS = Facts(CLIENT, "anna@sender.test", "bert@example.test")
SETTINGS = DoorSettings(
    greylist=greylist.Settings(wait=100, passes=1),
    reputation=reputation.Settings(good=3, half_life=14 * 86400),
    bans=bans.Settings(
        limits={Offence.DICTIONARY: 3, Offence.EARLY: 2, Offence.LOGINS: 2, Offence.SPAM: 3},
        first=600,
    ),
)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keeper(tmp_path: Path, clock: Clock) -> Iterator[Doorkeeper]:
    made = Doorkeeper(Door(tmp_path / "door.sqlite"), SETTINGS, clock=clock)
    yield made
    made.close()


def other(keeper: Doorkeeper, tmp_path: Path, **change: object) -> Doorkeeper:
    """Another process' doorkeeper, over the same file."""
    settings = replace(keeper.settings, **change)  # type: ignore[arg-type]
    return Doorkeeper(Door(tmp_path / "door.sqlite"), settings, clock=keeper.clock)


def test_first_sight_retry_and_what_is_known(
    keeper: Doorkeeper, clock: Clock, tmp_path: Path
) -> None:
    first = keeper.greylist(FACTS)
    assert first.text == "Greylisted, please try again in 100 seconds"
    elsewhere = other(keeper, tmp_path)
    clock.now += 50
    assert elsewhere.greylist(FACTS).text == "Greylisted, please try again in 50 seconds"
    clock.now += 50
    assert elsewhere.greylist(FACTS).passes
    assert keeper.greylist(replace(FACTS, recipient="cora@example.test")).passes
    elsewhere.close()


def test_good_history_lets_pass(keeper: Doorkeeper) -> None:
    authenticated = replace(
        FACTS, client="198.51.100.1", spf_domain="sender.test", spf_mechanism="mx"
    )
    for _ in range(4):
        keeper.came(CLIENT, reputation.GOOD, ["sender.test", "sender.test"])
    assert keeper.greylist(FACTS).facts == {"greylist": "good-network"}
    assert keeper.greylist(authenticated).facts == {"greylist": "good-domain"}
    assert not keeper.greylist(replace(authenticated, spf_domain="")).passes
    assert keeper.standing(CLIENT) is Standing.GOOD
    assert keeper.standing("198.51.100.1") is Standing.UNKNOWN


def test_answers_and_reports_pass(keeper: Doorkeeper, clock: Clock) -> None:
    keeper.wrote("Bert@example.test", ["anna@sender.test"])
    assert keeper.greylist(FACTS).facts == {"greylist": "answer"}
    assert keeper.greylist(replace(FACTS, sender="")).facts == {"greylist": "answer"}
    assert not keeper.greylist(replace(FACTS, sender="eva@sender.test")).passes
    clock.now += 6 * 86400
    keeper.wrote("bert@example.test", ["anna@sender.test"])
    clock.now += 6 * 86400
    assert keeper.greylist(replace(FACTS, sender="")).passes, "who writes on is answered on"


def test_off_and_exempt(keeper: Doorkeeper, tmp_path: Path) -> None:
    assert keeper.greylist(replace(FACTS, wanted=False)).passes
    spared = other(keeper, tmp_path, exempt=Networks(["192.0.2.0/24"]), exempt_loopback=True)
    for client in (CLIENT, "127.0.0.1", "::1"):
        assert spared.greylist(replace(FACTS, client=client)).passes
        for _ in range(9):
            spared.unknown_recipient(client, "x@example.test")
        assert spared.refusal(client, Scope.MX) is None
        assert spared.standing(client) is Standing.UNKNOWN
    spared.close()
    assert not keeper.greylist(replace(FACTS, client="127.0.0.1")).passes


def test_a_dictionary_attack_ends_in_a_ban(
    keeper: Doorkeeper, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    elsewhere = other(keeper, tmp_path)
    assert elsewhere.refusal(CLIENT, Scope.MX) is None
    with caplog.at_level(logging.WARNING):
        levels = [keeper.unknown_recipient(CLIENT, f"guess{n}@example.test") for n in range(3)]
    assert levels == [1, 2, 3]
    assert "a network is banned" in caplog.text
    refusal = keeper.refusal(CLIENT, Scope.MX)
    assert refusal is not None
    assert refusal.text == (
        "192.0.2.1 is banned until 2023-11-14 22:23 UTC because mail from it was addressed to "
        "many mailboxes that do not exist here"
    )
    assert keeper.refusal(CLIENT, Scope.LOGINS) is None
    assert keeper.refusal("192.0.2.2", Scope.MX) is None
    clock.now += 1
    assert elsewhere.refusal(CLIENT, Scope.MX) == refusal
    (ban,) = keeper.bans.listed(clock.now)
    assert ban.evidence[0].sample == "guess2@example.test"
    clock.now += 600
    assert keeper.refusal(CLIENT, Scope.MX) is None
    for n in range(4):
        keeper.unknown_recipient(CLIENT, f"again{n}@example.test")
    (ban,) = keeper.bans.listed(clock.now)
    assert (ban.times, ban.until - ban.since) == (2, 1200)
    elsewhere.close()


def test_networks_with_good_mail_are_not_banned_for_some_spam(keeper: Doorkeeper) -> None:
    for _ in range(50):
        keeper.came(CLIENT, reputation.GOOD)
    for n in range(5):
        keeper.spam(CLIENT, f"message {n}")
        keeper.spam("192.0.2.2", f"message {n}")
    assert keeper.refusal(CLIENT, Scope.MX) is None
    assert keeper.refusal("192.0.2.2", Scope.MX) is not None


@pytest.mark.parametrize(
    ("reason", "banned"),
    [("wrong-password", True), ("wrong-password-again", False), ("", False), ("throttled", False)],
)
def test_guessed_passwords(keeper: Doorkeeper, reason: str, banned: bool) -> None:
    for n in range(3):
        keeper.login(Login(NOW, f"a{n}@example.test", None, "imap", CLIENT, reason))
    assert (keeper.refusal(CLIENT, Scope.LOGINS) is not None) == banned
    assert keeper.refusal(CLIENT, Scope.MX) is None


def test_an_ipv6_client_is_its_network(keeper: Doorkeeper) -> None:
    for n in range(3):
        keeper.offended(f"2001:db8::{n}", Offence.EARLY)
    refusal = keeper.refusal("2001:db8::77", Scope.MX)
    assert refusal is not None
    assert refusal.text.startswith("2001:db8::77 is banned until")


def test_bans_off_still_count_for_the_tarpit(keeper: Doorkeeper, tmp_path: Path) -> None:
    off = other(keeper, tmp_path, bans=replace(SETTINGS.bans, enabled=False))
    assert [off.unknown_recipient(CLIENT, "x@example.test") for _ in range(5)][-1] == 5
    assert off.refusal(CLIENT, Scope.MX) is None
    off.close()


def test_a_locked_file_lets_everything_pass(
    keeper: Doorkeeper,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("alphorn.store.door.BUSY_SECONDS", 0.2)
    monkeypatch.setattr("alphorn.store.door.PAUSE_SECONDS", 60)
    keeper.greylist(FACTS)
    holder = sqlite3.connect(tmp_path / "door.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with caplog.at_level(logging.WARNING):
        begin = time.monotonic()
        for n in range(50):
            facts = replace(FACTS, client=f"198.51.{n}.1")
            assert keeper.greylist(facts).passes
            keeper.unknown_recipient(CLIENT, "x@example.test")
            keeper.wrote("bert@example.test", [f"x{n}@y.test"])
            keeper.came(CLIENT, reputation.GOOD)
            assert keeper.refusal(CLIENT, Scope.MX) is None
        assert time.monotonic() - begin < 10  # 200 times as long, were once not enough
    holder.execute("ROLLBACK")
    holder.close()
    assert caplog.text.count("let pass at the door without a look") == 1


@pytest.mark.parametrize("path", ["none/door.sqlite", "damaged.sqlite"])
def test_a_missing_or_damaged_file_lets_everything_pass(tmp_path: Path, path: str) -> None:
    (tmp_path / "damaged.sqlite").write_bytes(b"no database at all" * 99)
    keeper = Doorkeeper(Door(tmp_path / path), SETTINGS)
    assert keeper.greylist(FACTS).passes
    assert keeper.refusal(CLIENT, Scope.MX) is None
    assert keeper.standing(CLIENT) is Standing.UNKNOWN
    keeper.offended(CLIENT, Offence.SPAM)
    keeper.wrote("bert@example.test", ["anna@sender.test"])
    keeper.came(CLIENT, reputation.GOOD)
    keeper.close()


def test_a_full_greylist_lets_strangers_pass(keeper: Doorkeeper, tmp_path: Path) -> None:
    small = other(keeper, tmp_path, max_records=1)
    assert not small.greylist(FACTS).passes
    assert small.greylist(replace(FACTS, client="198.51.100.1")).facts == {
        "greylist": "unavailable: full"
    }
    assert not small.greylist(FACTS).passes, "whom it knows is still asked to wait"
    small.close()


def test_purging_forgets_what_is_old(keeper: Doorkeeper, clock: Clock) -> None:
    keeper.greylist(FACTS)
    keeper.wrote("bert@example.test", ["x@y.test"])
    keeper.came(CLIENT, reputation.GOOD)
    for _ in range(3):
        keeper.unknown_recipient("192.0.2.9", "x@example.test")
    keeper.purge()
    assert keeper.sightings.count() == 3
    clock.now += 37 * 3600
    keeper.purge()
    assert keeper.sightings.count() == 2
    clock.now += 400 * 86400
    keeper.purge()
    assert keeper.sightings.count() == 0
    assert list(keeper.bans.listed(0, over=True)) == []
    assert keeper.bans.evidence("192.0.2.9") == []


def test_a_crowded_greylist_is_purged_sooner(
    keeper: Doorkeeper, clock: Clock, tmp_path: Path
) -> None:
    small = other(keeper, tmp_path, max_records=10)
    for n in range(9):
        small.greylist(replace(FACTS, client=f"198.51.{n}.1"))
    clock.now += 10 * 3600
    small.purge()
    assert small.sightings.count() == 0
    small.close()

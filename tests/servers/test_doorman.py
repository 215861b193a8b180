"""Who is turned away when he connects, and in which words."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alphorn.base.door import Ban, Offence, Scope
from alphorn.base.help import Help
from alphorn.base.network import Networks
from alphorn.operations import door
from alphorn.operations.doorkeeper import Doorkeeper, DoorSettings
from alphorn.policy import bans
from alphorn.servers.doorman import Doorman
from alphorn.servers.listeners import BY_NAME
from alphorn.servers.rates import Rates
from alphorn.store.door import Door
from tests.support.cost import cost, promised

NOW = 1_700_000_000.0
CLIENT = "192.0.2.1"
SMTP, IMAP = BY_NAME["smtp"], BY_NAME["imap"]
HELP = "https://help.example.test/"


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
    settings = DoorSettings(
        exempt=Networks(["203.0.113.0/24"]), bans=bans.Settings(limits={Offence.EARLY: 1})
    )
    made = Doorkeeper(Door(tmp_path / "door.sqlite"), settings, clock=clock)
    yield made
    made.close()


@pytest.fixture
def rates(tmp_path: Path) -> Iterator[Rates]:
    made = Rates(tmp_path / "rates", 3, 10)
    yield made
    made.close()


def test_a_banned_client_hears_until_when_and_why(keeper: Doorkeeper) -> None:
    doorman = Doorman(keeper, help=Help(HELP))
    assert doorman.turn_away(SMTP, CLIENT) is None
    keeper.offended(CLIENT, Offence.EARLY)
    assert doorman.turn_away(SMTP, CLIENT) == (
        b"421 4.7.0 192.0.2.1 is banned until 2023-11-14 23:13 UTC because it repeatedly spoke "
        b"before it was greeted; help: https://help.example.test/banned/\r\n"
    )
    assert doorman.turn_away(IMAP, CLIENT) is None
    assert doorman.turn_away(BY_NAME["submission"], CLIENT) is None
    assert doorman.turn_away(SMTP, "192.0.2.2") is None


def test_every_door_has_its_words(keeper: Doorkeeper) -> None:
    doorman = Doorman(keeper)
    door.add_ban(keeper, CLIENT, 60)
    text = b"192.0.2.1 is banned until 2023-11-14 22:14 UTC because the operator of this server"
    assert doorman.turn_away(SMTP, CLIENT) == b"421 4.7.0 " + text + b" decided so\r\n"
    assert doorman.turn_away(IMAP, CLIENT) == b"* BYE [ALERT] " + text + b" decided so\r\n"
    assert doorman.turn_away(BY_NAME["sieve"], CLIENT) == (
        b'BYE (TRYLATER) "' + text + b' decided so"\r\n'
    )
    assert doorman.turn_away(BY_NAME["imaps"], CLIENT) == b"", "TLS would have to come first"
    assert doorman.turn_away(BY_NAME["metrics"], CLIENT) is None
    door.add_ban(keeper, CLIENT, 30 * 86400)
    refused = doorman.turn_away(SMTP, CLIENT)
    assert refused is not None
    assert refused.startswith(b"554 5.7.1 192.0.2.1 is banned until 2023-12-14")


def test_too_many_connections_to_port_25(keeper: Doorkeeper, rates: Rates, clock: Clock) -> None:
    doorman = Doorman(keeper, rates)
    assert [doorman.turn_away(SMTP, CLIENT) for _ in range(3)] == [None] * 3
    assert doorman.turn_away(SMTP, CLIENT) == (
        b"421 4.7.0 Too many connections from your network; connect again in 4 seconds\r\n"
    )
    assert doorman.turn_away(IMAP, CLIENT) is None
    assert [doorman.turn_away(SMTP, "203.0.113.1") for _ in range(9)] == [None] * 9
    clock.now += 4
    assert doorman.turn_away(SMTP, CLIENT) is None


def test_without_the_file_everybody_comes_in(tmp_path: Path, rates: Rates) -> None:
    doorman = Doorman(Doorkeeper(Door(tmp_path / "none" / "door.sqlite"), DoorSettings()), rates)
    assert doorman.turn_away(SMTP, CLIENT) is None


@promised
@pytest.mark.parametrize("banned", [0, 500])
def test_it_costs_little(keeper: Doorkeeper, tmp_path: Path, banned: int, slack: float) -> None:
    """A connection costs some 95 µs otherwise."""
    for n in range(banned):
        keeper.bans.put(Ban(f"198.51.{n // 250}.{n % 250}", NOW, NOW + 60, Offence.SPAM, Scope.MX))
    rates = Rates(tmp_path / "rates", 1_000_000, 10)
    doorman = Doorman(keeper, rates)
    doorman.turn_away(SMTP, CLIENT)
    most = 500 * 20e-6 * slack
    assert cost(lambda: [doorman.turn_away(SMTP, CLIENT) for _ in range(500)], most) < most
    rates.close()

"""`alphorn ban …` and `alphorn blocked`, parsed and run as the program does it."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from alphorn.base import settings as table
from alphorn.base.layout import Layout
from alphorn.base.settings import Settings
from alphorn.cli import ban as ban_module
from alphorn.cli import blocked as blocked_module
from alphorn.cli.main import run
from alphorn.cli.table import Command, Context, Section
from alphorn.operations.doorkeeper import Doorkeeper, DoorSettings
from alphorn.servers.rates import Rates
from alphorn.store.door import Door
from tests.support.dns import DnsServer

NOW = 1_700_000_000.0
CLIENT = "192.0.2.1"
SECTIONS = [
    Section("ban", "who is banned", lambda: ban_module.COMMANDS),
    Section("blocked", "who is blocked", lambda: blocked_module.COMMANDS),
]


class Operator:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = NOW
        self.keeper = Doorkeeper(Door(Layout(folder).door), DoorSettings(), clock=lambda: self.now)
        self.settings = Settings.of()

    def __call__(self, *words: str) -> tuple[int, str]:
        """Run `alphorn WORDS`: its exit code and what it printed."""
        out = io.StringIO()

        def open_context(data: Path, command: Command) -> Context:
            services = SimpleNamespace(door=self.keeper, close=lambda: None)
            return Context(
                self.folder,
                lambda _: self.settings,
                lambda _, __: services,  # type: ignore[arg-type, return-value]
                out,
                out,
            )

        try:
            code = run(SECTIONS, open_context, words)
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        return code, out.getvalue()

    def json(self, *words: str) -> Any:
        code, printed = self(*words, "--json")
        assert code == 0, printed
        return json.loads(printed)


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    made = Operator(tmp_path)
    yield made
    made.keeper.close()


def attack(operator: Operator) -> None:
    for n in range(50):
        operator.keeper.unknown_recipient(CLIENT, f"guess{n}@example.test")


def test_nobody_is_banned(operator: Operator) -> None:
    assert operator("ban", "list") == (0, "Nobody is banned.\n")
    assert operator.json("ban", "list") == []


def test_who_is_banned_and_why(operator: Operator) -> None:
    attack(operator)
    code, printed = operator("ban", "list")
    assert code == 0
    assert (
        "192.0.2.1  2023-11-14 22:13:20  2023-11-14 23:13:20  mail       mail from it was "
        "addressed to many mailboxes that do not exist here (50 recipients that do not exist)"
    ) in printed
    (row,) = operator.json("ban", "list")
    assert row["until_at"] == NOW + 3600
    assert row["evidence"][0]["sample"] == "guess49@example.test"
    operator.now += 3600
    assert operator.json("ban", "list") == []
    assert len(operator.json("ban", "list", "--over")) == 1


def test_all_that_is_known_of_a_network(operator: Operator) -> None:
    attack(operator)
    code, printed = operator("ban", "show", CLIENT)
    assert code == 0
    assert "Banned:             yes" in printed
    assert "guess49@example.test" in printed
    shown = operator.json("ban", "show", CLIENT)
    assert (shown["banned"], shown["unknown"], shown["standing"]) == (True, 50, "bad")
    nothing = operator.json("ban", "show", "192.0.2.2")
    assert (nothing["banned"], nothing["evidence"], nothing["ban"]) == (False, [], None)
    assert "(" in operator("ban", "list")[1]


def test_adding_and_lifting(operator: Operator) -> None:
    code, printed = operator("ban", "add", "192.0.2.7/24", "--time", "2 d", "--note", "a botnet")
    assert code == 0
    assert "192.0.2.0/24" in printed
    assert "a botnet" in printed
    (row,) = operator.json("ban", "list")
    assert (row["until_at"] - row["since_at"], row["scope"]) == (2 * 86400, "all")
    assert operator.json("ban", "show", CLIENT)["ban"] == "192.0.2.0/24"
    assert operator("ban", "remove", CLIENT)[0] == 1
    assert operator("ban", "remove", "192.0.2.0/24") == (0, "192.0.2.0/24 may connect again.\n")
    assert operator.json("ban", "list") == []
    assert operator.json("ban", "add", CLIENT, "--only", "logins")["scope"] == "logins"


@pytest.mark.parametrize(
    ("networks", "within"),
    [
        (["192.0.2.0/24"], CLIENT),
        (["192.0.0.0/16", "192.0.2.0/24"], CLIENT),
        (["192.0.2.0/24"], "192.0.2.128/25"),
        (["2001:db8::/40"], "2001:db8::77"),
    ],
)
def test_within_a_banned_network_the_right_commands_are_named(
    operator: Operator, networks: list[str], within: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for network in networks:
        assert operator("ban", "add", network)[0] == 0
    assert operator("ban", "remove", within)[0] == 1
    said = " ".join(capsys.readouterr().err.split())
    assert f"{within} itself is not banned" in said
    _, _, named = said.partition(": ")
    commands = re.findall(r"alphorn (ban remove [0-9a-f.:/]+)", named)
    assert len(commands) == len(networks)
    for command in commands:
        assert operator(*command.split())[0] == 0
    assert operator("ban", "list")[1] == "Nobody is banned.\n"


def test_nothing_is_said_of_bans_that_hold_for_a_part_only(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    operator("ban", "add", "192.0.2.0/28")
    assert operator("ban", "remove", "192.0.2.0/24")[0] == 1
    assert "There is no ban of 192.0.2.0/24" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ("ban", "add", "who"),
        ("ban", "add", "0.0.0.0/0"),
        ("ban", "remove", CLIENT),
        ("ban", "show", "who"),
        ("blocked", "who"),
    ],
)
def test_what_is_refused(operator: Operator, words: tuple[str, ...]) -> None:
    assert operator(*words)[0] == 1


@pytest.mark.parametrize(
    "words",
    [
        ("ban", "add", CLIENT, "--time", "long"),
        ("ban", "list", "--limit", "0"),
        ("blocked", CLIENT, "--list", "no name"),
    ],
)
def test_what_is_wrongly_called(operator: Operator, words: tuple[str, ...]) -> None:
    assert operator(*words)[0] == 2


def test_a_long_list_is_cut_and_says_so(operator: Operator) -> None:
    for n in range(3):
        operator("ban", "add", f"192.0.2.{n}")
    assert "Only 2 bans are shown" in operator("ban", "list", "--limit", "2")[1]


def test_whether_an_address_is_blocked(operator: Operator) -> None:
    code, printed = operator("blocked", CLIENT)
    assert code == 0
    assert printed.startswith("Mail from 192.0.2.1 is not blocked by this server.\n")
    attack(operator)
    answer = operator.json("blocked", CLIENT)
    assert (answer["blocked"], answer["until_at"]) == (True, NOW + 3600)
    assert "guess" not in " ".join(answer["sentences"])


def test_connections_of_the_running_service_are_seen(operator: Operator) -> None:
    layout = Layout(operator.folder)
    layout.run.mkdir()
    settings = operator.settings
    limit = settings[table.DOOR_CONNECTIONS]
    rates = Rates(layout.rates, limit, settings[table.DOOR_CONNECTIONS_WINDOW])
    for _ in range(limit):
        rates.take(CLIENT, NOW)
    rates.close()
    (_, *sentences) = operator.json("blocked", "192.0.2.2")["sentences"]
    assert not any("connections" in sentence for sentence in sentences)
    assert f"{limit} connections" in operator("blocked", CLIENT)[1]


def test_block_lists_are_asked(operator: Operator) -> None:
    with DnsServer({"1.2.0.192.bl.test": {"A": ["127.0.0.2"]}}) as server:
        host, port = server.address
        operator.settings = Settings.of({table.DNS_SERVERS: [f"{host}:{port}"]})
        printed = operator("blocked", CLIENT, "--list", "bl.test", "--list", "clear.test")[1]
    assert "192.0.2.1 is on the block list bl.test" in printed
    assert "clear.test" not in printed

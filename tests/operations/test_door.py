"""The operator's view of the door, and what strangers are told."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from alphorn.base.door import Offence, Scope
from alphorn.base.errors import NotFound, Refused
from alphorn.base.network import Networks
from alphorn.dns.lists import ListZone
from alphorn.dns.stub import StubResolver
from alphorn.operations import door
from alphorn.operations.doorkeeper import Doorkeeper, DoorSettings
from alphorn.policy import bans, reputation
from alphorn.policy.greylist import Facts
from alphorn.policy.reputation import Standing
from alphorn.store.door import Door
from tests.support.dns import DnsServer, Fault, Zone

NOW = 1_700_000_000.0
CLIENT = "192.0.2.1"


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
        bans=bans.Settings(limits={Offence.DICTIONARY: 2, Offence.LOGINS: 2}),
        reputation=reputation.Settings(good=2),
        exempt=Networks(["203.0.113.0/24"]),
    )
    made = Doorkeeper(Door(tmp_path / "door.sqlite"), settings, clock=clock)
    yield made
    made.close()


def attack(keeper: Doorkeeper, client: str = CLIENT) -> None:
    for n in range(2):
        keeper.unknown_recipient(client, f"secret{n}@example.test")


def ask(keeper: Doorkeeper, address: str = CLIENT) -> door.Answer:
    return asyncio.run(door.blocked(keeper, address))


# -- the operator ----------------------------------------------------------------------------------


def test_adding_showing_and_lifting(keeper: Doorkeeper, clock: Clock) -> None:
    ban = door.add_ban(keeper, "192.0.2.9/24", 3600, note="a botnet")
    assert (ban.network, ban.until, ban.scope) == ("192.0.2.0/24", NOW + 3600, Scope.ALL)
    assert list(door.list_bans(keeper)) == [ban]
    assert keeper.refusal(CLIENT, Scope.LOGINS) is not None
    report = door.show_network(keeper, CLIENT)
    assert (report.bans, report.last, report.network) == ((ban,), None, CLIENT)
    with pytest.raises(
        NotFound, match=r"192\.0\.2\.1 itself is not banned, but 192\.0\.2\.0/24 is"
    ):
        door.remove_ban(keeper, CLIENT)
    assert door.remove_ban(keeper, "192.0.2.0/24") == "192.0.2.0/24"
    assert keeper.refusal(CLIENT, Scope.MX) is None
    with pytest.raises(NotFound):
        door.remove_ban(keeper, "192.0.2.0/24")


def test_a_ban_by_itself_is_shown_with_its_evidence(keeper: Doorkeeper, clock: Clock) -> None:
    attack(keeper)
    (ban,) = door.list_bans(keeper)
    assert (ban.offence, ban.times) == (Offence.DICTIONARY, 1)
    report = door.show_network(keeper, CLIENT)
    assert report.bans == (ban,)
    assert [(one.count, one.sample) for one in report.evidence] == [(2, "secret1@example.test")]
    assert report.tally.unknown == 2
    assert report.standing is Standing.UNKNOWN
    clock.now = ban.until
    assert list(door.list_bans(keeper)) == []
    assert list(door.list_bans(keeper, over=True)) == [ban]
    assert door.show_network(keeper, CLIENT).last == ban
    assert door.remove_ban(keeper, CLIENT) == CLIENT, "so that the next one is short again"


def test_one_address_of_an_ipv6_network_names_it(keeper: Doorkeeper) -> None:
    attack(keeper, "2001:db8::1")
    assert door.show_network(keeper, "2001:db8::77").network == "2001:db8::/64"
    assert door.remove_ban(keeper, "2001:db8::77") == "2001:db8::/64"


@pytest.mark.parametrize(
    ("network", "seconds", "code"),
    [
        ("who", 60, "network"),
        ("0.0.0.0/0", 60, "too-wide"),
        ("2000::/3", 60, "too-wide"),
        ("127.0.0.1", 60, "own"),
        ("::1", 60, "own"),
        (CLIENT, 0, "time"),
        (CLIENT, 11 * 366 * 86400, "time"),
    ],
)
def test_what_is_not_banned(keeper: Doorkeeper, network: str, seconds: int, code: str) -> None:
    with pytest.raises(Refused) as refused:
        door.add_ban(keeper, network, seconds)
    assert refused.value.code == code
    assert list(door.list_bans(keeper)) == []


# -- strangers -------------------------------------------------------------------------------------


def test_nothing_is_known(keeper: Doorkeeper) -> None:
    answer = ask(keeper)
    assert (answer.blocked, answer.delayed, answer.until) == (False, True, None)
    assert answer.sentences == (
        "Mail from 192.0.2.1 is not blocked by this server.",
        "Mail of a sender that is new here is asked to come again after 3 minutes; mail servers "
        "do so by themselves.",
    )


def test_a_ban_in_words(keeper: Doorkeeper) -> None:
    attack(keeper)
    answer = ask(keeper)
    assert (answer.blocked, answer.delayed, answer.until) == (True, False, NOW + 3600)
    assert answer.sentences[0] == (
        "192.0.2.1 may not send mail to this server from 2023-11-14 22:13 UTC until 2023-11-14 "
        "23:13 UTC because mail from it was addressed to many mailboxes that do not exist here "
        "(2 recipients that do not exist between 2023-11-14 22:13 UTC and 2023-11-14 22:13 UTC). "
        "The ban ends by itself; what led to it should be mended before, or a longer one will "
        "follow."
    )
    assert "secret" not in " ".join(answer.sentences)


def test_an_operators_note_is_not_shown(keeper: Doorkeeper) -> None:
    door.add_ban(keeper, "192.0.2.0/24", 60, note="secret")
    answer = ask(keeper)
    assert answer.blocked
    assert "192.0.2.1 (in 192.0.2.0/24) may not connect to this server" in answer.sentences[0]
    assert "the operator of this server decided so" in answer.sentences[0]
    assert "secret" not in " ".join(answer.sentences)


def test_a_ban_on_logins_does_not_block_mail(keeper: Doorkeeper) -> None:
    for _ in range(2):
        keeper.offended(CLIENT, Offence.LOGINS, "imap anna@example.test")
    answer = ask(keeper)
    assert not answer.blocked
    assert answer.sentences[0] == "Mail from 192.0.2.1 is not blocked by this server."
    assert "may not connect to the ports for logins" in answer.sentences[1]


def test_who_waits_on_the_greylist_is_told(keeper: Doorkeeper, clock: Clock) -> None:
    for n, sender in enumerate(("anna", "bert")):
        clock.now = NOW + n * 60
        keeper.greylist(Facts("192.0.2.77", f"{sender}@sender.test", "cora@example.test"))
    clock.now = NOW + 100
    last = "2 first tries from 192.0.2.0/24 wait for that, of which "
    assert ask(keeper).sentences[-1] == last + "0 may come again now and all in 140 seconds."
    clock.now = NOW + 200
    assert ask(keeper).sentences[-1] == last + "1 may come again now and all in 40 seconds."
    clock.now = NOW + 300
    assert ask(keeper).sentences[-1] == last + "each may come again now."
    assert "anna" not in str(ask(keeper))


def test_good_names_and_exempt_ones(keeper: Doorkeeper) -> None:
    for _ in range(3):
        keeper.came(CLIENT, reputation.GOOD)
    good = ask(keeper)
    assert not good.delayed
    assert good.sentences[1:] == (
        "Much good mail has come from it before, so its mail is not delayed.",
    )
    assert ask(keeper, "203.0.113.7").sentences == (
        "Mail from 203.0.113.7 is always let in at the door of this server.",
    )


def test_too_many_connections(keeper: Doorkeeper) -> None:
    def connections(client: str, now: float) -> tuple[int, int]:
        assert (client, now) == (CLIENT, NOW)
        return 600, 600

    answer = asyncio.run(door.blocked(keeper, CLIENT, connections=connections))
    assert (answer.blocked, answer.delayed) == (False, True)
    assert answer.sentences[0].startswith("600 connections from 192.0.2.1 have come")


ZONE: Zone = {
    "1.2.0.192.bl.test": {"A": ["127.0.0.2"], "TXT": ["see https://bl.test/192.0.2.1"]},
    "1.2.0.192.soft.test": {"A": ["127.0.0.3"]},
    "1.2.0.192.down.test": Fault.SERVFAIL,
    "1.2.0.192.wl.test": {"A": ["127.0.0.2"]},
}


def on_lists(keeper: Doorkeeper, zones: Sequence[ListZone], address: str = CLIENT) -> door.Answer:
    async def main(server: DnsServer) -> door.Answer:
        return await door.blocked(keeper, address, StubResolver([server.address]), zones)

    with DnsServer(ZONE) as server:
        return asyncio.run(main(server))


def test_block_lists_are_named(keeper: Doorkeeper) -> None:
    zones = [
        ListZone("bl.test", "block", refuses=True),
        ListZone("soft.test", "block"),
        ListZone("down.test", "block"),
        ListZone("clear.test", "block"),
        ListZone("wl.test", "allow"),
    ]
    answer = on_lists(keeper, zones)
    assert answer.blocked
    assert answer.sentences == (
        "192.0.2.1 is on the block list bl.test, and mail from it is refused. Only those who keep "
        "the list can take it off. The list says: see https://bl.test/192.0.2.1",
        "192.0.2.1 is on the block list soft.test, and that speaks against its mail. Only those "
        "who keep the list can take it off.",
        "Whether 192.0.2.1 is on the block list down.test could not be found out just now.",
    )
    soft = on_lists(keeper, zones[1:])
    assert not soft.blocked
    assert soft.sentences[0] == "Mail from 192.0.2.1 is not blocked by this server."


@pytest.mark.parametrize("address", ["", "mail.example.org", "192.0.2.0/24", "1" * 10_000])
def test_what_is_no_address(keeper: Doorkeeper, address: str) -> None:
    with pytest.raises(Refused) as refused:
        ask(keeper, address)
    assert refused.value.code == "address"


def test_addresses_in_any_form(keeper: Doorkeeper) -> None:
    attack(keeper, "2001:db8::5")
    assert ask(keeper, " [2001:DB8:0::9] ").blocked
    attack(keeper)
    assert ask(keeper, "::ffff:192.0.2.1").address == CLIENT


def test_no_greylisting_no_delay(keeper: Doorkeeper, tmp_path: Path) -> None:
    settings = replace(keeper.settings, greylisting=False)
    off = Doorkeeper(Door(tmp_path / "door.sqlite"), settings, clock=keeper.clock)
    answer = ask(off)
    assert (answer.blocked, answer.delayed) == (False, False)
    assert len(answer.sentences) == 1
    off.close()

"""Which ports an instance binds."""

import socket

import pytest

from alphorn.base import settings as table
from alphorn.base.errors import Refused
from alphorn.base.settings import ROLES, Settings
from alphorn.servers.listeners import LISTENERS, bind, bindings

LOCAL = {
    "smtp": 2525,
    "submissions": 2465,
    "submission": 2587,
    "imap": 2143,
    "imaps": 2993,
    "sieve": 2190,
    "http": 2080,
    "https": 2443,
    "metrics": 2090,
}
PRODUCTION = {
    "smtp": 25,
    "submissions": 465,
    "submission": 587,
    "imap": 143,
    "imaps": 993,
    "sieve": 4190,
    "http": 80,
    "https": 443,
    "metrics": 9090,
}


def places(settings: Settings, *, local: bool, offset: int = 0, roles: tuple[str, ...] = ROLES):  # type: ignore[no-untyped-def]
    return [
        (binding.listener.name, binding.address, binding.port)
        for binding in bindings(settings, roles, local, offset)
    ]


def test_local_ports_are_on_loopback_only() -> None:
    assert places(Settings.of(), local=True) == [
        (one.name, "127.0.0.1", LOCAL[one.name]) for one in LISTENERS
    ]


def test_offset_is_added_to_each() -> None:
    assert places(Settings.of(), local=True, offset=100) == [
        (one.name, "127.0.0.1", LOCAL[one.name] + 100) for one in LISTENERS
    ]


def test_production_ports_are_on_every_address_but_figures_stay_here() -> None:
    assert places(Settings.of(), local=False) == [
        (one.name, address, PRODUCTION[one.name])
        for one in LISTENERS
        for address in (["127.0.0.1"] if one.name == "metrics" else ["0.0.0.0", "::"])
    ]


def test_listeners_are_moved_and_switched_off() -> None:
    settings = Settings.of(
        {
            table.LISTEN_ADDRESSES: ["127.0.0.2", "192.0.2.1"],
            table.LISTEN_SMTP: ["192.0.2.7:26"],
            table.LISTEN_IMAP: "off",
            table.LISTEN_HTTP: "off",
            table.METRICS_LISTEN: "off",
        }
    )
    here = places(settings, local=False)
    assert ("smtp", "192.0.2.7", 26) in here
    assert {name for name, _, _ in here} == {
        "smtp", "submission", "submissions", "imaps", "sieve", "https"
    }  # fmt: skip
    # With --local only what is on loopback counts, at the ports of --local.
    local = places(settings, local=True)
    assert {address for _, address, _ in local} == {"127.0.0.2"}
    assert ("smtp", "127.0.0.2", 2525) in local
    assert "imap" not in {name for name, _, _ in local}


def test_roles_choose() -> None:
    names = {name for name, _, _ in places(Settings.of(), local=True, roles=("mx", "queue"))}
    assert names == {"smtp", "metrics"}


def test_impossible_port() -> None:
    with pytest.raises(Refused, match="is not a port"):
        places(Settings.of(), local=True, offset=65_000)


def test_all_are_bound_or_none() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = Settings.of(
            {
                table.LISTEN_SMTP: f"127.0.0.1:{taken.getsockname()[1]}",
                table.LISTEN_IMAP: "192.0.2.1:2143",
                table.METRICS_LISTEN: "off",
            }
        )
        wanted = bindings(settings, ("mx", "imap"), False, 0)
        wanted = [one for one in wanted if one.listener.name in ("smtp", "imap")]
        with pytest.raises(Refused) as caught:
            bind(wanted, tolerant=False)
    assert "another program has this port" in caught.value.text
    assert "this machine does not have that address" in caught.value.text

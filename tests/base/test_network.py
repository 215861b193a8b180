"""What one client has to itself."""

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.base.network import (
    NetworkMap,
    Networks,
    neighbourhood_of,
    network_of,
    read_network,
)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("no:address", "no:address"),
        ("", ""),
    ],
)
def test_network(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("nothing", "nothing"),
    ],
)
def test_neighbourhood(address: str, network: str) -> None:
    assert neighbourhood_of(address) == network


@pytest.mark.parametrize(
    ("text", "network"),
    [
        (" 192.0.2.1 ", "192.0.2.1"),
        ("192.0.2.1/32", "192.0.2.1"),
        ("192.0.2.77/24", "192.0.2.0/24"),
        ("[2001:DB8::1]", "2001:db8::1"),
        ("2001:db8::1/64", "2001:db8::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
    ],
)
def test_networks_have_one_form(text: str, network: str) -> None:
    assert read_network(text) == network
    assert read_network(network) == network


@pytest.mark.parametrize("text", ["", "192.0.2", "192.0.2.1/33", "mail.example.org", "1/2/3"])
def test_what_is_no_network(text: str) -> None:
    with pytest.raises(ValueError):
        read_network(text)


def test_networks_find_their_addresses() -> None:
    known: NetworkMap[str] = NetworkMap()
    for name in ("192.0.2.0/24", "192.0.2.1", "2001:db8::/64", "0.0.0.0/0"):
        known.put(name, name)
    assert sorted(known.matching("192.0.2.1")) == ["0.0.0.0/0", "192.0.2.0/24", "192.0.2.1"]
    assert known.matching("2001:db8::9") == ["2001:db8::/64"]
    assert known.matching("2001:db9::9") == []
    assert known.matching("who") == []
    assert len(known) == 4
    known.remove("192.0.2.0/24")
    known.remove("198.51.100.0/24")
    assert sorted(known.values()) == ["0.0.0.0/0", "192.0.2.1", "2001:db8::/64"]


@given(st.ip_addresses(), st.lists(st.ip_addresses(), max_size=5), st.integers(0, 32))
def test_a_set_of_networks_is_what_the_networks_contain(
    address: IPv4Address | IPv6Address, others: list[IPv4Address | IPv6Address], length: int
) -> None:
    networks = [ip_network(f"{other}/{length}", strict=False) for other in others]
    inside = any(address in network for network in networks)
    assert (str(address) in Networks([str(network) for network in networks])) == inside

"""Databases in MaxMind DB format: read as the format says, and bounded whatever stands in them."""

from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alphorn.store.mmdb import MAX_DEPTH, MAX_OCTETS, MAX_VALUES, Mmdb, MmdbError
from tests.support import mmdb
from tests.support.cost import cost
from tests.support.mmdb import Pointer, Wide, countries, database


def opened(octets: bytes) -> Mmdb:
    return Mmdb(lambda offset, count: octets[offset : offset + count], len(octets))


def get(octets: bytes, address: str) -> Any:
    return opened(octets).get(ip_address(address))


@pytest.mark.parametrize("width", [24, 28, 32])
def test_networks_are_found_by_addresses_in_them(width: int) -> None:
    octets = countries(width=width)
    for address, code in (
        ("192.0.0.0", "CH"),
        ("192.0.255.255", "CH"),
        ("203.0.113.77", "IN"),
        ("2001:db8::1", "NZ"),
        ("2001:db8:ffff:ffff::", "NZ"),
        ("::198.51.100.7", "BR"),
    ):
        found = get(octets, address)
        assert found["country"]["iso_code"] == code, address
        assert found["country"]["names"] == dict(
            next(names for known, names in mmdb.COUNTRIES.values() if known == code)
        )
    for address in ("192.1.0.0", "203.0.112.255", "0.0.0.0", "255.255.255.255", "2001:db9::", "::"):
        assert get(octets, address) is None, address


@pytest.mark.parametrize("width", [24, 28, 32])
def test_a_tree_of_ipv4_alone(width: int) -> None:
    octets = database({"192.0.2.0/24": "here", "0.0.0.0/1": "low"}, version=4, width=width)
    assert get(octets, "192.0.2.9") == "here"
    assert get(octets, "127.255.0.0") == "low"
    assert get(octets, "192.0.3.0") is None
    assert get(octets, "::192.0.2.9") is None


@pytest.mark.parametrize("width", [28, 32])
def test_offsets_of_more_than_24_bits(width: int) -> None:
    """The four high bits of both branches of 28."""
    before = bytes(1 << 25)
    networks = {"0.0.0.0/1": "low", "128.0.0.0/1": "high"}
    octets = database(networks, version=4, width=width, before=before)
    assert get(octets, "1.0.0.0") == "low"
    assert get(octets, "200.0.0.0") == "high"


@pytest.mark.parametrize(
    "known",
    ["", "x" * 28, "é" * 20, "x" * 300, "x" * 60_000, 0, 255, 1 << 63, Wide(1 << 127), True, False,
     [], [1, "a", {"b": [False]}], {}, {"k": "v" * 29}],
)  # fmt: skip
def test_values_come_back(known: Any) -> None:
    assert get(database({"10.0.0.0/8": known}), "10.1.1.1") == known


def test_numbers_that_nobody_needs_are_passed_over() -> None:
    known = {"a": 1.5, "b": b"octets", "c": "text"}
    assert get(database({"10.0.0.0/8": known}), "10.1.1.1") == {"a": None, "b": None, "c": "text"}


@pytest.mark.parametrize(
    ("at", "size"), [(5, 1), (2047, 1), (5000, 2), (600_000, 3), (600_000, 4), (5, 4)]
)
def test_pointers(at: int, size: int) -> None:
    before = bytes(at) + mmdb.value({"iso_code": "CH"})
    known = b"\xe2" + mmdb.value("a") + mmdb.pointer(at, size) + mmdb.value("b") + mmdb.value(7)
    assert get(database({"10.0.0.0/8": known}, before=before), "10.1.1.1") == {
        "a": {"iso_code": "CH"},
        "b": 7,
    }


def _lattice(width: int, depth: int) -> tuple[bytes, int]:
    """Arrays that all point to the one before, and where the last stands: width ** depth values in
    a few octets."""
    octets = mmdb.value("bottom")
    last = 0
    for _ in range(depth):
        at = len(octets)
        octets += mmdb.value([Pointer(last)] * width)
        last = at
    return octets, last


@pytest.mark.parametrize(
    ("networks", "more"),
    [
        ({"10.0.0.0/8": mmdb.pointer(0)}, {"before": mmdb.pointer(0)}),
        ({"10.0.0.0/8": mmdb.pointer(1)}, {"before": b"\x00" + mmdb.pointer(1)}),
        ({"10.0.0.0/8": [Pointer(0)]}, {"before": mmdb.value([Pointer(0)])}),
        ({"10.0.0.0/8": {"a": Pointer(1 << 20)}}, {}),
        ({"10.0.0.0/8": mmdb.value(["a"] * MAX_VALUES)}, {}),
        ({"10.0.0.0/8": b"\x5f\xff\xff\xff"}, {}),
        ({"10.0.0.0/8": b"\xff\xff\xff\xff"}, {}),
        ({"10.0.0.0/8": b"\x1f\x04\xff\xff\xff"}, {}),
        ({"10.0.0.0/8": mmdb.value({"a": 1})[:-1]}, {}),
        ({"10.0.0.0/8": mmdb.value("x" * (MAX_OCTETS + 1))}, {}),
        ({"10.0.0.0/8": [Pointer(0)] * 10}, {"before": mmdb.value("x" * 60_000)}),
        ({"10.0.0.0/8": b"\x00\x05"}, {}),
        ({"10.0.0.0/8": b"\x00\x06"}, {}),
        ({"10.0.0.0/8": b"\x11\x03" + bytes(17)}, {}),
        ({"10.0.0.0/8": b"\xe1" + mmdb.value(1) + mmdb.value(1)}, {}),
    ],
)
def test_what_is_not_in_order_is_an_error(networks: dict[str, Any], more: dict[str, Any]) -> None:
    file = opened(database(networks, **more))
    with pytest.raises(MmdbError):
        file.get(ip_address("10.1.1.1"))
    with pytest.raises(MmdbError):
        list(file.some())


def test_depth_is_bounded() -> None:
    known: Any = "deep"
    for _ in range(MAX_DEPTH):
        known = [known]
    assert get(database({"10.0.0.0/8": known}), "10.0.0.1") == known
    with pytest.raises(MmdbError):
        get(database({"10.0.0.0/8": [known]}), "10.0.0.1")


def test_values_that_point_to_each_other_cost_little() -> None:
    lattice, top = _lattice(28, 7)
    file = opened(database({"10.0.0.0/8": [Pointer(top)]}, before=lattice))
    address = ip_address("10.0.0.1")

    def ask() -> None:
        with pytest.raises(MmdbError):
            file.get(address)

    assert cost(ask, 0.1) < 0.1


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"<html>404</html>",
        mmdb.MARKER,
        mmdb.MARKER + mmdb.value("text"),
        mmdb.MARKER + mmdb.value({}),
        countries()[: -len(mmdb.MARKER) - 300],
        countries() + bytes(128 << 10),
        database({}, binary_format_major_version=3),
        database({}, record_size=20),
        database({}, ip_version=5),
        database({}, node_count=1 << 40),
        database({}, node_count="many"),
    ],
)
def test_what_is_no_database(octets: bytes) -> None:
    with pytest.raises(MmdbError):
        opened(octets)


def test_a_tree_without_an_end() -> None:
    """Each node leads back to the first."""
    octets = bytes(6) + bytes(16) + mmdb.MARKER
    octets += mmdb.value(
        {"node_count": 1, "record_size": 24, "ip_version": 6, "binary_format_major_version": 2}
    )
    with pytest.raises(MmdbError):
        get(octets, "::1")
    assert list(opened(octets).some()) == []


_WHOLE = countries()


@given(
    st.lists(st.tuples(st.integers(0, len(_WHOLE) - 1), st.integers(0, 255)), max_size=12),
    st.integers(0, len(_WHOLE)),
    st.ip_addresses(),
)
@example([], len(_WHOLE), ip_address("192.0.2.1"))
def test_whatever_stands_in_it_there_is_a_value_or_an_error(
    changes: list[tuple[int, int]], end: int, address: Any
) -> None:
    octets = bytearray(_WHOLE)
    for at, octet in changes:
        octets[at] = octet
    for cut in (bytes(octets), bytes(octets[:end])):
        try:
            file = opened(cut)
            for _ in file.some():
                pass
            file.get(address)
        except MmdbError:
            pass


@given(st.binary(max_size=400), st.binary(max_size=200))
def test_any_octets_as_values(values: bytes, description: bytes) -> None:
    file = opened(database({"::/1": values, "8000::/1": values[1:]}))
    for address in ("::1", "9000::"):
        try:
            file.get(ip_address(address))
        except MmdbError:
            pass
    try:
        opened(mmdb.MARKER + description)
    except MmdbError:
        pass

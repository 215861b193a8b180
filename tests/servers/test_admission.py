"""Limits over all workers, and whose turn it is."""

import os

import pytest

from alphorn.servers.admission import REFUSED, Admission, Gate, RoleLimits

LIMITS = RoleLimits(total=6, per_network=4)


@pytest.fixture
def gates() -> tuple[Admission, Gate, Gate]:
    admission = Admission(4, ("mx", "imap"))
    return admission, Gate(admission, 0, False), Gate(admission, 1, False)


def test_limits_hold_over_workers(gates: tuple[Admission, Gate, Gate]) -> None:
    admission, one, two = gates
    taken = [one.enter("mx", LIMITS, "192.0.2.1") for _ in range(2)]
    taken += [two.enter("mx", LIMITS, "192.0.2.1") for _ in range(2)]
    assert REFUSED not in taken
    assert one.enter("mx", LIMITS, "192.0.2.1") == REFUSED
    assert two.enter("imap", LIMITS, "192.0.2.1") != REFUSED  # another role
    assert one.enter("mx", LIMITS, "192.0.2.2") != REFUSED
    assert two.enter("mx", LIMITS, "192.0.2.3") != REFUSED
    assert two.enter("mx", LIMITS, "192.0.2.4") == REFUSED  # in total
    assert admission.connections("mx") == 6
    two.leave("mx", taken[0])
    assert one.enter("mx", LIMITS, "192.0.2.1") != REFUSED


def test_counts_of_a_dead_worker_are_forgotten(gates: tuple[Admission, Gate, Gate]) -> None:
    admission, one, two = gates
    for _ in range(4):
        one.enter("mx", LIMITS, "192.0.2.1")
    admission.clear(0)
    assert admission.connections("mx") == 0
    assert two.enter("mx", LIMITS, "192.0.2.1") != REFUSED


def test_worker_with_fewest_connections_goes_first(gates: tuple[Admission, Gate, Gate]) -> None:
    _, one, two = gates
    one.opens()
    assert one.mine_to_take()
    one.enter("mx", LIMITS, "192.0.2.1")
    assert one.mine_to_take()  # the other does not accept yet
    two.opens()
    assert not one.mine_to_take()
    assert two.mine_to_take()
    two.enter("mx", LIMITS, "192.0.2.1")
    assert one.mine_to_take()
    two.shuts()
    one.enter("mx", LIMITS, "192.0.2.1")
    assert one.mine_to_take()


def test_loopback_is_exempt_where_told() -> None:
    admission = Admission(2, ("mx",))
    gate = Gate(admission, 0, True)
    networks = [gate.enter("mx", LIMITS, "127.0.0.1") for _ in range(20)]
    assert REFUSED not in networks
    assert admission.connections("mx") == 20
    for network in networks:
        gate.leave("mx", network)
    assert admission.connections("mx") == 0
    assert [gate.enter("mx", LIMITS, "192.0.2.1") for _ in range(5)][-1] == REFUSED


def test_counts_are_shared_with_forked_processes() -> None:
    admission = Admission(2, ("mx",))
    pid = os.fork()
    if pid == 0:
        Gate(admission, 1, False).enter("mx", LIMITS, "192.0.2.1")
        os._exit(0)
    os.waitpid(pid, 0)
    assert admission.connections("mx") == 1

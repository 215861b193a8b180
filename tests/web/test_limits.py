"""How often one client network may ask."""

from alphorn.web import limits
from alphorn.web.limits import Frequency


def test_so_often_and_then_as_time_goes_by() -> None:
    frequency = Frequency(3, 60)
    assert [frequency.take("192.0.2.1", 0.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert frequency.take("192.0.2.1", 0.0) == 20.0
    assert frequency.take("192.0.2.2", 0.0) == 0.0
    assert frequency.take("192.0.2.1", 20.0) == 0.0
    assert frequency.take("192.0.2.1", 20.0) > 0.0


def test_a_network_is_one_client() -> None:
    frequency = Frequency(1, 60)
    assert frequency.take("2001:db8::1", 0.0) == 0.0
    assert frequency.take("2001:db8::2", 0.0) > 0.0
    assert frequency.take("2001:db8:1::2", 0.0) == 0.0


def test_memory_is_bounded() -> None:
    frequency = Frequency(1, 60)
    for number in range(limits.MAX_NETWORKS + 50):
        frequency.take(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 0.0)
    assert len(frequency._used_up) == limits.MAX_NETWORKS

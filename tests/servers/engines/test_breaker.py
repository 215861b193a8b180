"""When an engine is left alone, and what brings it back."""

from alphorn.servers.engines.breaker import HANGS, REST_SECONDS, Breaker

NOW = 1000.0


def opened() -> Breaker:
    breaker = Breaker()
    opens = [breaker.hangs(NOW) for _ in range(HANGS)]
    assert opens == [False] * (HANGS - 1) + [True]
    return breaker


def test_only_time_outs_in_a_row_count() -> None:
    breaker = Breaker()
    for _ in range(3):
        for _ in range(HANGS - 1):
            assert not breaker.hangs(NOW)
            assert breaker.lets(NOW)
        breaker.answers()
    assert not breaker.is_open


def test_it_rests_and_one_message_tries() -> None:
    breaker = opened()
    assert not breaker.lets(NOW + REST_SECONDS - 1)
    assert [breaker.lets(NOW + REST_SECONDS) for _ in range(3)] == [True, False, False]
    assert not breaker.hangs(NOW + REST_SECONDS + 5), "it is told of once"
    assert not breaker.lets(NOW + 2 * REST_SECONDS)
    assert breaker.lets(NOW + 2 * REST_SECONDS + 5)
    breaker.answers()
    assert [breaker.lets(NOW + 2 * REST_SECONDS + 5) for _ in range(3)] == [True] * 3
    assert not breaker.hangs(NOW), "it counts from the beginning"


def test_who_goes_while_he_tries_lets_another_one_try() -> None:
    breaker = opened()
    assert breaker.lets(NOW + REST_SECONDS)
    breaker.gives_up()
    assert breaker.lets(NOW + REST_SECONDS)


def test_what_was_asked_before_it_rested_prolongs_nothing() -> None:
    breaker = opened()
    breaker.hangs(NOW + REST_SECONDS - 1)
    assert breaker.lets(NOW + REST_SECONDS)

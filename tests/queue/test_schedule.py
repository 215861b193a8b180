from random import Random

import pytest

from alphorn.queue.schedule import (
    HOUR,
    LOCAL_PAUSES,
    LONGEST_PAUSE,
    MIN_ATTEMPTS,
    MINUTE,
    REMOTE_PAUSES,
    SPREAD,
    next_attempt,
)
from alphorn.queue.words import duration

LIFE = 5 * 24 * HOUR


def middle() -> float:
    return 0.5


def times(random: Random | None = None) -> list[float]:
    """When a message is tried that never gets through, from its arrival at 0."""
    draw = random.random if random else middle
    now, attempts, found = 0.0, 0, []
    while True:
        found.append(now)
        attempts += 1
        at = next_attempt(attempts, now, LIFE, draw)
        if at is None:
            return found
        now = at


def test_the_first_tries_come_quickly_and_the_last_at_the_end() -> None:
    found = times()
    assert found[:8] == [
        0,
        5 * MINUTE,
        20 * MINUTE,
        50 * MINUTE,
        110 * MINUTE,
        230 * MINUTE,
        470 * MINUTE,
        710 * MINUTE,
    ]
    assert found[-1] == LIFE
    assert 30 < len(found) < 40


def test_pauses_vary_by_a_tenth() -> None:
    second = {times(Random(seed))[1] for seed in range(50)}
    assert len(second) == 50
    assert min(second) >= 5 * MINUTE * (1 - SPREAD)
    assert max(second) <= 5 * MINUTE * (1 + SPREAD)


def test_an_old_message_is_still_tried_a_few_times() -> None:
    """A machine that was off for a week, or whose clock jumped."""
    for attempts in range(1, MIN_ATTEMPTS):
        assert next_attempt(attempts, LIFE * 2, LIFE, middle) is not None
    assert next_attempt(MIN_ATTEMPTS, LIFE * 2, LIFE, middle) is None


def test_our_own_mailboxes_are_tried_sooner() -> None:
    assert next_attempt(1, 0, LIFE, middle, LOCAL_PAUSES) == MINUTE


def test_no_pause_is_longer_than_the_longest() -> None:
    for pauses in (REMOTE_PAUSES, LOCAL_PAUSES):
        for attempts in range(1, 20):
            at = next_attempt(attempts, 0, LIFE, lambda: 1.0, pauses)
            assert at is not None
            assert at <= LONGEST_PAUSE


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "less than a minute"),
        (50, "less than a minute"),
        (54, "1 minute"),
        (60, "1 minute"),
        (290, "5 minutes"),
        (3300, "1 hour"),
        (7100, "2 hours"),
        (86400, "1 day"),
        (5 * 86400, "5 days"),
    ],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words

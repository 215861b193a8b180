"""What the doctor says of the queue."""

import pytest

from alphorn.cli.checks import mail
from alphorn.cli.checks.finding import Level
from alphorn.queue.listing import Health

NOW = 1_800_000_000.0


def health(**figures: float | None) -> Health:
    base: dict[str, float | None] = dict.fromkeys(
        ("messages", "waiting", "held", "claimed", "deferred", "overdue", "octets"), 0
    )
    return Health(**{**base, "oldest": None, **figures})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ({}, [(Level.OK, "Nothing waits")]),
        ({"messages": 3, "oldest": NOW - 60}, [(Level.OK, "3 messages wait")]),
        (
            {"messages": 3, "oldest": NOW - 2 * 86400},
            [(Level.WARNING, "the oldest since 48 hours")],
        ),
        ({"overdue": 2}, [(Level.ERROR, "2 deliveries are overdue")]),
        ({"overdue": 2, "runners": 1}, [(Level.WARNING, "2 deliveries wait for their turn")]),
        ({"held": 1}, [(Level.OK, "Nothing waits"), (Level.WARNING, "held back")]),
    ],
)
def test_queue(figures: dict[str, float], expected: list[tuple[Level, str]]) -> None:
    found = list(mail.queue(health(**figures), NOW))
    assert [finding.level for finding in found] == [level for level, _ in expected]
    for finding, (_, words) in zip(found, expected, strict=True):
        assert words in finding.text

from collections.abc import Iterator
from pathlib import Path

import pytest

from alphorn.queue.queue import Queue
from tests.queue.helpers import Clock, make_queue


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(tmp_path: Path, clock: Clock) -> Iterator[Queue]:
    queue = make_queue(tmp_path, clock)
    yield queue
    queue.close()

"""A fresh house for each test that asks for one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.managesieve.house import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.close()

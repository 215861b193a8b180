"""A fresh installation for each test that asks for one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.support import Terminal
from tests.support.installation import Installation


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path)
    yield made
    made.close()


@pytest.fixture
def alphorn(installation: Installation, capsys: pytest.CaptureFixture[str]) -> Iterator[Terminal]:
    made = Terminal(installation, capsys)
    yield made
    made.trace.close()

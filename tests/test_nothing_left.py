"""A run of tests leaves nothing among the temporary files."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.process import ROOT

TYPICAL = (
    "tests/operations/test_redirects.py::test_within_the_house_the_sender_stays",
    "tests/operations/test_users.py",
    "tests/app/test_service.py::test_new_address_works_for_the_next_message",
)
"""A house, an installation, services with ports of their own."""


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_nothing_is_left(tmp_path: Path, workers: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *workers, *TYPICAL]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert list(tmp_path.iterdir()) == []

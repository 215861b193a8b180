"""Corpora and programs that may be absent: their tests skip, counted and named in the summary.
And what holds for every test: none fails because the machine is slow."""

import getpass
import os
import shutil
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"

settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

_missing: Counter[str] = Counter()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("shared") and not SHARED.is_dir():
            item.add_marker(pytest.mark.skip(reason="corpora absent: ../shared/data"))
        for marker in item.iter_markers("program"):
            path = os.environ.get("PATH", "") + ":/usr/sbin:/usr/lib/dovecot"
            for name in marker.args:
                if shutil.which(name, path=path) is None:
                    item.add_marker(pytest.mark.skip(reason=f"program absent: {name}"))


def pytest_unconfigure() -> None:
    """pytest removes what its tests left, and leaves the folder that all of it was in."""
    with suppress(OSError):  # somebody else's tests are in it, or what failed
        Path(tempfile.gettempdir(), f"pytest-of-{getpass.getuser()}").rmdir()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of third-party corpora; only for tests marked `shared`."""
    return SHARED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what did not run, so that a green line is not read as more than it is."""
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        _missing[reason.removeprefix("Skipped: ")] += 1
    for reason, count in sorted(_missing.items()):
        terminalreporter.write_line(f"NOT RUN: {count} tests ({reason})", red=True, bold=True)

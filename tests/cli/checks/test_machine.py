"""Certificate, ports, files: each fault is found and comes with what to do."""

import os
import socket
import time
from pathlib import Path

import pytest

from alphorn.base.layout import Layout
from alphorn.base.settings import Settings
from alphorn.cli.checks import certificate, machine, ports
from alphorn.cli.checks.finding import Finding, Level
from alphorn.directory import keys
from alphorn.servers.certificate import SELF_MADE_DAYS
from alphorn.servers.listeners import BY_NAME, Binding, bindings
from alphorn.servers.status import Status
from tests.support.stage import certificate_files

MADE = 1_700_000_000
DAY = 86400


def levels(findings: object) -> list[Level]:
    return [finding.level for finding in findings]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("host", "days", "words"),
    [
        ("mx.example.test", 1, ["self-made"]),
        ("other.test", 1, ["is for mx.example.test, not for other.test", "self-made"]),
        ("mx.example.test", SELF_MADE_DAYS - 10, ["in 10 days", "self-made"]),
        ("mx.example.test", SELF_MADE_DAYS + 1, ["expired on 2033-", "self-made"]),
    ],
)
def test_certificate(tmp_path: Path, host: str, days: int, words: list[str]) -> None:
    files = certificate_files(tmp_path, "mx.example.test")
    found = list(certificate.check(files, host, MADE + days * DAY))
    assert len(found) == len(words)
    for finding, word in zip(found, words, strict=True):
        assert word in finding.text
        assert finding.advice


def test_certificate_that_is_none(tmp_path: Path) -> None:
    files = certificate_files(tmp_path)
    files.certificate.write_text("nonsense")
    assert levels(certificate.check(files, "mx.example.test", MADE)) == [Level.ERROR]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "data")
    layout.root.mkdir(mode=0o700)
    layout.accounts.mkdir(mode=0o700)
    layout.tls.mkdir(mode=0o700)
    layout.control.touch(0o600)
    keys.create(layout.keys)
    return layout


def problems(layout: Layout) -> list[Finding]:
    return [
        finding
        for finding in machine.permissions(layout)
        if finding.level is not Level.OK and "belongs to root" not in finding.text
    ]


def test_permissions(layout: Layout) -> None:
    assert problems(layout) == []
    layout.accounts.chmod(0o755)
    (found,) = problems(layout)
    assert found.advice == f"Forbid it: chmod 700 {layout.accounts}"


def test_missing_master_key(layout: Layout) -> None:
    (layout.keys / keys.FILE_NAME).unlink()
    (found,) = problems(layout)
    assert "cannot be read" in found.text


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give files away")
def test_files_of_somebody_else(layout: Layout) -> None:
    wal = Path(f"{layout.control}-wal")
    wal.touch(0o600)
    os.chown(wal, 12345, 12345)
    (found,) = problems(layout)
    assert str(wal) in found.text
    assert found.advice.startswith("Give it back: chown -R 0 ")


def test_disk_is_written_to_and_left_clean(tmp_path: Path) -> None:
    (found,) = machine.disk(tmp_path)
    assert "durable write takes" in found.text or "free" in found.text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a folder that nobody can write to")
def test_disk_that_cannot_be_written() -> None:
    assert Level.ERROR in levels(machine.disk(Path("/proc")))


def test_clock(layout: Layout) -> None:
    now = time.time()
    assert levels(machine.clock(layout, now)) == [Level.OK]
    assert levels(machine.clock(layout, now - 3600)) == [Level.ERROR]
    assert levels(machine.clock(layout, 1.0)) == [Level.ERROR]


def test_ports_of_no_service() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        wanted = [Binding(BY_NAME["smtp"], "127.0.0.1", taken.getsockname()[1])]
        found = list(ports.check(wanted, None))
    assert levels(found) == [Level.WARNING, Level.ERROR]
    assert "another program has this port" in found[1].text


def test_ports_of_a_service_that_is_something_else() -> None:
    """One port answers with the wrong words, another is closed."""
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        socket.create_server(("127.0.0.1", 0)) as closed,
    ):
        gone = closed.getsockname()[1]
        closed.close()
        here = other.getsockname()[1]
        status = Status(
            1,
            (
                Binding(BY_NAME["metrics"], "0.0.0.0", here),
                Binding(BY_NAME["imap"], "127.0.0.1", gone),
            ),
        )
        found = list(ports.check(bindings(Settings.of(), (), True, 0), status))
    assert levels(found) == [Level.ERROR]
    assert f"imap 127.0.0.1:{gone} does not answer" in found[0].text

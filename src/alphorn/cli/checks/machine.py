"""Disk, clock and file permissions: what the machine has to be good for."""

import os
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from alphorn.base.errors import AlphornError
from alphorn.base.layout import Layout
from alphorn.cli.checks.finding import Finding, error, ok, warning
from alphorn.directory import keys

LITTLE_OCTETS = 2 << 30
TOO_LITTLE_OCTETS = 200 << 20
SLOW_SYNC_SECONDS = 0.1
SYNCS = 5
FUTURE_SECONDS = 120.0
BUILT = 1_735_689_600.0
"""The beginning of 2025: no installation is older."""
_SYNCHRONIZED = (Path("/run/systemd/timesync/synchronized"), Path("/run/chrony"))


def disk(folder: Path) -> Iterator[Finding]:
    """Is there room, and do writes reach the disk in good time?"""
    free = shutil.disk_usage(folder).free
    room = f"{free / (1 << 30):.1f} GiB are free"
    advice = "Make room, or move the data folder to a larger disk."
    if free < TOO_LITTLE_OCTETS:
        yield error("disk", f"Only {free >> 20} MiB are free in {folder}.", advice)
    elif free < LITTLE_OCTETS:
        yield warning("disk", f"Only {free / (1 << 30):.1f} GiB are free in {folder}.", advice)
    try:
        seconds = _sync_seconds(folder)
    except OSError as problem:
        yield error(
            "disk",
            f"{folder} cannot be written: {problem.strerror}.",
            "Mail is refused until that works; look at the disk and at the folder's owner.",
        )
        return
    if seconds > SLOW_SYNC_SECONDS:
        yield warning(
            "disk",
            f"A durable write takes {seconds * 1000:.0f} ms.",
            "Each message waits for one: use a disk whose cache survives power cuts.",
        )
    elif free >= LITTLE_OCTETS:
        yield ok("disk", f"{room}; a durable write takes {seconds * 1000:.1f} ms.")


def _sync_seconds(folder: Path) -> float:
    path = folder / f".doctor.{os.getpid()}"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        begin = time.perf_counter()
        for _ in range(SYNCS):
            os.write(handle, b"x" * 4096)
            os.fsync(handle)
        return (time.perf_counter() - begin) / SYNCS
    finally:
        os.close(handle)
        path.unlink()


def clock(layout: Layout, now: float) -> Iterator[Finding]:
    """Is the time plausible? Signatures, retries and certificates depend on it."""
    advice = "Set the clock and keep it right with NTP (systemd-timesyncd or chrony)."
    newest = max((_changed(path) for path in (layout.control, layout.queue)), default=0.0)
    if now < BUILT:
        yield error("clock", f"The clock says {_date(now)}.", advice)
    elif newest > now + FUTURE_SECONDS:
        yield error(
            "clock",
            f"The data was written at {_date(newest)}, but the clock says {_date(now)}.",
            advice,
        )
    elif any(path.exists() for path in _SYNCHRONIZED):
        yield ok("clock", f"The clock says {_date(now)} and is kept right.")
    else:
        yield ok("clock", f"The clock says {_date(now)}.")


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _date(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))


def permissions(layout: Layout) -> Iterator[Finding]:
    """Can others read mail or keys, and does all belong to one user?"""
    problems = 0
    for path in (layout.root, layout.keys, layout.tls / "key.pem", layout.accounts, layout.control):
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            problems += 1
            mode = "700" if path.is_dir() else "600"
            yield error(
                "permissions", f"Others may read {path}.", f"Forbid it: chmod {mode} {path}"
            )
    owner = layout.root.stat().st_uid
    strangers = [path for path in _files(layout) if path.stat().st_uid != owner]
    if strangers:
        problems += 1
        yield error(
            "permissions",
            f"{strangers[0]} does not belong to the owner of the data folder"
            + (f", nor do {len(strangers) - 1} other files." if len(strangers) > 1 else "."),
            f"Give it back: chown -R {owner} {layout.root}",
        )
    if owner == 0:
        problems += 1
        yield warning(
            "permissions",
            "The data folder belongs to root, so the service runs as root.",
            f"Make a system user for it: useradd --system alphorn; chown -R alphorn {layout.root}",
        )
    try:
        keys.load(layout.keys)
    except AlphornError as problem:
        problems += 1
        yield error("permissions", problem.text, "Restore keys/master.key from a backup.")
    if not problems:
        yield ok("permissions", "Nobody else can read mail or keys.")


def _files(layout: Layout) -> Iterator[Path]:
    """The files that every process writes to."""
    for path in (layout.control, layout.queue, layout.state, layout.trace):
        yield from (p for p in (path, Path(f"{path}-wal"), Path(f"{path}-shm")) if p.exists())
    yield from (path for path in (layout.accounts, layout.keys, layout.tls) if path.exists())

"""What processes cost: processor time and memory of a process tree, from /proc."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the state on; field 0 here is field 3 of proc(5)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return text[text.rindex(")") + 2 :].split()


def tree(roots: Iterable[int]) -> list[int]:
    """The processes themselves and all that descend from them."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (stat := _stat(int(name))):
            children.setdefault(int(stat[1]), []).append(int(name))
    found: list[int] = []
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children.get(pid, [])
    return found


def processor_seconds(roots: Iterable[int]) -> float:
    """User and system time of the tree so far, with that of its children that have ended."""
    total = 0
    for pid in tree(roots):
        if stat := _stat(pid):
            total += sum(int(field) for field in stat[11:15])
    return total / TICKS


def pss(roots: Iterable[int]) -> int:
    """Proportional set size of the tree, octets: shared pages are counted once in all."""
    total = 0
    for pid in tree(roots):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return total


def allocated(*tops: Path) -> int:
    """Octets on disk below these folders (blocks, not apparent sizes)."""
    seen: dict[tuple[int, int], int] = {}
    for top in tops:
        for folder, folders, files in os.walk(top):
            for name in folders + files:
                try:
                    status = os.lstat(os.path.join(folder, name))
                except OSError:
                    continue
                seen[status.st_dev, status.st_ino] = status.st_blocks * 512
    return sum(seen.values())
